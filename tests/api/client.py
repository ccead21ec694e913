"""A client of the API that is logged in by a token, and what is compared before and after a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from rest_framework.test import APIClient

from appointments.models import Appointment
from clinics.logins import refresh_token_for
from clinics.models import Login, User
from payments.models import LedgerEntry, Payment
from queue.models import Visit, VisitStep
from realtime.models import Event


def access_token(user: User) -> str:
    """An access token of a new login of ``user``."""
    return str(refresh_token_for(Login.objects.create(user=user)).access_token)


class Api(APIClient):
    """Sends JSON; short verbs take paths below ``/api/``."""

    def __init__(self, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if user is not None:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **extra: Any) -> Any:
        headers = {"Idempotency-Key": key} if key is not None else None
        return getattr(self, method)(
            f"/api/{path}", body, format="json" if body is not None else None, headers=headers, **extra
        )

    def ok(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The data of an answer that must have ``status``."""
        response = self.call(method, path, body)
        assert response.status_code == status, (response.status_code, response.content[:500])
        return response.json() if response.content else None

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of a list's first page."""
        response = self.get(f"/api/{path}", {"page_size": 200, **params})
        assert response.status_code == 200, response.content[:500]
        return response.json()["results"]  # type: ignore[no-any-return]


def code_of(response: Any) -> str:
    """The word of a refusal, or the fields of a 400, else nothing."""
    data = response.json() if response.content else {}
    if not isinstance(data, dict):
        return ""
    return (
        str(data["code"]) if set(data) >= {"detail", "code"} else ",".join(sorted(data)) if response.status_code == 400 else ""
    )


def outcome(response: Any) -> tuple[int, str]:
    """Status and word of an answer."""
    return response.status_code, code_of(response) if response.status_code >= 400 else ""


@contextmanager
def as_it_was() -> Iterator[None]:
    """What happens in the block is taken back after it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


Dump = dict[str, list[tuple[Any, ...]]]


def dump(models: Iterable[type[Model]] | None = None) -> Dump:
    """All rows of ``models`` (all of ours, but for logins and remembered answers), to compare before and after.

    As the database gives them, by their first column, which is each one's key: it is done for thousands of calls.
    """
    with connection.cursor() as cursor:
        found: Dump = {}
        for name, table in _tables() if models is None else [(model.__name__, model._meta.db_table) for model in models]:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found[name] = cursor.fetchall()
    return found


@cache
def _tables() -> list[tuple[str, str]]:
    ours = ("clinics", "patients", "appointments", "queue", "payments", "realtime")
    return [
        (model.__name__, model._meta.db_table)
        for label in ours
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model.__name__ not in ("Login", "IdempotencyKey")
    ]


def dump_but_reading() -> Dump:
    """All rows but the access log: a refusal that shows a patient's file is a reading of it."""
    return {name: rows for name, rows in dump().items() if name != "FileAccess"}


def desk_dump() -> Dump:
    """The rows that commands of the desk change."""
    return dump([Visit, VisitStep, Appointment, Payment, LedgerEntry, Event])
