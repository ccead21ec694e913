"""Where bars stand: to scale, in their room, and mirrored where people read from the right."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_project.dashboards.manager.charts import BAR, GUTTER, HEADROOM, HEIGHT, LABELS, Series, bars, columns, level, scale

numbers = st.floats(0, 1e9, allow_nan=False).map(lambda number: round(number, 1))


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (10, [0, 5, 10]),
        (46, [0, 20, 40, 60]),
        (100, [0, 25, 50, 75, 100]),
        (3757.5, [0, 1000, 2000, 3000, 4000]),
    ],
)
def test_scale_of_round_numbers(most: float, ticks: list[float]) -> None:
    assert scale(most) == ticks


@given(st.floats(0.01, 1e12))
def test_a_scale_reaches_the_highest_value_in_few_steps(most: float) -> None:
    ticks = scale(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most
    assert 2 <= len(ticks) <= 5
    assert all(tick == int(tick) for tick in ticks)


def test_columns_are_stacked_to_scale() -> None:
    chart = columns(["Mon", "Tue"], [Series("Seen", [3, 0]), Series("Left", [1, 4])])

    ground = HEIGHT + HEADROOM
    first, second, third = chart.bars
    assert (first.height, first.y) == (135, ground - 135)
    assert (second.height, second.y) == (45, ground - 180)
    assert (third.series, third.height, third.y) == (1, 180, ground - 180)
    assert first.x == second.x
    assert first.said == "Mon: Seen 3"
    assert [name.text for name in chart.names] == ["Mon", "Tue"]


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=60), st.booleans())
def test_columns_keep_to_their_room_and_apart(values: list[tuple[float, float]], mirrored: bool) -> None:
    names = [str(number) for number in range(len(values))]
    pair = [Series("a", [a for a, _b in values]), Series("b", [b for _a, b in values])]
    chart = columns(names, pair, mirrored=mirrored)

    for bar in chart.bars:
        assert (0 <= bar.x <= 100 - GUTTER) if mirrored else (GUTTER <= bar.x <= 100)
        assert bar.x + bar.width <= 100.01
        assert bar.y >= HEADROOM - 0.1
        assert bar.y + bar.height <= HEADROOM + HEIGHT + 0.1
    places = sorted({bar.x for bar in chart.bars})
    width = chart.bars[0].width if chart.bars else 0
    assert all(after - before >= width for before, after in pairwise(places))
    assert len(chart.names) <= LABELS


@given(st.lists(numbers, min_size=1, max_size=10))
def test_read_from_the_right_a_chart_is_its_mirror_image(values: list[float]) -> None:
    names = [str(number) for number in range(len(values))]
    for draw in (columns, bars):
        there, back = draw(names, [Series("a", values)]), draw(names, [Series("a", values)], mirrored=True)
        assert len(there.bars) == len(back.bars)
        for left, right in zip(there.bars, back.bars, strict=True):
            assert abs(left.x + left.width + right.x - 100) < 0.01
            assert (left.y, left.height) == (right.y, right.height)
        assert all(abs(a.x + b.x - 100) < 0.01 for a, b in zip(there.names, back.names, strict=True))


def test_bars_lie_beneath_the_name_of_their_row() -> None:
    chart = bars(["Dr A", "Dr B"], [Series("Booked", [50, 100]), Series("Seen", [25, 0])], unit=" %", most=100)

    assert [(bar.width, bar.series) for bar in chart.bars] == [(41, 0), (20.5, 1), (82, 0), (0, 1)]
    assert [value.text for value in chart.values] == ["50 %", "25 %", "100 %", "0 %"]
    assert chart.names[0].y < chart.bars[0].y < chart.bars[1].y < chart.names[1].y < chart.bars[2].y
    assert chart.bars[-1].y + BAR <= chart.height


def test_a_chart_of_nothing_stands() -> None:
    assert columns([], [Series("a", [])]).bars == []
    assert bars([], [Series("a", [])]).height == 0
    assert bars(["Dr A"], [Series("a", [0])]).bars[0].width == 0


def test_what_is_below_zero_has_no_bar_and_says_so() -> None:
    chart = bars(["Dr A"], [Series("Share", [-5])])
    assert (chart.bars[0].width, chart.values[0].text) == (0, "-5")


@pytest.mark.parametrize(("value", "shade"), [(None, 0), (0, 1), (19, 1), (20, 2), (99, 5), (100, 5)])
def test_shades_of_heat(value: float | None, shade: int) -> None:
    assert level(value, 100) == shade


def test_where_nobody_waited_nothing_is_dark() -> None:
    assert level(0, 0) == 0
