"""Shifts, time off and closing days are set up, changed and ended. Nothing that was booked before is moved by it: each action
says which booked appointments now lie where nobody can be booked, so that somebody can move them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.actions.rules import lock_doctors, shifts_of
from appointments.models import Appointment, ClosingDay, Shift, ShiftBreak, TimeOff
from appointments.slots import MIDNIGHT, ends_after, fits, working_spans
from clinics.commands import command
from clinics.exceptions import InvalidInput, InvalidTransition, StaleVersion
from clinics.models import Clinic, Doctor, User

Break = tuple[dt.time, dt.time]
"""From, until; midnight as the end is the end of the day."""

Row = TypeVar("Row", Shift, TimeOff, ClosingDay)


Affected = list[Appointment]
"""Booked appointments to come that lie where nobody can be booked any more, in order."""


def _coming(**where: Any) -> list[Appointment]:
    rows = Appointment.objects.filter(status=Appointment.Status.BOOKED, end__gt=timezone.now()).filter(**where)
    return list(rows.select_related("clinic", "doctor", "patient").order_by("start", "pk"))


def _locked(row: Row, version: int | None) -> Row:
    """The row as it is now, locked until the command ends."""
    fresh = type(row).objects.select_for_update().get(pk=row.pk)
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
        lock_doctors({shift.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])})
        fresh = _locked(shift, version)
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
        fresh = _locked(shift, version)
        before = shifts_of(fresh.doctor, fresh.clinic)
        _end(fresh, by)
        lost = _no_longer_in_hours(fresh.doctor, fresh.clinic, before)
    return fresh, lost


def _no_longer_in_hours(doctor: Doctor, clinic: Clinic, before: list[Shift]) -> Affected:
    now = shifts_of(doctor, clinic)

    def was_in(shifts: Iterable[Shift], row: Appointment) -> bool:
        days = clinic.day_of(row.start), clinic.day_of(row.end - dt.timedelta(microseconds=1))
        return fits((row.start, row.end), working_spans(shifts, *days, clinic.zone))

    coming = _coming(doctor=doctor, clinic=clinic)
    return [row for row in coming if was_in(before, row) and not was_in(now, row)]


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
    """The doctor is away; raises ``InvalidInput``."""
    with command():
        lock_doctors({doctor.pk})
        away = TimeOff(doctor=doctor, start=start, end=end, reason=reason)
        _require_in_order(away)
        _save(away, by)
        return away, _in_time_off(away)


def change_time_off(away: TimeOff, *, by: User | None, version: int | None = None, **fields: Any) -> tuple[TimeOff, Affected]:
    """Change ``doctor``, ``start``, ``end`` or ``reason``; raises ``InvalidInput``, ``StaleVersion``."""
    with command():
        lock_doctors({away.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])})
        fresh = _locked(away, version)
        for name, value in fields.items():
            setattr(fresh, name, value)
        _require_in_order(fresh)
        _save(fresh, by)
        return fresh, _in_time_off(fresh)


def cancel_time_off(away: TimeOff, *, by: User | None, version: int | None = None) -> TimeOff:
    """The doctor is there after all; the row stays. Raises ``InvalidTransition`` if it was cancelled already."""
    with command():
        lock_doctors({away.doctor_id})
        fresh = _locked(away, version)
        _end(fresh, by)
    return fresh


def _require_in_order(away: TimeOff) -> None:
    if away.end <= away.start:
        raise InvalidInput(end=_("Time off must end after it starts."))


def _in_time_off(away: TimeOff) -> Affected:
    return _coming(doctor=away.doctor_id, start__lt=away.end, end__gt=away.start)


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
        return closing, _on_closing_days(closing)


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
        return fresh, _on_closing_days(fresh)


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


def _require_days_in_order(closing: ClosingDay) -> None:
    if closing.last_day < closing.first_day:
        raise InvalidInput(last_day=_("The last day is before the first."))


def _on_closing_days(closing: ClosingDay) -> Affected:
    start, end = closing.clinic.day_bounds(closing.first_day)[0], closing.clinic.day_bounds(closing.last_day)[1]
    return _coming(clinic=closing.clinic_id, start__lt=end, end__gt=start)
