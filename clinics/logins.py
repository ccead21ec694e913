"""Logins: what ties every token and browser session of one log-in together, so that they can be ended at once."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from clinics.models import Login, User

LOGIN_CLAIM = "sid"
SESSION_KEY = "login_id"
NOBODY = uuid.UUID(int=0)


class TokenRefused(Exception):
    """The token proves nothing (any more); ``disabled`` says that the account itself is closed."""

    def __init__(self, detail: str, *, disabled: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.disabled = disabled


@dataclass(frozen=True, slots=True)
class Proof:
    """Who a valid access token stands for, and until when."""

    user: User
    login_id: uuid.UUID
    expires_at: dt.datetime


def refresh_token_for(login: Login) -> RefreshToken:
    """A first refresh token of this login; access tokens made from it carry the same login."""
    token: RefreshToken = RefreshToken.for_user(login.user)
    token[LOGIN_CLAIM] = str(login.pk)
    return token


def access_token_for(login: Login) -> AccessToken:
    """An access token alone, for a page whose browser session stands for the rest."""
    token: AccessToken = AccessToken.for_user(login.user)
    token[LOGIN_CLAIM] = str(login.pk)
    return token


def login_of(token: Token) -> Login:
    """The open login that a verified token belongs to; raises ``TokenRefused`` if it was ended or its user disabled."""
    try:
        login_id = uuid.UUID(str(token.get(LOGIN_CLAIM)))
    except ValueError as error:
        raise TokenRefused(_("This token is not one of ours. Log in again.")) from error
    # With the doctor: whoever asks what the user may do would have to ask for it next.
    login = Login.objects.select_related("user__doctor").filter(pk=login_id).first()
    if login is None:
        raise TokenRefused(_("This login is not known. Log in again."))
    if not login.user.is_active:
        raise TokenRefused(_("This account is disabled. Ask an administrator of your clinic."), disabled=True)
    if login.ended_at is not None:
        raise TokenRefused(_("You have logged out. Log in again."))
    if token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(login.user.password):
        raise TokenRefused(_("The password was changed. Log in again."))
    return login


def verify_access(raw: str) -> Proof:
    """What the access token ``raw`` proves; raises ``TokenRefused``."""
    try:
        token = AccessToken(raw)  # type: ignore[arg-type]
    except TokenError as error:
        raise TokenRefused(_("The access token is missing, malformed or has run out. Get a new one.")) from error
    login = login_of(token)
    return Proof(login.user, login.pk, dt.datetime.fromtimestamp(token["exp"], dt.UTC))


def end(login: Login) -> None:
    """End the login: its tokens are refused from now on and its sockets closed. Ending it again changes nothing."""
    if login.ended_at is None:
        login.ended_at = timezone.now()
        login.save(update_fields=["ended_at"])


def login_of_session(request: HttpRequest) -> Login:
    """The open login of this browser session; raises ``TokenRefused`` if it was ended."""
    login = Login.objects.select_related("user").filter(pk=request.session.get(SESSION_KEY, NOBODY), ended_at=None).first()
    if login is None or login.user_id != request.user.pk:
        raise TokenRefused(_("This browser session has ended. Log in again."))
    return login


@receiver(post_save, sender=User, dispatch_uid="clinics.end_logins_of_disabled")
def _end_logins_of_disabled(instance: User, raw: bool, **_: Any) -> None:
    """Enabled again, somebody logs in anew: what was open when the account was disabled may be in a stranger's hands."""
    if not raw and not instance.is_active:
        for login in Login.objects.filter(user=instance, ended_at=None):
            end(login)


@receiver(user_logged_in, dispatch_uid="clinics.open_login")
def _open_login(request: HttpRequest | None, user: User, **_: Any) -> None:
    if request is not None and hasattr(request, "session"):
        request.session[SESSION_KEY] = str(Login.objects.create(user=user).pk)


@receiver(user_logged_out, dispatch_uid="clinics.end_login")
def _end_login(request: HttpRequest | None, **_: Any) -> None:
    if request is not None and hasattr(request, "session"):
        login = Login.objects.filter(pk=request.session.get(SESSION_KEY, NOBODY)).first()
        if login is not None:
            end(login)
