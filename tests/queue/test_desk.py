"""A day at the desk: the order on the screen, moves, skips, undo, history; through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from appointments.models import Appointment
from queue import actions
from queue.models import Visit, VisitStep
from tests.api.client import Api, desk_dump, dump, outcome
from tests.factories import DoctorFactory, World, book, walk_in
from tests.factories.states import visit_in
from tests.factories.world import soon


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.admin)


def queue(api: Api, world: World) -> list[int]:
    """Those who wait for the doctor, in the order that a screen shows."""
    rows = api.ok("get", f"queue/doctors/{world.doctor.pk}/")["visits"]
    assert all(row["rank_reason"] for row in rows)
    assert rows == sorted(rows, key=lambda row: (row["rank"], row["queue_number"]))
    return [row["id"] for row in rows if row["status"] == "waiting"]


def do(api: Api, visit: Visit | int, verb: str, **body: Any) -> dict[str, Any]:
    pk = visit if isinstance(visit, int) else visit.pk
    return api.ok("post", f"visits/{pk}/{verb}/", body)  # type: ignore[no-any-return]


# --- Order --------------------------------------------------------------------------------------------------------------


def test_classes_then_times(world: World, api: Api, clock: time_machine.Traveller) -> None:
    booked = visit_in(world, "waiting", minutes=30)
    first = walk_in(world)
    urgent = walk_in(world, priority="urgent")
    second = walk_in(world)
    emergency = walk_in(world, priority="emergency")
    expected = [emergency.pk, urgent.pk, first.pk, second.pk, booked.pk]
    assert queue(api, world) == expected
    # As time passes nothing changes places.
    before = {row["id"]: row["rank"] for row in api.ok("get", f"queue/doctors/{world.doctor.pk}/")["visits"]}
    clock.shift(dt.timedelta(hours=3))
    api = Api(world.admin)
    assert queue(api, world) == expected
    assert {row["id"]: row["rank"] for row in api.ok("get", f"queue/doctors/{world.doctor.pk}/")["visits"]} == before


def test_the_offset_and_the_grace_are_the_clinics(world: World, api: Api, clock: time_machine.Traveller) -> None:
    world.here.walk_in_offset_minutes, world.here.late_after_minutes = 60, 5
    world.here.save(update_fields=["walk_in_offset_minutes", "late_after_minutes"])
    in_time, late = book(world, minutes=40), book(world, minutes=20)
    walked = walk_in(world)
    clock.shift(dt.timedelta(minutes=26))
    api = Api(world.admin)
    for appointment in (in_time, late):
        api.ok("post", f"appointments/{appointment.pk}/check-in/")
    rows = api.ok("get", f"queue/doctors/{world.doctor.pk}/")["visits"]
    assert [(row["id"], row["rank_basis"]) for row in rows] == [
        (late.visit.pk, "late"),
        (in_time.visit.pk, "booked"),
        (walked.pk, "walk_in"),
    ]


def test_another_priority_another_place(world: World, api: Api) -> None:
    first, second = walk_in(world), walk_in(world)
    answer = do(api, second, "priority", priority="emergency", reason="bleeding")
    assert (answer["priority"], queue(api, world)) == ("emergency", [second.pk, first.pk])
    do(api, second, "priority", priority="normal")
    assert queue(api, world) == [first.pk, second.pk]
    assert [(s.reason, s.details) for s in second.steps.filter(action="priority")] == [
        ("bleeding", {"priority": "emergency"}),
        ("", {"priority": "normal"}),
    ]


@pytest.mark.parametrize(("others", "ahead"), [(0, 0), (1, 1), (2, 2), (3, 2), (5, 2)])
def test_back_after_a_skip_behind_the_next_two(world: World, api: Api, others: int, ahead: int) -> None:
    skipped = walk_in(world)
    rest = [walk_in(world).pk for _ in range(others)]
    do(api, skipped, "call")
    do(api, skipped, "skip")
    assert queue(api, world) == rest
    answer = do(api, skipped, "return")
    assert queue(api, world) == [*rest[:ahead], skipped.pk, *rest[ahead:]]
    assert answer["rank_basis"] == ("returned" if others else "walk_in")


def test_skipped_again_goes_behind_two_more(world: World, api: Api) -> None:
    skipped, *rest = (walk_in(world).pk for _ in range(6))
    do(api, skipped, "skip"), do(api, skipped, "return")
    do(api, rest[0], "call"), do(api, rest[1], "call")
    do(api, skipped, "skip"), do(api, skipped, "return")
    assert queue(api, world) == [rest[2], rest[3], skipped, rest[4]]


def test_called_by_mistake_goes_back_to_the_old_place(world: World, api: Api) -> None:
    visits = [walk_in(world).pk for _ in range(3)]
    do(api, visits[1], "call"), do(api, visits[1], "return")
    assert queue(api, world) == visits


# --- Moves --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [None, 0, 1, 2])
def test_a_move(world: World, api: Api, clock: time_machine.Traveller, target: int | None) -> None:
    visits = [walk_in(world).pk for _ in range(4)]
    moved = visits[3]
    answer = do(api, moved, "move", after=None if target is None else visits[target])
    place = 0 if target is None else target + 1
    expected = [*visits[:place], moved, *visits[place:3]]
    assert queue(api, world) == expected
    assert answer["rank_basis"] == "moved"
    # It holds while others come …
    clock.shift(dt.timedelta(minutes=1))
    newcomer = walk_in(world).pk
    assert queue(api, world) == [*expected, newcomer]
    # … until the call.
    do(api, moved, "call")
    assert do(api, moved, "return")["rank_basis"] == "walk_in"
    assert queue(api, world) == [*visits, newcomer]


def move(world: World, visit: Visit, after: Visit | None) -> list[Visit]:
    """Who waits, in order, after the move."""
    actions.move(visit, by=world.admin, after=after)
    assert all(0 <= rank < 2**53 for rank in Visit.objects.values_list("rank", flat=True))
    return list(Visit.objects.waiting().in_order())


@pytest.mark.both
def test_sixty_moves_between_the_same_two(world: World) -> None:
    """Each move needs a rank between two neighbours that come ever closer."""
    first, *rest, last = (walk_in(world) for _ in range(4))
    expected = [first, *rest, last]
    for turn in range(60):
        moved = rest[turn % 2]
        expected = [first, moved, *(v for v in expected if v not in (first, moved))]
        assert move(world, moved, after=first) == expected


@pytest.mark.both
def test_sixty_moves_to_the_front_and_to_the_end(world: World) -> None:
    visits = [walk_in(world) for _ in range(3)]
    for _ in range(30):
        visits = [visits[2], *visits[:2]]
        assert move(world, visits[0], after=None) == visits
    for _ in range(30):
        visits = [*visits[1:], visits[0]]
        assert move(world, visits[2], after=visits[1]) == visits


def _full(world: World, api: Api) -> tuple[int, list[int]]:
    """Two neighbours with no rank between them: one that came back after a skip stands a microsecond behind the second."""
    skipped, *rest = (walk_in(world).pk for _ in range(4))
    do(api, skipped, "skip"), do(api, skipped, "return")
    assert queue(api, world)[:4] == [rest[0], rest[1], skipped, rest[2]]
    return skipped, rest


@pytest.mark.both
def test_a_move_where_no_room_is_left(world: World, api: Api) -> None:
    skipped, rest = _full(world, api)
    do(api, rest[2], "move", after=rest[1])
    assert queue(api, world) == [rest[0], rest[1], rest[2], skipped]


def test_making_room_leaves_the_classes_as_they_are(world: World, api: Api) -> None:
    """After room was made among the normal ones, an emergency and an urgent one still come before them all."""
    waiting = walk_in(world, priority="emergency")
    skipped, *rest = (walk_in(world).pk for _ in range(4))
    do(api, skipped, "skip"), do(api, skipped, "return")
    do(api, rest[2], "move", after=rest[1])
    urgent = walk_in(world, priority="urgent")
    emergency = walk_in(world, priority="emergency")
    assert queue(api, world) == [waiting.pk, emergency.pk, urgent.pk, rest[0], rest[1], rest[2], skipped]


def test_making_room_leaves_booked_times_as_they_are(world: World, api: Api) -> None:
    """Whoever comes in time for a slot in between still gets in between."""
    late = visit_in(world, "waiting", minutes=120)
    coming = book(world, minutes=60)
    skipped, *rest = (walk_in(world).pk for _ in range(4))
    do(api, skipped, "skip"), do(api, skipped, "return")
    do(api, rest[2], "move", after=rest[1])
    api.ok("post", f"appointments/{coming.pk}/check-in/")
    assert queue(api, world) == [rest[0], rest[1], rest[2], skipped, coming.visit.pk, late.pk]


def test_making_room_is_nothing_to_undo_for_the_others(world: World, api: Api) -> None:
    visit = visit_in(world, "waiting", minutes=120)
    _skipped, rest = _full(world, api)
    do(api, rest[2], "move", after=rest[1])
    assert do(api, visit, "undo")["status"] == "planned"


@pytest.mark.parametrize("case", ["itself", "another doctor's", "called", "yesterday's"])
def test_moves_that_make_no_sense(world: World, api: Api, clock: time_machine.Traveller, case: str) -> None:
    if case == "yesterday's":
        other = walk_in(world)
        clock.shift(dt.timedelta(days=1))
        api = Api(world.admin)
    visit = walk_in(world)
    if case == "itself":
        other = visit
    elif case != "yesterday's":
        other = walk_in(world, doctor=world.colleague if case == "another doctor's" else world.doctor)
    if case == "called":
        do(api, other, "call")
    before = desk_dump()
    assert outcome(api.call("post", f"visits/{visit.pk}/move/", {"after": other.pk})) == (400, "after")
    assert desk_dump() == before


# --- Transfer -----------------------------------------------------------------------------------------------------------


def test_a_transfer(world: World, api: Api) -> None:
    first, second = walk_in(world), walk_in(world, doctor=world.colleague)
    answer = do(api, first, "transfer", doctor=world.colleague.pk)
    assert (answer["doctor"]["id"], answer["ticket"]) == (world.colleague.pk, first.ticket)
    rows = api.ok("get", f"queue/doctors/{world.colleague.pk}/")["visits"]
    assert [row["id"] for row in rows] == [first.pk, second.pk]
    assert queue(api, world) == []


@pytest.mark.parametrize("case", ["the same", "not here", "inactive"])
def test_transfers_that_make_no_sense(world: World, api: Api, case: str) -> None:
    visit = walk_in(world)
    doctor = {"the same": world.doctor, "not here": world.stranger, "inactive": world.colleague}[case]
    if case == "inactive":
        doctor.is_active = False
        doctor.save(update_fields=["is_active"])
    before = desk_dump()
    assert outcome(api.call("post", f"visits/{visit.pk}/transfer/", {"doctor": doctor.pk})) == (400, "doctor")
    assert desk_dump() == before


def test_a_called_patient_returned_by_the_new_doctor_waits_for_them(world: World, api: Api) -> None:
    visit = visit_in(world, "called")
    do(api, visit, "transfer", doctor=world.colleague.pk)
    assert do(api, visit, "return")["doctor"]["id"] == world.colleague.pk


# --- Undo ---------------------------------------------------------------------------------------------------------------

STATE = (
    "status",
    "date",
    "doctor_id",
    "priority",
    "priority_reason",
    "rank",
    "rank_basis",
    "behind_at",
    "moved_rank",
    "call_count",
)
TIMES = ("checked_in_at", "called_at", "started_at", "completed_at")

STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("call", "waiting", {}),
    ("call", "called", {}),
    ("start", "waiting", {}),
    ("start", "called", {}),
    ("complete", "in_progress", {}),
    ("skip", "called", {}),
    ("return", "skipped", {}),
    ("return", "in_progress", {}),
    ("leave", "waiting", {}),
    ("cancel", "planned", {"reason": "ill"}),
    ("cancel", "waiting", {"reason": "ill"}),
    ("move", "waiting", {"after": None}),
    ("priority", "waiting", {"priority": "urgent", "reason": "pain"}),
    ("transfer", "waiting", {"doctor": "colleague"}),
]


@pytest.mark.parametrize(("verb", "state", "body"), STEPS, ids=[f"{v} {s}" for v, s, _b in STEPS])
def test_undo_puts_everything_back(world: World, api: Api, verb: str, state: str, body: dict[str, Any]) -> None:
    visit = visit_in(world, state)
    walk_in(world)
    before = Visit.objects.values(*STATE, *TIMES, "queue_number", "ticket_text", "payment_status").get(pk=visit.pk)
    assert visit.appointment is not None
    appointment = Appointment.objects.values("status", "start", "doctor_id").get(pk=visit.appointment_id)
    payment = visit.payment.__class__.objects.values("status", "amount_paid").get(visit=visit)
    do(api, visit, verb, **{name: world.colleague.pk if value == "colleague" else value for name, value in body.items()})
    done = VisitStep.objects.latest("pk")
    answer = do(api, visit, "undo")
    assert answer["version"] > visit.version
    assert Visit.objects.values(*STATE, *TIMES, "queue_number", "ticket_text", "payment_status").get(pk=visit.pk) == before
    assert Appointment.objects.values("status", "start", "doctor_id").get(pk=visit.appointment_id) == appointment
    assert visit.payment.__class__.objects.values("status", "amount_paid").get(visit=visit) == payment
    # Both stay in the history, and what was taken back isn't taken back again.
    assert [step["undoes"] for step in api.ok("get", f"visits/{visit.pk}/history/")][-2:] == [None, done.pk]
    assert outcome(api.call("post", f"visits/{visit.pk}/undo/")) == (409, "nothing_to_undo")


@pytest.mark.parametrize("action", ["check-in", "cancel", "no-show"])
def test_undo_of_what_was_done_to_the_appointment(world: World, api: Api, action: str) -> None:
    visit = visit_in(world, "planned")
    api.ok("post", f"appointments/{visit.appointment_id}/{action}/")
    assert do(api, visit, "undo")["status"] == "planned"
    assert Appointment.objects.get(pk=visit.appointment_id).status == "booked"
    assert visit.payment.__class__.objects.get(visit=visit).status == "pending"
    assert api.ok("get", f"queue/clinics/{world.here.pk}/")["visits"] == []


def test_a_ticket_stays_the_patients(world: World, api: Api) -> None:
    """Whatever is done and taken back, the number on the slip is the number on the screen."""
    visit = visit_in(world, "waiting")
    walk_in(world)
    ticket = Visit.objects.get(pk=visit.pk).ticket
    seen = set()
    for verb, body in [
        ("move", {"after": None}),
        ("priority", {"priority": "urgent"}),
        ("transfer", {"doctor": world.colleague.pk}),
        ("call", {}),
        ("skip", {}),
        ("return", {}),
        ("start", {}),
        ("undo", {}),
        ("leave", {}),
        ("undo", {}),
    ]:
        seen.add(do(api, visit, verb, **body)["ticket"])
    assert seen == {ticket}


def test_checked_in_a_day_early_taken_back_and_again_is_the_same_ticket(world: World, api: Api) -> None:
    """Between the two the visit stands on its own day, where the number means nothing."""
    appointment = book(world, minutes=24 * 60)
    api.ok("post", f"appointments/{appointment.pk}/check-in/")
    first = Visit.objects.get(appointment=appointment)
    api.ok("post", f"visits/{first.pk}/undo/")
    planned = Visit.objects.get(pk=first.pk)
    walk_in(world)
    api.ok("post", f"appointments/{appointment.pk}/check-in/")
    again = Visit.objects.get(pk=first.pk)
    assert (planned.queue_number, planned.date) == (None, appointment.date)
    assert (again.ticket, again.date) == (first.ticket, world.here.today())


def test_a_doctors_queues_at_two_clinics_are_two(world: World, api: Api) -> None:
    """Who is moved, or comes back, passes over nobody of the other clinic, whose visits are nobody's business here."""
    world.doctor.clinics.add(world.there)
    elsewhere = [walk_in(world, clinic=world.there, service=world.service_there, by=world.receptionist_there) for _ in range(3)]
    before = [(visit.rank, visit.version) for visit in elsewhere]
    alone = walk_in(world)
    moved = do(api, alone.pk, "move", after=None)
    do(api, alone.pk, "skip")
    back = do(api, alone.pk, "return")
    assert (moved["rank"], back["rank"], back["rank_basis"]) == (alone.rank, alone.rank, "walk_in")
    assert [(v.rank, v.version) for v in Visit.objects.filter(clinic=world.there).order_by("pk")] == before


