"""How templates write numbers and money: as the person's language and digits want it."""

from __future__ import annotations

from django import template

from clinics import language

register = template.Library()


@register.filter
def digits(value: object) -> str:
    """``{{ date|date:"j F Y"|digits }}``"""
    return "" if value is None else language.in_digits(value)


@register.filter
def money(amount: str, currency: str) -> str:
    """``{{ payment.amount_due|money:payment.currency }}``"""
    return language.money(amount, currency)
