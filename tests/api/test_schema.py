"""The description of the API: complete, without errors, from this machine alone."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.api.client import Api
from tests.factories import World

PATHS = {
    *(
        "/api/auth/token/",
        "/api/auth/token/refresh/",
        "/api/auth/token/blacklist/",
        "/api/auth/token/session/",
        "/api/auth/me/",
    ),
    *(f"/api/{name}/" for name in ("clinics", "services", "doctors", "shifts", "time-off", "closing-days")),
    *(f"/api/{name}/{{id}}/" for name in ("clinics", "services", "doctors", "shifts", "time-off", "closing-days")),
    *("/api/doctors/{id}/slots/", "/api/patients/", "/api/patients/{id}/", "/api/patients/{id}/merge/"),
    *("/api/appointments/", "/api/appointments/{id}/", "/api/appointments/{id}/cancel/"),
    *("/api/appointments/series/", "/api/appointments/{id}/cancel-following/", "/api/shifts/{id}/end/"),
    *(f"/api/patients/{{id}}/{verb}/" for verb in ("unmerge", "merges", "accesses", "export", "erase")),
    "/api/patients/duplicates/",
    *("/api/appointments/{id}/check-in/", "/api/appointments/{id}/no-show/", "/api/visits/", "/api/visits/{id}/"),
    *(f"/api/visits/{{id}}/{verb}/" for verb in ("call", "start", "complete", "skip", "return", "cancel", "leave", "undo")),
    *(f"/api/visits/{{id}}/{verb}/" for verb in ("move", "priority", "transfer", "history")),
    *("/api/queue/clinics/{id}/", "/api/queue/doctors/{id}/", "/api/queue/doctors/{id}/call-next/"),
    *("/api/doctors/{id}/state/", "/api/clinics/{id}/close-day/", "/api/day-closes/", "/api/day-closes/{id}/"),
    *("/api/payments/", "/api/payments/{id}/", "/api/payments/{id}/process/", "/api/payments/{id}/refund/"),
    *("/api/payments/{id}/receipt/", "/api/payments/shares/", "/api/realtime/events/"),
    *("/api/staff/", "/api/staff/{id}/", *(f"/api/staff/{{id}}/{verb}/" for verb in ("password", "deactivate", "activate"))),
    *(f"/api/reports/{name}/" for name in ("waits", "visits", "no-shows", "utilisation", "revenue")),
    *("/api/cash-shifts/", "/api/cash-shifts/{id}/", "/api/cash-shifts/{id}/close/", "/api/cash-shifts/{id}/movements/"),
}


def test_the_schema_is_valid_complete_and_without_complaints() -> None:
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert {
        kind: list(said)
        for kind, said in (("errors", GENERATOR_STATS._error_cache), ("warnings", GENERATOR_STATS._warn_cache))
        if said
    } == {}
    assert PATHS - {path.replace("{pk}", "{id}") for path in schema["paths"]} == set()


def test_the_docs_come_from_this_machine(world: World) -> None:
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"' >]+""", page.content.decode()) == []
    assert "http" not in re.sub(r"http://testserver|http://www\.w3\.org", "", page.content.decode())


@pytest.mark.parametrize(
    "path",
    [
        *("", "patients/", "appointments/", "visits/", "payments/", "cash-shifts/", "clinics/", "doctors/", "auth/me/"),
        "staff/",
        *("shifts/", "time-off/", "closing-days/"),
    ],
)
def test_it_is_browsable(world: World, path: str) -> None:
    page = Api(world.admin).get(f"/api/{path}", headers={"Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "path", ["patients/", "appointments/", "visits/", "payments/", "cash-shifts/", "clinics/", "shifts/", "closing-days/"]
)
def test_options(world: World, path: str) -> None:
    assert Api(world.receptionist).options(f"/api/{path}").status_code == 200