def test_checked_in_taken_back_and_checked_in_again_is_the_same_ticket(world: World, api: Api) -> None:
    visit = visit_in(world, "waiting")
    walk_in(world)
    assert do(api, visit, "undo")["ticket"] is None
    api.ok("post", f"appointments/{visit.appointment_id}/check-in/")
    assert api.ok("get", f"visits/{visit.pk}/")["queue_number"] == 1


def test_yesterdays_step_stays(world: World, clock: time_machine.Traveller) -> None:
    visit = visit_in(world, "waiting")
    clock.shift(dt.timedelta(hours=16))
    before = dump()
    assert outcome(Api(world.admin).call("post", f"visits/{visit.pk}/undo/")) == (409, "nothing_to_undo")
    assert dump() == before


def test_undo_of_a_walk_in_is_refused(world: World, api: Api) -> None:
    assert outcome(api.call("post", f"visits/{walk_in(world).pk}/undo/")) == (409, "nothing_to_undo")


def test_undo_does_not_put_two_inside(world: World, api: Api) -> None:
    first = visit_in(world, "in_progress")
    do(api, first, "return")
    second = visit_in(world, "in_progress", minutes=60)
    before = desk_dump()
    assert outcome(api.call("post", f"visits/{first.pk}/undo/")) == (409, "doctor_busy")
    assert desk_dump() == before
    assert second.status == "in_progress"


