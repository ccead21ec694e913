"""What is written where text runs from right to left: facts, sentences, times and money keep their own direction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.template import Context, Template
from django.utils import translation

from clinics import language


@pytest.fixture
def arabic() -> Iterator[None]:
    with translation.override("ar"):
        yield


def rendered(source: str, **context: object) -> str:
    return Template("{% load written %}" + source).render(Context(context))


@pytest.mark.usefixtures("arabic")
def test_in_arabic_what_fills_a_sentence_has_its_own_direction() -> None:
    assert language.filled("{who} هنا", who="A-012") == "\u2068A-012\u2069 هنا"
    assert language.isolated("") == ""


@pytest.mark.usefixtures("arabic")
def test_in_arabic_a_range_has_a_word_and_an_arrow_points_to_the_left() -> None:
    assert language.time_range("٠٩:٠٠", "٠٩:٣٠") == "\u2068٠٩:٠٠\u2069 إلى \u2068٠٩:٣٠\u2069"
    assert language.change(1, 2) == "\u20681\u2069 ← \u20682\u2069"
    assert rendered("{% change a b %}", a="<1>", b=2) == "<bdi>&lt;1&gt;</bdi> ← <bdi>2</bdi>"


@pytest.mark.usefixtures("arabic")
def test_in_arabic_the_sign_of_a_currency_stays_with_its_letters() -> None:
    assert language.money("12.50", "USD").endswith("US$\u200e")


@pytest.mark.usefixtures("arabic")
def test_in_arabic_dates_have_an_arabic_comma() -> None:
    assert rendered('{{ day|written:"l, j F Y" }}', day=dt.date(2026, 11, 28)) == "السبت، ٢٨ نوفمبر ٢٠٢٦"
    assert rendered("{% separator %}{% comma %}") == "، ، "


def test_in_english_nothing_is_added() -> None:
    assert rendered("{{ a }}{% separator %}{{ b|isolated }}", a="A-012", b="cash") == "A-012 · cash"
    assert language.filled("{who} is here", who="A-012") == "A-012 is here"
    assert language.time_range("09:00", "09:30") == "09:00–09:30"
    assert language.change(1, 2) == "1 → 2"
    assert language.money("12.50", "USD") == "$12.50"
    assert rendered('{{ day|written:"j M Y, H:i" }}', day=dt.datetime(2026, 11, 28, 9, 5)) == "28 Nov 2026, 09:05"
    assert rendered('{{ day|written:"j M Y" }}', day=None) == ""
