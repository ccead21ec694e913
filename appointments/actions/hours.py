"""Shifts, time off and closing days are set up, changed and ended. Nothing that was booked before is moved by it: each action
says which booked appointments now lie where nobody can be booked, so that somebody can move them."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.actions.rules import lock_doctors, require_near, shifts_of
from appointments.models import Appointment, ClosingDay, Shift, ShiftBreak, TimeOff
from appointments.slots import MIDNIGHT, Span, ends_after, fits, working_spans
from clinics.commands import command
from clinics.exceptions import InvalidInput, InvalidTransition, NotAllowed, StaleVersion
from clinics.models import Clinic, Doctor, User

Break = tuple[dt.time, dt.time]
"""From, until; midnight as the end is the end of the day."""

Row = TypeVar("Row", Shift, TimeOff, ClosingDay)


Affected = list[Appointment]
"""Booked appointments to come that lie where nobody can be booked any more, in order."""


def still_booked(*where: Q, **more: Any) -> QuerySet[Appointment]:
    """Booked appointments that aren't over, in order."""
    rows = Appointment.objects.filter(*where, status=Appointment.Status.BOOKED, end__gt=timezone.now(), **more)
    return rows.select_related("clinic", "doctor", "patient").order_by("start", "pk")


def _locked(row: Row, version: int | None, doctors: set[int] | None = None) -> Row:
    """The row as it is now, locked until the command ends; ``doctors``: those that are locked already, its own among them."""
    fresh = type(row).objects.select_for_update().get(pk=row.pk)
    if doctors is not None and not isinstance(fresh, ClosingDay) and fresh.doctor_id not in doctors:
        raise StaleVersion(_("This was just given to another doctor. Look at it again."), current=fresh)
    if not fresh.is_active:
        raise InvalidTransition(_("This was ended meanwhile; it can't be changed any more. Make a new one."), current=fresh)
    if version is not None and version != fresh.version:
        raise StaleVersion(_("This has changed since you last saw it. Look at it again."), current=fresh)
    return fresh


def _save(row: Row, by: User | None, *, touched: bool = False) -> None:
    """Save what was changed, if anything was: what changes nothing must not make others' open forms stale."""
    row._history_user = by  # type: ignore[attr-defined]
    if row._state.adding:
        row.save()
    elif touched or row.changes():
        row.save(update_fields=sorted(row.changes()))


def _end(row: Row, by: User | None) -> None:
    row.is_active = False
    _save(row, by)


# --- Shifts -----------------------------------------------------------------------------------------------------------


def add_shift(*, by: User | None, doctor: Doctor, clinic: Clinic, breaks: Sequence[Break] = (), **fields: Any) -> Shift:
    """Give a doctor hours at a clinic; raises ``InvalidInput``, also if they overlap another shift of theirs there."""
    with command():
        lock_doctors({doctor.pk})
        shift = Shift(doctor=doctor, clinic=clinic, **fields)
        _require_sound(shift, breaks)
        _save(shift, by)
        _replace_breaks(shift, breaks, by)
    return shift


def change_shift(
    shift: Shift, *, by: User | None, version: int | None = None, breaks: Sequence[Break] | None = None, **fields: Any
) -> tuple[Shift, Affected]:
    """Change the hours; ``breaks``, if given, replace all. Raises ``InvalidInput``, ``StaleVersion``."""
    with command():
        doctors = {shift.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])}
        lock_doctors(doctors)
        fresh = _locked(shift, version, doctors)
        doctor, clinic = fresh.doctor, fresh.clinic
        before = shifts_of(doctor, clinic)
        for name, value in fields.items():
            setattr(fresh, name, value)
        held = [(each.start_time, each.end_time) for each in fresh.breaks]
        wanted = held if breaks is None else sorted(breaks)
        if fresh.changes() or wanted != held:
            _require_sound(fresh, wanted)
            _replace_breaks(fresh, wanted, by)
            _save(fresh, by, touched=True)
        lost = _no_longer_in_hours(doctor, clinic, before)
    return fresh, lost


