"""Changes in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clinic_project.changes.noting import note_shown
from clinic_project.changes.reading import keys, read
from clinic_project.changes.serializers import ChangeSerializer, WantedSerializer
from clinics.authentication import caller
from clinics.models import User
from clinics.permissions import ADMINS


class ChangeViewSet(viewsets.GenericViewSet[Any]):
    """Who changed what and when, with before and after; for admins, of their clinics and the registry of patients."""

    queryset = User._base_manager.none()  # only for the description; the rows are of many tables
    serializer_class = ChangeSerializer
    filter_backends = ()
    roles = {"list": ADMINS}

    @extend_schema(parameters=[WantedSerializer], responses=ChangeSerializer(many=True))
    def list(self, request: Request) -> Response:
        user = caller(request)
        query = WantedSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.paginate_queryset(keys(user, query.wanted(user)))
        assert page is not None
        changes = read(page, user)
        note_shown(changes, by=user)
        return self.get_paginated_response(ChangeSerializer(changes, many=True).data)
