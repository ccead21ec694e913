"""Whatever a browser that was tampered with sends to the admin site: a page or a refusal, never a crash."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.test import Client, RequestFactory

from appointments.models import Appointment
from clinics.models import Doctor, Service
from patients import actions
from patients.models import FileAccess, Patient, PatientMerge
from tests.admin.site import errors_of, form_of
from tests.admin.test_pages import address
from tests.conftest import Some
from tests.factories import PatientFactory, World

HOSTILE = ["abc", "\0", str(10**30), "", "😀", str(-(10**30)), "1e400", "1,2"]
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
by_model = pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)


HUGE = str(10**30)


def _filters(model: type[Any]) -> list[tuple[str, str]]:
    """What a list's address may hold: of its columns, of what leads beyond them, and of its own words."""
    page, columns = admin.site._registry[model], model._meta.concrete_fields
    # What can't be read is refused by the kind of the column: one of each.
    kinds = {type(field): field.name for field in reversed(columns)}.values()
    related = [f"{field.name}__id__exact" for field in columns if field.is_relation]
    hierarchy = [f"{page.date_hierarchy}__{part}" for part in ("year", "day", "gte")] if page.date_hierarchy else []
    return [
        *((f"{name}__exact", value) for name in kinds for value in ("\0", HUGE)),
        *((f"{name}__in", HUGE) for name in kinds),
        *((name, HUGE) for name in related),
        *((name, value) for name in [*related[:1], *hierarchy] for value in ("\0", HUGE, "9999-99-99")),
        *((name, value) for name in ("q", "p") for value in ("\0", "a\0b", "😀", HUGE)),
        *((name, value) for name in ("day", "state") for value in ("\0", HUGE)),
    ]


@pytest.mark.filterwarnings("ignore:DateTimeField .* received a naive datetime")
@by_model
def test_filters_of_a_list(superuser: Client, world: World, model: type[Any], some: Some) -> None:
    for name, value in some(_filters(model)):
        with transaction.atomic():
            assert superuser.get(address(model, "changelist"), {name: value}).status_code in (200, 302, 400), (name, value)
    assert superuser.get(address(model, "changelist")).status_code == 200


@by_model
def test_choices_of_a_list(superuser: Client, world: World, model: type[Any], some: Some) -> None:
    offered = list(admin.site._registry[model].get_actions(_as(world)))
    choices = [("nothing", value) for value in HOSTILE] + [(name, value) for name in offered for value in HOSTILE[:3]]
    for name, value in some(choices, kind=lambda choice: choice[0]):
        with transaction.atomic():
            sent = {"action": name, ACTION_CHECKBOX_NAME: value, "index": value, "reason": "x", "select_across": "0"}
            assert superuser.post(address(model, "changelist"), sent).status_code in (200, 302, 403), (name, value)


def _as(world: World) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = world.superuser
    return request


@by_model
def test_numbers_in_an_address(superuser: Client, world: World, model: type[Any]) -> None:
    for value in ("abc", "\0", "😀", HUGE):
        for page in ("change", "history"):
            assert superuser.get(address(model, page, value)).status_code in (200, 302, 404), (page, value)


@pytest.mark.parametrize("value", [value for value in HOSTILE if value])
@pytest.mark.parametrize(
    ("model", "field"),
    [(Appointment, "doctor"), (Appointment, "patient"), (Doctor, "clinics"), (Doctor, "user"), (Service, "clinic")],
)
def test_a_tampered_choice_is_none_to_choose(superuser: Client, world: World, model: type[Any], field: str, value: str) -> None:
    page = address(model, "add")
    refused = superuser.post(page, form_of(superuser, page) | {field: value})
    assert re.search("valid|Null characters", errors_of(refused))


@pytest.mark.parametrize("term", HOSTILE)
def test_what_is_typed_into_a_choice(superuser: Client, world: World, term: str) -> None:
    for field in ("clinic", "doctor", "patient", "service"):
        asked = {"app_label": "appointments", "model_name": "appointment", "field_name": field, "term": term}
        assert superuser.get("/admin/autocomplete/", asked).status_code == 200


@pytest.mark.parametrize("model", [AccessAttempt, AccessFailureLog, AccessLog], ids=lambda model: model.__name__)
def test_the_login_log_is_read_by_superusers_and_kept(
    superuser: Client, manager: Client, world: World, model: type[Any]
) -> None:
    more = {"failures_since_start": 1} if model is AccessAttempt else {}
    row = model.objects.create(username="ghost", ip_address="192.0.2.7", user_agent="x", http_accept="x", path_info="/", **more)
    page = superuser.get(address(model, "changelist"))
    assert "ghost" in page.content.decode()
    assert "delete_selected" not in page.content.decode()
    assert superuser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert superuser.post(address(model, "change", row.pk), {}).status_code == 403
    assert manager.get(address(model, "changelist")).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


# --- Who is shown is noted --------------------------------------------------------------------------------------------


def noted(patient: Patient) -> list[str]:
    return list(FileAccess.objects.filter(patient=patient).order_by("pk").values_list("how", flat=True))


def test_the_list_of_merges_shows_files(manager: Client, world: World) -> None:
    first, second = PatientFactory(), PatientFactory()
    actions.merge(first, duplicate=second, by=None)
    assert first.full_name in manager.get(address(PatientMerge, "changelist")).content.decode()
    assert noted(first) == noted(second) == ["found"]
    manager.get(address(PatientMerge, "change", PatientMerge.objects.get().pk))
    assert noted(first) == noted(second) == ["found", "found"]


def test_the_access_log_tells_files_by_their_numbers(manager: Client, world: World) -> None:
    patient = PatientFactory(full_name="Somebody Known")
    row = FileAccess.objects.create(patient=patient, user=world.receptionist, how="opened")
    for page in (address(FileAccess, "changelist"), address(FileAccess, "change", row.pk)):
        text = manager.get(page).content.decode()
        assert patient.record_number in text
        assert "Somebody Known" not in text


def test_a_form_that_is_refused_shows_the_file(manager: Client, world: World) -> None:
    page = address(Patient, "change", world.patient.pk)
    sent = form_of(manager, page) | {"birth_date": "1066-10-14"}
    before = noted(world.patient)
    assert "1900" in errors_of(manager.post(page, sent))
    assert noted(world.patient) == [*before, "opened"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [*((name, "that can be seen") for name in ("\u3164", "\u2800", "\u200b", "\u202e\u200f")), ("Ann\u202ea", "turn around")],
)
@pytest.mark.parametrize("model", [Patient, Doctor, Service])
def test_a_name_that_cannot_be_seen_or_turns_its_neighbours(
    superuser: Client, world: World, model: type[Any], name: str, sentence: str
) -> None:
    page = address(model, "add")
    field = "full_name" if model is Patient else "name"
    assert sentence in errors_of(superuser.post(page, form_of(superuser, page) | {field: name}))


@pytest.mark.parametrize("who", ["patient", "doctor", "service", "here", "receptionist"])
def test_a_name_from_before_the_rule_stands_while_something_else_is_changed(superuser: Client, world: World, who: str) -> None:
    row: Any = getattr(world, who)
    field = {"patient": "full_name", "receptionist": "last_name"}.get(who, "name")
    type(row)._base_manager.filter(pk=row.pk).update(**{field: "Ann\u202ea"})
    page = address(type(row), "change", row.pk)
    sent = form_of(superuser, page)
    assert sent[field] == "Ann\u202ea"
    assert superuser.post(page, sent | {"phone": "0151 5000001"}).status_code == 302
    assert "turn around" in errors_of(superuser.post(page, form_of(superuser, page) | {field: "Anna\u202e"}))