def end_shift(shift: Shift, *, by: User | None, version: int | None = None) -> tuple[Shift, Affected]:
    """The hours count no more; the row stays. Raises ``InvalidTransition`` if it was ended already."""
    with command():
        lock_doctors({shift.doctor_id})
        fresh = _locked(shift, version, {shift.doctor_id})
        before = shifts_of(fresh.doctor, fresh.clinic)
        _end(fresh, by)
        lost = _no_longer_in_hours(fresh.doctor, fresh.clinic, before)
    return fresh, lost


def _no_longer_in_hours(doctor: Doctor, clinic: Clinic, before: list[Shift]) -> Affected:
    now = shifts_of(doctor, clinic)

    def was_in(shifts: Iterable[Shift], row: Appointment) -> bool:
        days = clinic.day_of(row.start), clinic.day_of(row.end - dt.timedelta(microseconds=1))
        return fits((row.start, row.end), working_spans(shifts, *days, clinic.zone))

    coming = still_booked(doctor=doctor, clinic=clinic)
    return [row for row in coming if was_in(before, row) and not was_in(now, row)]


def booked_outside_of_hours(clinic_ids: Collection[int]) -> QuerySet[Appointment]:
    """Those of these clinics who are booked when their doctor has no hours there any more, or doesn't work there at all.

    Five queries, whatever the number of appointments, shifts and doctors.
    """
    coming: dict[tuple[int, int], list[tuple[int, Span]]] = defaultdict(list)
    clinics: dict[int, Clinic] = {}
    rows = still_booked(clinic__in=clinic_ids).values_list("pk", "doctor", "clinic", "start", "end")
    for pk, doctor, clinic, start, end in rows:
        coming[doctor, clinic].append((pk, (start, end)))
    if coming:
        clinics = {each.pk: each for each in Clinic.objects.filter(pk__in={clinic for _doctor, clinic in coming})}
    shifts: dict[tuple[int, int], list[Shift]] = defaultdict(list)
    at_work = Q(doctor__is_active=True, doctor__clinics=F("clinic"))
    for shift in Shift.objects.in_force().filter(at_work, clinic__in=clinics).prefetch_related("all_breaks"):
        shifts[shift.doctor_id, shift.clinic_id].append(shift)
    outside: list[int] = []
    for (doctor, at), booked in coming.items():
        zone = clinics[at].zone
        # A shift that ends at midnight may be followed by one of the day after.
        last = max(span[1] for _pk, span in booked).astimezone(zone).date()
        working = working_spans(shifts[doctor, at], booked[0][1][0].astimezone(zone).date(), last, zone)
        starts = [span[0] for span in working]
        for pk, span in booked:
            # Spans are in order and apart: only the last one that has begun can hold it.
            place = bisect_right(starts, span[0])
            if not fits(span, working[max(place - 1, 0) : place]):
                outside.append(pk)
    return still_booked(pk__in=outside)


def _require_sound(shift: Shift, breaks: Sequence[Break]) -> None:
    if not ends_after(shift.end_time, shift.start_time):
        raise InvalidInput(end_time=_("A shift must end after it starts. Write 00:00 for midnight at the end of the day."))
    if shift.valid_from and shift.valid_until and shift.valid_until < shift.valid_from:
        raise InvalidInput(valid_until=_("This is before the shift becomes valid."))
    moved = shift._state.adding or {"doctor_id", "clinic_id"} & set(shift.changes())
    if moved and not shift.doctor.clinics.filter(pk=shift.clinic_id).exists():
        raise InvalidInput(doctor=_("This doctor doesn't work at this clinic."))
    others = Shift.objects.in_force().filter(doctor=shift.doctor_id, clinic=shift.clinic_id, weekday=shift.weekday)
    for other in others.exclude(pk=shift.pk).select_related("doctor"):
        if shift.meets(other):
            raise InvalidInput(
                start_time=_("This overlaps the shift %(other)s (id %(id)s). Change that one, or choose other hours.")
                % {"other": other, "id": other.pk}
            )
    _require_sound_breaks(shift, sorted(breaks))


