from typing import Any

from django.db import migrations


def from_history(apps: Any, _editor: Any) -> None:
    """Who made the first of its past versions entered it."""
    time_off, history = apps.get_model("appointments", "TimeOff"), apps.get_model("appointments", "HistoricalTimeOff")
    for row in history.objects.filter(history_type="+", history_user__isnull=False).order_by("pk"):
        time_off.objects.filter(pk=row.id, created_by=None).update(created_by=row.history_user_id)


class Migration(migrations.Migration):
    dependencies = [("appointments", "0004_who_entered_time_off")]

    operations = [migrations.RunPython(from_history, migrations.RunPython.noop)]
