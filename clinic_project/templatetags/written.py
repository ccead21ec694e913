"""How templates write numbers and money: as the person's language and digits want it."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext

from clinics import language

register = template.Library()


@register.filter
def digits(value: object) -> str:
    """``{{ date|date:"j F Y"|digits }}``"""
    return "" if value is None else language.in_digits(value)


@register.filter(expects_localtime=True)
def written(moment: dt.date | None, form: str) -> str:
    """``{{ moment|written:"j M Y, H:i" }}``: a date with the comma and the digits of the language."""
    if moment is None:
        return ""
    return digits(date_format(moment, form).replace(", ", comma()))


@register.simple_tag
def separator() -> str:
    """``{% separator %}``: between facts beside each other."""
    return language.separator()


@register.simple_tag
def comma() -> str:
    """``{% comma %}``: before what belongs to the same fact."""
    return gettext(", ")


@register.simple_tag
def change(before: object, after: object) -> str:
    """``{% change before after %}``: with an arrow in the direction of reading."""
    return format_html(language.arrow(), before=format_html("<bdi>{}</bdi>", before), after=format_html("<bdi>{}</bdi>", after))


@register.simple_tag
def time_range(first: object, last: object) -> str:
    """``{% time_range from until %}``"""
    return language.time_range(first, last)


@register.filter
def isolated(text: object) -> str:
    """For a value in a sentence or an attribute, where there can't be a ``<bdi>``."""
    return language.isolated(text)


@register.filter
def money(amount: str, currency: str) -> str:
    """``{{ payment.amount_due|money:payment.currency }}``"""
    return language.money(amount, currency)