def _require_sound_breaks(shift: Shift, breaks: Sequence[Break]) -> None:
    for start, end in breaks:
        if not ends_after(end, start):
            raise InvalidInput(breaks=_("A break must end after it starts."))
        if start < shift.start_time or (shift.end_time != MIDNIGHT and ends_after(end, shift.end_time)):
            raise InvalidInput(
                breaks=_("The break %(start)s-%(end)s isn't inside the shift. Change one of them.")
                % {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
            )
    if any(ends_after(before[1], after[0]) for before, after in pairwise(breaks)):
        raise InvalidInput(breaks=_("Two breaks overlap. Join them, or choose other times."))


def _replace_breaks(shift: Shift, wanted: Sequence[Break], by: User | None) -> None:
    held = {(each.start_time, each.end_time): each for each in shift.breaks} if shift.pk else {}
    for times, gone in held.items():
        if times not in wanted:
            gone.is_active = False
            gone._history_user = by  # type: ignore[attr-defined]
            gone.save(update_fields=["is_active"])
    for start, end in wanted:
        if (start, end) not in held:
            new = ShiftBreak(shift=shift, start_time=start, end_time=end)
            new._history_user = by  # type: ignore[attr-defined]
            new.save()


# --- Time off ---------------------------------------------------------------------------------------------------------


def add_time_off(
    *, by: User | None, doctor: Doctor, start: dt.datetime, end: dt.datetime, reason: str = ""
) -> tuple[TimeOff, Affected]:
    """The doctor is away, everywhere; raises ``InvalidInput``."""
    with command():
        lock_doctors({doctor.pk})
        away = TimeOff(doctor=doctor, start=start, end=end, reason=reason, created_by=by)
        _require_in_order(away)
        _save(away, by)
        return away, list(still_booked(within(away)))


def change_time_off(away: TimeOff, *, by: User | None, version: int | None = None, **fields: Any) -> tuple[TimeOff, Affected]:
    """Change ``doctor``, ``start``, ``end`` or ``reason``; raises ``InvalidInput``, ``StaleVersion``, and ``NotAllowed`` if somebody
    of other clinics entered it."""
    with command():
        doctors = {away.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])}
        lock_doctors(doctors)
        fresh = _locked(away, version, doctors)
        _require_near_to(fresh, by)
        for name, value in fields.items():
            setattr(fresh, name, value)
        _require_in_order(fresh)
        _save(fresh, by)
        return fresh, list(still_booked(within(fresh)))


def cancel_time_off(away: TimeOff, *, by: User | None, version: int | None = None) -> TimeOff:
    """The doctor is there after all; the row stays. Raises ``InvalidTransition`` if it was cancelled already, and ``NotAllowed``
    if somebody of other clinics entered it."""
    with command():
        lock_doctors({away.doctor_id})
        fresh = _locked(away, version, {away.doctor_id})
        _require_near_to(fresh, by)
        _end(fresh, by)
    return fresh


def _require_near_to(away: TimeOff, by: User | None) -> None:
    if by is not None and not away.was_entered_by(by.colleague_ids()):
        raise NotAllowed(_("Somebody of another clinic entered this; only they can change it. Enter your own, or ask them."))


def _require_in_order(away: TimeOff) -> None:
    require_near(start=away.start, end=away.end)
    if away.end <= away.start:
        raise InvalidInput(end=_("Time off must end after it starts."))


def left_without_a_doctor(doctor: Doctor) -> Affected:
    """Those booked with a doctor who doesn't see patients any more, or not at their clinic."""
    there = doctor.clinics.values_list("pk", flat=True) if doctor.is_active else []
    return [row for row in still_booked(doctor=doctor) if row.clinic_id not in set(there)]


