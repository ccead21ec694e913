"""A form that was sent twice is done once: its token is stored in the transaction of what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from django.db import IntegrityError
from django.utils import timezone

from clinics.commands import command
from clinics.models import IdempotencyKey, User

Done = TypeVar("Done")


class DoneBefore(Exception):
    """The same form was sent before, and is done."""


def new_token() -> str:
    return uuid4().hex


def once(user: User, token: str, work: Callable[[], Done]) -> Done:
    """Do ``work`` unless this user has sent a form with this token before; raises ``DoneBefore``.

    Of two at the same time the second one waits for the first. What is refused may be sent again. A form without a token is
    always a new one: nothing says which other it could be.
    """
    if not token:
        with command():
            return work()
    with command():
        try:
            with command():
                _note(user, token)
        except IntegrityError as error:
            raise DoneBefore from error
        return work()


def _note(user: User, token: str) -> Any:
    return IdempotencyKey.objects.create(
        user=user, key=f"form {token[:64]}", fingerprint="", started_at=timezone.now(), status=303
    )
