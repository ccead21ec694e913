"""The clinic's desk in memory: what contract/api.md, section 5, says should happen, written without looking at how it is done.

Nothing of the product is imported here. A method of ``Desk`` is one command by one person: it raises ``Refused`` with the status
and the word that the API has to answer, or changes the desk. Times are moments, ids are those of the product.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

DUE = Decimal(50)
LENGTH = dt.timedelta(minutes=20)
GRACE = dt.timedelta(minutes=10)
CALL_LIMIT = 3

# from → {verb: to}
TABLE = {
    "planned": {"check_in": "waiting", "cancel": "cancelled", "no_show": "no_show"},
    "waiting": {"call": "called", "start": "in_progress", "skip": "skipped", "cancel": "cancelled", "leave": "left"},
    "called": {
        "call": "called",
        "start": "in_progress",
        "skip": "skipped",
        "return": "waiting",
        "cancel": "cancelled",
        "leave": "left",
    },
    "skipped": {"return": "waiting", "leave": "left", "cancel": "cancelled"},
    "in_progress": {"complete": "completed", "return": "waiting"},
    "no_show": {"check_in": "waiting"},
    "completed": {},
    "cancelled": {},
    "left": {},
}
QUEUED = ("waiting", "called", "skipped", "in_progress")
STANDING = ("waiting", "called", "skipped")  # may get another priority or doctor
DESK, CLINICIANS, EVERYONE = {"receptionist", "admin"}, {"doctor", "admin"}, {"receptionist", "doctor", "admin"}
ROLES = {
    **dict.fromkeys(["cancel", "leave", "move"], DESK),
    **dict.fromkeys(["call", "skip", "return", "undo", "priority", "transfer"], EVERYONE),
    **dict.fromkeys(["start", "complete"], CLINICIANS),
}
CLASS = {"emergency": 0, "urgent": 1, "normal": 2}
SPAN = 10**12  # microseconds of a class
NOON_OF_CLASS = 10**11  # where a day begins in it
KEPT = ("status", "day", "doctor", "priority", "behind", "moved", "calls", "arrived")


Rooms = frozenset[object]
"""Of an event: ``clinic``, ``broadcast``, and doctors by their number."""


class Refused(Exception):
    """What the API has to answer instead."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(status, word)
        self.answer = status, word


def conflict(word: str) -> NoReturn:
    raise Refused(409, word)


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    doctor: int | None = None


@dataclass
class Step:
    """A line of a visit's history; ``before`` is what undo puts back."""

    verb: str
    came_from: str
    to: str
    by: str | None
    at: dt.datetime
    before: dict[str, Any] = field(default_factory=dict)
    undone: bool = False


@dataclass
class Booking:
    id: int
    visit: int
    status: str
    start: dt.datetime
    doctor: int
    patient: int
    overbooked: bool = False

    @property
    def end(self) -> dt.datetime:
        return self.start + LENGTH

    @property
    def day(self) -> dt.date:
        return self.start.date()

    @property
    def takes_time(self) -> bool:
        return self.status in ("booked", "checked_in", "fulfilled")

    def meets(self, other: Booking) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass
class Visit:
    id: int
    status: str
    day: dt.date
    doctor: int
    patient: int
    priority: str = "normal"
    booking: int | None = None
    number: int | None = None
    numbers: dict[dt.date, int] = field(default_factory=dict)  # a slip that was given is kept
    arrived: dt.datetime | None = None
    calls: int = 0
    behind: dt.datetime | None = None
    moved: int | None = None
    payment: int = 0
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    void: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def payment_status(self) -> str:
        if self.void:
            return "void"
        if self.paid and self.refunded == self.paid:
            return "refunded"
        if self.paid + self.discount >= DUE:
            return "paid"
        return "partially_paid" if self.paid + self.discount else "pending"

    @property
    def is_shown(self) -> bool:
        return self.number is not None and self.status != "planned"


@dataclass
class Said:
    state: str = "available"
    until: dt.datetime | None = None
    day: dt.date | None = None


