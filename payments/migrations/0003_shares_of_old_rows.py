"""Rows of the ledger from before there were shares: all of the money is the clinic's."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, OuterRef, Subquery

TABLE = "payments_ledgerentry"


def share(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    entries: Any = apps.get_model("payments", "LedgerEntry").objects.using(schema_editor.connection.alias)
    payments: Any = apps.get_model("payments", "Payment").objects.filter(pk=OuterRef("payment"))
    postgresql = schema_editor.connection.vendor == "postgresql"
    # The database refuses to change a row of the ledger (clinics.guards): off for this one statement. SQLite's triggers, which
    # rebuilding a table drops in any case, come back at the end of `migrate`.
    off = f'ALTER TABLE "{TABLE}" DISABLE TRIGGER USER' if postgresql else f'DROP TRIGGER IF EXISTS "{TABLE}_no_update"'
    schema_editor.execute(off)
    entries.update(clinic_share=F("amount"), doctor=Subquery(payments.values("visit__doctor")))
    if postgresql:
        # The foreign key is checked now and not at the end: a table with checks to come can't be altered.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute(f'ALTER TABLE "{TABLE}" ENABLE TRIGGER USER')


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_shares_and_cash_shifts"), ("queue", "0001_initial")]

    operations = [migrations.RunPython(share, migrations.RunPython.noop)]
