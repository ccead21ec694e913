"""A doctor's state: who says it, how long it holds, what ends it, and that screens hear of it."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from clinics.commands import command
from clinics.exceptions import InvalidInput
from clinics.models import Doctor
from queue import actions
from queue.models import Presence
from tests.api.client import Api, outcome
from tests.factories import ClinicFactory, DoctorFactory, World, walk_in
from tests.factories.world import soon
from tests.realtime.flows import last_delivery, told
from tests.realtime.watching import Watcher


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.receptionist)


def path(doctor: Doctor) -> str:
    return f"doctors/{doctor.pk}/state/"


def say(api: Api, doctor: Doctor, **body: Any) -> Any:
    return api.ok("post", path(doctor), body)


def on_screen(world: World, doctor: Doctor) -> dict[str, Any]:
    """The doctor as a fresh snapshot of the clinic shows them."""
    rows = Api(world.receptionist).ok("get", f"queue/clinics/{world.here.pk}/")["doctors"]
    return next(row for row in rows if row["id"] == doctor.pk)


def test_who_said_nothing_is_available(world: World, api: Api) -> None:
    answer = api.ok("get", path(world.doctor))
    assert answer == {
        "doctor": {"id": world.doctor.pk, "name": world.doctor.name},
        "state": "available",
        "said": "available",
        "until": None,
        "valid_until": None,
        "version": 1,
        "with_visit": None,
    }
    assert on_screen(world, world.doctor)["state"] == "available"


@pytest.mark.parametrize(
    ("body", "until"),
    [
        ({"state": "break"}, None),
        ({"state": "break", "until": None}, None),
        ({"state": "break", "until": "2026-03-02T10:30:00Z"}, "2026-03-02T10:30:00Z"),
        ({"state": "break", "until": "2026-03-02T12:30:45.5+02:00"}, "2026-03-02T10:30:00Z"),
        ({"state": "break", "until": "2026-03-02T23:59:59Z"}, "2026-03-02T23:59:00Z"),
        ({"state": "gone"}, None),
    ],
)
def test_a_state_is_said_shown_and_taken_back(world: World, api: Api, body: dict[str, Any], until: str | None) -> None:
    said = say(api, world.doctor, **body)
    assert (said["state"], said["until"], said["valid_until"]) == (body["state"], until, "2026-03-03T00:00:00Z")
    assert api.ok("get", path(world.doctor)) == said
    shown = on_screen(world, world.doctor)
    assert {name: shown[name] for name in ("version", "state", "until")} == {
        name: said[name] for name in ("version", "state", "until")
    }
    back = say(api, world.doctor, state="available", version=said["version"])
    assert (back["state"], back["until"], back["version"]) == ("available", None, said["version"] + 1)


def test_saying_the_same_again_changes_nothing_and_tells_nobody(world: World, api: Api) -> None:
    said = say(api, world.doctor, state="break", until="2026-03-02T10:30:00Z")
    start = last_delivery()
    assert say(api, world.doctor, state="break", until="2026-03-02T10:30:00Z") == said
    assert say(api, world.colleague, state="available")["version"] == 1
    assert told(world, start) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "state"),
        ({"state": "with_patient"}, "state"),
        ({"state": "break", "until": "2026-03-02T10:30:00"}, "until"),
        ({"state": "break", "until": "2026-03-02T08:00:59Z"}, "until"),
        ({"state": "break", "until": "2026-03-01T10:30:00Z"}, "until"),
        ({"state": "break", "until": "2026-03-03T00:00:00Z"}, "until"),
        ({"state": "break", "until": "2026-03-03T10:30:00Z"}, "until"),
        ({"state": "gone", "until": "2026-03-02T10:30:00Z"}, "until"),
        ({"state": "available", "until": "2026-03-02T10:30:00Z"}, "until"),
    ],
)
def test_what_makes_no_sense_is_refused_on_its_field(world: World, api: Api, body: dict[str, Any], field: str) -> None:
    assert outcome(api.call("post", path(world.doctor), body)) == (400, field)
    assert not Presence.objects.exists()


@pytest.mark.parametrize("said_before", [False, True])
def test_a_stale_version_is_refused_with_the_state_as_it_is(world: World, api: Api, said_before: bool) -> None:
    now = say(api, world.doctor, state="gone") if said_before else api.ok("get", path(world.doctor))
    response = api.call("post", path(world.doctor), {"state": "break", "version": now["version"] + 1})
    assert outcome(response) == (409, "stale_version")
    assert response.json()["current"] == now
    assert api.ok("get", path(world.doctor)) == now


def test_a_doctor_says_it_for_themself_and_not_for_a_colleague(world: World) -> None:
    api = Api(world.doctor_user)
    assert say(api, world.doctor, state="gone")["state"] == "gone"
    assert outcome(api.call("post", path(world.colleague), {"state": "gone"})) == (404, "not_found")
    assert api.ok("get", path(world.colleague))["state"] == "available"


def test_with_a_patient_is_seen_from_the_visit_and_is_no_state_of_its_own(world: World, api: Api) -> None:
    visit = walk_in(world)
    actions.start(visit, by=world.doctor_user)
    say(api, world.doctor, state="break")  # "after this one"
    inside = api.ok("get", path(world.doctor))
    assert (inside["state"], inside["said"], inside["with_visit"]) == ("with_patient", "break", visit.pk)
    assert on_screen(world, world.doctor)["state"] == "break"
    actions.complete(visit, by=world.doctor_user)
    after = api.ok("get", path(world.doctor))
    assert (after["state"], after["with_visit"]) == ("break", None)


@pytest.mark.parametrize("verb", ["call", "start", "call-next"])
@pytest.mark.parametrize("state", ["break", "gone"])
def test_who_calls_or_starts_is_back(world: World, verb: str, state: str) -> None:
    admin = Api(world.admin)
    visit = walk_in(world)
    said = say(admin, world.doctor, state=state)
    say(admin, world.colleague, state=state)
    where = f"queue/doctors/{world.doctor.pk}/call-next/" if verb == "call-next" else f"visits/{visit.pk}/{verb}/"
    admin.ok("post", where, {})
    now = on_screen(world, world.doctor)
    assert (now["state"], now["version"]) == ("available", said["version"] + 1)
    assert on_screen(world, world.colleague)["state"] == state
    history = list(Presence.objects.get(pk=world.doctor.pk).history.order_by("pk").values_list("state", "by__username"))
    assert history == [(state, world.admin.username), ("available", world.admin.username)]


def test_a_state_holds_for_its_day(world: World, clock: time_machine.Traveller) -> None:
    said = say(Api(world.receptionist), world.doctor, state="break", until="2026-03-02T10:30:00Z")
    clock.move_to("2026-03-02T23:59:00Z")  # late back is still on a break: nobody has said otherwise
    assert on_screen(world, world.doctor)["state"] == "break"
    clock.move_to("2026-03-03T00:00:00Z")
    shown = on_screen(world, world.doctor)
    assert (shown["state"], shown["until"], shown["version"]) == ("available", None, said["version"])
    # What was said yesterday is not in the way of today's call, which tells nothing of the doctor.
    start = last_delivery()
    actions.call(walk_in(world), by=world.receptionist)
    assert Presence.objects.get(pk=world.doctor.pk).state == "break"
    assert told(world, start)[-2:] == ["queue_updated C D", "visit_status_changed C D"]
    assert say(Api(world.receptionist), world.doctor, state="break")["state"] == "break"


def test_the_day_is_the_clinics(world: World, clock: time_machine.Traveller) -> None:
    west = ClinicFactory(timezone="America/New_York")
    doctor = DoctorFactory(clinics=[west])
    api = Api(world.superuser)
    late = say(api, doctor, state="break", until="2026-03-03T04:30:00Z")  # half past eleven at night there
    assert late["valid_until"] == "2026-03-03T05:00:00Z"
    assert outcome(api.call("post", path(doctor), {"state": "break", "until": "2026-03-03T05:00:00Z"})) == (400, "until")


def test_a_doctor_of_no_clinic_is_told_so_by_name(world: World) -> None:
    world.doctor.clinics.clear()
    with pytest.raises(InvalidInput):
        actions.set_state(world.doctor, by=world.superuser, state="gone")


# --- Who hears of it --------------------------------------------------------------------------------------------------


def two_places(world: World) -> Doctor:
    """A doctor of both clinics; their rooms are C, T and one without a letter."""
    return DoctorFactory(clinics=[world.here, world.there])


def test_every_clinic_of_the_doctor_hears_of_it(world: World) -> None:
    doctor = two_places(world)
    start = last_delivery()
    actions.set_state(doctor, by=world.receptionist, state="gone")
    assert told(world, start) == [f"queue_updated C T doctor_{doctor.pk}"]


def test_a_call_at_one_clinic_tells_the_other_that_the_doctor_is_back(world: World) -> None:
    doctor = two_places(world)
    visit = walk_in(world, doctor=doctor)
    actions.set_state(doctor, by=world.receptionist, state="gone")
    watcher = Watcher([f"clinic_{world.here.pk}", f"clinic_{world.there.pk}", f"doctor_{doctor.pk}"])
    start = last_delivery()
    actions.call(visit, by=world.receptionist)
    room = f"doctor_{doctor.pk}"
    assert told(world, start) == [f"queue_updated C {room}", f"visit_status_changed C {room}", "queue_updated T"]
    news = watcher.catch_up()
    watcher.check()
    assert news[f"clinic_{world.there.pk}"][0]["data"]["visits"] == []


def test_clinics_in_two_zones_have_each_their_own_day(world: World) -> None:
    west = ClinicFactory(timezone="Pacific/Pago_Pago")  # eleven hours behind: it is still Sunday there
    east = ClinicFactory(timezone="Pacific/Kiritimati")  # fourteen hours ahead, and Monday too
    doctor = DoctorFactory(clinics=[world.here, west, east])
    start = last_delivery()
    actions.set_state(doctor, by=world.superuser, state="gone")
    lines = told(world, start)
    assert lines == [f"queue_updated C clinic_{east.pk} doctor_{doctor.pk}", f"queue_updated clinic_{west.pk}"]


def test_rooms_where_the_doctor_has_no_place_hear_nothing_of_them(world: World) -> None:
    visit = walk_in(world)
    start = last_delivery()
    with command():
        actions.transfer(visit, by=world.receptionist, doctor=world.colleague)
        actions.set_state(world.doctor, by=world.receptionist, state="gone")
    assert told(world, start) == ["queue_updated C E D", "queue_updated C D"]


def test_a_break_said_by_two_at_once_is_one_row(world: World) -> None:
    first = actions.set_state(world.doctor, by=world.doctor_user, state="break", until=soon(20))
    second = actions.set_state(world.doctor, by=world.receptionist, state="break", until=soon(40))
    assert second.version == first.version + 1
    assert Presence.objects.count() == 1


def test_the_new_name_of_a_doctor_who_is_away_is_on_every_screen(world: World) -> None:
    actions.set_state(world.doctor, by=world.doctor_user, state="gone")
    watcher = Watcher([f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"])
    Api(world.admin).ok("patch", path(world.doctor).removesuffix("state/"), {"name": "Dr Other"})
    watcher.catch_up()
    watcher.check()
    assert on_screen(world, world.doctor)["name"] == "Dr Other"


def test_the_new_name_of_a_doctor_whom_no_row_shows_is_told_too(world: World) -> None:
    """Snapshots list the doctors of a clinic whether or not anybody waits for them."""
    start = last_delivery()
    Api(world.admin).ok("patch", path(world.doctor).removesuffix("state/"), {"name": "Dr Other"})
    assert told(world, start) == ["queue_updated C D"]
    start = last_delivery()
    Api(world.admin).ok("patch", path(world.doctor).removesuffix("state/"), {"speciality": "Eyes"})
    assert told(world, start) == []


def test_visits_say_when_the_calls_are_used_up(world: World, api: Api) -> None:
    world.here.call_limit = 2
    world.here.save(update_fields=["call_limit"])
    visit = walk_in(world)

    def reached(verb: str) -> bool:
        return bool(api.ok("post", f"visits/{visit.pk}/{verb}/", {})["call_limit_reached"])

    # Nothing is refused: a third call still is one. Who is skipped or back isn't being called any more.
    assert [reached(verb) for verb in ("call", "call", "call", "undo", "skip", "return")] == [
        *(False, True, True, True),
        *(False, False),
    ]


def test_a_visit_of_another_clinic_has_no_number_here(world: World) -> None:
    both = DoctorFactory(clinics=[world.here, world.there])
    where = {"clinic": world.there, "service": world.service_there, "by": world.receptionist_there}
    inside = actions.start(walk_in(world, doctor=both, **where), by=world.admin_there)
    here, there = (Api(each).ok("get", path(both)) for each in (world.receptionist, world.receptionist_there))
    assert (here["state"], here["with_visit"]) == ("with_patient", None)
    assert (there["state"], there["with_visit"]) == ("with_patient", inside.pk)
    said = say(Api(world.receptionist), both, state="available")
    assert (said["state"], said["with_visit"]) == ("with_patient", None)
