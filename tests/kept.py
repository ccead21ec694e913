"""A world that is kept beside the tables of the database and copied into them for each test.

For tests that commit, or look at what is committed: making a world anew takes most of such a test's time. The others have
a standing one (tests/api/fixtures.py).
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction

from tests.conftest import MONDAY
from tests.factories import World


@pytest.fixture(scope="session")
def kept_world(django_db_setup: None, django_db_blocker: Any) -> World:
    """What ``world`` copies."""
    with django_db_blocker.unblock():
        return _keep()[0]


@pytest.fixture
def world(request: pytest.FixtureRequest, kept_world: World, db: None) -> World:
    """The test's own copy, in an empty database. No event tells of it."""
    if "real_time" in request.fixturenames:
        # The kept one is of the Monday on which other tests are.
        return World()
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _keep()[1]:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    return copy.deepcopy(kept_world)


@cache
def _keep() -> tuple[World, list[str]]:
    """Once per process, whose database stays."""
    with time_machine.travel(MONDAY, tick=False):
        world = World()
    tables = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if model._meta.app_label == "realtime" or not model._meta.managed or not model._base_manager.exists():
                continue
            if model._meta.app_label in ("auth", "contenttypes"):  # never emptied
                continue
            cursor.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
            tables.append(table)
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    connection.close()
    return world, tables
