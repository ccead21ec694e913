"""``Idempotency-Key``: a POST that is sent twice does its work once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.utils import timezone

from clinics.models import IdempotencyKey
from payments.models import LedgerEntry
from tests.api.client import Api, dump, outcome
from tests.factories import World, walk_in

PAY = {"amount": "10.00", "method": "cash"}


@pytest.fixture
def path(world: World) -> str:
    return f"payments/{walk_in(world).payment.pk}/process/"


def test_the_same_call_again_answers_the_same_and_does_nothing(world: World, path: str) -> None:
    api = Api(world.receptionist)
    first = api.call("post", path, PAY, key="k1")
    after = dump()
    again = api.call("post", path, PAY, key="k1")
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert (first.headers.get("Idempotent-Replay"), again.headers.get("Idempotent-Replay")) == (None, "true")
    assert dump() == after
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("patients/", {"full_name": "Twice Sent"}, 201),
        ("appointments/", {"start": "2026-03-02T15:00:00Z"}, 201),
        ("visits/", {}, 201),
        ("services/", {"name": "X-ray", "duration_minutes": 30, "price": "1"}, 201),
        ("cash-shifts/", {"opening_cash": "5.00"}, 201),
    ],
)
def test_creating_twice_creates_once(world: World, target: str, body: dict[str, Any], status: int) -> None:
    ids = {"clinic": world.here.pk, "doctor": world.doctor.pk, "patient": world.patient.pk, "service": world.service.pk}
    api = Api(world.admin)
    first = api.call("post", target, {**ids, **body}, key="k1")
    after = dump()
    again = api.call("post", target, {**ids, **body}, key="k1")
    assert (first.status_code, again.status_code, again.json()) == (status, status, first.json())
    assert dump() == after


def test_call_next_twice_calls_one(world: World) -> None:
    walk_in(world), walk_in(world)
    api = Api(world.doctor_user)
    answers = [api.call("post", f"queue/doctors/{world.doctor.pk}/call-next/", key="k1").json() for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [({"amount": "999.00", "method": "cash"}, (409, "overpaid")), ({"amount": "x", "method": "cash"}, (400, "amount"))],
)
def test_a_refusal_is_remembered_too(world: World, path: str, body: dict[str, Any], refusal: tuple[int, str]) -> None:
    api = Api(world.receptionist)
    first, again = (api.call("post", path, body, key="k1") for _ in range(2))
    assert outcome(first) == outcome(again) == refusal
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replay"] == "true"


@pytest.mark.parametrize("change", ["body", "path"])
def test_the_key_is_for_one_request(world: World, path: str, change: str) -> None:
    api = Api(world.receptionist)
    api.call("post", path, PAY, key="k1")
    after = dump()
    if change == "body":
        other = api.call("post", path, {**PAY, "amount": "11.00"}, key="k1")
    else:
        other = api.call("post", f"payments/{walk_in(world).payment.pk}/process/", PAY, key="k1")
        after = dump()
    assert outcome(other) == (422, "idempotency_key_reused")
    assert dump() == after


def test_another_persons_key_is_another_key(world: World, path: str) -> None:
    for user in (world.receptionist, world.admin):
        assert Api(user).call("post", path, PAY, key="k1").headers.get("Idempotent-Replay") is None
    assert LedgerEntry.objects.count() == 2


def test_without_a_key_each_call_counts(world: World, path: str) -> None:
    api = Api(world.receptionist)
    for _ in range(2):
        assert api.call("post", path, PAY).status_code == 200
    assert LedgerEntry.objects.count() == 2


def _running(world: World, path: str, age: dt.timedelta) -> None:
    """What a call leaves that has claimed its key and not answered: its process runs, or died, ``age`` ago."""
    Api(world.receptionist).call("post", path, PAY, key="k1")
    IdempotencyKey.objects.update(status=None, body="", started_at=timezone.now() - age)


def test_while_the_first_is_running_the_second_waits(world: World, path: str) -> None:
    _running(world, path, dt.timedelta(seconds=19))
    assert outcome(Api(world.receptionist).call("post", path, PAY, key="k1")) == (409, "idempotency_key_in_use")
    assert LedgerEntry.objects.count() == 1


def test_a_call_that_died_leaves_its_key_usable_after_twenty_seconds(world: World, path: str) -> None:
    _running(world, path, dt.timedelta(seconds=21))
    response = Api(world.receptionist).call("post", path, PAY, key="k1")
    assert (response.status_code, response.headers.get("Idempotent-Replay")) == (200, None)


def test_a_call_that_was_given_up_too_early_undoes_itself(world: World, path: str) -> None:
    """It is slow and not dead: meanwhile another one with its key was told to go on, and did the work."""
    api, held = Api(world.receptionist), []

    def slow(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "payments_ledgerentry" in sql and sql.startswith("INSERT") and not held:
            held.append(IdempotencyKey.objects.get().pk)
            IdempotencyKey.objects.all().delete()  # what the other one does first
        return execute(sql, params, many, context)

    with connection.execute_wrapper(slow):
        late = api.call("post", path, PAY, key="k1")

    assert outcome(late) == (409, "idempotency_key_in_use")
    assert held
    assert LedgerEntry.objects.count() == 0


@pytest.mark.parametrize(("hours", "rows"), [(23.9, 1), (24.1, 2)])
def test_a_key_is_kept_for_a_day(world: World, path: str, clock: time_machine.Traveller, hours: float, rows: int) -> None:
    Api(world.receptionist).call("post", path, PAY, key="k1")
    clock.shift(dt.timedelta(hours=hours))
    assert Api(world.receptionist).call("post", path, PAY, key="k1").status_code == 200
    assert LedgerEntry.objects.count() == rows


def test_a_failure_of_the_server_is_not_remembered(world: World, path: str) -> None:
    """The database breaks in the middle of the first call: nothing remains of it, and the key can be used at once."""
    api = Api(world.receptionist)
    before = dump()

    def broken(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "payments_ledgerentry" in sql and sql.startswith("INSERT"):
            raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken), pytest.raises(DatabaseError):
        api.call("post", path, PAY, key="k1")
    assert dump() == before
    assert not IdempotencyKey.objects.exists()
    response = api.call("post", path, PAY, key="k1")
    assert (response.status_code, response.headers.get("Idempotent-Replay")) == (200, None)


@pytest.mark.parametrize(("who", "status"), [("doctor_user", 403), ("receptionist_there", 404)])
def test_a_refused_caller_takes_no_key(world: World, path: str, who: str, status: int) -> None:
    assert Api(getattr(world, who)).call("post", path, PAY, key="k1").status_code == status
    assert Api(world.receptionist).call("post", path, PAY, key="k1").headers.get("Idempotent-Replay") is None
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize("key", ["x" * 201, "tab\tinside", "é" * 101 + "\x85"])
def test_a_bad_key(world: World, path: str, key: str) -> None:
    assert outcome(Api(world.receptionist).call("post", path, PAY, key=key)) == (400, "Idempotency-Key")
    assert not LedgerEntry.objects.exists()


def test_two_keys_two_payments(world: World, path: str) -> None:
    api = Api(world.receptionist)
    for key in ("k1", "k2"):
        assert api.call("post", path, PAY, key=key).status_code == 200
    assert LedgerEntry.objects.count() == 2


@pytest.mark.parametrize("changed", ["clinic lost", "role lost", "clinic gained", "nothing"])
def test_an_answer_is_for_whoever_may_still_see_it(world: World, path: str, changed: str) -> None:
    """By id, or, where something was made, by the rights of then."""
    user = world.admin
    walk = {"clinic": world.here.pk, "doctor": world.doctor.pk, "patient": world.patient.pk, "service": world.service.pk}
    calls: list[tuple[str, dict[str, Any]]] = [
        (path, PAY),
        ("visits/", walk),
        (f"queue/doctors/{world.doctor.pk}/call-next/", {}),
    ]
    api = Api(user)
    for target, body in calls:
        assert api.call("post", target, body, key=target).status_code in (200, 201)
    if changed == "clinic lost":
        user.clinics.set([world.there])
    elif changed == "role lost":
        user.role = "doctor"
        user.save()
    elif changed == "clinic gained":
        user.clinics.add(world.there)
    before = dump()
    answers = [Api(user).call("post", target, body, key=target) for target, body in calls]
    expected = {"clinic lost": [404, 403, 403], "role lost": [403, 403, 403]}.get(changed, [200, 201, 200])
    assert [answer.status_code for answer in answers] == expected
    assert dump() == before


def test_a_transfer_that_is_sent_again_answers_although_the_visit_is_no_longer_the_doctors(world: World) -> None:
    visit, api = walk_in(world), Api(world.doctor_user)
    sent = ("post", f"visits/{visit.pk}/transfer/", {"doctor": world.colleague.pk})
    first, again = (api.call(*sent, key="t").json() for _ in range(2))
    assert first == again
    assert first["doctor"]["id"] == world.colleague.pk


def test_a_search_for_duplicates_is_made_anew_and_noted(world: World) -> None:
    api, body = Api(world.receptionist), {"full_name": world.patient.full_name}
    for times in (1, 2):
        answer = api.call("post", "patients/duplicates/", body, key="same")
        assert [each["patient"]["id"] for each in answer.json()["candidates"]] == [world.patient.pk]
        assert world.patient.accesses.count() == times
    assert not IdempotencyKey.objects.exists()
