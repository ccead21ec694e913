"""Bearer tokens in API calls: each call asks whether the login is still open, so a log-out counts at once."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed
from rest_framework_simplejwt.tokens import Token

from clinics.logins import TokenRefused, login_of
from clinics.models import User


def caller(request: Request) -> User:
    """The member of staff who calls; only for views that let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class LoginTokenAuthentication(JWTAuthentication):
    """simplejwt's bearer authentication, bound to the login that the token belongs to."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        try:
            return login_of(validated_token).user
        except TokenRefused as refused:
            code = "user_inactive" if refused.disabled else "token_not_valid"
            raise AuthenticationFailed(refused.detail, code=code) from refused