def within(row: TimeOff | ClosingDay) -> Q:
    """Appointments that lie in the time off, of its doctor, or on the closing days, of their clinic."""
    if isinstance(row, TimeOff):
        return Q(doctor=row.doctor_id, start__lt=row.end, end__gt=row.start)
    start, end = row.clinic.day_bounds(row.first_day)[0], row.clinic.day_bounds(row.last_day)[1]
    return Q(clinic=row.clinic_id, start__lt=end, end__gt=start)


def count_still_booked(rows: Iterable[TimeOff | ClosingDay], clinic_ids: Collection[int]) -> dict[int, int]:
    """How many are still booked within each of these, at the given clinics, by its number: one query for all."""
    counts = {f"row_{row.pk}": Count("pk", filter=within(row)) for row in rows}
    found = still_booked(clinic__in=clinic_ids).order_by().aggregate(**counts)
    return {int(name.removeprefix("row_")): count for name, count in found.items()}


# --- Closing days -----------------------------------------------------------------------------------------------------


def add_closing_days(
    *, by: User | None, clinic: Clinic, first_day: dt.date, last_day: dt.date, reason: str = ""
) -> tuple[ClosingDay, Affected]:
    """The clinic takes no bookings on these days; raises ``InvalidInput``."""
    with command():
        _lock_all_doctors({clinic.pk})
        closing = ClosingDay(clinic=clinic, first_day=first_day, last_day=last_day, reason=reason)
        _require_days_in_order(closing)
        _save(closing, by)
        return closing, list(still_booked(within(closing)))


def change_closing_days(
    closing: ClosingDay, *, by: User | None, version: int | None = None, **fields: Any
) -> tuple[ClosingDay, Affected]:
    """Change ``first_day``, ``last_day`` or ``reason``; raises ``InvalidInput``, ``StaleVersion``."""
    with command():
        _lock_all_doctors({closing.clinic_id})
        fresh = _locked(closing, version)
        for name, value in fields.items():
            setattr(fresh, name, value)
        _require_days_in_order(fresh)
        _save(fresh, by)
        return fresh, list(still_booked(within(fresh)))


def cancel_closing_days(closing: ClosingDay, *, by: User | None, version: int | None = None) -> ClosingDay:
    """The clinic is open after all; the row stays. Raises ``InvalidTransition`` if it was cancelled already."""
    with command():
        fresh = _locked(closing, version)
        _end(fresh, by)
    return fresh


def _lock_all_doctors(clinic_ids: set[int]) -> None:
    """No booking is under way at the clinic that would be missed among those affected."""
    there = Doctor.clinics.through.objects.filter(clinic__in=clinic_ids)
    lock_doctors(there.values_list("doctor_id", flat=True))


def is_booked_ahead(clinic: Clinic) -> bool:
    """Is anybody booked there, or has come, whose appointment isn't over? No booking goes by while this is asked."""
    _lock_all_doctors({clinic.pk})
    to_come = Appointment.objects.filter(clinic=clinic, end__gt=timezone.now())
    return to_come.filter(status__in=[Appointment.Status.BOOKED, Appointment.Status.CHECKED_IN]).exists()


LONGEST_CLOSING = dt.timedelta(days=366)


def _require_days_in_order(closing: ClosingDay) -> None:
    require_near(first_day=closing.first_day, last_day=closing.last_day)
    if closing.last_day < closing.first_day:
        raise InvalidInput(last_day=_("The last day is before the first."))
    if closing.last_day - closing.first_day >= LONGEST_CLOSING:
        raise InvalidInput(last_day=_("These are more than 366 days. Deactivate a clinic that closes for good."))
    same = ClosingDay.objects.in_force().filter(
        clinic=closing.clinic_id, first_day=closing.first_day, last_day=closing.last_day
    )
    other = same.exclude(pk=closing.pk).first()
    if other is not None:
        why = f" ({other.reason})" if other.reason else ""
        raise InvalidInput(
            first_day=_("The clinic is closed on these days already%(why)s (id %(id)s). Change that one.")
            % {"why": why, "id": other.pk}
        )
