"""Judges an experiment from its evidence alone (contract/realtime.md, section 1).

- every write was answered 2xx in the end, and is in the log exactly once; nothing is there that nobody wrote;
- the numbers of a room have no holes, and no entity's version goes back in it;
- no client missed, doubled or reordered an event, and each was told what the log says, byte for byte; who could be given what
  he had missed was not given a snapshot;
- nobody saw an event outside his rights;
- when all is quiet, each client's store equals a fresh snapshot.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.faults.history import Evidence, Got, History, Joined, Logged, Mark, Opened
from tests.realtime.reducer import Screen, fresh

ONE_COMMAND = frozenset({"new_checkin", "visit_status_changed"})
"""Events that a command brings once in a room."""

REPLAYED = 5_000
"""Events that a client may be behind and still be told one by one (contract, section 1)."""


class Violation(NamedTuple):
    """A promise that was not kept."""

    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


def check(evidence: Evidence) -> list[Violation]:
    """All violations; none is what an experiment has to show."""
    return [
        *_log_has_no_holes(evidence),
        *_versions_only_rise(evidence),
        *_writes_are_there_once(evidence),
        *_clients_saw_the_log(evidence),
        *_nobody_saw_too_much(evidence),
        *_stores_equal_snapshots(evidence),
    ]


# --- The log ------------------------------------------------------------------------------------------------------------


def _log_has_no_holes(evidence: Evidence) -> Iterator[Violation]:
    for room, events in evidence.log.items():
        expected = evidence.floors.get(room, 0) + 1
        for event in events:
            if event.seq != expected:
                yield Violation("hole in the log", f"{room} goes from {expected - 1} to {event.seq}")
            expected = event.seq + 1


def entities(frame: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Kind, id and version of what an event tells about."""
    data = frame["data"]
    for visit in [*data.get("visits", []), *([data["visit"]] if "visit" in data else [])]:
        yield "visit", visit["id"], visit["version"]
    if "appointment" in data:
        yield "appointment", data["appointment"]["id"], data["appointment"]["version"]
    for kind in ("payment", "patient"):
        if f"{kind}_id" in data:
            yield kind, data[f"{kind}_id"], data["version"]


def _versions_only_rise(evidence: Evidence) -> Iterator[Violation]:
    for room, events in evidence.log.items():
        newest: dict[tuple[str, int], int] = {}
        for event in events:
            for kind, entity, version in entities(event.frame):
                if version < newest.get((kind, entity), 0):
                    yield Violation("version went back", f"{kind} {entity} in {room} at {event.seq}: {version}")
                newest[kind, entity] = version


def _writes_are_there_once(evidence: Evidence) -> Iterator[Violation]:
    found: Counter[Mark] = Counter()
    for room, events in evidence.log.items():
        for event in events:
            # An event names an entity once, if it is told of it at all.
            for _kind, entity, version in entities(event.frame):
                found[Mark(room, event.frame["event"], entity, version)] += 1
    written = {mark for write in evidence.writes for mark in write.marks}
    for write in evidence.writes:
        if not write.is_done:
            yield Violation("write not done", f"{write.command}: {[each.status for each in write.tries]}")
        elif not write.marks:
            yield Violation("write without a mark", f"nothing is known of {write.command}")
        for mark in write.marks:
            if found[mark] != 1:
                yield Violation("write not there once", f"{write.command} is in the log {found[mark]} times: {mark}")
    if evidence.writes:
        # Each of these is one command's: what no answer tells of was done twice, or by nobody.
        for mark in found:
            if mark.event in ONE_COMMAND and mark not in written and mark.entity not in evidence.made_otherwise:
                yield Violation("nobody wrote it", str(mark))


# --- The clients ---------------------------------------------------------------------------------------------------------


def _clients_saw_the_log(evidence: Evidence) -> Iterator[Violation]:
    texts = {room: {event.seq: event.text for event in events} for room, events in evidence.log.items()}
    for history in evidence.histories:
        yield from _Reader(history, texts).judge()


