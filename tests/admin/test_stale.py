"""Two people with the same page open: the second one to save is told, and overwrites nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from appointments.models import Appointment, Shift
from clinics.models import Clinic, Doctor, Service, User
from patients.models import Patient
from queue.models import Visit
from tests.admin.site import browser, errors_of, form_of
from tests.admin.test_pages import address
from tests.factories import World, book, walk_in

CASES: dict[type[Any], tuple[str, str, str]] = {
    Clinic: ("name", "First", "Second"),
    Doctor: ("name", "Dr First", "Dr Second"),
    Service: ("name", "First", "Second"),
    Shift: ("valid_until", "2040-01-01", "2041-01-01"),
    User: ("last_name", "First", "Second"),
    Patient: ("full_name", "First Name", "Second Name"),
    Appointment: ("notes", "first", "second"),
    Visit: ("priority", "urgent", "emergency"),
}


def row_of(model: type[Any], world: World) -> Any:
    rows = {
        Clinic: world.here,
        Doctor: world.doctor,
        Service: world.service,
        User: world.receptionist,
        Patient: world.patient,
    }
    if model is Shift:
        return world.doctor.shifts.earliest("pk")
    if model is Appointment:
        return book(world)
    return walk_in(world) if model is Visit else rows[model]


@pytest.mark.parametrize("model", CASES, ids=lambda model: model.__name__)
def test_second_save_is_refused(manager: Client, world: World, model: type[Any]) -> None:
    field, first, second = CASES[model]
    row = row_of(model, world)
    path, other = address(model, "change", row.pk), browser(world.superuser)
    mine, theirs = form_of(manager, path), form_of(other, path)

    assert other.post(path, {**theirs, field: first}).status_code == 302
    refused = manager.post(path, {**mine, field: second})

    assert "changed this meanwhile" in errors_of(refused)
    assert second in refused.content.decode()
    assert str(getattr(model.objects.get(pk=row.pk), field)) == first


@pytest.mark.parametrize("model", CASES, ids=lambda model: model.__name__)
def test_form_without_what_it_was_made_from_is_refused(manager: Client, world: World, model: type[Any]) -> None:
    row = row_of(model, world)
    path = address(model, "change", row.pk)

    assert "changed this meanwhile" in errors_of(manager.post(path, {**form_of(manager, path), "seen": ""}))


def test_change_between_the_check_and_the_save_is_refused_too(
    manager: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form has compared the versions; then somebody else saves; then we do."""
    from clinics.admin.directory import ServiceAdmin

    path = address(Service, "change", world.service.pk)
    sent = {**form_of(manager, path), "name": "Second"}
    save_form = ServiceAdmin.save_form

    def meanwhile(self: Any, request: Any, form: Any, change: bool) -> Any:
        other = Service.objects.get(pk=world.service.pk)
        other.name = "First"
        other.save()
        return save_form(self, request, form, change)

    monkeypatch.setattr(ServiceAdmin, "save_form", meanwhile)
    refused = manager.post(path, sent)

    assert "changed by someone else meanwhile" in errors_of(refused)
