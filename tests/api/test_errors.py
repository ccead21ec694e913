"""Whatever a client sends: a 4xx in the contract's shape, never a 500, and nothing is changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from appointments import actions as appointment_actions
from appointments.models import ClosingDay, TimeOff
from clinics.text import TURNING
from patients import actions as patient_actions
from patients.models import Patient
from payments import actions as payment_actions
from queue.models import Visit
from tests.api.client import Api, as_it_was, dump, dump_but_reading, outcome
from tests.api.fixtures import standing
from tests.conftest import Some
from tests.factories import PatientFactory, World, as_if, book, walk_in
from tests.factories.world import soon

HUGE = 10**30
NUL = "a\0b"
LONG = "x" * 10_000


ID = [None, "", "abc", -1, 0, 0.5, 1.5, HUGE, str(HUGE), True, [], {}, [1], {"id": 1}, NUL, 999_999, "1 OR 1=1", float("1e400")]
# JSON's 1e400 is infinite in Python.
TEXT = [None, [], {}, True, NUL, LONG, "\ud800"]
NAME = [*TEXT, "", "   ", "\u2003"]
MOMENT = [
    *(None, "", "tomorrow", 5, True, [], {}, NUL, LONG),
    *("2026-03-02T10:00:00", "2026-03-02", "2026-02-31T10:00:00Z", "2026-03-02T25:00:00Z", "2026-13-01T00:00:00Z"),
    *("2026-03-01T10:00:00Z", "1900-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:00Z", "9999-12-31T23:59:59-14:00", "2026-03-02T10:00:00+99:00"),
]
DATE = ["", "yesterday", "2026-02-31", "2026-13-01", 5, True, [], {}, NUL, "31.12.2020"]
TIME = [None, "", "noon", "25:00", "24:00", "1000", "100000000000000000000", 5, [], {}, NUL]
MONEY = [
    None,
    "",
    "abc",
    "-1",
    -1,
    "1.23456",
    "NaN",
    "Infinity",
    "-Infinity",
    1e20,
    "1e20",
    True,
    [],
    {},
    NUL,
    "1" * 2000,
    "1e999999999",
    "٣٣x",
]
# Python would read them as numbers.
UNREADABLE = ["1e1", "1E1", "1_0", "0x10", "12,50", "1 0", "½", "²", "+-1", ".", "٫", "1٫0٫0"]
CHOICE = [None, "", "xyz", 5, True, [], {}, NUL, LONG, "\ud800"]
COUNT = [None, "", "abc", -1, 10**10, HUGE, [], {}, NUL, 1.5]
VERSION = [None, "", "abc", 1.5, [], {}, NUL, HUGE, float("1e400")]
BREAKS = [
    *(None, "", "lunch", 5, True, {}, [None], [5], [[]], [{}], NUL, [{"start_time": "09:00"}]),
    *([{"start_time": start, "end_time": "10:00"}] for start in (*TIME, "10:00", "11:00")),
    [{"start_time": "09:00", "end_time": "10:00"}, {"start_time": "09:59", "end_time": "11:00"}],
    [{"start_time": "11:00", "end_time": "00:00"}],
    [{"start_time": "09:00", "end_time": "09:01"}] * 25,
]
FLAG = [None, "", "maybe", 5, [], {}, NUL]


def _merged(world: World) -> dict[str, int]:
    survivor, merged = PatientFactory(), PatientFactory()
    patient_actions.merge(survivor, duplicate=merged, by=world.admin)
    return {"survivor": survivor.pk, "merged": merged.pk}


class Known(World):
    """With one of everything; ``ids`` fills the templates of paths and bodies."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ids = _one_of_everything(self)


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Known]:
    with standing(Known, django_db_blocker, ago=dt.timedelta()) as made:
        yield made


@pytest.fixture
def ids(world: Known) -> dict[str, Any]:
    return world.ids


def _one_of_everything(world: World) -> dict[str, Any]:
    appointment = book(world)
    visit = walk_in(world)
    payment_actions.process(visit.payment, by=world.admin, amount=visit.payment.amount_due / 2, method="cash")
    # Nobody works on Sundays, so that hours can be added there.
    appointment_actions.end_shift(world.doctor.shifts.get(weekday=6), by=None)
    where = {"clinic": world.here, "doctor": world.doctor, "service": world.service, "patient": PatientFactory()}
    _, series, _ = appointment_actions.book_series(by=world.admin, **where, start=soon(60 * 24), count=2)
    return {
        "clinic": world.here.pk,
        "doctor": world.doctor.pk,
        "colleague": world.colleague.pk,
        "service": world.service.pk,
        "patient": world.patient.pk,
        "duplicate": PatientFactory().pk,
        **_merged(world),
        "appointment": appointment.pk,
        "visit": visit.pk,
        "payment": visit.payment.pk,
        "one_of_series": series[0].pk,
        "closing": ClosingDay.objects.create(clinic=world.here, first_day="2026-12-24", last_day="2026-12-26").pk,
        "time_off": TimeOff.objects.create(doctor=world.doctor, start=soon(10**6), end=soon(10**6 + 60)).pk,
        "till": payment_actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(50)).pk,
        "shift": world.doctor.shifts.first().pk,  # type: ignore[union-attr]
    }


