"""The language and the digits in which a person is spoken to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from asgiref.local import Local
from babel.numbers import format_currency
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext

from clinics.exceptions import InvalidInput
from clinics.models import Digits, User

DIGITS_OF: dict[str, str] = {"ar": Digits.ARABIC}
"""The script of digits of a language; all others write Latin ones."""

COOKIE = "digits"
"""Where a browser keeps its choice of digits, beside Django's cookie for the language."""

_active = Local()
_LEFT_TO_RIGHT, _ISOLATE, _END_OF_ISOLATE = "\u200e", "\u2068", "\u2069"
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class LanguageMiddleware(MiddlewareMixin):
    """A person's own language and digits before what the browser prefers; stands behind OpenLoginMiddleware."""

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> HttpResponse | None:
        if getattr(view, "looks_at_no_login", False):
            return None
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES) and chosen != translation.get_language():
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        use_digits(getattr(request.user, "digits", "") or request.COOKIES.get(COOKIE, ""))
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        use_digits("")
        return response


def use_digits(script: str) -> None:
    """From now on, in this thread or task, write digits of that script; of the language's if it isn't a known one."""
    _active.script = script if script in Digits.values else ""


def current_digits() -> str:
    """The script of digits in use."""
    return getattr(_active, "script", "") or DIGITS_OF.get(str(translation.get_language()), Digits.LATIN)


def in_digits(text: object) -> str:
    """``text`` with its digits in the script in use."""
    return str(text).translate(_ARABIC) if current_digits() == Digits.ARABIC else str(text)


def money(amount: Decimal | str, currency: str) -> str:
    """``$12.50``, ``١٢٫٥٠ US$``: an amount as the language in use writes it, with as many decimals as the currency has."""
    locale = str(translation.get_language()).replace("-", "_")
    # Babel takes the signs of the numbering system, and leaves the digits as they are.
    text = in_digits(format_currency(Decimal(amount), currency, locale=locale, numbering_system=current_digits()))
    # Behind the sign, or its "$" would go to the other side of its letters.
    return text + _LEFT_TO_RIGHT if translation.get_language_bidi() else text


def separator() -> str:
    """What stands between facts beside each other. In Arabic a comma: a dot reads as a zero there."""
    return gettext(" · ")


def isolated(text: object) -> str:
    """``text`` with a direction of its own where text runs from right to left: a phone number would be turned round by its neighbours."""
    return f"{_ISOLATE}{text}{_END_OF_ISOLATE}" if str(text) and translation.get_language_bidi() else str(text)


def facts(*values: object) -> str:
    """Facts beside each other, each with its own direction, as ``facts()`` of static/dashboards/written.js does it."""
    return separator().join(isolated(value) for value in values)


def filled(sentence: str, **values: object) -> str:
    """The sentence with its gaps filled, as ``t()`` of static/dashboards/words.js does it."""
    return sentence.format(**{name: isolated(value) for name, value in values.items()})


def arrow() -> str:
    """From something to something else, in the direction of reading."""
    return gettext("{before} → {after}")


def change(before: object, after: object) -> str:
    """``1 → 2``"""
    return filled(arrow(), before=before, after=after)


def time_range(first: object, last: object) -> str:
    """``09:00–09:30``; in Arabic with a word for the dash, which would be read from the other side."""
    return filled(gettext("{first}–{last}"), first=first, last=last)


def prefer(user: User, *, language: str | None = None, digits: str | None = None) -> User:
    """Remember what this person prefers; ``None`` leaves a preference as it is.

    Raises InvalidInput for a language that isn't spoken here, or digits that aren't known.
    """
    for name, value, known in (("language", language, dict(settings.LANGUAGES)), ("digits", digits, Digits.values)):
        if value is None:
            continue
        if value and value not in known:
            raise InvalidInput(**{name: gettext("Choose one of: %(known)s.") % {"known": ", ".join(known)}})
        setattr(user, name, value)
    user.save(update_fields=["language", "digits"])
    return user
