"""What every template knows."""

from __future__ import annotations

from django.http import HttpRequest

from clinics.language import current_digits


def preferences(request: HttpRequest) -> dict[str, str]:
    """The script in which numbers are written."""
    return {"digits": current_digits()}
