"""Getting in and out over the API (contract/api.md, section 2)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from clinics.authentication import LoginTokenAuthentication, caller
from clinics.lockout import TOO_MANY_TRIES, is_locked_out, wait_seconds
from clinics.logins import TokenRefused, access_token_for, end, login_of, login_of_session, refresh_token_for
from clinics.models import Login, User
from clinics.serializers import MeSerializer


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4000)


PAIR = inline_serializer("TokenPair", {"access": serializers.CharField(), "refresh": serializers.CharField()})
ACCESS = inline_serializer("AccessToken", {"access": serializers.CharField()})
NOTHING = inline_serializer("Nothing", {})


def _body(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _refused(detail: str) -> AuthenticationFailed:
    return AuthenticationFailed(detail, code="token_not_valid")


class _Open(APIView):
    """A call that needs no login; 401 answers still name the scheme."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    def get_authenticate_header(self, request: Request) -> str:
        return LoginTokenAuthentication().authenticate_header(request)


class TokenView(_Open):
    """Log in: name and password for a pair of tokens."""

    @extend_schema(request=CredentialsSerializer, responses={200: PAIR})
    def post(self, request: Request) -> Response:
        given = _body(CredentialsSerializer, request)
        if is_locked_out(request._request, given["username"]):
            raise Throttled(wait=wait_seconds(), detail=str(TOO_MANY_TRIES))
        user = authenticate(request._request, **given)
        if not isinstance(user, User):
            raise AuthenticationFailed(_("Wrong name or password."), code="no_active_account")
        refresh = refresh_token_for(Login.objects.create(user=user))
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class RefreshView(_Open):
    """A new pair for a refresh token, which is dead from then on."""

    @extend_schema(request=RefreshSerializer, responses={200: PAIR})
    def post(self, request: Request) -> Response:
        raw = _body(RefreshSerializer, request)["refresh"]
        try:
            with transaction.atomic():
                refresh = RefreshToken(raw)
                login_of(refresh)
                # Annotated as the row alone, but it is get_or_create's pair.
                _row, fresh = cast("tuple[object, bool]", refresh.blacklist())
                if not fresh:
                    # Two calls with the same token at the same moment: one of them is not its owner.
                    raise _refused(_("This refresh token was used already. Log in again."))
                refresh.set_jti()
                refresh.set_exp()
                refresh.set_iat()
                refresh.outstand()
        except TokenError as error:
            raise _refused(_("The refresh token is malformed, used or has run out. Log in again.")) from error
        except TokenRefused as error:
            raise _refused(error.detail) from error
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class BlacklistView(_Open):
    """Log out: the login's tokens are refused from now on, and its open sockets end."""

    @extend_schema(request=RefreshSerializer, responses={200: NOTHING})
    def post(self, request: Request) -> Response:
        raw = _body(RefreshSerializer, request)["refresh"]
        try:
            refresh = RefreshToken(raw)
            login = login_of(refresh)
        except (TokenError, TokenRefused) as error:
            raise _refused(_("The refresh token is malformed, used or has run out; there is nothing to end.")) from error
        with transaction.atomic():
            refresh.blacklist()
            end(login)
        return Response({})


class SessionTokenView(APIView):
    """An access token for the socket of a page whose browser is logged in. CSRF is checked."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get_authenticate_header(self, request: Request) -> str:
        return "Session"

    @extend_schema(request=None, responses={200: ACCESS})
    def post(self, request: Request) -> Response:
        try:
            login = login_of_session(request._request)
        except TokenRefused as error:
            raise _refused(error.detail) from error
        return Response({"access": str(access_token_for(login))})


class MeView(APIView):
    """Who the caller is, and what they may."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)
