"""All writes to appointments and to the hours in which they can be. Locks are taken in one order everywhere
(docs/architecture.md): doctor, patient, appointment, visit, payment, counter."""

from appointments.actions.belonging import StillExpected, erase, give_to
from appointments.actions.booking import book, cancel, change, check_in, follow, mark_no_show
from appointments.actions.days import Day, DoctorHours, hours_of
from appointments.actions.hours import (
    add_closing_days,
    add_shift,
    add_time_off,
    cancel_closing_days,
    cancel_time_off,
    change_closing_days,
    change_shift,
    change_time_off,
    end_shift,
    is_booked_ahead,
    left_without_a_doctor,
)
from appointments.actions.rules import (
    NoLongerBookable,
    NotOnItsDay,
    PatientBusy,
    SlotTaken,
    TimeRefused,
    free_slots,
    lock,
    lock_doctors,
    lock_people,
    require_offered,
)
from appointments.actions.series import Conflict, NotInSeries, SeriesConflict, book_series, cancel_following

__all__ = [
    "Conflict",
    "Day",
    "DoctorHours",
    "NoLongerBookable",
    "NotInSeries",
    "NotOnItsDay",
    "PatientBusy",
    "SeriesConflict",
    "SlotTaken",
    "StillExpected",
    "TimeRefused",
    "add_closing_days",
    "add_shift",
    "add_time_off",
    "book",
    "book_series",
    "cancel",
    "cancel_closing_days",
    "cancel_following",
    "cancel_time_off",
    "change",
    "change_closing_days",
    "change_shift",
    "change_time_off",
    "check_in",
    "end_shift",
    "erase",
    "follow",
    "free_slots",
    "give_to",
    "hours_of",
    "is_booked_ahead",
    "left_without_a_doctor",
    "lock",
    "lock_doctors",
    "lock_people",
    "mark_no_show",
    "require_offered",
]
