"""Many commands at the same moment, each in a thread with a connection of its own, on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.logins import refresh_token_for
from clinics.models import Clinic, Login
from patients import actions as patient_actions
from patients.models import Patient
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import Presence, Visit, VisitStep
from realtime.models import Delivery, Room
from tests.api.client import Api
from tests.factories import DoctorFactory, PatientFactory, World, book, no_hours, walk_in
from tests.factories.states import visit_in
from tests.factories.world import soon

pytestmark = [pytest.mark.postgres, pytest.mark.race, pytest.mark.django_db(transaction=True)]


def at_once(commands: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment; the result or the exception of each, in order."""
    results: list[Any] = [None] * len(commands)
    connection.close()  # back to the pool, which has one for each of twenty threads
    start = threading.Barrier(len(commands))

    def run(index: int) -> None:
        try:
            # Connected before the start: what races is the command, not the connecting.
            connection.ensure_connection()
            start.wait(30)
            results[index] = commands[index]()
        except Exception as error:  # noqa: BLE001  (it is the result)
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(commands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def names(results: Sequence[Any]) -> Counter[str]:
    """What came out, by kind; exceptions by the name of their class."""
    return Counter(type(result).__name__ for result in results)


def calls(api: Callable[[], Api], path: str, body: Any, times: int, **extra: Any) -> list[Callable[[], Any]]:
    clients = [api() for _ in range(times)]
    return [lambda client=client: client.call("post", path, body, **extra) for client in clients]


def overtaken(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What becomes of ``second``, which waits for a lock of ``first`` while that is done but not yet committed."""
    done, results = threading.Event(), []

    def run_first() -> None:
        try:
            with transaction.atomic():
                first()
                done.set()
                _until_somebody_waits_for_a_lock()
        finally:
            done.set()
            connection.close()

    def run_second() -> None:
        try:
            done.wait(30)
            results.append(second())
        except Exception as error:  # noqa: BLE001  (it is the result)
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run_first), threading.Thread(target=run_second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results[0]


def _until_somebody_waits_for_a_lock() -> None:
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the second command never waited for the first")


def numbered_without_holes() -> None:
    """Each room's events are numbered 1, 2, 3 … up to its head."""
    for room in Room.objects.all():
        numbers = list(Delivery.objects.filter(room=room.name).order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, room.head + 1))


def test_twenty_check_ins_twenty_tickets(world: World) -> None:
    rows = [book(world, minutes=20 * n + 30) for n in range(10)]
    rows += [book(world, minutes=20 * n + 30, doctor=world.colleague) for n in range(10)]
    results = at_once([lambda row=row: appointment_actions.check_in(row, by=world.receptionist) for row in rows])
    assert names(results) == {"Appointment": 20}
    assert sorted(Visit.objects.values_list("queue_number", flat=True)) == list(range(1, 21))
    numbered_without_holes()


def test_one_appointment_is_checked_in_once(world: World) -> None:
    row = book(world)
    results = at_once([lambda: appointment_actions.check_in(row, by=world.receptionist)] * 10)
    assert names(results) == {"Appointment": 1, "InvalidTransition": 9}
    assert VisitStep.objects.filter(action="check_in").count() == 1


def test_twenty_bookings_of_one_slot(world: World) -> None:
    patients = [PatientFactory() for _ in range(20)]
    results = at_once([lambda p=p: book(world, patient=p, start=soon(60)) for p in patients])
    assert names(results) == {"Appointment": 1, "SlotTaken": 19}
    assert (Appointment.objects.count(), Visit.objects.count(), Payment.objects.count()) == (1, 1, 1)


def test_one_patient_with_many_doctors_at_one_time(world: World) -> None:
    doctors = [DoctorFactory(clinics=[world.here]) for _ in range(8)]
    results = at_once([lambda d=d: book(world, patient=world.patient, doctor=d, start=soon(60)) for d in doctors])
    assert names(results) == {"Appointment": 1, "PatientBusy": 7}


def test_bookings_that_cross(world: World) -> None:
    """Two doctors × two patients in all combinations: locks are taken in one order, so nobody blocks another for good."""
    patients, doctors = [PatientFactory(), PatientFactory()], [world.doctor, world.colleague]
    pairs = [(p, d) for p in patients for d in doctors] * 4
    results = at_once([lambda p=p, d=d: book(world, patient=p, doctor=d, start=soon(60)) for p, d in pairs])
    assert set(names(results)) <= {"Appointment", "SlotTaken", "PatientBusy"}
    assert names(results)["Appointment"] == Appointment.objects.count() == 2


def test_changes_to_one_slot(world: World) -> None:
    rows = [book(world, minutes=30 + 20 * n) for n in range(10)]
    results = at_once([lambda r=r: appointment_actions.change(r, by=world.admin, start=soon(600)) for r in rows])
    assert names(results) == {"Appointment": 1, "SlotTaken": 9}


def test_changes_of_one_appointment_to_two_doctors(world: World) -> None:
    row = book(world)
    targets = [world.doctor, world.colleague] * 5
    results = at_once([lambda d=d: appointment_actions.change(row, by=world.admin, doctor=d) for d in targets])
    assert names(results) == {"Appointment": 10}
    row.refresh_from_db()
    assert Visit.objects.get(appointment=row).doctor_id == row.doctor_id


@pytest.mark.parametrize("desks", [2, 10])
def test_call_next_calls_different_visits(world: World, desks: int) -> None:
    for _ in range(desks):
        walk_in(world)
    results = at_once([lambda: queue_actions.call_next(world.doctor, by=world.receptionist)] * desks)
    assert names(results) == {"Visit": desks}
    assert len({visit.pk for visit in results}) == desks
    assert list(Visit.objects.values_list("call_count", flat=True)) == [1] * desks


def test_more_desks_than_patients(world: World) -> None:
    for _ in range(3):
        walk_in(world)
    results = at_once([lambda: queue_actions.call_next(world.doctor, by=world.receptionist)] * 8)
    assert names(results) == {"Visit": 3, "QueueEmpty": 5}


def test_call_next_and_a_call_by_hand(world: World) -> None:
    visits = [walk_in(world) for _ in range(6)]
    by_hand: list[Callable[[], Any]] = [lambda v=v: queue_actions.call(v, by=world.admin) for v in visits[:3]]
    results = at_once(by_hand + [lambda: queue_actions.call_next(world.doctor, by=world.doctor_user)] * 3)
    assert set(names(results)) == {"Visit"}
    assert sum(Visit.objects.values_list("call_count", flat=True)) == 6 == VisitStep.objects.filter(action="call").count()


def test_call_next_passes_over_whom_a_desk_is_just_calling(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    result = overtaken(
        lambda: queue_actions.call(first, by=world.receptionist),
        lambda: queue_actions.call_next(world.doctor, by=world.doctor_user),
    )
    assert result == second
    assert list(Visit.objects.order_by("pk").values_list("call_count", flat=True)) == [1, 1]


def test_a_call_that_a_transfer_overtakes(world: World) -> None:
    visit = walk_in(world)
    result = overtaken(
        lambda: queue_actions.transfer(visit, by=world.receptionist, doctor=world.colleague),
        lambda: queue_actions.call(visit, by=world.receptionist),
    )
    assert (result, result.status, result.doctor_id) == (visit, "called", world.colleague.pk)


def test_a_check_in_that_a_change_of_doctor_overtakes(world: World) -> None:
    row = book(world)
    result = overtaken(
        lambda: appointment_actions.change(row, by=world.receptionist, doctor=world.colleague),
        lambda: appointment_actions.check_in(row, by=world.receptionist),
    )
    assert (result, result.status, result.doctor_id) == (row, "checked_in", world.colleague.pk)


@pytest.mark.parametrize("comes", [book, walk_in])
def test_who_comes_while_their_file_is_merged(world: World, comes: Callable[..., Any]) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    result = overtaken(
        lambda: patient_actions.merge(survivor, duplicate=duplicate, by=world.receptionist),
        lambda: comes(world, patient=duplicate),
    )
    assert result.patient_id == survivor.pk


@pytest.mark.parametrize(("who", "name"), [("doctor", "doctor_has"), ("patient", "patient_has")])
def test_the_database_itself_refuses_an_overlap(world: World, who: str, name: str) -> None:
    """The second guard, behind the lock: a row that was written past the actions."""
    row = book(world, patient=world.patient)
    other: Any = {"patient": PatientFactory()} if who == "doctor" else {"doctor": world.colleague}
    fields = {
        "clinic": world.here,
        "doctor": world.doctor,
        "patient": world.patient,
        "service": world.service,
        "date": row.date,
    }
    with pytest.raises(IntegrityError, match=name):
        Appointment(**{**fields, **other}, start=row.start, end=row.end).save()


def test_two_desks_call_one_visit(world: World) -> None:
    visit = walk_in(world)
    results = at_once([lambda: queue_actions.call(visit, by=world.receptionist)] * 5)
    assert names(results) == {"Visit": 5}
    visit.refresh_from_db()
    steps = list(visit.steps.filter(action="call").order_by("pk").values_list("from_status", "to_status"))
    assert (visit.status, visit.call_count) == ("called", 5)
    assert steps == [("waiting", "called")] + [("called", "called")] * 4


def test_two_clicks_that_saw_the_same_version_call_once(world: World) -> None:
    visit = walk_in(world)
    results = at_once([lambda: queue_actions.call(visit, by=world.receptionist, version=visit.version)] * 5)
    assert names(results) == {"Visit": 1, "StaleVersion": 4}
    assert Visit.objects.get().call_count == 1


def test_a_visit_starts_once(world: World) -> None:
    visit = walk_in(world)
    results = at_once([lambda: queue_actions.start(visit, by=world.doctor_user)] * 6)
    assert names(results) == {"Visit": 1, "InvalidTransition": 5}


def test_a_doctor_starts_one_of_many(world: World) -> None:
    visits = [walk_in(world) for _ in range(6)]
    results = at_once([lambda v=v: queue_actions.start(v, by=world.doctor_user) for v in visits])
    assert names(results) == {"Visit": 1, "DoctorBusy": 5}
    assert Visit.objects.filter(status="in_progress").count() == 1


def test_start_against_transfer(world: World) -> None:
    """The visit goes in with one of the two doctors, and each has at most one inside."""
    visit_in(world, "in_progress", doctor=world.colleague)
    visit = walk_in(world)
    results = at_once(
        [
            lambda: queue_actions.start(visit, by=world.doctor_user),
            lambda: queue_actions.transfer(visit, by=world.receptionist, doctor=world.colleague),
        ]
        * 3
    )
    assert set(names(results)) <= {"Visit", "InvalidTransition", "InvalidInput", "DoctorBusy"}
    inside = Visit.objects.filter(status="in_progress").values_list("doctor_id", flat=True)
    assert len(inside) == len(set(inside))


def test_one_day_closed_by_many(world: World) -> None:
    """One closes, the others find it closed."""
    for _ in range(4):
        walk_in(world)
    results = at_once([lambda: queue_actions.close_day(world.here, by=world.receptionist)] * 6)
    assert names(results) == {"DayClose": 6}
    assert len({result.pk for result in results}) == 1
    assert VisitStep.objects.filter(action="close_day").count() == 4
    # And of a day that was closed already, on which nothing is left to wait for.
    payment_actions.process(Payment.objects.order_by("pk")[0], by=world.receptionist, amount=Decimal(5), method="cash")
    results = at_once([lambda: queue_actions.close_day(world.here, by=world.receptionist)] * 6)
    assert {result.number for result in results} == {2}
    numbered_without_holes()


def test_a_day_is_closed_while_the_desk_works_on(world: World) -> None:
    """Every command is wholly before or wholly after the closing, and nobody waits for a lock for ever."""
    for number in range(3):
        visits = [walk_in(world) for _ in range(5)]
        missed = book(world, minutes=30 + 40 * number)
        with time_machine.travel(missed.end):
            work: list[Callable[[], Any]] = [
                lambda: queue_actions.close_day(world.here, by=world.receptionist),
                lambda m=missed: appointment_actions.check_in(m, by=world.receptionist),
                lambda: queue_actions.call_next(world.doctor, by=world.doctor_user),
                lambda v=visits[1]: queue_actions.leave(v, by=world.receptionist),
                lambda v=visits: queue_actions.move(v[3], by=world.receptionist, after=v[2]),
                lambda v=visits[4]: queue_actions.cancel(v, by=world.receptionist),
                lambda v=visits[2]: payment_actions.process(v.payment, by=world.admin, amount=Decimal(5), method="cash"),
                lambda: queue_actions.set_state(world.doctor, by=world.doctor_user, state="gone"),
            ]
            results = at_once(work)
        assert set(names(results[:1])) == {"DayClose"}
        assert set(names(results)) <= {
            *("DayClose", "Appointment", "Visit", "Payment", "DoctorState"),
            *("InvalidTransition", "InvalidInput", "QueueEmpty", "StaleVersion"),
        }
        steps = {visit.pk: visit.steps.order_by("pk").last().to_status for visit in Visit.objects.all()}  # type: ignore[union-attr]
        assert steps == dict(Visit.objects.values_list("pk", "status"))
    numbered_without_holes()


def test_a_doctors_state_said_by_many(world: World) -> None:
    results = at_once(
        [lambda s=s: queue_actions.set_state(world.doctor, by=world.receptionist, state=s) for s in ("break", "gone")] * 3
    )
    assert names(results) == {"DoctorState": 6}
    assert Presence.objects.count() == 1
    version = results[0].version
    again = at_once(
        [
            lambda s=s: queue_actions.set_state(world.doctor, by=world.receptionist, state=s, version=version)
            for s in ("available", "break", "gone", "available")
        ]
    )
    assert len([result for result in again if not isinstance(result, Exception)]) <= 2
    numbered_without_holes()


def test_a_call_against_a_break(world: World) -> None:
    """Whichever comes first, nobody waits for ever, and the state is what was said or done last."""
    for _ in range(4):
        visit = walk_in(world)
        queue_actions.set_state(world.doctor, by=world.doctor_user, state="gone")
        results = at_once(
            [
                lambda v=visit: queue_actions.call(v, by=world.receptionist),
                lambda: queue_actions.set_state(world.doctor, by=world.doctor_user, state="break"),
            ]
        )
        assert names(results) == {"Visit": 1, "DoctorState": 1}
        assert Presence.objects.get().state in ("break", "available")
    numbered_without_holes()


def test_twenty_payments_of_one_payment(world: World) -> None:
    payment = walk_in(world).payment
    results = at_once([lambda: payment_actions.process(payment, by=world.receptionist, amount=Decimal(7), method="cash")] * 20)
    assert names(results) == {"Payment": 7, "Overpaid": 13}
    payment.refresh_from_db()
    assert (payment.amount_paid, payment.status) == (Decimal(49), "partially_paid")
    assert sorted(LedgerEntry.objects.values_list("number", flat=True)) == list(range(1, 8))


def test_payments_against_refunds(world: World) -> None:
    payment = walk_in(world).payment
    payment_actions.process(payment, by=world.admin, amount=Decimal(10), method="cash")
    refunds = [lambda: payment_actions.refund(payment, by=world.admin, amount=Decimal(4), reason="x")] * 6
    payments: list[Callable[[], Any]] = [
        lambda: payment_actions.process(payment, by=world.admin, amount=Decimal(6), method="card")
    ] * 6
    results = at_once([*refunds, *payments])
    assert set(names(results)) <= {"Payment", "Overpaid", "RefundExceedsPaid", "InvalidTransition"}
    payment.refresh_from_db()
    sums = {kind: sum(e.amount for e in payment.entries.filter(kind=kind)) for kind in ("payment", "refund")}
    assert (payment.amount_paid, payment.amount_refunded) == (sums["payment"], sums["refund"])
    assert 0 <= payment.amount_refunded <= payment.amount_paid <= payment.amount_due


def test_receipts_without_gaps_under_load(world: World) -> None:
    payments = [walk_in(world).payment for _ in range(10)]

    def pay(payment: Payment) -> None:
        for _ in range(3):
            payment_actions.process(payment, by=world.receptionist, amount=Decimal(1), method="cash")
        with pytest.raises(payment_actions.Overpaid):
            payment_actions.process(payment, by=world.receptionist, amount=Decimal(100), method="cash")

    assert names(at_once([lambda p=p: pay(p) for p in payments])) == {"NoneType": 10}
    assert sorted(LedgerEntry.objects.values_list("number", flat=True)) == list(range(1, 31))
    numbered_without_holes()


def test_fifty_posts_with_one_key(world: World) -> None:
    payment = walk_in(world).payment
    access = Api(world.receptionist)._credentials

    def client() -> Api:
        made = Api()
        made._credentials = access
        return made

    posts = calls(client, f"payments/{payment.pk}/process/", {"amount": "1.00", "method": "cash"}, 50, key="k1")
    answers = [answer for batch in (posts[:18], posts[18:36], posts[36:]) for answer in at_once(batch)]
    assert set(names(answers)) <= {"Response"}
    assert set(Counter(answer.status_code for answer in answers)) <= {200, 409}
    done = [answer for answer in answers if answer.status_code == 200]
    assert LedgerEntry.objects.count() == 1
    assert sum("Idempotent-Replay" not in answer.headers for answer in done) == 1
    assert len({answer.content for answer in done}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_in_use"}


def test_twenty_registrations(world: World) -> None:
    results = at_once(
        [lambda n=n: patient_actions.register(by=world.receptionist, full_name=f"New Person {n}") for n in range(20)]
    )
    assert names(results) == {"Patient": 20}
    assert len(set(Patient.objects.values_list("record_number", flat=True))) == Patient.objects.count()


@pytest.mark.parametrize("same", ["phone", "birth_date"])
def test_one_person_registered_at_many_desks(world: World, same: str) -> None:
    """One file; the others are shown it."""
    fields = {"full_name": "Twice Here", "phone": "+49 30 123456"} if same == "phone" else {"full_name": "Twice Here"}
    born = {"birth_date": dt.date(1980, 2, 3)} if same == "birth_date" else {}
    results = at_once([lambda: patient_actions.register(by=world.receptionist, **fields, **born) for _ in range(10)])
    assert names(results) == {"Patient": 1, "PossibleDuplicate": 9}


@pytest.mark.parametrize("first", ["booking", "walk-in"])
def test_merge_against_booking(world: World, first: str) -> None:
    """Nothing stays with a file that was merged, whichever comes first."""
    for _ in range(5):
        survivor, duplicate = PatientFactory(), PatientFactory()
        doctor = DoctorFactory(clinics=[world.here])
        comes: Callable[[], Any]
        if first == "booking":
            comes = lambda p=duplicate, d=doctor: book(world, patient=p, doctor=d, start=soon(60))  # noqa: E731
        else:
            comes = lambda p=duplicate, d=doctor: walk_in(world, patient=p, doctor=d)  # noqa: E731
        results = at_once(
            [lambda s=survivor, d=duplicate: patient_actions.merge(s, duplicate=d, by=world.receptionist), comes, comes]
        )
        assert set(names(results)) <= {"Patient", "Appointment", "Visit", "SlotTaken"}
        assert not Appointment.objects.filter(patient=duplicate).exists()
        assert not Visit.objects.filter(patient=duplicate).exists()
        assert Visit.objects.filter(patient=survivor).exists()


def test_merge_against_what_is_done_for_the_patient(world: World) -> None:
    for _ in range(4):
        survivor, duplicate = PatientFactory(), PatientFactory()
        visit, appointment = (
            walk_in(world, patient=duplicate),
            book(world, patient=duplicate, doctor=DoctorFactory(clinics=[world.here])),
        )
        results = at_once(
            [
                lambda s=survivor, d=duplicate: patient_actions.merge(s, duplicate=d, by=world.receptionist),
                lambda v=visit: queue_actions.call(v, by=world.receptionist),
                lambda v=visit: queue_actions.set_priority(v, by=world.receptionist, priority="urgent"),
                lambda v=visit: payment_actions.process(v.payment, by=world.receptionist, amount=Decimal(1), method="cash"),
                lambda a=appointment: appointment_actions.check_in(a, by=world.receptionist),
            ]
        )
        assert names(results) == {"Patient": 1, "Visit": 2, "Payment": 1, "Appointment": 1}


def test_check_in_against_a_change_of_doctor(world: World) -> None:
    for _ in range(4):
        doctors = [DoctorFactory(clinics=[world.here]) for _ in range(2)]
        row = book(world, doctor=doctors[0])
        results = at_once(
            [
                lambda r=row, d=doctors[1]: appointment_actions.change(r, by=world.receptionist, doctor=d),
                lambda r=row: appointment_actions.check_in(r, by=world.receptionist),
                lambda r=row: appointment_actions.change(r, by=world.receptionist, notes="x"),
            ]
        )
        assert names(results) == {"Appointment": 3}
        assert Visit.objects.get(appointment=row).doctor_id == doctors[1].pk


def test_merges_of_one_pair_both_ways(world: World) -> None:
    one, other = PatientFactory(), PatientFactory()
    results = at_once(
        [
            lambda: patient_actions.merge(one, duplicate=other, by=world.receptionist),
            lambda: patient_actions.merge(other, duplicate=one, by=world.receptionist),
        ]
        * 3
    )
    assert names(results) == {"Patient": 1, "AlreadyMerged": 5}


def test_one_refresh_token_twice(world: World) -> None:
    refresh = str(refresh_token_for(Login.objects.create(user=world.receptionist)))
    answers = at_once(calls(Api, "auth/token/refresh/", {"refresh": refresh}, 6))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 5}


def test_one_name_twice(world: World) -> None:
    access = Api(world.admin)._credentials

    def client() -> Api:
        made = Api()
        made._credentials = access
        return made

    answers = at_once(calls(client, "clinics/", {"name": "Third", "code": "T3"}, 6))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] == 1
    assert set(statuses) <= {201, 400, 409}
    assert Clinic.objects.filter(code="T3").count() == 1


def test_a_missed_patient_comes_while_the_slot_is_booked(world: World) -> None:
    for n in range(4):
        missed = book(world, minutes=30 + 30 * n)
        appointment_actions.mark_no_show(missed, by=world.receptionist)
        patient = PatientFactory()
        results = at_once(
            [
                lambda m=missed: appointment_actions.check_in(m, by=world.receptionist),
                lambda m=missed, p=patient: book(world, patient=p, start=m.start),
            ]
        )
        assert names(results) == {"Appointment": 1, "SlotTaken": 1}


def test_moves_calls_and_payments_at_once(world: World) -> None:
    """A busy desk: whatever wins, the queue is consistent and nobody waits for a lock for ever."""
    visits = [walk_in(world) for _ in range(8)]
    moves: list[Callable[[], Any]] = [
        lambda v=v, a=visits[0]: queue_actions.move(v, by=world.receptionist, after=a) for v in visits[4:]
    ]
    rest: list[Callable[[], Any]] = [
        lambda: queue_actions.call_next(world.doctor, by=world.doctor_user),
        lambda: queue_actions.call_next(world.doctor, by=world.receptionist),
        lambda: queue_actions.set_priority(visits[5], by=world.admin, priority="urgent"),
        lambda: queue_actions.skip(visits[1], by=world.admin),
        lambda: queue_actions.transfer(visits[6], by=world.admin, doctor=world.colleague),
        lambda: payment_actions.process(visits[4].payment, by=world.admin, amount=Decimal(50), method="cash"),
        lambda: patient_actions.change(visits[7].patient, by=world.admin, full_name="Renamed Meanwhile"),
        lambda: walk_in(world, patient=world.patient),
    ]
    results = at_once(moves + rest)
    # StaleVersion: the move of the visit that was just transferred.
    assert set(names(results)) <= {"Visit", "Payment", "Patient", "InvalidTransition", "InvalidInput", "StaleVersion"}
    assert set(names(results[len(moves) + 5 :])) == {"Payment", "Patient", "Visit"}
    steps = {visit.pk: visit.steps.order_by("pk").last().to_status for visit in Visit.objects.all()}  # type: ignore[union-attr]
    assert steps == dict(Visit.objects.values_list("pk", "status"))
    numbered_without_holes()


def test_a_move_against_a_booking(world: World) -> None:
    for n in range(4):
        row, target, patient = book(world, minutes=30 + 20 * n), soon(600 + 30 * n), PatientFactory()
        results = at_once(
            [
                lambda r=row, t=target: appointment_actions.change(r, by=world.admin, start=t),
                lambda p=patient, t=target: book(world, patient=p, start=t),
            ]
        )
        assert names(results) == {"Appointment": 1, "SlotTaken": 1}
        # A move that was refused leaves no trace, one that was made leaves one.
        row.refresh_from_db()
        assert row.reschedules.count() == (row.start == target)
    numbered_without_holes()


def test_a_series_against_a_booking_of_one_of_its_dates(world: World) -> None:
    where: dict[str, Any] = {"clinic": world.here, "doctor": world.doctor, "service": world.service}
    for n in range(4):
        start = soon(60 + 30 * n)
        people = [PatientFactory(), PatientFactory()]
        results = at_once(
            [
                lambda p=people[0], s=start: appointment_actions.book_series(
                    by=world.admin, **where, patient=p, start=s, count=4
                ),
                lambda p=people[1], s=start: book(world, patient=p, start=s + dt.timedelta(weeks=2)),
            ]
        )
        assert names(results) in ({"tuple": 1, "SlotTaken": 1}, {"SeriesConflict": 1, "Appointment": 1})
        booked = Appointment.objects.filter(patient=people[0]).count()
        assert booked == (4 if names(results)["tuple"] else 0)
    numbered_without_holes()


def test_two_series_of_one_time(world: World) -> None:
    where: dict[str, Any] = {"clinic": world.here, "doctor": world.doctor, "service": world.service, "start": soon(60)}
    people = [PatientFactory() for _ in range(6)]
    results = at_once(
        [lambda p=p: appointment_actions.book_series(by=world.admin, **where, patient=p, count=5) for p in people]
    )
    assert names(results) == {"tuple": 1, "SeriesConflict": 5}
    assert (Appointment.objects.count(), Visit.objects.count(), Payment.objects.count()) == (5, 5, 5)


def test_overbooking_against_overbooking(world: World) -> None:
    """All get in who were meant to, each marked; but nobody is booked twice themselves."""
    book(world, start=soon(60))
    people = [PatientFactory() for _ in range(3)]
    why = {"by": world.admin, "overbook": True, "overbook_reason": "flu", "start": soon(60)}
    results = at_once([lambda p=p: book(world, patient=p, **why) for p in [*people, *people]])
    assert names(results) == {"Appointment": 3, "PatientBusy": 3}
    assert Appointment.objects.filter(overbooked=True).count() == 3


def test_time_off_names_the_booking_that_was_under_way(world: World) -> None:
    for n in range(4):
        start = soon(60 + 30 * n)
        results = at_once(
            [
                lambda s=start: book(world, start=s),
                lambda s=start: appointment_actions.add_time_off(
                    by=world.admin, doctor=world.doctor, start=s, end=s + dt.timedelta(minutes=20)
                ),
            ]
        )
        _away, affected = results[1]
        booked = [results[0]] if isinstance(results[0], Appointment) else []
        assert affected == booked


def test_shifts_that_would_overlap(world: World) -> None:
    no_hours(world.doctor)
    where: dict[str, Any] = {"clinic": world.here, "doctor": world.doctor, "weekday": 0}
    hours = [{"start_time": dt.time(8 + n), "end_time": dt.time(10 + n)} for n in range(2)] * 4
    results = at_once([lambda h=h: appointment_actions.add_shift(by=world.admin, **where, **h) for h in hours])
    assert names(results) == {"Shift": 1, "InvalidInput": 7}


def test_a_visit_is_taken_back_while_its_patient_is_erased(world: World) -> None:
    """Whoever is first: nobody's visit is open whose data is gone."""
    by = world.receptionist
    for erased_first in (True, False):
        visit = queue_actions.leave(walk_in(world), by=by)

        def erase(patient: Patient = visit.patient) -> None:
            patient_actions.erase(patient, by=world.admin, reason="asked for it")

        def undo(visit: Visit = visit) -> None:
            queue_actions.undo(visit, by=by)

        result = overtaken(erase, undo) if erased_first else overtaken(undo, erase)
        assert type(result).__name__ == ("Erased" if erased_first else "StillInQueue")
        visit.refresh_from_db()
        assert visit.status == ("left" if erased_first else "waiting")
    results = at_once([step for _ in range(4) for step in _erase_and_undo(world)])
    assert set(names(results)) <= {"NoneType", "Patient", "Visit", "Erased", "StillInQueue"}
    gone = Visit.objects.filter(patient__erased_at__isnull=False)
    assert not gone.filter(status__in=Visit.OPEN).exists()


def _erase_and_undo(world: World) -> list[Callable[[], Any]]:
    visit = queue_actions.leave(walk_in(world), by=world.receptionist)
    return [
        lambda: patient_actions.erase(visit.patient, by=world.admin, reason="asked for it"),
        lambda: queue_actions.undo(visit, by=world.receptionist),
    ]
