"""What a client may ask, and what it gets for anything else (contract/realtime.md, sections 4 and 5)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.conf import Settings

from realtime import log
from tests.factories import World, walk_in
from tests.realtime.client import Client, run
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def client(world: World, connect: Connect) -> Client:
    return await connect(world.receptionist)


# --- Right questions --------------------------------------------------------------------------------------------------


async def test_join_answers_with_the_head_and_a_snapshot(world: World, client: Client) -> None:
    visit = await run(walk_in, world)
    room = f"clinic_{world.here.pk}"

    await client.send("join_queue_room", {"clinic_id": world.here.pk}, ref="a")

    frames = [await client.next(), await client.next()]
    while frames[0]["event"] != "joined":  # events of broadcast
        frames = [frames[1], await client.next()]
    head = (await run(log.heads, [room]))[room].head
    assert frames[0] == {"event": "joined", "data": {"room": room, "seq": head, "recovered": False}, "ref": "a"}
    assert (frames[1]["event"], frames[1]["room"], frames[1]["seq"]) == ("queue_updated", room, head)
    assert frames[1]["data"]["snapshot"] is True
    assert [each["id"] for each in frames[1]["data"]["visits"]] == [visit.pk]


async def test_join_doctor_room(world: World, client: Client) -> None:
    joined = await client.join(f"doctor_{world.doctor.pk}")

    assert (joined.seq, joined.recovered) == (0, False)


async def test_leave_is_answered_and_ends_the_events(world: World, client: Client, connect: Connect) -> None:
    room, stays = f"clinic_{world.here.pk}", await connect(world.admin)
    await client.join(room)
    await stays.join(room)

    answer = await client.ask("leave_queue_room", {"clinic_id": world.here.pk})

    assert {**answer, "ref": ""} == {"event": "left", "data": {"room": room}, "ref": ""}
    await run(walk_in, world)
    await stays.settle(room)
    client.events.clear()
    assert list((await client.ask("ping"))["data"]["rooms"]) == ["broadcast"]
    assert [frame for frame in client.events if frame["room"] == room] == []


async def test_leave_doctor_room(world: World, client: Client) -> None:
    await client.join(f"doctor_{world.doctor.pk}")

    answer = await client.ask("leave_doctor_room", {"doctor_id": world.doctor.pk})

    assert answer["data"] == {"room": f"doctor_{world.doctor.pk}"}
    assert list((await client.ask("ping"))["data"]["rooms"]) == ["broadcast"]


async def test_joining_twice_is_answered_like_the_first_time_and_changes_nothing(world: World, client: Client) -> None:
    room = f"clinic_{world.here.pk}"
    first, second = await client.join(room), await client.join(room)

    assert (first.seq, first.recovered, len(first.frames)) == (second.seq, second.recovered, len(second.frames))
    client.events.clear()
    await run(walk_in, world)
    frames = [frame for frame in await client.settle(room) if frame["room"] == room]
    assert [frame["seq"] for frame in frames] == list(range(first.seq + 1, first.seq + 1 + len(frames)))
    await client.is_silent()


@pytest.mark.parametrize("times", [1, 2])
async def test_leaving_what_was_not_joined_is_answered_all_the_same(world: World, client: Client, times: int) -> None:
    for _ in range(times):
        answer = await client.ask("leave_queue_room", {"clinic_id": world.there.pk})
        assert answer["data"] == {"room": f"clinic_{world.there.pk}"}
        answer = await client.ask("leave_doctor_room", {"doctor_id": world.stranger.pk})
        assert answer["data"] == {"room": f"doctor_{world.stranger.pk}"}


async def test_pong_has_the_head_of_every_room_joined(world: World, client: Client) -> None:
    rooms = [f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"]
    for room in rooms:
        await client.join(room)
    await run(walk_in, world)
    await client.settle(*rooms, "broadcast")

    pong = await client.ask("ping")

    heads = await run(log.heads, [*rooms, "broadcast"])
    assert pong["data"]["rooms"] == {room: head.head for room, head in heads.items()}
    assert all(pong["data"]["rooms"].values())


@pytest.mark.parametrize("data", [None, {}, {"anything": 1}])
async def test_ping_needs_no_data(client: Client, data: Any) -> None:
    assert (await client.ask("ping", data))["event"] == "pong"


@pytest.mark.parametrize("ref", ["a", "", "☃" * 50, 0, 7, -1, 1.5, 2**53, 2**63, "null"])
async def test_ref_comes_back_as_it_was(world: World, client: Client, ref: Any) -> None:
    questions: list[tuple[str, dict[str, Any]]] = [
        ("ping", {}),
        ("leave_queue_room", {"clinic_id": 1}),
        ("join_queue_room", {"clinic_id": world.here.pk}),
        ("join_queue_room", {"clinic_id": world.there.pk}),
        ("join_queue_room", {}),
        ("dance", {}),
        ("authenticate", {"token": "x"}),
    ]
    for event, data in questions:
        await client.send(event, data, ref=ref)
        frame = await client.next()
        assert frame["ref"] == ref
        assert type(frame["ref"]) is type(ref)
        if frame["event"] == "joined":
            await client.next()


async def test_without_ref_the_answer_has_none(client: Client) -> None:
    await client.send("ping")
    await client.send_text('{"event":"ping","ref":null}')

    assert ["ref" in await client.next() for _ in range(2)] == [False, False]


async def test_more_fields_than_known_do_no_harm(world: World, client: Client) -> None:
    """A newer client may say more."""
    answer = await client.ask("join_queue_room", {"clinic_id": world.here.pk, "later": {"version": 2}})

    assert answer["event"] == "joined"


# --- Bad frames: an error, and the connection goes on -----------------------------------------------------------------

LONG = 16 * 1024
BAD_TEXTS: dict[str, tuple[str, str]] = {
    "not JSON": ("ping", "bad_request"),
    "half JSON": ('{"event":"ping"', "bad_request"),
    "JSON and more": ('{"event":"ping"} x', "bad_request"),
    "NaN": ('{"event":"ping","ref":NaN}', "bad_request"),
    "lone surrogate": ('{"event":"\\ud800"}', "bad_request"),
    "blank": (" ", "bad_request"),
    "null": ("null", "bad_request"),
    "list": ("[]", "bad_request"),
    "string": ('"ping"', "bad_request"),
    "number": ("7", "bad_request"),
    "no event": ("{}", "bad_request"),
    "event null": ('{"event":null}', "bad_request"),
    "event number": ('{"event":1}', "bad_request"),
    "event list": ('{"event":["ping"]}', "bad_request"),
    "unknown event": ('{"event":"dance"}', "unknown_event"),
    "an event of ours": ('{"event":"queue_updated","data":{}}', "unknown_event"),
    "other case": ('{"event":"Ping"}', "unknown_event"),
    "dunder": ('{"event":"__class__"}', "unknown_event"),
    "one byte too long": (json.dumps({"event": "ping", "ref": "x" * (LONG - 27)}), "bad_request"),
    "too long in bytes alone": (json.dumps({"event": "ping", "ref": "é" * (LONG // 2)}, ensure_ascii=False), "bad_request"),
    "far too long": ('{"event":"' + "x" * 200_000 + '"}', "bad_request"),
    "deep list": ("[" * 8_000 + "]" * 8_000, "bad_request"),
    "deep data": ('{"event":"ping","data":' + '{"a":' * 2_500 + "1" + "}" * 2_500 + "}", "bad_request"),
    "ref true": ('{"event":"ping","ref":true}', "bad_request"),
    "ref list": ('{"event":"ping","ref":[1]}', "bad_request"),
    "ref object": ('{"event":"ping","ref":{}}', "bad_request"),
    "data list": ('{"event":"ping","data":[]}', "bad_request"),
    "data string": ('{"event":"ping","data":"x"}', "bad_request"),
    "data number": ('{"event":"ping","data":1}', "bad_request"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
async def test_bad_frame_gets_an_error_and_the_connection_goes_on(client: Client, name: str) -> None:
    text, code = BAD_TEXTS[name]

    await client.send_text(text)

    frame = await client.next()
    if name == "deep data" and frame["event"] == "pong":
        return  # as deep as the decoder goes is fine too: the data of a ping is nobody's business
    assert (frame["event"], frame["data"]["code"]) == ("error", code)
    await client.is_silent()


async def test_longest_frame_is_answered(client: Client) -> None:
    text = json.dumps({"event": "ping", "ref": "x" * (LONG - 28)})
    assert len(text) == LONG

    await client.send_text(text)

    assert (await client.next())["event"] == "pong"


@pytest.mark.parametrize("data", [b'{"event":"ping"}', b"\xff\xfe", b"x" * (LONG + 1)])
async def test_binary_frame_gets_an_error_and_the_connection_goes_on(client: Client, data: bytes) -> None:
    await client.wire.send_to(bytes_data=data)

    assert (await client.next())["data"]["code"] == "bad_request"
    await client.is_silent()


WRONG: list[tuple[str, dict[str, Any]]] = [
    *[
        (event, {field: value})
        for event, field in [
            ("join_queue_room", "clinic_id"),
            ("leave_queue_room", "clinic_id"),
            ("join_doctor_room", "doctor_id"),
            ("leave_doctor_room", "doctor_id"),
        ]
        for value in ["1", "x", None, True, 1.5, [1], {}]
    ],
    ("join_queue_room", {}),
    ("join_doctor_room", {"clinic_id": 1}),
    ("leave_queue_room", {}),
    ("leave_doctor_room", {}),
    *[("join_queue_room", {"clinic_id": 1, "since": since}) for since in ["1", 1.5, True, []]],
    *[("join_doctor_room", {"doctor_id": 1, "epoch": epoch}) for epoch in [1, True, [], {}]],
    *[("join_queue_room", {"clinic_id": 1, "token": token}) for token in [1, True, [], {}]],
    ("resume_broadcast", {}),
    ("resume_broadcast", {"since": 1}),
    ("resume_broadcast", {"epoch": "x"}),
    ("resume_broadcast", {"since": "1", "epoch": "x"}),
    ("resume_broadcast", {"since": None, "epoch": "x"}),
    ("authenticate", {}),
    ("authenticate", {"token": None}),
    ("authenticate", {"token": 7}),
]


async def test_wrong_types_get_an_error_and_the_connection_goes_on(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "BAD_FRAMES": 10_000, "FRAMES_BURST": 10_000}
    client = await connect(world.receptionist)

    for event, data in WRONG:
        assert await client.error(event, data) == "bad_request", (event, data)

    assert list((await client.ask("ping"))["data"]["rooms"]) == ["broadcast"]


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 2**63 - 1, 2**63, 2**64, 10**17, 10**18, 10**40])
async def test_a_room_that_is_not_there(client: Client, number: int) -> None:
    assert await client.error("join_queue_room", {"clinic_id": number}) == "not_found"
    assert await client.error("join_doctor_room", {"doctor_id": number}) == "not_found"
    await client.is_silent()


async def test_too_many_rooms(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "ROOMS_PER_SOCKET": 2}  # broadcast is one
    client = await connect(world.receptionist)
    await client.join(f"clinic_{world.here.pk}")

    assert await client.error("join_doctor_room", {"doctor_id": world.doctor.pk}) == "too_many_rooms"
    await client.join(f"clinic_{world.here.pk}")  # it is in this one
    await client.ask("leave_queue_room", {"clinic_id": world.here.pk})
    await client.join(f"doctor_{world.doctor.pk}")


# --- Too much ---------------------------------------------------------------------------------------------------------


async def test_who_keeps_sending_bad_frames_is_closed_with_4429(client: Client) -> None:
    for _ in range(21):
        await client.send_text("x")

    assert await client.closed() == 4429
    errors = [frame["data"]["code"] for frame in client.frames if frame["event"] == "error"]
    assert errors == ["bad_request"] * 21 + ["rate_limited"]


async def test_bad_frames_up_to_the_limit_are_borne(client: Client) -> None:
    for _ in range(20):
        await client.send_text("x")
        assert (await client.next())["event"] == "error"

    await client.is_silent()


async def test_too_many_frames_are_refused_with_their_ref(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "FRAMES_BURST": 5, "FRAMES_PER_SECOND": 0}
    client = await connect(world.receptionist)

    answers = [await client.ask("ping") for _ in range(6)]

    assert [answer["event"] for answer in answers] == ["pong"] * 5 + ["error"]
    assert answers[-1]["data"]["code"] == "rate_limited"


async def test_who_floods_is_closed_with_4429(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "FRAMES_BURST": 5, "FRAMES_PER_SECOND": 0}
    client = await connect(world.receptionist)
    for _ in range(26):
        await client.send("ping")

    assert await client.closed() == 4429


# --- Anything at all --------------------------------------------------------------------------------------------------


async def test_whatever_is_sent_the_connection_answers(world: World, connect: Connect, settings: Settings) -> None:
    """Half-broken copies of good frames, a thousand of them, always the same: an answer each, never the end."""
    settings.REALTIME = {**settings.REALTIME, "BAD_FRAMES": 10_000, "FRAMES_BURST": 10_000}
    client, pick = await connect(world.receptionist), random.Random(7)
    good = [
        json.dumps({"event": event, "data": data, "ref": "r"})
        for event, data in [
            ("join_queue_room", {"clinic_id": world.here.pk, "since": 0, "epoch": client.epoch}),
            ("leave_queue_room", {"clinic_id": world.here.pk}),
            ("join_doctor_room", {"doctor_id": world.doctor.pk}),
            ("resume_broadcast", {"since": 0, "epoch": client.epoch}),
            ("authenticate", {"token": "a.b.c"}),
            ("ping", {}),
        ]
    ]
    values = ["null", "true", "0", "-1", "1e400", "1e-7", '""', '"\\u0000"', "[]", "{}", "9" * 25, '"\\ud83d"', "[[[[]]]]"]
    for _ in range(1_000):
        text = pick.choice(good)
        match pick.randrange(4):
            case 0:
                at = pick.randrange(len(text))
                text = text[:at] + text[at + pick.randrange(1, 9) :]
            case 1:
                at = pick.randrange(len(text))
                text = text[:at] + chr(pick.randrange(1, 0xD7FF)) + text[at:]
            case 2:
                parts = text.split(": ")
                at = pick.randrange(1, len(parts))
                rest = parts[at][len(parts[at].rstrip("}, ").partition(",")[0]) :]
                parts[at] = pick.choice(values) + rest
                text = ": ".join(parts)
            case _:
                text = text[: pick.randrange(len(text))] or " "
        await client.send_text(text)
        assert (await client.ask("ping"))["event"] == "pong", text

    assert sum(frame["event"] in ("error", "joined", "left", "pong") for frame in client.frames) == 2_000
