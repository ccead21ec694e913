"""The calendar of a clinic: a day of its doctors or a week of one of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.formats import get_format
from django.utils.translation import get_language

from appointments import actions
from appointments.models import Appointment
from appointments.serializers import AppointmentSerializer, DaysSerializer
from clinic_project.dashboards import access, rows
from clinic_project.dashboards.booking_words import calendar_words
from clinic_project.dashboards.pages import start_data
from clinic_project.dashboards.place import clinic_page
from clinic_project.dashboards.words import labels, script_words
from clinics.models import Clinic, Doctor, Service
from clinics.permissions import ADMIN
from realtime.groups import clinic_room
from realtime.views import room_state

WEEK = dt.timedelta(days=6)


def _asked_day(request: HttpRequest, clinic: Clinic) -> dt.date:
    """The day in the address; what is no day, or none that can be reckoned with, is today."""
    try:
        day = parse_date(request.GET.get("date", ""))
    except ValueError:
        day = None
    return day if day is not None and 1900 <= day.year <= 2900 else clinic.today()


def _asked_doctor(request: HttpRequest, doctors: list[Doctor]) -> Doctor | None:
    key = access.asked_key(request, "doctor")
    return next((doctor for doctor in doctors if doctor.pk == key), None)


def first_weekday() -> int:
    """On which day a week begins where this language is spoken; 0 is Sunday."""
    # As with dates (static/dashboards/time.js), plain English isn't America's.
    return int(get_format("FIRST_DAY_OF_WEEK", lang="en-gb" if get_language() == "en" else None))


def _shown(view: str, day: dt.date) -> tuple[dt.date, dt.date]:
    if view == "day":
        return day, day
    first = day - dt.timedelta(days=(day.isoweekday() - first_weekday()) % 7)
    return first, first + WEEK


@clinic_page(access.require_desk, is_named=True)
def calendar(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """Who is booked when, and what is free, with what the page's JavaScript goes on from."""
    # The room's number first, so that nothing that happens while the rest is read is missed.
    state = room_state(clinic_room(clinic.pk))
    doctors = access.doctors_of([clinic])
    view = "week" if request.GET.get("view") == "week" else "day"
    day, doctor = _asked_day(request, clinic), _asked_doctor(request, doctors)
    if view == "week" and doctor is None:
        doctor = doctors[0] if doctors else None
    first, last = _shown(view, day)
    booked = Appointment.objects.filter(clinic=clinic, date__range=(first, last)).order_by("start", "pk")
    if view == "week":
        booked = booked.filter(doctor=doctor)
    appointments = AppointmentSerializer(
        booked.select_related("clinic", "doctor", "patient", "service", "visit"), many=True
    ).data
    hours = actions.hours_of(clinic=clinic, doctors=[doctor] if view == "week" and doctor else doctors, first=first, last=last)
    services = Service.objects.filter(clinic=clinic, is_active=True).order_by("name", "pk")
    words = labels()
    return render(
        request,
        "calendar/page.html",
        {
            "page": "calendar",
            **access.frame(request, clinics, clinic),
            "date": clinic.today(),
            "first": first,
            "last": last,
            "snapshot": state,
            "start": {
                **start_data(request, state, [clinic]),
                "clinic": clinic.pk,
                "calendar": {
                    "view": view,
                    "date": str(day),
                    "doctor": doctor.pk if doctor else None,
                    "weekStart": first_weekday(),
                    "doctors": [{"id": each.pk, "name": each.name, "about": each.speciality} for each in doctors],
                    "services": [{"id": each.pk, "name": each.name, "minutes": each.duration_minutes} for each in services],
                    "hours": DaysSerializer(hours).data,
                    "appointments": appointments,
                },
            },
            "words": {**script_words(), **calendar_words()},
            "doctors": doctors,
            "services": services,
            "may_overbook": access.person(request).effective_role == ADMIN,
            "rows": [_row(each, clinic, words) for each in appointments],
        },
    )


def _row(appointment: dict[str, Any], clinic: Clinic, words: dict[str, str]) -> dict[str, Any]:
    """An appointment as the page without JavaScript lists it."""
    return {
        **appointment,
        "day": parse_date(appointment["date"]),
        "time": rows.clock(appointment["start"], clinic),
        "status_label": words[f"appointment.{appointment['status']}"],
    }
