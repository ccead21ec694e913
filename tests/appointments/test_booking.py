"""Booking, changing, checking in: the rules of section 5, through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from appointments.models import Appointment, TimeOff
from queue.models import Visit, VisitStep
from tests.api.client import Api, desk_dump, outcome
from tests.appointments.desk import body, only_hours
from tests.factories import PatientFactory, World, book
from tests.factories.states import appointment_in, visit_in


def test_booking_makes_the_visit_and_the_payment(world: World) -> None:
    made = Api(world.receptionist).ok("post", "appointments/", body(world, booking_source="phone", notes="first time"), 201)
    assert (made["status"], made["fhir_status"], made["booking_source"], made["notes"]) == (
        "booked",
        "booked",
        "phone",
        "first time",
    )
    assert (made["start"], made["end"]) == ("2026-03-02T10:00:00Z", "2026-03-02T10:20:00Z")
    visit = Visit.objects.get(pk=made["visit_id"])
    assert (visit.status, visit.ticket, visit.queue_number, visit.date) == ("planned", None, None, dt.date(2026, 3, 2))
    assert (visit.payment.status, visit.payment.amount_due) == ("pending", world.service.price)
    snapshot = Api(world.receptionist).ok("get", f"queue/clinics/{world.here.pk}/")
    assert (snapshot["visits"], [a["id"] for a in snapshot["appointments"]]) == ([], [made["id"]])


@pytest.mark.parametrize("offset", ["+01:00", "+05:45", "-08:00", "Z"])
def test_a_moment_is_a_moment(world: World, offset: str) -> None:
    zone = dt.UTC if offset == "Z" else dt.datetime.fromisoformat(f"2026-01-01T00:00:00{offset}").tzinfo
    start = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC).astimezone(zone).isoformat()
    assert Api(world.receptionist).ok("post", "appointments/", body(world, start=start), 201)["start"] == "2026-03-02T10:00:00Z"


@pytest.mark.parametrize(
    ("start", "ok"),
    [("08:59", False), ("09:00", True), ("11:40", True), ("11:41", False), ("12:00", False), ("13:00", False)],
)
def test_inside_the_doctors_hours(world: World, start: str, ok: bool) -> None:
    only_hours(world, "09:00", "12:00")
    response = Api(world.receptionist).call("post", "appointments/", body(world, start=f"2026-03-02T{start}:00Z"))
    assert outcome(response) == ((201, "") if ok else (400, "start"))


@pytest.mark.parametrize(
    ("start", "ok"), [("09:39", True), ("09:40", True), ("09:41", False), ("10:30", False), ("10:59", False), ("11:00", True)]
)
def test_outside_time_off(world: World, start: str, ok: bool) -> None:
    day = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    TimeOff.objects.create(doctor=world.doctor, start=day.replace(hour=10), end=day.replace(hour=11))
    response = Api(world.receptionist).call("post", "appointments/", body(world, start=f"2026-03-02T{start}:00Z"))
    assert outcome(response) == ((201, "") if ok else (400, "start"))


@pytest.mark.parametrize(
    ("start", "taken"), [("09:40", False), ("09:41", True), ("10:00", True), ("10:19", True), ("10:20", False)]
)
@pytest.mark.parametrize(("who", "code"), [("doctor", "slot_taken"), ("patient", "patient_busy")])
def test_nobody_is_booked_twice_at_a_time(world: World, start: str, taken: bool, who: str, code: str) -> None:
    api = Api(world.receptionist)
    api.ok("post", "appointments/", body(world), 201)
    other = {"patient": PatientFactory().pk} if who == "doctor" else {"doctor": world.colleague.pk}
    before = desk_dump()
    response = api.call("post", "appointments/", body(world, start=f"2026-03-02T{start}:00Z", **other))
    if taken:
        assert (outcome(response), response.json()["current"]) == ((409, code), None)
        assert desk_dump() == before
    else:
        assert response.status_code == 201


@pytest.mark.parametrize(
    ("status", "free"), [("booked", False), ("checked_in", False), ("fulfilled", False), ("cancelled", True), ("no_show", True)]
)
def test_only_a_cancelled_or_missed_appointment_frees_its_time(world: World, status: str, free: bool) -> None:
    first = appointment_in(world, status)
    response = Api(world.receptionist).call("post", "appointments/", body(world, start=first.start.isoformat()))
    assert outcome(response) == ((201, "") if free else (409, "slot_taken"))


def test_slots_tell_what_can_be_booked(world: World) -> None:
    """Every slot of the day: booking it succeeds exactly if it says that it is available."""
    only_hours(world, "07:00", "10:00")
    api = Api(world.receptionist)
    api.ok("post", "appointments/", body(world, start="2026-03-02T08:30:00Z"), 201)
    TimeOff.objects.create(doctor=world.doctor, start="2026-03-02T09:15:00Z", end="2026-03-02T09:25:00Z")
    slots = api.ok("get", f"doctors/{world.doctor.pk}/slots/?clinic={world.here.pk}&service={world.service.pk}&date=2026-03-02")
    assert [(slot["start"][11:16], slot["available"]) for slot in slots] == [
        ("07:00", False),
        ("07:20", False),
        ("07:40", False),
        # It is 08:00 and some milliseconds.
        ("08:00", False),
        ("08:20", False),
        ("08:40", False),
        ("09:00", False),
        ("09:20", False),
        ("09:40", True),
    ]
    for slot in slots:
        status = api.call("post", "appointments/", body(world, start=slot["start"], patient=PatientFactory().pk)).status_code
        assert (status == 201) == slot["available"]


@pytest.mark.parametrize("closed", ["doctor", "service", "clinic", "not here"])
def test_what_cannot_be_booked_offers_no_slot(world: World, closed: str) -> None:
    if closed == "not here":
        world.doctor.clinics.set([world.there])
    else:
        row = {"doctor": world.doctor, "service": world.service, "clinic": world.here}[closed]
        row.is_active = False
        row.save(update_fields=["is_active"])
    query = f"clinic={world.here.pk}&service={world.service.pk}&date=2026-03-03"
    response = Api(world.superuser).call("get", f"doctors/{world.doctor.pk}/slots/?{query}")
    offered = [slot for slot in response.json() if slot["available"]] if response.status_code == 200 else []
    assert offered == []


def test_a_service_of_another_clinic_offers_no_slot(world: World) -> None:
    query = f"clinic={world.here.pk}&service={world.service_there.pk}&date=2026-03-03"
    response = Api(world.superuser).call("get", f"doctors/{world.doctor.pk}/slots/?{query}")
    assert outcome(response) == (400, "service")


# --- Changing -----------------------------------------------------------------------------------------------------------


def test_a_change_takes_the_planned_visit_along(world: World) -> None:
    appointment = book(world)
    api = Api(world.receptionist)
    change = {"doctor": world.colleague.pk, "start": "2026-03-04T10:00:00Z", "notes": "moved"}
    changed = api.ok("patch", f"appointments/{appointment.pk}/", change)
    visit = Visit.objects.get(appointment=appointment)
    assert (changed["start"], changed["end"], changed["doctor"]["id"]) == (
        "2026-03-04T10:00:00Z",
        "2026-03-04T10:20:00Z",
        world.colleague.pk,
    )
    assert (visit.doctor_id, visit.date, visit.status) == (world.colleague.pk, dt.date(2026, 3, 4), "planned")
    assert list(visit.steps.values_list("action", flat=True)) == ["plan", "change"]


@pytest.mark.parametrize("state", ["waiting", "called", "skipped"])
def test_a_note_does_not_take_back_a_transfer(world: World, state: str) -> None:
    visit = visit_in(world, state)
    api = Api(world.receptionist)
    api.ok("post", f"visits/{visit.pk}/transfer/", {"doctor": world.colleague.pk})
    api.ok("patch", f"appointments/{visit.appointment_id}/", {"notes": "brings papers"})
    assert Visit.objects.get(pk=visit.pk).doctor_id == world.colleague.pk


@pytest.mark.parametrize("field", ["clinic", "patient"])
def test_clinic_and_patient_stay(world: World, field: str) -> None:
    appointment = book(world)
    value = {"clinic": world.here.pk, "patient": PatientFactory().pk}[field]
    response = Api(world.receptionist).call("patch", f"appointments/{appointment.pk}/", {field: value})
    assert outcome(response) == (400, field)


@pytest.mark.parametrize(("who", "code"), [("doctor", "slot_taken"), ("patient", "patient_busy")])
def test_a_change_meets_the_same_rules(world: World, who: str, code: str) -> None:
    other = book(world, minutes=60, **({"patient": world.patient, "doctor": world.colleague} if who == "patient" else {}))
    mine = book(world, minutes=120, patient=world.patient)
    before = desk_dump()
    response = Api(world.receptionist).call("patch", f"appointments/{mine.pk}/", {"start": other.start.isoformat()})
    assert (outcome(response), response.json()["current"]["id"]) == ((409, code), mine.pk)
    assert response.json()["current"]["start"] == mine.start.isoformat().replace("+00:00", "Z")
    for start in ("2026-03-02T07:00:00Z", "2026-03-02T23:50:00Z"):
        response = Api(world.receptionist).call("patch", f"appointments/{mine.pk}/", {"start": start})
        assert outcome(response) == (400, "start")
    assert desk_dump() == before


def test_it_may_overlap_what_it_was_itself(world: World) -> None:
    appointment = book(world)
    start = appointment.start + dt.timedelta(minutes=5)
    Api(world.receptionist).ok("patch", f"appointments/{appointment.pk}/", {"start": start.isoformat()})
    assert Appointment.objects.get(pk=appointment.pk).end == start + dt.timedelta(minutes=20)


def test_an_empty_change_changes_nothing(world: World) -> None:
    appointment = book(world)
    before = desk_dump()
    assert Api(world.receptionist).ok("patch", f"appointments/{appointment.pk}/", {})["version"] == appointment.version
    assert desk_dump() == before


# --- Check-in and the clinic's day --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "date"),
    [
        ("UTC", "2026-03-02T23:30:00", "2026-03-02"),
        ("Europe/Berlin", "2026-03-02T23:30:00", "2026-03-03"),
        ("Asia/Kathmandu", "2026-03-02T18:14:00", "2026-03-02"),
        ("Asia/Kathmandu", "2026-03-02T18:16:00", "2026-03-03"),
        ("Pacific/Kiritimati", "2026-03-02T10:30:00", "2026-03-03"),
        ("Pacific/Pago_Pago", "2026-03-02T10:30:00", "2026-03-01"),
        ("America/St_Johns", "2026-03-03T03:15:00", "2026-03-02"),
    ],
)
def test_a_ticket_is_of_the_clinics_own_day(
    world: World, clock: time_machine.Traveller, zone: str, now: str, date: str
) -> None:
    world.here.timezone = zone
    world.here.save(update_fields=["timezone"])
    clock.move_to(dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))
    api = Api(world.receptionist)
    walk = {"clinic": world.here.pk, "doctor": world.doctor.pk, "service": world.service.pk, "patient": world.patient.pk}
    visits = [api.ok("post", "visits/", walk, 201) for _ in range(2)]
    assert [(v["date"], v["queue_number"], v["ticket"]) for v in visits] == [
        (date, 1, f"{world.here.code}-001"),
        (date, 2, f"{world.here.code}-002"),
    ]
    snapshot = api.ok("get", f"queue/clinics/{world.here.pk}/")
    assert (snapshot["date"], len(snapshot["visits"])) == (date, 2)


def test_tickets_begin_at_one_each_day(world: World, clock: time_machine.Traveller) -> None:
    walk = {"clinic": world.here.pk, "doctor": world.doctor.pk, "service": world.service.pk, "patient": world.patient.pk}
    numbers = []
    for _ in range(3):
        api = Api(world.receptionist)
        numbers.append([api.ok("post", "visits/", walk, 201)["queue_number"] for _ in range(2)])
        clock.shift(dt.timedelta(days=1))
    assert numbers == [[1, 2]] * 3


def test_clinics_count_apart(world: World) -> None:
    here = {"clinic": world.here.pk, "doctor": world.doctor.pk, "service": world.service.pk, "patient": world.patient.pk}
    there = {**here, "clinic": world.there.pk, "doctor": world.stranger.pk, "service": world.service_there.pk}
    tickets = [Api(world.superuser).ok("post", "visits/", where, 201)["ticket"] for where in (here, there, here)]
    assert tickets == [f"{world.here.code}-001", f"{world.there.code}-001", f"{world.here.code}-002"]


@pytest.mark.parametrize(("hours", "outcome_"), [(1, (200, "")), (15, (200, "")), (16.1, (409, "not_on_its_day"))])
def test_a_missed_patient_who_comes_after_all(
    world: World, clock: time_machine.Traveller, hours: float, outcome_: tuple[int, str]
) -> None:
    appointment = appointment_in(world, "no_show")
    clock.shift(dt.timedelta(hours=hours))
    response = Api(world.receptionist).call("post", f"appointments/{appointment.pk}/check-in/")
    assert outcome(response) == outcome_
    if response.status_code == 200:
        assert Visit.objects.get(appointment=appointment).ticket == f"{world.here.code}-001"


def test_a_missed_patient_whose_time_was_given_away(world: World) -> None:
    appointment = appointment_in(world, "no_show")
    book(world, start=appointment.start)
    before = desk_dump()
    response = Api(world.receptionist).call("post", f"appointments/{appointment.pk}/check-in/")
    assert (outcome(response), response.json()["current"]["status"]) == ((409, "slot_taken"), "no_show")
    assert desk_dump() == before


def test_check_in_gives_a_ticket_and_a_place(world: World) -> None:
    appointment = book(world)
    api = Api(world.receptionist)
    answer = api.ok("post", f"appointments/{appointment.pk}/check-in/")
    visit = api.ok("get", f"visits/{answer['visit_id']}/")
    assert (answer["status"], answer["fhir_status"]) == ("checked_in", "checked-in")
    assert (visit["status"], visit["queue_number"], visit["rank_basis"]) == ("waiting", 1, "booked")
    assert visit["rank_reason"] == "Booked for 08:30, in time."
    assert VisitStep.objects.filter(visit_id=visit["id"]).count() == 2


def test_dates_of_appointments_are_the_clinics(world: World) -> None:
    world.here.timezone = "Asia/Kathmandu"
    world.here.save(update_fields=["timezone"])
    api = Api(world.receptionist)
    made = api.ok("post", "appointments/", body(world, start="2026-03-02T19:00:00Z"), 201)
    assert made["date"] == "2026-03-03"
    assert [row["id"] for row in api.all("appointments/", date="2026-03-03")] == [made["id"]]
    assert api.all("appointments/", date="2026-03-02") == []


def test_a_slot_across_the_clinics_midnight_is_refused(world: World) -> None:
    world.here.timezone = "Asia/Kathmandu"
    world.here.save(update_fields=["timezone"])
    api = Api(world.receptionist)
    # 23:50 there; UTC's midnight is an ordinary morning.
    assert outcome(api.call("post", "appointments/", body(world, start="2026-03-02T18:05:00Z"))) == (400, "start")
    assert api.call("post", "appointments/", body(world, start="2026-03-02T23:50:00Z")).status_code == 201


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "booked"}, {"booked"}),
        ({"status": ["booked", "cancelled"]}, {"booked", "cancelled"}),
        ({"date": "2026-03-02"}, {"booked", "cancelled", "no_show"}),
        ({"date": "2026-03-03"}, set()),
        ({"doctor": "doctor"}, {"booked", "cancelled", "no_show"}),
        ({"doctor": "colleague"}, set()),
    ],
)
def test_filters(world: World, query: dict[str, Any], found: set[str]) -> None:
    for minutes, status in ((60, "booked"), (90, "cancelled"), (120, "no_show")):
        appointment_in(world, status, minutes=minutes)
    named = {"doctor": world.doctor.pk, "colleague": world.colleague.pk}
    query = {name: named.get(value, value) if isinstance(value, str) else value for name, value in query.items()}
    assert {row["status"] for row in Api(world.receptionist).all("appointments/", **query)} == found