def test_undo_of_a_cancelling_whose_time_was_given_away(world: World, api: Api) -> None:
    visit = visit_in(world, "planned")
    assert visit.appointment is not None
    do(api, visit, "cancel", reason="ill")
    book(world, start=visit.appointment.start)
    before = desk_dump()
    assert outcome(api.call("post", f"visits/{visit.pk}/undo/")) == (409, "slot_taken")
    assert desk_dump() == before


def test_undo_after_a_change_of_the_appointment_keeps_the_new_place(world: World, api: Api) -> None:
    """The priority goes back; the new start stays, and so does the place that follows from it."""
    visit = visit_in(world, "waiting", minutes=30)
    do(api, visit, "priority", priority="urgent")
    api.ok("patch", f"appointments/{visit.appointment_id}/", {"start": "2026-03-02T12:00:00Z"})
    do(api, visit, "undo")
    other = visit_in(world, "waiting", minutes=120)
    assert queue(api, world) == [other.pk, visit.pk]


# --- History ------------------------------------------------------------------------------------------------------------


def test_the_history_tells_all(world: World) -> None:
    desk, doctor = Api(world.receptionist), Api(world.doctor_user)
    appointment = book(world)
    pk = appointment.visit.pk
    desk.ok("post", f"appointments/{appointment.pk}/check-in/")
    do(desk, pk, "move", after=None)
    do(desk, pk, "priority", priority="urgent", reason="pain")
    do(doctor, pk, "call"), do(doctor, pk, "call"), do(doctor, pk, "skip")
    do(desk, pk, "return"), do(doctor, pk, "start"), do(doctor, pk, "undo")
    do(doctor, pk, "start"), do(doctor, pk, "complete")
    steps = desk.ok("get", f"visits/{pk}/history/")
    receptionist, doctor_name = world.receptionist.username, world.doctor_user.username
    assert [(s["action"], s["from_status"], s["to_status"], s["by"]) for s in steps] == [
        ("plan", "", "planned", receptionist),
        ("check_in", "planned", "waiting", receptionist),
        ("move", "waiting", "waiting", receptionist),
        ("priority", "waiting", "waiting", receptionist),
        ("call", "waiting", "called", doctor_name),
        ("call", "called", "called", doctor_name),
        ("skip", "called", "skipped", doctor_name),
        ("return", "skipped", "waiting", receptionist),
        ("start", "waiting", "in_progress", doctor_name),
        ("undo", "in_progress", "waiting", doctor_name),
        ("start", "waiting", "in_progress", doctor_name),
        ("complete", "in_progress", "completed", doctor_name),
    ]
    assert [s["reason"] for s in steps if s["reason"]] == ["pain"]
    assert [s["at"] for s in steps] == sorted(s["at"] for s in steps)


