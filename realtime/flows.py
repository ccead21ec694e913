"""Which events a command sends: contract/realtime.md, section 7, as one function from its saved changes.

No rules of the clinic here, only of telling: what was saved first leads. A visit that changes because its appointment did is
told as the appointment's event; an appointment that changes because its visit did, as the visit's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet

from appointments.models import Appointment
from appointments.serializers import AppointmentSerializer
from clinics.models import Doctor
from clinics.versioned import Versioned
from patients.models import Patient
from payments.models import Payment
from queue.models import Presence, Visit
from queue.presence import DoctorState, with_presence
from queue.serializers import DoctorStateSerializer, VisitSerializer
from realtime.groups import BROADCAST, CONTROL, clinic_room, doctor_room
from realtime.log import NewEvent

# One of each for all events: making a serializer costs twenty times what using it does.
_VISIT, _APPOINTMENT, _DOCTOR = VisitSerializer(), AppointmentSerializer(), DoctorStateSerializer()


@dataclass(slots=True)
class Change:
    """What a command did to one entity: ``fields`` maps each attribute to (before, now); ``named`` are those that the last
    save was asked to write."""

    model: type[Versioned]
    pk: int
    created: bool
    fields: dict[str, tuple[Any, Any]]
    named: frozenset[str] = frozenset()

    def absorb(self, later: Change) -> None:
        """Take in a later save of the same entity."""
        for name, (before, now) in later.fields.items():
            self.fields[name] = (self.fields[name][0] if name in self.fields else before, now)
        self.named |= later.named


@dataclass(slots=True)
class RightsChange:
    """Somebody's rights, or a login, changed; ``user_ids`` none means that anybody's may have."""

    user_ids: frozenset[int] | None


@dataclass(slots=True)
class _Told:
    """The changes of a command, each entity once, with the final rows."""

    changes: list[Change]
    visits: dict[int, Visit]
    appointments: dict[int, Appointment]
    payments: dict[int, Payment]
    patients: dict[int, Patient]
    order: dict[tuple[type[Model], int], int] = field(default_factory=dict)

    def is_before(self, a: tuple[type[Model], int | None], b: Change) -> bool:
        return a in self.order and self.order[a] < self.order[(b.model, b.pk)]


def events_of(changes: Sequence[Change | RightsChange]) -> list[NewEvent]:
    """The events of a command, in the order of the contract."""
    merged: dict[tuple[type[Model], int], Change] = {}
    for change in changes:
        if isinstance(change, Change):
            key = (change.model, change.pk)
            if key in merged:
                merged[key].absorb(change)
            else:
                merged[key] = change
    visits = _rows(merged, Visit, Visit.objects.shown())
    told = _Told(
        changes=list(merged.values()),
        visits=visits,
        appointments=_appointments(merged, visits.values()),
        payments=_rows((key for key, change in merged.items() if _is_payment_told(change)), Payment, Payment.objects.all()),
        patients=_rows(merged, Patient, Patient.objects.all()),
        order={key: index for index, key in enumerate(merged)},
    )
    events = [event for change in told.changes for event in _TELLERS.get(change.model, _silent)(change, told)]
    return [*_with_doctors(_join_queue_updates(events), told.changes), *_rights_events(changes)]


def _rows(merged: Iterable[tuple[type[Model], int]], model: type[Model], rows: QuerySet[Any]) -> dict[int, Any]:
    ids = [pk for kind, pk in merged if kind is model]
    return {row.pk: row for row in rows.filter(pk__in=ids)} if ids else {}


_OF_BOTH = ("clinic", "doctor", "patient", "service")


def _appointments(merged: Iterable[tuple[type[Model], int]], visits: Iterable[Visit]) -> dict[int, Appointment]:
    """The row of an appointment comes with its visit's, mostly; asking for it again would be a tenth of a booking's time."""
    brought: dict[int, Appointment] = {}
    for visit in visits:
        appointment = visit.appointment
        if appointment and all(getattr(appointment, f"{name}_id") == getattr(visit, f"{name}_id") for name in _OF_BOTH):
            for name in _OF_BOTH:
                setattr(appointment, name, getattr(visit, name))
            brought[appointment.pk] = appointment
    others = (key for key in merged if key[1] not in brought)
    return brought | _rows(others, Appointment, Appointment.objects.select_related(*_OF_BOTH, "visit"))


def _silent(_change: Change, _told: _Told) -> list[NewEvent]:
    return []


def _rooms(change: Change, clinic_id: int, doctor_id: int) -> tuple[str, ...]:
    """The clinic's room and the doctor's, and those that the entity has moved away from."""
    rooms = [clinic_room(clinic_id), doctor_room(doctor_id)]
    for name, room in (("clinic_id", clinic_room), ("doctor_id", doctor_room)):
        before = change.fields.get(name, (None, None))[0]
        if not change.created and before is not None and room(before) not in rooms:
            rooms.append(room(before))
    return tuple(rooms)


def _is_only_renamed(change: Change) -> bool:
    """Nothing changed but what the row shows of its patient, doctor or service."""
    of_others = bool(change.named) and change.named <= {"patient", "doctor", "service"}
    return not change.created and of_others and set(change.fields) <= {"patient_id"}


# --- Appointments ---------------------------------------------------------------------------------------------------


def _tell_appointment(change: Change, told: _Told) -> list[NewEvent]:
    appointment = told.appointments[change.pk]
    rooms = _rooms(change, appointment.clinic_id, appointment.doctor_id)
    data: dict[str, object] = {"appointment": _APPOINTMENT.to_representation(appointment)}
    if change.created:
        return [NewEvent("appointment_created", rooms, data)]
    if _is_only_renamed(change) and appointment.date < appointment.clinic.today():
        return []
    led_by_visit = told.is_before((Visit, getattr(getattr(appointment, "visit", None), "pk", None)), change)
    if "status" in change.fields and appointment.status == Appointment.Status.CANCELLED and not led_by_visit:
        return [NewEvent("appointment_cancelled", rooms, {**data, "reason": appointment.cancel_reason})]
    names = {name.removesuffix("_id") for name in (change.fields or change.named)}
    return [NewEvent("appointment_updated", rooms, {**data, "changed": sorted(names)})]


# --- Visits ---------------------------------------------------------------------------------------------------------


def _queue_updated(visit: Visit, shape: dict[str, Any], rooms: tuple[str, ...]) -> NewEvent:
    return NewEvent("queue_updated", rooms, {"date": visit.date.isoformat(), "visits": [shape], "snapshot": False})


def _tell_visit(change: Change, told: _Told) -> list[NewEvent]:
    visit = told.visits[change.pk]
    rooms = _rooms(change, visit.clinic_id, visit.doctor_id)
    before, now = change.fields.get("status", (visit.status, visit.status))
    shape = _VISIT.to_representation(visit)
    updated = _queue_updated(visit, shape, rooms)
    planned = Visit.Status.PLANNED
    if change.created and now == planned:
        return [_queue_updated(visit, shape, rooms[:1])]
    # A check-in is led by its appointment. Undo may lead from planned to waiting too, and then nobody has come.
    led = told.is_before((Appointment, visit.appointment_id), change)
    if change.created or (led and now == Visit.Status.WAITING and before in (planned, Visit.Status.NO_SHOW)):
        return [updated, NewEvent("new_checkin", rooms[:1], {"visit": shape})]
    if _is_only_renamed(change):
        return [updated] if visit.ticket and visit.date == visit.clinic.today() else []
    if led:
        # The appointment's event has told the rest; a visit that is planned before and after isn't in the queue.
        return [] if before == now == planned else [updated]
    if before != now or "call_count" in change.fields:
        data = {"visit": shape, "from": before, "to": now}
        return [updated, NewEvent("visit_status_changed", rooms, data)]
    return [updated]


def _join_queue_updates(events: Iterable[NewEvent]) -> list[NewEvent]:
    """All ``queue_updated`` of a command for the same rooms and day become one, in the place of the first, with all their
    visits."""
    joined: dict[Any, NewEvent] = {}
    for number, event in enumerate(events):
        key: Any = (event.rooms, event.data["date"]) if event.name == "queue_updated" else number
        if key in joined:
            visits = [*joined[key].data["visits"], *event.data["visits"]]  # type: ignore[misc]
            joined[key] = NewEvent(event.name, event.rooms, {**event.data, "visits": visits})
        else:
            joined[key] = event
    return list(joined.values())


# --- Doctors: no event of their own (ADR 25) ------------------------------------------------------------------------


def _with_doctors(events: list[NewEvent], changes: Iterable[Change]) -> list[NewEvent]:
    """Put the doctors whose state or name changed into the command's ``queue_updated``; rooms that none goes to get one of
    their own."""
    changed = {change.pk for change in changes if change.model is Presence}
    if not changed:
        return events
    doctors = with_presence(Doctor.objects.filter(pk__in=changed)).prefetch_related("clinics")
    for doctor in doctors.order_by("pk"):
        events = _with_doctor(events, DoctorState(doctor))
    return events


def _with_doctor(events: list[NewEvent], state: DoctorState) -> list[NewEvent]:
    clinics = sorted(state.doctor.clinics.all(), key=lambda clinic: clinic.pk)
    days = {clinic_room(clinic.pk): clinic.today().isoformat() for clinic in clinics}
    if clinics:
        days[doctor_room(state.id)] = next(iter(days.values()))
    shape = _DOCTOR.to_representation(state)
    missing = dict(days)
    told: list[NewEvent] = []
    for event in events:
        # Never to a room where the doctor doesn't belong, as the other doctor's on a transfer.
        fits = event.name == "queue_updated" and set(event.rooms) <= set(days) and set(event.rooms) & set(missing)
        told.append(_with_shape(event, shape) if fits else event)
        if fits:
            missing = {room: day for room, day in missing.items() if room not in event.rooms}
    for day in dict.fromkeys(missing.values()):
        rooms = tuple(room for room, of_room in missing.items() if of_room == day)
        nobody: dict[str, object] = {"date": day, "visits": [], "snapshot": False}
        told.append(_with_shape(NewEvent("queue_updated", rooms, nobody), shape))
    return told


def _with_shape(event: NewEvent, shape: dict[str, Any]) -> NewEvent:
    held: Any = event.data.get("doctors", [])
    return NewEvent(event.name, event.rooms, {**event.data, "doctors": [*held, shape]})


# --- Payments and patients: ids only, to everyone -------------------------------------------------------------------


def _is_payment_told(change: Change) -> bool:
    return not change.created and bool({"amount_paid", "amount_refunded", "discount"} & set(change.fields))


def _tell_payment(change: Change, told: _Told) -> list[NewEvent]:
    if not _is_payment_told(change):
        return []
    payment = told.payments[change.pk]
    data: dict[str, object] = {
        "payment_id": payment.pk,
        "visit_id": payment.visit_id,
        "clinic_id": payment.clinic_id,
        "status": payment.status,
        "version": payment.version,
    }
    return [NewEvent("payment_processed", (BROADCAST,), data)]


def _tell_patient(change: Change, told: _Told) -> list[NewEvent]:
    name = "patient_created" if change.created else "patient_updated"
    return [NewEvent(name, (BROADCAST,), {"patient_id": change.pk, "version": told.patients[change.pk].version})]


_TELLERS: dict[type[Model], Callable[[Change, _Told], list[NewEvent]]] = {
    Appointment: _tell_appointment,
    Visit: _tell_visit,
    Payment: _tell_payment,
    Patient: _tell_patient,
}


def _rights_events(changes: Sequence[Change | RightsChange]) -> list[NewEvent]:
    rights = [change for change in changes if isinstance(change, RightsChange)]
    if not rights:
        return []
    users: list[int] | None = None
    if all(change.user_ids is not None for change in rights):
        users = sorted({user_id for change in rights for user_id in change.user_ids or ()})
    return [NewEvent("rights_changed", (CONTROL,), {"users": users})]
