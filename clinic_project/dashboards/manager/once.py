"""A form that was sent twice is done once: its token is stored in the transaction of what it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from django.db import IntegrityError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import DomainError
from clinics.models import IdempotencyKey, User

Done = TypeVar("Done")


class DoneBefore(Exception):
    """The same form was sent before, and is done."""


class WithoutToken(DomainError):
    """Nothing says whether this form was sent before."""

    code = "without_token"
    status = 400

    def __init__(self) -> None:
        super().__init__(_("Nothing was saved: the form came incomplete. What you wrote is still here, send it again."))


def new_token() -> str:
    return uuid4().hex


def token_of(post: QueryDict) -> str:
    """The token that a form was sent with; what can't be one isn't there."""
    token = post.get("token", "")
    return token if re.fullmatch(r"[0-9A-Za-z]{1,64}", token) else ""


def once(user: User, token: str, work: Callable[[], Done]) -> Done:
    """Do ``work`` unless this user has sent a form with this token before; raises ``DoneBefore``.

    Of two at the same time the second one waits for the first. What is refused may be sent again. A form without a token is refused
    (``WithoutToken``), since two of them could be one that was sent twice; shown again it has one.
    """
    if not token:
        raise WithoutToken
    with command():
        try:
            with command():
                _note(user, token)
        except IntegrityError as error:
            raise DoneBefore from error
        return work()


def _note(user: User, token: str) -> Any:
    return IdempotencyKey.objects.create(user=user, key=f"form {token}", fingerprint="", started_at=timezone.now(), status=303)
