"""Every frame that the server may send, to the letter: a field too many or of another type fails (contract/realtime.md).

``visit`` and ``appointment`` may have more fields than the contract names. Those that we send more are listed here and
nowhere else, so that one more is a decision and not an accident.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Seq = Annotated[int, Meta(ge=0)]
Id = Annotated[int, Meta(ge=1)]
Version = Annotated[int, Meta(ge=1)]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
At = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
RoomName = Annotated[str, Meta(pattern=r"^(clinic_[1-9]\d*|doctor_[1-9]\d*)$")]
AnyRoom = Annotated[str, Meta(pattern=r"^(clinic_[1-9]\d*|doctor_[1-9]\d*|broadcast)$")]
Ref = str | int | float
VisitStatus = Literal["planned", "waiting", "called", "in_progress", "skipped", "completed", "cancelled", "left", "no_show"]
PaymentStatus = Literal["pending", "partially_paid", "paid", "refunded", "void"]


class Strict(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A field that isn't declared is an error."""


class Named(Strict):
    id: Id
    name: str


VISIT_EXTRAS = frozenset({"date", "rank_basis", "rank_reason", "slot_start", "call_limit_reached", "follow_up"})
APPOINTMENT_EXTRAS = frozenset({"date", "fhir_status"})


class FollowUp(Strict):
    on: Day
    service_id: Id
    appointment_id: Id | None


class Visit(Strict):
    id: Id
    version: Version
    ticket: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,4}-\d{3,}$")] | None
    queue_number: Id | None
    status: VisitStatus
    visit_type: Literal["appointment", "walk_in"]
    priority: Literal["normal", "urgent", "emergency"]
    rank: Annotated[int, Meta(ge=0, le=2**53)]
    clinic_id: Id
    doctor: Named
    patient: Named
    service: Named
    appointment_id: Id | None
    payment_status: PaymentStatus
    call_count: Seq
    checked_in_at: Moment | None
    called_at: Moment | None
    started_at: Moment | None
    completed_at: Moment | None
    # More than the contract names (VISIT_EXTRAS).
    date: Day
    rank_basis: Literal["booked", "early", "late", "walk_in", "returned", "moved"]
    rank_reason: str | None
    slot_start: Moment | None
    call_limit_reached: bool
    follow_up: FollowUp | None


class Appointment(Strict):
    id: Id
    version: Version
    status: Literal["booked", "checked_in", "fulfilled", "cancelled", "no_show"]
    start: Moment
    end: Moment
    clinic_id: Id
    doctor: Named
    patient: Named
    service: Named
    visit_id: Id | None
    booking_source: Literal["desk", "phone", "online", "referral"]
    # More than the contract names (APPOINTMENT_EXTRAS).
    date: Day
    fhir_status: Literal["booked", "checked-in", "fulfilled", "cancelled", "noshow"]


class Doctor(Strict):
    """More than the contract names: rides on ``queue_updated`` (docs/queue.md)."""

    id: Id
    version: Version
    name: str
    state: Literal["available", "break", "gone"]
    until: Moment | None
    valid_until: Moment | None


# --- Data of the nine events ------------------------------------------------------------------------------------------


class AppointmentCreated(Strict):
    appointment: Appointment


class AppointmentUpdated(Strict):
    appointment: Appointment
    changed: list[str]


class AppointmentCancelled(Strict):
    appointment: Appointment
    reason: str