@dataclass
class Desk:
    """One clinic in UTC with its doctors, who work from midnight to midnight."""

    doctors: list[int]
    patients: list[int]
    now: dt.datetime
    visits: dict[int, Visit] = field(default_factory=dict)
    bookings: dict[int, Booking] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    """Files that are another's now."""
    said: dict[int, Said] = field(default_factory=dict)
    given: dict[dt.date, int] = field(default_factory=dict)  # the last ticket of each day
    ledger: list[tuple[dt.datetime, str, Decimal]] = field(default_factory=list)
    closed: set[dt.date] = field(default_factory=set)  # days that have closed themselves
    away: list[tuple[int, dt.datetime, dt.datetime]] = field(default_factory=list)  # time off
    events: list[tuple[str, Rooms]] = field(default_factory=list)  # of the last command (contract/realtime.md, section 7)

    @property
    def today(self) -> dt.date:
        return self.now.date()

    def _tell(self, name: str, *doctors: int) -> None:
        """To the clinic's room, and those of these doctors."""
        self.events.append((name, frozenset(["clinic", *doctors])))

    def _broadcast(self, name: str) -> None:
        self.events.append((name, frozenset(["broadcast"])))

    def _tell_status(self, visit: Visit, booking: Booking | None, *, and_booking: bool) -> None:
        self._tell("queue_updated", visit.doctor)
        self._tell("visit_status_changed", visit.doctor)
        if booking is not None and and_booking:
            self._tell("appointment_updated", booking.doctor)

    # --- Order ----------------------------------------------------------------------------------------------------------

    def place(self, visit: Visit) -> int:
        """The sort key: class, then effective time; a place set by hand is the key itself."""
        if visit.moved is not None:
            return visit.moved
        return CLASS[visit.priority] * SPAN + self._in_class(visit, self._effective(visit))

    def _in_class(self, visit: Visit, moment: dt.datetime) -> int:
        since = (moment - dt.datetime.combine(visit.day, dt.time(), dt.UTC)) // dt.timedelta(microseconds=1)
        return min(max(NOON_OF_CLASS + since, 0), SPAN - 1)

    def _effective(self, visit: Visit) -> dt.datetime:
        assert visit.arrived is not None
        moment = visit.arrived
        if visit.booking is not None:
            start = self.bookings[visit.booking].start
            moment = visit.arrived if visit.arrived > start + GRACE else start
        return moment if visit.behind is None else max(moment, visit.behind)

    def in_order(self, visits: Iterable[Visit]) -> list[Visit]:
        return sorted(visits, key=lambda visit: (self.place(visit), visit.number or 0))

    def waiting_for(self, doctor: int, day: dt.date) -> list[Visit]:
        return self.in_order(v for v in self.visits.values() if (v.status, v.doctor, v.day) == ("waiting", doctor, day))

    # --- Who ------------------------------------------------------------------------------------------------------------

    def _may(self, who: Person, roles: set[str]) -> None:
        if who.role not in roles:
            raise Refused(403, "forbidden")

    def _of(self, who: Person, verb: str, visit: int, stale: bool) -> Visit:
        """The visit, if the person may do this to it and has seen it as it is."""
        self._may(who, ROLES[verb])
        found = self.visits[visit]
        if who.role == "doctor" and found.doctor != who.doctor:
            raise Refused(404, "not_found")
        if stale:
            conflict("stale_version")
        return found

    # --- Steps ----------------------------------------------------------------------------------------------------------

    def _step(self, visit: Visit, verb: str, by: Person | None, change: Callable[[Visit], None] | None = None) -> None:
        before = copy.copy(visit)
        if change is not None:
            change(visit)
        if visit.status == "in_progress" and any(
            other.status == "in_progress" and other.doctor == visit.doctor
            for other in self.visits.values()
            if other.id != visit.id
        ):
            vars(visit).update(vars(before))
            conflict("doctor_busy")
        was = {name: getattr(before, name) for name in KEPT if getattr(before, name) != getattr(visit, name)}
        by_name = by.name if by is not None else None
        visit.steps.append(Step(verb, before.status, visit.status, by_name, self.now, was))

    def _target(self, visit: Visit, verb: str) -> str:
        if verb not in TABLE[visit.status]:
            conflict("invalid_transition")
        return TABLE[visit.status][verb]

    # --- Arriving -------------------------------------------------------------------------------------------------------

    def walk_in(self, who: Person, doctor: int) -> None:
        self._may(who, DESK)
        self._tell("queue_updated", doctor)
        self._tell("new_checkin")

    def came_in(self, who: Person, *, visit: int, payment: int, doctor: int, patient: int, priority: str) -> None:
        """What a walk-in that was let in leads to; ids are the product's to give."""
        new = Visit(visit, "waiting", self.today, doctor, patient, priority, arrived=self.now, payment=payment)
        self._ticket(new)
        new.steps.append(Step("walk_in", "", "waiting", who.name, self.now))
        self.visits[visit] = new

    def _ticket(self, visit: Visit) -> None:
        if visit.number is None or visit.day != self.today:
            visit.day = self.today
            if self.today not in visit.numbers:
                self.given[self.today] = self.given.get(self.today, 0) + 1
                visit.numbers[self.today] = self.given[self.today]
            visit.number = visit.numbers[self.today]

    # --- Bookings -------------------------------------------------------------------------------------------------------

    def _bookable(self, start: dt.datetime, doctor: int) -> None:
        closes = dt.datetime.combine(start.date(), dt.time(23, 59, 59), dt.UTC)
        if start < self.now or start + LENGTH > closes:
            raise Refused(400, "start")
        if any(who == doctor and start < until and since < start + LENGTH for who, since, until in self.away):
            raise Refused(400, "start")

    def _meeting(self, wanted: Booking) -> list[Booking]:
        return [b for b in self.bookings.values() if b.id != wanted.id and b.takes_time and b.meets(wanted)]

    def _free(self, wanted: Booking, *, overbook: bool = False) -> None:
        """For what is booked or moved; it is marked if the doctor was taken, and that was wanted."""
        meeting = self._meeting(wanted)
        taken = any(other.doctor == wanted.doctor for other in meeting)
        if taken and not overbook:
            conflict("slot_taken")
        if any(other.patient == wanted.patient for other in meeting):
            conflict("patient_busy")
        wanted.overbooked = taken

    def _still_free(self, wanted: Booking) -> None:
        """For what comes back: who was booked twice on purpose is in nobody's way."""
        meeting = self._meeting(wanted)
        if not wanted.overbooked and any(b.doctor == wanted.doctor and not b.overbooked for b in meeting):
            conflict("slot_taken")
        if any(other.patient == wanted.patient for other in meeting):
            conflict("patient_busy")

    def time_off(self, who: Person, *, doctor: int, start: dt.datetime, end: dt.datetime) -> None:
        self._may(who, {"admin"})
        self.away.append((doctor, start, end))

    def book(self, who: Person, *, doctor: int, patient: int, start: dt.datetime, overbook: bool) -> None:
        self._may(who, {"admin"} if overbook and who.role in DESK else DESK)
        self._bookable(start, doctor)
        self._free(Booking(0, 0, "booked", start, doctor, patient), overbook=overbook)
        self._tell("appointment_created", doctor)
        self._tell("queue_updated")

    def booked(
        self, who: Person, *, booking: int, visit: int, payment: int, doctor: int, patient: int, start: Any, overbook: bool
    ) -> None:
        """What a booking that was taken leads to."""
        new = self.bookings[booking] = Booking(booking, visit, "booked", start, doctor, patient)
        self._free(new, overbook=overbook)
        planned = Visit(visit, "planned", start.date(), doctor, patient, booking=booking, payment=payment)
        planned.steps.append(Step("plan", "", "planned", who.name, self.now))
        self.visits[visit] = planned

    def _booking_of(self, who: Person, booking: int, stale: bool) -> Booking:
        self._may(who, DESK)
        if stale:
            conflict("stale_version")
        return self.bookings[booking]

    def rebook(self, who: Person, booking: int, *, stale: bool, **wanted: Any) -> None:
        row = self._booking_of(who, booking, stale)
        if row.status not in ("booked", "checked_in"):
            conflict("invalid_transition")
        changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        if not changed:
            return
        after = copy.copy(row)
        vars(after).update(changed)
        if row.status == "checked_in" and after.day != row.day:
            raise Refused(400, "start")
        self._bookable(after.start, after.doctor)
        self._free(after)
        visit = self.visits[row.visit]
        if visit.status not in ("planned", *STANDING):
            conflict("invalid_transition")
        self._tell("appointment_updated", row.doctor, after.doctor)
        if visit.status != "planned":
            self._tell("queue_updated", visit.doctor, changed.get("doctor", visit.doctor))

        def follow(visit: Visit) -> None:
            visit.doctor = changed.get("doctor", visit.doctor)
            if visit.status == "planned" and visit.day != after.day:
                visit.day, visit.number = after.day, None

        self._step(visit, "change", who, follow)
        self.bookings[booking] = after

    def cancel_booking(self, who: Person, booking: int, *, stale: bool) -> None:
        row = self._booking_of(who, booking, stale)
        visit = self.visits[row.visit]
        left = row.status == "checked_in" and visit.status == "left"
        if row.status != "booked" and not left:
            conflict("invalid_transition")
        row.status = "cancelled"
        self._tell("appointment_cancelled", row.doctor)
        self._tell("queue_updated", visit.doctor)
        if left:
            self._step(visit, "change", who)
            return
        self._end_planned(row, "cancel", "cancelled", who)
        self._void(visit)

    def no_show(self, who: Person, booking: int, *, stale: bool) -> None:
        row = self._booking_of(who, booking, stale)
        if row.status != "booked":
            conflict("invalid_transition")
        row.status = "no_show"
        self._tell("appointment_updated", row.doctor)
        self._tell("queue_updated", self.visits[row.visit].doctor)
        self._end_planned(row, "no_show", "no_show", who)

    def _end_planned(self, row: Booking, verb: str, status: str, by: Person | None) -> None:
        def end(visit: Visit) -> None:
            visit.status = status

        self._step(self.visits[row.visit], verb, by, end)

    def check_in(self, who: Person, booking: int, *, stale: bool) -> None:
        row = self._booking_of(who, booking, stale)
        if row.status not in ("booked", "no_show"):
            conflict("invalid_transition")
        if row.status == "no_show":
            if row.day != self.today:
                conflict("not_on_its_day")
            self._still_free(row)
        row.status = "checked_in"
        self._tell("appointment_updated", row.doctor)
        self._tell("queue_updated", self.visits[row.visit].doctor)
        self._tell("new_checkin")

        def arrive(visit: Visit) -> None:
            visit.status, visit.arrived = "waiting", self.now
            visit.moved = visit.behind = None
            self._ticket(visit)

        self._step(self.visits[row.visit], "check_in", who, arrive)

    # --- Through the queue ----------------------------------------------------------------------------------------------

    def act(self, who: Person, verb: str, visit: int, *, stale: bool) -> None:
        """Call, start, skip, return, complete, leave, cancel."""
        found = self._of(who, verb, visit, stale)
        to = self._target(found, verb)
        was = found.status
        booking = self.bookings.get(found.booking or 0)
        again = booking is not None and verb == "leave" and self._comes_again(found, booking)

        def change(visit: Visit) -> None:
            visit.status = to
            if again and booking is not None:
                self._expect_again(visit, booking)
            if verb in ("call", "start"):
                visit.moved = None
            if verb == "call":
                visit.calls += 1
            if verb == "return" and was == "skipped":
                visit.moved = None
                visit.behind = self._behind_two(visit)

        self._step(found, verb, who, change)
        if verb in ("call", "start"):
            self._back(found.doctor)
        if booking is not None and (verb in ("complete", "cancel") or again):
            booking.status = {"complete": "fulfilled", "cancel": "cancelled", "leave": "booked"}[verb]
        if verb == "cancel":
            self._void(found)
        self._tell_status(found, booking, and_booking=verb in ("complete", "cancel") or again)

    def _comes_again(self, visit: Visit, booking: Booking) -> bool:
        """Who is here on a day before their appointment's, and goes, is expected on that day."""
        return booking.status == "checked_in" and booking.day > visit.day and booking.day >= self.today

    def _expect_again(self, visit: Visit, booking: Booking) -> None:
        visit.status, visit.day, visit.number = "planned", booking.day, None
        visit.arrived = visit.moved = visit.behind = None
        visit.calls = 0

    def _behind_two(self, visit: Visit) -> dt.datetime | None:
        """A moment behind the next two of the class who wait."""
        others = [v for v in self.waiting_for(visit.doctor, visit.day) if v.id != visit.id]
        places = sorted(p for p in map(self.place, others) if p // SPAN == CLASS[visit.priority])
        if not places:
            return None
        into_the_day = places[min(len(places), 2) - 1] % SPAN - NOON_OF_CLASS
        return dt.datetime.combine(visit.day, dt.time(), dt.UTC) + dt.timedelta(microseconds=into_the_day + 1)

    def call_next(self, who: Person, doctor: int) -> int:
        self._may(who, EVERYONE)
        if who.role == "doctor" and who.doctor != doctor:
            raise Refused(404, "not_found")
        queue = self.waiting_for(doctor, self.today)
        if not queue:
            raise Refused(404, "queue_empty")
        # Whoever may call next may call: the desk or the doctor.
        self.act(who, "call", queue[0].id, stale=False)
        return queue[0].id

    def move(self, who: Person, visit: int, after: int | None, *, stale: bool) -> None:
        found = self._of(who, "move", visit, stale)
        if found.status != "waiting":
            conflict("invalid_transition")
        others = [v for v in self.waiting_for(found.doctor, found.day) if v.id != visit]
        ids = [v.id for v in others]
        if after is not None and after not in ids:
            raise Refused(400, "after")
        index = 0 if after is None else ids.index(after) + 1
        place = self._between(others, index)
        if place is None and index:
            self._make_room(others[index:], self.place(others[index - 1]), who)
            place = self._between(others, index)

        def put(visit: Visit) -> None:
            visit.moved = place if others else self.place(visit)

        self._step(found, "move", who, put)
        self._tell("queue_updated", found.doctor)

    def _between(self, queue: list[Visit], index: int) -> int | None:
        before = self.place(queue[index - 1]) if index else None
        behind = self.place(queue[index]) if index < len(queue) else None
        if before is None:
            return None if behind is None else behind - 10**6
        if behind is None:
            return before + 10**6
        middle = (before + behind) // 2
        return middle if before < middle < behind else None

    def _make_room(self, behind: list[Visit], place: int, by: Person) -> None:
        for other in behind:
            place += 1000
            if self.place(other) >= place:
                return

            def put(visit: Visit, place: int = place) -> None:
                visit.moved = place

            self._step(other, "make_room", by, put)

    def set_priority(self, who: Person, visit: int, priority: str, *, stale: bool) -> None:
        found = self._of(who, "priority", visit, stale)
        if found.status not in STANDING:
            conflict("invalid_transition")

        def change(visit: Visit) -> None:
            visit.priority, visit.moved = priority, None

        self._step(found, "priority", who, change)
        self._tell("queue_updated", found.doctor)

    def transfer(self, who: Person, visit: int, doctor: int, *, stale: bool) -> None:
        found = self._of(who, "transfer", visit, stale)
        if found.status not in STANDING:
            conflict("invalid_transition")
        if found.doctor == doctor:
            raise Refused(400, "doctor")

        def change(visit: Visit) -> None:
            visit.doctor, visit.moved = doctor, None

        self._tell("queue_updated", found.doctor, doctor)
        self._step(found, "transfer", who, change)

    def undo(self, who: Person, visit: int, *, stale: bool) -> None:
        found = self._of(who, "undo", visit, stale)
        mine = [step for step in found.steps if step.verb not in ("change", "make_room")]
        last = mine[-1]
        if last.verb in ("undo", "plan", "walk_in") or last.at.date() != self.today:
            conflict("nothing_to_undo")
        was_cancelled = found.status == "cancelled"
        kept = copy.copy(found)

        def back(visit: Visit) -> None:
            vars(visit).update(last.before)
            if "day" in last.before:
                visit.number = visit.numbers[visit.day] if visit.status in QUEUED else None

        self._step(found, "undo", who, back)
        booking = self.bookings.get(found.booking or 0)
        follows = False
        to = {"planned": "booked", "completed": "fulfilled", "no_show": "no_show", **dict.fromkeys(QUEUED, "checked_in")}
        if booking is not None and found.status in to and booking.status != to[found.status]:
            after = copy.copy(booking)
            after.status = to[found.status]
            follows = True
            if after.takes_time and not booking.takes_time:
                try:
                    self._comes_back(after)
                except Refused:
                    found.steps.pop()
                    vars(found).update(vars(kept))
                    raise
            booking.status = after.status
        last.undone = True
        if was_cancelled:
            found.void = False
        if (found.status, found.calls) != (kept.status, kept.calls):
            self._tell_status(found, booking, and_booking=follows)
        else:
            self._tell("queue_updated", found.doctor, kept.doctor)

    def _comes_back(self, booking: Booking) -> None:
        """What is to come is booked as it would be now."""
        if booking.start >= self.now:
            try:
                self._bookable(booking.start, booking.doctor)
            except Refused:
                conflict("no_longer_bookable")
        self._still_free(booking)

    # --- Money ----------------------------------------------------------------------------------------------------------

    def _void(self, visit: Visit) -> None:
        if not visit.paid:
            visit.void = True

    def pay(self, who: Person, visit: int, *, amount: Decimal, discount: Decimal) -> None:
        self._may(who, DESK)
        found = self.visits[visit]
        if amount + discount == 0:
            raise Refused(400, "amount")
        owed = DUE - found.discount - found.paid
        if found.status == "cancelled" or (found.payment_status == "refunded" and not owed):
            conflict("invalid_transition")
        if amount + discount > owed:
            conflict("overpaid")
        found.paid += amount
        found.discount += discount
        self.ledger.append((self.now, "payment", amount))
        self._broadcast("payment_processed")
        self._tell("queue_updated", found.doctor)

    def refund(self, who: Person, visit: int, *, amount: Decimal) -> None:
        self._may(who, {"admin"})
        found = self.visits[visit]
        if amount == 0:
            raise Refused(400, "amount")
        if amount > found.paid - found.refunded:
            conflict("refund_exceeds_paid")
        found.refunded += amount
        self.ledger.append((self.now, "refund", amount))
        self._broadcast("payment_processed")
        self._tell("queue_updated", found.doctor)

    # --- Patients -------------------------------------------------------------------------------------------------------

    def merge(self, who: Person, survivor: int, duplicate: int) -> None:
        self._may(who, DESK)
        if survivor == duplicate:
            raise Refused(400, "duplicate")
        mine = [b for b in self.bookings.values() if b.patient == survivor and b.takes_time]
        theirs = [b for b in self.bookings.values() if b.patient == duplicate and b.takes_time]
        if any(one.meets(other) for one in mine for other in theirs):
            conflict("patient_busy")
        # Files that were merged into the duplicate before lead to the survivor now.
        earlier = [each for each, into in self.merged.items() if into == duplicate]
        self.merged |= dict.fromkeys([*earlier, duplicate], survivor)
        for _file in (survivor, duplicate, *earlier):
            self._broadcast("patient_updated")
        for booking in self.bookings.values():
            if booking.patient == duplicate:
                booking.patient = survivor
                if booking.day >= self.today:
                    self._tell("appointment_updated", booking.doctor)
        shown = set()
        for visit in self.visits.values():
            if visit.patient == duplicate:
                visit.patient = survivor
                if visit.is_shown and visit.day == self.today:
                    shown.add(visit.doctor)
        for doctor in shown:
            self._tell("queue_updated", doctor)
        self.patients.remove(duplicate)

    # --- Doctors --------------------------------------------------------------------------------------------------------

    def state_of(self, doctor: int) -> tuple[str, dt.datetime | None]:
        said = self.said.get(doctor, Said())
        return (said.state, said.until) if said.day == self.today else ("available", None)

    def _back(self, doctor: int) -> None:
        self.said.pop(doctor, None)

    def say(self, who: Person, doctor: int, state: str, until: dt.datetime | None, *, stale: bool) -> None:
        self._may(who, EVERYONE)
        if who.role == "doctor" and who.doctor != doctor:
            raise Refused(404, "not_found")
        if stale:
            conflict("stale_version")
        if until is not None and (state != "break" or until <= self.now or until.date() != self.today):
            raise Refused(400, "until")
        if self.state_of(doctor) != (state, until):
            self._tell("queue_updated", doctor)
        self.said[doctor] = Said(state, until, self.today)

    # --- The end of a day -----------------------------------------------------------------------------------------------

    def close_day(self, who: Person, day: dt.date) -> bool:
        """Was there anything to end?"""
        self._may(who, DESK)
        if day > self.today or (day < self.today and not self._of_day(day)):
            raise Refused(400, "date")
        if any(visit.status == "in_progress" for visit in self._of_day(day)):
            conflict("still_with_doctor")
        if any(row.status == "booked" and row.day == day and row.start > self.now for row in self.bookings.values()):
            conflict("still_to_come")
        return self._close(day, who)

    def close_by_itself(self) -> list[dt.date]:
        """At the end of a night: the days before today that haven't closed themselves yet, or hold something open again."""
        unfinished = {"planned", *QUEUED}
        past = [visit for visit in self.visits.values() if visit.day < self.today]
        over = sorted({visit.day for visit in past if visit.status in unfinished or visit.day not in self.closed})
        for day in over:
            self._close(day, None)
        self.closed |= set(over)
        return over

    def _of_day(self, day: dt.date) -> list[Visit]:
        return [visit for visit in self.visits.values() if visit.day == day]

    def _close(self, day: dt.date, by: Person | None) -> bool:
        anything = False
        queues: set[tuple[int, dt.date]] = set()  # what changes in one is told at once
        for visit in self._of_day(day):
            to = {"planned": "no_show", "in_progress": "completed", **dict.fromkeys(STANDING, "left")}.get(visit.status)
            if to is None:
                continue
            anything = True
            booking = self.bookings.get(visit.booking or 0)
            again = booking is not None and to == "left" and self._comes_again(visit, booking)

            def end(visit: Visit, to: str = to, booked: Booking | None = booking if again else None) -> None:
                visit.status = to
                if booked is not None:
                    self._expect_again(visit, booked)

            self._step(visit, "close_day", by, end)
            if booking is not None and (again or to != "left"):
                booking.status = "booked" if again else {"no_show": "no_show", "completed": "fulfilled"}[to]
                self._tell("appointment_updated", booking.doctor)
            if to != "no_show":
                self._tell("visit_status_changed", visit.doctor)
            queues.add((visit.doctor, visit.day))
        for doctor, _day in queues:
            self._tell("queue_updated", doctor)
        return anything

    def figures(self, day: dt.date) -> dict[str, Any]:
        """What a closing of the day has to say now, but for names."""
        visits = self._of_day(day)
        numbers = [visit.number for visit in visits if visit.number is not None]
        waits = {visit.id: wait for visit in visits if (wait := self._wait(visit)) is not None}

        def count(status: str) -> int:
            return sum(visit.status == status for visit in visits)

        def money(kind: str) -> Decimal:
            return sum((amount for at, what, amount in self.ledger if what == kind and at.date() == day), Decimal(0))

        return {
            "booked": sum(visit.booking is not None for visit in visits),
            "walk_ins": sum(visit.booking is None for visit in visits),
            "seen": count("completed"),
            "left": count("left"),
            "no_show": count("no_show"),
            "cancelled": count("cancelled"),
            "tickets": (min(numbers), max(numbers)) if numbers else None,
            "longest": max(waits.values(), default=None),
            "seen_by": {d: sum(v.status == "completed" for v in visits if v.doctor == d) for d in {v.doctor for v in visits}},
            "money": (money("payment"), money("refund")),
        }

    def _wait(self, visit: Visit) -> int | None:
        if visit.arrived is None:
            return None
        calls = [s.at for s in visit.steps if s.verb in ("call", "start") and not s.undone and s.at >= visit.arrived]
        return int((calls[0] - visit.arrived).total_seconds()) if calls else None
