"""The days of the demo: a month that is over, and today, which stands still at the moment the command is run."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from appointments.actions import free_slots
from appointments.models import Appointment
from appointments.slots import Span, overlaps
from clinic_project.demo.visits import Coming, Place, Step
from clinics.models import Service
from patients.models import Patient
from queue.models import Visit

MINUTE = dt.timedelta(minutes=1)
TODAYS_PAST = 180 * MINUTE
"""How far back today's story goes. Soon after midnight it is told in what there is of the day, quicker."""


def _cells(place: Place, day: dt.date) -> list[dt.datetime]:
    """The half hours of an ordinary working day."""
    eight = dt.datetime.combine(day, dt.time(8), place.clinic.zone)
    return [eight + n * 30 * MINUTE for n in range(20) if n != 8]


class Cast:
    """Who comes on a day, to either clinic: everyone once before anyone comes again, and nobody to two doctors at a time."""

    def __init__(self, people: Sequence[Patient], day: dt.date) -> None:
        # The same day gives the same people, whenever the command is run.
        self.rng = random.Random(f"demo {day}")  # noqa: S311
        self._turn = cycle(self.rng.sample(list(people), len(people)))
        self._count = len(people)
        self._busy: defaultdict[int, list[Span]] = defaultdict(list)
        booked = Appointment.objects.filter(date__gte=day, status__in=Appointment.ACTIVE)
        for patient, start, end in booked.values_list("patient_id", "start", "end"):
            self._busy[patient].append((start, end))

    def next(self, slot: dt.datetime | None, service: Service) -> Patient:
        """The next one who is free then (a walk-in always is)."""
        person = next(self._turn)
        if slot is not None:
            span = (slot, slot + service.duration)
            for _ in range(self._count):
                if not _meets(self._busy[person.pk], span):
                    break
                person = next(self._turn)
            self._busy[person.pk].append(span)
        return person


# --- A day that is over ---------------------------------------------------------------------------------------------


def past_day(
    place: Place, day: dt.date, services: Sequence[Service], cast: Cast, booked: Sequence[Appointment]
) -> Iterator[tuple[Coming, Appointment | None]]:
    """What happened at one doctor on a whole day: new bookings and walk-ins, and those who had booked before."""
    rng = cast.rng
    taken = [(appointment.start, appointment.end) for appointment in booked]
    free = [cell for cell in _cells(place, day) if not _meets(taken, (cell, cell + 30 * MINUTE))]
    count = min(len(free), rng.randint(1, 3) if day.weekday() >= 5 else rng.randint(3, 5))
    comings: list[tuple[dt.datetime, Appointment | None]] = [(cell, None) for cell in rng.sample(free, count)]
    comings += [(appointment.start, appointment) for appointment in booked]
    doctor_free = dt.datetime.combine(day, dt.time.min, place.clinic.zone)
    for start, appointment in sorted(comings, key=lambda coming: coming[0]):
        service = appointment.service if appointment else rng.choice([s for s in services if s.duration <= 30 * MINUTE])
        is_walk_in = appointment is None and rng.random() < 0.25
        steps, doctor_free, pays = _past_steps(start, doctor_free, is_walk_in, rng)
        slot = None if is_walk_in else start
        coming = Coming(
            place=place,
            patient=appointment.patient if appointment else cast.next(slot, service),
            service=service,
            slot=slot,
            booked_at=_daytime(day, place, rng),
            source=rng.choice(Appointment.Source.values),
            steps=steps,
            pays=pays,
            method=rng.choice(["cash", "card", "card", "transfer"]),
            reason=rng.choice(["Feels better", "Has to work", "No childcare"]),
        )
        yield coming, appointment


def _daytime(day: dt.date, place: Place, rng: random.Random) -> dt.datetime:
    """Some working hour of the days before."""
    before = day - dt.timedelta(days=rng.randint(1, 10))
    return dt.datetime.combine(before, dt.time(rng.randint(8, 17), rng.randint(0, 59)), place.clinic.zone)


def _past_steps(
    start: dt.datetime, doctor_free: dt.datetime, is_walk_in: bool, rng: random.Random
) -> tuple[list[Step], dt.datetime, str]:
    """The steps of one coming, when the doctor is free after it, and how it is paid."""
    fate = rng.random()
    if not is_walk_in and fate < 0.08:
        return [("no_show", start + 25 * MINUTE)], doctor_free, ""
    if not is_walk_in and fate < 0.14:
        return [("cancel", start - rng.randint(60, 600) * MINUTE)], doctor_free, ""
    arrives = start + rng.randint(-12, 6) * MINUTE
    if fate > 0.97:
        return [("arrive", arrives), ("leave", arrives + rng.randint(20, 50) * MINUTE)], doctor_free, ""
    called = max(start, arrives + 2 * MINUTE, doctor_free)
    started = called + rng.randint(1, 3) * MINUTE
    completed = started + rng.randint(7, 20) * MINUTE
    # Where nobody else waits, the patient is simply taken in.
    called_first = [("call", called)] if rng.random() < 0.5 else []
    steps = [("arrive", arrives), *called_first, ("start", started), ("complete", completed)]
    pays = rng.choices(["full", "part", "discount", "back", ""], [84, 5, 5, 2, 4])[0]
    if pays:
        steps.append(("pay", completed + 3 * MINUTE))
    if pays == "back":
        steps.append(("refund", completed + 30 * MINUTE))
    return steps, completed + MINUTE, pays


# --- Today ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Role:
    """One person of today's queue; minutes are before now. ``slot`` none: a walk-in; negative: still to come."""

    slot: int | None
    steps: str
    pays: str = ""
    method: str = "cash"
    priority: str = Visit.Priority.NORMAL
    reason: str = ""
    only: str = ""
    """The login of the doctor whose queue alone has this person; none: every doctor's."""


