"""Every page opens, for the superuser and for the admin of one clinic, who sees nothing of the other one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from clinics.models import Clinic, Doctor, Login, Role, Service, User
from patients.models import FileAccess, Patient
from payments.models import CashShift, LedgerEntry, Payment
from queue import actions
from queue.models import DayClose, Visit
from realtime.models import Event, Room
from tests.admin.site import browser, fill, two_full_clinics
from tests.api.fixtures import standing
from tests.factories import ClinicFactory, DoctorFactory, PatientFactory, ServiceFactory, UserFactory, World

OURS: list[type[Any]] = [
    Clinic,
    User,
    Login,
    Doctor,
    Service,
    Shift,
    TimeOff,
    ClosingDay,
    Patient,
    FileAccess,
    Appointment,
    Visit,
    Payment,
    LedgerEntry,
    CashShift,
    DayClose,
]
LOG: list[type[Any]] = [Event, Room]
READ_ONLY = {DayClose, Login, FileAccess, LedgerEntry, Payment, CashShift, *LOG}
WITH_PAST = [Clinic, Doctor, Service, Shift, TimeOff, ClosingDay, Patient, Appointment, Payment, CashShift]


def address(model: type[Any], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def by_name(models: list[type[Any]]) -> Any:
    return pytest.mark.parametrize("model", models, ids=lambda model: model.__name__)


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Two clinics with something of every kind at both."""
    with standing(two_full_clinics, django_db_blocker) as made:
        yield made


@pytest.fixture(params=["superuser", "manager"])
def client(request: pytest.FixtureRequest, world: World) -> Iterator[Client]:
    Room.objects.create(name=f"clinic_{world.here.pk}")
    return request.getfixturevalue(request.param)


def test_every_model_of_ours_has_a_page() -> None:
    assert {*OURS, *LOG} <= set(admin.site._registry)


@by_name(OURS)
def test_list_opens(client: Client, model: type[Any]) -> None:
    assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "changelist"), {"q": "a"}).status_code == 200


@by_name([model for model in OURS if model not in READ_ONLY | {Clinic}])
def test_page_for_adding_opens(client: Client, model: type[Any]) -> None:
    assert client.get(address(model, "add")).status_code == 200


@by_name(OURS)
def test_page_of_one_opens(client: Client, model: type[Any]) -> None:
    shown = client.get(address(model, "changelist")).context["cl"].result_list
    assert shown

    for row in shown:
        assert client.get(address(model, "change", row.pk)).status_code == 200


@by_name(WITH_PAST)
def test_past_versions_open_and_cannot_be_put_back(client: Client, model: type[Any]) -> None:
    row = client.get(address(model, "changelist")).context["cl"].result_list[0]
    row.save()  # the factory's shifts have no past yet
    listed = client.get(address(model, "history", row.pk))
    version = address(model, "simple_history", row.pk, row.history.latest().pk)
    past = client.get(version)

    assert listed.status_code == past.status_code == 200
    assert 'name="_save"' not in past.content.decode()
    assert not re.search(r'<(input|select|textarea)[^>]*name="(full_name|name|start|doctor)"', past.content.decode())
    assert client.post(version, {}).status_code == 403


