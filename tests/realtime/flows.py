"""The table of contract/realtime.md, section 7, as cases: what is there before, the command, and its events in order.

A line like ``queue_updated C D`` is one event in these rooms, in this order: C the clinic's room, D the doctor's, E the
colleague's, B broadcast.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from appointments import actions as appointments
from appointments.models import Appointment
from clinics.models import User
from patients import actions as patients
from patients.models import Patient
from payments import actions as payments
from payments.models import Payment
from queue import actions as queue
from queue.models import Visit
from realtime.models import Delivery
from tests.factories import PatientFactory, ServiceFactory, World, book, walk_in
from tests.factories.world import soon

Call = tuple[User, str, str, dict[str, Any]]
"""Who, verb, path below /api/, body."""


@dataclass(frozen=True)
class Flow:
    """One row, or one verb of a row."""

    name: str
    prepare: Callable[[World], Any]
    act: Callable[[World, Any], Any]
    expected: tuple[str, ...]
    api: Callable[[World, Any], Call] | None = None

    def __str__(self) -> str:
        return self.name


# --- Rooms and events -------------------------------------------------------------------------------------------------


def rooms_of(world: World) -> dict[str, str]:
    """The letters of the table."""
    return {
        f"clinic_{world.here.pk}": "C",
        f"doctor_{world.doctor.pk}": "D",
        f"doctor_{world.colleague.pk}": "E",
        "broadcast": "B",
        f"clinic_{world.there.pk}": "T",
        f"doctor_{world.stranger.pk}": "S",
    }


def last_delivery() -> int:
    """Where the log stands."""
    return Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def told(world: World, after: int) -> list[str]:
    """The events stored after that point, each with its rooms, in order of storing; but those of the hubs' own room."""
    letters = rooms_of(world)
    rows = Delivery.objects.filter(pk__gt=after).exclude(room="control").order_by("pk").select_related("event")
    lines: list[tuple[int, str, list[str]]] = []
    for row in rows:
        if not lines or lines[-1][0] != row.event_id:
            lines.append((row.event_id, row.event.name, []))
        lines[-1][2].append(letters.get(row.room, row.room))
    return [f"{name} {' '.join(rooms)}" for _event, name, rooms in lines]


# --- What is there before ---------------------------------------------------------------------------------------------


def planned(world: World) -> Visit:
    return book(world).visit


def booked(world: World) -> Appointment:
    return book(world)


def checked_in(world: World) -> Visit:
    return appointments.check_in(book(world), by=world.receptionist).visit


def waiting(world: World) -> Visit:
    return walk_in(world)


def called(world: World) -> Visit:
    return queue.call(walk_in(world), by=world.receptionist)


def in_progress(world: World) -> Visit:
    return queue.start(walk_in(world), by=world.doctor_user)


def skipped(world: World) -> Visit:
    visit = queue.skip(walk_in(world), by=world.receptionist)
    walk_in(world)
    return visit


def completed(world: World) -> Visit:
    return queue.complete(in_progress(world), by=world.doctor_user)


def seen_by_appointment(world: World) -> Visit:
    return queue.start(checked_in(world), by=world.doctor_user)


def on_a_break(world: World) -> Visit:
    """Somebody waits for a doctor who is on a break."""
    queue.set_state(world.doctor, by=world.doctor_user, state="break", until=soon(30))
    return walk_in(world)


def a_day_early(world: World) -> Visit:
    """Somebody who waits today, and is booked for tomorrow."""
    appointment = book(world, start=soon(30) + dt.timedelta(days=1))
    return appointments.check_in(appointment, by=world.receptionist).visit


def three_waiting(world: World) -> list[Visit]:
    return [walk_in(world), walk_in(world), walk_in(world)]


def crowded(world: World) -> list[Visit]:
    """Two that wait without a number between their ranks."""
    first, second, third = three_waiting(world)
    for visit, rank in ((first, 2_200_000_000_000), (second, 2_200_000_000_001)):
        visit.refresh_from_db()
        visit.rank = visit.moved_rank = rank
        visit.save(update_fields=["rank", "moved_rank"])
    return [first, second, third]


