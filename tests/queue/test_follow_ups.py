"""The doctor's wish to see a patient again, and the booking that answers it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from appointments import actions as appointment_actions
from queue import actions
from queue.models import Visit
from tests.api.client import Api, outcome
from tests.factories import ServiceFactory, World, book, walk_in
from tests.realtime.watching import Watcher, screens_of


def completed(world: World, **follow_up: Any) -> Visit:
    visit = actions.start(walk_in(world), by=world.doctor_user)
    body = {"follow_up": follow_up} if follow_up else {}
    Api(world.doctor_user).ok("post", f"visits/{visit.pk}/complete/", body)
    return Visit.objects.get(pk=visit.pk)


def shown(world: World, visit: Visit) -> Any:
    """The wish as the desk's screen has it."""
    rows = Api(world.receptionist).ok("get", f"queue/clinics/{world.here.pk}/")["visits"]
    return next(row["follow_up"] for row in rows if row["id"] == visit.pk)


def test_a_wish_in_weeks_is_shown_at_the_desk(world: World) -> None:
    visit = completed(world, weeks=2)
    on = (world.here.today() + dt.timedelta(weeks=2)).isoformat()
    assert shown(world, visit) == {"on": on, "service_id": world.service.pk, "appointment_id": None}


def test_a_wish_for_a_day_and_another_service(world: World) -> None:
    control = ServiceFactory(clinic=world.here)
    day = (world.here.today() + dt.timedelta(days=5)).isoformat()
    assert shown(world, completed(world, on=day, service=control.pk)) == {
        "on": day,
        "service_id": control.pk,
        "appointment_id": None,
    }


def test_no_wish(world: World) -> None:
    assert shown(world, completed(world)) is None


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"weeks": 0},
        {"weeks": 105},
        {"weeks": "two"},
        {"weeks": 1, "on": "2026-04-01"},
        {"on": "2026-03-02"},  # today
        {"on": "2020-01-01"},
        {"on": "2029-01-01"},
        {"on": "soon"},
        {"weeks": 1, "service": 10**9},
    ],
    ids=str,
)
def test_what_is_no_wish_is_refused_and_nothing_done(world: World, wish: dict[str, Any]) -> None:
    visit = actions.start(walk_in(world), by=world.doctor_user)
    response = Api(world.doctor_user).call("post", f"visits/{visit.pk}/complete/", {"follow_up": wish})
    assert outcome(response) == (400, "follow_up")
    assert Visit.objects.get(pk=visit.pk).status == "in_progress"


def test_another_clinics_service_is_not_wished_for(world: World) -> None:
    visit = actions.start(walk_in(world), by=world.doctor_user)
    world.doctor_user.clinics.add(world.there)
    wish = {"weeks": 1, "service": world.service_there.pk}
    response = Api(world.doctor_user).call("post", f"visits/{visit.pk}/complete/", {"follow_up": wish})
    assert outcome(response) == (400, "follow_up")


def test_any_booking_of_the_patient_with_the_doctor_answers_it_and_screens_hear(world: World) -> None:
    visit = completed(world, weeks=1)
    watcher = Watcher(screens_of(world))
    book(world, minutes=60)  # somebody else's
    book(world, minutes=120, patient=visit.patient, doctor=world.colleague)
    assert shown(world, visit)["appointment_id"] is None
    mine = book(world, minutes=240, patient=visit.patient)
    assert shown(world, visit)["appointment_id"] == mine.pk
    appointment_actions.cancel(mine, by=world.receptionist, reason="")
    assert shown(world, visit)["appointment_id"] is None
    watcher.catch_up()
    watcher.check()


def test_the_desk_says_that_nobody_need_come(world: World) -> None:
    visit = completed(world, weeks=1)
    answer = Api(world.receptionist).ok("post", f"visits/{visit.pk}/follow-up/", {"follow_up": None})
    assert answer["follow_up"] is None
    # A mistake: taken back like any other step.
    assert Api(world.receptionist).ok("post", f"visits/{visit.pk}/undo/", {})["follow_up"]["appointment_id"] is None


def test_the_doctor_thinks_of_it_later(world: World) -> None:
    visit = completed(world)
    path = f"visits/{visit.pk}/follow-up/"
    assert Api(world.doctor_user).ok("post", path, {"follow_up": {"weeks": 4}})["follow_up"]["on"]
    assert outcome(Api(world.colleague.user).call("post", path, {"follow_up": None})) == (404, "not_found")


def test_only_after_the_visit(world: World) -> None:
    response = Api(world.receptionist).call("post", f"visits/{walk_in(world).pk}/follow-up/", {"follow_up": None})
    assert outcome(response) == (409, "invalid_transition")


def test_undo_takes_the_wish_back_with_the_end(world: World) -> None:
    visit = completed(world, weeks=1)
    book(world, minutes=60, patient=visit.patient)
    api = Api(world.doctor_user)
    # That it was booked isn't a step of the visit: the last one is its end.
    answer = api.ok("post", f"visits/{visit.pk}/undo/", {})
    assert (answer["status"], answer["follow_up"]) == ("in_progress", None)
    again = api.ok("post", f"visits/{visit.pk}/complete/", {"follow_up": {"weeks": 1}})
    assert again["follow_up"]["appointment_id"] is None


def test_history_tells_of_the_wish_and_its_booking(world: World) -> None:
    visit = completed(world, weeks=1)
    appointment = book(world, minutes=60, patient=visit.patient)
    steps = Api(world.receptionist).ok("get", f"visits/{visit.pk}/history/")
    assert [(step["action"], step["details"]) for step in steps][-1] == ("booked", {"appointment": appointment.pk})
