"""Addresses of the staff's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from clinic_project import converters  # noqa: F401 (registers them)
from clinic_project.dashboards import calendar, commands, doctor_page, follow_ups, language, pages, paper, patient, till

urlpatterns = [
    path("", pages.landing, name="landing"),
    path("login/", pages.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", language.choose, name="language"),
    path("reception/", pages.reception, name="reception"),
    path("reception/visits/<key:pk>/payment/", paper.payment, name="reception-payment"),
    path("reception/visits/<key:pk>/ticket/", paper.ticket, name="ticket"),
    path("reception/visits/<key:pk>/<slug:verb>/", commands.visit, {"page": "reception"}, name="reception-visit"),
    path("reception/appointments/<key:pk>/<slug:verb>/", commands.appointment, name="reception-appointment"),
    path("reception/visits/<key:pk>/payment/refund/", paper.refund, name="reception-refund"),
    path("reception/follow-ups/", follow_ups.follow_ups, name="follow-ups"),
    path("reception/payments/<key:pk>/receipt/", paper.receipt, name="receipt"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("patients/<key:pk>/", patient.patient, name="patient"),
    path("patients/<key:pk>/<slug:verb>/", patient.merging, name="patient-merging"),
    path("manager/", include("clinic_project.dashboards.manager.urls")),
    path("till/", till.till, name="till"),
    path("till/<key:pk>/", till.shift, name="till-shift"),
    path("till/<key:pk>/slip/", till.slip, name="till-slip"),
    path("doctor/", doctor_page.doctor, name="doctor"),
    path("doctor/<key:pk>/call-next/", commands.call_next, name="doctor-call-next"),
    path("doctor/<key:pk>/state/", commands.set_state, name="doctor-presence"),
    path("doctor/visits/<key:pk>/<slug:verb>/", commands.visit, {"page": "doctor"}, name="doctor-visit"),
]
