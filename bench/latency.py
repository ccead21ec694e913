"""How long from the answer of a check-in to the frame on another client's socket.

    python bench/latency.py URL [CHECK_INS] [USER] [PASSWORD]

against a running demo clinic. Each check-in is a walk-in of a registered patient, sent one after the other; the second client sits in the
clinic's room. Prints the median, the 99th percentile and the worst time in milliseconds (below zero: the frame was there
before the answer), and how many frames were missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect


class Api:
    """One keep-alive connection to the API."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=30)
        self.token = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text)


async def measure(url: str, check_ins: int, user: str, password: str) -> None:
    """Do it and print one line."""
    api = Api(url)
    api.token = api.call("POST", "/api/auth/token/", {"username": user, "password": password})["access"]
    clinic = api.call("GET", "/api/auth/me/")["clinics"][0]
    doctor = api.call("GET", f"/api/doctors/?clinic={clinic}")["results"][0]["id"]
    service = api.call("GET", f"/api/services/?clinic={clinic}")["results"][0]["id"]
    patients = [row["id"] for row in api.call("GET", "/api/patients/?page_size=200")["results"]]
    arrived: dict[int, float] = {}
    answered: dict[int, float] = {}
    async with connect(
        url.replace("http", "ws", 1) + "/ws/queue/", additional_headers={"Authorization": f"Bearer {api.token}"}, max_size=None
    ) as socket:
        await socket.send(json.dumps({"event": "join_queue_room", "data": {"clinic_id": clinic}}))
        while json.loads(await socket.recv()).get("data", {}).get("snapshot") is not True:
            pass
        everything = asyncio.Event()

        async def listen() -> None:
            async for text in socket:
                now = time.perf_counter()
                frame = json.loads(text)
                if frame["event"] == "new_checkin":
                    arrived[frame["data"]["visit"]["id"]] = now
                    if len(arrived) == check_ins:
                        everything.set()

        listener = asyncio.create_task(listen())
        for number in range(check_ins):
            if number % 100 == 99:  # before the token runs out
                api.token = ""
                api.token = api.call("POST", "/api/auth/token/", {"username": user, "password": password})["access"]
                await socket.send(json.dumps({"event": "authenticate", "data": {"token": api.token}}))
            body = {"clinic": clinic, "doctor": doctor, "service": service, "patient": patients[number % len(patients)]}
            visit = await asyncio.to_thread(api.call, "POST", "/api/visits/", body)
            answered[visit["id"]] = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(everything.wait(), 10)
        listener.cancel()
    delays = sorted(1000 * (arrived[visit] - at) for visit, at in answered.items() if visit in arrived)
    print(
        f"{len(delays)} check-ins: median {statistics.median(delays):.1f} ms, p99 {delays[int(0.99 * len(delays))]:.1f} ms, "
        f"worst {delays[-1]:.1f} ms, missing {check_ins - len(delays)}"
    )


if __name__ == "__main__":
    given = [*sys.argv[1:], *["", "500", "reception", "demo-clinic-2026"][len(sys.argv) - 1 :]]
    if not given[0]:
        raise SystemExit(__doc__)
    asyncio.run(measure(given[0].rstrip("/"), int(given[1]), given[2], given[3]))
