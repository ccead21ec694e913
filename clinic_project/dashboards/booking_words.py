"""What the JavaScript of finding, registering, walk-in, booking and the calendar says (clinic_project/dashboards/words.py)."""

from __future__ import annotations

from django.utils.translation import gettext as _


def alike_words() -> dict[str, str]:
    """Why two files may be one person's: the API's words (docs/patients.md) in the language of the page."""
    return {
        "why.same name and date of birth": _("Same name and date of birth"),
        "why.same phone and similar name": _("Same phone and similar name"),
        "why.same name in another order and same date of birth": _("Same name in another order and same date of birth"),
        "why.similar name and same date of birth": _("Similar name and same date of birth"),
        "why.same name, with day and month of birth the other way round": _(
            "Same name, with day and month of birth the other way round"
        ),
        "why.same phone and same family name": _("Same phone and same family name"),
        "why.same name, and no date of birth that tells the two apart": _(
            "Same name, and no date of birth that tells the two apart"
        ),
    }


def work_words() -> dict[str, str]:
    """The work on one patient: wherever there is the search."""
    return {
        **alike_words(),
        "search.none": _("Nobody found for “{text}”."),
        "search.some": _("Found: {count}. Arrow keys and Enter choose."),
        "search.more": _("More are found; type more to narrow it down."),
        "search.one_letter": _("Type one more letter."),
        "search.searching": _("Searching…"),
        "search.no_answer": _("No answer from the server. Nothing is lost; try again."),
        "search.register": _("Register “{text}” as a new patient"),
        "search.register_empty": _("Register a new patient"),
        "born": _("born {date}"),
        "register.alike": _("Is it one of these? Use their file, or go on if it is somebody else."),
        "register.alike_count": _("Files that look alike: {count}"),
        "here.queue": _("Already in the queue: {ticket}, {doctor}, {status}."),
        "here.booked": _("Has an appointment today at {time} with {doctor}."),
        "walk_in.waiting": _("Waiting: {count}"),
        "walk_in.last": _("last visit {date}"),
        "walk_in.shortest": _("fewest waiting"),
        "walk_in.break": _("on a break"),
        "walk_in.break_until": _("on a break until {time}"),
        "walk_in.gone": _("gone for today"),
        "walk_in.off": _("off until {when}"),
        "walk_in.service_last": _("As last time"),
        "walk_in.service_common": _("Most common today"),
        "walk_in.add": _("Add to the queue of {doctor}"),
        "walk_in.choose": _("Choose a doctor"),
        "done.walk_in": _("{ticket} {name} is in the queue"),
        "done.book": _("{name} is booked for {time} on {date}"),
        "slots.none": _("No working hours on this day."),
        "slots.full": _("No free time left on this day."),
        "slots.free": _("Free times: {count}"),
        "slots.taken": _("taken"),
        "slots.past": _("past"),
        "book": _("Book"),
        "book_at": _("Book {time}"),
    }


def calendar_words() -> dict[str, str]:
    """The calendar alone."""
    return {
        "calendar.free": _("{time}, free until {until}, {doctor}"),
        "calendar.free_day": _("{time}, free until {until}, {doctor}, {date}"),
        "calendar.booked": _("{time} to {until}, {name}, {service}, {status}, {doctor}"),
        "calendar.break": _("Break"),
        "calendar.away": _("Away"),
        "calendar.elsewhere": _("Booked elsewhere"),
        "calendar.nobody": _("No doctor has hours here on this day."),
        "calendar.no_doctors": _("No doctor works at this clinic yet. An administrator can add one."),
        "calendar.others": _("Without hours on this day: {names}"),
        "calendar.closed": _("The clinic is closed on this day."),
        "calendar.closed_why": _("The clinic is closed on this day: {why}"),
        "calendar.column_closed": _("Closed"),
        "calendar.column_none": _("No hours"),
        "calendar.beyond": _("Beyond the last day that can be booked, {date}."),
        "calendar.loading": _("Loading…"),
        "calendar.count": _("Booked: {booked}. Free: {free}."),
        "calendar.range": _("{first} to {last}"),
        "calendar.until": _("{name}, until {time}"),
        "calendar.too_long": _("{name}, {minutes} min: longer than what is free"),
        "calendar.book_title": _("{time}, {date}, {doctor}"),
        "calendar.book": _("Book {time}: {service}"),
        "calendar.done_series": _("{name}: booked {count} times"),
        "calendar.conflicts": _("Nothing is booked yet. These dates can't be:"),
        "calendar.no_such_time": _("the clock skips this time"),
        "calendar.moving": _("Moving {name}: choose a free time. Arrow keys and Enter, or a click; Escape gives up."),
        "calendar.target": _("{time}, {doctor}, {date}"),
        "calendar.target_bad": _("{time}, {doctor}, {date}: {why}"),
        "calendar.moved": _("{name} is moved to {time} on {date}, {doctor}"),
        "calendar.moved_back": _("{name} is back at {time} on {date}"),
        "calendar.not_moved": _("{name} stays at {time} on {date}. {why}"),
        "calendar.not_there": _("{name} stays at {time} on {date}: {why}."),
        "calendar.move_ended": _("Nothing was moved."),
        "calendar.cancelled": _("{name} at {time} is cancelled"),
        "calendar.cancelled_many": _("Cancelled: {count}"),
        "calendar.step": _("{name}: {status}"),
        "calendar.overbook": _("Overbook…"),
        "calendar.move_from": _("Moved from {time} on {date}: {reason}"),
        "refuse.past": _("past"),
        "refuse.closed": _("the clinic is closed"),
        "refuse.beyond": _("too far ahead"),
        "refuse.away": _("the doctor is away"),
        "refuse.break": _("a break"),
        "refuse.outside": _("outside of the hours"),
        "refuse.taken": _("taken"),
        "keys.calendar_next": _("Next day or week"),
        "keys.calendar_previous": _("Previous day or week"),
        "keys.calendar_today": _("Today"),
        "keys.calendar_day": _("Day"),
        "keys.calendar_week": _("Week"),
        "keys.calendar_grid": _("To the times"),
        "keys.calendar_move": _("Move the appointment"),
    }
