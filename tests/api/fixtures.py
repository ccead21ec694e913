"""Fixtures of the domain and API tests; each folder's conftest.py takes them over."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
import time_machine
from django.db import connection

from tests.api.client import as_it_was
from tests.conftest import MONDAY
from tests.factories import World

W = TypeVar("W", bound=World)


@contextmanager
def standing(make: Callable[[], W], django_db_blocker: Any, *, ago: dt.timedelta = dt.timedelta(hours=1)) -> Iterator[W]:
    """What ``make`` made, ``ago`` before the tests, in a transaction that is never committed."""
    with django_db_blocker.unblock():
        assert "test" in str(connection.settings_dict["NAME"])
        with as_it_was():
            # The clock stands if it must not pass the moment at which each test begins.
            with time_machine.travel(MONDAY - ago, tick=bool(ago)):
                made = make()
            yield made
        connection.close()


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once per module; a module may have one of its own."""
    with standing(World, django_db_blocker) as made:
        yield made


@pytest.fixture
def db(standing_world: World, django_db_blocker: Any) -> Iterator[None]:
    """Instead of pytest-django's: what the test does to the database is taken back, and the standing world stays.

    Under the same name, by which pytest-django knows that a database is needed, and in which order tests run.
    """
    with django_db_blocker.unblock(), as_it_was():
        yield


@pytest.fixture
def world(db: None, standing_world: World) -> World:
    """The test's own copy of the world."""
    return copy.deepcopy(standing_world)
