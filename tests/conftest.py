"""Fixtures and rules of every test, nothing of the domain (test data: tests/factories)."""

from __future__ import annotations

import datetime as dt
import gc
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol
from unittest import mock

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils import translation

from clinics import guards
from tests.prepared import TEMPLATE

# --- The database: each run and each worker has its own ---------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite: a new file per run, so a run that was killed, or another one, is never in the way.

    What `make test` has migrated for all workers is copied; the migrations then find nothing to do.
    """
    database, template = connections["default"].settings_dict, os.environ.get(TEMPLATE)
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        if template:
            shutil.copyfile(template, database["TEST"]["NAME"])
    elif template:
        database["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_keepdb(is_postgres: bool) -> bool:
    """Else Django would delete the copied file, which is ours alone, before it begins."""
    return TEMPLATE in os.environ and not is_postgres


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Quick cleaning after transactional tests, and an end that no forgotten connection prevents."""
    with (
        mock.patch.object(type(connections["default"].ops), "sql_flush", _deletes),
        # It would make the rows anew that are kept.
        mock.patch("django.core.management.commands.flush.emit_post_migrate_signal"),
    ):
        yield
    if connections["default"].vendor == "postgresql":
        with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) {others}")
    connections.close_all()


# What `migrate` has written, the same for all tests.
_KEPT = {"django_content_type", "auth_permission"}


