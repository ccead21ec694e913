"""The end of a day: what is left open is ended, the figures are kept, and a day that nobody closed closes itself."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from appointments.models import Appointment
from clinics.models import Clinic
from payments import actions as payment_actions
from queue import actions
from queue.models import DayClose, Visit
from tests.api.client import Api, desk_dump, dump, outcome
from tests.factories import ServiceFactory, World, as_if, book, walk_in
from tests.factories.states import visit_in
from tests.realtime.flows import last_delivery, told
from tests.realtime.watching import Watcher, screens_of

TODAY, YESTERDAY = dt.date(2026, 3, 2), dt.date(2026, 3, 1)


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.admin)


def close(api: Api, world: World, **body: Any) -> Any:
    return api.ok("post", f"clinics/{world.here.pk}/close-day/", body)


def refused(api: Api, world: World, **body: Any) -> tuple[int, str]:
    before = desk_dump()
    answer = outcome(api.call("post", f"clinics/{world.here.pk}/close-day/", body))
    assert desk_dump() == before
    return answer


def states(*visits: Visit) -> list[str]:
    return [Visit.objects.get(pk=visit.pk).status for visit in visits]


def last_step(visit: Visit) -> tuple[str, str, str, str]:
    step = visit.steps.order_by("pk").last()
    assert step is not None
    return step.action, step.from_status, step.to_status, step.reason


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_nobody_stays_in_the_queue(world: World, clock: time_machine.Traveller) -> None:
    missed = book(world, minutes=10)
    waiting, called, skipped, done = (
        visit_in(world, s, minutes=40 + 20 * n) for n, s in enumerate(("waiting", "called", "skipped", "completed"))
    )
    cancelled, tomorrow = visit_in(world, "cancelled", minutes=160), book(world, minutes=24 * 60 + 10)
    clock.shift(dt.timedelta(hours=4))
    api = Api(world.receptionist)
    closed = close(api, world)
    assert states(missed.visit, waiting, called, skipped, done, cancelled, tomorrow.visit) == [
        *("no_show", "left", "left", "left", "completed", "cancelled", "planned"),
    ]
    assert {Appointment.objects.get(pk=each.pk).status for each in (missed, tomorrow)} == {"no_show", "booked"}
    assert [last_step(visit) for visit in (missed.visit, called)] == [
        ("close_day", "planned", "no_show", ""),
        ("close_day", "called", "left", ""),
    ]
    assert {step.by for visit in (missed.visit, called) for step in visit.steps.filter(action="close_day")} == {
        world.receptionist
    }
    assert (closed["date"], closed["number"], closed["by"]) == ("2026-03-02", 1, world.receptionist.username)
    assert api.all("day-closes/", clinic=world.here.pk, date="2026-03-02") == [closed]


def test_the_day_is_refused_while_somebody_is_with_a_doctor(world: World, api: Api) -> None:
    inside = visit_in(world, "in_progress")
    walk_in(world)
    response = api.call("post", f"clinics/{world.here.pk}/close-day/", {})
    assert outcome(response) == (409, "still_with_doctor")
    inside.refresh_from_db()
    assert inside.ticket is not None
    assert inside.ticket in response.json()["detail"]
    assert response.json()["current"]["id"] == inside.pk


def test_the_day_is_refused_while_somebody_is_still_to_come(world: World, api: Api, clock: time_machine.Traveller) -> None:
    appointment = book(world, minutes=90)
    response = api.call("post", f"clinics/{world.here.pk}/close-day/", {})
    assert outcome(response) == (409, "still_to_come")
    assert "09:30" in response.json()["detail"]
    assert response.json()["current"]["id"] == appointment.pk
    clock.shift(dt.timedelta(hours=2))
    assert close(Api(world.admin), world)["figures"]["no_show"] == 1


@pytest.mark.parametrize(
    "date",
    ["2026-03-03", "9999-12-31", "2026-02-31", "yesterday", "", 5, "2026-03-01", "0001-01-01", "1900-01-01", "a\0b", None, []],
)
def test_days_that_cannot_be_closed(world: World, api: Api, date: Any) -> None:
    """Coming ones, ones that are none, and past ones on which nothing was."""
    assert refused(api, world, date=date) == (400, "date")


def test_a_day_on_which_nobody_came_is_closed_all_the_same(world: World, api: Api) -> None:
    figures = close(api, world)["figures"]
    assert (figures["booked"], figures["first_ticket"], figures["median_wait_seconds"]) == (0, None, None)


def test_a_past_day_is_closed_by_its_date(world: World, clock: time_machine.Traveller) -> None:
    visit = walk_in(world)
    clock.shift(dt.timedelta(days=1))
    api = Api(world.admin)
    today = walk_in(world)
    assert close(api, world, date="2026-03-02")["figures"]["left"] == 1
    assert states(visit, today) == ["left", "waiting"]


def test_the_other_clinic_goes_on(world: World, api: Api) -> None:
    there = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    walk_in(world)
    close(api, world)
    assert states(there) == ["waiting"]
    assert Api(world.admin_there).all("day-closes/") == []


# --- Again ------------------------------------------------------------------------------------------------------------


def test_closing_again_with_nothing_new_answers_the_last(world: World, api: Api) -> None:
    walk_in(world)
    closed = close(api, world)
    start = last_delivery()
    before = dump()
    assert close(Api(world.receptionist), world)["id"] == closed["id"]
    assert dump() == before
    assert told(world, start) == []


def test_closing_again_after_more_work_appends_the_next(world: World, api: Api) -> None:
    visit = walk_in(world)
    first = close(api, world)
    payment_actions.process(visit.payment, by=world.admin, amount=Decimal(20), method="card")
    second = close(api, world)
    late = walk_in(world)
    third = close(api, world)
    assert [each["number"] for each in (first, second, third)] == [1, 2, 3]
    assert third["figures"]["walk_ins"] == 2
    assert states(late) == ["left"]
    assert [row["number"] for row in api.all("day-closes/")] == [3, 2, 1]
    assert DayClose.objects.get(pk=first["id"]).figures == first["figures"]


def test_a_closing_is_taken_back_visit_by_visit_on_the_same_day(world: World, clock: time_machine.Traveller) -> None:
    missed, waiting = book(world, minutes=10), walk_in(world)
    clock.shift(dt.timedelta(hours=1))
    api = Api(world.admin)
    close(api, world)
    for visit in (missed.visit, waiting):
        api.ok("post", f"visits/{visit.pk}/undo/", {})
    assert states(missed.visit, waiting) == ["planned", "waiting"]
    assert Appointment.objects.get(pk=missed.pk).status == "booked"
    again = close(api, world)
    assert again["number"] == 2
    assert states(missed.visit, waiting) == ["no_show", "left"]
    clock.shift(dt.timedelta(days=1))
    assert outcome(Api(world.admin).call("post", f"visits/{waiting.pk}/undo/", {})) == (409, "nothing_to_undo")


# --- Figures ----------------------------------------------------------------------------------------------------------


def test_the_figures_of_a_day(world: World, clock: time_machine.Traveller) -> None:
    by = world.receptionist
    book(world, minutes=5), visit_in(world, "cancelled", minutes=100), walk_in(world)
    first, second, third = walk_in(world), walk_in(world), walk_in(world, doctor=world.colleague)
    for visit, minutes in ((first, 10), (third, 0), (second, 20)):
        clock.shift(dt.timedelta(minutes=minutes))
        actions.call(visit, by=by)
        clock.shift(dt.timedelta(minutes=2))
        actions.call(visit, by=by)  # the wait ends with the first call
        actions.start(visit, by=by)
        actions.complete(visit, by=by)
    payment_actions.process(first.payment, by=by, amount=Decimal(50), method="cash")
    payment_actions.process(second.payment, by=by, amount=Decimal("12.5"), method="card")
    payment_actions.refund(first.payment, by=world.admin, amount=Decimal(20), reason="x")
    figures = close(Api(world.admin), world)["figures"]
    doctors = {each["id"]: each for each in figures.pop("doctors")}
    medians = {key: each["median_wait_seconds"] for key, each in doctors.items()}
    assert figures.pop("longest_wait_seconds") == pytest.approx(34 * 60, abs=20)
    assert figures.pop("median_wait_seconds") == pytest.approx(12 * 60, abs=20)
    assert medians == {
        world.doctor.pk: pytest.approx(22 * 60, abs=20),
        world.colleague.pk: pytest.approx(12 * 60, abs=20),
    }
    assert {key: (each["name"], each["seen"]) for key, each in doctors.items()} == {
        world.doctor.pk: (world.doctor.name, 2),
        world.colleague.pk: (world.colleague.name, 1),
    }
    code = world.here.code
    assert figures == {
        "booked": 2,
        "walk_ins": 4,
        "seen": 3,
        "left": 1,
        "no_show": 1,
        "cancelled": 1,
        "first_ticket": f"{code}-001",
        "last_ticket": f"{code}-005",
        "money": [
            {
                "currency": "USD",
                "taken": "62.50",
                "refunded": "20.00",
                "by_method": {
                    "card": {"taken": "12.50", "refunded": "0.00"},
                    "cash": {"taken": "50.00", "refunded": "20.00"},
                },
            }
        ],
    }


def test_a_call_that_was_taken_back_ended_no_wait(world: World, clock: time_machine.Traveller) -> None:
    visit = walk_in(world)
    actions.call(visit, by=world.receptionist)
    actions.undo(visit, by=world.receptionist)
    clock.shift(dt.timedelta(minutes=30))
    actions.start(visit, by=world.doctor_user)
    actions.complete(visit, by=world.doctor_user)
    assert close(Api(world.admin), world)["figures"]["longest_wait_seconds"] == pytest.approx(1800, abs=20)


def test_money_is_counted_on_the_day_it_came_and_by_currency(world: World, clock: time_machine.Traveller) -> None:
    free = walk_in(world, service=ServiceFactory(clinic=world.here, price=Decimal(0)))
    old = walk_in(world)
    clock.shift(dt.timedelta(days=1))
    payment_actions.process(old.payment, by=world.admin, amount=Decimal(50), method="transfer")
    as_if(world.here, currency="KWD")
    payment_actions.process(walk_in(world).payment, by=world.admin, amount=Decimal("1.5"), method="cash")
    api = Api(world.admin)
    assert close(api, world, date="2026-03-02")["figures"]["money"][0]["taken"] == "0.000"
    money = close(api, world)["figures"]["money"]
    assert [(each["currency"], each["taken"], each["refunded"]) for each in money] == [
        ("KWD", "1.500", "0.000"),
        ("USD", "50.00", "0.00"),
    ]
    assert free.payment.status == "paid"


def test_who_may_not_see_money_gets_the_rest(world: World, api: Api) -> None:
    walk_in(world)
    all_of_it = close(api, world)
    desk = Api(world.receptionist)
    seen = close(desk, world)
    assert set(all_of_it["figures"]) - set(seen["figures"]) == {"money"}
    assert desk.all("day-closes/") == [seen] == [desk.ok("get", f"day-closes/{seen['id']}/")]
    assert outcome(Api(world.doctor_user).call("get", "day-closes/")) == (403, "forbidden")


# --- By itself --------------------------------------------------------------------------------------------------------


def close_by_itself() -> list[tuple[dt.date, int]]:
    return [(closed.date, closed.number) for closed in actions.close_over_days()]


def test_a_day_is_over_at_its_hour_of_the_next(world: World, clock: time_machine.Traveller) -> None:
    visit = walk_in(world)
    clock.move_to("2026-03-03T02:59:59Z")
    assert close_by_itself() == []
    clock.move_to("2026-03-03T03:00:00Z")
    assert close_by_itself() == [(TODAY, 1)]
    assert states(visit) == ["left"]
    assert DayClose.objects.get().by is None
    assert close_by_itself() == []


def test_the_hour_is_the_clinics_own(world: World, clock: time_machine.Traveller) -> None:
    world.here.timezone, world.here.day_ends_at = "America/New_York", dt.time(1, 30)
    world.here.save(update_fields=["timezone", "day_ends_at"])
    world.here.refresh_from_db()
    walk_in(world)
    clock.move_to("2026-03-03T06:29:00Z")
    assert close_by_itself() == []
    clock.move_to("2026-03-03T06:30:00Z")
    assert close_by_itself() == [(TODAY, 1)]


def test_who_is_still_with_the_doctor_was_seen_and_is_in_nobodys_way(world: World, clock: time_machine.Traveller) -> None:
    forgotten = visit_in(world, "in_progress")
    clock.shift(dt.timedelta(days=1))
    doctor = Api(world.doctor_user)
    next_one = walk_in(world)
    assert outcome(doctor.call("post", f"visits/{next_one.pk}/start/", {})) == (409, "doctor_busy")
    assert close_by_itself() == [(TODAY, 1)]
    assert last_step(forgotten) == ("close_day", "in_progress", "completed", "day closed")
    assert Appointment.objects.get(visit=forgotten).status == "fulfilled"
    doctor.ok("post", f"visits/{next_one.pk}/start/", {})


def test_a_day_that_was_closed_by_hand_is_closed_once_more_at_its_end(world: World, clock: time_machine.Traveller) -> None:
    close(Api(world.admin), world)
    walk_in(world)
    clock.shift(dt.timedelta(days=1))
    assert close_by_itself() == [(TODAY, 2)]
    clock.shift(dt.timedelta(days=1))
    assert close_by_itself() == []


def test_with_nothing_new_its_end_is_kept_once(world: World, clock: time_machine.Traveller) -> None:
    """Else the server would look at a day that was closed by hand for ever."""
    walk_in(world)
    by_hand = close(Api(world.admin), world)
    clock.shift(dt.timedelta(days=1))
    assert close_by_itself() == [(TODAY, 2)]
    assert DayClose.objects.get(number=2).figures == by_hand["figures"]
    assert close(Api(world.admin), world, date="2026-03-02")["number"] == 2
    clock.shift(dt.timedelta(days=1))
    assert close_by_itself() == []


def test_forgotten_days_are_closed_in_their_order(world: World, clock: time_machine.Traveller) -> None:
    for _ in range(3):
        walk_in(world)
        clock.shift(dt.timedelta(days=3))
    out = StringIO()
    call_command("close_days", stdout=out)
    assert out.getvalue().splitlines() == [
        f"{world.here.name} {TODAY + dt.timedelta(days=3 * n)}: closed (1)." for n in range(3)
    ]
    assert set(Visit.objects.values_list("status", flat=True)) == {"left"}
    assert close_by_itself() == []


def test_what_is_taken_back_the_next_morning_has_until_the_next_night(world: World, clock: time_machine.Traveller) -> None:
    visit = walk_in(world)
    clock.move_to("2026-03-03T03:05:00Z")
    close_by_itself()
    clock.move_to("2026-03-03T09:00:00Z")
    Api(world.admin).ok("post", f"visits/{visit.pk}/undo/", {})
    assert close_by_itself() == []
    clock.move_to("2026-03-04T03:05:00Z")
    assert close_by_itself() == [(TODAY, 2)]
    assert states(visit) == ["left"]


def broken_day(clinic: Clinic, day: dt.date) -> tuple[list[str], list[str]]:
    """Statements that make the database refuse the closing of this day, and that heal it."""
    raises = "RAISE EXCEPTION 'the disk is broken here'"
    if connection.vendor == "postgresql":
        return [
            (
                "CREATE FUNCTION broken_day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF NEW.clinic_id = {clinic.pk} AND NEW.date = '{day}' THEN {raises}; END IF; RETURN NEW; END $$"
            ),
            "CREATE TRIGGER broken_day BEFORE INSERT ON queue_dayclose FOR EACH ROW EXECUTE FUNCTION broken_day()",
        ], ["DROP TRIGGER broken_day ON queue_dayclose", "DROP FUNCTION broken_day()"]
    when = f"NEW.clinic_id = {clinic.pk} AND NEW.date = '{day}'"
    return [
        f"CREATE TRIGGER broken_day BEFORE INSERT ON queue_dayclose WHEN {when} BEGIN SELECT RAISE(ABORT, 'broken'); END"
    ], ["DROP TRIGGER broken_day"]


def run_sql(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_a_day_that_fails_stops_no_other_and_is_tried_again(world: World, clock: time_machine.Traveller) -> None:
    """One of two days of one of two clinics, whose visits all were ended before: nothing else than its closing is missing."""
    done = visit_in(world, "completed")
    clock.shift(dt.timedelta(days=1))
    here = walk_in(world)
    there = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    clock.shift(dt.timedelta(days=1))
    breaks, heals = broken_day(world.here, TODAY)
    run_sql(breaks)
    tomorrow = TODAY + dt.timedelta(days=1)
    assert [(c.clinic, c.date) for c in actions.close_over_days()] == [(world.here, tomorrow), (world.there, tomorrow)]
    assert states(done, here, there) == ["completed", "left", "left"]
    assert close_by_itself() == []
    run_sql(heals)
    assert close_by_itself() == [(TODAY, 1)]
    assert close_by_itself() == []


def test_a_clinic_whose_days_cannot_be_told_stops_no_other(world: World, clock: time_machine.Traveller) -> None:
    there = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    clock.shift(dt.timedelta(days=1))
    as_if(world.here, timezone="Europe/Nowhere")  # the machine's list of zones has become a shorter one
    assert close_by_itself() == [(TODAY, 1)]
    assert states(there) == ["left"]


# --- What screens hear ------------------------------------------------------------------------------------------------


def test_one_frame_per_queue_tells_of_all_visits(world: World, clock: time_machine.Traveller) -> None:
    for n in range(3):
        book(world, minutes=5 + 20 * n)
        walk_in(world)
    walk_in(world, doctor=world.colleague)
    clock.shift(dt.timedelta(hours=2))
    watcher = Watcher(screens_of(world))
    start = last_delivery()
    actions.close_day(world.here, by=world.receptionist)
    lines = told(world, start)
    assert sorted(lines) == sorted(
        [
            *["appointment_updated C D"] * 3,
            "queue_updated C D",
            "queue_updated C E",
            *["visit_status_changed C D"] * 3,
            "visit_status_changed C E",
        ]
    )
    assert lines[0] == "appointment_updated C D"
    assert lines.index("queue_updated C D") < lines.index("visit_status_changed C D")
    watcher.catch_up()
    watcher.check()


# --- When the clocks change -------------------------------------------------------------------------------------------

NIGHTS = [
    # zone, a day, the moment at which it is over (02:30 of the next day by its own clock), how many hours it has
    ("Europe/Berlin", "2026-03-28", "2026-03-29T01:00:00+00:00", 24),  # 02:30 is skipped: when the clock goes on
    ("Europe/Berlin", "2026-03-29", "2026-03-30T00:30:00+00:00", 23),
    ("Europe/Berlin", "2026-10-24", "2026-10-25T00:30:00+00:00", 24),  # 02:30 comes twice: the first
    ("Europe/Berlin", "2026-10-25", "2026-10-26T01:30:00+00:00", 25),
    ("America/New_York", "2026-03-07", "2026-03-08T07:00:00+00:00", 24),
    ("America/New_York", "2026-03-08", "2026-03-09T06:30:00+00:00", 23),
    ("America/New_York", "2026-11-01", "2026-11-02T07:30:00+00:00", 25),
    ("Pacific/Kiritimati", "2026-03-28", "2026-03-28T12:30:00+00:00", 24),
]


@pytest.mark.parametrize(("zone", "day", "over", "hours"), NIGHTS)
def test_a_day_is_over_when_its_clock_says_so(
    world: World, clock: time_machine.Traveller, zone: str, day: str, over: str, hours: int
) -> None:
    as_if(world.here, timezone=zone, day_ends_at=dt.time(2, 30))
    date, ends = dt.date.fromisoformat(day), dt.datetime.fromisoformat(over)
    first, after = world.here.day_bounds(date)
    assert after.astimezone(dt.UTC) - first.astimezone(dt.UTC) == dt.timedelta(hours=hours)
    clock.move_to(after - dt.timedelta(minutes=1))
    visit = walk_in(world)
    payment_actions.process(visit.payment, by=world.admin, amount=Decimal(20), method="cash")
    clock.move_to(after + dt.timedelta(seconds=1))
    late = walk_in(world)
    payment_actions.process(visit.payment, by=world.admin, amount=Decimal(5), method="cash")
    assert (visit.date, late.date) == (date, date + dt.timedelta(days=1))
    clock.move_to(ends - dt.timedelta(seconds=5))
    assert close_by_itself() == []
    clock.move_to(ends)
    assert close_by_itself() == [(date, 1)]
    figures = DayClose.objects.get().figures
    assert (figures["walk_ins"], figures["left"], figures["money"][0]["taken"]) == (1, 1, "20.00")
    actions.undo(visit, by=world.admin)  # what is open again has until the next night, also while the hour comes again
    for minutes in (1, 45, 75):
        clock.move_to(ends + dt.timedelta(minutes=minutes))
        assert close_by_itself() == []
