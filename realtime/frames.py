"""Frames on the wire: how those to the client are written, and what those from the client may hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

Ref = str | int | float | None


def json_text(value: Any) -> str:
    """Compact JSON; times and decimals as the API writes them."""
    return msgspec.json.encode(value).decode()


def timestamp(moment: dt.datetime) -> str:
    """``2026-11-23T08:41:07.120Z``"""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_frame(name: str, room: str, seq: int, at: dt.datetime, data: str) -> str:
    """The frame of an event in a room; the only place that writes one, so a replay is byte for byte the first sending."""
    return f'{{"event":"{name}","room":"{room}","seq":{seq},"at":"{timestamp(at)}","data":{data}}}'


def answer_frame(event: str, data: dict[str, Any], ref: Ref = None) -> str:
    """An answer to a client's frame, with its ``ref`` if it had one."""
    frame: dict[str, Any] = {"event": event, "data": data}
    if ref is not None:
        frame["ref"] = ref
    return json_text(frame)


def error_frame(code: str, detail: str, ref: Ref = None) -> str:
    return answer_frame("error", {"code": code, "detail": detail}, ref)


class BadFrame(Exception):
    """A client's frame that can't be understood; ``code`` and ``detail`` go into the ``error`` frame."""

    def __init__(self, code: str, detail: str, ref: Ref = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.ref = ref


class JoinClinic(msgspec.Struct):
    clinic_id: int
    since: int | None = None
    epoch: str | None = None
    token: str | None = None


class LeaveClinic(msgspec.Struct):
    clinic_id: int


class JoinDoctor(msgspec.Struct):
    doctor_id: int
    since: int | None = None
    epoch: str | None = None
    token: str | None = None


class LeaveDoctor(msgspec.Struct):
    doctor_id: int


class ResumeBroadcast(msgspec.Struct):
    since: int
    epoch: str


class Authenticate(msgspec.Struct):
    token: str


class Ping(msgspec.Struct):
    pass


Request = JoinClinic | LeaveClinic | JoinDoctor | LeaveDoctor | ResumeBroadcast | Authenticate | Ping

REQUESTS: dict[str, type[Request]] = {
    "join_queue_room": JoinClinic,
    "leave_queue_room": LeaveClinic,
    "join_doctor_room": JoinDoctor,
    "leave_doctor_room": LeaveDoctor,
    "resume_broadcast": ResumeBroadcast,
    "authenticate": Authenticate,
    "ping": Ping,
}


def read(text: str | bytes, limit: int) -> tuple[Request, Ref]:
    """What a client's frame asks for, and its ``ref``; raises ``BadFrame``. ``limit`` is in bytes."""
    if len(text if isinstance(text, bytes) else text.encode()) > limit:
        raise BadFrame("bad_request", f"This frame is longer than {limit} bytes. Send less at a time.")
    if isinstance(text, bytes):
        raise BadFrame("bad_request", "Send text frames with JSON, not binary ones.")
    try:
        frame = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFrame("bad_request", "This frame is not JSON.") from error
    if not isinstance(frame, dict):
        raise BadFrame("bad_request", 'Send an object: {"event": NAME, "data": {…}}.')
    ref = frame.get("ref")
    if not isinstance(ref, str | int | float | None) or isinstance(ref, bool):
        raise BadFrame("bad_request", "ref must be a string or a number.")
    event, data = frame.get("event"), frame.get("data")
    if not isinstance(event, str):
        raise BadFrame("bad_request", 'The frame names no event: {"event": NAME, "data": {…}}.', ref)
    if event not in REQUESTS:
        raise BadFrame("unknown_event", f"There is no event {event[:60]!r}. Known: {', '.join(REQUESTS)}.", ref)
    try:
        return msgspec.convert({} if data is None else data, REQUESTS[event]), ref
    except msgspec.ValidationError as error:
        raise BadFrame("bad_request", f"{event}: {error}.", ref) from error
