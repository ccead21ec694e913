"""The manager's page of today, closing the day, and the list of closed days."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from payments import actions as payment_actions
from queue import actions as queue_actions
from queue.models import DayClose
from tests.factories import World, book, walk_in
from tests.factories.states import visit_in
from tests.pages.test_access import as_user, embedded


def slots(html: str, name: str) -> list[str]:
    """What stands in the places of this name, in the order of the page, without the template's."""
    return [part.split("<")[0] for part in html.partition("<template")[0].split(f'data-slot="{name}">')[1:]]


def test_figures_without_javascript(world: World) -> None:
    payment_actions.process(visit_in(world, "completed").payment, by=world.receptionist, amount=Decimal(20), method="cash")
    walk_in(world)
    book(world, doctor=world.colleague)

    html = as_user(world.admin).get("/manager/").content.decode()

    # The clinic's, then the doctors'.
    assert slots(html, "waiting") == ["1", "1", "0"]
    assert slots(html, "seen") == ["1", "1", "0"]
    assert slots(html, "to_come") == ["1", "0", "1"]
    assert slots(html, "taken") == ["$20.00", "$20.00", ""]


def test_the_page_starts_from_the_snapshot_of_each_clinic(world: World) -> None:
    world.admin.clinics.add(world.there)
    walk_in(world)

    html = as_user(world.admin).get("/manager/").content.decode()

    snapshot, others, start = (embedded(html, name) for name in ("snapshot", "others", "start"))
    assert [snapshot["room"], *(each["room"] for each in others)] == [f"clinic_{pk}" for pk in start["clinics"]]
    assert {int(pk) for pk in start["clinics"]} == {world.here.pk, world.there.pk}
    only = as_user(world.admin).get(f"/manager/?clinic={world.there.pk}").content.decode()
    assert embedded(only, "snapshot")["room"] == f"clinic_{world.there.pk}"
    assert embedded(only, "others") == []


@pytest.mark.parametrize(
    "path", ["/manager/", "/manager/days/", "/manager/staff/", "/manager/shifts/new/", "/manager/clinics/1/figures/"]
)
def test_pages_are_for_admins(world: World, path: str) -> None:
    assert as_user(None).get(path)["Location"] == f"/login/?next={path}"
    for user in (world.receptionist, world.doctor_user):
        assert as_user(user).get(path).status_code == 403


def test_another_clinic_is_not_there(world: World) -> None:
    client = as_user(world.admin_there)
    for path in (f"/manager/?clinic={world.here.pk}", f"/manager/days/?clinic={world.here.pk}"):
        assert client.get(path).status_code == 404
    assert client.get(f"/manager/clinics/{world.here.pk}/figures/").status_code == 404
    assert client.post(f"/manager/clinics/{world.here.pk}/close-day/").status_code == 404


def told(client: Client, path: str) -> str:
    response = client.post(path)
    assert response.status_code == 302
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_closing_the_day_and_its_refusals(world: World, clock: object) -> None:
    client, path = as_user(world.admin), f"/manager/clinics/{world.here.pk}/close-day/"
    inside = visit_in(world, "in_progress")
    assert f"Still with a doctor: {inside.ticket}" in told(client, path)
    assert not DayClose.objects.exists()

    queue_actions.complete(inside, by=world.doctor_user)
    assert "is closed for today: 1 seen" in told(client, path)
    html = client.get(f"/manager/days/?clinic={world.here.pk}").content.decode()
    assert "2 Mar 2026" in html
    assert world.admin.username in html


def test_there_is_nothing_to_do_by_a_link(world: World) -> None:
    assert as_user(world.admin).get(f"/manager/clinics/{world.here.pk}/close-day/")["Location"] == "/manager/"
    assert not DayClose.objects.exists()


def test_days_come_in_pages(world: World) -> None:
    for number in range(33):
        day = world.here.today() - dt.timedelta(days=number)
        DayClose.objects.create(
            clinic=world.here, date=day, number=1, at=dt.datetime.now(dt.UTC), figures={"seen": number, "money": []}
        )
    client = as_user(world.admin)

    first = client.get("/manager/days/").content.decode()
    second = client.get("/manager/days/?p=2").content.decode()

    assert (first.count("by itself"), second.count("by itself")) == (31, 2)


def test_a_closed_day_shows_what_was_kept(world: World) -> None:
    payment_actions.process(visit_in(world, "completed").payment, by=world.receptionist, amount=Decimal(20), method="cash")
    queue_actions.close_day(world.here, by=world.admin)

    html = as_user(world.admin).get("/manager/days/").content.decode()

    assert "$20.00" in html
    assert "0 min" in html


def test_what_closing_does_is_told_before_it_is_done(world: World, clock: Any) -> None:
    walk_in(world)
    queue_actions.skip(walk_in(world), by=world.receptionist)
    book(world, minutes=55)
    book(world, minutes=90, doctor=world.colleague)
    inside = visit_in(world, "in_progress")
    clock.shift(dt.timedelta(minutes=60))
    client = as_user(world.admin)

    html = client.get("/manager/").content.decode()

    told_now = {name: slots(html, name) for name in ("leaving", "missing", "inside", "later")}
    assert told_now == {"leaving": ["2"], "missing": ["1"], "inside": ["1"], "later": ["1"]}
    clock.shift(dt.timedelta(minutes=60))
    queue_actions.complete(inside, by=world.doctor_user)
    html = client.get("/manager/").content.decode()
    leaving, missing = (int(slots(html, name)[0]) for name in ("leaving", "missing"))
    assert 'data-slot="inside-line" hidden' in html
    assert 'data-slot="later-line" hidden' in html
    figures = queue_actions.close_day(world.here, by=world.admin).figures
    assert (figures["left"], figures["no_show"]) == (leaving, missing) == (2, 2)
