"""Who may be in which room, by socket and by long poll; and what becomes of it when rights change (section 2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import Settings
from django.db import connection

from clinics.logins import end, verify_access
from clinics.models import Clinic, Doctor, Login, User
from realtime import guard
from tests.api.client import Api
from tests.factories import ClinicFactory, UserFactory, World, walk_in
from tests.realtime.client import Client, communicator, poll, run, token_for
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

ROOMS: dict[str, Callable[[World], str]] = {
    "own clinic": lambda w: f"clinic_{w.here.pk}",
    "other clinic": lambda w: f"clinic_{w.there.pk}",
    "doctor": lambda w: f"doctor_{w.doctor.pk}",
    "colleague": lambda w: f"doctor_{w.colleague.pk}",
    "stranger": lambda w: f"doctor_{w.stranger.pk}",
}
DESK = {"own clinic", "doctor", "colleague"}
MAY: dict[str, set[str]] = {
    "receptionist": DESK,
    "admin": DESK,
    "doctor_user": {"own clinic", "doctor"},
    "superuser": set(ROOMS),
    "receptionist_there": {"other clinic", "stranger"},
    "admin_there": {"other clinic", "stranger"},
    "nobody": set(),
    "doctor without a file": {"own clinic"},
}


def somebody(world: World, who: str) -> User:
    if who == "nobody":
        return UserFactory(role="receptionist")
    if who == "doctor without a file":
        return UserFactory(role="doctor", clinics=[world.here])
    user: User = getattr(world, who)
    return user


def busy(world: World) -> None:
    """Something happens in every room where somebody still works."""
    for doctor in world.here.doctors.all():
        walk_in(world, doctor=doctor, by=None)
    walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there)


def number_of(room: str) -> tuple[str, dict[str, int]]:
    kind, _, number = room.partition("_")
    return ("join_queue_room" if kind == "clinic" else "join_doctor_room"), {f"{kind}_id": int(number)}


@pytest.mark.parametrize("who", MAY)
async def test_every_role_in_every_room_by_socket(world: World, connect: Connect, who: str) -> None:
    await run(busy, world)
    client = await connect(await run(somebody, world, who))
    everyone = await connect(world.superuser)
    for name, room_of in ROOMS.items():
        room = room_of(world)
        await everyone.join(room)
        event, data = number_of(room)
        if name in MAY[who]:
            await client.join(room)
            await client.join(room, since=0)
        else:
            assert await client.error(event, data) == "forbidden", name
            assert await client.error(event, {**data, "since": 0, "epoch": client.epoch}) == "forbidden", name

    await run(busy, world)

    rooms = {room_of(world) for room_of in ROOMS.values()}
    allowed = {ROOMS[name](world) for name in MAY[who]}
    await everyone.settle(*rooms, "broadcast")
    got = await client.settle(*allowed, "broadcast")
    assert {frame["room"] for frame in got} == {*allowed, "broadcast"}
    await client.is_silent()
    assert {frame["room"] for frame in client.frames if "room" in frame} == {*allowed, "broadcast"}


@pytest.mark.parametrize("who", MAY)
async def test_every_role_in_every_room_by_long_poll(world: World, connect: Connect, who: str) -> None:
    await run(busy, world)
    user = await run(somebody, world, who)
    authorization = f"Bearer {await run(token_for, user)}"
    for name, room_of in ROOMS.items():
        room = room_of(world)
        for asked in (room, f"{room}:0"):
            answer = await poll(authorization, room=["broadcast:0", asked])
            if name in MAY[who]:
                assert answer.status_code == 200
                assert answer.json()["rooms"][room]["events"]
            else:
                assert answer.status_code == 403
                assert set(answer.json()) == {"detail", "code"}
                assert room in answer.json()["detail"]


@pytest.mark.parametrize("who", MAY)
def test_every_role_in_every_room_by_http_snapshot(world: World, who: str) -> None:
    """A room of another clinic isn't there; a colleague's queue is not one's own."""
    busy(world)
    api = Api(somebody(world, who))
    for name, room_of in ROOMS.items():
        kind, _, number = room_of(world).partition("_")
        expected = 200 if name in MAY[who] else 404
        if expected == 404 and who in ("doctor_user", "doctor without a file") and name in ("doctor", "colleague"):
            expected = 403
        assert api.call("get", f"queue/{kind}s/{number}/").status_code == expected, name


async def test_broadcast_is_joined_without_asking(world: World, connect: Connect) -> None:
    nobody = await connect(await run(UserFactory))

    await run(walk_in, world)  # registers a patient

    assert [frame["event"] for frame in await nobody.settle("broadcast")] == ["patient_created"]


async def test_rooms_end_with_the_connection(world: World, connect: Connect) -> None:
    first = await connect(world.receptionist)
    await first.join(f"clinic_{world.here.pk}")
    await first.disconnect()

    second = await connect(world.receptionist)

    assert list((await second.ask("ping"))["data"]["rooms"]) == ["broadcast"]
    await run(walk_in, world)
    assert {frame["room"] for frame in await second.settle("broadcast")} == {"broadcast"}


