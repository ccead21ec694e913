"""A browser session ends with its login, also when somebody else ends it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from clinics.logins import TokenRefused, login_of_session


class OpenLoginMiddleware(MiddlewareMixin):
    """Logs a browser out whose login was ended. Stands behind Django's AuthenticationMiddleware."""

    def process_request(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            try:
                login_of_session(request)
            except TokenRefused:
                request.session.flush()
                request.user = AnonymousUser()