BOOKING = {"clinic": "@clinic", "doctor": "@doctor", "patient": "@patient", "service": "@service"}
WHO = {"clinic": ID, "doctor": ID, "patient": ID, "service": ID}
VERSIONED = {"version": VERSION}
# (method, path, a valid body, {field: what is refused}, fields that must be there)
ENDPOINTS: list[tuple[str, str, dict[str, Any], dict[str, list[Any]], set[str]]] = [
    (
        "post",
        "appointments/",
        {
            "clinic": "@clinic",
            "doctor": "@doctor",
            "patient": "@patient",
            "service": "@service",
            "start": "2026-03-02T15:00:00Z",
        },
        {
            **WHO,
            "start": MOMENT,
            "booking_source": CHOICE,
            "notes": TEXT,
            "overbook": [*FLAG, True],
            "overbook_reason": [*TEXT, "why"],
        },
        {"clinic", "doctor", "patient", "service", "start"},
    ),
    (
        "post",
        "appointments/series/",
        {**BOOKING, "start": "2026-03-03T15:00:00Z", "count": 2},
        {
            **WHO,
            "start": MOMENT,
            "booking_source": CHOICE,
            "notes": TEXT,
            "count": [*COUNT, 0, 1, 53, True, float("1e400"), "NaN"],
            "interval_weeks": [*COUNT, 0, 13, True],
            "skip_conflicts": FLAG,
        },
        {"clinic", "doctor", "patient", "service", "start", "count"},
    ),
    (
        "patch",
        "appointments/@appointment/",
        {},
        {
            "doctor": ID,
            "service": ID,
            "start": MOMENT,
            "booking_source": CHOICE,
            "notes": TEXT,
            "reason": [*TEXT, "x" * 201],
            "overbook": [*FLAG, True],
            "overbook_reason": [*TEXT, "why"],
            **VERSIONED,
            "clinic": [1],
            "patient": [1],
        },
        set(),
    ),
    ("post", "appointments/@appointment/cancel/", {}, {"reason": [*TEXT, "x" * 201], **VERSIONED}, set()),
    ("post", "appointments/@one_of_series/cancel-following/", {}, {"reason": [*TEXT, "x" * 201], **VERSIONED}, set()),
    ("post", "appointments/@appointment/check-in/", {}, VERSIONED, set()),
    ("post", "appointments/@appointment/no-show/", {}, VERSIONED, set()),
    (
        "post",
        "visits/",
        {"clinic": "@clinic", "doctor": "@doctor", "patient": "@patient", "service": "@service"},
        {**WHO, "priority": CHOICE},
        {"clinic", "doctor", "patient", "service"},
    ),
    *(
        ("post", f"visits/@visit/{verb}/", {}, VERSIONED, set())
        for verb in ("call", "start", "complete", "skip", "return", "leave", "undo")
    ),
    ("post", "visits/@visit/cancel/", {}, {"reason": [*TEXT, "x" * 201], **VERSIONED}, set()),
    ("post", "visits/@visit/move/", {"after": None}, {"after": ID[2:], **VERSIONED}, {"after"}),
    (
        "post",
        "visits/@visit/priority/",
        {"priority": "urgent", "reason": "pain"},
        {"priority": CHOICE, "reason": [*TEXT, "x" * 201], **VERSIONED},
        {"priority"},
    ),
    ("post", "visits/@visit/transfer/", {"doctor": "@colleague"}, {"doctor": ID, **VERSIONED}, {"doctor"}),
    (
        "post",
        "doctors/@doctor/state/",
        {"state": "break"},
        # Past, of another day, or naive; none at all is allowed.
        {"state": CHOICE, "until": [*MOMENT[1:], "2026-03-03T10:00:00Z"], **VERSIONED},
        {"state"},
    ),
    ("post", "clinics/@clinic/close-day/", {}, {"date": [None, *DATE, "2026-03-03", "9999-12-31", "0001-01-01"]}, set()),
    (
        "post",
        "payments/@payment/process/",
        {"amount": "1.00", "method": "cash"},
        {
            "amount": [*MONEY, *UNREADABLE, 0, "0", "0.00", "0.001"],
            "discount": [*MONEY, *UNREADABLE, "0.001"],
            "method": CHOICE,
            "reason": [*TEXT, "x" * 201],
            **VERSIONED,
        },
        {"amount", "method"},
    ),
    (
        "post",
        "payments/@payment/refund/",
        {"amount": "1.00", "reason": "mistake"},
        {"amount": [*MONEY, *UNREADABLE, 0, "0", "0.00", "0.001"], "method": CHOICE, "reason": [*NAME, "x" * 201], **VERSIONED},
        {"amount", "reason"},
    ),
    (
        "post",
        "cash-shifts/",
        {"clinic": "@clinic", "opening_cash": "100.00"},
        {"clinic": ID, "opening_cash": [*MONEY, *UNREADABLE, "0.001", "1" * 16]},
        {"clinic", "opening_cash"},
    ),
    (
        "post",
        "cash-shifts/@till/close/",
        {"counted_cash": "50.00"},
        {"counted_cash": [*MONEY, *UNREADABLE, "0.001", "49.99", "1" * 16], "note": [*TEXT, "x" * 201], **VERSIONED},
        {"counted_cash"},
    ),
    (
        "post",
        "cash-shifts/@till/movements/",
        {"kind": "in", "amount": "5.00", "reason": "change"},
        {
            "kind": CHOICE,
            "amount": [*MONEY, *UNREADABLE, 0, "0", "0.00", "0.001"],
            "reason": [*NAME, "x" * 201],
            **VERSIONED,
        },
        {"kind", "amount", "reason"},
    ),
    (
        "post",
        "patients/",
        {"full_name": "Somebody New"},
        {
            "full_name": [*NAME, "😀", "!!!", "\u200f\u200e"],
            "phone": [*TEXT, "0" * 41, "-", "unknown", "00"],
            "birth_date": [*DATE, "1899-12-31", "2026-03-04"],
            "sex": CHOICE,
            "email": [*TEXT, "nobody", "a@b"],
            "address": TEXT,
            "notes": TEXT,
        },
        {"full_name"},
    ),
    (
        "patch",
        "patients/@patient/",
        {},
        {"full_name": NAME, "phone": [*TEXT, "-"], "birth_date": DATE, "sex": CHOICE, "email": [*TEXT, "nobody"], **VERSIONED},
        set(),
    ),
    (
        "post",
        "patients/@patient/merge/",
        {"duplicate": "@duplicate"},
        {"duplicate": [*ID, "@patient"], **VERSIONED},
        {"duplicate"},
    ),
    (
        "post",
        "patients/@survivor/unmerge/",
        {"duplicate": "@merged"},
        {"duplicate": [*ID, "@survivor", "@patient"], **VERSIONED},
        {"duplicate"},
    ),
    ("post", "patients/@patient/erase/", {"reason": "asked for it"}, {"reason": [*NAME, "x" * 201], **VERSIONED}, {"reason"}),
    (
        "post",
        "patients/duplicates/",
        {"full_name": "Somebody New"},
        {
            "full_name": [*NAME, "x" * 201, "😀", "\u200f"],
            "phone": [*TEXT, "0" * 41],
            "birth_date": [*DATE, "1899-12-31", "2026-03-04"],
            "patient": ID[2:],
        },
        {"full_name"},
    ),
    (
        "post",
        "clinics/",
        {"name": "Third", "code": "T3"},
        {
            "name": NAME,
            "code": [*NAME, "lower", "ÄÖ", "ABCDE", "A-B"],
            "timezone": [*CHOICE, "Europe/Atlantis", "../etc/passwd"],
            "currency": [*CHOICE, "usd", "US"],
            "late_after_minutes": COUNT,
            "walk_in_offset_minutes": COUNT,
            "wait_alarm_minutes": [*COUNT, 0, 1441],
            "is_active": FLAG,
        },
        {"name", "code"},
    ),
    ("patch", "clinics/@clinic/", {}, {"name": NAME, "timezone": CHOICE, "currency": CHOICE, **VERSIONED}, set()),
    (
        "post",
        "services/",
        {"clinic": "@clinic", "name": "X-ray", "duration_minutes": 30, "price": "10.00"},
        {"clinic": ID, "name": NAME, "duration_minutes": [*COUNT, 0, 4, 481], "price": [*MONEY, "10.005"], "is_active": FLAG},
        {"clinic", "name", "duration_minutes", "price"},
    ),
    (
        "patch",
        "services/@service/",
        {},
        {"clinic": ID, "name": NAME, "duration_minutes": COUNT, "price": [*MONEY, "10.005"], **VERSIONED},
        set(),
    ),
    (
        "post",
        "doctors/",
        {"clinics": ["@clinic"], "name": "Dr New"},
        {
            "clinics": [None, "abc", 5, {}, [None], ["abc"], [HUGE], [0], [[]], [{}], [True], [float("1e400")]],
            "name": NAME,
            "speciality": TEXT,
        },
        {"clinics", "name"},
    ),
    ("patch", "doctors/@doctor/", {}, {"clinics": [None, "abc", [HUGE]], "name": NAME, **VERSIONED}, set()),
    (
        "post",
        "shifts/",
        {"clinic": "@clinic", "doctor": "@doctor", "weekday": 6, "start_time": "08:00", "end_time": "12:00"},
        {
            "clinic": ID,
            "doctor": ID,
            "weekday": [None, "", "monday", -1, 7, HUGE, [], {}],
            "start_time": [*TIME, "12:00", "13:00"],
            "end_time": [*TIME, "08:00", "07:00"],
            "breaks": [*BREAKS, [{"start_time": "07:59", "end_time": "10:00"}]],
            "valid_from": DATE,
            "valid_until": DATE,
        },
        {"clinic", "doctor", "weekday", "start_time", "end_time"},
    ),
    (
        "patch",
        "shifts/@shift/",
        {},
        {
            "clinic": ID,
            "doctor": ID,
            "weekday": [1],
            "start_time": TIME,
            "end_time": TIME,
            "breaks": BREAKS,
            "valid_from": DATE,
            **VERSIONED,
        },
        set(),
    ),
    ("post", "shifts/@shift/end/", {}, VERSIONED, set()),
    ("patch", "time-off/@time_off/", {}, {"doctor": ID, "end": [*MOMENT, "2026-04-01T00:00:00Z"], **VERSIONED}, set()),
    (
        "post",
        "closing-days/",
        {"clinic": "@clinic", "first_day": "2026-05-01", "last_day": "2026-05-02"},
        {
            "clinic": ID,
            "first_day": [None, *DATE, "2026-05-03", "0001-01-01", "9999-12-31"],
            "last_day": [None, *DATE, "2026-04-30", "0001-01-01", "9999-12-31"],
            "reason": [*TEXT, "x" * 201],
        },
        {"clinic", "first_day"},
    ),
    (
        "patch",
        "closing-days/@closing/",
        {},
        {"clinic": ID, "first_day": [None, *DATE], "last_day": [None, *DATE, "2026-12-23"], "reason": TEXT, **VERSIONED},
        set(),
    ),
    (
        "post",
        "time-off/",
        {"doctor": "@doctor", "start": "2026-04-01T00:00:00Z", "end": "2026-04-02T00:00:00Z"},
        {
            "doctor": ID,
            "start": [m for m in MOMENT if not str(m).startswith(("2026-03-01", "1900"))],
            "end": [*MOMENT, "2026-04-01T00:00:00Z"],
            "reason": TEXT,
        },
        {"doctor", "start", "end"},
    ),
    (
        "post",
        "auth/token/",
        {"username": "a", "password": "b"},
        {"username": [*TEXT, ""], "password": [*TEXT, ""]},
        {"username", "password"},
    ),
    ("post", "auth/token/refresh/", {"refresh": "a.b.c"}, {"refresh": [*TEXT, "", "a.b.c", "😀", "é.é.é", 5]}, {"refresh"}),
    ("post", "auth/token/blacklist/", {"refresh": "a.b.c"}, {"refresh": [*TEXT, "", "a.b.c", "😀", "é.é.é", 5]}, {"refresh"}),
]
NAMES = [f"{method} {path}" for method, path, *_ in ENDPOINTS]
REFUSALS = {400, 401, 404, 409}


