"""Who tried to log in, when and from where (django-axes): a log like the others, to be read by superusers and changed by nobody.

The token library's own pages go: they show tokens, and delete them; what people need is the list of logins.
"""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from rest_framework_simplejwt.token_blacklist import admin as _registers  # noqa: F401  (so that it can be unregistered)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from clinics.admin.base import ReadOnlyAdmin


class TriesAdmin(ReadOnlyAdmin):
    superusers_only = True
    clinic_lookup = None
    list_display = ["attempt_time", "username", "ip_address", "user_agent", "path_info"]
    list_filter = ["attempt_time"]
    search_fields = ["username", "ip_address", "user_agent"]
    date_hierarchy = "attempt_time"
    fields = ["attempt_time", "username", "ip_address", "user_agent", "http_accept", "path_info"]
    ordering = ["-attempt_time", "-pk"]


@admin.register(AccessAttempt)
class AttemptAdmin(TriesAdmin):
    """Wrong passwords since the last right one: what a lock-out counts."""

    list_display = [*TriesAdmin.list_display, "failures_since_start"]
    fields = [*TriesAdmin.fields, "failures_since_start"]


@admin.register(AccessLog)
class LoginLogAdmin(TriesAdmin):
    list_display = [*TriesAdmin.list_display, "logout_time"]
    fields = [*TriesAdmin.fields, "logout_time"]


admin.site.register(AccessFailureLog, TriesAdmin)
admin.site.unregister([OutstandingToken, BlacklistedToken])