class _Reader:
    """Goes through what one client saw, and knows where it stands in each room."""

    def __init__(self, history: History, texts: dict[str, dict[int, str]]) -> None:
        self._history, self._texts = history, texts
        self._last: dict[str, int] = {}
        self._snapshot_due: set[str] = set()
        self._resuming: set[str] = set()

    def judge(self) -> Iterator[Violation]:
        for entry in self._history.entries:
            match entry:
                case Opened():
                    self._snapshot_due.clear()
                    # Joined without asking: its events come before those that were missed, which bring them once more.
                    self._resuming = {"broadcast"} & self._last.keys()
                case Joined():
                    yield from self._joined(entry)
                case Got(is_snapshot=True):
                    yield from self._snapshot(entry)
                case Got():
                    yield from self._event(entry)
        for room in sorted(self._history.may_see - self._history.left):
            ended, head = self._last.get(room), max(self._texts.get(room, {}), default=self._last.get(room, 0))
            if ended != head:
                yield Violation("missed", f"{self._history.name} ended at {ended} of {room}, the log at {head}")

    def _joined(self, entry: Joined) -> Iterator[Violation]:
        room, since = entry.room, entry.since
        self._resuming.discard(room)
        if not entry.recovered:
            if since is not None and 0 <= entry.seq - since <= REPLAYED:
                yield Violation(
                    "needless snapshot", f"{self._history.name} had seen {since} of {room}, which stood at {entry.seq}"
                )
            if room == "broadcast":
                self._last[room] = entry.seq  # it has no snapshot: who is told so fetches again
            else:
                self._snapshot_due.add(room)
        elif since is not None and self._last.setdefault(room, since) != since:
            yield Violation("resumed elsewhere", f"{self._history.name} had seen {self._last[room]} of {room}, not {since}")

    def _snapshot(self, entry: Got) -> Iterator[Violation]:
        if entry.room not in self._snapshot_due:
            yield Violation("snapshot out of turn", f"{self._history.name} in {entry.room} at {entry.seq}")
        self._snapshot_due.discard(entry.room)
        self._last[entry.room] = entry.seq

    def _event(self, entry: Got) -> Iterator[Violation]:
        name, room, seq, last = self._history.name, entry.room, entry.seq, self._last.get(entry.room)
        if self._texts.get(room, {}).get(seq) != entry.text:
            yield Violation("told otherwise", f"{name} got {entry.text[:200]} as {seq} of {room}")
        if room in self._resuming:
            return
        if last is None:
            yield Violation("event before its room", f"{name} got {seq} of {room} and has no place to put it")
        elif seq <= last:
            yield Violation("doubled", f"{name} got {seq} of {room} after {last}")
        elif seq > last + 1:
            yield Violation("missed", f"{name} got {seq} of {room} after {last}")
        self._last[room] = max(seq, last or 0)


def _nobody_saw_too_much(evidence: Evidence) -> Iterator[Violation]:
    for history in evidence.histories:
        for entry in history.entries:
            if not isinstance(entry, Got | Joined):
                continue
            if entry.room not in history.may_see:
                yield Violation("outside his rights", f"{history.name} was in {entry.room}")
            elif entry.at > history.until.get(entry.room, entry.at):
                late = entry.at - history.until[entry.room]
                yield Violation("outside his rights", f"{history.name} heard {entry.room} {late:.2f} s too late ({entry.seq})")


def _stores_equal_snapshots(evidence: Evidence) -> Iterator[Violation]:
    logged = {room: {event.seq: event for event in events} for room, events in evidence.log.items()}
    expected = {room: fresh(room, data) for room, data in evidence.snapshots.items()}
    for history in evidence.histories:
        for room in sorted((history.may_see - history.left) & expected.keys()):
            shown = _screen(history, room, logged.get(room, {})).shown()
            if shown != expected[room]:
                yield Violation("store differs", f"{history.name} in {room}: {_difference(shown, expected[room])}")


def _screen(history: History, room: str, logged: dict[int, Logged]) -> Screen:
    screen = Screen(room)
    for entry in history.entries:
        if not isinstance(entry, Got) or entry.room != room:
            continue
        event = logged.get(entry.seq)
        same = event is not None and event.text == entry.text
        screen.apply(event.frame if same and event is not None else json.loads(entry.text))
    return screen


def _difference(shown: dict[str, Any], expected: dict[str, Any]) -> str:
    for kind, rows in expected.items():
        for key in sorted(rows.keys() | shown[kind].keys()):
            if rows.get(key) != shown[kind].get(key):
                return f"{kind} {key} is {shown[kind].get(key)} and should be {rows.get(key)}"
    return "?"
