"""A PATCH or action that names the version it is meant for, and comes too late, changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from patients.models import FileAccess
from tests.api.client import Api, dump_but_reading, outcome
from tests.factories import PatientFactory, World, as_if
from tests.factories.states import visit_in

VISITS = {
    "call": ("waiting", {}),
    "start": ("waiting", {}),
    "complete": ("in_progress", {}),
    "skip": ("waiting", {}),
    "return": ("skipped", {}),
    "cancel": ("waiting", {}),
    "leave": ("waiting", {}),
    "undo": ("called", {}),
    "move": ("waiting", {"after": None}),
    "priority": ("waiting", {"priority": "urgent"}),
    "transfer": ("waiting", {"doctor": "colleague"}),
}
CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    *(("post", f"visits/@visit/{verb}/", state, body) for verb, (state, body) in VISITS.items()),
    ("patch", "appointments/@appointment/", "planned", {"notes": "x"}),
    ("post", "appointments/@appointment/cancel/", "planned", {}),
    ("post", "appointments/@appointment/check-in/", "planned", {}),
    ("post", "appointments/@appointment/no-show/", "planned", {}),
    ("post", "payments/@payment/process/", "planned", {"amount": "50", "method": "cash"}),
    ("post", "payments/@payment/refund/", "paid", {"amount": "1", "reason": "x"}),
    ("patch", "patients/@patient/", "planned", {"notes": "x"}),
    ("post", "patients/@patient/merge/", "planned", {"duplicate": "duplicate"}),
    ("patch", "clinics/@clinic/", "planned", {"name": "x"}),
    ("patch", "services/@service/", "planned", {"name": "x"}),
    ("patch", "doctors/@doctor/", "planned", {"name": "x"}),
]


@pytest.mark.parametrize(("method", "path", "state", "body"), CASES, ids=[c[1] for c in CASES])
def test_a_stale_version(world: World, method: str, path: str, state: str, body: dict[str, Any]) -> None:
    visit = visit_in(world, "waiting" if state == "paid" else state, patient=world.patient)
    api = Api(world.admin)
    if state == "paid":
        api.ok("post", f"payments/{visit.payment.pk}/process/", {"amount": "50", "method": "cash"})
        visit.refresh_from_db()
    targets = {
        "visit": visit,
        "appointment": visit.appointment,
        "payment": visit.payment.__class__.objects.get(visit=visit),
        "patient": world.patient,
        "clinic": world.here,
        "service": world.service,
        "doctor": world.doctor,
    }
    name = path.split("@")[1].split("/", maxsplit=1)[0]
    target: Any = targets[name]
    target.refresh_from_db()
    url = path.replace(f"@{name}", str(target.pk))
    names = {"colleague": world.colleague.pk, "duplicate": PatientFactory().pk}
    sent = {field: names.get(value, value) if isinstance(value, str) else value for field, value in body.items()}
    before = dump_but_reading()
    for version in (target.version - 1, target.version + 1):
        response = api.call(method, url, {**sent, "version": version})
        assert outcome(response) == (409, "stale_version")
        current = response.json()["current"]
        assert (current["id"], current["version"]) == (target.pk, target.version)
    assert dump_but_reading() == before
    assert FileAccess.objects.count() == (2 if name == "patient" else 0)
    fresh = api.ok(method, url, {**sent, "version": target.version})
    assert fresh["version"] > target.version
    late = outcome(api.call(method, url, {**sent, "version": target.version}))
    assert late == (409, "already_merged" if "merge" in path else "stale_version")


@pytest.mark.parametrize("path", ["clinics/{clinic}/", "services/{service}/", "doctors/{doctor}/", "patients/{patient}/"])
def test_a_patch_that_changes_nothing_makes_nobodys_form_stale(world: World, path: str) -> None:
    api = Api(world.admin)
    url = path.format(clinic=world.here.pk, service=world.service.pk, doctor=world.doctor.pk, patient=world.patient.pk)
    before = api.ok("get", url)
    same = {name: before[name] for name in ("name", "price", "clinics", "full_name", "phone") if name in before}
    for body in ({}, same):
        answer = api.ok("patch", url, body)
        assert answer.pop("affected_appointments", []) == []  # a doctor's: who is booked where they aren't any more
        assert answer == before


def test_a_price_has_the_decimals_of_its_currency(world: World) -> None:
    prices = []
    for currency in ("USD", "KWD", "JPY"):
        as_if(world.here, currency=currency)
        prices.append(Api(world.receptionist).ok("get", f"services/{world.service.pk}/")["price"])
    assert prices == ["50.00", "50.000", "50"]
