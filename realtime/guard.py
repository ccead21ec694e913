"""Open sockets follow the rights of their users: closed or emptied within a second of a change (contract, section 2)."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from typing import TYPE_CHECKING

from django.db import Error as DatabaseError

from clinics.models import Login, User
from realtime.frames import answer_frame
from realtime.groups import Rights, lost_rooms, rights_of
from realtime.sockets import DISABLED, UNAUTHENTICATED
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


async def check_rights(hub: Hub, user_ids: set[int] | None) -> None:
    """Rights of these users (none: of all) may have changed: close or empty their sockets as the database says now."""
    sockets = [s for s in hub.sockets if user_ids is None or s.rights.user_id in user_ids]
    if not sockets:
        return
    logins = {s.login_id for s in sockets}
    users, open_logins = await in_db(_load_people, {s.rights.user_id for s in sockets}, logins)
    for socket in sockets:
        if socket.login_id not in logins:
            hub.spawn(keep_to_rights(hub, {socket.rights.user_id}))  # logged in anew while the database was asked
            continue
        rights = users.get(socket.rights.user_id)
        if rights is None:
            socket.close(DISABLED, ("forbidden", "This account was disabled. Ask an administrator of your clinic."))
        elif socket.login_id not in open_logins:
            socket.close(UNAUTHENTICATED, ("unauthenticated", "You have logged out. Log in again."))
        elif socket.rights.password_mark != rights.password_mark:
            socket.close(UNAUTHENTICATED, ("unauthenticated", "The password was changed. Log in again."))
        else:
            socket.rights = rights
            for name in await in_db(lost_rooms, rights, list(socket.rooms)):
                hub.leave(socket, name)
                socket.write(answer_frame("removed", {"room": name, "reason": "Your rights to this room have changed."}))
            continue
        hub.drop(socket)


def _load_people(user_ids: set[int], login_ids: set[uuid.UUID]) -> tuple[dict[int, Rights], set[uuid.UUID]]:
    users = {user.pk: rights_of(user) for user in User.objects.filter(pk__in=user_ids, is_active=True).select_related("doctor")}
    return users, set(Login.objects.filter(pk__in=login_ids, ended_at=None).values_list("pk", flat=True))
