"""Somebody at the desk who works without a pause: patients come, are called, skipped, put back, and go.

Each command is sent with an Idempotency-Key and again with the same one until it is answered, as a good client does; so a
command that was answered has been done once, whatever broke in between.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.faults.history import Mark, Try, Write

TIMEOUT = 30.0
"""Seconds that a caller waits for an answer."""
GIVES_UP_AFTER = 60.0
"""Seconds of trying the same command again."""

Body = dict[str, Any]
KnownBy = Callable[[Body], tuple[Mark, ...]]


class Writer(threading.Thread):
    """One pair of hands. ``urls`` are the servers it may ask, in turn; ``patients`` whom it takes in."""

    def __init__(self, urls: list[str], token: str, place: Body, patients: Iterator[int], pace: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.writes: list[Write] = []
        self._urls = urls
        self._token = token
        self._place = place
        self._patients = patients
        self._pace = pace
        self.go_home = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        with contextlib.suppress(_Enough):
            while True:
                self._see_through(next(self._patients))

    def _see_through(self, patient: int) -> None:
        visit = self._do("walk_in", "visits/", {**self._place, "patient": patient}, _arrived)
        if visit is None:
            return
        path = f"visits/{visit['id']}/"
        urgent = {"priority": "urgent", "reason": "for the experiment"}
        for verb in ("call", "skip", "return", "priority", "cancel"):
            known_by, body = (_rearranged, urgent) if verb == "priority" else (_stepped, {})
            if self._do(verb, f"{path}{verb}/", body, known_by) is None:
                return  # what became of it isn't known, so neither is what may follow

    def _do(self, command: str, path: str, body: Body, known_by: KnownBy, method: str = "POST") -> Body | None:
        if self.go_home.is_set() or not self._pace():
            raise _Enough
        write = Write(command)
        self.writes.append(write)
        key, answer, give_up = str(uuid.uuid4()), None, time.monotonic() + GIVES_UP_AFTER
        while time.monotonic() < give_up and not self.go_home.is_set():
            began = time.monotonic()
            status, answer = self._call(method, path, body, key)
            write.tries.append(Try(began, time.monotonic(), status))
            in_use = status == 409 and answer is not None and answer.get("code") == "idempotency_key_in_use"
            if status is not None and status < 500 and not in_use:
                break
            time.sleep(0.2 * random.random() + 0.05)
        if not write.is_done or answer is None:
            return None
        write.marks = known_by(answer)
        return answer

    def _call(self, method: str, path: str, body: Body, key: str) -> tuple[int | None, Body | None]:
        """One try: the status and the body of the answer, or ``None`` where there was none."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Idempotency-Key": key}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(urlsplit(random.choice(self._urls)).netloc, timeout=TIMEOUT)
            self._connection.request(method, f"/api/{path}", json.dumps(body), headers)
            response = self._connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text[:1] == b"{" else {}
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None, None


class Renamer(Writer):
    """Corrects a patient's name again and again: one command, and an event for each row that shows it."""

    def run(self) -> None:
        patient = next(self._patients)
        with contextlib.suppress(_Enough):
            for number in itertools.count():
                self._do("rename", f"patients/{patient}/", {"full_name": f"Renamed {number} Times"}, _renamed, "PATCH")


# --- By which events a command is known, from its answer ----------------------------------------------------------------


def _marks(event: str, visit: Body, *rooms: str) -> tuple[Mark, ...]:
    return tuple(Mark(room, event, visit["id"], visit["version"]) for room in rooms)


def _arrived(visit: Body) -> tuple[Mark, ...]:
    return _marks("new_checkin", visit, f"clinic_{visit['clinic_id']}")


def _stepped(visit: Body) -> tuple[Mark, ...]:
    return _marks("visit_status_changed", visit, f"clinic_{visit['clinic_id']}", f"doctor_{visit['doctor']['id']}")


def _rearranged(visit: Body) -> tuple[Mark, ...]:
    return _marks("queue_updated", visit, f"clinic_{visit['clinic_id']}", f"doctor_{visit['doctor']['id']}")


def _renamed(patient: Body) -> tuple[Mark, ...]:
    return _marks("patient_updated", patient, "broadcast")


class _Enough(Exception):
    """The writer may go home."""
