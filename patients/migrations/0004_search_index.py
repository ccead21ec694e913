"""By itself: PostgreSQL makes no index on a table whose rows the same transaction has written and still has to check."""

from django.db import migrations, models

import patients.models


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_search_key")]

    operations = [
        migrations.AddIndex(
            "patient",
            patients.models.TrigramIndex(fields=["search_key"], name="patient_search", opclasses=["gin_trgm_ops"]),
        ),
        migrations.AddIndex(
            "patient",
            models.Index(
                fields=["full_name", "id"], name="patient_by_name", condition=models.Q(merged_into=None, erased_at=None)
            ),
        ),
        migrations.AddIndex("patient", models.Index(fields=["birth_date"], name="patient_by_birth_date")),
    ]
