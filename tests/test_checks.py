"""What is said at the start, before it would fail at the desk."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import connection

from clinic_project.checks import check_sqlite


@pytest.mark.parametrize(
    ("version", "is_enough"), [((3, 31, 1), False), ((3, 32, 3), False), ((3, 33, 0), True), ((3, 50, 0), True)]
)
def test_a_sqlite_that_can_not_number_events_is_refused(
    version: tuple[int, int, int], is_enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    errors = [error.id for error in check_sqlite(None)]

    assert errors == ([] if is_enough or connection.vendor != "sqlite" else ["clinic.E003"])
