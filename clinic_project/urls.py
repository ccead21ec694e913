"""Addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from clinic_project import health
from realtime.views import client_module

urlpatterns = [
    path("", include("clinic_project.dashboards.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("clinic_project.api")),
    path("realtime/client.js", client_module, name="client-module"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
