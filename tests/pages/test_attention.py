"""What needs attention now, as the page is first rendered; static/dashboards/reception/attention.js is held to the same cases."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appointments.actions import add_time_off
from clinic_project.dashboards.attention import attention_of
from clinic_project.dashboards.rows import away_sentence, presence_label, presence_of
from clinic_project.dashboards.words import labels
from clinics.models import Clinic
from queue import actions as queue_actions
from queue.models import Visit
from tests.factories import World, book, walk_in

SHARED = json.loads((Path(__file__).parent / "attention.json").read_text())


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_who_needs_attention(case: dict[str, Any]) -> None:
    found = attention_of(
        case["visits"],
        case["appointments"],
        now=dt.datetime.fromisoformat(SHARED["now"]),
        late_after=dt.timedelta(minutes=SHARED["late_after"]),
        wait_alarm=dt.timedelta(minutes=SHARED["wait_alarm"]),
    )

    assert [f"{entry.kind}-{entry.entity['id']}" for entry in found] == case["expected"]


@pytest.mark.parametrize(
    ("doctor", "is_inside", "state"),
    [
        (None, False, "available"),
        (None, True, "with_patient"),
        ({"state": "break", "valid_until": "2026-11-26T00:00:00Z"}, False, "break"),
        ({"state": "gone", "valid_until": "2026-11-26T00:00:00Z"}, True, "with_patient"),
        ({"state": "gone", "valid_until": "2026-11-25T00:00:00Z"}, False, "available"),
        ({"state": "available", "valid_until": None}, False, "available"),
    ],
)
def test_whether_a_doctor_is_there(doctor: dict[str, Any] | None, is_inside: bool, state: str) -> None:
    now = dt.datetime.fromisoformat("2026-11-25T10:00:00Z")

    assert presence_of(doctor, is_inside=is_inside, now=now) == state


@pytest.mark.parametrize(
    ("doctor", "label", "away"),
    [
        (None, "With a patient", ""),
        ({"state": "available", "until": None, "valid_until": None}, "With a patient", ""),
        ({"state": "gone", "until": None}, "With a patient, then gone", "Dr A is gone for today."),
        ({"state": "break", "until": None}, "With a patient, then on a break", "Dr A is on a break."),
        (
            {"state": "break", "until": "2026-11-25T10:01:00Z"},
            "With a patient, then on a break until 10:01",
            "Dr A is on a break until 10:01.",
        ),
        ({"state": "break", "until": "2026-11-25T10:00:00Z"}, "With a patient", ""),
    ],
)
def test_what_was_said_while_a_patient_is_inside_is_said_with_it(doctor: dict[str, Any] | None, label: str, away: str) -> None:
    now = dt.datetime.fromisoformat("2026-11-25T10:00:00Z")
    known = doctor and {"name": "Dr A", "valid_until": "2026-11-26T00:00:00Z", **doctor}
    clinic, words = Clinic(timezone="UTC"), labels()

    assert presence_label(known, is_inside=True, now=now, clinic=clinic, words=words) == ("with_patient", label)
    assert away_sentence(known, now=now, clinic=clinic, words=words) == away


def desk(world: World) -> str:
    client = Client()
    client.force_login(world.receptionist)
    return client.get("/reception/").content.decode()


def test_the_page_comes_with_who_needs_attention_and_the_step_to_take(world: World) -> None:
    world.here.wait_alarm_minutes = 1
    world.here.save(update_fields=["wait_alarm_minutes"])
    visit = walk_in(world)
    visit.checked_in_at -= dt.timedelta(minutes=5)
    visit.save(update_fields=["checked_in_at"])

    html = desk(world)

    assert f'data-key="waiting-{visit.pk}"' in html
    assert f'href="#visit-{visit.pk}"' in html
    assert "Has waited 5 min" in html


def test_time_off_that_holds_now_stands_beside_the_doctor(world: World) -> None:
    now = timezone.now()
    shown = re.compile(r'data-slot="off">(Off until [^<]+)<')
    assert shown.findall(desk(world)) == []
    hours = [(-2, 48), (-1, 24), (1, 2), (-2, -1)]
    for start, end in hours:
        add_time_off(
            by=world.admin, doctor=world.doctor, start=now + dt.timedelta(hours=start), end=now + dt.timedelta(hours=end)
        )

    until = (now + dt.timedelta(hours=48)).astimezone(world.here.zone)
    assert shown.findall(desk(world)) == [f"Off until {until.day} {until:%b %Y %H:%M}"]

    midnight = dt.datetime.combine(until.date() + dt.timedelta(days=2), dt.time(), world.here.zone)
    add_time_off(by=world.admin, doctor=world.doctor, start=now, end=midnight)
    last = until.date() + dt.timedelta(days=1)
    assert shown.findall(desk(world)) == [f"Off until {last.day} {last:%b %Y}"]


def test_a_quiet_day_says_so(world: World) -> None:
    walk_in(world)
    book(world)

    html = desk(world)

    assert (
        'id="attention-empty">Nobody is late or waits too long, nobody leaves unpaid, and no follow-up is to be booked.<'
        in html
    )
    assert 'data-key="waiting-' not in html


def test_the_first_who_waits_shows_why(world: World) -> None:
    first, second = walk_in(world), walk_in(world)

    html = desk(world)

    shown = html.split(f'id="visit-{first.pk}"')[1].split("</li>")[0]
    assert 'data-slot="next">Next: Walk-in, queues from arrival' in shown
    assert 'data-slot="next" hidden' in html.split(f'id="visit-{second.pk}"')[1].split("</li>")[0]


def test_after_so_many_calls_a_skip_is_the_step_that_stands_out(world: World) -> None:
    visit = walk_in(world)
    for _ in range(world.here.call_limit):
        queue_actions.call(visit, by=world.receptionist)

    row = desk(world).split(f'id="visit-{visit.pk}"')[1].split("</li>")[0]

    assert '<button class="button button--primary" data-do="skip"' in row
    assert '<button class="button" data-do="call"' in row


def test_a_sections_head_says_whether_the_doctor_is_there(world: World) -> None:
    queue_actions.set_state(world.doctor, by=world.receptionist, state="gone")
    queue_actions.start(walk_in(world, doctor=world.colleague), by=world.admin)

    html = desk(world)

    for doctor, state in ((world.doctor, "gone"), (world.colleague, "with_patient")):
        head = html.split(f'id="doctor-{doctor.pk}"')[1].split("</div>")[0]
        assert f'data-state="{state}"' in head


def test_the_alarm_of_a_clinic_reaches_the_page(world: World) -> None:
    world.here.wait_alarm_minutes = 17
    world.here.save(update_fields=["wait_alarm_minutes"])

    assert '"waitAlarm": 17' in desk(world)


def test_a_step_from_the_strip_works_as_a_plain_form(world: World) -> None:
    visit = walk_in(world)
    for _ in range(world.here.call_limit):
        queue_actions.call(visit, by=world.receptionist)
    assert f'data-key="called-{visit.pk}"' in desk(world)
    client = Client()
    client.force_login(world.receptionist)

    client.post(f"/reception/visits/{visit.pk}/skip/")

    assert Visit.objects.get(pk=visit.pk).status == "skipped"
    assert f'data-key="called-{visit.pk}"' not in desk(world)