def free_service(world: World) -> Any:
    return ServiceFactory(clinic=world.here, price=Decimal(0))


def payment_of(visit: Visit) -> Payment:
    return Payment.objects.get(visit=visit)


def paid(world: World, amount: str = "50", visit: Visit | None = None) -> Payment:
    visit = visit or walk_in(world)
    return payments.process(payment_of(visit), by=world.receptionist, amount=Decimal(amount), method="cash")


def shown_patient(world: World) -> Patient:
    """Somebody who waits, has an appointment later today and had one that was cancelled; and a colleague's patient."""
    visit = walk_in(world)
    book(world, minutes=60, patient=visit.patient)
    walk_in(world, doctor=world.colleague)
    return visit.patient


def two_files(world: World) -> tuple[Patient, Patient]:
    """One person twice: the duplicate waits and has an appointment, the survivor has an appointment at another time."""
    survivor, duplicate = PatientFactory(full_name="Rana Aziz"), PatientFactory(full_name="Rana Aziz-Karim")
    book(world, minutes=90, patient=survivor)
    walk_in(world, patient=duplicate)
    book(world, minutes=120, patient=duplicate)
    return survivor, duplicate


# --- Writing a flow down ----------------------------------------------------------------------------------------------


def verb(name: str, user: str = "receptionist", path: str | None = None, **body: Any) -> Callable[[World, Visit], Call]:
    """``POST /api/visits/{id}/<verb>/``"""
    return lambda world, visit: (getattr(world, user), "post", f"visits/{visit.pk}/{path or name}/", dict(body))


def change(**fields: Callable[[World], Any]) -> tuple[Callable[[World, Any], Any], Callable[[World, Any], Call]]:
    """A changed appointment, by action and by PATCH; each value is made from the world."""

    def of(target: Any) -> Appointment:
        return target if isinstance(target, Appointment) else target.appointment

    def wire(value: Any) -> Any:
        return value.isoformat() if isinstance(value, dt.datetime) else getattr(value, "pk", value)

    return (
        lambda w, x: appointments.change(of(x), by=w.receptionist, **{name: make(w) for name, make in fields.items()}),
        lambda w, x: (
            w.receptionist,
            "patch",
            f"appointments/{of(x).pk}/",
            {name: wire(make(w)) for name, make in fields.items()},
        ),
    )


def undo_of(prepare: Callable[[World], Visit], *more: str) -> dict[str, Any]:
    """Take back the last step of what ``prepare`` leaves."""
    return {
        "prepare": prepare,
        "act": lambda w, v: queue.undo(v, by=w.receptionist),
        "api": verb("undo", "admin"),
        "expected": ("queue_updated C D", "visit_status_changed C D", *more),
    }


STATUS = ("queue_updated C D", "visit_status_changed C D")
STATUS_WITH_APPOINTMENT = (*STATUS, "appointment_updated C D")
ARRIVED = ("appointment_updated C D", "queue_updated C D", "new_checkin C")

to_colleague = change(doctor=lambda w: w.colleague)
other_service = change(service=lambda w: ServiceFactory(clinic=w.here))
other_source = change(booking_source=lambda w: "phone")
later = change(start=lambda w: soon(90))
tomorrow = change(start=lambda w: soon(30) + dt.timedelta(days=1))


def _money(amount: str, **more: Any) -> dict[str, Any]:
    """Take money for what ``prepare`` gives (a visit or a payment)."""

    def of(x: Any) -> Payment:
        return x if isinstance(x, Payment) else payment_of(x)

    body = {"amount": amount, "method": "cash", **more}
    return {
        "act": lambda w, x: payments.process(
            of(x),
            by=w.receptionist,
            amount=Decimal(amount),
            method="cash",
            **({"discount": Decimal(more["discount"])} if "discount" in more else {}),
        ),
        "api": lambda w, x: (w.receptionist, "post", f"payments/{of(x).pk}/process/", body),
        "expected": ("payment_processed B", "queue_updated C D"),
    }


