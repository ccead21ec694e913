"""One text per file that the search looks at, filled for the files that are there, with its index."""

from typing import Any

from django.db import migrations, models

from patients.folding import fold_name, fold_phone
from patients.terms import search_text

AT_ONCE = 2_000


def fill(apps: Any, schema_editor: Any) -> None:
    """By plain SQL, which is ten times as quick as bulk_update: what a file says doesn't change, so neither does its version, and
    no screen need hear of it."""
    connection = schema_editor.connection
    patients = apps.get_model("patients", "Patient").objects.using(connection.alias)
    rows = patients.order_by("pk").values_list("pk", "full_name", "phone", "record_number")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE patients_patient SET name_key = %s, phone_key = %s, search_key = %s WHERE id = %s",
                [(*_keys(*told), pk) for pk, *told in batch],
            )
        last = batch[-1][0]


def _keys(full_name: str, phone: str, record_number: str | None) -> tuple[str, str, str]:
    name_key, phone_key = fold_name(full_name)[:400], fold_phone(phone)
    key = search_text(full_name=full_name, name_key=name_key, phone_key=phone_key, record_number=record_number)
    return name_key, phone_key, key


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_initial")]

    operations = [
        migrations.AddField("patient", "search_key", models.TextField(default="", editable=False)),
        *(
            migrations.AddField(
                model,
                "erased_at",
                models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased"),
            )
            for model in ("patient", "historicalpatient")
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
