"""Where the bars of a chart stand. Pure; templates/manager/_columns.html and _bars.html write it as SVG (ADR 35).

Lengths along the page are percentages and texts have the size of the page's, so a chart is as wide as its place and stays legible
on a phone; read from right to left everything is mirrored here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

GUTTER = 7.0
"""Percent of the width that the scale's numbers take."""
HEIGHT = 180
HEADROOM, FOOT = 14, 22
"""Pixels above the highest bar, and below the ground for the names."""
BAR, NAME = 12, 18
"""Pixels of a bar, and of the name above those of a row."""
LABELS = 8
"""Names under the columns, at most: on a phone every second one is hidden."""


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bar:
    """``x`` and ``width`` in percent, ``y`` and ``height`` in pixels; ``said`` is what a mouse over it tells."""

    x: float
    y: float
    width: float
    height: float
    series: int
    said: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A text at a place; of columns it is centred, and a minor one may be left out where room is scarce."""

    x: float
    y: float
    text: str
    is_minor: bool = False


@dataclass(slots=True)
class Chart:
    height: int
    bars: list[Bar] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)
    ticks: list[Mark] = field(default_factory=list)
    names: list[Mark] = field(default_factory=list)
    values: list[Mark] = field(default_factory=list)


def scale(most: float, steps: int = 4) -> list[float]:
    """Round numbers from 0 to at least ``most``, ``steps`` apart or fewer."""
    if most <= 0:
        return [0, 1]
    unit = 10 ** len(str(int(most // steps or 1))) / 10
    step = next(
        unit * factor for factor in (1, 2, 2.5, 5, 10, 20) if unit * factor * steps >= most and (unit * factor) % 1 == 0
    )
    count = -(-most // step)
    return [step * number for number in range(int(count) + 1)]


def _number(value: float) -> str:
    return f"{value:g}"


def columns(names: Sequence[str], series: Sequence[Series], *, mirrored: bool = False) -> Chart:
    """Series stacked on each other, one column for each name."""
    chart = Chart(HEIGHT + HEADROOM + FOOT)
    ground = HEIGHT + HEADROOM
    totals = [sum(column) for column in zip(*(each.values for each in series), strict=True)] or [0]
    ticks = scale(max(totals))
    per_unit = HEIGHT / ticks[-1]
    for tick in ticks:
        y = round(ground - tick * per_unit, 2)
        chart.lines.append(y)
        chart.ticks.append(Mark(_at(0, mirrored), y, _number(tick)))
    room = (100 - GUTTER) / max(len(names), 1)
    width = round(room * 0.72, 3)
    every = -(-len(names) // LABELS) or 1
    for place, name in enumerate(names):
        x = GUTTER + room * (place + 0.14)
        heights = [each.values[place] for each in series]
        for index, (value, top) in enumerate(zip(heights, accumulate(heights), strict=True)):
            if value:
                y = ground - top * per_unit
                said = f"{name}: {series[index].name} {_number(value)}"
                chart.bars.append(Bar(_at(x, mirrored, width), round(y, 2), width, round(value * per_unit, 2), index, said))
        if place % every == 0:
            chart.names.append(Mark(_at(x + width / 2, mirrored), ground + 15, name, is_minor=place // every % 2 == 1))
    return chart


def bars(names: Sequence[str], series: Sequence[Series], *, unit: str = "", most: float = 0, mirrored: bool = False) -> Chart:
    """Bars that lie under the name of each row, one for each series, with their value at the end.

    ``most`` is a value that the scale reaches in any case: 100 for percentages.
    """
    per_row = NAME + len(series) * (BAR + 4) + 10
    chart = Chart(per_row * len(names))
    longest = max([most, *(value for each in series for value in each.values)], default=0) or 1
    for row, name in enumerate(names):
        top = row * per_row
        chart.names.append(Mark(_at(0, mirrored), top + NAME - 5, name))
        for index, each in enumerate(series):
            # The rest of the width is for the value.
            width = round(max(each.values[row], 0) / longest * 82, 3)
            y = top + NAME + index * (BAR + 4)
            said = f"{name}: {each.name} {_number(each.values[row])}{unit}"
            chart.bars.append(Bar(_at(0, mirrored, width), y, width, BAR, index, said))
            chart.values.append(Mark(_at(width + 1, mirrored), y + BAR - 1, f"{_number(each.values[row])}{unit}"))
    return chart


def _at(x: float, mirrored: bool, width: float = 0) -> float:
    return round(100 - x - width if mirrored else x, 3)


def level(value: float | None, most: float, levels: int = 5) -> int:
    """How dark a cell of a heat table is: 0 for nothing, else 1 to ``levels`` by its part of the highest value."""
    if value is None or most <= 0:
        return 0
    return min(levels, 1 + int(value / most * levels))
