import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def let_go(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite makes the table anew, and refuses while triggers of other tables name it; `migrate` puts them back at its end."""
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%FROM clinics_erasurepermit%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')


class Migration(migrations.Migration):
    dependencies = [("clinics", "0006_wait_alarm")]

    operations = [
        migrations.RunPython(let_go, migrations.RunPython.noop),
        # There should be none. One that was left opens the histories to everybody, and would break the new key.
        migrations.RunSQL("DELETE FROM clinics_erasurepermit", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="erasurepermit",
            name="never",
            field=models.ForeignKey(
                db_index=False,
                default=0,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="clinics.erasurepermit",
            ),
        ),
    ]