def _filled(value: Any, ids: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, ids) for part in value]
    return ids[value[1:]] if isinstance(value, str) and value.startswith("@") else value


def _path(path: str, ids: dict[str, Any]) -> str:
    for name in sorted(ids, key=len, reverse=True):
        path = path.replace(f"@{name}", str(ids[name]))
    return path


def send(api: Api, method: str, path: str, body: Any) -> Any:
    text = body if isinstance(body, bytes | str) else json.dumps(body).replace("Infinity", "1e400")
    try:
        return getattr(api, method)(f"/api/{path}", text, content_type="application/json")
    except Exception as error:  # noqa: BLE001  (the client raises what a server would answer with 500)
        return error


def fault(response: Any, *, statuses: set[int] = REFUSALS) -> str | None:
    """What is wrong with a refusal; nothing if it is as the contract has it."""
    if isinstance(response, Exception):
        return f"500: {response!r}"[:200]
    if response.status_code not in statuses:
        return f"{response.status_code}: {response.content[:120]!r}"
    data = response.json()
    if response.status_code == 400 and not (set(data) == {"detail", "code"} and data["code"] == "parse_error"):
        sentences = [s for part in data.values() for s in (part if isinstance(part, list) else [part])]
        if not all(isinstance(part, list) and part for part in data.values()) or not all(isinstance(s, str) for s in sentences):
            return f"shape: {data}"
        return None
    if not {"detail", "code"} <= set(data) or not all(isinstance(data[name], str) for name in ("detail", "code")):
        return f"shape: {data}"
    return None


