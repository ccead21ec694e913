"""One text per file that the search looks at, filled for the files that are there, with its index."""

from typing import Any

from django.db import migrations, models

from patients.folding import fold_name, fold_phone
from patients.terms import search_text

AT_ONCE = 2_000


def fill(apps: Any, schema_editor: Any) -> None:
    """By plain bulk writes: what a file says doesn't change, so neither does its version, and no screen need hear of it."""
    patient = apps.get_model("patients", "Patient")
    rows = patient.objects.using(schema_editor.connection.alias).only("full_name", "phone", "record_number").order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        for row in batch:
            row.name_key, row.phone_key = fold_name(row.full_name)[:400], fold_phone(row.phone)
            row.search_key = search_text(
                full_name=row.full_name, name_key=row.name_key, phone_key=row.phone_key, record_number=row.record_number
            )
        rows.bulk_update(batch, ["name_key", "phone_key", "search_key"], batch_size=200)
        last = batch[-1].pk


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
