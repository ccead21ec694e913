"""What files are found by, anew: names of two words in one, umlauts also without."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from patients.folding import fold_name
from patients.terms import search_text

AT_ONCE = 2_000


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """By plain SQL: what a file says doesn't change, so neither does its version, and no screen need hear of it."""
    connection = schema_editor.connection
    patients: Any = apps.get_model("patients", "Patient")
    rows = patients.objects.using(connection.alias).order_by("pk")
    columns, last = ("pk", "full_name", "phone_key", "record_number", "name_key", "search_key"), 0
    while batch := list(rows.filter(pk__gt=last).values_list(*columns)[:AT_ONCE]):
        changed = []
        for pk, full_name, phone_key, record_number, *before in batch:
            name_key = fold_name(full_name)[:400]
            key = search_text(full_name=full_name, name_key=name_key, phone_key=phone_key, record_number=record_number)
            if [name_key, key] != before:
                changed.append((name_key, key, pk))
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE patients_patient SET name_key = %s, search_key = %s WHERE id = %s", changed)
        last = batch[-1][0]


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_merges_and_erasures")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