@pytest.mark.parametrize(("method", "path", "valid", "garbage", "needed"), ENDPOINTS, ids=NAMES)
def test_garbage_in_a_field(
    world: World,
    ids: dict[str, Any],
    method: str,
    path: str,
    valid: dict[str, Any],
    garbage: dict[str, list[Any]],
    needed: set[str],
    some: Some,
) -> None:
    api, where, good = Api(world.superuser if path == "clinics/" else world.admin), _path(path, ids), _filled(valid, ids)
    before = dump_but_reading()
    faults = []
    for field, value in some([(field, value) for field, values in garbage.items() for value in _filled(values, ids)]):
        found = fault(send(api, method, where, {**good, field: value}))
        if found:
            faults.append((field, repr(value)[:60], found))
    for field in needed:
        found = fault(send(api, method, where, {name: value for name, value in good.items() if name != field}), statuses={400})
        if found:
            faults.append((field, "left out", found))
    assert faults == []
    assert dump_but_reading() == before


@pytest.mark.parametrize(("method", "path", "valid", "garbage", "needed"), ENDPOINTS, ids=NAMES)
def test_garbage_as_a_whole(
    world: World,
    ids: dict[str, Any],
    method: str,
    path: str,
    valid: dict[str, Any],
    garbage: dict[str, list[Any]],
    needed: set[str],
) -> None:
    api, where = Api(world.admin), _path(path, ids)
    before = dump()
    got: dict[str, Any] = {}
    bodies = {
        "{": b"{",
        "[]": b"[]",
        "3": b"3",
        "null": b"null",
        "text": b'"x"',
        "bytes": b"\xff\xfe",
        "NaN": b'{"version": NaN}',
    }
    bodies["deep"] = b"[" * 100_000
    bodies["digits"] = b'{"version": ' + b"1" * 5000 + b"}"
    for name, raw in bodies.items():
        got[name] = fault(send(api, method, where, raw), statuses={400})
    assert got == dict.fromkeys(bodies)
    plain = getattr(api, method)(f"/api/{where}", "hello", content_type="text/plain")
    assert outcome(plain) == (415, "unsupported_media_type")
    unknown = api.put(f"/api/{where}", {}, format="json")
    assert outcome(unknown) == (405, "method_not_allowed")
    assert dump() == before


