"""No two receipts of an installation have the same number, also if a clinic's code was given to another one."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Count
from django.db.utils import IntegrityError


def require_one_of_each(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    entries: Any = apps.get_model("payments", "LedgerEntry").objects.using(schema_editor.connection.alias)
    numbers = entries.order_by("receipt_number").values_list("receipt_number").annotate(rows=Count("pk")).filter(rows__gt=1)
    if found := [number for number, _rows in numbers[:20]]:
        raise IntegrityError(
            f"Two receipts have the same number: {', '.join(found)}. A clinic's code was given to another clinic within a year. "
            "The rows are kept as printed, so only the owner of the database can tell them apart: docs/money.md says how."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_shares_add_up"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(require_one_of_each, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(fields=["receipt_number"], name="receipt_once"),
        ),
    ]
