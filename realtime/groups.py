"""Rooms: their names, and who may join them (contract/realtime.md, section 2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from rest_framework_simplejwt.utils import get_md5_hash_password

from clinics.models import Clinic, Doctor, Role, User

BROADCAST = "broadcast"
CONTROL = "control"
"""Never joined by a client: tells every process whose rights have changed, as reliably as any other event."""

_NAME = re.compile(r"(clinic|doctor)_([1-9][0-9]{0,17})")


class RoomRefused(Exception):
    """The room isn't there or isn't this user's; ``code`` is ``not_found`` or ``forbidden``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rights:
    """What decides which rooms somebody may be in; read once, and again when it changes."""

    user_id: int
    username: str
    role: str
    is_superuser: bool
    clinic_ids: frozenset[int]
    doctor_id: int | None
    password_mark: str
    """What tokens carry of the password: another one ends their sockets."""


def clinic_room(clinic_id: int) -> str:
    return f"clinic_{clinic_id}"


def doctor_room(doctor_id: int) -> str:
    return f"doctor_{doctor_id}"


def parse(room: str) -> tuple[str, int] | None:
    """``("clinic", 3)`` for ``"clinic_3"``; ``None`` for what isn't the name of a clinic's or doctor's room."""
    match = _NAME.fullmatch(room)
    return (match[1], int(match[2])) if match else None


def rights_of(user: User) -> Rights:
    """The rights as the database has them now."""
    return _rights(user, user.clinic_ids())


def rights_of_all(users: Iterable[User]) -> dict[int, Rights]:
    """The rights of several people at once, by id; asks no more often for many than for one."""
    users = list(users)
    works_at: dict[int, list[int]] = {user.pk: [] for user in users}
    for user_id, clinic_id in User.clinics.through.objects.filter(user__in=works_at).values_list("user_id", "clinic_id"):
        works_at[user_id].append(clinic_id)
    everywhere = list(Clinic.objects.values_list("pk", flat=True)) if any(user.is_superuser for user in users) else []
    return {user.pk: _rights(user, everywhere if user.is_superuser else works_at[user.pk]) for user in users}


def _rights(user: User, clinic_ids: Iterable[int]) -> Rights:
    return Rights(
        user_id=user.pk,
        username=user.get_username(),
        role=user.effective_role,
        is_superuser=user.is_superuser,
        clinic_ids=frozenset(clinic_ids),
        doctor_id=user.doctor_id,
        password_mark=get_md5_hash_password(user.password),
    )


def require(rights: Rights, room: str) -> None:
    """Raise ``RoomRefused`` unless the user may be in the room."""
    if room == BROADCAST:
        return
    parsed = parse(room)
    if parsed is None:
        raise RoomRefused("not_found", _("There is no room %(room)s.") % {"room": room[:60]})
    kind, number = parsed
    if kind == "clinic":
        if number in rights.clinic_ids:
            return
        if not Clinic.objects.filter(pk=number).exists():
            raise RoomRefused("not_found", _("There is no room %(room)s.") % {"room": room})
        if rights.is_superuser:
            return  # opened after these rights were read
        raise RoomRefused(
            "forbidden", _("You don't work at the clinic of %(room)s. Ask an administrator to assign you.") % {"room": room}
        )
    if number == rights.doctor_id:
        return
    clinics = set(Clinic.objects.filter(doctors=number).values_list("pk", flat=True))
    if not clinics and not Doctor.objects.filter(pk=number).exists():
        raise RoomRefused("not_found", _("There is no room %(room)s.") % {"room": room})
    at_the_desk = rights.role in (Role.RECEPTIONIST, Role.ADMIN)
    if not (rights.is_superuser or (at_the_desk and clinics & rights.clinic_ids)):
        raise RoomRefused(
            "forbidden", _("The queue of %(room)s is for that doctor and the desk of the doctor's clinics.") % {"room": room}
        )


def lost_rooms(rights: Rights, rooms: Collection[str]) -> list[str]:
    """Which of the rooms the user may be in no longer."""
    lost = []
    for room in rooms:
        try:
            require(rights, room)
        except RoomRefused:
            lost.append(room)
    return lost