@pytest.mark.both
@pytest.mark.parametrize(("method", "path", "valid", "garbage", "needed"), ENDPOINTS[:-3], ids=NAMES[:-3])
def test_what_is_sent_here_as_valid_is_valid(
    world: World,
    ids: dict[str, Any],
    method: str,
    path: str,
    valid: dict[str, Any],
    garbage: dict[str, list[Any]],
    needed: set[str],
) -> None:
    """Else the catalogue above would prove nothing."""
    response = Api(world.admin).call(method, _path(path, ids), _filled(valid, ids))
    by_state = {
        **dict.fromkeys(["visits/@visit/complete/", "visits/@visit/undo/", "visits/@visit/return/"], 409),
        "clinics/@clinic/close-day/": 409,  # somebody is still to come
    }
    creates = path.count("/") == 1 or path == "appointments/series/"
    assert response.status_code == by_state.get(path, 201 if creates and method == "post" else 200), response.content


# --- Rules that no single field shows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": "2026-03-02T07:59:59Z"}, "start"),
        ({"start": "2026-03-02T23:50:00Z"}, "start"),
        ({"end": "2026-03-01T00:00:00Z", "start": "2026-03-02T07:00:00Z"}, "start"),
    ],
)
def test_booking_outside_the_rules(world: World, ids: dict[str, Any], change: dict[str, Any], field: str) -> None:
    body = {**_filled(ENDPOINTS[0][2], ids), **change}
    before = dump()
    assert outcome(Api(world.receptionist).call("post", "appointments/", body)) == (400, field)
    assert dump() == before


@pytest.mark.parametrize("path", ["appointments/", "visits/"])
@pytest.mark.parametrize("field", ["doctor", "service"])
def test_who_and_what_belong_to_the_clinic(world: World, ids: dict[str, Any], path: str, field: str) -> None:
    """A superuser sees both clinics; still nobody is booked with whom or what isn't there."""
    body = {"clinic": ids["clinic"], "doctor": ids["doctor"], "patient": ids["patient"], "service": ids["service"]}
    body["start"] = "2026-03-02T15:00:00Z"
    body[field] = {"doctor": world.stranger.pk, "service": world.service_there.pk}[field]
    before = dump()
    assert outcome(Api(world.superuser).call("post", path, body)) == (400, field)
    assert dump() == before


@pytest.mark.parametrize("path", ["appointments/", "visits/"])
@pytest.mark.parametrize("what", ["clinic", "doctor", "service"])
def test_what_is_closed_takes_nobody(world: World, ids: dict[str, Any], path: str, what: str) -> None:
    closed = {"clinic": world.here, "doctor": world.doctor, "service": world.service}[what]
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    body = {name: ids[name] for name in ("clinic", "doctor", "patient", "service")} | {"start": "2026-03-02T15:00:00Z"}
    before = dump()
    assert outcome(Api(world.receptionist).call("post", path, body)) == (400, what)
    assert dump() == before