# The steps as "name@minutes before now". The doctor's own visits must not overlap.
ROLES = (
    # Booked and late already; first, since whoever comes first here gets the slot nearest to the time wanted.
    Role(25, "", only="doctor1"),
    Role(20, ""),
    # Seen already.
    Role(165, "arrive@172 call@163 start@160 complete@146 pay@142", pays="full"),
    Role(150, "arrive@149 call@143 start@141 complete@127 pay@123", pays="discount", method="card"),
    Role(None, "arrive@138 call@124 start@122 complete@104 pay@100 refund@80", pays="back", method="card", only="doctor2"),
    Role(None, "arrive@135 call@103 start@101 complete@87 pay@84", pays="part"),
    Role(120, "arrive@126 call@84 start@82 complete@66 pay@62", pays="full", method="transfer"),
    Role(90, "arrive@93 call@62 start@60 complete@44"),
    # Didn't come, called it off, gave up.
    Role(105, "no_show@75"),
    Role(75, "cancel@178", reason="Has a cold"),
    Role(None, "arrive@115 leave@52"),
    # Now: with the doctor, called, aside.
    Role(45, "arrive@51 call@17 start@14"),
    Role(30, "arrive@36 call@2"),
    Role(60, "arrive@61 call@30 skip@25"),
    # Waiting, on every ground there is.
    Role(15, "arrive@22 pay@20", pays="full", method="card"),
    Role(0, "arrive@9"),
    Role(40, "arrive@7"),
    Role(55, "arrive@58 call@43 skip@40 return@28", only="doctor1"),
    Role(None, "arrive@33 pay@31", pays="part"),
    Role(None, "arrive@11"),
    Role(None, "arrive@5", priority=Visit.Priority.URGENT),
    Role(None, "arrive@4 emergency@3", reason="Chest pain", only="doctor1"),
    # Booked, and still to come.
    Role(-30, ""),
    Role(-60, ""),
    Role(-105, ""),
    Role(-150, "", only="doctor3"),
)
COMING_DAYS = 6


def today(place: Place, now: dt.datetime, services: Sequence[Service], cast: Cast) -> Iterator[Coming]:
    """One doctor's queue as it stands now."""
    day = place.clinic.day_of(now)
    pace = min(1.0, (now - place.clinic.day_bounds(day)[0]) / TODAYS_PAST)
    quarter = [service for service in services if service.duration == 15 * MINUTE]
    taken: list[Span] = []
    for role in ROLES:
        if role.only not in ("", place.login.username):
            continue
        service, slot = cast.rng.choice(quarter), None
        if role.slot is not None:
            slot = _slot_near(place, service, role.slot, now, taken)
            if slot is None:
                continue  # the day is nearly over
            taken.append((slot, slot + service.duration))
        yield Coming(
            place=place,
            patient=cast.next(slot, service),
            service=service,
            slot=slot,
            booked_at=_daytime(day, place, cast.rng),
            source=cast.rng.choice(Appointment.Source.values),
            priority=role.priority,
            steps=[_step(text, now, pace) for text in role.steps.split()],
            pays=role.pays,
            method=role.method,
            reason=role.reason,
        )


def _step(text: str, now: dt.datetime, pace: float) -> Step:
    name, minutes = text.split("@")
    return name, now - int(minutes) * MINUTE * pace


def _slot_near(place: Place, service: Service, minutes: int, now: dt.datetime, taken: Sequence[Span]) -> dt.datetime | None:
    """The free slot of today that suits someone who is booked for ``minutes`` before now."""
    day, wanted = place.clinic.day_of(now), now - minutes * MINUTE
    booked = Appointment.objects.filter(doctor=place.doctor, date=day, status__in=Appointment.ACTIVE)
    busy = [*taken, *booked.values_list("start", "end")]
    slots = [slot.start for slot in free_slots(doctor=place.doctor, clinic=place.clinic, service=service, day=day)]
    free = [start for start in slots if not _meets(busy, (start, start + service.duration))]
    coming = [start for start in free if start > now]
    if len(coming) <= 2:
        # The last slots of the evening are left to newcomers.
        free = [start for start in free if start <= now]
    if minutes < 0:
        # Newcomers find something soon: there is a gap before and after.
        gap = service.duration
        free = [start for start in free if start > now and not _meets(busy, (start - gap, start + 2 * gap))]

    def unfit(start: dt.datetime) -> tuple[bool, dt.timedelta]:
        # Who should have come long ago is rather booked for even earlier than for later.
        return minutes > 15 and start > now, abs(start - wanted)

    return min(free, key=unfit, default=None)


def coming_days(place: Place, day: dt.date, services: Sequence[Service], cast: Cast) -> Iterator[Coming]:
    """Who has booked with one doctor for the days after ``day``."""
    for ahead in range(1, COMING_DAYS + 1):
        cells = _cells(place, day + dt.timedelta(days=ahead))
        booked = Appointment.objects.filter(doctor=place.doctor, date=day + dt.timedelta(days=ahead)).count()
        for cell in cast.rng.sample(cells, max(0, 5 - ahead - booked) or int(booked == 0)):
            service = cast.rng.choice([service for service in services if service.duration <= 30 * MINUTE])
            yield Coming(
                place=place,
                patient=cast.next(cell, service),
                service=service,
                slot=cell,
                booked_at=_daytime(day, place, cast.rng),
                source=cast.rng.choice(Appointment.Source.values),
            )


def _meets(busy: Sequence[Span], span: Span) -> bool:
    return any(overlaps(span, other) for other in busy)
