"""Which dates of birth there are."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SENTENCE = _("Write a date of birth between 1900 and today.")


def is_possible(day: dt.date) -> bool:
    """Is somebody alive who may have been born then? Today is where it has begun already: at most 14 hours ahead of UTC."""
    return dt.date(1900, 1, 1) <= day <= (timezone.now() + dt.timedelta(hours=14)).date()
