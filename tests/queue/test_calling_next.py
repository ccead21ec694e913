"""Two windows, one button: nobody is called by accident while somebody is on the way in."""

from __future__ import annotations

from queue import actions
from queue.models import Visit
from tests.api.client import Api, outcome
from tests.factories import World, walk_in


def test_who_says_whom_they_see_called_is_refused_if_there_is_another(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    api, path = Api(world.doctor_user), f"queue/doctors/{world.doctor.pk}/call-next/"
    assert api.ok("post", path, {"beside": []})["id"] == first.pk

    refused = api.call("post", path, {"beside": []})

    assert outcome(refused) == (409, "already_called")
    assert refused.json()["current"]["id"] == first.pk
    assert first.patient.full_name in refused.json()["detail"]
    assert Visit.objects.get(pk=second.pk).status == "waiting"
    assert api.ok("post", path, {"beside": [first.pk]})["id"] == second.pk


def test_who_says_nothing_calls_whoever_is_next(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    api, path = Api(world.doctor_user), f"queue/doctors/{world.doctor.pk}/call-next/"
    assert [api.ok("post", path)["id"], api.ok("post", path, {})["id"]] == [first.pk, second.pk]


def test_somebody_inside_is_no_reason_to_ask(world: World) -> None:
    actions.start(walk_in(world), by=world.doctor_user)
    second = walk_in(world)
    path = f"queue/doctors/{world.doctor.pk}/call-next/"
    assert Api(world.doctor_user).ok("post", path, {"beside": []})["id"] == second.pk


def test_a_colleagues_patient_is_no_reason_to_ask(world: World) -> None:
    actions.call(walk_in(world, doctor=world.colleague), by=world.receptionist)
    mine = walk_in(world)
    path = f"queue/doctors/{world.doctor.pk}/call-next/"
    assert Api(world.doctor_user).ok("post", path, {"beside": []})["id"] == mine.pk


def test_numbers_that_no_visit_has_are_known_to_nobody(world: World) -> None:
    visit = walk_in(world)
    path = f"queue/doctors/{world.doctor.pk}/call-next/"
    assert Api(world.doctor_user).ok("post", path, {"beside": [10**30, -1, 0]})["id"] == visit.pk


def test_what_is_no_list_of_visits_is_refused(world: World) -> None:
    visit = walk_in(world)
    for beside in ("x", {"a": 1}, ["x"], [None], list(range(201))):
        response = Api(world.doctor_user).call("post", f"queue/doctors/{world.doctor.pk}/call-next/", {"beside": beside})
        assert outcome(response) == (400, "beside")
    assert Visit.objects.get(pk=visit.pk).status == "waiting"
