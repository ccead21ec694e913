"""Addresses of the site."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from clinic_project import health
from clinic_project.changes.page import changes_page
from realtime.views import client_module

urlpatterns = [
    path("", include("clinic_project.dashboards.urls")),
    path("admin/changes/", changes_page, name="admin-changes"),
    path("admin/", admin.site.urls),
    path("api/", include("clinic_project.api")),
    path("realtime/client.js", client_module, name="client-module"),
    # Browsers ask for it on pages that name no icon: Django admin's.
    path("favicon.ico", RedirectView.as_view(url=static("dashboards/icon.svg"))),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
