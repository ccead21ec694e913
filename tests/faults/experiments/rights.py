"""Rights are taken away while events come."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from clinics.logins import end
from clinics.models import Login, Role, User
from tests.factories import UserFactory
from tests.faults.experiments.outages import NO_REDIS
from tests.faults.experiments.table import experiment
from tests.faults.history import Ended, Removed
from tests.faults.laboratory import Clinic, Figures, Lab, must
from tests.faults.watcher import SocketWatcher
from tests.realtime.client import run, token_for
from tests.servers import Kind

GRACE = 10.0
"""Seconds that a socket outlives its token."""
TOKEN_LIFE = 2.0
UNAUTHENTICATED, DISABLED = 4401, 4403


@experiment(
    "token expired, renewed, user disabled, logged out, role and clinic changed, with Redis up",
    shows="left or closed within 1 s; 0 events after the right was taken away",
)
async def rights_with_redis(lab: Lab, kind: Kind) -> Figures:
    return await _rights(lab, kind, {}, 1.0)


@experiment(
    "the same with Redis down",
    shows="left or closed within 5 s; 0 events after the right was taken away",
)
async def rights_without_redis(lab: Lab, kind: Kind) -> Figures:
    return await _rights(lab, kind, NO_REDIS, 5.0)


async def _rights(lab: Lab, kind: Kind, env: dict[str, str], within: float) -> Figures:
    async with lab.clinic(kind, envs=[env]) as clinic:
        people = [await _person(clinic, name) for name in ("stays", "renews", "expires", "disabled", "out", "demoted", "moved")]
        stays, renews, expires, disabled, out, demoted, moved = people
        await clinic.open([each.watcher for each in people])
        work = await clinic.crowd()

        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=TOKEN_LIFE)
        for each in (renews, expires):
            await each.renew(soon)
        expires.loses(within, *clinic.rooms, after=TOKEN_LIFE + GRACE)
        await renews.renew(soon + dt.timedelta(hours=1))
        await work.reach(0.2)
        await run(_disable, disabled.user)
        disabled.loses(within, *clinic.rooms)
        await run(end, out.login)
        out.loses(within, *clinic.rooms)
        for each in (disabled, out):
            must(await asyncio.to_thread(_status, clinic, each.token) == 401, "the API still takes the token")
        await work.reach(0.4)
        await run(_demote, demoted.user)
        demoted.loses(within, *clinic.doctors)
        await run(moved.user.clinics.clear)
        moved.loses(within, clinic.here, *clinic.doctors)

        await asyncio.sleep(TOKEN_LIFE + GRACE + within)
        # Something happens that all of them would have heard.
        more = await clinic.write(lab.size.events // 10)
        await work.done()
        await more.done()
        figures = await clinic.verdict()
        for each in (stays, renews):
            must(not each.codes(), f"{each.user.username} was closed with {each.codes()}")
        must(expires.codes()[:1] == [UNAUTHENTICATED], f"an expired token: {expires.codes()}")
        must(out.codes()[:1] == [UNAUTHENTICATED], f"logged out: {out.codes()}")
        must(disabled.codes()[:1] == [DISABLED], f"disabled: {disabled.codes()}")
        must(demoted.removed() == set(clinic.doctors), f"a changed role: removed from {demoted.removed()}")
        must(moved.removed() == {clinic.here, *clinic.doctors}, f"a changed clinic: removed from {moved.removed()}")
        taken = [each for each in people if each.watcher.history.until]
        for each in taken:
            # A whole second is what a token's end is known by.
            must(-1 < each.told_after() < within, f"{each.user.username} was told {each.told_after():.2f} s after the loss")
        return figures | {
            "told within s": round(max(each.told_after() for each in taken), 2),
            "last event after the loss s": round(max(each.latest() for each in taken), 2),
        }


class _Person:
    """Somebody with a login of their own, and the screen that they watch."""

    def __init__(self, clinic: Clinic, user: User, login: Login, token: str) -> None:
        self.user, self.login, self.token = user, login, token
        watcher = clinic.watcher(user.username, token, [clinic.here, *clinic.doctors])
        assert isinstance(watcher, SocketWatcher)
        self.watcher = watcher
        watcher.token = lambda: self.token
        self._lost_at = 0.0

    def loses(self, within: float, *rooms: str, after: float = 0.0) -> None:
        """In ``after`` seconds these rooms are no longer theirs, and ``within`` as many more they hear nothing of them."""
        history = self.watcher.history
        self._lost_at = time.monotonic() + after
        history.left |= set(rooms)
        history.until |= dict.fromkeys(rooms, self._lost_at + within)

    async def renew(self, until: dt.datetime) -> None:
        """A token that ends then, on the same socket."""
        self.token = await run(lambda: token_for(self.user, self.login, exp=int(until.timestamp())))
        assert self.watcher.socket is not None, f"{self.user.username} has no connection"
        await self.watcher.send(self.watcher.socket, "authenticate", {"token": self.token})

    def codes(self) -> list[int]:
        """With what the connections were closed."""
        return [entry.code for entry in self.watcher.history.entries if isinstance(entry, Ended)]

    def removed(self) -> set[str]:
        """The rooms that were taken away."""
        return {entry.room for entry in self.watcher.history.entries if isinstance(entry, Removed)}

    def told_after(self) -> float:
        """Seconds from the loss to the end of the connection, or to the last room that was taken away."""
        entries = self.watcher.history.entries
        ended = [entry.at for entry in entries if isinstance(entry, Ended)]
        told = ended[:1] or [entry.at for entry in entries if isinstance(entry, Removed)][-1:]
        return (told[0] if told else float("inf")) - self._lost_at

    def latest(self) -> float:
        """Seconds from the loss to the last that was heard of what was lost; below zero: it was heard before."""
        heard = [
            entry.at
            for entry in self.watcher.history.entries
            if hasattr(entry, "seq") and entry.room in self.watcher.history.until
        ]
        return max(heard, default=self._lost_at) - self._lost_at


async def _person(clinic: Clinic, name: str) -> _Person:
    def make() -> tuple[User, Login, str]:
        user = UserFactory(
            username=f"{name}-{clinic.world.here.pk}-{time.monotonic_ns()}", role=Role.RECEPTIONIST, clinics=[clinic.world.here]
        )
        login = Login.objects.create(user=user)
        return user, login, token_for(user, login)

    return _Person(clinic, *await run(make))


def _save(field: str, value: object) -> Callable[[User], None]:
    def change(user: User) -> None:
        user.refresh_from_db()
        setattr(user, field, value)
        user.save()

    return change


_disable = _save("is_active", False)
_demote = _save("role", Role.DOCTOR)


def _status(clinic: Clinic, token: str) -> int:
    connection = HTTPConnection(urlsplit(clinic.server.url).netloc, timeout=30)
    try:
        connection.request("GET", "/api/auth/me/", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()
