"""Every endpoint × every role, with objects of one's own clinic and of the other one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from appointments import actions as appointment_actions
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from clinics.models import Role, User
from patients import actions as patient_actions
from payments import actions as payment_actions
from payments.models import Payment
from queue.models import DayClose, Visit
from tests.api.client import Api, as_it_was, dump, outcome
from tests.api.fixtures import standing
from tests.factories import DoctorFactory, PatientFactory, UserFactory, World
from tests.factories.world import book, soon, walk_in

PEOPLE = [
    "nobody",
    "receptionist",
    "doctor",
    "colleague",
    "admin",
    "superuser",
    "receptionist_there",
    "stranger",
    "admin_there",
    "unassigned",
]


def person(world: World, name: str) -> User | None:
    if name == "nobody":
        return None
    if name == "unassigned":
        return UserFactory(role=Role.ADMIN)
    who = getattr(world, name)
    return who if isinstance(who, User) else who.user


class Places:
    """One of everything at each clinic; ``ids`` fills the templates of paths and bodies."""

    def __init__(self, world: World) -> None:
        self.here = self._fill(world, world.here, world.doctor, world.service, world.receptionist)
        self.there = self._fill(world, world.there, world.stranger, world.service_there, world.receptionist_there)

    def _fill(self, world: World, clinic: Any, doctor: Any, service: Any, by: Any) -> dict[str, Any]:
        where = {"clinic": clinic, "doctor": doctor, "service": service, "by": by}
        appointment = book(world, **where)
        visit = walk_in(world, **where)
        payment_actions.process(visit.payment, by=by, amount=service.price / 2, method="cash")
        now = soon(60 * 24 * 30)
        closed = DayClose.objects.create(
            clinic=clinic, date=now.date(), number=1, at=now, by=by, figures={"seen": 1, "money": []}
        )
        time_off = TimeOff.objects.create(doctor=doctor, start=now, end=now + dt.timedelta(hours=1))
        series, booked, _ = appointment_actions.book_series(
            by=by, clinic=clinic, doctor=doctor, service=service, patient=PatientFactory(), start=soon(60 * 24), count=2
        )
        closing = ClosingDay.objects.create(clinic=clinic, first_day="2026-12-24", last_day="2026-12-26")
        # Nobody works on Sundays, so that hours can be added there.
        appointment_actions.end_shift(Shift.objects.get(doctor=doctor, weekday=6), by=None)
        return {
            "series": series.pk,
            "one_of_series": booked[0].pk,
            "closing": closing.pk,
            "clinic": clinic.pk,
            "doctor": doctor.pk,
            "service": service.pk,
            "appointment": appointment.pk,
            "visit": visit.pk,
            "planned": appointment.visit.pk,
            "payment": visit.payment.pk,
            "cash_shift": payment_actions.open_shift(by=by, clinic=clinic, opening_cash=service.price).pk,
            "shift": Shift.objects.filter(doctor=doctor).first().pk,  # type: ignore[union-attr]
            "time_off": time_off.pk,
            "day_close": closed.pk,
            "patient": PatientFactory().pk,
            "duplicate": PatientFactory().pk,
            **self._merged(by),
        }

    def _merged(self, by: Any) -> dict[str, int]:
        survivor, merged = PatientFactory(), PatientFactory()
        patient_actions.merge(survivor, duplicate=merged, by=by)
        return {"survivor": survivor.pk, "merged": merged.pk}


class Filled(World):
    """With one of everything at each clinic."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.places = Places(self)


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Filled]:
    with standing(Filled, django_db_blocker, ago=dt.timedelta()) as made:
        yield made


@pytest.fixture
def places(world: Filled) -> Places:
    return world.places


ALL = {"receptionist": 200, "doctor": 200, "colleague": 200, "admin": 200, "superuser": 200}
THERE = {"receptionist_there": 404, "stranger": 404, "admin_there": 404, "unassigned": 404}
READ = {**ALL, **THERE}
LIST = dict.fromkeys(READ, 200)
OWN = {**READ, "colleague": 404}
DESK = {**ALL, "doctor": 403, "colleague": 403, **THERE, "stranger": 403}
# An admin may; of another clinic's object they don't know.
ADMIN = {**DESK, "receptionist": 403, "receptionist_there": 403}
NO_DOCTORS = ["receptionist", "admin", "superuser", "receptionist_there", "admin_there", "unassigned"]
REGISTRY = {**dict.fromkeys(READ, 200), "doctor": 403, "colleague": 403, "stranger": 403}
REGISTRY_ADMIN = {**REGISTRY, "receptionist": 403, "receptionist_there": 403}

