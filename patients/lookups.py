"""``field__holds="text"``: the field contains exactly this text."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, TextField
from django.db.models.lookups import Contains


class Holds(Contains):
    """``contains``, with capitals told from small letters on SQLite too, where ``LIKE`` doesn't."""

    lookup_name = "holds"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return str(connection.operators["contains"] % rhs)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, params = self.process_lhs(compiler, connection)
        return f"INSTR({left}, %s) > 0", [*params, self.rhs]


def register() -> None:
    for field in (CharField, TextField):
        field.register_lookup(Holds)
