"""Un-merging: exactly what went comes back."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.models import Appointment
from patients.models import FileAccess, Patient, PatientMerge
from queue.models import Visit
from realtime.models import Event
from tests.api.client import Api, dump_but_reading, outcome
from tests.factories import PatientFactory, World, book, walk_in


@pytest.fixture
def pair(world: World) -> tuple[Patient, Patient]:
    return PatientFactory(full_name="Kept Person"), PatientFactory(full_name="Gone Person")


def merge(world: World, kept: Patient, gone: Patient) -> None:
    Api(world.receptionist).ok("post", f"patients/{kept.pk}/merge/", {"duplicate": gone.pk})


def unmerge(world: World, kept: Patient, gone: Patient, **more: Any) -> Any:
    return Api(world.receptionist).call("post", f"patients/{kept.pk}/unmerge/", {"duplicate": gone.pk, **more})


def owners(*rows: Appointment | Visit) -> list[int]:
    return [type(row)._base_manager.get(pk=row.pk).patient_id for row in rows]


def test_what_was_moved_goes_back_and_what_came_since_stays(world: World, pair: tuple[Patient, Patient]) -> None:
    kept, gone = pair
    own, theirs = book(world, patient=kept, minutes=30), book(world, patient=gone, minutes=90)
    old = walk_in(world, patient=gone)
    merge(world, kept, gone)
    since = book(world, patient=gone, minutes=150)  # the old id stands for the survivor
    later = walk_in(world, patient=kept)
    answer = unmerge(world, kept, gone)
    assert (answer.status_code, answer.json()["id"]) == (200, kept.pk)
    assert owners(own, own.visit, since, since.visit, later) == [kept.pk] * 5
    assert owners(theirs, theirs.visit, old) == [gone.pk] * 3
    api = Api(world.receptionist)
    assert api.ok("get", f"patients/{gone.pk}/")["full_name"] == "Gone Person"
    assert {row["id"] for row in api.all("patients/", search="person")} == {kept.pk, gone.pk}
    assert {row["id"] for row in api.all("visits/", patient=gone.pk)} == {old.pk, theirs.visit.pk}
    done = PatientMerge.objects.get()
    assert (done.by, done.unmerged_by) == (world.receptionist, world.receptionist)
    assert done.unmerged_at is not None


def test_screens_hear_of_both_files_and_of_what_went_back(world: World, pair: tuple[Patient, Patient]) -> None:
    kept, gone = pair
    appointment, visit = book(world, patient=gone), walk_in(world, patient=gone)
    merge(world, kept, gone)
    seen = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    versions = {row.pk: row.version for row in Patient.objects.all()}
    assert unmerge(world, kept, gone).status_code == 200
    events = list(Event.objects.filter(pk__gt=seen).order_by("pk").values_list("name", "data"))
    assert sorted(name for name, _data in events) == [
        *("appointment_updated", "patient_updated", "patient_updated", "queue_updated")
    ]
    told = " ".join(data for name, data in events if name != "patient_updated")
    assert f'"patient":{{"id":{gone.pk},"name":"Gone Person"}}' in told
    assert (f'"id":{visit.pk},' in told, f'"id":{appointment.pk},' in told) == (True, True)
    for pk in (kept.pk, gone.pk):
        assert Patient.objects.get(pk=pk).version > versions[pk]


def test_merging_again_after_that(world: World, pair: tuple[Patient, Patient]) -> None:
    kept, gone = pair
    visit = walk_in(world, patient=gone)
    for _ in range(2):
        merge(world, kept, gone)
        assert owners(visit) == [kept.pk]
        assert unmerge(world, kept, gone).status_code == 200
        assert owners(visit) == [gone.pk]
    merge(world, gone, kept)
    assert Patient.objects.get(pk=kept.pk).merged_into_id == gone.pk
    assert PatientMerge.objects.count() == 3


def test_a_chain_comes_apart_in_its_order(world: World) -> None:
    first, second, third = (PatientFactory(full_name=f"Chain {n}") for n in "abc")
    visits = [walk_in(world, patient=patient) for patient in (first, second, third)]
    merge(world, second, first)
    merge(world, third, second)
    assert owners(*visits) == [third.pk] * 3
    before = dump_but_reading()
    inner = unmerge(world, second, first)
    assert (outcome(inner), inner.json()["current"]["id"]) == ((409, "already_merged"), third.pk)
    early = unmerge(world, third, first)
    assert outcome(early) == (409, "not_merged")
    assert second.record_number in early.json()["detail"]
    assert dump_but_reading() == before
    assert unmerge(world, third, second).status_code == 200
    assert owners(*visits) == [second.pk, second.pk, third.pk]
    assert Patient.objects.get(pk=first.pk).merged_into_id == second.pk
    assert unmerge(world, second, first).status_code == 200
    assert owners(*visits) == [first.pk, second.pk, third.pk]


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("never merged", "not_merged"),
        ("another's", "not_merged"),
        ("itself", "not_merged"),
        ("twice", "not_merged"),
        ("erased", "erased"),
        ("from before", "merge_unknown"),
        ("stale", "stale_version"),
    ],
)
def test_refusals(world: World, pair: tuple[Patient, Patient], why: str, code: str) -> None:
    kept, gone = pair
    more: dict[str, Any] = {}
    if why in ("another's", "twice", "erased", "stale"):
        merge(world, PatientFactory() if why == "another's" else kept, gone)
    match why:
        case "twice":
            assert unmerge(world, kept, gone).status_code == 200
        case "erased":
            Api(world.admin).ok("post", f"patients/{kept.pk}/erase/", {"reason": "asked for it"})
        case "from before":
            row = Patient.objects.get(pk=gone.pk)
            row.merged_into = kept
            row.save(update_fields=["merged_into"])
        case "stale":
            more["version"] = kept.version
    before = dump_but_reading()
    response = unmerge(world, kept, kept if why == "itself" else gone, **more)
    assert outcome(response) == (409, code)
    assert response.json()["current"]["id"] == kept.pk
    assert dump_but_reading() == before


def test_nothing_goes_back_that_has_gone_on(world: World, pair: tuple[Patient, Patient]) -> None:
    kept, gone = pair
    visit, other = walk_in(world, patient=gone), walk_in(world, patient=gone)
    merge(world, kept, gone)
    elsewhere = PatientFactory()
    moved = Visit.objects.get(pk=visit.pk)
    moved.patient = elsewhere
    moved.save(update_fields=["patient"])
    assert unmerge(world, kept, gone).status_code == 200
    assert owners(visit, other) == [elsewhere.pk, gone.pk]


def test_merges_are_listed(world: World, pair: tuple[Patient, Patient]) -> None:
    kept, gone = pair
    api = Api(world.receptionist)
    assert api.ok("get", f"patients/{kept.pk}/merges/") == []
    merge(world, kept, gone)
    for file in (kept, gone):
        (row,) = api.ok("get", f"patients/{file.pk}/merges/")
        assert row["duplicate"] == {"id": gone.pk, "name": "Gone Person", "record_number": gone.record_number}
        assert (row["survivor"]["id"], row["by"], row["unmerged_at"]) == (kept.pk, world.receptionist.username, None)
    assert set(FileAccess.objects.filter(how="found").values_list("patient_id", flat=True)) == {kept.pk, gone.pk}
    unmerge(world, kept, gone)
    assert api.ok("get", f"patients/{kept.pk}/merges/")[0]["unmerged_by"] == world.receptionist.username