@pytest.mark.parametrize(
    "name",
    ["José Ñandú", "محمد علي", "‏شركة‎", "😀 Emoji Person", "李小龙", "O'Neil-Smith <b>", "ﷺ" * 200, "ß" * 200, "x" * 200],
)
def test_unusual_names_are_names(world: World, name: str) -> None:
    api = Api(world.receptionist)
    made = api.ok("post", "patients/", {"full_name": name}, 201)
    assert api.ok("get", f"patients/{made['id']}/")["full_name"] == name


# --- Queries and addresses ------------------------------------------------------------------------------------------------

BAD_QUERIES = [
    ("appointments/", {"date": "foo"}),
    ("appointments/", {"date": "2026-02-31"}),
    ("appointments/", {"status": "xyz"}),
    ("appointments/", {"clinic": "abc"}),
    ("appointments/", {"doctor": "a\0b"}),
    ("visits/", {"status": ["waiting", "\0"]}),
    ("visits/", {"date": "\0"}),
    ("payments/", {"status": "free"}),
    ("payments/", {"visit": "NaN"}),
    ("cash-shifts/", {"status": "ajar"}),
    ("cash-shifts/", {"cashier": "abc"}),
    ("services/", {"clinic": "abc"}),
    ("shifts/", {"weekday": "9"}),
    ("appointments/", {"series": "abc"}),
    ("closing-days/", {"date": "2026-02-31"}),
    ("time-off/", {"current": "maybe"}),
    ("doctors/@doctor/slots/", {}),
    ("doctors/@doctor/slots/", {"clinic": "abc", "service": "@service", "date": "2026-03-02"}),
    ("doctors/@doctor/slots/", {"clinic": "@clinic", "service": "@service", "date": "2026-02-31"}),
    ("doctors/@doctor/slots/", {"clinic": "@clinic", "service": "999999", "date": "2026-03-02"}),
]


@pytest.mark.parametrize(("path", "query"), BAD_QUERIES)
def test_bad_queries(world: World, ids: dict[str, Any], path: str, query: dict[str, Any]) -> None:
    response = Api(world.admin).get(f"/api/{_path(path, ids)}", _filled(query, ids))
    assert (fault(response, statuses={400}), response.status_code) == (None, 400)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("patients/", {"page_size": "abc"}, 200),
        ("patients/", {"page_size": "0"}, 200),
        ("patients/", {"page_size": "-5"}, 200),
        ("patients/", {"page_size": "99999999999999999999"}, 200),
        ("patients/", {"page": "abc"}, 404),
        ("patients/", {"page": "0"}, 404),
        ("patients/", {"page": "99999999999999999999999"}, 404),
        ("patients/", {"search": "a\0b"}, 200),
        ("patients/", {"search": "%"}, 200),
        ("patients/", {"search": "100%_'\"; DROP TABLE"}, 200),
        ("patients/", {"search": "x" * 5000}, 200),
        ("appointments/", {"patient": str(HUGE)}, 400),
        ("appointments/", {"clinic": "1e30"}, 400),
        ("visits/", {"doctor": "9223372036854775808"}, 400),
        ("visits/", {"doctor": "9223372036854775807"}, 200),
        ("payments/", {"visit": str(HUGE)}, 400),
        ("visits/", {"clinic": "-1e30"}, 400),
        ("visits/", {"clinic": f"-{HUGE}"}, 400),
        ("doctors/", {"clinic": str(HUGE)}, 400),
        ("shifts/", {"doctor": str(HUGE)}, 400),
        ("appointments/", {"series": str(HUGE)}, 400),
        ("appointments/", {"series": "999999"}, 200),
        ("closing-days/", {"date": "9999-12-31"}, 200),
        ("appointments/", {"date": "9999-12-31"}, 200),
        ("doctors/@doctor/slots/", {"clinic": "@clinic", "service": "@service", "date": "9999-12-31"}, 400),
        ("doctors/@doctor/slots/", {"clinic": "@clinic", "service": "@service", "date": "0001-01-01"}, 400),
        (f"queue/clinics/{HUGE}/", {}, 404),
        (f"queue/doctors/{HUGE}/", {}, 404),
        ("queue/doctors/9223372036854775808/", {}, 404),
        ("queue/clinics/0/", {}, 404),
        (f"patients/{HUGE}/", {}, 404),
        ("patients/999999999999999999/", {}, 404),
        ("patients/-1/", {}, 404),
        ("patients/abc/", {}, 404),
        ("nothing/", {}, 404),
        ("patients", {}, 404),
        ("patients/", {"format": "xyz"}, 404),
    ],
)
def test_odd_questions_get_an_answer(world: World, ids: dict[str, Any], path: str, query: dict[str, Any], status: int) -> None:
    response = Api(world.admin).get(f"/api/{_path(path, ids)}", _filled(query, ids))
    assert response.status_code == status, response.content[:200]
    if status >= 400:
        assert fault(response, statuses={status}) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01"])
