"""Falling back to HTTP: ``GET /api/realtime/events/`` (contract/realtime.md, section 8)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import pytest
from django.conf import Settings, settings
from django.test import AsyncClient, Client

from clinics.logins import end
from clinics.models import Login
from queue import actions as queue
from realtime import log, retention
from realtime.hub import Hub
from tests.factories import World, walk_in
from tests.realtime import shapes
from tests.realtime.client import poll, run, token_for
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)


class Poller:
    """A client without a socket."""

    def __init__(self, token: str) -> None:
        self.token = token

    async def get(self, *rooms: str, **params: Any) -> Any:
        return await poll(f"Bearer {self.token}", room=rooms, **params)

    async def events(self, *rooms: str, **params: Any) -> dict[str, Any]:
        """The rooms of a good answer, each frame of them checked."""
        answer = await self.get(*rooms, **params)
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"] == "application/json"
        assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
        body = answer.json()
        assert set(body) == {"rooms", "epoch"}  # epoch: more than the contract's example shows
        assert set(body["rooms"]) == {room.partition(":")[0] for room in rooms}
        for part in body["rooms"].values():
            assert set(part) == {"seq", "recovered", "events"}
            for frame in part["events"]:
                shapes.check(json.dumps(frame))
        return dict(body["rooms"])


@pytest.fixture
async def poller(world: World, hub: Hub) -> Poller:
    return Poller(await run(token_for, world.receptionist))


@pytest.fixture
def room(world: World) -> str:
    return f"clinic_{world.here.pk}"


def busy(world: World) -> None:
    queue.call(walk_in(world), by=world.receptionist)


# --- At once ----------------------------------------------------------------------------------------------------------


async def test_room_without_a_number_begins_with_a_snapshot(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)

    answer = (await poller.events(room, wait=25))[room]

    head = (await run(log.heads, [room]))[room].head
    assert (answer["seq"], answer["recovered"], len(answer["events"])) == (head, False, 1)
    assert (answer["events"][0]["seq"], answer["events"][0]["data"]["snapshot"]) == (head, True)


async def test_events_after_the_number_come_at_once_and_are_those_of_the_socket(
    world: World, poller: Poller, room: str, connect: Connect
) -> None:
    await run(busy, world)
    socket = await connect(world.admin)
    joined = await socket.join(room, since=1)

    answers = await poller.events(f"{room}:1", "broadcast:0", f"doctor_{world.doctor.pk}:0", wait=25)

    assert answers[room]["events"] == joined.frames
    assert answers[room] | {"events": []} == {"seq": joined.seq, "recovered": True, "events": []}
    assert all(part["recovered"] and part["events"] for part in answers.values())


async def test_nothing_new_and_no_wait(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)
    head = (await run(log.heads, [room]))[room].head

    assert await poller.events(f"{room}:{head}") == {room: {"seq": head, "recovered": True, "events": []}}


async def test_one_room_with_news_answers_for_all(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)
    heads = await run(log.heads, [room, "broadcast"])

    answers = await poller.events(f"{room}:{heads[room].head - 1}", f"broadcast:{heads['broadcast'].head}", wait=25)

    assert [len(answers[name]["events"]) for name in (room, "broadcast")] == [1, 0]


@pytest.mark.parametrize("since", [10**6, 10**17])
async def test_unknown_number_gives_a_snapshot(world: World, poller: Poller, room: str, since: int) -> None:
    await run(busy, world)

    answer = (await poller.events(f"{room}:{since}", wait=25))[room]

    assert (answer["recovered"], len(answer["events"]), answer["events"][0]["data"]["snapshot"]) == (False, 1, True)


async def test_number_that_is_no_longer_kept_gives_a_snapshot(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)
    await run(retention.prune, dt.timedelta(0))
    await run(busy, world)

    answer = (await poller.events(f"{room}:0", wait=25))[room]

    assert (answer["recovered"], len(answer["events"]), answer["events"][0]["data"]["snapshot"]) == (False, 1, True)


async def test_too_many_give_a_snapshot(world: World, poller: Poller, room: str, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "REPLAY_LIMIT": 2}
    await run(busy, world)

    assert not (await poller.events(f"{room}:0"))[room]["recovered"]


async def test_another_epoch_gives_a_snapshot(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)

    assert (await poller.events(f"{room}:1", epoch=await run(log.epoch)))[room]["recovered"]
    assert not (await poller.events(f"{room}:1", epoch="another"))[room]["recovered"]


async def test_broadcast_that_can_not_be_resumed_says_so(world: World, poller: Poller) -> None:
    await run(busy, world)
    head = (await run(log.heads, ["broadcast"]))["broadcast"].head

    for asked in ("broadcast", "broadcast:1000000"):
        assert await poller.events(asked, wait=25) == {"broadcast": {"seq": head, "recovered": False, "events": []}}


# --- Waiting ----------------------------------------------------------------------------------------------------------


async def listening(hub: Hub, room: str) -> None:
    """Until a call waits for the room."""
    while room not in hub._rooms or not hub._rooms[room].listeners:  # noqa: ASYNC110 (the product has no event for it)
        await asyncio.sleep(0.01)


async def test_waits_in_vain(world: World, poller: Poller, room: str, hub: Hub) -> None:
    answer = await poller.events(f"{room}:0", f"doctor_{world.doctor.pk}:0", wait="0.2")

    assert all(part == {"seq": 0, "recovered": True, "events": []} for part in answer.values())
    assert set(hub._rooms) == {"control"}, "nobody listens any more"


async def test_event_wakes_it(world: World, poller: Poller, room: str, hub: Hub) -> None:
    heads = await run(log.heads, [room, "broadcast"])
    waiting = asyncio.create_task(poller.events(f"{room}:0", f"broadcast:{heads['broadcast'].head}", wait=30))
    await listening(hub, room)

    await run(lambda: queue.call(walk_in(world, patient=world.patient), by=world.receptionist))

    answer = (await waiting)[room]
    numbers = [frame["seq"] for frame in answer["events"]]
    assert numbers == list(range(1, answer["seq"] + 1))
    assert numbers


async def test_following_by_polls_alone_misses_nothing(world: World, poller: Poller, room: str, hub: Hub) -> None:
    stop, seen, at = asyncio.Event(), [], 0

    async def write() -> None:
        for _ in range(12):
            await run(busy, world)
        stop.set()

    writing = asyncio.create_task(write())
    head = 10**9
    while at < head:
        part = (await poller.events(f"{room}:{at}", wait="0.3"))[room]
        assert part["recovered"]
        seen += [frame["seq"] for frame in part["events"]]
        at = part["seq"]
        if stop.is_set():
            head = (await run(log.heads, [room]))[room].head
    await writing

    assert seen == list(range(1, 12 * 4 + 1))


@pytest.mark.parametrize("names_epoch", [True, False])
async def test_log_that_is_replaced_while_it_waits_is_told_at_once(
    world: World, poller: Poller, room: str, hub: Hub, names_epoch: bool
) -> None:
    await run(busy, world)
    before, seen = hub.epoch, (await run(log.heads, [room]))[room].head
    epoch = {"epoch": before} if names_epoch else {}
    waiting = asyncio.create_task(poller.get(f"{room}:{seen}", wait=30, **epoch))
    await listening(hub, room)
    await hub.refresh(hub._rooms[room])  # which its own first look shares

    await run(log.begin_epoch)
    await hub.look_at_log()

    answer = (await waiting).json()
    assert answer["epoch"] == hub.epoch != before
    part = answer["rooms"][room]
    assert (part["recovered"], [frame["data"]["snapshot"] for frame in part["events"]]) == (False, [True])


async def test_who_names_no_epoch_is_replayed_nothing_of_another_history(
    world: World, poller: Poller, room: str, hub: Hub
) -> None:
    """The contract's example has none: a number above the restored log's, reached again by other events."""
    await run(busy, world)
    await run(log.begin_epoch)
    await hub.look_at_log()
    await run(busy, world)

    part = (await poller.events(f"{room}:2"))[room]

    assert (part["recovered"], [frame["data"]["snapshot"] for frame in part["events"]]) == (False, [True])
    await run(busy, world)
    again = (await poller.events(f"{room}:{part['seq']}"))[room]
    assert again["recovered"]
    assert [frame["seq"] for frame in again["events"]] == list(range(part["seq"] + 1, again["seq"] + 1))


async def test_rights_that_go_while_it_waits_are_told_at_once(world: World, poller: Poller, room: str, hub: Hub) -> None:
    waiting = asyncio.create_task(poller.get(f"{room}:0", wait=30))
    await listening(hub, room)
    await run(world.receptionist.clinics.remove, world.here)
    assert (await waiting).status_code == 403

    head = (await run(log.heads, ["broadcast"]))["broadcast"].head
    waiting = asyncio.create_task(poller.get(f"broadcast:{head}", wait=30))
    await listening(hub, "broadcast")
    world.receptionist.is_active = False
    await run(world.receptionist.save)
    assert (await waiting).status_code == 401


# --- Rights -----------------------------------------------------------------------------------------------------------


async def test_foreign_room_is_named_and_nothing_else_is_told(world: World, poller: Poller, room: str) -> None:
    await run(busy, world)
    foreign = f"clinic_{world.there.pk}"

    answer = await poller.get(f"{room}:0", f"{foreign}:0")

    assert answer.status_code == 403
    assert set(answer.json()) == {"detail", "code"}
    assert foreign in answer.json()["detail"]
    assert room not in answer.json()["detail"].replace(foreign, "")


@pytest.mark.parametrize("room", ["clinic_987654321", "doctor_987654321", "clinic_999999999999999999"])
async def test_room_that_is_not_there_is_named(poller: Poller, room: str) -> None:
    answer = await poller.get(room)

    assert answer.status_code == 403
    assert room in answer.json()["detail"]


async def test_right_that_is_lost_while_waiting_is_lost(world: World, poller: Poller, room: str, hub: Hub) -> None:
    waiting = asyncio.create_task(poller.get(f"{room}:0", wait=30))
    await listening(hub, room)
    await run(world.receptionist.clinics.remove, world.here)

    await run(walk_in, world)

    answer = await waiting
    assert answer.status_code == 403
    assert b"events" not in answer.content


@pytest.mark.parametrize("why", ["disabled", "logged out"])
async def test_login_that_ends_while_waiting_ends_it(world: World, room: str, hub: Hub, why: str) -> None:
    login = await run(Login.objects.create, user=world.receptionist)
    poller = Poller(await run(token_for, world.receptionist, login))
    waiting = asyncio.create_task(poller.get(f"{room}:0", wait=30))
    await listening(hub, room)

    def happen() -> None:
        if why == "disabled":
            world.receptionist.is_active = False
            world.receptionist.save()
        else:
            end(login)
        walk_in(world, by=world.admin)

    await run(happen)

    assert (await waiting).status_code == 401


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Bearer x.y.z", "Basic dXNlcjpwYXNz", "Token x"])
async def test_without_a_token_401(hub: Hub, world: World, authorization: str | None) -> None:
    answer = await poll(authorization, room=f"clinic_{world.here.pk}:0")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"detail", "code"}


async def test_token_in_the_address_counts_for_nothing(poller: Poller, world: World) -> None:
    answer = await poll(room="broadcast:0", token=poller.token, access=poller.token)

    assert answer.status_code == 401


# --- Wrong questions --------------------------------------------------------------------------------------------------

WRONG_ROOMS = [
    "", "clinic_", "clinic_0", "clinic_-1", "clinic_x", "clinic_1:", "clinic_1:x", "clinic_1:-1", "clinic_1:1.5", "clinic_1:1:1",
    "clinic_1 ", "Clinic_1", "control", "control:0", "broadcast_1", "doctor", "clinic_٣", "clinic_1:٣", "clinic_01",
    "clinic_1:" + "9" * 30, "clinic_" + "9" * 30, "clinic_1\x00", "hub.echo",
]  # fmt: skip


@pytest.mark.parametrize("room", WRONG_ROOMS)
async def test_room_that_is_none_400(poller: Poller, room: str) -> None:
    answer = await poller.get(room)

    assert answer.status_code == 400, answer.content
    assert set(answer.json()) == {"detail", "code"}


@pytest.mark.parametrize("wait", ["-1", "31", "30.01", "x", "", "nan", "inf", "-inf", "1e9"])
async def test_wait_that_is_none_400(poller: Poller, world: World, wait: str) -> None:
    assert (await poller.get("broadcast:0", wait=wait)).status_code == 400


async def test_no_room_400(poller: Poller) -> None:
    assert (await poller.get()).status_code == 400


async def test_too_many_rooms_400(poller: Poller, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "ROOMS_PER_SOCKET": 2}

    assert (await poller.get("clinic_1", "clinic_2", "clinic_3")).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_other_verbs_405(poller: Poller, method: str) -> None:
    answer = await poll(f"Bearer {poller.token}", method=method)

    assert answer.status_code == 405


async def test_browser_session_may_ask_until_it_ends(hub: Hub, world: World, room: str) -> None:
    client = Client()
    await run(client.force_login, world.receptionist)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    asked = [await poll(cookie=cookie, room=f"{room}:0"), await poll(cookie=cookie, room=f"clinic_{world.there.pk}")]
    await run(end, await run(world.receptionist.logins.get))
    asked.append(await poll(cookie=cookie, room=f"{room}:0"))
    asked.append(await poll(cookie=f"{settings.SESSION_COOKIE_NAME}=invented", room=f"{room}:0"))

    assert [answer.status_code for answer in asked] == [200, 403, 401, 401]


async def test_other_hosts_and_endless_questions_400(poller: Poller) -> None:
    answers = [
        await poll(f"Bearer {poller.token}", room="broadcast:0", host="evil.example"),
        await poll(f"Bearer {poller.token}", room="broadcast:0", more=list(range(1_100))),
    ]

    assert [(answer.status_code, set(answer.json())) for answer in answers] == [(400, {"detail", "code"})] * 2


async def test_where_no_asgi_router_stands_before_django_it_answers_too(poller: Poller, room: str) -> None:
    headers = {"Authorization": f"Bearer {poller.token}"}
    answer = await AsyncClient().get("/api/realtime/events/", {"room": f"{room}:0"}, headers=headers)

    assert answer.json()["rooms"] == {room: {"seq": 0, "recovered": True, "events": []}}


async def test_pages_of_allowed_origins_may_ask(poller: Poller, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["http://localhost:3000"]
    headers = {}
    for origin in ("http://localhost:3000", "http://localhost:3001"):
        answer = await poll(f"Bearer {poller.token}", room="broadcast:0", origin=origin)
        headers[origin] = answer.get("Access-Control-Allow-Origin")

    assert headers == {"http://localhost:3000": "http://localhost:3000", "http://localhost:3001": None}
