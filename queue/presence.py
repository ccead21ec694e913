"""A doctor's state as screens show it: what was said today, else available."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from clinics.models import Doctor
from queue.models import Presence, Visit

WITH_PATIENT = "with_patient"
STATES = [(WITH_PATIENT, "with a patient"), *Presence.State.choices]
"""What an answer says of a doctor; ``with_patient`` is never stored, the visit inside says it."""


@dataclass(frozen=True, slots=True)
class DoctorState:
    """What is known of one doctor; read the doctor with ``with_presence``, or each one costs a query."""

    doctor: Doctor

    @property
    def presence(self) -> Presence | None:
        return getattr(self.doctor, "presence", None)

    @property
    def away(self) -> Presence | None:
        """The presence, if it says today that the doctor isn't there."""
        presence = self.presence
        return presence if presence is not None and presence.is_away else None

    @property
    def id(self) -> int:
        return self.doctor.pk

    @property
    def version(self) -> int:
        """Rises with whatever of it changes: what was said, and the doctor's name (actions.tell_name)."""
        return 1 + (self.presence.version if self.presence is not None else 0)

    @property
    def name(self) -> str:
        return self.doctor.name

    @property
    def state(self) -> str:
        return self.away.state if self.away is not None else Presence.State.AVAILABLE.value

    @property
    def until(self) -> dt.datetime | None:
        return self.away.until if self.away is not None else None

    @property
    def valid_until(self) -> dt.datetime | None:
        return self.away.valid_until if self.away is not None else None

    def visit_inside(self) -> Visit | None:
        """The visit that is with the doctor now, at whichever clinic."""
        inside: Visit | None = Visit.objects.filter(doctor_id=self.doctor.pk, status=Visit.Status.IN_PROGRESS).first()
        return inside


def with_presence(doctors: QuerySet[Doctor]) -> QuerySet[Doctor]:
    """The doctors with what ``DoctorState`` needs, in one query."""
    return doctors.select_related("presence")