async def test_cancelled_consumer_leaves_its_rooms(world: World, connect: Connect) -> None:
    """Servers may drop a consumer without a word."""
    from realtime.hub import get_hub

    client = await connect(world.receptionist)
    await client.join(f"clinic_{world.here.pk}")
    hub = await get_hub()
    assert len(hub.sockets) == 1

    client.wire.future.cancel()

    assert await client.closed() == 1012

    assert not hub.sockets
    client._ended = True


# --- Rights that change while somebody is connected -------------------------------------------------------------------


def demote(user: User, **fields: Any) -> None:
    fresh = User.objects.get(pk=user.pk)
    for name, value in fields.items():
        setattr(fresh, name, value)
    fresh.save()


def change_password(user: User) -> None:
    fresh = User.objects.get(pk=user.pk)
    fresh.set_password("another long password")
    fresh.save()


def take_login(doctor: Doctor) -> None:
    fresh = Doctor.objects.get(pk=doctor.pk)
    fresh.user = None
    fresh.save()


# who, what happens, which of their rooms are lost
REMOVALS: dict[str, tuple[str, Callable[[World], Any], set[str]]] = {
    "clinic taken from user": ("receptionist", lambda w: w.receptionist.clinics.remove(w.here), DESK),
    "user taken from clinic": ("receptionist", lambda w: w.here.staff.remove(w.receptionist), DESK),
    "clinics of user cleared": ("receptionist", lambda w: w.receptionist.clinics.clear(), DESK),
    "staff of clinic cleared": ("admin", lambda w: w.here.staff.clear(), DESK),
    "clinics of user set": ("receptionist", lambda w: w.receptionist.clinics.set([w.there]), DESK),
    "role to doctor": ("receptionist", lambda w: demote(w.receptionist, role="doctor"), {"doctor", "colleague"}),
    "role of doctor to desk": ("doctor_user", lambda w: demote(w.doctor_user, role="receptionist"), set()),
    "superuser no more": ("superuser", lambda w: demote(w.superuser, is_superuser=False), set(ROOMS)),
    "doctor left the clinic": ("receptionist", lambda w: w.doctor.clinics.remove(w.here), {"doctor"}),
    "clinic dropped the doctor": ("admin", lambda w: w.here.doctors.remove(w.doctor), {"doctor"}),
    "doctor lost the login": ("doctor_user", lambda w: take_login(w.doctor), {"doctor"}),
    "another clinic more": ("receptionist", lambda w: w.receptionist.clinics.add(w.there), set()),
    "another name": ("receptionist", lambda w: demote(w.receptionist, first_name="Other"), set()),
    "somebody else": ("receptionist", lambda w: demote(w.admin, is_active=False), set()),
}


@pytest.mark.parametrize("name", REMOVALS)
async def test_rights_taken_away_remove_from_rooms(world: World, connect: Connect, name: str) -> None:
    who, happens, lost = REMOVALS[name]
    client, witness = await connect(getattr(world, who)), await connect(await run(boss, world))
    rooms = {each: room_of(world) for each, room_of in ROOMS.items()}
    for each, room in rooms.items():
        await witness.join(room)
        if each in MAY[who]:
            await client.join(room)

    await run(happens, world)

    removed: set[str] = set()
    while removed < {rooms[each] for each in lost}:
        frame = await client.next()
        if frame["event"] == "removed":
            removed.add(frame["data"]["room"])
    client.events.clear()
    await run(busy, world)
    await witness.settle(*rooms.values(), "broadcast")
    kept = {rooms[each] for each in MAY[who] - lost} | {"broadcast"}
    got = await client.settle(*kept)
    assert {frame["room"] for frame in got} == kept
    assert set((await client.ask("ping"))["data"]["rooms"]) == kept
    assert removed == {rooms[each] for each in lost}
    for each in lost:
        event, data = number_of(rooms[each])
        assert await client.error(event, data) == "forbidden"


def boss(world: World) -> User:
    """A superuser whom nothing of the above touches."""
    return UserFactory(role="admin", is_superuser=True)


CLOSINGS: dict[str, tuple[Callable[[World, Login], Any], int]] = {
    "disabled": (lambda w, login: demote(w.receptionist, is_active=False), 4403),
    "logged out": (lambda w, login: end(Login.objects.get(pk=login.pk)), 4401),
    "password changed": (lambda w, login: change_password(w.receptionist), 4401),
}