def _deletes(self: BaseDatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    """TRUNCATE makes new files for each of the fifty tables (half a second), which hold a few rows in a test."""
    # Foreign keys are checked at the end.
    deletes = [f"DELETE FROM {self.quote_name(table)};" for table in tables if table not in _KEPT]
    if self.connection.vendor == "postgresql":
        # No triggers in this role: the guards would refuse.
        return ["SET LOCAL session_replication_role = replica; " + " ".join(deletes)]
    return [*guards.removal_sql(), *deletes, *guards.installation_sql(self.connection)]


# --- The clock: no test depends on the hour at which it is run ---------------------------------------------------------

MONDAY = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[time_machine.Traveller | None]:
    """It is a Monday morning and time goes on; but real servers have the real time."""
    if "real_time" in request.fixturenames:
        yield None
        return
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """What a request was answered in stays with its thread, which here is that of the next test."""
    yield
    translation.deactivate()


@pytest.fixture
def real_time() -> None:
    """For tests with processes of their own, which share no frozen clock."""


# --- Order: no test may need another one before it --------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--once", action="store_true", help="leave out what `once` gives to the other database")
    parser.addoption("--order", default="written", help="'reversed', or a number: shuffled with it as the seed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order = config.getoption("order")
    if order == "reversed":
        items.reverse()
    elif order != "written":
        random.Random(int(order)).shuffle(items)
    # Playwright keeps an event loop in its thread until the end, where async tests could not run any more.
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)
    _leave_out(config, items)


# --- What this run has no service for, or another one does --------------------------------------------------------------

# What is the same on any database runs on one: where it is quicker, SQLite, or stricter about what it is sent, PostgreSQL.
# By place; `once` and `both` at a module or a test go before. Whatever depends on the database (locks, guards, searching, the log
# and its numbers, migrations, money and bookings at the same moment) runs on both.
ONCE = {
    "tests/admin": "sqlite",
    "tests/admin/test_hostile.py": "postgresql",
    "tests/api/test_all_or_nothing.py": "postgresql",
    "tests/api/test_changes.py": "sqlite",
    "tests/api/test_errors.py": "postgresql",
    "tests/api/test_queries.py": "sqlite",
    "tests/api/test_rights.py": "sqlite",
    "tests/api/test_schema.py": "sqlite",
    "tests/api/test_versions.py": "sqlite",
    "tests/appointments/test_hours.py": "sqlite",
    "tests/appointments/test_moving.py": "sqlite",
    "tests/appointments/test_zones.py": "sqlite",
    "tests/clinics/test_changing.py": "sqlite",
    "tests/clinics/test_getting_in.py": "sqlite",
    "tests/clinics/test_staff.py": "sqlite",
    "tests/faults": "postgresql",
    "tests/manager": "sqlite",
    "tests/model": "postgresql",
    "tests/pages": "sqlite",
    "tests/patients/test_accesses.py": "sqlite",
    "tests/patients/test_export.py": "sqlite",
    "tests/payments/test_cash_shifts.py": "sqlite",
    "tests/payments/test_histories.py": "postgresql",
    "tests/payments/test_money.py": "sqlite",
    "tests/payments/test_parallel.py": "postgresql",
    "tests/payments/test_shares.py": "sqlite",
    "tests/queue/test_desk.py": "sqlite",
    "tests/queue/test_endings.py": "sqlite",
    "tests/queue/test_follow_ups.py": "sqlite",
    "tests/queue/test_notes.py": "sqlite",
    "tests/queue/test_presence.py": "sqlite",
    "tests/realtime/test_connecting.py": "postgresql",
    "tests/realtime/test_contract_cases.py": "sqlite",
    "tests/realtime/test_flows.py": "postgresql",
    "tests/realtime/test_hub.py": "postgresql",
    "tests/realtime/test_moments.py": "postgresql",
    "tests/realtime/test_parity.py": "sqlite",
    "tests/realtime/test_polling.py": "postgresql",
    "tests/realtime/test_queries.py": "sqlite",
    "tests/realtime/test_requests.py": "postgresql",
    "tests/realtime/test_resume.py": "postgresql",
    "tests/realtime/test_rights.py": "postgresql",
    "tests/realtime/test_shapes.py": "sqlite",
    "tests/realtime/test_shutdown.py": "postgresql",
    "tests/realtime/test_snapshot.py": "postgresql",
    "tests/reports/test_random.py": "sqlite",
    "tests/reports/test_reports.py": "postgresql",
    "tests/test_language.py": "sqlite",
    "tests/test_layout.py": "sqlite",
    "tests/test_seed_demo.py": "sqlite",
    "tests/test_servers.py": "postgresql",
    "tests/test_services.py": "sqlite",
    "tests/test_static_files.py": "sqlite",
}
LEFT_OUT: pytest.StashKey[set[str]] = pytest.StashKey()


def _leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    vendor = "postgresql" if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else "sqlite"
    lacking = set() if vendor == "postgresql" else {"postgres"}
    if not settings.REDIS_URL:
        lacking.add("redis")
    left_out = {item for item in items if any(item.get_closest_marker(name) for name in lacking)}
    if config.getoption("once"):
        left_out |= {item for item in items if _its_database(item) not in (None, vendor)}
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
        config.stash[LEFT_OUT].update(item.nodeid for item in left_out)


def _its_database(item: pytest.Item) -> str | None:
    """The one to which the test is left; none: it is for both."""
    if any(item.get_closest_marker(name) for name in ("postgres", "redis")):
        return "postgresql"
    for mark in item.iter_markers():  # the closest first
        if mark.name in ("once", "both"):
            return str(mark.args[0]) if mark.args else None
    places = [place for place in ONCE if item.path.is_relative_to(item.config.rootpath / place)]
    return ONCE[max(places, key=len)] if places else None


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = set()
    # A password costs a third of a second, which is the point of it, but not here. Any server can still check it.
    PBKDF2PasswordHasher.iterations = 1


def pytest_collection_finish() -> None:
    """The collector looks often so that no socket of a server waits for it (asgi.py); here that is a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Some(Protocol):
    def __call__(self, cases: Sequence[Any], kind: Callable[[Any], Any] | None = None) -> list[Any]: ...


@pytest.fixture
def some(request: pytest.FixtureRequest) -> Some:
    """Of cases that are much alike: a third with --once, always the same of a test and others of the next one; else all.

    At least one of each kind, if ``kind`` says of which one a case is: none may be left out for ever.
    """

    def some(cases: Sequence[Any], kind: Callable[[Any], Any] | None = None) -> list[Any]:
        return a_third(cases, request.node.nodeid, kind) if request.config.getoption("once") else list(cases)

    return some


def a_third(cases: Sequence[Any], seed: str, kind: Callable[[Any], Any] | None = None) -> list[Any]:
    shuffled = random.Random(seed).sample(cases, len(cases))
    # The first one of each kind, then whatever comes.
    kept = list({kind(case): case for case in reversed(shuffled)}.values()) if kind is not None else []
    return [*kept, *(case for case in shuffled if case not in kept)][: max(len(kept), -(-len(cases) // 3))]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        left_out = session.config.stash[LEFT_OUT]
        session.config.workeroutput["left_out"] = sorted(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    node.config.stash[LEFT_OUT].update(getattr(node, "workeroutput", {}).get("left_out", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if names := config.stash[LEFT_OUT]:
        terminalreporter.section("left out here; make test runs them in its other part")
        for name, count in sorted(Counter(name.partition("[")[0] for name in names).items()):
            terminalreporter.line(f"LEFT OUT {name}" + (f" ({count} cases)" if count > 1 else ""))


# --- Services ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def is_postgres() -> bool:
    """Does this run use PostgreSQL (else SQLite)?"""
    return bool(settings.DATABASES["default"]["ENGINE"].endswith("postgresql"))


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Address of Redis; empty where the run has the in-memory channel layer."""
    return str(settings.REDIS_URL)
