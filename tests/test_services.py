"""The PostgreSQL and Redis of a test run, and that nothing of them is left when a run is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from tests.servers import ROOT


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgres_lower_case_knows_all_letters() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('ÉMILIE ŁUKASZ')")

        assert cursor.fetchone() == ("émilie łukasz",)


@pytest.mark.redis
def test_redis_answers_and_the_prefix_is_this_process_alone(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
    assert settings.CHANNEL_PREFIX == os.environ["CHANNEL_PREFIX"] != "clinic"


def test_threads_see_what_the_test_commits(transactional_db: None) -> None:
    seen: list[str] = []
    get_user_model().objects.create_user(username="seen", password="long-enough-2026")

    def look() -> None:
        seen.extend(get_user_model().objects.values_list("username", flat=True))
        connection.close()

    thread = Thread(target=look)
    thread.start()
    thread.join()

    assert seen == ["seen"]


async def test_a_connection_that_stays_in_a_thread_does_not_disturb_the_end_of_the_run(transactional_db: None) -> None:
    assert await sync_to_async(get_user_model().objects.count)() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="The services are for Unix.")
def test_services_stop_when_their_user_is_killed() -> None:
    show = "import json, os, sys; print(json.dumps([os.environ['DATABASE_URL'], os.environ['REDIS_URL']]), flush=True); sys.stdin.read()"
    command = [sys.executable, "tests/services.py", "--", sys.executable, "-c", show]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        database_url, redis_url = json.loads(user.stdout.readline())
        folder = Path(parse_qs(urlsplit(database_url).query)["host"][0]).parent
        assert folder.exists()

        user.kill()

    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.exists()
    with redis.Redis.from_url(redis_url, retry=None) as client, pytest.raises(redis.ConnectionError):
        client.ping()