def _refund(amount: str) -> dict[str, Any]:
    return {
        "act": lambda w, p: payments.refund(p, by=w.admin, amount=Decimal(amount), reason="asked for"),
        "api": lambda w, p: (w.admin, "post", f"payments/{p.pk}/refund/", {"amount": amount, "reason": "asked for"}),
        "expected": ("payment_processed B", "queue_updated C D"),
    }


FLOWS: tuple[Flow, ...] = (
    # --- Appointments -------------------------------------------------------------------------------------------------
    Flow(
        "appointment-created",
        lambda w: PatientFactory(),
        lambda w, p: book(w, patient=p),
        ("appointment_created C D", "queue_updated C"),
        lambda w, p: (w.receptionist, "post", "appointments/", booking(w, p)),
    ),
    Flow(
        "appointment-created-for-free-service",
        lambda w: (PatientFactory(), free_service(w)),
        lambda w, x: book(w, patient=x[0], service=x[1]),
        ("appointment_created C D", "queue_updated C"),
        lambda w, x: (w.receptionist, "post", "appointments/", booking(w, x[0]) | {"service": x[1].pk}),
    ),
    Flow("appointment-moved-in-time", booked, later[0], ("appointment_updated C D",), later[1]),
    Flow("appointment-moved-to-another-day", booked, tomorrow[0], ("appointment_updated C D",), tomorrow[1]),
    Flow("appointment-source-changed", booked, other_source[0], ("appointment_updated C D",), other_source[1]),
    Flow("appointment-moved-to-colleague", booked, to_colleague[0], ("appointment_updated C E D",), to_colleague[1]),
    Flow(
        "appointment-changed-in-queue",
        checked_in,
        other_source[0],
        ("appointment_updated C D", "queue_updated C D"),
        other_source[1],
    ),
    Flow(
        "appointment-service-changed-in-queue",
        checked_in,
        other_service[0],
        ("appointment_updated C D", "queue_updated C D"),
        other_service[1],
    ),
    Flow(
        "appointment-moved-to-colleague-in-queue",
        checked_in,
        to_colleague[0],
        ("appointment_updated C E D", "queue_updated C E D"),
        to_colleague[1],
    ),
    Flow(
        "appointment-moved-in-time-in-queue",
        checked_in,
        later[0],
        ("appointment_updated C D", "queue_updated C D"),
        later[1],
    ),
    Flow(
        "appointment-cancelled",
        booked,
        lambda w, a: appointments.cancel(a, by=w.receptionist, reason="patient asked"),
        ("appointment_cancelled C D", "queue_updated C D"),
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/cancel/", {"reason": "patient asked"}),
    ),
    Flow(
        "appointment-cancelled-of-who-left",
        lambda w: queue.leave(checked_in(w), by=w.receptionist).appointment,
        lambda w, a: appointments.cancel(a, by=w.receptionist, reason="won't come back"),
        ("appointment_cancelled C D", "queue_updated C D"),
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/cancel/", {"reason": "won't come back"}),
    ),
    Flow(
        "appointment-no-show",
        booked,
        lambda w, a: appointments.mark_no_show(a, by=w.receptionist),
        ("appointment_updated C D", "queue_updated C D"),
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/no-show/", {}),
    ),
    # --- Arriving -----------------------------------------------------------------------------------------------------
    Flow(
        "check-in",
        booked,
        lambda w, a: appointments.check_in(a, by=w.receptionist),
        ARRIVED,
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/check-in/", {}),
    ),
    Flow(
        "check-in-after-no-show",
        lambda w: appointments.mark_no_show(book(w), by=w.receptionist),
        lambda w, a: appointments.check_in(a, by=w.receptionist),
        ARRIVED,
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/check-in/", {}),
    ),
    Flow(
        "check-in-again-after-undo",
        lambda w: queue.undo(checked_in(w), by=w.receptionist).appointment,
        lambda w, a: appointments.check_in(a, by=w.receptionist),
        ARRIVED,
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/check-in/", {}),
    ),
    Flow(
        "check-in-a-day-early",
        lambda w: book(w, start=soon(30) + dt.timedelta(days=1)),
        lambda w, a: appointments.check_in(a, by=w.receptionist),
        ARRIVED,
        lambda w, a: (w.receptionist, "post", f"appointments/{a.pk}/check-in/", {}),
    ),
    Flow(
        "walk-in",
        lambda w: PatientFactory(),
        lambda w, p: walk_in(w, patient=p),
        ("queue_updated C D", "new_checkin C"),
        lambda w, p: (w.receptionist, "post", "visits/", arriving(w, p)),
    ),
    Flow(
        "walk-in-emergency-for-free-service",
        lambda w: (PatientFactory(), free_service(w), three_waiting(w)),
        lambda w, x: walk_in(w, patient=x[0], service=x[1], priority="emergency"),
        ("queue_updated C D", "new_checkin C"),
        lambda w, x: (
            w.receptionist,
            "post",
            "visits/",
            arriving(w, x[0]) | {"service": x[1].pk, "priority": "emergency"},
        ),
    ),
    # --- Through the queue --------------------------------------------------------------------------------------------
    Flow("called", waiting, lambda w, v: queue.call(v, by=w.receptionist), STATUS, verb("call")),
    Flow("called-again", called, lambda w, v: queue.call(v, by=w.receptionist), STATUS, verb("call")),
    Flow(
        "called-next",
        three_waiting,
        lambda w, _: queue.call_next(w.doctor, by=w.doctor_user),
        STATUS,
        lambda w, _: (w.doctor_user, "post", f"queue/doctors/{w.doctor.pk}/call-next/", {}),
    ),
    Flow("started", called, lambda w, v: queue.start(v, by=w.doctor_user), STATUS, verb("start", "doctor_user")),
    Flow("started-uncalled", waiting, lambda w, v: queue.start(v, by=w.admin), STATUS, verb("start", "admin")),
    Flow("completed", in_progress, lambda w, v: queue.complete(v, by=w.doctor_user), STATUS, verb("complete", "doctor_user")),
    Flow(
        "completed-with-appointment",
        seen_by_appointment,
        lambda w, v: queue.complete(v, by=w.doctor_user),
        STATUS_WITH_APPOINTMENT,
        verb("complete", "doctor_user"),
    ),
    Flow(
        "completed-after-transfer",
        lambda w: queue.start(queue.transfer(checked_in(w), by=w.receptionist, doctor=w.colleague), by=w.admin),
        lambda w, v: queue.complete(v, by=w.admin),
        # The appointment is still the first doctor's.
        ("queue_updated C E", "visit_status_changed C E", "appointment_updated C D"),
        verb("complete", "admin"),
    ),
    Flow("skipped", called, lambda w, v: queue.skip(v, by=w.receptionist), STATUS, verb("skip")),
    Flow("skipped-uncalled", waiting, lambda w, v: queue.skip(v, by=w.receptionist), STATUS, verb("skip")),
    Flow(
        "returned-from-called",
        called,
        lambda w, v: queue.put_back(v, by=w.receptionist),
        STATUS,
        verb("put_back", path="return"),
    ),
    Flow(
        "returned-from-skipped",
        skipped,
        lambda w, v: queue.put_back(v, by=w.receptionist),
        STATUS,
        verb("put_back", path="return"),
    ),
    Flow(
        "returned-from-in-progress",
        in_progress,
        lambda w, v: queue.put_back(v, by=w.receptionist),
        STATUS,
        verb("put_back", "admin", path="return"),
    ),
    Flow(
        "cancelled-planned",
        planned,
        lambda w, v: queue.cancel(v, by=w.receptionist, reason="asked"),
        STATUS_WITH_APPOINTMENT,
        verb("cancel", reason="asked"),
    ),
    Flow("cancelled-waiting", waiting, lambda w, v: queue.cancel(v, by=w.receptionist), STATUS, verb("cancel")),
    Flow(
        "cancelled-checked-in",
        checked_in,
        lambda w, v: queue.cancel(v, by=w.receptionist),
        STATUS_WITH_APPOINTMENT,
        verb("cancel"),
    ),
    Flow("cancelled-called", called, lambda w, v: queue.cancel(v, by=w.receptionist), STATUS, verb("cancel")),
    Flow("cancelled-skipped", skipped, lambda w, v: queue.cancel(v, by=w.receptionist), STATUS, verb("cancel")),
    Flow(
        "cancelled-paid",
        lambda w: paid(w).visit,
        lambda w, v: queue.cancel(v, by=w.receptionist),
        STATUS,
        verb("cancel"),
    ),
    Flow("left", waiting, lambda w, v: queue.leave(v, by=w.receptionist), STATUS, verb("leave")),
    Flow("left-called", called, lambda w, v: queue.leave(v, by=w.receptionist), STATUS, verb("leave")),
    Flow("left-skipped", skipped, lambda w, v: queue.leave(v, by=w.receptionist), STATUS, verb("leave")),
    Flow(
        "left-a-day-early",
        a_day_early,
        lambda w, v: queue.leave(v, by=w.receptionist),
        STATUS_WITH_APPOINTMENT,
        verb("leave"),
    ),
    # --- Taken back ---------------------------------------------------------------------------------------------------
    Flow("undone-check-in", **undo_of(checked_in, "appointment_updated C D")),
    Flow("undone-call", **undo_of(called)),
    Flow("undone-second-call", **undo_of(lambda w: queue.call(called(w), by=w.receptionist))),
    Flow("undone-start", **undo_of(in_progress)),
    Flow("undone-complete", **undo_of(completed)),
    Flow(
        "undone-complete-with-appointment",
        **undo_of(lambda w: queue.complete(seen_by_appointment(w), by=w.doctor_user), "appointment_updated C D"),
    ),
    Flow("undone-skip", **undo_of(skipped)),
    Flow("undone-return", **undo_of(lambda w: queue.put_back(skipped(w), by=w.receptionist))),
    Flow("undone-leave", **undo_of(lambda w: queue.leave(walk_in(w), by=w.receptionist))),
    Flow(
        "undone-leave-a-day-early",
        **undo_of(lambda w: queue.leave(a_day_early(w), by=w.receptionist), "appointment_updated C D"),
    ),
    Flow("undone-cancel", **undo_of(lambda w: queue.cancel(walk_in(w), by=w.receptionist))),
    Flow(
        "undone-cancel-of-checked-in",
        **undo_of(lambda w: queue.cancel(checked_in(w), by=w.receptionist), "appointment_updated C D"),
    ),
    Flow(
        "undone-cancel-of-planned",
        **undo_of(lambda w: queue.cancel(planned(w), by=w.receptionist), "appointment_updated C D"),
    ),
    Flow(
        "undone-cancel-of-appointment",
        **undo_of(lambda w: appointments.cancel(book(w), by=w.receptionist, reason="x").visit, "appointment_updated C D"),
    ),
    Flow(
        "undone-no-show",
        **undo_of(lambda w: appointments.mark_no_show(book(w), by=w.receptionist).visit, "appointment_updated C D"),
    ),
    # A step that changed no status is taken back without one: the contract's other row (moved, priority, transferred).
    Flow(
        "undone-move",
        **undo_of(lambda w: queue.move(three_waiting(w)[2], by=w.receptionist, after=None))
        | {"expected": ("queue_updated C D",)},
    ),
    Flow(
        "undone-priority",
        **undo_of(lambda w: queue.set_priority(walk_in(w), by=w.receptionist, priority="urgent"))
        | {"expected": ("queue_updated C D",)},
    ),
    Flow(
        "undone-transfer",
        **undo_of(lambda w: queue.transfer(walk_in(w), by=w.receptionist, doctor=w.colleague))
        | {"expected": ("queue_updated C D E",)},
    ),
    # --- Rearranged ---------------------------------------------------------------------------------------------------
    Flow(
        "moved-to-the-front",
        three_waiting,
        lambda w, v: queue.move(v[2], by=w.receptionist, after=None),
        ("queue_updated C D",),
        lambda w, v: (w.receptionist, "post", f"visits/{v[2].pk}/move/", {"after": None}),
    ),
    Flow(
        "moved-behind-another",
        three_waiting,
        lambda w, v: queue.move(v[2], by=w.receptionist, after=v[0]),
        ("queue_updated C D",),
        lambda w, v: (w.receptionist, "post", f"visits/{v[2].pk}/move/", {"after": v[0].pk}),
    ),
    Flow(
        "moved-where-no-number-is-left",
        crowded,
        lambda w, v: queue.move(v[2], by=w.receptionist, after=v[0]),
        ("queue_updated C D",),
        lambda w, v: (w.receptionist, "post", f"visits/{v[2].pk}/move/", {"after": v[0].pk}),
    ),
    Flow(
        "priority-changed",
        waiting,
        lambda w, v: queue.set_priority(v, by=w.receptionist, priority="urgent", reason="pain"),
        ("queue_updated C D",),
        verb("set_priority", path="priority", priority="urgent", reason="pain"),
    ),
    Flow(
        "transferred",
        waiting,
        lambda w, v: queue.transfer(v, by=w.receptionist, doctor=w.colleague),
        ("queue_updated C E D",),
        lambda w, v: (w.receptionist, "post", f"visits/{v.pk}/transfer/", {"doctor": w.colleague.pk}),
    ),
    # --- The doctor's state: not in the table, so it rides on what is (ADR 25) ------------------------------------------
    Flow(
        "doctor-on-a-break",
        waiting,
        lambda w, _: queue.set_state(w.doctor, by=w.doctor_user, state="break", until=soon(30)),
        ("queue_updated C D",),
        lambda w, _: (
            w.doctor_user,
            "post",
            f"doctors/{w.doctor.pk}/state/",
            {"state": "break", "until": soon(30).isoformat()},
        ),
    ),
    Flow(
        "doctor-back",
        on_a_break,
        lambda w, _: queue.set_state(w.doctor, by=w.receptionist, state="available"),
        ("queue_updated C D",),
        lambda w, _: (w.receptionist, "post", f"doctors/{w.doctor.pk}/state/", {"state": "available"}),
    ),
    Flow("called-during-a-break", on_a_break, lambda w, v: queue.call(v, by=w.receptionist), STATUS, verb("call")),
    Flow("started-during-a-break", on_a_break, lambda w, v: queue.start(v, by=w.admin), STATUS, verb("start", "admin")),
    Flow(
        "doctor-renamed-during-a-break",
        lambda w: queue.set_state(w.doctor, by=w.doctor_user, state="break"),
        lambda w, _: rename(w.doctor),
        ("queue_updated C D",),
        lambda w, _: (w.admin, "patch", f"doctors/{w.doctor.pk}/", {"name": "Dr Other"}),
    ),
    # --- The end of a day (ADR 26) ------------------------------------------------------------------------------------
    Flow(
        "day-closed",
        lambda w: (three_waiting(w), called(w), walk_in(w, doctor=w.colleague)),
        lambda w, _: queue.close_day(w.here, by=w.receptionist),
        ("queue_updated C D", *["visit_status_changed C D"] * 4, "queue_updated C E", "visit_status_changed C E"),
        lambda w, _: (w.receptionist, "post", f"clinics/{w.here.pk}/close-day/", {}),
    ),
    # --- Money --------------------------------------------------------------------------------------------------------
    Flow("payment-in-part", waiting, **_money("20")),
    Flow("payment-second-part", lambda w: paid(w, "20"), **_money("10")),
    Flow("payment-rest", lambda w: paid(w, "20"), **_money("30")),
    Flow("payment-full", waiting, **_money("50")),
    Flow("payment-by-discount-alone", waiting, **_money("0", discount="50")),
    Flow("payment-in-advance", planned, **_money("20")),
    Flow("payment-in-advance-second-part", lambda w: paid(w, "20", planned(w)), **_money("10")),
    Flow("refund-in-part", paid, **_refund("20")),
    Flow("refund-second-part", lambda w: payments.refund(paid(w), by=w.admin, amount=Decimal(20), reason="x"), **_refund("10")),
    Flow("refund-full", paid, **_refund("50")),
    # --- Patients and names -------------------------------------------------------------------------------------------
    Flow(
        "patient-created",
        lambda w: None,
        lambda w, _: patients.register(by=w.receptionist, full_name="Karim Aziz", phone="+49 151 999"),
        ("patient_created B",),
        lambda w, _: (w.receptionist, "post", "patients/", {"full_name": "Karim Aziz", "phone": "+49 151 999"}),
    ),
    Flow(
        "patient-updated",
        shown_patient,
        lambda w, p: patients.change(p, by=w.receptionist, phone="+49 151 998"),
        ("patient_updated B",),
        lambda w, p: (w.receptionist, "patch", f"patients/{p.pk}/", {"phone": "+49 151 998"}),
    ),
    Flow(
        "patient-renamed",
        shown_patient,
        lambda w, p: patients.change(p, by=w.receptionist, full_name="Other Name"),
        ("patient_updated B", "queue_updated C D", "appointment_updated C D"),
        lambda w, p: (w.receptionist, "patch", f"patients/{p.pk}/", {"full_name": "Other Name"}),
    ),
    Flow(
        "patient-renamed-who-is-not-shown",
        lambda w: PatientFactory(),
        lambda w, p: patients.change(p, by=w.receptionist, full_name="Other Name"),
        ("patient_updated B",),
        lambda w, p: (w.receptionist, "patch", f"patients/{p.pk}/", {"full_name": "Other Name"}),
    ),
    Flow(
        "patients-merged",
        two_files,
        lambda w, p: patients.merge(p[0], duplicate=p[1], by=w.receptionist),
        ("patient_updated B", "patient_updated B", "appointment_updated C D", "queue_updated C D"),
        lambda w, p: (w.receptionist, "post", f"patients/{p[0].pk}/merge/", {"duplicate": p[1].pk}),
    ),
    Flow(
        "patients-merged-who-are-not-shown",
        lambda w: (PatientFactory(), PatientFactory()),
        lambda w, p: patients.merge(p[0], duplicate=p[1], by=w.receptionist),
        ("patient_updated B", "patient_updated B"),
        lambda w, p: (w.receptionist, "post", f"patients/{p[0].pk}/merge/", {"duplicate": p[1].pk}),
    ),
    Flow(
        "doctor-renamed",
        shown_patient,
        lambda w, _: rename(w.doctor),
        ("queue_updated C D", "appointment_updated C D"),
        lambda w, _: (w.admin, "patch", f"doctors/{w.doctor.pk}/", {"name": "Dr Other"}),
    ),
    Flow(
        "service-renamed",
        shown_patient,
        lambda w, _: rename(w.service),
        ("queue_updated C D", "queue_updated C E", "appointment_updated C D"),
        lambda w, _: (w.admin, "patch", f"services/{w.service.pk}/", {"name": "Dr Other"}),
    ),
    Flow(
        "service-price-changed",
        shown_patient,
        lambda w, _: reprice(w.service),
        (),
        lambda w, _: (w.admin, "patch", f"services/{w.service.pk}/", {"price": "60.00"}),
    ),
)


def booking(world: World, patient: Patient) -> dict[str, Any]:
    """The body of a booking."""
    return arriving(world, patient) | {"start": soon(30).isoformat(), "notes": "n", "booking_source": "phone"}


def arriving(world: World, patient: Patient) -> dict[str, Any]:
    """The body of a walk-in."""
    return {"clinic": world.here.pk, "doctor": world.doctor.pk, "patient": patient.pk, "service": world.service.pk}


def rename(named: Any) -> None:
    fresh = type(named).objects.get(pk=named.pk)
    fresh.name = "Dr Other"
    fresh.save()


def reprice(service: Any) -> None:
    fresh = type(service).objects.get(pk=service.pk)
    fresh.price = Decimal(60)
    fresh.save()
