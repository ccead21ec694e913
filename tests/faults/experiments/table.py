"""The table of experiments: a row says what is broken and what that must show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.laboratory import Figures, Lab
from tests.servers import Kind

Work = Callable[[Lab, Kind], Awaitable[Figures]]


@dataclass(frozen=True)
class Experiment:
    """A row: ``work`` breaks things and returns figures, or raises ``Failed``."""

    fault: str
    shows: str
    work: Work


TABLE: dict[str, Experiment] = {}


def experiment(fault: str, *, shows: str) -> Callable[[Work], Work]:
    """Add the function to the table, under its own name with hyphens."""

    def add(work: Work) -> Work:
        TABLE[work.__name__.replace("_", "-")] = Experiment(fault, shows, work)
        return work

    return add
