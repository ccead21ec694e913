"""What of a clinic may change while others rely on it, by API and admin; and what screens hear of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import time_machine

from appointments import actions as appointment_actions
from clinics.changing import ClinicInUse
from clinics.models import Clinic, Service
from payments import actions as payment_actions
from queue import actions
from queue.models import Visit
from tests.api.client import Api, dump, outcome
from tests.factories import ServiceFactory, World, as_if, book, walk_in
from tests.factories.states import visit_in
from tests.realtime.flows import last_delivery, told


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.admin)


def change(api: Api, world: World, **fields: Any) -> Any:
    return api.call("patch", f"clinics/{world.here.pk}/", fields)


def refused(api: Api, world: World, **fields: Any) -> str:
    before = dump()
    response = change(api, world, **fields)
    assert outcome(response) == (409, "clinic_in_use")
    assert dump() == before
    assert response.json()["current"]["id"] == world.here.pk
    return str(response.json()["detail"])


def settled(world: World) -> None:
    """No service has a price, so that a currency may change for all that the directory knows."""
    as_if(world.here)
    Service._base_manager.filter(clinic=world.here).update(price=Decimal(0))


# --- The clock --------------------------------------------------------------------------------------------------------


def test_the_clock_stays_while_somebody_is_booked_or_waits(world: World, api: Api) -> None:
    appointment = book(world)
    assert "Appointments to come" in refused(api, world, timezone="Asia/Tokyo")
    appointment_actions.cancel(appointment, by=world.admin, reason="x")
    visit = walk_in(world)
    assert "open" in refused(api, world, timezone="Asia/Tokyo")
    actions.leave(visit, by=world.admin)
    assert change(api, world, timezone="Asia/Tokyo").json()["timezone"] == "Asia/Tokyo"


def test_what_is_over_and_what_others_have_booked_is_in_no_ones_way(world: World, api: Api) -> None:
    visit_in(world, "completed", minutes=1)
    there = {"clinic": world.there, "doctor": world.stranger, "service": world.service_there, "by": world.receptionist_there}
    book(world, **there)
    as_if(world.here)
    Visit._base_manager.filter(clinic=world.here).update(date="2026-03-01")
    assert change(api, world, name="Other").status_code == 200


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "Europe/Nowhere", "", "../etc/passwd", "\0", 5])
def test_what_is_no_region(world: World, api: Api, zone: Any) -> None:
    assert outcome(change(api, world, timezone=zone)) == (400, "timezone")


# --- The code ---------------------------------------------------------------------------------------------------------


def test_the_code_stays_once_a_ticket_has_it(world: World, api: Api) -> None:
    assert change(api, world, code="NEW").status_code == 200
    actions.leave(walk_in(world, clinic=Clinic.objects.get(pk=world.here.pk)), by=world.admin)
    assert "NEW" in refused(api, world, code="OTHR")


def test_the_code_stays_once_a_receipt_has_it(world: World, api: Api) -> None:
    planned = book(world)
    payment_actions.process(planned.visit.payment, by=world.admin, amount=Decimal(5), method="cash")
    assert "Receipts" in refused(api, world, code="OTHR")


def test_a_code_that_others_slips_have_is_nobodys_any_more(world: World, api: Api) -> None:
    """From before codes had to stay: the clinic has another one by now, its patients still hold the slips."""
    visit = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    old = world.there.code
    as_if(world.there, code="ZZZZ")
    new = {"name": "Third", "code": old}
    assert outcome(Api(world.superuser).call("post", "clinics/", new)) == (400, "code")
    assert outcome(change(api, world, code=old)) == (400, "code")
    payment_actions.process(visit.payment, by=world.admin_there, amount=Decimal(5), method="cash")
    as_if(world.there, code="YYYY")
    assert outcome(change(api, world, code="ZZZZ")) == (400, "code")
    # Its own it may take again.
    assert Api(world.admin_there).call("patch", f"clinics/{world.there.pk}/", {"name": "Same"}).status_code == 200


# --- The currency -----------------------------------------------------------------------------------------------------


def test_the_currency_stays_while_services_have_prices(world: World, api: Api) -> None:
    assert "USD" in refused(api, world, currency="JPY")
    api.ok("patch", f"services/{world.service.pk}/", {"is_active": False})
    assert change(api, world, currency="JPY").json()["currency"] == "JPY"


def test_the_currency_stays_while_money_is_owed(world: World, api: Api) -> None:
    visit = walk_in(world, service=ServiceFactory(clinic=world.here, price=Decimal(10)))
    settled(world)
    assert "open" in refused(api, world, currency="JPY")
    actions.leave(visit, by=world.admin)  # nobody will ever pay for that
    assert change(api, world, currency="JPY").status_code == 200


def test_the_currency_stays_while_a_till_is_open(world: World, api: Api) -> None:
    settled(world)
    payment_actions.open_shift(by=world.admin, clinic=world.here, opening_cash=Decimal(10))
    assert "shift" in refused(api, world, currency="JPY")


# --- How often is called ----------------------------------------------------------------------------------------------


def test_screens_hear_when_a_skip_is_offered_sooner(world: World, api: Api) -> None:
    called, waiting = visit_in(world, "called"), walk_in(world)
    start = last_delivery()
    assert change(api, world, call_limit=1).status_code == 200
    assert told(world, start) == ["queue_updated C D"]
    row = api.ok("get", f"visits/{called.pk}/")
    assert (row["call_limit_reached"], row["version"]) == (True, called.version + 1)
    assert Visit.objects.get(pk=waiting.pk).version == waiting.version


def test_whoever_saves_it(world: World, clock: time_machine.Traveller) -> None:
    walk_in(world)
    clinic = Clinic.objects.get(pk=world.here.pk)
    clinic.code = "SHEL"
    with pytest.raises(ClinicInUse):
        clinic.save(update_fields=["code"])
    clinic.refresh_from_db()
    clinic.call_limit = 5
    clinic.save(update_fields=["call_limit"])
    assert Clinic.objects.get(pk=clinic.pk).code == world.here.code
