"""A world of two clinics, and the browsers of those who administer it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appointments.models import ClosingDay, TimeOff
from clinics.models import Clinic, User
from payments import actions as payment_actions
from payments.models import CashShift
from queue.models import DayClose
from realtime.models import Delivery, Event
from tests.api.fixtures import standing
from tests.factories import ClinicFactory, PatientFactory, World, book, walk_in

Sent = list[tuple[str, list[str]]]


def two_clinics() -> World:
    """``here`` is the manager's clinic; what belongs to ``there`` alone is called by names that are found at once."""
    world = World(here=ClinicFactory(name="Main Street"), there=ClinicFactory(name="Zanzibar Clinic"))
    world.stranger.name = "Dr Zanzibar"
    world.stranger.save()
    world.service_there.name = "Zanzibar treatment"
    world.service_there.save()
    world.receptionist_there.username = "zanzibar-desk"
    world.receptionist_there.save()
    world.admin.is_staff = True
    world.admin.save()
    return world


def two_full_clinics() -> World:
    """With something of every kind at both clinics."""
    world = two_clinics()
    fill(world, 1)
    book(world, clinic=world.there, doctor=world.stranger, service=world.service_there, patient=PatientFactory())
    visit = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there)
    payment_actions.process(visit.payment, by=world.receptionist_there, amount=visit.payment.amount_due, method="cash")
    payment_actions.open_shift(by=world.receptionist_there, clinic=world.there, opening_cash=Decimal(7))
    _be_away(world.stranger, 1)
    _be_closed(world.there, 1000)
    _closed(world.there, 1)
    world.receptionist_there.logins.create()
    world.patient.accesses.create(user=world.receptionist_there, how="opened")
    return world


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Empty but for the directory."""
    with standing(two_clinics, django_db_blocker) as made:
        yield made


def fill(world: World, count: int) -> None:
    """``count`` more of everything at ``here``."""
    now = timezone.now()
    for n in range(count):
        book(world, minutes=60 + 24 * 60 * world.here.appointments.count())
        visit = walk_in(world)
        payment_actions.process(visit.payment, by=world.receptionist, amount=visit.payment.amount_due, method="cash")
        _change_the_till(world)
        _be_away(world.doctor, 1000 + n)
        _be_closed(world.here, 1000 + n)
        _closed(world.here, world.here.day_closes.count() + 1)
        world.receptionist.logins.create(ended_at=now)
        world.patient.accesses.create(user=world.receptionist, how="opened")


def _change_the_till(world: World) -> None:
    """The receptionist's open shift is closed, and the next one opened."""
    for shift in CashShift.objects.filter(cashier=world.receptionist, closed_at=None):
        payment_actions.close_shift(shift, by=world.receptionist, counted_cash=Decimal(5), note="not counted")
    shift = payment_actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(5))
    payment_actions.move_cash(shift, by=world.receptionist, kind="in", amount=Decimal(1), reason="change")


def _be_away(doctor: Any, days: int) -> None:
    start = timezone.now() + dt.timedelta(days=days)
    TimeOff.objects.create(doctor=doctor, start=start, end=start + dt.timedelta(hours=1), reason="Course")


def _be_closed(clinic: Any, days: int) -> None:
    day = timezone.now().date() + dt.timedelta(days=days)
    ClosingDay.objects.create(clinic=clinic, first_day=day, last_day=day, reason="Holiday")


def _closed(clinic: Clinic, number: int) -> None:
    DayClose.objects.create(clinic=clinic, date=clinic.today(), number=number, at=timezone.now(), figures={"seen": number})


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def superuser(world: World) -> Client:
    return browser(world.superuser)


@pytest.fixture
def manager(world: World) -> Client:
    return browser(world.admin)


def sent_by(act: Callable[[], object]) -> Sent:
    """The names and rooms of the events that this stores."""
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    act()
    return [
        (event.name, list(Delivery.objects.filter(event=event).order_by("pk").values_list("room", flat=True)))
        for event in Event.objects.filter(pk__gt=last).order_by("pk")
    ]


def form_of(client: Client, path: str) -> dict[str, Any]:
    """What the browser would send if nothing on the page was touched."""
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    form = response.context["adminform"].form
    data = {}
    for field in form:
        value = field.value()
        if field.name in response.context["adminform"].readonly_fields or value is None or value is False:
            continue
        data[field.html_name] = _as_sent(field.field.widget, value)
    for formset in response.context["inline_admin_formsets"]:
        prefix = formset.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return data


def _as_sent(widget: Any, value: Any) -> Any:
    if value is True:
        return "on"
    if isinstance(value, list):
        return [getattr(row, "pk", row) for row in value]
    shown = widget.format_value(value)
    return "" if shown is None else shown


def errors_of(response: Any) -> str:
    """The refusals on the page, as one text."""
    assert response.status_code == 200, f"was accepted: {response.status_code}"
    return " ".join(str(error) for errors in response.context["adminform"].form.errors.values() for error in errors)
