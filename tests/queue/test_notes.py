"""What a doctor writes about a visit: who writes and reads it, that it is kept, and where it never goes."""

from __future__ import annotations

from typing import Any

import pytest

from clinics.models import IdempotencyKey
from patients.models import FileAccess
from queue import actions
from queue.models import Visit, VisitNote, VisitStep
from queue.serializers import NOTE_LENGTH
from realtime.models import Event
from tests.api.client import Api, outcome
from tests.factories import PatientFactory, World, walk_in
from tests.realtime.flows import last_delivery, told

SECRET = "penicillin rash on the left forearm"


def inside(world: World, **fields: Any) -> Visit:
    return actions.start(walk_in(world, **fields), by=world.doctor_user)


def complete(world: World, visit: Visit, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = Api(world.doctor_user).ok("post", f"visits/{visit.pk}/complete/", body)
    return answer


def notes(world: World, user: Any = None, **params: Any) -> list[dict[str, Any]]:
    return Api(user or world.doctor_user).all("visit-notes/", **params)


def test_a_note_is_stored_with_the_visit_and_who_wrote_it(world: World) -> None:
    visit = inside(world)
    assert complete(world, visit, note=f"  {SECRET}\n")["status"] == "completed"
    (row,) = notes(world, patient=visit.patient_id)
    assert (row["visit_id"], row["text"], row["by"]) == (visit.pk, SECRET, world.doctor.name)


@pytest.mark.parametrize("body", [{}, {"note": ""}, {"note": "  \n "}])
def test_a_visit_ends_without_a_note_too(world: World, body: dict[str, str]) -> None:
    assert complete(world, inside(world), **body)["status"] == "completed"
    assert not VisitNote.objects.exists()


@pytest.mark.parametrize("note", ["x" * (NOTE_LENGTH + 1), "nul\0", {"a": 1}, ["x"], None])
def test_what_is_no_note_is_refused_and_nothing_done(world: World, note: Any) -> None:
    visit = inside(world)
    response = Api(world.doctor_user).call("post", f"visits/{visit.pk}/complete/", {"note": note})
    assert outcome(response) == (400, "note")
    assert Visit.objects.get(pk=visit.pk).status == "in_progress"


def test_only_the_visits_doctor_writes(world: World) -> None:
    visit = inside(world)
    refused = Api(world.admin).call("post", f"visits/{visit.pk}/complete/", {"note": SECRET})
    assert outcome(refused) == (403, "forbidden")
    assert Visit.objects.get(pk=visit.pk).status == "in_progress"
    assert outcome(Api(world.colleague.user).call("post", f"visits/{visit.pk}/complete/", {"note": SECRET})) == (
        *(404, "not_found"),
    )
    assert not VisitNote.objects.exists()
    # An admin may end it, in silence.
    assert Api(world.admin).ok("post", f"visits/{visit.pk}/complete/", {})["status"] == "completed"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        *(("doctor", 200), ("colleague", 404), ("stranger", 404), ("receptionist", 403), ("admin", 403), ("superuser", 403)),
        *(("receptionist_there", 403), ("admin_there", 403)),
    ],
)
def test_who_writes_and_who_reads(world: World, who: str, status: int) -> None:
    visit = inside(world)
    complete(world, visit, note=SECRET)
    someone = getattr(world, who)
    api = Api(getattr(someone, "user", someone))
    assert api.call("post", f"visits/{visit.pk}/note/", {"note": "more"}).status_code == status
    assert api.get("/api/visit-notes/").status_code == (403 if status == 403 else 200)


def test_doctors_of_the_clinic_read_and_it_is_noted(world: World) -> None:
    visit = inside(world)
    complete(world, visit, note=SECRET)
    assert [row["text"] for row in notes(world, world.colleague.user, patient=visit.patient_id)] == [SECRET]
    read = FileAccess.objects.get(user=world.colleague.user)
    assert (read.patient_id, read.how) == (visit.patient_id, "opened")
    # A doctor of another clinic: as if there were none.
    assert notes(world, world.stranger.user, patient=visit.patient_id) == []
    assert not FileAccess.objects.filter(user=world.stranger.user).exists()


