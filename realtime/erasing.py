"""Names in stored events, of a person whose data is erased."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from appointments.models import Appointment
from patients.models import Patient
from patients.signals import erased
from realtime.frames import json_text
from realtime.models import Event


@receiver(erased, dispatch_uid="realtime.erased")
def _erased(patient: Patient, files: list[int], exchanged: dict[str, set[int]], **_: Any) -> None:
    """Events are kept for some days, to be sent to whoever comes back: they tell the same, of somebody without a name."""
    told = Q(pk__in=())
    for number in files:
        told |= Q(data__contains=f'"patient":{{"id":{number},')
    # Theirs, and told of under another number while they stood in a file that they were parted from again.
    parted = Appointment.objects.filter(patient=patient, pk__in=exchanged.get(Appointment._meta.label_lower, ()))
    appointments = set(parted.values_list("pk", flat=True))
    for number in appointments:
        told |= Q(data__contains=f'"appointment":{{"id":{number},')
    for event in Event.objects.filter(told).iterator():
        data = _without_name(json.loads(event.data), set(files), appointments, patient.full_name)
        Event.objects.filter(pk=event.pk).update(data=json_text(data))


def _without_name(data: Any, files: set[int], appointments: set[int], name: str) -> Any:
    if isinstance(data, list):
        return [_without_name(part, files, appointments, name) for part in data]
    if not isinstance(data, dict):
        return data
    told = {key: _without_name(part, files, appointments, name) for key, part in data.items()}
    who = told.get("patient")
    if isinstance(who, dict) and who.get("id") in files:
        told["patient"] = {**who, "name": name}
    # Why an appointment was cancelled stands beside it.
    about = told.get("appointment")
    theirs = isinstance(about, dict) and (about.get("id") in appointments or about.get("patient", {}).get("id") in files)
    if theirs and "reason" in told:
        told["reason"] = ""
    return told
