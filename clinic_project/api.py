"""The one router of the API."""

from __future__ import annotations

from csp.decorators import csp_update
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from appointments.viewsets import (
    AppointmentViewSet,
    ClosingDayViewSet,
    ShiftViewSet,
    TimeOffViewSet,
)
from clinic_project import converters  # noqa: F401 (registers them)
from clinic_project.changes.viewsets import ChangeViewSet
from clinic_project.errors import not_found
from clinic_project.reports.viewsets import ReportViewSet
from clinics import auth_views
from clinics.staff import StaffViewSet
from clinics.viewsets import ServiceViewSet
from patients.viewsets import PatientViewSet
from payments.viewsets import CashShiftViewSet, PaymentViewSet
from queue.viewsets import ClosableClinicViewSet, DayCloseViewSet, NoteViewSet, PresentDoctorViewSet, VisitViewSet
from realtime import views as realtime
from realtime.polling import poll_events

router = DefaultRouter()
router.register("clinics", ClosableClinicViewSet, "clinic")
router.register("services", ServiceViewSet, "service")
router.register("doctors", PresentDoctorViewSet, "doctor")
router.register("staff", StaffViewSet, "staff")
router.register("shifts", ShiftViewSet, "shift")
router.register("time-off", TimeOffViewSet, "time-off")
router.register("closing-days", ClosingDayViewSet, "closing-day")
router.register("patients", PatientViewSet, "patient")
router.register("appointments", AppointmentViewSet, "appointment")
router.register("visits", VisitViewSet, "visit")
router.register("visit-notes", NoteViewSet, "visit-note")
router.register("day-closes", DayCloseViewSet, "day-close")
router.register("payments", PaymentViewSet, "payment")
router.register("changes", ChangeViewSet, "change")
router.register("cash-shifts", CashShiftViewSet, "cash-shift")
router.register("reports", ReportViewSet, "report")

urlpatterns = [
    path("auth/token/", auth_views.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", auth_views.RefreshView.as_view(), name="token-refresh"),
    path("auth/token/blacklist/", auth_views.BlacklistView.as_view(), name="token-blacklist"),
    path("auth/token/session/", auth_views.SessionTokenView.as_view(), name="token-session"),
    path("auth/me/", auth_views.MeView.as_view(), name="me"),
    path("queue/clinics/<key:pk>/", realtime.ClinicQueueView.as_view(), name="clinic-queue"),
    path("queue/doctors/<key:pk>/", realtime.DoctorQueueView.as_view(), name="doctor-queue"),
    path("queue/doctors/<key:pk>/call-next/", realtime.CallNextView.as_view(), name="call-next"),
    # Where no ASGI router stands before Django (realtime/routing.py): the same, at the cost of a thread for each that waits.
    path("realtime/events/", poll_events, name="poll-events"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # Swagger UI draws its arrows as data: images.
    path(
        "docs/",
        csp_update({"img-src": ["data:"]})(
            SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"])
        ),
        name="docs",
    ),
    path("", include(router.urls)),
    re_path(r"", not_found),
]
