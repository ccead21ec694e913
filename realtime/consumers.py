"""QueueConsumer: one client's connection, from its first frame to its last (contract/realtime.md, sections 3 to 5)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from clinics.logins import Proof, TokenRefused
from realtime import farewell, frames
from realtime.frames import BadFrame, Ref, answer_frame, error_frame, timestamp
from realtime.groups import BROADCAST, RoomRefused, clinic_room, doctor_room
from realtime.guard import check_rights
from realtime.hub import Hub, get_hub
from realtime.middleware import PROTOCOL, prove, subprotocol_of
from realtime.rates import Bucket
from realtime.sockets import DISABLED, RESTARTING, SERVER_ERROR, TOO_MANY_FRAMES, UNAUTHENTICATED, Socket
from realtime.threads import in_db
from realtime.wire import Wire

logger = logging.getLogger(__name__)


class FrameRate:
    """A bucket of tokens for the frames of one client, and a count of its bad ones."""

    def __init__(self, per_second: float, burst: int, bad_per_minute: int) -> None:
        self.take = Bucket(per_second, burst).take
        self._bad_limit = bad_per_minute
        self._bad: deque[float] = deque()

    def bad(self) -> bool:
        """Count a bad frame; true if there were too many in a minute."""
        now = time.monotonic()
        self._bad.append(now)
        while self._bad[0] < now - 60:
            self._bad.popleft()
        return len(self._bad) > self._bad_limit


class QueueConsumer(AsyncWebsocketConsumer):
    """Reads what the client asks and lets the hub answer. It has no channel of its own: the hub alone listens to the layer."""

    channel_layer_alias = "no channel of its own"

    socket: Socket | None = None
    hub: Hub
    _expiry: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        await self.accept(subprotocol_of(self.scope))
        refused: TokenRefused | None = self.scope.get("refused")
        if refused is not None:
            await self._refuse(refused)
            return
        try:
            await self._open()
        except DatabaseError as error:
            logger.warning("A socket couldn't be opened (%s); its client will come back.", error)
            await Wire(self.base_send).close(SERVER_ERROR)

    async def _open(self) -> None:
        if "proof" not in self.scope:
            await Wire(self.base_send).close(SERVER_ERROR)
            return
        limits = settings.REALTIME
        proof: Proof = self.scope["proof"]
        self._rate = FrameRate(limits["FRAMES_PER_SECOND"], limits["FRAMES_BURST"], limits["BAD_FRAMES"])
        self.hub = await get_hub()
        sockets = sum(1 for s in self.hub.sockets if s.rights.user_id == proof.user.pk)
        if sockets >= limits["SOCKETS_PER_USER"]:
            await self.send(error_frame("rate_limited", "Too many open connections of this user. Close some windows."))
            await self.close(TOO_MANY_FRAMES)
            return
        self.socket = Socket(
            self.base_send,
            rights=self.scope["rights"],
            login_id=proof.login_id,
            expires_at=proof.expires_at,
            limit=limits["BUFFER_LIMIT"],
        )
        self.hub.sockets.add(self.socket)
        self._arm_expiry()
        await self._greet()
        # Rights may have changed between the token's check and the socket being known to the hub.
        await self.hub.newcomers.check(self.socket)

    async def _refuse(self, refused: TokenRefused) -> None:
        await self.send(error_frame("forbidden" if refused.disabled else "unauthenticated", refused.detail))
        await self.close(DISABLED if refused.disabled else UNAUTHENTICATED)

    async def _greet(self) -> None:
        assert self.socket is not None
        rights = self.socket.rights
        # Written before any event of the room can be: joining waits only before it registers the socket.
        room = await self.hub.open(BROADCAST)
        self.socket.write(
            answer_frame(
                "connected",
                {
                    "protocol": PROTOCOL,
                    "user": {
                        "id": rights.user_id,
                        "username": rights.username,
                        "role": rights.role,
                        "clinics": sorted(rights.clinic_ids),
                        "doctor_id": rights.doctor_id,
                    },
                    "epoch": self.hub.epoch,
                    "expires_at": timestamp(self.socket.expires_at),
                    "heartbeat": settings.REALTIME["HEARTBEAT"],
                    "rooms": {BROADCAST: room.seq},
                },
            )
        )
        await self.hub.join(self.socket, BROADCAST, room.seq, self.hub.epoch, answer=False)

    def _arm_expiry(self) -> None:
        assert self.socket is not None
        if self._expiry is not None:
            self._expiry.cancel()
        left = (self.socket.expires_at - timezone.now()).total_seconds() + settings.REALTIME["EXPIRY_GRACE"]
        self._expiry = asyncio.get_running_loop().call_later(
            left, self.socket.close, UNAUTHENTICATED, ("unauthenticated", "The access token ran out. Get a new one.")
        )

    async def disconnect(self, code: int) -> None:
        await self._end()

    async def _end(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if self.socket is not None:
            self.hub.drop(self.socket)
            await self.socket.finish()
            self.socket = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with farewell.connection():
            try:
                await super().__call__(scope, receive, send)
            except asyncio.CancelledError:
                await self._say_goodbye(receive)
            finally:
                # Servers may cancel a consumer without a word: its rooms are left all the same.
                await self._end()

    async def _say_goodbye(self, receive: Any) -> None:
        """The server ends: tell the client to come back, and wait until it has heard."""
        if self.socket is not None:
            self.socket.close(RESTARTING)
            gone = asyncio.create_task(farewell.until_gone(receive))
            await asyncio.wait({gone}, timeout=farewell.GOODBYE_WITHIN)
            gone.cancel()

    # --- What the client asks ---------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        socket = self.socket
        if socket is None or socket.closing:
            return
        try:
            request, ref = frames.read(bytes_data if text_data is None else text_data, settings.REALTIME["FRAME_LIMIT"])  # type: ignore[arg-type]
        except BadFrame as bad:
            socket.write(error_frame(bad.code, bad.detail, bad.ref))
            self._count_bad()
            return
        if not self._rate.take():
            socket.write(error_frame("rate_limited", "Too many frames at once. Send them more slowly.", ref))
            self._count_bad()
            return
        try:
            await self._answer(socket, request, ref)
        except RoomRefused as refusal:
            socket.write(error_frame(refusal.code, refusal.detail, ref))
        except DatabaseError as error:
            logger.warning("A frame couldn't be answered (%s); its client will come back.", error)
            socket.close(SERVER_ERROR)

    def _count_bad(self) -> None:
        assert self.socket is not None
        if self._rate.bad():
            self.socket.close(
                TOO_MANY_FRAMES,
                ("rate_limited", "Too many frames that were bad or too fast. Wait a minute, then connect again."),
            )

    async def _answer(self, socket: Socket, request: frames.Request, ref: Ref) -> None:
        match request:
            case frames.JoinClinic():
                await self._join(socket, clinic_room(request.clinic_id), request, ref)
            case frames.JoinDoctor():
                await self._join(socket, doctor_room(request.doctor_id), request, ref)
            case frames.LeaveClinic():
                self._leave(socket, clinic_room(request.clinic_id), ref)
            case frames.LeaveDoctor():
                self._leave(socket, doctor_room(request.doctor_id), ref)
            case frames.ResumeBroadcast():
                await self.hub.join(socket, BROADCAST, request.since, request.epoch, ref)
            case frames.Authenticate():
                await self._authenticate(socket, request.token, ref, answer=True)
            case frames.Ping():
                data = {"rooms": self.hub.heads_of(socket), "at": timestamp(timezone.now())}
                socket.write(answer_frame("pong", data, ref))

    async def _join(self, socket: Socket, room: str, request: frames.JoinClinic | frames.JoinDoctor, ref: Ref) -> None:
        if request.token is not None and not await self._authenticate(socket, request.token, ref, answer=False):
            return
        if room not in socket.rooms and len(socket.rooms) >= settings.REALTIME["ROOMS_PER_SOCKET"]:
            socket.write(error_frame("too_many_rooms", "This connection is in too many rooms. Leave some first.", ref))
            return
        await self.hub.join(socket, room, request.since, request.epoch, ref)

    def _leave(self, socket: Socket, room: str, ref: Ref) -> None:
        self.hub.leave(socket, room)
        socket.write(answer_frame("left", {"room": room}, ref))

    async def _authenticate(self, socket: Socket, token: str, ref: Ref, *, answer: bool) -> bool:
        try:
            proof, rights = await in_db(prove, token)
        except TokenRefused as refused:
            socket.write(error_frame("forbidden" if refused.disabled else "unauthenticated", refused.detail, ref))
            return False
        if rights.user_id != socket.rights.user_id:
            socket.write(error_frame("forbidden", "This token is another user's. Open a connection of their own.", ref))
            return False
        socket.rights, socket.login_id, socket.expires_at = rights, proof.login_id, proof.expires_at
        self._arm_expiry()
        # Rights may have changed between the token's check and now.
        await check_rights(self.hub, {rights.user_id})
        if answer:
            socket.write(answer_frame("authenticated", {"expires_at": timestamp(proof.expires_at)}, ref))
        return not socket.closing