@pytest.mark.parametrize("name", CLOSINGS)
async def test_end_of_an_account_or_login_closes_its_sockets(world: World, connect: Connect, name: str) -> None:
    happens, code = CLOSINGS[name]
    room = f"clinic_{world.here.pk}"
    login = await run(Login.objects.create, user=world.receptionist)
    client = await connect(token=await run(token_for, world.receptionist, login))
    witness = await connect(world.admin)
    await client.join(room)
    await witness.join(room)

    await run(happens, world, login)

    assert await client.closed() == code
    assert client.frames[-1]["event"] == "error"
    assert client.frames[-1]["data"]["code"] == ("forbidden" if code == 4403 else "unauthenticated")
    await run(walk_in, world, by=world.admin)
    assert room in {frame["room"] for frame in await witness.settle(room)}


async def test_after_the_end_of_a_login_nothing_arrives(world: World, connect: Connect) -> None:
    """What is committed after the hub has heard of the end is never written to that socket."""
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    client.events.clear()
    await run(demote, world.receptionist, is_active=False)
    assert await client.closed() == 4403

    await run(walk_in, world)

    assert client.wire.output_queue.empty()
    assert client.events == []


async def test_logging_out_over_http_ends_this_login_alone(world: World, connect: Connect) -> None:
    def log_in() -> dict[str, str]:
        answer = Api().call("post", "auth/token/", {"username": world.receptionist.username, "password": PASSWORD})
        pair: dict[str, str] = answer.json()
        return pair

    from tests.factories.directory import PASSWORD

    here, elsewhere = await run(log_in), await run(log_in)
    first, second = await connect(token=here["access"]), await connect(token=elsewhere["access"])

    await run(lambda: Api().call("post", "auth/token/blacklist/", {"refresh": here["refresh"]}))

    assert await first.closed() == 4401
    await second.is_silent()


async def test_right_that_is_given_counts_at_once(world: World, connect: Connect) -> None:
    client = await connect(world.receptionist)
    assert await client.error("join_queue_room", {"clinic_id": world.there.pk}) == "forbidden"

    await run(world.receptionist.clinics.add, world.there)
    token = await run(token_for, world.receptionist)

    await client.join(f"clinic_{world.there.pk}", token=token)


async def test_superuser_may_join_a_clinic_that_was_opened_after_they_connected(world: World, connect: Connect) -> None:
    client = await connect(world.superuser)

    clinic: Clinic = await run(ClinicFactory)

    assert (await client.join(f"clinic_{clinic.pk}")).seq == 0


async def test_rights_are_checked_when_the_token_is_checked_before_they_change(world: World, connect: Connect) -> None:
    """Disabled between the check of the token and the registration with the hub: closed all the same."""
    wire = communicator(await run(token_for, world.receptionist))
    client = Client(wire)
    await client.handshake()
    await run(demote, world.receptionist, is_active=False)

    assert await client.closed() == 4403


def test_who_is_disabled_while_rights_are_read_is_not_taken_for_somebody_who_has_logged_out(world: World) -> None:
    """Disabling ends the logins, too: 4403 and not 4401, whichever of the two is read first."""
    login = verify_access(token_for(world.receptionist)).login_id
    read: list[str] = []

    def disable_after_the_first(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        read.append(sql)
        if len(read) == 1:
            demote(world.receptionist, is_active=False)
        return result

    with connection.execute_wrapper(disable_after_the_first):
        users, _open_logins = guard._load_people({world.receptionist.pk}, {login})

    assert users == {}


async def test_join_and_loss_of_the_right_at_the_same_moment(world: World, connect: Connect, settings: Settings) -> None:
    """Whichever comes first: in the end nobody is in a room that isn't theirs, and nobody is told ``joined`` after
    ``removed``."""
    settings.REALTIME = {**settings.REALTIME, "FRAMES_BURST": 10_000}
    rooms = [f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}", f"doctor_{world.colleague.pk}"]
    await run(busy, world)
    witness, racer = await connect(world.receptionist), await connect(world.receptionist)
    for turn in range(25):
        token = await run(token_for, world.receptionist)
        await witness.join(rooms[0], token=token)
        losing = asyncio.create_task(run(world.receptionist.clinics.remove, world.here))
        for _ in range(turn % 13):
            await asyncio.sleep(0)
        await racer.send("authenticate", {"token": token})
        for room in rooms:
            event, data = number_of(room)
            await racer.send(event, data, ref=room)
        await losing
        while (await witness.next())["event"] != "removed":
            pass
        inside: set[str] = set()
        answered: set[str] = set()
        while answered < set(rooms) or inside:
            try:
                frame = await racer.next()
            except TimeoutError:
                raise AssertionError(
                    f"turn {turn}: in {inside}, {[f for f in racer.frames if 'room' not in f][-12:]}"
                ) from None
            if frame["event"] in ("joined", "error") and frame.get("ref") in rooms:
                answered.add(frame["ref"])
            if frame["event"] == "joined":
                inside.add(frame["data"]["room"])
            if frame["event"] == "removed":
                # A removal that overtook its ``joined`` would leave the room inside for ever.
                inside.discard(frame["data"]["room"])
        assert list((await racer.ask("ping"))["data"]["rooms"]) == ["broadcast"]
        await run(world.receptionist.clinics.add, world.here)
