"""Addresses of the staff's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from clinic_project import converters  # noqa: F401 (registers them)
from clinic_project.dashboards import commands, language, pages, till

urlpatterns = [
    path("", pages.landing, name="landing"),
    path("login/", pages.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", language.choose, name="language"),
    path("reception/", pages.reception, name="reception"),
    path("reception/visits/<key:pk>/payment/", pages.payment, name="reception-payment"),
    path("reception/visits/<key:pk>/<slug:verb>/", commands.visit, {"page": "reception"}, name="reception-visit"),
    path("reception/appointments/<key:pk>/<slug:verb>/", commands.appointment, name="reception-appointment"),
    path("reception/payments/<key:pk>/receipt/", pages.receipt, name="receipt"),
    path("manager/", include("clinic_project.dashboards.manager.urls")),
    path("till/", till.till, name="till"),
    path("till/<key:pk>/", till.shift, name="till-shift"),
    path("till/<key:pk>/slip/", till.slip, name="till-slip"),
    path("doctor/", pages.doctor, name="doctor"),
    path("doctor/<key:pk>/call-next/", commands.call_next, name="doctor-call-next"),
    path("doctor/visits/<key:pk>/<slug:verb>/", commands.visit, {"page": "doctor"}, name="doctor-visit"),
]
