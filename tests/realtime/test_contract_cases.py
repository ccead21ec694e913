"""The cases that Python and JavaScript share (tests/contract/README.md): made from what the server really sends and stores.

Ids, names and numbers are those of a database that happened to be there, so they are made the same for every run. After a change
of the wire: ``UPDATE_CONTRACT=1 pytest tests/realtime/test_contract_cases.py``, and read the difference.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.conftest import MONDAY
from tests.factories import World
from tests.realtime.flows import FLOWS, Flow
from tests.realtime.reducer import Screen, fresh
from tests.realtime.watching import Watcher, screens_of

NINE = MONDAY + dt.timedelta(hours=1)
CASES = Path(__file__).resolve().parent.parent / "contract"
VIEWS = ("clinic", "doctor", "colleague")  # whose room it is seen from
UPDATING = os.environ.get("UPDATE_CONTRACT") == "1"

# What kind of thing an id belongs to, by the key it stands under.
_KINDS = {"clinic_id": "clinic", "appointment_id": "appointment", "visit_id": "visit"}
_ENTITIES = {
    "visit": "visit",
    "visits": "visit",
    "appointment": "appointment",
    "appointments": "appointment",
    "doctors": "doctor",
}


class Plain:
    """Gives the same things the same small ids and names, in order of appearance."""

    def __init__(self, world: World) -> None:
        self._ids: dict[tuple[str, int], int] = {}
        for kind, key in (("clinic", world.here.pk), ("doctor", world.doctor.pk), ("doctor", world.colleague.pk)):
            self._id(kind, key)

    def _id(self, kind: str, key: int) -> int:
        return self._ids.setdefault((kind, key), 1 + sum(1 for other, _key in self._ids if other == kind))

    def room(self, name: str) -> str:
        kind, key = name.split("_")
        return f"{kind}_{self._id(kind, int(key))}"

    def value(self, key: str, value: Any, kind: str = "") -> Any:
        """The value that stands under ``key``, made plain; ``kind`` is what its surroundings describe."""
        if isinstance(value, dict):
            inner = _ENTITIES.get(key, key if key in ("doctor", "patient", "service") else kind)
            return {name: self.value(name, item, inner) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(key, item, kind) for item in value]
        if key == "id" and isinstance(value, int):
            return self._id(kind, value)
        if key in _KINDS and isinstance(value, int):
            return self._id(_KINDS[key], value)
        if key == "room":
            return self.room(value)
        if key == "name" and kind in ("doctor", "patient", "service"):
            return re.sub(r"\d+", "", value).strip()
        if key == "ticket" and value is not None:
            return f"A-{value.split('-')[1]}"
        return value


@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_shared_cases_are_what_the_server_sends_and_stores(world: World, flow: Flow) -> None:
    # A clock that stands still, or every run would have its own times.
    with time_machine.travel(NINE, tick=False):
        before = flow.prepare(world)
        watcher = Watcher(screens_of(world)[:3])
        flow.act(world, before)
        news = watcher.catch_up()
    plain = Plain(world)
    for kind, (room, screen) in zip(VIEWS, watcher.screens.items(), strict=True):
        with time_machine.travel(NINE, tick=False):
            after = Watcher([room]).before[room]
        if not news[room] or fresh(room, after["data"]) == fresh(room, watcher.before[room]["data"]):
            continue
        assert screen.shown() == fresh(room, after["data"])
        case = {
            "name": f"{flow}, as the {kind}'s room sees it",
            "room": plain.room(room),
            "date": after["data"]["date"],
            **{
                name: plain.value("", frames)
                for name, frames in (("before", watcher.before[room]), ("events", news[room]), ("after", after))
            },
        }
        file = CASES / f"{flow}-{kind}.json"
        text = json.dumps(case, ensure_ascii=False, indent=1) + "\n"
        if UPDATING:
            file.write_text(text)
        assert file.exists(), f"{file.name} is missing: run with UPDATE_CONTRACT=1"
        assert json.loads(file.read_text()) == json.loads(text), f"{file.name} is not what the server sends now"


def test_no_case_is_left_over_from_a_flow_that_is_no_more() -> None:
    known = {f"{flow}-{kind}.json" for flow in FLOWS for kind in VIEWS}

    assert {file.name for file in CASES.glob("*.json") if not file.name.startswith("handmade-")} - known == set()


def test_shared_cases_hold_in_python_too() -> None:
    files = sorted(CASES.glob("*.json"))
    assert len(files) > 20
    for file in files:
        case = json.loads(file.read_text())
        screen = Screen(case["room"])
        screen.apply(case["before"])
        screen.apply_all(case["events"])
        assert screen.shown() == fresh(case["room"], case["after"]["data"]), file.name
