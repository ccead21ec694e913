"""A cashier's shift: what was in the till, what came and went, what was counted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from payments import actions
from payments.models import CashMovement, CashShift, LedgerEntry
from tests.api.client import Api, dump, outcome
from tests.factories import UserFactory, World, as_if, walk_in
from tests.payments.test_money import pay, priced, refund


def opened(api: Api, world: World, opening: str = "100.00") -> dict[str, Any]:
    return api.ok("post", "cash-shifts/", {"clinic": world.here.pk, "opening_cash": opening}, 201)  # type: ignore[no-any-return]


def close(api: Api, shift: dict[str, Any], counted: str, **extra: Any) -> Any:
    return api.call("post", f"cash-shifts/{shift['id']}/close/", {"counted_cash": counted, **extra})


def move(api: Api, shift: dict[str, Any], kind: str, amount: str, reason: str = "change") -> Any:
    body = {"kind": kind, "amount": amount, "reason": reason}
    return api.call("post", f"cash-shifts/{shift['id']}/movements/", body)


# --- A day at the till ------------------------------------------------------------------------------------------------


def test_a_day_at_the_till(world: World) -> None:
    api = Api(world.admin)
    shift = opened(api, world)
    assert (shift["status"], shift["cashier_id"], shift["clinic_id"], shift["currency"], shift["opening_cash"]) == (
        *("open", world.admin.pk, world.here.pk, "USD", "100.00"),
    )
    assert (shift["expected_cash"], shift["rows"], shift["counted_cash"], shift["closed_at"]) == ("100.00", [], None, None)
    one, other = priced(world, "50.00"), priced(world, "30.00")
    pay(api, one, "20.00")
    pay(api, one, "25.00", discount="5.00", reason="a neighbour")
    refund(api, one, "4.50")
    pay(api, other, "30.00", method="card")
    refund(api, other, "10.00", method="transfer")
    assert move(api, shift, "in", "15.00").status_code == 200
    assert move(api, shift, "out", "100.00", "to the bank").status_code == 200

    slip = api.ok("get", f"cash-shifts/{shift['id']}/")

    assert slip["by_method"] == {
        "cash": {"taken": "45.00", "refunded": "4.50", "rows": 3},
        "card": {"taken": "30.00", "refunded": "0.00", "rows": 1},
        "transfer": {"taken": "0.00", "refunded": "10.00", "rows": 1},
    }
    assert (slip["put_in"], slip["taken_out"], slip["expected_cash"]) == ("15.00", "100.00", "55.50")
    assert [(row["payment_id"], row["kind"], row["amount"], row["method"], row["reason"]) for row in slip["rows"]] == [
        (one.pk, "payment", "20.00", "cash", ""),
        (one.pk, "payment", "25.00", "cash", "a neighbour"),
        (one.pk, "refund", "4.50", "cash", "mistake"),
        (other.pk, "payment", "30.00", "card", ""),
        (other.pk, "refund", "10.00", "transfer", "mistake"),
    ]
    assert [(m["kind"], m["amount"], m["reason"], m["by"]) for m in slip["movements"]] == [
        ("in", "15.00", "change", world.admin.username),
        ("out", "100.00", "to the bank", world.admin.username),
    ]
    done = close(api, shift, "55.50").json()
    assert (done["status"], done["counted_cash"], done["expected_cash"], done["difference"], done["closed_by"]) == (
        *("closed", "55.50", "55.50", "0.00", world.admin.username),
    )
    # What comes later is another shift's, or nobody's.
    pay(api, priced(world, "10.00"), "10.00")
    assert LedgerEntry.objects.latest("pk").cash_shift is None
    assert api.ok("get", f"cash-shifts/{shift['id']}/")["expected_cash"] == "55.50"
    second = opened(api, world, "0")
    assert (second["id"] > shift["id"], second["expected_cash"]) == (True, "0.00")


def test_a_list_of_shifts_and_its_filters(world: World) -> None:
    admin, desk = Api(world.admin), Api(world.receptionist)
    first = opened(desk, world, "5.00")
    pay(desk, priced(world, "50.00"), "20.00")
    close(desk, first, "25.00")
    second, third = opened(desk, world, "25.00"), opened(admin, world, "7.00")
    assert [(row["id"], row["expected_cash"], row["status"]) for row in admin.all("cash-shifts/")] == [
        (third["id"], "7.00", "open"),
        (second["id"], "25.00", "open"),
        (first["id"], "25.00", "closed"),
    ]
    for query, found in (
        ({"status": "closed"}, [first]),
        ({"status": "open", "cashier": world.receptionist.pk}, [second]),
        ({"clinic": world.there.pk}, []),
    ):
        assert [row["id"] for row in admin.all("cash-shifts/", **query)] == [shift["id"] for shift in found]
    assert {row["id"] for row in desk.all("cash-shifts/")} == {first["id"], second["id"]}
    assert "rows" not in desk.all("cash-shifts/")[0]


# --- What belongs to a shift ------------------------------------------------------------------------------------------


def test_a_row_belongs_to_the_shift_of_who_wrote_it_at_that_clinic(world: World) -> None:
    colleague = UserFactory(clinics=[world.here, world.there])
    mine, theirs = opened(Api(world.receptionist), world), opened(Api(colleague), world)
    elsewhere = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there).payment
    pay(Api(world.receptionist), priced(world, "50.00"), "1.00")
    pay(Api(colleague), priced(world, "50.00"), "2.00")
    pay(Api(colleague), elsewhere, "3.00")
    pay(Api(world.admin), priced(world, "50.00"), "4.00")
    rows = LedgerEntry.objects.order_by("pk").values_list("amount", "cash_shift")
    assert list(rows) == [(Decimal(1), mine["id"]), (Decimal(2), theirs["id"]), (Decimal(3), None), (Decimal(4), None)]


def test_money_in_another_currency_lies_in_another_till(world: World) -> None:
    dollars = priced(world, "50.00")
    api = Api(world.admin)
    as_if(world.here, currency="KWD")
    world.here.refresh_from_db()
    shift = opened(api, world, "1.250")
    pay(api, dollars, "50.00")
    pay(api, priced(world, "2.125", "KWD"), "2.125")
    slip = api.ok("get", f"cash-shifts/{shift['id']}/")
    assert (slip["expected_cash"], len(slip["rows"])) == ("3.375", 1)


def test_a_till_may_hold_more_than_one_payment_can_be(world: World) -> None:
    api = Api(world.admin)
    shift = opened(api, world, "999999999.99")
    for _ in range(2):
        pay(api, priced(world, "999999999.99"), "999999999.99")
        assert move(api, shift, "in", "999999999.99").status_code == 200
    closed = close(api, shift, "4999999999.95").json()
    assert (closed["expected_cash"], closed["difference"]) == ("4999999999.95", "0.00")


def test_sums_of_many_small_amounts_are_exact(world: World) -> None:
    """Tenths are no binary fractions: thirty of them make 3.00 and not nearly."""
    api = Api(world.admin)
    shift, payment = opened(api, world, "0.10"), priced(world, "50.00")
    for _ in range(30):
        actions.process(payment, by=world.admin, amount=Decimal("0.10"), method="cash")
    assert close(api, shift, "3.10").json()["difference"] == "0.00"


def test_cash_given_back_may_be_more_than_the_till_had(world: World) -> None:
    """It comes from a pocket, is given back all the same, and the difference says so."""
    desk, api = Api(world.receptionist), Api(world.admin)
    payment = priced(world, "50.00")
    pay(desk, payment, "50.00")
    shift = opened(api, world, "10.00")
    assert refund(api, payment, "50.00").status_code == 200
    assert outcome(close(api, shift, "0.00")) == (400, "note")
    closed = close(api, shift, "0.00", note="from the safe").json()
    assert (closed["expected_cash"], closed["difference"], closed["note"]) == ("-40.00", "40.00", "from the safe")


# --- Opening ----------------------------------------------------------------------------------------------------------


def test_one_open_shift_for_a_cashier_and_clinic(world: World) -> None:
    api = Api(world.receptionist)
    shift = opened(api, world)
    before = dump()
    again = api.call("post", "cash-shifts/", {"clinic": world.here.pk, "opening_cash": "1.00"})
    assert (outcome(again), again.json()["current"]["id"]) == ((409, "shift_open"), shift["id"])
    assert dump() == before
    # Another clinic has another till, another cashier another drawer.
    world.receptionist.clinics.add(world.there)
    Api(world.receptionist).ok("post", "cash-shifts/", {"clinic": world.there.pk, "opening_cash": "1"}, 201)
    opened(Api(world.admin), world)


def test_a_closed_clinic_has_no_till(world: World) -> None:
    world.here.is_active = False
    world.here.save(update_fields=["is_active"])
    response = Api(world.admin).call("post", "cash-shifts/", {"clinic": world.here.pk, "opening_cash": "1"})
    assert outcome(response) == (400, "clinic")


@pytest.mark.parametrize(
    ("currency", "good", "bad"), [("JPY", "5000", "0.5"), ("USD", "0.25", "0.255"), ("KWD", "0.255", "0.2555")]
)
def test_cash_has_the_decimals_of_its_currency(world: World, currency: str, good: str, bad: str) -> None:
    as_if(world.here, currency=currency)
    api = Api(world.admin)
    body = {"clinic": world.here.pk, "opening_cash": bad}
    assert outcome(api.call("post", "cash-shifts/", body)) == (400, "opening_cash")
    shift = opened(api, world, good)
    assert shift["opening_cash"] == good
    assert outcome(move(api, shift, "in", bad)) == (400, "amount")
    assert outcome(close(api, shift, bad)) == (400, "counted_cash")
    assert close(api, shift, good).json()["counted_cash"] == good


# --- Closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "sentence", "difference"),
    [
        ("95.00", "The till holds 5.00 USD less than expected. Count again, or write why.", "-5.00"),
        ("100.01", "The till holds 0.01 USD more than expected. Count again, or write why.", "0.01"),
    ],
)
def test_a_difference_wants_a_note(world: World, counted: str, sentence: str, difference: str) -> None:
    api = Api(world.receptionist)
    shift = opened(api, world)
    before = dump()
    for note in ({}, {"note": ""}, {"note": "   "}):
        refused = close(api, shift, counted, **note)
        assert (refused.status_code, refused.json()) == (400, {"note": [sentence]})
    assert dump() == before
    closed = close(api, shift, counted, note="‏لا أعرف‎ 😀").json()
    assert (closed["difference"], closed["note"]) == (difference, "‏لا أعرف‎ 😀")


def test_a_closed_shift_never_changes(world: World) -> None:
    api = Api(world.receptionist)
    shift = opened(api, world)
    close(api, shift, "100.00")
    before = dump()
    for response in (close(api, shift, "100.00"), close(api, shift, "1", note="x"), move(api, shift, "in", "1")):
        assert outcome(response) == (409, "invalid_transition")
        assert response.json()["current"]["status"] == "closed"
    stored = CashShift.objects.get()
    stored.note = "else"
    with pytest.raises(TypeError):
        stored.save(update_fields=["note"])
    assert dump() == before


def test_a_stale_version_closes_nothing(world: World) -> None:
    api = Api(world.receptionist)
    shift = opened(api, world)
    assert outcome(close(api, shift, "100.00", version=shift["version"] + 1)) == (409, "stale_version")
    assert close(api, shift, "100.00", version=shift["version"]).status_code == 200


def test_an_admin_closes_what_a_cashier_left_open(world: World) -> None:
    shift = opened(Api(world.receptionist), world)
    closed = close(Api(world.admin), shift, "100.00").json()
    assert (closed["cashier"], closed["closed_by"]) == (world.receptionist.username, world.admin.username)
    past: Any = CashShift.history  # type: ignore[attr-defined]
    assert [(row.history_user_id, row.closed_at is None) for row in past.order_by("history_id")] == [
        (world.receptionist.pk, True),
        (world.admin.pk, False),
    ]


def test_no_cashier_touches_anothers_shift(world: World) -> None:
    shift = opened(Api(world.admin), world)
    desk = Api(world.receptionist)
    before = dump()
    for response in (
        desk.call("get", f"cash-shifts/{shift['id']}/"),
        close(desk, shift, "100.00"),
        move(desk, shift, "in", "1"),
    ):
        assert response.status_code == 404
    assert dump() == before


# --- Cash without a payment -------------------------------------------------------------------------------------------


def test_no_more_is_taken_out_than_should_be_there(world: World) -> None:
    api = Api(world.receptionist)
    shift = opened(api, world)
    before = dump()
    refused = move(api, shift, "out", "100.01")
    assert (outcome(refused), refused.json()["detail"], refused.json()["current"]["expected_cash"]) == (
        (409, "not_enough_cash"),
        "There should be only 100.00 USD in the till. Take out no more.",
        "100.00",
    )
    assert dump() == before
    assert move(api, shift, "out", "100.00").json()["expected_cash"] == "0.00"


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE payments_cashmovement SET amount = 1",
        "DELETE FROM payments_cashmovement",
        "DELETE FROM payments_cashshift",
        "UPDATE payments_cashshift SET opening_cash = -1",
        "UPDATE payments_cashshift SET counted_cash = 5",
        "UPDATE payments_cashshift SET closed_at = opened_at",
        "UPDATE payments_cashshift SET closed_at = opened_at, counted_cash = 5, expected_cash = 5, difference = 1",
        "UPDATE payments_cashshift SET closed_at = opened_at, counted_cash = -5, expected_cash = 5, difference = -10",
    ],
)
def test_what_the_database_refuses(world: World, broken: str) -> None:
    api = Api(world.receptionist)
    move(api, opened(api, world), "in", "5.00")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(broken)
    assert (CashShift.objects.count(), CashMovement.objects.get().amount) == (1, Decimal(5))


def test_what_the_database_accepts(world: World) -> None:
    """Else the refusals above would prove nothing."""
    opened(Api(world.receptionist), world)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payments_cashshift SET closed_at = opened_at, counted_cash = 5, expected_cash = 9, difference = -4"
        )
    assert CashShift.objects.get().difference == Decimal(-4)