# (method, path, body, who gets what for an object of `here`)
CASES: list[tuple[str, str, Any, dict[str, int]]] = [
    ("get", "auth/me/", None, LIST),
    ("get", "", None, LIST),
    # Lists: what is in them is another test's.
    *((("get", f"{name}/", None, LIST)) for name in ("clinics", "services", "doctors", "shifts", "time-off", "closing-days")),
    ("get", "staff/", None, LIST),
    *((("get", f"{name}/", None, LIST)) for name in ("patients", "appointments", "visits")),
    ("get", "payments/", None, {**LIST, "doctor": 403, "colleague": 403, "stranger": 403}),
    (
        "get",
        "changes/",
        None,
        {**LIST, **dict.fromkeys(["receptionist", "doctor", "colleague", "receptionist_there", "stranger"], 403)},
    ),
    ("get", "day-closes/", None, {**LIST, "doctor": 403, "colleague": 403, "stranger": 403}),
    ("get", "cash-shifts/", None, {**LIST, "doctor": 403, "colleague": 403, "stranger": 403}),
    (
        "get",
        "payments/shares/?from=2026-03-02&to=2026-03-02",
        None,
        {**LIST, "receptionist": 403, "receptionist_there": 403},
    ),
    # Details
    ("get", "clinics/{clinic}/", None, READ),
    ("get", "clinics/{clinic}/hours/?date_after=2026-03-02&date_before=2026-03-08", None, READ),
    ("get", "services/{service}/", None, READ),
    ("get", "doctors/{doctor}/", None, READ),
    ("get", "shifts/{shift}/", None, READ),
    ("get", "time-off/{time_off}/", None, READ),
    ("get", "closing-days/{closing}/", None, READ),
    ("get", "patients/{patient}/", None, LIST),
    ("get", "appointments/{appointment}/", None, OWN),
    ("get", "visits/{visit}/", None, READ),
    ("get", "visits/{visit}/history/", None, READ),
    ("get", "payments/{payment}/", None, DESK),
    ("get", "payments/{payment}/receipt/", None, DESK),
    ("get", "day-closes/{day_close}/", None, DESK),
    ("get", "doctors/{doctor}/state/", None, READ),
    ("get", "queue/clinics/{clinic}/", None, READ),
    ("get", "queue/doctors/{doctor}/", None, {**READ, "colleague": 403}),
    # The directory: admins write
    ("patch", "clinics/{clinic}/", {"name": "New name"}, ADMIN),
    ("patch", "services/{service}/", {"name": "New name"}, ADMIN),
    ("patch", "doctors/{doctor}/", {"name": "New name"}, ADMIN),
    ("patch", "shifts/{shift}/", {"start_time": "08:00"}, ADMIN),
    ("patch", "time-off/{time_off}/", {"reason": "conference"}, ADMIN),
    ("patch", "closing-days/{closing}/", {"reason": "holidays"}, ADMIN),
    ("post", "shifts/{shift}/end/", {}, ADMIN),
    # Patients: one registry
    ("patch", "patients/{patient}/", {"notes": "likes tea"}, REGISTRY),
    ("post", "patients/{patient}/merge/", {"duplicate": "{duplicate}"}, REGISTRY),
    ("post", "patients/{survivor}/unmerge/", {"duplicate": "{merged}"}, REGISTRY),
    ("get", "patients/{survivor}/merges/", None, REGISTRY),
    ("post", "patients/duplicates/", {"full_name": "Somebody New"}, REGISTRY),
    ("get", "patients/{patient}/accesses/", None, REGISTRY_ADMIN),
    ("get", "patients/{patient}/export/", None, REGISTRY_ADMIN),
    ("post", "patients/{patient}/erase/", {"reason": "asked for it"}, REGISTRY_ADMIN),
    # Appointments
    ("patch", "appointments/{appointment}/", {"notes": "brings papers"}, DESK),
    ("post", "appointments/{appointment}/cancel/", {"reason": "ill"}, DESK),
    ("post", "appointments/{appointment}/check-in/", {}, DESK),
    ("post", "appointments/{appointment}/no-show/", {}, DESK),
    ("post", "appointments/{one_of_series}/cancel-following/", {"reason": "moved away"}, DESK),
    (
        "patch",
        "appointments/{appointment}/",
        {"start": "2026-03-02T16:00:00Z", "overbook": True, "overbook_reason": "twins"},
        {**DESK, "receptionist": 403},
    ),
    # Money
    ("post", "payments/{payment}/process/", {"amount": "5.00", "method": "cash"}, DESK),
    ("post", "payments/{payment}/refund/", {"amount": "5.00", "reason": "mistake"}, ADMIN),
    ("get", "cash-shifts/{cash_shift}/", None, DESK),
    ("post", "cash-shifts/{cash_shift}/close/", {"counted_cash": "50.00"}, DESK),
    ("post", "cash-shifts/{cash_shift}/movements/", {"kind": "in", "amount": "5.00", "reason": "change"}, DESK),
    # Visits: the rest is tests/queue/test_transitions.py
    ("post", "visits/{visit}/call/", {}, OWN),
    ("get", "visit-notes/", None, {**LIST, **dict.fromkeys(NO_DOCTORS, 403)}),
    ("post", "queue/doctors/{doctor}/call-next/", None, OWN),
    ("post", "doctors/{doctor}/state/", {"state": "gone"}, OWN),
]


