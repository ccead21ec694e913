"""A page's JavaScript finds every sentence that it says among the page's words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from clinic_project.dashboards.words import script_words
from queue.transitions import BESIDE
from tests.factories import World

pytestmark = pytest.mark.django_db

DASHBOARDS = Path(__file__).resolve().parent.parent.parent / "static/dashboards"
_IMPORT = re.compile(r"(?:from|import\()\s*'(\.[^']+)'")
_SAID = re.compile(r"\bt\('([^']+)'|\bword: '([^']+)'")


def modules_of(entry: str) -> set[Path]:
    """The entry and all that it imports, also when it is first needed."""
    found: set[Path] = set()
    left = [DASHBOARDS / entry]
    while left:
        path = left.pop().resolve()
        if path not in found and path.is_relative_to(DASHBOARDS):
            found.add(path)
            left += [path.parent / name for name in _IMPORT.findall(path.read_text())]
    return found


@pytest.mark.parametrize(
    ("address", "entry", "who"),
    [
        ("/reception/", "reception.js", "receptionist"),
        ("/calendar/", "calendar.js", "receptionist"),
        ("/doctor/", "doctor.js", "doctor_user"),
        ("/manager/", "manager.js", "admin"),
    ],
)
def test_every_sentence_of_a_page_is_sent_with_it(client: Client, address: str, entry: str, who: str) -> None:
    world = World()
    client.force_login(getattr(world, who))
    page = client.get(address, follow=True).content.decode()
    words = json.loads(re.search(r'<script id="words" type="application/json">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    modules = modules_of(entry)
    assert len(modules) > 5

    said = {one or other for path in modules for one, other in _SAID.findall(path.read_text())}

    assert {key for key in said if key not in words} == set()


def test_every_step_of_a_history_has_its_word() -> None:
    root = DASHBOARDS.parent.parent
    code = "".join(path.read_text() for path in sorted((root / "queue/actions").glob("*.py")))
    written = set(re.findall(r'\b(?:record|note)\(\s*\w+,\s*"(\w+)"', code))
    # Named by whoever calls: what arrives, what ends unseen, and what is paid.
    named = {"plan", "walk_in", "cancel", "no_show", "leave", "close_day", "payment", "refund"}

    assert {"call", "follow_up", "booked", "unbooked"} <= written
    assert [action for action in sorted(written | named) if f"step.{action}" not in script_words()] == []


def test_the_desk_is_told_what_undo_passes_over(client: Client) -> None:
    client.force_login(World().receptionist)
    page = client.get("/reception/", follow=True).content.decode()
    start = json.loads(re.search(r'<script id="start"[^>]*>(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]

    assert start["rules"]["beside"] == list(BESIDE)
