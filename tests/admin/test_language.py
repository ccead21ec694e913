"""The admin site in Arabic: columns, filters, actions, labels, headings and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from payments.models import Payment
from queue.admin import PAID
from realtime.models import Room
from tests.admin.site import two_full_clinics
from tests.api.fixtures import standing
from tests.factories import PatientFactory, World, walk_in

HEADINGS = re.compile(r"<(th|label|h1|h2|legend|summary|caption|button)\b[^>]*>(.*?)</\1>", re.DOTALL)
CHOICES = re.compile(r'<select name="action".*?</select>', re.DOTALL)
NAMES = {"ID", "IP", "HTTP", "UTC", "USD"}
"""The same in all languages."""


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Something of every kind: a list without rows has no columns."""
    with standing(two_full_clinics, django_db_blocker) as made:
        yield made


@pytest.fixture
def arabic(superuser: Client, world: World) -> Client:
    Room.objects.create(name=f"clinic_{world.here.pk}")
    world.superuser.language = "ar"
    world.superuser.save()
    return superuser


def latin(page: str) -> set[str]:
    """Words of another alphabet among what the page calls things. The first column of a list's rows is data."""
    page = re.sub(r"<tbody.*?</tbody>", "", page, flags=re.DOTALL)
    parts = [match[2] for match in HEADINGS.finditer(page)] + CHOICES.findall(page)
    text = re.sub(r"<[^>]*>|&\w+;", " ", " ".join(parts))
    return set(re.findall(r"[A-Za-z]{2,}", text)) - NAMES


def names_of(rows: Any) -> set[str]:
    """What is called so by people: it stands in choices and headings too."""
    return set(re.findall(r"[A-Za-z]{2,}", " ".join(str(row) for row in rows)))


def ours() -> list[type[Any]]:
    apps = ("clinics", "patients", "appointments", "queue", "payments", "realtime", "axes")
    return [model for model in admin.site._registry if model._meta.app_label in apps]


@pytest.mark.parametrize("model", ours(), ids=lambda model: model.__name__)
def test_what_things_are_called_is_arabic(arabic: Client, world: World, model: type[Any]) -> None:
    for page in ("changelist", "add"):
        response = arabic.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"))
        if response.status_code != 403:
            data = names_of([*world.here.staff.all(), world.superuser, world.here, world.there, world.doctor, world.stranger])
            assert latin(response.content.decode()) - data == set(), page


@pytest.mark.parametrize("model", ours(), ids=lambda model: model.__name__)
def test_the_page_of_one_is_arabic(arabic: Client, world: World, model: type[Any]) -> None:
    row = model._default_manager.order_by("pk").last()
    if row is None:
        return
    response = arabic.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))
    assert latin(response.content.decode()) - names_of([row, world.here, world.there]) == set()


def test_the_first_page_is_arabic(arabic: Client) -> None:
    response = arabic.get(reverse("admin:index"))
    assert latin(response.content.decode()) == set()


def test_an_action_reports_in_arabic(arabic: Client, world: World) -> None:
    visit = walk_in(world, patient=PatientFactory())
    address = reverse("admin:queue_visit_changelist")
    response = arabic.post(address, {"action": "call", "_selected_action": visit.pk}, follow=True)
    assert [str(message) for message in response.context["messages"]] == ["تم الاستدعاء: 1 (زيارة)."]


def test_the_state_of_a_payment_is_said_as_the_payment_says_it(superuser: Client, world: World) -> None:
    assert {value: str(label) for value, label in PAID.items()} == dict(Payment.Status.choices)
    walk_in(world, patient=PatientFactory())
    assert ">pending</td>" in superuser.get(reverse("admin:queue_visit_changelist")).content.decode()


def test_a_phone_number_in_a_list_is_not_turned_round(arabic: Client, world: World) -> None:
    PatientFactory(full_name="Ana", phone="+1 202 555 0148")
    assert "\u2068+1 202 555 0148\u2069" in arabic.get(reverse("admin:patients_patient_changelist")).content.decode()