def filled(value: Any, ids: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


@pytest.mark.parametrize(("method", "path", "body", "expected"), CASES, ids=[f"{m} {p or 'root'}" for m, p, _b, _e in CASES])
def test_who_gets_what_of_one_clinic(
    world: World, places: Places, method: str, path: str, body: Any, expected: dict[str, int]
) -> None:
    ids = places.here
    got = {}
    for name in PEOPLE:
        with as_it_was():
            response = Api(person(world, name)).call(method, filled(path, ids), filled(body, ids))
            got[name] = response.status_code
            if response.status_code >= 400:
                assert set(response.json()) == {"detail", "code"}
    assert got == {"nobody": 401, **expected}


def test_who_closes_a_day(db: None) -> None:
    world = World()
    walk_in(world)  # and nobody is still to come, as among the `Places`
    got = {}
    for name in PEOPLE:
        with as_it_was():
            got[name] = Api(person(world, name)).call("post", f"clinics/{world.here.pk}/close-day/", {}).status_code
    assert got == {"nobody": 401, **DESK}


CREATES: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    (
        "clinics/",
        {"name": "Third", "code": "T3"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 201, "unassigned": 201},
    ),
    (
        "services/",
        {"clinic": "{clinic}", "name": "X-ray", "duration_minutes": 30, "price": "10.00"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "doctors/",
        {"clinics": ["{clinic}"], "name": "Dr New"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "shifts/",
        {"clinic": "{clinic}", "doctor": "{doctor}", "weekday": 6, "start_time": "08:00", "end_time": "12:00"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "time-off/",
        {"doctor": "{doctor}", "start": "2026-04-01T00:00:00Z", "end": "2026-04-02T00:00:00Z"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "patients/",
        {"full_name": "Somebody New"},
        {"receptionist": 201, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 201, "unassigned": 201},
    ),
    (
        "appointments/",
        {
            "clinic": "{clinic}",
            "doctor": "{doctor}",
            "patient": "{patient}",
            "service": "{service}",
            "start": "2026-03-02T15:00:00Z",
        },
        {"receptionist": 201, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "closing-days/",
        {"clinic": "{clinic}", "first_day": "2026-05-01"},
        {"receptionist": 403, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "appointments/series/",
        {
            "clinic": "{clinic}",
            "doctor": "{doctor}",
            "patient": "{patient}",
            "service": "{service}",
            "start": "2026-03-02T15:00:00Z",
            "count": 2,
        },
        {"receptionist": 201, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "visits/",
        {"clinic": "{clinic}", "doctor": "{doctor}", "patient": "{patient}", "service": "{service}"},
        {"receptionist": 201, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
    (
        "cash-shifts/",
        {"clinic": "{clinic}", "opening_cash": "50.00"},
        # The receptionist's is open already.
        {"receptionist": 409, "doctor": 403, "admin": 201, "superuser": 201, "admin_there": 400, "unassigned": 400},
    ),
]


def body_with_ids(body: dict[str, Any], ids: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [filled(v, ids) for v in value] if isinstance(value, list) else filled(value, ids) for name, value in body.items()
    }


@pytest.mark.parametrize(("path", "body", "expected"), CREATES, ids=[c[0] for c in CREATES])
def test_who_creates_at_a_clinic(
    world: World, places: Places, path: str, body: dict[str, Any], expected: dict[str, int]
) -> None:
    ids = places.here
    got = {}
    for name in ["nobody", *expected]:
        with as_it_was():
            got[name] = Api(person(world, name)).call("post", path, body_with_ids(body, ids)).status_code
    assert got == {"nobody": 401, **expected}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [("appointments/", CREATES[6][1], field) for field in ("clinic", "doctor", "service")]
    + [("visits/", CREATES[9][1], field) for field in ("clinic", "doctor", "service")]
    + [("appointments/series/", CREATES[8][1], field) for field in ("clinic", "doctor", "service")]
    + [("closing-days/", CREATES[7][1], "clinic")]
    + [("shifts/", CREATES[3][1], field) for field in ("clinic", "doctor")]
    + [
        ("services/", CREATES[1][1], "clinic"),
        ("time-off/", CREATES[4][1], "doctor"),
        ("cash-shifts/", CREATES[10][1], "clinic"),
    ],
)
def test_ids_of_the_other_clinic_are_refused_on_their_field(
    world: World, places: Places, path: str, body: dict[str, Any], field: str
) -> None:
    sent = body_with_ids(body, {**places.here, field: places.there[field]})
    response = Api(world.admin).call("post", path, sent)
    assert outcome(response) == (400, field)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("appointments/{appointment}/", {"doctor": "{doctor}"}, "doctor"),
        ("appointments/{appointment}/", {"service": "{service}"}, "service"),
        ("services/{service}/", {"clinic": "{clinic}"}, "clinic"),
        ("shifts/{shift}/", {"clinic": "{clinic}"}, "clinic"),
        ("shifts/{shift}/", {"doctor": "{doctor}"}, "doctor"),
        ("time-off/{time_off}/", {"doctor": "{doctor}"}, "doctor"),
    ],
)
def test_nothing_is_moved_to_the_other_clinic(
    world: World, places: Places, path: str, body: dict[str, Any], field: str
) -> None:
    response = Api(world.admin).call("patch", filled(path, places.here), filled(body, places.there))
    assert outcome(response) == (400, field)


@pytest.mark.parametrize(("action", "field"), [("transfer", "doctor"), ("move", "after")])
def test_visits_stay_among_the_clinics_own(world: World, places: Places, action: str, field: str) -> None:
    there = {"doctor": places.there["doctor"], "after": places.there["visit"]}[field]
    response = Api(world.admin).call("post", f"visits/{places.here['visit']}/{action}/", {field: there})
    assert outcome(response) == (400, field)


# --- Lists --------------------------------------------------------------------------------------------------------------

LISTED = {
    "clinics": "clinic",
    "services": "service",
    "doctors": "doctor",
    "shifts": "shift",
    "time-off": "time_off",
    "closing-days": "closing",
    "appointments": "appointment",
    "visits": "visit",
    "payments": "payment",
    "day-closes": "day_close",
    "cash-shifts": "cash_shift",
}


@pytest.mark.parametrize(("path", "kind"), LISTED.items())
def test_a_list_holds_the_callers_clinics_only(world: World, places: Places, path: str, kind: str) -> None:
    got = {}
    for name in ("receptionist", "admin", "receptionist_there", "superuser", "unassigned"):
        ids = {row["id"] for row in Api(person(world, name)).all(f"{path}/")}
        got[name] = [where for where in ("here", "there") if getattr(places, where)[kind] in ids]
    assert got == {
        "receptionist": ["here"],
        "admin": ["here"],
        "receptionist_there": ["there"],
        "superuser": ["here", "there"],
        "unassigned": [],
    }


def test_a_filter_for_the_other_clinic_finds_nothing(world: World, places: Places) -> None:
    api = Api(world.admin)
    for path in (
        "services",
        "doctors",
        "shifts",
        "closing-days",
        "appointments",
        "visits",
        "payments",
        "day-closes",
        "cash-shifts",
    ):
        assert api.all(f"{path}/", clinic=places.there["clinic"]) == []


def test_doctors_see_their_own_appointments_only(db: None) -> None:
    world = World()
    own = book(world)
    book(world, doctor=world.colleague)
    assert [row["id"] for row in Api(world.doctor_user).all("appointments/")] == [own.pk]


def test_snapshots_hold_the_room_only(world: World, places: Places) -> None:
    colleague = walk_in(world, doctor=world.colleague)
    api = Api(world.receptionist)
    clinic = api.ok("get", f"queue/clinics/{world.here.pk}/")
    doctor = api.ok("get", f"queue/doctors/{world.doctor.pk}/")
    assert {row["id"] for row in clinic["visits"]} == {places.here["visit"], colleague.pk}
    assert {row["id"] for row in clinic["appointments"]} == {places.here["appointment"]}
    assert {row["id"] for row in doctor["visits"]} == {places.here["visit"]}
    assert (clinic["room"], doctor["room"]) == (f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}")
    assert clinic["date"] == "2026-03-02"


def test_a_doctor_of_both_clinics_shows_each_desk_its_own_assignment(world: World) -> None:
    both = DoctorFactory(clinics=[world.here, world.there])
    assert Api(world.receptionist).ok("get", f"doctors/{both.pk}/")["clinics"] == [world.here.pk]
    changed = Api(world.admin).ok("patch", f"doctors/{both.pk}/", {"clinics": [world.here.pk]})
    assert changed["clinics"] == [world.here.pk]
    assert set(both.clinics.values_list("pk", flat=True)) == {world.here.pk, world.there.pk}


def test_what_the_other_clinic_holds_is_unchanged_by_refused_calls(world: World, places: Places) -> None:
    """One sweep: everything a stranger can name, with every verb."""
    clients = [Api(user) for user in (world.receptionist_there, world.admin_there, world.stranger.user)]
    before = dump()
    for api in clients:
        for method, path, body, expected in CASES:
            if method != "get" and not path.startswith("patients/"):
                status = api.call(method, filled(path, places.here), filled(body, places.here)).status_code
                assert status in (403, 404), (path, status, expected)
    assert dump() == before


@pytest.mark.parametrize("verb", ["delete", "put"])
@pytest.mark.parametrize(
    "path",
    [
        "patients/{patient}/",
        "appointments/{appointment}/",
        "visits/{visit}/",
        "payments/{payment}/",
        "cash-shifts/{cash_shift}/",
        "clinics/{clinic}/",
        "doctors/{doctor}/",
        "services/{service}/",
    ],
)
def test_what_has_a_history_is_never_deleted_or_replaced(world: World, places: Places, verb: str, path: str) -> None:
    ids = places.here
    assert outcome(Api(world.superuser).call(verb, path.format(**ids), {})) == (405, "method_not_allowed")
    assert (Appointment.objects.count(), Visit.objects.count(), Payment.objects.count()) == (6, 8, 8)


@pytest.mark.parametrize(("name", "status"), [("receptionist", 403), ("doctor", 403), ("admin", 204), ("admin_there", 404)])
@pytest.mark.parametrize("path", ["shifts/{shift}/", "time-off/{time_off}/", "closing-days/{closing}/"])
def test_hours_are_taken_away_by_admins(world: World, places: Places, path: str, name: str, status: int) -> None:
    ids = places.here
    api = Api(person(world, name))
    assert api.call("delete", path.format(**ids)).status_code == status
    # What was ended isn't there any more; who may not end it still reads it.
    assert api.call("get", path.format(**ids)).status_code == (404 if status in (204, 404) else 200)
    assert api.call("delete", path.format(**ids)).status_code == (404 if status == 204 else status)


def test_a_new_clinic_is_its_makers(world: World) -> None:
    api = Api(world.admin)
    made = api.ok("post", "clinics/", {"name": "Third", "code": "T3"}, 201)
    assert api.ok("get", f"clinics/{made['id']}/")["name"] == "Third"
    assert Api(world.receptionist).call("get", f"clinics/{made['id']}/").status_code == 404


def test_rights_change_with_the_next_request(world: World) -> None:
    api = Api(world.receptionist)
    assert api.call("get", f"clinics/{world.here.pk}/").status_code == 200
    world.receptionist.clinics.clear()
    assert api.call("get", f"clinics/{world.here.pk}/").status_code == 404
    world.receptionist.role = Role.DOCTOR
    world.receptionist.save()
    assert outcome(api.call("post", "patients/", {"full_name": "New"})) == (403, "forbidden")
    world.receptionist.is_active = False
    world.receptionist.save()
    assert outcome(api.call("get", "auth/me/")) == (401, "user_inactive")