def test_the_history_tells_of_money_changes_and_names_too(world: World) -> None:
    desk = Api(world.admin)
    appointment = book(world, minutes=30)
    pk = appointment.visit.pk
    desk.ok("patch", f"appointments/{appointment.pk}/", {"notes": "brings papers"})
    desk.ok("post", f"appointments/{appointment.pk}/check-in/")
    pay = {"amount": "30", "discount": "5", "method": "card"}
    desk.ok("post", f"payments/{appointment.visit.payment.pk}/process/", pay)
    do(desk, pk, "transfer", doctor=world.colleague.pk)
    desk.ok("post", f"payments/{appointment.visit.payment.pk}/refund/", {"amount": "10", "reason": "mistake"})
    steps = desk.ok("get", f"visits/{pk}/history/")
    assert [step["action"] for step in steps] == ["plan", "change", "check_in", "payment", "transfer", "refund"]
    assert {step["by"] for step in steps[1:]} == {world.admin.username}
    by_action = {step["action"]: step for step in steps}
    assert by_action["change"]["details"] == {"changed": ["notes"]}
    names = {name: by_action["transfer"]["details"][name] for name in ("from_name", "name")}
    assert names == {"from_name": world.doctor.name, "name": world.colleague.name}
    paid, refund = by_action["payment"], by_action["refund"]
    assert (paid["id"], paid["details"]["amount"], paid["details"]["discount"]) == (None, "30.00", "5.00")
    assert (refund["reason"], refund["details"]["amount"], refund["details"]["method"]) == ("mistake", "10.00", "card")
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    # What a doctor reads of it has no money.
    theirs = Api(world.colleague.user).ok("get", f"visits/{pk}/history/")
    assert theirs == [step for step in steps if step["action"] not in ("payment", "refund")]


