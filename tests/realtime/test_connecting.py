"""Getting in: tokens, origins, the first frame, and the end of a token (contract/realtime.md, section 3)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import Settings
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from clinics.logins import end, refresh_token_for
from clinics.models import Login, User
from realtime import log
from tests.factories import World
from tests.realtime.client import PATIENCE, Client, Closed, communicator, run, token_for
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)


# --- The first frame --------------------------------------------------------------------------------------------------


async def test_connected_says_who_and_where(world: World, connect: Connect) -> None:
    token = await run(token_for, world.receptionist)
    client = await connect(token=token)

    expires = dt.datetime.fromtimestamp(AccessToken(token)["exp"], dt.UTC)
    assert client.connected == {
        "event": "connected",
        "data": {
            "protocol": "clinic.v1",
            "user": {
                "id": world.receptionist.pk,
                "username": world.receptionist.username,
                "role": "receptionist",
                "clinics": [world.here.pk],
                "doctor_id": None,
            },
            "epoch": await run(log.epoch),
            "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "heartbeat": 20,
            "rooms": {"broadcast": (await run(log.heads, ["broadcast"]))["broadcast"].head},
        },
    }


@pytest.mark.parametrize(
    ("who", "role"), [("doctor_user", "doctor"), ("admin", "admin"), ("superuser", "admin"), ("receptionist", "receptionist")]
)
async def test_connected_knows_each_role(world: World, connect: Connect, who: str, role: str) -> None:
    client = await connect(getattr(world, who))

    user = client.connected["data"]["user"]
    both = sorted([world.here.pk, world.there.pk])
    assert user["role"] == role
    assert user["clinics"] == (both if who == "superuser" else [world.here.pk])
    assert user["doctor_id"] == (world.doctor.pk if who == "doctor_user" else None)


# --- Where the token stands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_token_in_header(world: World, connect: Connect, scheme: str) -> None:
    token = await run(token_for, world.receptionist)
    client = Client(communicator(headers=[(b"authorization", f"{scheme} {token}".encode())]))

    await client.start()

    assert client.subprotocol is None
    await client.disconnect()


@pytest.mark.parametrize("first", ["clinic.v1", "token"])
async def test_token_in_subprotocol_is_never_echoed(world: World, connect: Connect, first: str) -> None:
    bearer = f"bearer.{await run(token_for, world.receptionist)}"
    offered = ["clinic.v1", bearer] if first == "clinic.v1" else [bearer, "clinic.v1"]
    client = Client(communicator(subprotocols=offered))

    await client.start()

    assert client.subprotocol == "clinic.v1"
    await client.disconnect()


async def test_subprotocol_without_ours_is_not_echoed(world: World, connect: Connect) -> None:
    client = Client(communicator(subprotocols=[f"bearer.{await run(token_for, world.receptionist)}"]))

    await client.start()

    assert client.subprotocol is None
    await client.disconnect()


async def test_token_in_the_address_counts_for_nothing(world: World, connect: Connect) -> None:
    token = await run(token_for, world.receptionist)

    assert await refusal(communicator(path=f"/ws/queue/?token={token}&access={token}")) == ("unauthenticated", 4401)


# --- What is no proof -------------------------------------------------------------------------------------------------


def ended(user: User) -> str:
    login = Login.objects.create(user=user)
    token = token_for(user, login)
    end(login)
    return token


def of_changed_password(user: User) -> str:
    token = token_for(user)
    user.set_password("another long password")
    user.save()
    return token


def of_nobodys_login(user: User) -> str:
    return token_for(user, sid=str(uuid.uuid4()))


def expired(user: User) -> str:
    return token_for(user, exp=int(timezone.now().timestamp()) - 1)


def signed_by_another(user: User) -> str:
    head, payload, signature = token_for(user).split(".")
    return ".".join([head, payload, signature[::-1]])


def unsigned(user: User) -> str:
    _head, payload, _signature = token_for(user).split(".")
    return f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."


NO_PROOF: dict[str, Callable[[User], str | None]] = {
    "none": lambda user: None,
    "empty": lambda user: "",
    "garbage": lambda user: "garbage",
    "dots": lambda user: "a.b.c",
    "not-ascii": lambda user: "bearer-\xe9\xff",
    "expired": expired,
    "refresh-token-as-access": lambda user: str(refresh_token_for(Login.objects.create(user=user))),
    "signed-by-another": signed_by_another,
    "unsigned": unsigned,
    "logged-out": ended,
    "password-changed": of_changed_password,
    "nobodys-login": of_nobodys_login,
    "login-is-no-id": lambda user: token_for(user, sid="1 OR 1=1"),
}


async def refusal(wire: Any) -> tuple[str, int]:
    """The code of the one error frame, and of the close, of a socket that is accepted but not let in."""
    client = Client(wire)
    await client.handshake()
    frame = await client.next()
    assert frame["event"] == "error", frame
    with pytest.raises(Closed) as closed:
        await client.next()
    return frame["data"]["code"], closed.value.code


@pytest.mark.parametrize("by", ["header", "subprotocol"])
@pytest.mark.parametrize("name", NO_PROOF)
async def test_no_proof_is_told_and_closed_with_4401(world: World, name: str, by: str) -> None:
    token = await run(NO_PROOF[name], world.receptionist)
    if by == "header":
        headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode("latin-1"))]
        wire = communicator(headers=headers)
    else:
        wire = communicator(subprotocols=["clinic.v1", *([] if token is None else [f"bearer.{token}"])])

    assert await refusal(wire) == ("unauthenticated", 4401)


async def test_disabled_account_is_told_and_closed_with_4403(world: World) -> None:
    token = await run(token_for, world.receptionist)
    world.receptionist.is_active = False
    await run(world.receptionist.save)

    assert await refusal(communicator(token)) == ("forbidden", 4403)


# --- Where the page comes from ----------------------------------------------------------------------------------------


async def is_let_in(token: str, origin: str | None, host: str = "localhost:8000", **scope: Any) -> bool:
    headers = [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode("latin-1")))
    wire = communicator()
    wire.scope |= {"headers": headers, **scope}
    accepted, _ = await wire.connect(timeout=PATIENCE)
    await wire.disconnect(timeout=PATIENCE)
    return accepted


GOOD_ORIGINS = {
    "program": (None, "localhost:8000"),
    "own": ("http://localhost:8000", "localhost:8000"),
    "own by number": ("http://127.0.0.1:8000", "127.0.0.1:8000"),
    "own by another name": ("http://localhost:8000", "127.0.0.1:8000"),
    "own by IPv6 number": ("http://[::1]:8000", "[::1]:8000"),
    "own on the usual port": ("http://localhost", "localhost"),
    "configured": ("http://localhost:3000", "localhost:8000"),
}
BAD_ORIGINS = {
    "other host": ("http://evil.example", "localhost:8000"),
    "other port": ("http://localhost:8001", "localhost:8000"),
    "no port": ("http://localhost", "localhost:8000"),
    "other scheme": ("https://localhost:8000", "localhost:8000"),
    "null": ("null", "localhost:8000"),
    "empty": ("", "localhost:8000"),
    "own as prefix": ("http://localhost:8000.evil.example", "localhost:8000"),
    "own as suffix": ("http://evil-localhost:8000", "localhost:8000"),
    "below own": ("http://evil.localhost:8000", "localhost:8000"),
    "own as user": ("http://localhost:8000@evil.example", "localhost:8000"),
    "with path": ("http://localhost:8000/", "localhost:8000"),
    "configured as prefix": ("http://localhost:30001", "localhost:8000"),
    "configured as prefix of host": ("http://localhost:3000.evil.example", "localhost:8000"),
    "configured with other scheme": ("https://localhost:3000", "localhost:8000"),
    "file": ("file://", "localhost:8000"),
    "forged host": ("http://evil.example", "evil.example"),
    "two": ("http://localhost:8000 http://evil.example", "localhost:8000"),
    "not an address": ("http://[", "["),
    "not a port": ("http://localhost:x", "localhost:x"),
    "not ascii": ("http://localh\xf6st:8000", "localhost:8000"),
}


@pytest.mark.parametrize("name", GOOD_ORIGINS)
async def test_page_of_a_known_origin_is_let_in(world: World, connect: Connect, name: str) -> None:
    origin, host = GOOD_ORIGINS[name]

    assert await is_let_in(await run(token_for, world.receptionist), origin, host)


@pytest.mark.parametrize("name", BAD_ORIGINS)
async def test_page_of_another_origin_is_refused_at_the_handshake(world: World, connect: Connect, name: str) -> None:
    origin, host = BAD_ORIGINS[name]

    assert not await is_let_in(await run(token_for, world.receptionist), origin, host)


async def test_star_lets_any_name_reach_the_server_but_not_any_page(world: World, connect: Connect, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    token = await run(token_for, world.receptionist)

    assert await is_let_in(token, "http://any.example:8000", "any.example:8000")
    assert not await is_let_in(token, "http://evil.example:8000", "any.example:8000")


async def test_own_origin_over_tls(world: World, connect: Connect, settings: Settings) -> None:
    token = await run(token_for, world.receptionist)

    assert await is_let_in(token, "https://localhost:8000", scheme="wss")
    assert not await is_let_in(token, "http://localhost:8000", scheme="wss")


async def test_forwarded_scheme_counts_behind_a_proxy_alone(world: World, connect: Connect, settings: Settings) -> None:
    token = await run(token_for, world.receptionist)
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"origin", b"https://localhost"),
        (b"x-forwarded-proto", b"https"),
    ]

    for behind_proxy in (False, True):
        settings.BEHIND_TLS_PROXY = behind_proxy
        assert await is_let_in(token, None, headers=headers) is behind_proxy


async def test_another_address_is_refused_at_the_handshake(world: World) -> None:
    wire = communicator(await run(token_for, world.receptionist), path="/ws/other/")

    assert (await wire.connect(timeout=PATIENCE))[0] is False
    await wire.disconnect(timeout=PATIENCE)


# --- The end of a token -----------------------------------------------------------------------------------------------


@pytest.fixture
def short(settings: Settings) -> None:
    """A token of five minutes ends its socket after two seconds: enough for what a test does before, on any machine."""
    settings.REALTIME = {**settings.REALTIME, "EXPIRY_GRACE": -298}


async def test_token_that_ran_out_closes_with_4401(world: World, connect: Connect, short: None) -> None:
    client = await connect(world.receptionist)

    assert await client.closed() == 4401
    assert client.frames[-1]["event"] == "error"
    assert client.frames[-1]["data"]["code"] == "unauthenticated"


async def test_socket_outlives_its_token_by_the_grace(world: World, connect: Connect, clock: time_machine.Traveller) -> None:
    token = await run(token_for, world.receptionist)
    client = await connect(token=token)

    clock.shift(dt.timedelta(minutes=5, seconds=1))

    assert await refusal(communicator(token)) == ("unauthenticated", 4401)
    await client.is_silent()


async def test_renewed_token_keeps_the_socket_and_its_rooms(world: World, connect: Connect, short: None) -> None:
    room = f"clinic_{world.here.pk}"
    kept, other = await connect(world.receptionist), await connect(world.receptionist)
    await kept.join(room)
    token = await run(token_for, world.receptionist, exp=int(timezone.now().timestamp()) + 3_000)

    answer = await kept.ask("authenticate", {"token": token})

    expires = dt.datetime.fromtimestamp(AccessToken(token)["exp"], dt.UTC)  # type: ignore[arg-type]
    assert answer["event"] == "authenticated"
    assert answer["data"] == {"expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert await other.closed() == 4401  # the old token's time is over
    pong = await kept.ask("ping")
    assert sorted(pong["data"]["rooms"]) == ["broadcast", room]


async def test_token_renewed_in_a_join_counts(world: World, connect: Connect, short: None) -> None:
    kept, other = await connect(world.receptionist), await connect(world.receptionist)
    token = await run(token_for, world.receptionist, exp=int(timezone.now().timestamp()) + 3_000)

    await kept.join(f"clinic_{world.here.pk}", token=token)

    assert await other.closed() == 4401
    await kept.is_silent()


@pytest.mark.parametrize("name", [name for name in NO_PROOF if name not in ("none", "not-ascii")])
async def test_renewing_with_no_proof_is_refused_and_changes_nothing(world: World, connect: Connect, name: str) -> None:
    client = await connect(world.receptionist_there)
    token = await run(NO_PROOF[name], world.receptionist)

    assert await client.error("authenticate", {"token": token}) == "unauthenticated"
    await client.is_silent()


async def test_renewing_with_another_users_token_is_forbidden(world: World, connect: Connect) -> None:
    client = await connect(world.receptionist)
    token = await run(token_for, world.superuser)

    assert await client.error("authenticate", {"token": token}) == "forbidden"
    assert await client.error("join_queue_room", {"clinic_id": world.there.pk, "token": token}) == "forbidden"
    assert await client.error("join_queue_room", {"clinic_id": world.there.pk}) == "forbidden"
    assert list((await client.ask("ping"))["data"]["rooms"]) == ["broadcast"]


# --- Limits -----------------------------------------------------------------------------------------------------------


async def test_too_many_sockets_of_one_user(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "SOCKETS_PER_USER": 2}
    await connect(world.receptionist)
    second = await connect(world.receptionist)

    assert await refusal(communicator(await run(token_for, world.receptionist))) == ("rate_limited", 4429)
    await connect(world.admin)

    await second.disconnect()
    await connect(world.receptionist)
