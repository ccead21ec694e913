"""Files that are merged, un-merged and erased while others work with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from appointments import actions as appointment_actions
from appointments.models import Appointment
from patients import actions
from patients.models import Patient, PatientErasure, PatientMerge
from queue.models import Visit
from tests.factories import PatientFactory, World, book
from tests.factories.world import soon, walk_in
from tests.races.test_races import at_once, names, numbered_without_holes, overtaken

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def merging(world: World, kept: Patient, gone: Patient) -> Callable[[], Any]:
    return lambda: actions.merge(kept, duplicate=gone, by=world.receptionist)


def unmerging(world: World, kept: Patient, gone: Patient) -> Callable[[], Any]:
    return lambda: actions.unmerge(kept, duplicate=gone, by=world.receptionist)


def erasing(world: World, patient: Patient) -> Callable[[], Any]:
    return lambda: actions.erase(patient, by=world.admin, reason="asked for it")


def booking(world: World, patient: Patient) -> Callable[[], Any]:
    return lambda: book(world, patient=patient)


def walking(world: World, patient: Patient) -> Callable[[], Any]:
    return lambda: walk_in(world, patient=patient)


def test_a_merge_is_taken_back_once(world: World) -> None:
    kept, gone = PatientFactory(), PatientFactory()
    visits = [walk_in(world, patient=gone) for _ in range(3)]
    merging(world, kept, gone)()
    assert names(at_once([unmerging(world, kept, gone)] * 6)) == {"Patient": 1, "NotMerged": 5}
    assert set(Visit.objects.filter(pk__in=[visit.pk for visit in visits]).values_list("patient_id", flat=True)) == {gone.pk}
    assert PatientMerge.objects.get().unmerged_at is not None
    numbered_without_holes()


def test_two_files_merged_into_each_other_at_once(world: World) -> None:
    for _ in range(4):
        one, other = PatientFactory(), PatientFactory()
        results = names(at_once([merging(world, one, other), merging(world, other, one)] * 2))
        assert results == {"Patient": 1, "AlreadyMerged": 3}
        assert Patient.objects.filter(pk__in=[one.pk, other.pk], merged_into=None).count() == 1


@pytest.mark.postgres
def test_a_booking_that_waits_for_an_unmerge_is_of_the_file_it_named(world: World) -> None:
    kept, gone = PatientFactory(), PatientFactory()
    merging(world, kept, gone)()
    booked = overtaken(unmerging(world, kept, gone), booking(world, gone))
    assert (booked.patient_id, booked.visit.patient_id) == (gone.pk, gone.pk)


@pytest.mark.postgres
def test_an_unmerge_that_waits_for_a_booking_leaves_it_with_the_survivor(world: World) -> None:
    kept, gone = PatientFactory(), PatientFactory()
    merging(world, kept, gone)()
    overtaken(booking(world, gone), unmerging(world, kept, gone))
    assert Appointment.objects.get().patient_id == kept.pk
    assert Patient.objects.get(pk=gone.pk).merged_into is None


def test_unmerging_while_the_survivor_is_merged_on(world: World) -> None:
    first, second, third = PatientFactory(), PatientFactory(), PatientFactory()
    visit = walk_in(world, patient=first)
    merging(world, second, first)()
    results = at_once([unmerging(world, second, first), merging(world, third, second)])
    assert names(results) in ({"Patient": 2}, {"Patient": 1, "AlreadyMerged": 1})
    owner = Visit.objects.get(pk=visit.pk).patient
    assert (owner.pk, owner.merged_into_id) == ((first.pk if isinstance(results[0], Patient) else third.pk), None)


def test_chains_and_bookings_all_at_once(world: World) -> None:
    """By the numbers of every order: nobody waits in a circle."""
    for _ in range(4):
        one, two, three = (PatientFactory() for _ in range(3))
        merging(world, one, three)()
        acts = [
            unmerging(world, one, three),
            merging(world, two, one),
            *[walking(world, three)] * 3,
            *[walking(world, one)] * 3,
        ]
        assert names(at_once(acts)) - Counter(["AlreadyMerged", "NotMerged"]) in (
            {"Patient": 2, "Visit": 6},
            {"Patient": 1, "Visit": 6},
        )
        assert not Visit.objects.exclude(patient__merged_into=None).exists()


@pytest.mark.postgres
def test_nobody_is_booked_and_erased(world: World) -> None:
    patient = PatientFactory()
    assert names([overtaken(erasing(world, patient), booking(world, patient))]) == {"Erased": 1}
    other = PatientFactory()
    assert names([overtaken(booking(world, other), erasing(world, other))]) == {"StillExpected": 1}
    third = PatientFactory()
    assert names([overtaken(erasing(world, third), walking(world, third))]) == {"Erased": 1}
    fourth = PatientFactory()
    missed = book(world, patient=fourth, start=soon(200))
    appointment_actions.mark_no_show(missed, by=world.admin)
    coming = lambda: appointment_actions.check_in(missed, by=world.admin)  # noqa: E731
    assert names([overtaken(erasing(world, fourth), coming)]) == {"Erased": 1}


def test_erased_once(world: World) -> None:
    patient = PatientFactory()
    assert names(at_once([erasing(world, patient)] * 6)) == {"Patient": 1, "Erased": 5}
    assert PatientErasure.objects.count() == 1


def test_merged_or_erased(world: World) -> None:
    kept, gone = PatientFactory(), PatientFactory()
    results = at_once([merging(world, kept, gone), erasing(world, gone)])
    assert names(results) in ({"Patient": 1, "Erased": 1}, {"Patient": 1, "AlreadyMerged": 1})
