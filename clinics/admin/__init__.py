"""The admin site: the directory and the staff; the other apps add their own pages on the same base."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from clinics.admin import directory, staff, tries  # noqa: F401  (registers their pages)
from clinics.admin.base import (
    NOTHING,
    CancelAdmin,
    DayFilter,
    DeskAdmin,
    HistoryAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    become,
    local_day,
    local_time,
    may_administer,
    refusal_of,
    viewer_of,
)
from clinics.admin.forms import DeskForm

__all__ = [
    "NOTHING",
    "CancelAdmin",
    "DayFilter",
    "DeskAdmin",
    "DeskForm",
    "HistoryAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "become",
    "local_day",
    "local_time",
    "may_administer",
    "refusal_of",
    "viewer_of",
]

admin.site.site_header = _("Clinic front desk")
admin.site.site_title = _("Clinic front desk")
admin.site.index_title = _("Set up and look up")
# Rights come from the role; a page of groups would promise what has no effect.
admin.site.unregister(Group)