class QueueUpdated(Strict):
    date: Day
    visits: list[Visit]
    snapshot: Literal[False] | bool
    doctors: Annotated[list[Doctor], Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET


class Snapshot(Strict):
    date: Day
    visits: list[Visit]
    snapshot: bool
    appointments: list[Appointment]
    doctors: list[Doctor]


class VisitStatusChanged(Strict, rename={"from_": "from"}):
    visit: Visit
    from_: VisitStatus
    to: VisitStatus


class NewCheckin(Strict):
    visit: Visit


class PaymentProcessed(Strict):
    payment_id: Id
    visit_id: Id
    clinic_id: Id
    status: PaymentStatus
    version: Version


class PatientEvent(Strict):
    patient_id: Id
    version: Version


# event → (the rooms it may be sent to, its data)
EVENTS: dict[str, tuple[tuple[str, ...], type[Strict]]] = {
    "appointment_created": (("clinic", "doctor"), AppointmentCreated),
    "appointment_updated": (("clinic", "doctor"), AppointmentUpdated),
    "appointment_cancelled": (("clinic", "doctor"), AppointmentCancelled),
    "queue_updated": (("clinic", "doctor"), QueueUpdated),
    "visit_status_changed": (("clinic", "doctor"), VisitStatusChanged),
    "new_checkin": (("clinic",), NewCheckin),
    "payment_processed": (("broadcast",), PaymentProcessed),
    "patient_created": (("broadcast",), PatientEvent),
    "patient_updated": (("broadcast",), PatientEvent),
}


class EventFrame(Strict):
    event: str
    room: AnyRoom
    seq: Seq
    at: At
    data: msgspec.Raw


# --- Control frames ---------------------------------------------------------------------------------------------------


class Me(Strict):
    id: Id
    username: str
    role: Literal["receptionist", "doctor", "admin"]
    clinics: list[Id]
    doctor_id: Id | None


class Connected(Strict):
    protocol: Literal["clinic.v1"]
    user: Me
    epoch: Annotated[str, Meta(min_length=1)]
    expires_at: Moment
    heartbeat: int
    rooms: dict[Literal["broadcast"], Seq]


class Joined(Strict):
    room: AnyRoom
    seq: Seq
    recovered: bool


class Left(Strict):
    room: RoomName


class Authenticated(Strict):
    expires_at: Moment


class Pong(Strict):
    rooms: dict[AnyRoom, Seq]
    at: At


class Error(Strict):
    code: Literal["bad_request", "unknown_event", "unauthenticated", "forbidden", "not_found", "too_many_rooms", "rate_limited"]
    detail: Annotated[str, Meta(pattern=r"^\S.*[.…}]$")]


class Removed(Strict):
    room: RoomName
    reason: Annotated[str, Meta(min_length=1)]


CONTROL: dict[str, type[Strict]] = {
    "connected": Connected,
    "joined": Joined,
    "left": Left,
    "authenticated": Authenticated,
    "pong": Pong,
    "error": Error,
    "removed": Removed,
}


class ControlFrame(Strict):
    event: str
    data: msgspec.Raw
    ref: Ref | None = None


def check(text: str) -> dict[str, Any]:
    """The frame, decoded; raises ``AssertionError`` if it is not exactly what the contract says."""
    frame: dict[str, Any] = msgspec.json.decode(text)
    try:
        if frame["event"] in CONTROL:
            control = msgspec.json.decode(text, type=ControlFrame)
            msgspec.json.decode(control.data, type=CONTROL[control.event])
            assert frame.get("ref", 0) is not None, "a ref of null is left out"
        else:
            _check_event(text)
    except (msgspec.ValidationError, KeyError) as error:
        raise AssertionError(f"{error!r} in {text}") from error
    return frame


def _check_event(text: str) -> None:
    frame = msgspec.json.decode(text, type=EventFrame)
    rooms, data_type = EVENTS[frame.event]
    assert frame.room.partition("_")[0] in rooms, f"{frame.event} has no place in {frame.room}"
    is_snapshot = msgspec.json.decode(frame.data).get("snapshot") is True
    if is_snapshot:
        snapshot = msgspec.json.decode(frame.data, type=Snapshot)
        assert all(visit.ticket is not None for visit in snapshot.visits), "a visit without a ticket isn't in the queue"
    else:
        assert frame.seq >= 1, "numbers begin with 1"
        data = msgspec.json.decode(frame.data, type=data_type)
        if isinstance(data, QueueUpdated):
            assert data.visits or data.doctors is not msgspec.UNSET, "an update of nothing"