def test_the_ends_of_the_calendar_far_from_utc(world: World, ids: dict[str, Any], zone: str, date: str) -> None:
    as_if(world.here, timezone=zone)
    api = Api(world.receptionist)
    query = {"clinic": ids["clinic"], "service": ids["service"], "date": date}
    assert outcome(api.get(f"/api/doctors/{ids['doctor']}/slots/", query)) == (400, "date")
    body = {**_filled(ENDPOINTS[0][2], ids), "start": f"{date}T12:00:00Z"}
    assert outcome(send(api, "post", "appointments/", body)) == (400, "start")


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "NaN", "[" * 100_000, b"\xff\xfe"])
def test_nobody_is_called_by_what_can_not_be_read(world: World, body: Any) -> None:
    visit = walk_in(world)
    response = Api(world.receptionist).post(
        f"/api/queue/doctors/{world.doctor.pk}/call-next/", body, content_type="application/json"
    )
    visit.refresh_from_db()
    assert (response.status_code, visit.status) == (400, "waiting")


def test_a_day_that_is_none_is_told_from_a_wrong_format(world: World, ids: dict[str, Any]) -> None:
    body = {**_filled(ENDPOINTS[0][2], ids), "start": "2026-02-31T10:00:00Z"}
    response = send(Api(world.receptionist), "post", "appointments/", body)
    assert response.json() == {"start": ["There is no such day or time. Write one that the calendar has."]}


def test_a_request_that_is_too_much(world: World) -> None:
    api = Api(world.receptionist)
    long = api.call("post", "patients/", {"full_name": "x", "notes": "x" * 3_000_000})
    many = [
        api.get("/api/visits/", {f"f{n}": n for n in range(1_100)}),
        api.post("/api/patients/", "&".join(f"f{n}=1" for n in range(1_100)), content_type="application/x-www-form-urlencoded"),
    ]
    assert (outcome(long), [outcome(response) for response in many]) == ((413, "too_large"), [(400, "bad_request")] * 2)


@pytest.mark.parametrize("method", ["options", "post", "put"])
def test_the_docs_are_for_reading(world: World, method: str) -> None:
    assert getattr(Api(world.receptionist), method)("/api/docs/").status_code == 405


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_an_unknown_address_under_api_answers_as_json(world: World, method: str) -> None:
    api = Api(world.admin, enforce_csrf_checks=True)
    assert outcome(getattr(api, method)("/api/nothing/here/")) == (404, "not_found")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer é", "Bearer a.b.c", "Bearer \x00", "Basic abc", "Bearer " + "x" * 9000]
)
def test_bad_tokens(world: World, header: str) -> None:
    api = Api(HTTP_AUTHORIZATION=header)
    response = api.get("/api/auth/me/")
    assert response.status_code == 401
    assert fault(response, statuses={401}) is None
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_two_clinics_of_one_name(world: World) -> None:
    with as_it_was():
        response = Api(world.admin).call("post", "clinics/", {"name": world.there.name, "code": world.there.code})
    assert outcome(response) == (400, "code,name")


def test_two_services_of_one_name(world: World) -> None:
    body = {"clinic": world.here.pk, "name": world.service.name, "duration_minutes": 10, "price": "1"}
    assert outcome(Api(world.admin).call("post", "services/", body)) == (400, "non_field_errors")


@pytest.mark.parametrize("by", ["token", "session"])
@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\xff"]
)
def test_a_form_without_its_boundary(world: World, by: str, kind: str) -> None:
    api = Api(world.admin if by == "token" else None, enforce_csrf_checks=True)
    if by == "session":
        api.force_login(world.admin)
        api.cookies["csrftoken"] = "a" * 32  # its fellow is looked for in the form
    assert outcome(api.generic("POST", "/api/patients/", b"--x", content_type=kind)) == (400, "parse_error")


BLANK = ["\u200b", "\u202e\u200f", "\u3164", "\u2800", "\uffa0 \u115f"]


@pytest.mark.parametrize("name", [*BLANK, 12, True, 1e400])
@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("patients/", "full_name", {}),
        ("patients/duplicates/", "full_name", {}),
        ("services/", "name", {"clinic": "@here", "duration_minutes": 10, "price": "1"}),
        ("doctors/", "name", {"clinics": ["@here"]}),
        ("clinics/", "name", {"code": "ZZ9"}),
    ],
)
def test_a_name_is_a_text_that_can_be_seen(world: World, path: str, field: str, body: dict[str, Any], name: Any) -> None:
    here = {"clinic": world.here.pk, "clinics": [world.here.pk]}
    sent = json.dumps({**body, **{key: here[key] for key in here if key in body}, field: name}).replace("Infinity", "1e400")
    response = Api(world.admin).generic("POST", f"/api/{path}", sent, content_type="application/json")
    assert outcome(response) == (400, field)


NAMED: list[tuple[str, str, dict[str, Any]]] = [
    ("patients/", "full_name", {}),
    ("services/", "name", {"clinic": "@here", "duration_minutes": 10, "price": "1"}),
    ("doctors/", "name", {"clinics": ["@here"]}),
    ("clinics/", "name", {"code": "ZZ9"}),
    *(
        ("staff/", name, {"username": "fresh", "password": "quite-a-long-one-7", "role": "receptionist", "clinics": ["@here"]})
        for name in ("first_name", "last_name")
    ),
]


