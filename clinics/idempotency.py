"""``Idempotency-Key``: a POST that is sent twice does its work once (contract/api.md, section 4).

The key is stored before the work begins, the answer in the same transaction as the work: a process that dies in between leaves
neither, and after twenty seconds the key may be tried again. A call that was given up too early undoes itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinics.authentication import caller
from clinics.exceptions import DomainError, NotAllowed
from clinics.models import IdempotencyKey

KEPT = dt.timedelta(hours=24)
GIVEN_UP = dt.timedelta(seconds=20)
"""A call that has not answered by then is taken for dead: no statement may take that long (settings)."""

# Answers that depend on who asks or how often, not on the command: they aren't remembered.
_NOT_KEPT = frozenset({401, 403, 429})


class KeyInUse(DomainError):
    """The first call with this key is still running."""

    code = "idempotency_key_in_use"


class KeyReused(DomainError):
    """The key was used for something else."""

    code = "idempotency_key_reused"
    status = 422


class IdempotentPostMixin(APIView):
    """For views whose POSTs may be repeated. Put it before the view class."""

    answers_not_kept: ClassVar[frozenset[str]] = frozenset()
    """Actions that may be done again instead: they change nothing, and each reading is noted."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Read before DRF parses the stream: afterwards the raw body is gone.
        body = request._request.body if "Idempotency-Key" in request.headers else b""
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key")
        handler: Callable[..., Response] | None = getattr(self, "post", None)
        if request.method == "POST" and key and handler and getattr(self, "action", None) not in self.answers_not_kept:
            if len(key) > 200 or not key.isprintable():
                raise ValidationError({"Idempotency-Key": [_("Use up to 200 printable characters, a UUID for example.")]})
            print_of = hashlib.sha256(b"\0".join([request.get_full_path().encode(), body])).hexdigest()

            def once(request: Request, *args: Any, **kwargs: Any) -> Response:
                return self._once(handler, key, print_of, request, *args, **kwargs)

            # DRF looks the handler up after initial(): this is its one hook between "who" and "what".
            self.post = once

    def _once(
        self, handler: Callable[..., Response], key: str, fingerprint: str, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        row, first = self._claim(key, fingerprint, request)
        if not first:
            return self._replay(row, fingerprint, request)
        try:
            with transaction.atomic():
                try:
                    response = handler(request, *args, **kwargs)
                except Exception as error:  # noqa: BLE001 (DRF decides what it handles and raises the rest again)
                    # The command has undone itself; its refusal is the answer to remember.
                    response = self.handle_exception(error)
                if response.status_code >= 500 or response.status_code in _NOT_KEPT:
                    transaction.set_rollback(True)
                else:
                    row.status, row.body = response.status_code, JSONRenderer().render(response.data).decode()
                    if not IdempotencyKey.objects.filter(pk=row.pk).update(status=row.status, body=row.body):
                        # Too slow: taken for dead, and done by another call. Here it is undone.
                        response = self.handle_exception(
                            KeyInUse(_("This took too long and was begun anew. Ask again in a moment."))
                        )
                        transaction.set_rollback(True)
        except BaseException:
            IdempotencyKey.objects.filter(pk=row.pk, status=None).delete()
            raise
        if row.status is None:
            row.delete()
        return response

    def _claim(self, key: str, fingerprint: str, request: Request) -> tuple[IdempotencyKey, bool]:
        now = timezone.now()
        IdempotencyKey.objects.filter(
            Q(started_at__lt=now - KEPT) | Q(user=caller(request), key=key, status=None, started_at__lt=now - GIVEN_UP)
        ).delete()
        return IdempotencyKey.objects.get_or_create(
            user=caller(request),
            key=key,
            defaults={"fingerprint": fingerprint, "started_at": now, "rights": caller(request).rights()},
        )

    def _replay(self, row: IdempotencyKey, fingerprint: str, request: Request) -> Response:
        if row.fingerprint != fingerprint:
            raise KeyReused(_("This Idempotency-Key was used for another request. Choose a new key."))
        if row.status is None:
            raise KeyInUse(_("The first request with this Idempotency-Key is still running. Ask again in a moment."))
        if not _has_still(caller(request).rights(), row.rights):
            self._require_own()
        return Response(json.loads(row.body), status=row.status, headers={"Idempotent-Replay": "true"})

    def _require_own(self) -> None:
        """Raises ``NotFound`` or ``NotAllowed``: the caller's rights are others by now, and the answer shows what is no longer theirs."""
        if isinstance(self, GenericAPIView) and (self.lookup_url_kwarg or self.lookup_field) in self.kwargs:
            self.get_object()
        else:
            raise NotAllowed(_("Your rights have changed since this was sent first. Look at what was made of it then."))


def _has_still(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Are all rights of then among those of now? (Nothing was written down before there were rights in the row.)"""
    if not then:
        return True
    return (now["role"], now["doctor"]) == (then["role"], then["doctor"]) and set(then["clinics"]) <= set(now["clinics"])
