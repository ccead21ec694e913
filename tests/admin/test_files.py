"""Merging, taking back and erasing from the list of patients, and what is kept of it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from patients import actions
from patients.models import FileAccess, Patient, PatientErasure, PatientMerge
from tests.admin.test_actions import choose
from tests.admin.test_pages import address
from tests.factories import PatientFactory, World, walk_in


def made() -> tuple[Patient, Patient]:
    return PatientFactory(full_name="First Person"), PatientFactory(full_name="Second Person")


def test_two_are_merged_into_the_one_registered_first(manager: Client, world: World) -> None:
    first, second = made()
    said = choose(manager, Patient, "merge", second, first)
    assert said == [f"1 patient merged into {first}."]
    done = PatientMerge.objects.get()
    assert (done.survivor_id, done.duplicate_id, done.by) == (first.pk, second.pk, world.admin)


def test_one_or_three_are_not_merged(manager: Client, world: World) -> None:
    first, second = made()
    for rows in ([first], [first, second, world.patient]):
        assert choose(manager, Patient, "merge", *rows)[-1] == "Choose exactly two files of one person."
    assert PatientMerge.objects.count() == 0


def test_a_merge_is_taken_back(manager: Client, world: World) -> None:
    first, second = made()
    visit = walk_in(world, patient=second)
    actions.merge(first, duplicate=second, by=world.admin)
    assert choose(manager, Patient, "unmerge", second) == ["1 patient standing alone again."]
    visit.refresh_from_db()
    assert visit.patient_id == second.pk
    assert "isn't merged" in choose(manager, Patient, "unmerge", second)[-1]


def test_a_file_is_erased_with_a_reason_alone(manager: Client, world: World) -> None:
    first, second = made()
    walk_in(world, patient=second)
    assert choose(manager, Patient, "erase", first) == ["Write the reason beside the action, then erase again."]
    said = choose(manager, Patient, "erase", first, second, reason="asked for it")
    assert said[-1] == "1 patient erased."
    assert "today's queue" in said[-2]
    assert PatientErasure.objects.get().patient_id == first.pk
    page = manager.get(address(Patient, "change", first.pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert "First Person" not in manager.get(address(Patient, "history", first.pk)).content.decode()


def test_what_is_kept_can_be_looked_at_and_not_changed(manager: Client, world: World) -> None:
    first, second = made()
    actions.merge(first, duplicate=second, by=world.admin)
    actions.erase(first, by=world.admin, reason="asked for it")
    kept: list[type[Any]] = [PatientMerge, PatientErasure, FileAccess]
    for model in kept:
        assert manager.get(address(model, "changelist")).status_code == 200
        row = model.objects.first()
        assert row is not None
        page = address(model, "change", row.pk)
        assert 'name="_save"' not in manager.get(page).content.decode()
        assert manager.post(page, {}).status_code == 403
    assert (
        manager.get(
            address(FileAccess, "changelist"), {"at__gte": "2026-01-01 00:00:00+00:00", "how__exact": "changed"}
        ).status_code
        == 200
    )


def test_nothing_new_begins_with_a_file_that_is_gone(manager: Client, world: World) -> None:
    first, second = made()
    actions.erase(first, by=world.admin, reason="asked for it")
    query = {"app_label": "queue", "model_name": "visit", "field_name": "patient", "term": "person"}
    found = manager.get("/admin/autocomplete/", query).json()["results"]
    assert [row["id"] for row in found] == [str(second.pk)]


def test_whoever_is_shown_as_a_possible_duplicate_is_noted(manager: Client, world: World) -> None:
    known = PatientFactory(full_name="First Person", phone="0151 1234567")
    sent = {"full_name": "First Person", "phone": "0151 1234567", "sex": "unknown"}
    page = manager.post(address(Patient, "add"), sent)
    assert "same phone and similar name" in page.content.decode()
    assert list(FileAccess.objects.filter(patient=known).values_list("user_id", "how")) == [(world.admin.pk, "found")]
