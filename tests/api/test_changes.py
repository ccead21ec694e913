"""Who changed what and when, with before and after."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from appointments import actions as hours
from clinic_project.changes.sources import sources
from patients.models import FileAccess
from payments import actions as payments
from queue import actions as queue
from tests.api.client import Api, outcome
from tests.factories import PatientFactory, World, as_if, book, walk_in
from tests.factories.world import soon


def changes(world: World, **asked: Any) -> list[dict[str, Any]]:
    return Api(world.admin).all("changes/", **asked)


def fields(change: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {each["field"]: (each["before"], each["after"]) for each in change["changes"]}


def test_a_change_says_who_when_before_and_after(world: World) -> None:
    desk = Api(world.receptionist)
    desk.ok("patch", f"patients/{world.patient.pk}/", {"full_name": "Rana Haddad", "phone": "+49 30 12345"})

    last = changes(world, kind="patient", object=world.patient.pk)[0]

    assert (last["kind"], last["object_id"], last["object"]) == ("patient", world.patient.pk, "Rana Haddad")
    assert (last["action"], last["by"]) == ("changed", world.receptionist.username)
    assert last["at"].startswith("2026-03-02T08:")
    assert fields(last) == {
        "full_name": (world.patient.full_name, "Rana Haddad"),
        "phone": (world.patient.phone, "+49 30 12345"),
    }


def test_what_an_id_stands_for_is_said(world: World) -> None:
    appointment = book(world)
    Api(world.receptionist).ok("patch", f"appointments/{appointment.pk}/", {"doctor": world.colleague.pk, "notes": "asked for"})
    last = changes(world, kind="appointment")[0]
    assert fields(last) == {
        "doctor": (world.doctor.name, world.colleague.name),
        "notes": ("", "asked for"),
    }
    assert last["object"] == appointment.patient.full_name


def test_whoever_is_assigned_to_a_clinic_or_taken_from_it(world: World) -> None:
    colleague = Api(world.superuser).ok("get", f"doctors/{world.doctor.pk}/")
    Api(world.superuser).ok("patch", f"doctors/{world.doctor.pk}/", {"clinics": [*colleague["clinics"], world.there.pk]})
    seen_by_all = Api(world.superuser).all("changes/", kind="doctor", object=world.doctor.pk)[0]
    assert fields(seen_by_all) == {"clinics": ([world.here.name], [world.here.name, world.there.name])}
    # The other clinic is none of theirs.
    assert fields(changes(world, kind="doctor", object=world.doctor.pk)[0]) == {}


def test_the_newest_first_and_of_all_kinds(world: World) -> None:
    desk = Api(world.receptionist)
    desk.ok("patch", f"patients/{world.patient.pk}/", {"notes": "x"})
    Api(world.admin).ok("patch", f"services/{world.service.pk}/", {"price": "60.00"})
    appointment = book(world)
    found = changes(world)
    assert [(row["kind"], row["object_id"]) for row in found if row["by"] is not None][:1] == [("service", world.service.pk)]
    assert {"appointment", "payment", "service", "patient", "clinic", "doctor", "user"} <= {row["kind"] for row in found}
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)
    assert ("appointment", appointment.pk, "created") in [(row["kind"], row["object_id"], row["action"]) for row in found]


def test_filters(world: World) -> None:
    Api(world.receptionist).ok("patch", f"patients/{world.patient.pk}/", {"notes": "x"})
    Api(world.admin).ok("patch", f"services/{world.service.pk}/", {"price": "60.00"})
    assert {row["by"] for row in changes(world, by=world.admin.pk)} == {world.admin.username}
    assert {row["kind"] for row in changes(world, kind="service")} == {"service"}
    assert changes(world, since="2026-03-03") == []
    assert changes(world, until="2026-03-01") == []
    assert len(changes(world, since="2026-03-02", until="2026-03-02", by=world.receptionist.pk)) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"kind": "login"}, "kind"),
        ({"object": "x"}, "object"),
        ({"object": str(2**63)}, "object"),
        ({"by": "-1"}, "by"),
        ({"clinic": "x"}, "clinic"),
        ({"since": "2026-02-31"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"until": "9999-12-31"}, "until"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"kind": "a\0b"}, "kind"),
    ],
)
def test_what_cannot_be_meant(world: World, asked: dict[str, str], field: str) -> None:
    assert outcome(Api(world.admin).get("/api/changes/", asked)) == (400, field)


def test_nothing_of_another_clinic(world: World) -> None:
    book(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    Api(world.admin_there).ok("patch", f"services/{world.service_there.pk}/", {"price": "60.00"})
    theirs = {
        ("service", world.service_there.pk),
        ("clinic", world.there.pk),
        ("doctor", world.stranger.pk),
        ("user", world.receptionist_there.pk),
        ("user", world.superuser.pk),
    }
    seen = changes(world)
    assert theirs & {(row["kind"], row["object_id"]) for row in seen} == set()
    assert {row["kind"] for row in seen} & {"appointment", "payment"} == set()
    assert theirs <= {(row["kind"], row["object_id"]) for row in Api(world.superuser).all("changes/")}


def test_whoever_reads_the_past_of_a_file_is_noted(world: World) -> None:
    earlier = FileAccess.objects.count()
    changes(world, kind="service")
    assert FileAccess.objects.count() == earlier
    changes(world, kind="patient", object=world.patient.pk)
    assert list(FileAccess.objects.order_by("pk").values_list("patient_id", "user_id", "how"))[earlier:] == [
        (world.patient.pk, world.admin.pk, "opened")
    ]


@pytest.mark.parametrize("rows", [1, 30])
def test_as_many_queries_for_many_as_for_one(world: World, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        book(world, minutes=30 * (number + 1), start=soon(30 * (number + 1)))
    api = Api(world.admin)
    with django_assert_num_queries(24):
        found = api.get("/api/changes/", {"page_size": 200}).json()["results"]
    assert len(found) >= rows


def test_pages(world: World) -> None:
    for _ in range(5):
        PatientFactory()
    api = Api(world.admin)
    first = api.ok("get", "changes/?kind=patient&page_size=4")
    second = api.get(first["next"]).json()
    assert len(first["results"]) == 4
    assert not [row for row in second["results"] if row in first["results"]]


@pytest.mark.parametrize(
    ("currency", "before", "after"), [("USD", "26.00", "27.50"), ("JPY", "26", "28"), ("KWD", "26.000", "27.500")]
)
def test_amounts_are_texts_with_the_decimals_of_their_currency(world: World, currency: str, before: str, after: str) -> None:
    as_if(world.here, currency=currency)
    api = Api(world.admin)
    for price in (before, after):
        api.ok("patch", f"services/{world.service.pk}/", {"price": price})
    assert fields(changes(world, kind="service")[0]) == {"price": (before, after)}
    payment = walk_in(world).payment
    api.ok("post", f"payments/{payment.pk}/process/", {"amount": before, "method": "cash"})
    last = fields(changes(world, kind="payment")[0])
    assert last["amount_paid"] == (before.replace("26", "0"), before)
    api.ok("patch", f"services/{world.service.pk}/", {"doctor_share_percent": "12.50"})
    assert fields(changes(world, kind="service")[0])["doctor_share_percent"][1] == "12.50"


def test_of_one_clinic(world: World) -> None:
    book(world)
    book(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    found = Api(world.superuser).all("changes/", clinic=world.there.pk)
    kinds = {row["kind"] for row in found}
    assert {"clinic", "doctor", "service", "user", "appointment"} <= kinds
    assert "patient" not in kinds
    assert world.service.pk not in [row["object_id"] for row in found if row["kind"] == "service"]
    assert changes(world, clinic=world.there.pk) == []
    assert changes(world, clinic=world.here.pk, kind="clinic")[0]["object_id"] == world.here.pk


def test_every_kind_is_some_admins_to_see(world: World) -> None:
    """Each kind that keeps past versions, of a clinic's own day: nothing is for superusers alone."""
    shift = world.doctor.shifts.earliest("pk")
    hours.change_shift(shift, by=world.admin, breaks=[(dt.time(12), dt.time(13))])
    hours.add_time_off(by=world.admin, doctor=world.doctor, start=soon(10**6), end=soon(10**6 + 60))
    hours.add_closing_days(by=world.admin, clinic=world.here, first_day=dt.date(2026, 12, 24), last_day=dt.date(2026, 12, 24))
    visit = book(world).visit
    payments.process(visit.payment, by=world.admin, amount=Decimal(5), method="card")
    payments.open_shift(by=world.admin, clinic=world.here, opening_cash=Decimal(0))
    queue.set_state(world.doctor, by=world.admin, state="gone")
    api, all_of_it = Api(world.admin), Api(world.superuser)
    for kind in sources():
        assert all_of_it.all("changes/", kind=kind), f"{kind}: this test makes none"
        assert api.all("changes/", kind=kind), kind
        strangers = {row["object_id"] for row in Api(world.admin_there).all("changes/", kind=kind)}
        if kind == "shiftbreak":
            assert strangers == set()