def test_a_change_that_only_the_history_tells_is_no_step_to_take_back(world: World) -> None:
    desk = Api(world.admin)
    appointment = book(world)
    desk.ok("patch", f"appointments/{appointment.pk}/", {"notes": "x"})
    version = appointment.visit.version
    assert Visit.objects.get(pk=appointment.visit.pk).version == version
    response = desk.call("post", f"visits/{appointment.visit.pk}/undo/", {})
    assert outcome(response) == (409, "nothing_to_undo")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "waiting"}, 1),
        ({"status": ["waiting", "called"]}, 2),
        ({"date": "2026-03-02"}, 2),
        ({"date": "2026-03-01"}, 0),
        ({"doctor": "doctor"}, 1),
        ({"doctor": "colleague"}, 1),
    ],
)
def test_filters(world: World, api: Api, query: dict[str, Any], found: int) -> None:
    walk_in(world)
    do(api, walk_in(world, doctor=world.colleague), "call")
    named = {"doctor": world.doctor.pk, "colleague": world.colleague.pk}
    query = {name: named.get(value, value) if isinstance(value, str) else value for name, value in query.items()}
    assert len(api.all("visits/", **query)) == found


def test_a_doctor_of_two_clinics_has_one_queue_that_each_desk_sees_its_part_of(world: World) -> None:
    both = DoctorFactory(clinics=[world.here, world.there])
    here = walk_in(world, doctor=both)
    there = walk_in(world, doctor=both, clinic=world.there, service=world.service_there, by=world.receptionist_there)
    assert both.user is not None
    own = Api(both.user).ok("get", f"queue/doctors/{both.pk}/")["visits"]
    assert {row["id"] for row in own} == {here.pk, there.pk}
    assert [row["id"] for row in Api(world.receptionist).all("visits/", doctor=both.pk)] == [here.pk]


def test_who_comes_a_day_early_reads_so(world: World, api: Api) -> None:
    appointment = book(world, start=soon(30) + dt.timedelta(days=1))
    api.ok("post", f"appointments/{appointment.pk}/check-in/")
    other = walk_in(world)
    row = api.ok("get", f"visits/{appointment.visit.pk}/")
    assert row["rank_basis"] == "early"
    assert row["rank_reason"] == "Booked for another day, came early: queues behind those of today."
    assert queue(api, world) == [other.pk, appointment.visit.pk]
