"""Open sockets follow the rights of their users: closed or emptied within a second of a change (contract, section 2)."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import uuid
from typing import TYPE_CHECKING

from django.db import Error as DatabaseError

from clinics.models import Login, User
from realtime.frames import answer_frame
from realtime.groups import BROADCAST, Rights, lost_rooms, rights_of_all
from realtime.sockets import DISABLED, UNAUTHENTICATED, Socket
from realtime.threads import in_db

if TYPE_CHECKING:
    from realtime.hub import Hub

logger = logging.getLogger(__name__)


class Control:
    """The hub's own listener in the control room, which tells whose rights have changed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def deliver(self, seq: int, text: str) -> None:
        users = json.loads(text)["data"]["users"]
        self._hub.spawn(keep_to_rights(self._hub, None if users is None else set(users)))


async def keep_to_rights(hub: Hub, user_ids: set[int] | None) -> None:
    """``check_rights``, in the end: a database that can't answer just now must not leave anybody in."""
    while True:
        try:
            return await check_rights(hub, user_ids)
        except DatabaseError as error:
            logger.warning("Rights couldn't be checked (%s); trying again.", error)
            await asyncio.sleep(1)


class Newcomers:
    """Sockets that have just been registered: their rights may have changed since their token was checked.

    One question answers for all that were registered before it was asked, so those who come together share one.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._unchecked: set[Socket] = set()
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def check(self, socket: Socket) -> None:
        """Close this socket if it should not have been let in; raises what the database raises."""
        self._unchecked.add(socket)
        if self._next is None:
            self._next = self._hub.spawn(self._ask())
        asking = self._next
        # Not awaited itself: whoever is cancelled here must not take it from the others.
        await asyncio.wait({asking})
        if not asking.cancelled():
            asking.result()

    async def _ask(self) -> None:
        async with self._asking:
            self._next = None
            sockets, self._unchecked = self._unchecked, set()
            await _keep_to_rights_now(self._hub, sockets)


async def check_rights(hub: Hub, user_ids: set[int] | None) -> None:
    """Rights of these users (none: of all) may have changed: close or empty their sockets as the database says now. Calls that
    wait look for themselves."""
    for poll in hub.polls:
        if user_ids is None or poll.user_id in user_ids:
            poll.wake()
    await _keep_to_rights_now(hub, {s for s in hub.sockets if user_ids is None or s.rights.user_id in user_ids})


_questions = itertools.count(1)


async def _keep_to_rights_now(hub: Hub, sockets: set[Socket]) -> None:
    if not sockets:
        return
    # Whoever asks later hears what is newer: an answer that comes late must not give back what has been taken away.
    number = next(_questions)
    logins = {s.login_id for s in sockets}
    users, open_logins = await in_db(_load_people, {s.rights.user_id for s in sockets}, logins)
    lost: dict[tuple[Rights, frozenset[str]], list[str]] = {}
    for socket in sockets:
        if socket.login_id not in logins:
            hub.spawn(keep_to_rights(hub, {socket.rights.user_id}))  # logged in anew while the database was asked
            continue
        if socket.rights_as_of > number:
            continue
        socket.rights_as_of = number
        rights = users.get(socket.rights.user_id)
        if rights is None:
            socket.close(DISABLED, ("forbidden", "This account was disabled. Ask an administrator of your clinic."))
        elif socket.login_id not in open_logins:
            socket.close(UNAUTHENTICATED, ("unauthenticated", "You have logged out. Log in again."))
        elif socket.rights.password_mark != rights.password_mark:
            socket.close(UNAUTHENTICATED, ("unauthenticated", "The password was changed. Log in again."))
        else:
            socket.rights = rights
            # Everybody may be in broadcast; for the others the database may have to be asked, once for all who are alike.
            asked = frozenset(socket.rooms) - {BROADCAST}
            if asked and (rights, asked) not in lost:
                lost[rights, asked] = await in_db(lost_rooms, rights, asked)
            if socket.rights_as_of == number:
                for name in lost.get((rights, asked), ()):
                    hub.leave(socket, name)
                    socket.write(answer_frame("removed", {"room": name, "reason": "Your rights to this room have changed."}))
            continue
        hub.drop(socket)


def _load_people(user_ids: set[int], login_ids: set[uuid.UUID]) -> tuple[dict[int, Rights], set[uuid.UUID]]:
    # In this order: who is disabled between the two is told that, and not only that the login has ended along with it.
    open_logins = set(Login.objects.filter(pk__in=login_ids, ended_at=None).values_list("pk", flat=True))
    users = User.objects.filter(pk__in=user_ids, is_active=True).select_related("doctor")
    return rights_of_all(users), open_logins
