"""Random commands by several people against the desk in memory (desk.py): after each, states, tickets, order, money and what
screens were told must be the same on both sides.

``MODEL_COMMANDS=10000 pytest -s tests/model`` runs that many, another choice each time; the default is the same few hundred.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from appointments.models import Appointment
from clinics.models import User
from queue import actions
from queue.models import Visit
from queue.presence import DoctorState
from realtime import log
from realtime.models import Delivery
from tests.api.client import Api, outcome
from tests.factories import PatientFactory, World
from tests.model.desk import CALL_LIMIT, QUEUED, Desk, Person, Refused
from tests.realtime import shapes
from tests.realtime.flows import last_delivery
from tests.realtime.reducer import Screen, fresh
from tests.realtime.watching import snapshot

pytestmark = pytest.mark.postgres

COMMANDS = int(os.environ.get("MODEL_COMMANDS", "0"))
# Commands of one example, after those of its morning. Each example leaves some kinds out, so that others come in a row:
# where there are few commands at all, many short ones.
STEPS = 50 if COMMANDS else 25
NINE = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)

people = st.sampled_from(["desk", "other_desk", "admin", "admin", "doctor", "colleague"])
which = st.integers(0, 10**6)
amounts = st.sampled_from([Decimal(n) for n in (0, 5, 10, 20, 30, 50, 60)])
inside = st.sampled_from(["doctor", "colleague", "doctor", "colleague", "admin", "admin", "desk"])
sometimes = st.sampled_from([False, False, True])
rarely = st.sampled_from([False] * 9 + [True])


def _acting(*verbs: str, who: Any = people, only: tuple[str, ...] = ()) -> Any:
    """A rule for commands that need nothing but the visit; ``only`` when there is one in such a state."""

    def run(self: DeskMachine, **drawn: Any) -> None:
        self._act(**drawn)

    run.__name__ = f"to_{verbs[0]}"
    drawn = rule(who=who, n=which, verb=st.sampled_from(verbs), stale=rarely, twice=rarely)(run)
    return precondition(lambda self: any(not only or v.status in only for v in self.desk.visits.values()))(drawn)


class DeskMachine(RuleBasedStateMachine):
    """The product over its API on one side, the desk in memory on the other."""

    world: ClassVar[World]
    counted: ClassVar[Counter[str]] = Counter()

    # --- Beginning and end ----------------------------------------------------------------------------------------------

    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._travel = time_machine.travel(NINE, tick=False)
        self.clock = self._travel.start()
        world = self.world
        self.users: dict[str, User] = {
            "desk": world.receptionist,
            "other_desk": world.admin,
            "admin": world.admin,
            "doctor": world.doctor_user,
            "colleague": world.colleague.user,  # type: ignore[dict-item]
        }
        self.users["other_desk"] = self._second_receptionist()
        doctor_of = {"doctor": world.doctor.pk, "colleague": world.colleague.pk}
        self.persons = {name: Person(user.username, user.role, doctor_of.get(name)) for name, user in self.users.items()}
        self.apis: dict[str, tuple[dt.datetime, Api]] = {}
        self.desk = Desk(
            doctors=[world.doctor.pk, world.colleague.pk],
            patients=[PatientFactory().pk for _ in range(4)],
            now=NINE,
        )
        self.rooms = [f"clinic_{world.here.pk}", *(f"doctor_{pk}" for pk in self.desk.doctors)]
        self.keys = 0
        self.closings: dict[dt.date, dict[str, Any]] = {}
        self._watch_anew()

    def _second_receptionist(self) -> User:
        user = User.objects.create(username="second", role="receptionist")
        user.clinics.add(self.world.here)
        return user

    def teardown(self) -> None:
        try:
            self.compare(all_rooms=True)
            self._histories_are_the_same()
        finally:
            self._travel.stop()
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)

    # --- One command on both sides --------------------------------------------------------------------------------------

    def api(self, who: str) -> Api:
        made = self.apis.get(who)
        if made is None or self.desk.now - made[0] > dt.timedelta(minutes=4):  # tokens last five
            made = self.apis[who] = self.desk.now, Api(self.users[who])
        return made[1]

    def both(self, name: str, who: str, predict: Callable[[], Any], path: str, body: Any = None, **more: Any) -> Any:
        """Send the command, and compare the answer with the model's; the answer's data if both let it pass."""
        self.desk.now += dt.timedelta(seconds=1)
        self.clock.move_to(self.desk.now)
        expected: tuple[int, str] = (more.get("success", 200), "")
        told = last_delivery()
        self.desk.events.clear()
        try:
            predict()
        except Refused as refused:
            expected = refused.answer
        key, method = None, more.get("method", "post")
        if more.get("twice") and method == "post":
            self.keys += 1
            key = f"key {self.keys}"
        response = self.api(who).call(method, path, body, key=key)
        assert outcome(response) == expected, (name, self.persons[who], path, body, response.content[:300])
        self.counted[f"{name} {expected[1] or 'done'}"] += 1
        if key is not None and expected[0] != 403:
            again = self.api(who).call(method, path, body, key=key)
            assert (again.status_code, again.content) == (response.status_code, response.content)
            assert again.headers["Idempotent-Replay"] == "true"
        if expected[0] >= 400:
            assert last_delivery() == told, "a refusal that tells something"
            return None
        events = self._told_since(told)
        if name in self.IN_ANY_ORDER:
            assert Counter(events) == Counter(self.desk.events), name
        else:
            assert events == self.desk.events, name
        return response.json()

    IN_ANY_ORDER: ClassVar[set[str]] = {"merge", "close-day"}
    """Commands that change many rows: which of them comes first is nobody's business."""

    def _told_since(self, delivery: int) -> list[tuple[str, frozenset[object]]]:
        """The names of the events and their rooms, as the model calls them."""
        rooms: dict[str, object] = {"broadcast": "broadcast", self.rooms[0]: "clinic"}
        rooms |= {f"doctor_{pk}": pk for pk in self.desk.doctors}
        events: dict[int, tuple[str, set[object]]] = {}
        rows = Delivery.objects.filter(pk__gt=delivery).exclude(room="control").select_related("event").order_by("pk")
        for row in rows:
            events.setdefault(row.event_id, (row.event.name, set()))[1].add(rooms[row.room])
        return [(name, frozenset(of)) for name, of in events.values()]

    # --- Comparing ------------------------------------------------------------------------------------------------------

    def _watch_anew(self) -> None:
        """A new day is another snapshot."""
        log.number([*self.rooms, "broadcast"])
        self.screens = {room: Screen(room) for room in self.rooms}
        for room, screen in self.screens.items():
            screen.apply(snapshot(room))

    def compare(self, *, all_rooms: bool = False) -> None:
        """The screens that followed the events, a fresh snapshot, and the model are the same.

        The clinic's room shows everything and is compared each time, a doctor's if it was told something, and all at the end.
        """
        log.number([*self.rooms, "broadcast"])
        for room, screen in self.screens.items():
            frames = log.read(room, screen.seq)
            assert [frame.seq for frame in frames] == list(range(screen.seq + 1, screen.seq + 1 + len(frames)))
            screen.apply_all(shapes.check(frame.text) for frame in frames)
            if not (frames or all_rooms or room == self.rooms[0]):
                continue
            data = snapshot(room)["data"]
            assert screen.shown() == fresh(room, data), f"{room}: the events don't lead to the snapshot"
            self._snapshot_is_the_models(room, data)

    def _snapshot_is_the_models(self, room: str, data: dict[str, Any]) -> None:
        desk = self.desk
        doctors = desk.doctors if room.startswith("clinic") else [int(room.split("_")[1])]
        visits = [v for v in desk.visits.values() if v.is_shown and v.day == desk.today and v.doctor in doctors]
        assert {row["id"]: _row(row) for row in data["visits"]} == {
            v.id: {
                "status": v.status,
                "number": v.number,
                "priority": v.priority,
                "doctor": v.doctor,
                "patient": v.patient,
                "booking": v.booking,
                "payment": v.payment_status,
                "calls": v.calls,
                "limit": v.status == "called" and v.calls >= CALL_LIMIT,
            }
            for v in visits
        }
        order = [row["id"] for row in data["visits"] if row["status"] in QUEUED]
        assert order == [v.id for v in desk.in_order(v for v in visits if v.status in QUEUED)]
        assert {a["id"]: (a["status"], a["start"], a["doctor"]["id"], a["patient"]["id"]) for a in data["appointments"]} == {
            b.id: (b.status, f"{b.start:%Y-%m-%dT%H:%M:%SZ}", b.doctor, b.patient)
            for b in desk.bookings.values()
            if b.day == desk.today and b.doctor in doctors
        }
        assert {d["id"]: (d["state"], d["until"]) for d in data["doctors"]} == {
            d: (state, f"{until:%Y-%m-%dT%H:%M:%SZ}" if until else None) for d in doctors for state, until in [desk.state_of(d)]
        }

    def _histories_are_the_same(self) -> None:
        """Who did what, of every visit, those of past days too; and the rest of what no snapshot of today shows."""
        for visit in self.desk.visits.values():
            row = Visit.objects.get(pk=visit.id)
            assert (row.status, row.date, row.doctor_id, row.payment_status) == (
                *(visit.status, visit.day, visit.doctor, visit.payment_status),
            )
            steps = list(row.steps.order_by("pk").values_list("action", "from_status", "to_status", "by__username"))
            assert steps == [(s.verb, s.came_from, s.to, s.by) for s in visit.steps]
        statuses = dict(Appointment.objects.values_list("pk", "status"))
        assert statuses == {b.id: b.status for b in self.desk.bookings.values()}

    # --- Choosing -------------------------------------------------------------------------------------------------------

    def _visit(self, number: int, *statuses: str) -> int:
        """One of the visits; of those in these states if there are any, but for one time in eight."""
        fitting = [v.id for v in self.desk.visits.values() if v.status in statuses]
        of = fitting if fitting and number % 8 != 7 else list(self.desk.visits)
        return of[number // 8 % len(of)]

    def _booking(self, number: int, *statuses: str) -> int:
        fitting = [b.id for b in self.desk.bookings.values() if b.status in statuses]
        of = fitting if fitting and number % 8 != 7 else list(self.desk.bookings)
        return of[number // 8 % len(of)]

    def _version(self, model: Any, pk: int, stale: bool) -> dict[str, int]:
        return {"version": model.objects.get(pk=pk).version + 1} if stale else {}

    def _slot(self, quarter: int) -> dt.datetime:
        """A quarter of an hour of today, or of tomorrow; now and then a past one."""
        now = self.desk.now.replace(minute=0, second=0, microsecond=0)
        return now + dt.timedelta(minutes=15 * quarter)

    # --- Commands -------------------------------------------------------------------------------------------------------

    @initialize()
    def a_morning(self) -> None:
        """Some are booked and some have come: from an empty desk most commands would find nobody."""
        for n in range(4):
            self.book("desk", n, 1 + 2 * (n // 2), False, False)
            self.walk_in("desk", n, "normal", False)
        self.end_booking("desk", 0, "check-in", False, False)

    @rule(who=people, n=which, priority=st.sampled_from(["normal", "normal", "normal", "urgent", "emergency"]), twice=rarely)
    def walk_in(self, who: str, n: int, priority: str, twice: bool) -> None:
        doctor, patient = self.desk.doctors[n % 2], self.desk.patients[n // 2 % len(self.desk.patients)]
        body = {"clinic": self.world.here.pk, "doctor": doctor, "patient": patient, "service": self.world.service.pk}
        person = self.persons[who]
        made = self.both(
            "walk-in",
            who,
            lambda: self.desk.walk_in(person, doctor),
            "visits/",
            {**body, "priority": priority},
            success=201,
            twice=twice,
        )
        if made:
            payment = Visit.objects.get(pk=made["id"]).payment.pk
            known = {"doctor": doctor, "patient": patient, "priority": priority}
            self.desk.came_in(person, visit=made["id"], payment=payment, **known)
        self.compare()

    @rule(
        who=people,
        n=which,
        quarter=st.sampled_from([-2, 0, 1, 2, 3, 4, 5, 6, 8, 12, 60, 90, 100]),
        twice=rarely,
        overbook=sometimes,
    )
    def book(self, who: str, n: int, quarter: int, twice: bool, overbook: bool) -> None:
        doctor, patient = self.desk.doctors[n % 2], self.desk.patients[n // 2 % len(self.desk.patients)]
        start, person = self._slot(quarter), self.persons[who]
        body = {"clinic": self.world.here.pk, "doctor": doctor, "patient": patient, "service": self.world.service.pk}
        known: dict[str, Any] = {"doctor": doctor, "patient": patient, "start": start, "overbook": overbook}
        why = {"overbook": True, "overbook_reason": "asked for"} if overbook else {}
        made = self.both(
            *("book", who, lambda: self.desk.book(person, **known), "appointments/"),
            {**body, **why, "start": start.isoformat()},
            success=201,
            twice=twice,
        )
        if made:
            payment = Visit.objects.get(pk=made["visit_id"]).payment.pk
            self.desk.booked(person, booking=made["id"], visit=made["visit_id"], payment=payment, **known)
        self.compare()

    @rule(who=people, n=which, quarter=st.sampled_from([-4, 3, 7, 95]), really=sometimes)
    def time_off(self, who: str, n: int, quarter: int, really: bool) -> None:
        if not really:
            return  # or nobody could be booked at all
        doctor, start = self.desk.doctors[n % 2], self._slot(quarter)
        known: dict[str, Any] = {"doctor": doctor, "start": start, "end": start + dt.timedelta(minutes=15)}
        body = {**known, "start": start.isoformat(), "end": known["end"].isoformat()}
        self.both(*("time off", who, lambda: self.desk.time_off(self.persons[who], **known), "time-off/"), body, success=201)
        self.compare()

    @precondition(lambda self: self.desk.bookings)
    @rule(who=people, n=which, quarter=st.sampled_from([None, -2, 1, 2, 3, 5, 90]), stale=rarely)
    def rebook(self, who: str, n: int, quarter: int | None, stale: bool) -> None:
        pk = self._booking(n, "booked", "checked_in")
        wanted: dict[str, Any] = {"doctor": self.desk.doctors[n % 2]} if n % 3 else {}
        if quarter is not None:
            wanted["start"] = self._slot(quarter)
        body = {name: value.isoformat() if name == "start" else value for name, value in wanted.items()}
        self.both(
            *("rebook", who, lambda: self.desk.rebook(self.persons[who], pk, stale=stale, **wanted), f"appointments/{pk}/"),
            {**body, **self._version(Appointment, pk, stale)},
            method="patch",
        )
        self.compare()

    @precondition(lambda self: self.desk.bookings)
    @rule(
        who=people,
        n=which,
        verb=st.sampled_from(["check-in", "check-in", "check-in", "cancel", "no-show"]),
        stale=rarely,
        twice=rarely,
    )
    def end_booking(self, who: str, n: int, verb: str, stale: bool, twice: bool) -> None:
        more = {"check-in": ["no_show"], "cancel": ["checked_in"]}
        pk = self._booking(n, "booked", *more.get(verb, []))
        desk, person = self.desk, self.persons[who]
        act = {"check-in": desk.check_in, "cancel": desk.cancel_booking, "no-show": desk.no_show}[verb]
        body = self._version(Appointment, pk, stale)
        self.both(verb, who, lambda: act(person, pk, stale=stale), f"appointments/{pk}/{verb}/", body, twice=twice)
        self.compare()

    FROM: ClassVar[dict[str, tuple[str, ...]]] = {
        "call": ("waiting", "called"),
        "start": ("called", "waiting"),
        "complete": ("in_progress",),
        "skip": ("called", "waiting"),
        "return": ("skipped", "called", "in_progress"),
        "leave": ("waiting", "called", "skipped"),
        "cancel": ("planned", "waiting", "called", "skipped"),
        "undo": ("called", "in_progress", "completed", "skipped", "cancelled", "left", "no_show", "planned"),
    }

    def _act(self, who: str, n: int, verb: str, stale: bool, twice: bool) -> None:
        pk = self._visit(n, *self.FROM[verb])
        if who in ("doctor", "colleague") and n % 4:
            who = "doctor" if self.desk.visits[pk].doctor == self.world.doctor.pk else "colleague"
        body = self._version(Visit, pk, stale)
        predict = lambda: self.desk.act(self.persons[who], verb, pk, stale=stale)  # noqa: E731
        self.both(verb, who, predict, f"visits/{pk}/{verb}/", body, twice=twice)
        self.compare()

    # A rule for each, or they would be chosen as often as one of the others together.
    call = _acting("call")
    start = _acting("start", who=inside)
    complete = _acting("complete", who=inside, only=("in_progress",))
    skip = _acting("skip")
    put_back = _acting("return", only=("called", "skipped", "in_progress"))
    end = _acting("leave", "cancel")

    @precondition(lambda self: self.desk.visits)
    @rule(who=people, n=which, stale=rarely, twice=rarely)
    def undo(self, who: str, n: int, stale: bool, twice: bool) -> None:
        pk = self._visit(n, *self.FROM["undo"])
        body = self._version(Visit, pk, stale)
        predict = lambda: self.desk.undo(self.persons[who], pk, stale=stale)  # noqa: E731
        self.both("undo", who, predict, f"visits/{pk}/undo/", body, twice=twice)
        self.compare()

    @rule(who=people, n=which, twice=rarely)
    def call_next(self, who: str, n: int, twice: bool) -> None:
        doctor = self.desk.doctors[n % 2]
        called: list[int] = []
        predict = lambda: called.append(self.desk.call_next(self.persons[who], doctor))  # noqa: E731
        answer = self.both("call-next", who, predict, f"queue/doctors/{doctor}/call-next/", twice=twice)
        assert answer is None or answer["id"] == called[0]
        self.compare()

    @precondition(lambda self: self.desk.visits)
    @rule(who=people, n=which, other=which, stale=rarely)
    def move(self, who: str, n: int, other: int, stale: bool) -> None:
        pk = self._visit(n, "waiting")
        after = None if other % 3 == 0 else self._visit(other, "waiting")
        body = {"after": after, **self._version(Visit, pk, stale)}
        predict = lambda: self.desk.move(self.persons[who], pk, after, stale=stale)  # noqa: E731
        self.both("move", who, predict, f"visits/{pk}/move/", body)
        self.compare()

    @precondition(lambda self: self.desk.visits)
    @rule(who=people, n=which, priority=st.sampled_from(["normal", "urgent", "emergency"]), stale=rarely)
    def set_priority(self, who: str, n: int, priority: str, stale: bool) -> None:
        pk = self._visit(n, "waiting", "called", "skipped")
        body = {"priority": priority, "reason": "pain", **self._version(Visit, pk, stale)}
        predict = lambda: self.desk.set_priority(self.persons[who], pk, priority, stale=stale)  # noqa: E731
        self.both("priority", who, predict, f"visits/{pk}/priority/", body)
        self.compare()

    @precondition(lambda self: self.desk.visits)
    @rule(who=people, n=which, stale=rarely)
    def transfer(self, who: str, n: int, stale: bool) -> None:
        pk = self._visit(n, "waiting", "called", "skipped")
        body = {"doctor": self.desk.doctors[n % 2], **self._version(Visit, pk, stale)}
        predict = lambda: self.desk.transfer(self.persons[who], pk, body["doctor"], stale=stale)  # noqa: E731
        self.both("transfer", who, predict, f"visits/{pk}/transfer/", body)
        self.compare()

    @precondition(lambda self: self.desk.visits)
    @rule(
        who=people,
        n=which,
        amount=amounts,
        discount=st.sampled_from([Decimal(0)] * 4 + [Decimal(5), Decimal(50)]),
        twice=rarely,
    )
    def pay(self, who: str, n: int, amount: Decimal, discount: Decimal, twice: bool) -> None:
        visit = self.desk.visits[self._visit(n, "waiting", "in_progress", "completed")]
        body = {"amount": str(amount), "discount": str(discount), "method": "cash"}
        predict = lambda: self.desk.pay(self.persons[who], visit.id, amount=amount, discount=discount)  # noqa: E731
        self.both("pay", who, predict, f"payments/{visit.payment}/process/", body, twice=twice)
        self.compare()

    @precondition(lambda self: any(visit.paid for visit in self.desk.visits.values()))
    @rule(who=people, n=which, amount=amounts, twice=rarely)
    def refund(self, who: str, n: int, amount: Decimal, twice: bool) -> None:
        paid = [visit for visit in self.desk.visits.values() if visit.paid]
        visit = paid[n % len(paid)]
        predict = lambda: self.desk.refund(self.persons[who], visit.id, amount=amount)  # noqa: E731
        body = {"amount": str(amount), "reason": "mistake"}
        self.both("refund", who, predict, f"payments/{visit.payment}/refund/", body, twice=twice)
        self.compare()

    @precondition(lambda self: len(self.desk.patients) > 2)
    @rule(who=people, n=which, really=sometimes)
    def merge(self, who: str, n: int, really: bool) -> None:
        patients = self.desk.patients
        survivor, duplicate = patients[n % len(patients)], patients[n // 7 % len(patients)]
        if really:
            predict = lambda: self.desk.merge(self.persons[who], survivor, duplicate)  # noqa: E731
            self.both("merge", who, predict, f"patients/{survivor}/merge/", {"duplicate": duplicate})
        else:
            patients.append(PatientFactory().pk)
        self.compare()

    @rule(
        who=people,
        n=which,
        state=st.sampled_from(["available", "break", "break", "gone"]),
        minutes=st.sampled_from([None, None, -5, 10, 60, 60 * 20]),
        stale=rarely,
    )
    def say(self, who: str, n: int, state: str, minutes: int | None, stale: bool) -> None:
        doctor = self.desk.doctors[n % 2]
        until = None
        if minutes is not None and (state == "break" or n % 5 == 4):
            until = (self.desk.now + dt.timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        body: dict[str, Any] = {"state": state, "until": until.isoformat() if until else None}
        if stale:
            known = self.world.doctor if doctor == self.world.doctor.pk else self.world.colleague
            body["version"] = DoctorState(type(known).objects.get(pk=doctor)).version + 1
        predict = lambda: self.desk.say(self.persons[who], doctor, state, until, stale=stale)  # noqa: E731
        self.both("say", who, predict, f"doctors/{doctor}/state/", body)
        self.compare()

    @rule(who=people, back=st.sampled_from([0, 0, 0, 1, -1]), twice=rarely, really=sometimes)
    def close_day(self, who: str, back: int, twice: bool, really: bool) -> None:
        if not really and back == 0:
            return  # a day that is closed all the time is a short one
        day, ended = self.desk.today - dt.timedelta(days=back), []
        predict = lambda: ended.append(self.desk.close_day(self.persons[who], day))  # noqa: E731
        path = f"clinics/{self.world.here.pk}/close-day/"
        closed = self.both("close-day", who, predict, path, {"date": day.isoformat()}, twice=twice)
        if closed:
            self._figures_are_the_models(day, closed["figures"], with_money=who == "admin")
            self._number_is_the_next(day, closed, bool(ended[0]), with_money=who == "admin")
        self.compare()

    def _figures_are_the_models(self, day: dt.date, figures: dict[str, Any], *, with_money: bool) -> None:
        expected = self.desk.figures(day)
        for name in ("booked", "walk_ins", "seen", "left", "no_show", "cancelled"):
            assert figures[name] == expected[name], name
        assert sum(figures[name] for name in ("booked", "walk_ins")) == sum(
            figures[name] for name in ("seen", "left", "no_show", "cancelled")
        )
        tickets = figures["first_ticket"] and tuple(int(figures[n].split("-")[1]) for n in ("first_ticket", "last_ticket"))
        assert tickets == expected["tickets"]
        assert figures["longest_wait_seconds"] == expected["longest"]
        assert {each["id"]: each["seen"] for each in figures["doctors"]} == expected["seen_by"]
        assert ("money" in figures) is with_money
        if with_money:
            assert tuple(Decimal(figures["money"][0][name]) for name in ("taken", "refunded")) == expected["money"]

    def _number_is_the_next(self, day: dt.date, closed: dict[str, Any], anything: bool, *, with_money: bool) -> None:
        """With nothing new the last row is the answer, and else there is one row more."""
        last = self.closings.get(day)
        if last is not None:
            assert closed["number"] - last["number"] in (0, 1)
            if anything:
                assert closed["number"] == last["number"] + 1
            if with_money and "money" in last["figures"]:
                assert (closed["number"] == last["number"]) == (closed["figures"] == last["figures"])
        self.closings[day] = closed

    @rule(minutes=st.sampled_from([1, 5, 12, 30, 90, 600]))
    def time_passes(self, minutes: int) -> None:
        self._move_on(self.desk.now + dt.timedelta(minutes=minutes))

    @rule(really=sometimes, until_when=st.sampled_from([dt.timedelta(days=1, minutes=30), dt.timedelta(days=1, hours=4)]))
    def night(self, really: bool, until_when: dt.timedelta) -> None:
        """Past midnight; and if it is past three, the day closes itself."""
        if not really:
            return
        self._move_on(dt.datetime.combine(self.desk.today, dt.time(), dt.UTC) + until_when)
        if until_when > dt.timedelta(days=1, hours=3):
            closed = [each.date for each in actions.close_over_days()]
            assert closed == self.desk.close_by_itself()
            self.counted["night closed" if closed else "night with nothing to close"] += 1
            self.closings.clear()
            self._watch_anew()
            self.compare()

    def _move_on(self, moment: dt.datetime) -> None:
        same_day = moment.date() == self.desk.today
        if not same_day:
            self.compare(all_rooms=True)  # what the day before ended with
        self.desk.now = moment
        self.clock.move_to(moment)
        if not same_day:
            self._watch_anew()
        self.compare(all_rooms=not same_day)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    assert row["ticket"].split("-")[1] == f"{row['queue_number']:03d}"
    return {
        "status": row["status"],
        "number": row["queue_number"],
        "priority": row["priority"],
        "doctor": row["doctor"]["id"],
        "patient": row["patient"]["id"],
        "booking": row["appointment_id"],
        "payment": row["payment_status"],
        "calls": row["call_count"],
        "limit": row["call_limit_reached"],
    }


def test_random_commands_against_the_desk_in_memory(world: World) -> None:
    DeskMachine.world = world
    DeskMachine.counted = counted = Counter()
    chosen = settings(
        max_examples=max(1, COMMANDS // STEPS) if COMMANDS else 10,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not COMMANDS,
        database=None,
        print_blob=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(DeskMachine, settings=chosen)  # type: ignore[no-untyped-call]
    done = sum(count for name, count in counted.items() if name.endswith("done"))
    print(f"\n{sum(counted.values())} commands, {done} done, {sum(counted.values()) - done} refused or nightly")
    for name, count in sorted(counted.items()):
        print(f"  {count:5} {name}")
    assert done > 100