@by_name([*OURS, *LOG])
def test_nothing_can_be_deleted(superuser: Client, world: World, model: type[Any]) -> None:
    listed = superuser.get(address(model, "changelist"))
    assert "delete_selected" not in listed.content.decode()

    rows = listed.context["cl"].result_list
    if rows:
        assert superuser.post(address(model, "delete", rows[0].pk), {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=rows[0].pk).exists()


@by_name(OURS)
def test_manager_sees_nothing_of_the_other_clinic(manager: Client, world: World, model: type[Any]) -> None:
    """In the list, its filters, and the pages of its rows."""
    listed = manager.get(address(model, "changelist"))
    pages = [listed, *(manager.get(address(model, "change", row.pk)) for row in listed.context["cl"].result_list)]
    if model not in READ_ONLY | {Clinic}:
        pages.append(manager.get(address(model, "add")))

    for page in pages:
        assert "zanzibar" not in page.content.decode().lower()


@by_name([model for model in OURS if model is not Patient])
def test_manager_cannot_open_what_belongs_to_the_other_clinic(
    manager: Client, superuser: Client, world: World, model: type[Any]
) -> None:
    own = {row.pk for row in manager.get(address(model, "changelist")).context["cl"].result_list}
    others = [row.pk for row in superuser.get(address(model, "changelist")).context["cl"].result_list if row.pk not in own]
    assert others

    for pk in others:
        assert manager.get(address(model, "change", pk)).status_code == 302
        assert manager.post(address(model, "change", pk), {}).status_code in (302, 403)
        assert manager.get(address(model, "history", pk)).status_code in (302, 404)


@pytest.mark.parametrize(
    ("app", "model", "field"),
    [
        ("appointments", "appointment", "clinic"),
        ("appointments", "appointment", "doctor"),
        ("appointments", "appointment", "service"),
        ("clinics", "doctor", "user"),
    ],
)
def test_choices_of_the_manager_are_their_own(manager: Client, world: World, app: str, model: str, field: str) -> None:
    asked = {"app_label": app, "model_name": model, "field_name": field}

    assert manager.get(reverse("admin:autocomplete"), {**asked, "term": ""}).json()["results"]
    assert manager.get(reverse("admin:autocomplete"), {**asked, "term": "zanzibar"}).json()["results"] == []


@by_name(LOG)
def test_event_log_is_for_superusers_and_read_only(superuser: Client, manager: Client, world: World, model: type[Any]) -> None:
    Room.objects.create(name=f"clinic_{world.here.pk}")
    row = model.objects.earliest("pk")

    assert superuser.get(address(model, "changelist")).status_code == 200
    assert superuser.get(address(model, "change", row.pk)).status_code == 200
    assert superuser.get(address(model, "add")).status_code == 403
    assert superuser.post(address(model, "change", row.pk), {}).status_code == 403
    assert manager.get(address(model, "changelist")).status_code == 403
    assert manager.get(address(model, "change", row.pk)).status_code == 403


def test_page_of_an_event_shows_its_data_and_deliveries(superuser: Client, world: World) -> None:
    event = Event.objects.filter(name="appointment_created").earliest("pk")

    page = superuser.get(address(Event, "change", event.pk)).content.decode()

    assert "appointment" in page
    assert f"clinic_{world.here.pk}" in page


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.DOCTOR])
@pytest.mark.parametrize("is_staff", [True, False])
def test_receptionists_and_doctors_do_not_get_in(world: World, role: str, is_staff: bool) -> None:
    client = browser(UserFactory(role=role, is_staff=is_staff, clinics=[world.here]))

    for model in [*OURS, *LOG]:
        assert client.get(address(model, "changelist")).status_code in (302, 403)
        assert client.get(address(model, "change", 1)).status_code in (302, 403)


def test_number_of_queries_does_not_grow_with_the_rows(superuser: Client, world: World) -> None:
    def asked() -> dict[str, tuple[int, int]]:
        """Rows and queries of each list."""
        counted = {}
        for model in [*OURS, *LOG]:
            path = address(model, "changelist")
            superuser.get(path)  # what is read once per process
            with CaptureQueriesContext(connection) as queries:
                rows = superuser.get(path).context["cl"].result_count
            counted[model.__name__] = (rows, len(queries))
        return counted

    fill(world, 1)
    few = asked()
    fill(world, 30)
    _more_of_the_directory(world, 30)
    many = asked()

    assert {name: rows for name, (rows, _) in many.items() if rows < 30} == {}
    assert {name: (few[name], many[name]) for name in many if many[name][1] > few[name][1]} == {}


def _more_of_the_directory(world: World, count: int) -> None:
    for n in range(count):
        DoctorFactory(clinics=[world.here])
        ServiceFactory(clinic=world.here)
        ClinicFactory()
        PatientFactory()
        Room.objects.create(name=f"clinic_{1000 + n}")


@by_name([Visit, Payment])
def test_number_of_queries_of_a_page_does_not_grow_with_its_history(superuser: Client, world: World, model: type[Any]) -> None:
    visit = world.here.visits.get(visit_type="walk_in")
    path = address(model, "change", visit.pk if model is Visit else visit.payment.pk)
    superuser.get(path)
    with CaptureQueriesContext(connection) as few:
        superuser.get(path)
    for _ in range(10):
        actions.call(visit, by=world.receptionist)
    with CaptureQueriesContext(connection) as many:
        assert superuser.get(path).status_code == 200

    assert len(many) <= len(few)