def test_the_number_of_a_merged_file_gives_the_persons_notes(world: World) -> None:
    visit = inside(world)
    complete(world, visit, note=SECRET)
    survivor = PatientFactory()
    Api(world.receptionist).ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": visit.patient_id})
    for number in (survivor.pk, visit.patient_id):
        assert [row["text"] for row in notes(world, patient=number)] == [SECRET]


def test_a_correction_keeps_what_was_written_before(world: World) -> None:
    visit = inside(world)
    api = Api(world.doctor_user)
    api.ok("post", f"visits/{visit.pk}/note/", {"note": "first"})
    complete(world, visit, note="second")
    api.ok("post", f"visits/{visit.pk}/note/", {"note": "second"})
    api.ok("post", f"visits/{visit.pk}/note/", {"note": "third"})
    assert [row["text"] for row in notes(world, visit=visit.pk)] == ["third", "second", "first"]


def test_undo_takes_the_end_back_and_keeps_the_note(world: World) -> None:
    visit = inside(world)
    complete(world, visit, note=SECRET)
    assert Api(world.doctor_user).ok("post", f"visits/{visit.pk}/undo/", {})["status"] == "in_progress"
    assert [row["text"] for row in notes(world, visit=visit.pk)] == [SECRET]
    complete(world, visit, note=SECRET)
    assert VisitNote.objects.count() == 1


@pytest.mark.parametrize("verb", [None, "call", "skip"])
def test_no_note_before_the_visit_has_begun(world: World, verb: str | None) -> None:
    visit, api = walk_in(world), Api(world.doctor_user)
    if verb:
        api.ok("post", f"visits/{visit.pk}/{verb}/", {})
    assert outcome(api.call("post", f"visits/{visit.pk}/note/", {"note": "x"})) == (409, "invalid_transition")


def test_a_refused_end_keeps_no_note(world: World) -> None:
    visit = inside(world)
    stale = Api(world.doctor_user).call("post", f"visits/{visit.pk}/complete/", {"note": SECRET, "version": 1})
    assert outcome(stale) == (409, "stale_version")
    assert not VisitNote.objects.exists()


def test_it_goes_to_no_screen_event_history_or_remembered_answer(world: World) -> None:
    visit, api = inside(world), Api(world.doctor_user)
    assert api.call("post", f"visits/{visit.pk}/complete/", {"note": SECRET}, key="once").status_code == 200
    before = last_delivery()
    api.call("post", f"visits/{visit.pk}/note/", {"note": f"{SECRET}, better"}, key="twice")
    assert told(world, before) == []  # that somebody wrote is news to nobody
    desk = Api(world.receptionist)
    shown = [
        desk.get(f"/api/{path}").content.decode()
        for path in (
            "visits/",
            f"visits/{visit.pk}/",
            f"visits/{visit.pk}/history/",
            f"queue/clinics/{world.here.pk}/",
            f"queue/doctors/{world.doctor.pk}/",
            f"patients/{visit.patient_id}/",
            "appointments/",
        )
    ]
    kept = [
        *Event.objects.values_list("data", flat=True),
        *map(str, VisitStep.objects.values_list("reason", "details", "before")),
        *IdempotencyKey.objects.values_list("body", flat=True),
    ]
    assert VisitNote.objects.filter(text__contains=SECRET).count() == 2
    assert [text for text in [*shown, *kept] if SECRET in text] == []


def test_not_in_the_admin_site_or_its_list_of_changes(world: World, client: Any) -> None:
    visit = inside(world)
    complete(world, visit, note=SECRET)
    client.force_login(world.superuser)
    for path in ("/admin/", f"/admin/queue/visit/{visit.pk}/change/", "/admin/queue/visit/", "/admin/changes/"):
        page = client.get(path)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_as_many_queries_for_thirty_as_for_one(world: World, django_assert_num_queries: Any, rows: int) -> None:
    visit = inside(world)
    for number in range(rows):
        actions.write_note(visit, by=world.doctor_user, note=str(number))
    api = Api(world.doctor_user)
    # The login, the clinics, the count, the rows, and the access log.
    with django_assert_num_queries(5):
        assert len(api.get(f"/api/visit-notes/?patient={visit.patient_id}").json()["results"]) == rows