@pytest.mark.parametrize(("path", "field", "body"), NAMED)
def test_a_name_turns_nothing_around_beside_it(world: World, path: str, field: str, body: dict[str, Any]) -> None:
    sent = _filled(body, {"here": world.here.pk})
    for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        response = Api(world.admin).call("post", path, {**sent, field: f"Ann{mark}a"})
        assert (response.status_code, response.json()) == (400, {field: [str(TURNING)]})


@pytest.mark.parametrize("name", ["\u200fمحمد", "Ann\u200e (2)", "می\u200cخواهم", "न्\u200dय", "👩\u200d⚕\ufe0f Ann"])
@pytest.mark.parametrize(("path", "field", "body"), NAMED)
def test_a_name_keeps_the_marks_that_it_is_written_with(
    world: World, path: str, field: str, body: dict[str, Any], name: str
) -> None:
    sent = _filled(body, {"here": world.here.pk})
    assert Api(world.admin).ok("post", path, {**sent, field: name}, 201)[field] == name


def test_a_file_with_such_a_name_from_before_can_be_changed_otherwise(world: World) -> None:
    Patient._base_manager.filter(pk=world.patient.pk).update(full_name="Ann\u202ea")
    api, path = Api(world.receptionist), f"patients/{world.patient.pk}/"
    api.ok("patch", path, {"phone": "0151 5000001"})
    assert outcome(api.call("patch", path, {"full_name": "Anna\u202e"})) == (400, "full_name")


@pytest.mark.parametrize(("path", "field", "_body"), NAMED)
def test_a_name_from_before_the_rule_may_be_sent_along(world: World, path: str, field: str, _body: dict[str, Any]) -> None:
    row: Any = {
        "patients/": world.patient,
        "services/": world.service,
        "doctors/": world.doctor,
        "clinics/": world.here,
        "staff/": world.receptionist,
    }[path]
    type(row)._base_manager.filter(pk=row.pk).update(**{field: "Ann\u202ea"})
    api, address = Api(world.superuser), f"{path}{row.pk}/"

    other = "phone" if path == "patients/" else "is_active" if path != "staff/" else "email"
    value = {"phone": "0151 5000001", "is_active": True, "email": "ann@example.org"}[other]
    assert api.ok("patch", address, {field: "Ann\u202ea", other: value})[other] == value

    assert outcome(api.call("patch", address, {field: "Anna\u202e"})) == (400, field)


@pytest.mark.parametrize("reason", BLANK)
def test_a_reason_is_a_text_that_can_be_seen(world: World, reason: str) -> None:
    api, visit = Api(world.admin), walk_in(world)
    taken = {"amount": "1.00", "method": "cash"}
    process = api.call("post", f"payments/{visit.payment.pk}/process/", {**taken, "discount": "1.00", "reason": reason}).json()
    assert process["entries"][0]["reason"] == ""
    shift = api.ok("post", "cash-shifts/", {"clinic": world.here.pk, "opening_cash": "5.00"}, 201)
    api.ok("post", f"visits/{visit.pk}/priority/", {"priority": "urgent", "reason": reason})
    assert Visit.objects.get(pk=visit.pk).priority_reason == ""
    book(world, minutes=60)
    where = {"clinic": world.here.pk, "doctor": world.doctor.pk, "patient": PatientFactory().pk, "service": world.service.pk}
    overbooked = {**where, "start": soon(60).isoformat(), "overbook": True, "overbook_reason": reason}
    before = dump_but_reading()
    for path, body, field in (
        (f"payments/{visit.payment.pk}/refund/", {"amount": "1.00", "reason": reason}, "reason"),
        (f"cash-shifts/{shift['id']}/movements/", {"kind": "in", "amount": "1.00", "reason": reason}, "reason"),
        (f"cash-shifts/{shift['id']}/close/", {"counted_cash": "1.00", "note": reason}, "note"),
        (f"patients/{world.patient.pk}/erase/", {"reason": reason}, "reason"),
        ("appointments/", overbooked, "overbook_reason"),
    ):
        assert outcome(api.call("post", path, body)) == (400, field), path
    assert dump_but_reading() == before


def test_what_never_changes_of_a_file_is_not_changed_in_silence(world: World) -> None:
    api, path, other = Api(world.admin), f"patients/{world.patient.pk}/", PatientFactory()
    as_it_came = {**api.ok("get", path), "merged_into": None, "notes": "tea"}
    assert api.ok("patch", path, as_it_came)["notes"] == "tea"
    assert outcome(api.call("patch", path, {"record_number": "P-999999"})) == (400, "record_number")
    assert outcome(api.call("patch", path, {"merged_into": other.pk})) == (400, "merged_into")
