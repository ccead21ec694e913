"""Money: sums that can't get out of step, through the API and as properties."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic
from payments import actions
from payments.models import Payment
from payments.money import as_text, has_decimals, status_after
from queue.models import Visit
from tests.api.client import Api, as_it_was, desk_dump, outcome
from tests.factories import ServiceFactory, World, as_if, book, walk_in
from tests.factories.states import visit_in


def priced(world: World, price: str, currency: str = "USD") -> Payment:
    """The payment of a walk-in for a service of that price."""
    if currency != world.here.currency:
        as_if(world.here, currency=currency)
    return walk_in(world, service=ServiceFactory(clinic=world.here, price=Decimal(price))).payment  # type: ignore[no-any-return]


def pay(api: Api, payment: Payment, amount: str, **extra: Any) -> Any:
    return api.call("post", f"payments/{payment.pk}/process/", {"amount": amount, "method": "cash", **extra})


def refund(api: Api, payment: Payment, amount: str, **extra: Any) -> Any:
    return api.call("post", f"payments/{payment.pk}/refund/", {"amount": amount, "reason": "mistake", **extra})


# --- Properties ---------------------------------------------------------------------------------------------------------

amounts = st.decimals(Decimal(-1), Decimal(60), places=2)
commands = st.lists(
    st.tuples(st.sampled_from(["process", "refund"]), amounts, st.sampled_from(["0", "0", "5.00", "50.00"])), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.decimals(Decimal(0), Decimal("99.99"), places=2), history=commands)
def test_whatever_is_taken_and_given_back_the_sums_are_right(
    world: World, price: Decimal, history: list[tuple[str, Decimal, str]]
) -> None:
    with as_it_was():
        payment = priced(world, str(price))
        taken = given_back = granted = Decimal(0)
        rows = 0
        for kind, amount, discount in history:
            before = desk_dump()
            try:
                if kind == "process":
                    actions.process(payment, by=world.admin, amount=amount, method="card", discount=Decimal(discount))
                    taken, granted = taken + amount, granted + Decimal(discount)
                else:
                    actions.refund(payment, by=world.admin, amount=amount, reason="x")
                    given_back += amount
                rows += 1
            except (DomainError, InvalidInput):
                assert desk_dump() == before
        stored = Payment.objects.get(pk=payment.pk)
        entries = list(stored.entries.all())
        assert (stored.amount_paid, stored.amount_refunded, stored.discount) == (taken, given_back, granted)
        assert stored.balance == taken - given_back >= 0
        assert stored.amount_paid + stored.discount <= stored.amount_due == price
        assert stored.outstanding >= 0
        assert len(entries) == rows
        assert [entry.number for entry in entries] == list(range(1, rows + 1))
        assert sum(e.amount for e in entries if e.kind == "payment") == taken
        assert sum(e.amount for e in entries if e.kind == "refund") == given_back
        assert stored.status == stored.visit.payment_status
        assert stored.status == status_after(due=price, discount=granted, paid=taken, refunded=given_back)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_state_that_sums_stand_for(due: int, discount: int, paid: int, refunded: int) -> None:
    status = status_after(due=Decimal(due), discount=Decimal(discount), paid=Decimal(paid), refunded=Decimal(refunded))
    expected = "partially_paid"
    if paid and refunded == paid:
        expected = "refunded"
    elif paid + discount >= due:
        expected = "paid"
    elif paid + discount == 0:
        expected = "pending"
    assert status == expected


@given(st.decimals(Decimal(0), Decimal(10**8), places=3), st.integers(0, 3))
def test_written_amounts_are_exact_where_they_fit(amount: Decimal, decimals: int) -> None:
    text = as_text(amount, decimals)
    assert len(text.partition(".")[2]) == decimals
    assert (Decimal(text) == amount) == has_decimals(amount, decimals)


# --- Through the API ----------------------------------------------------------------------------------------------------


def test_in_parts_to_paid_and_back(world: World) -> None:
    api, payment = Api(world.admin), priced(world, "50.00")
    first = pay(api, payment, "20.00", version=payment.version).json()
    assert (first["status"], first["amount_paid"], first["outstanding"], first["balance"]) == (
        "partially_paid",
        "20.00",
        "30.00",
        "20.00",
    )
    second = pay(api, payment, "25.00", discount="5.00", method="card").json()
    assert (second["status"], second["amount_paid"], second["discount"], second["outstanding"]) == (
        "paid",
        "45.00",
        "5.00",
        "0.00",
    )
    third = refund(api, payment, "15.00").json()
    assert (third["status"], third["amount_refunded"], third["balance"]) == ("paid", "15.00", "30.00")
    last = refund(api, payment, "30.00", method="transfer").json()
    assert (last["status"], last["balance"], last["outstanding"]) == ("refunded", "0.00", "0.00")
    assert [(e["kind"], e["amount"], e["discount"], e["method"], e["reason"], e["by"]) for e in last["entries"]] == [
        ("payment", "20.00", "0.00", "cash", "", world.admin.username),
        ("payment", "25.00", "5.00", "card", "", world.admin.username),
        ("refund", "15.00", "0.00", "card", "mistake", world.admin.username),
        ("refund", "30.00", "0.00", "transfer", "mistake", world.admin.username),
    ]
    assert [e["receipt_number"] for e in last["entries"]] == [f"{world.here.code}-2026-{n:06d}" for n in (1, 2, 3, 4)]
    versions = [answer["version"] for answer in (first, second, third, last)]
    assert versions == sorted(set(versions))
    assert outcome(pay(api, payment, "1.00")) == (409, "invalid_transition")


@pytest.mark.parametrize(
    ("amount", "discount", "refusal"),
    [
        ("50.01", "0", (409, "overpaid")),
        ("50.00", "0.01", (409, "overpaid")),
        ("0.00", "50.01", (409, "overpaid")),
        ("0", "0", (400, "amount")),
        ("-1", "0", (400, "amount")),
        ("1", "-1", (400, "discount")),
        ("1.001", "0", (400, "amount")),
        ("1", "0.001", (400, "discount")),
        ("999999999999", "0", (400, "amount")),
    ],
)
def test_what_is_not_taken(world: World, amount: str, discount: str, refusal: tuple[int, str]) -> None:
    payment = priced(world, "50.00")
    before = desk_dump()
    response = pay(Api(world.receptionist), payment, amount, discount=discount)
    assert outcome(response) == refusal
    if refusal[0] == 409:
        assert (response.json()["current"]["id"], response.json()["current"]["amount_paid"]) == (payment.pk, "0.00")
    assert desk_dump() == before


@pytest.mark.parametrize(
    ("written", "stands_for"),
    [
        *(("12.5", "12.50"), ("12.50", "12.50"), (" 12.50 ", "12.50"), (12.5, "12.50"), (12, "12.00"), (1.2e1, "12.00")),
        *(("012.50", "12.50"), ("+12.50", "12.50"), ("12.", "12.00"), (".5", "0.50"), ("12.500", "12.50")),
        *(("١٢٫٥٠", "12.50"), ("۱۲.۵", "12.50"), ("१२", "12.00")),  # as the keyboard has them
    ],
)
def test_how_an_amount_may_be_written(world: World, written: Any, stands_for: str) -> None:
    """What may not be: tests/api/test_errors.py."""
    assert pay(Api(world.receptionist), priced(world, "50.00"), written).json()["amount_paid"] == stands_for


@pytest.mark.parametrize(
    ("due", "paid", "discount"), [("0.30", "0.10", "0.20"), ("0.09", "0.07", "0.02"), ("4.35", "0.35", "4")]
)
def test_what_is_due_can_be_paid_to_the_last_cent(world: World, due: str, paid: str, discount: str) -> None:
    """SQLite's decimals are binary fractions: to it 0.1 + 0.2 is more than 0.3."""
    data = pay(Api(world.receptionist), priced(world, due), paid, discount=discount).json()
    assert (data["status"], data["outstanding"]) == ("paid", "0.00")


@pytest.mark.parametrize("reason", ["صديق الطبيب", "‏مرحبا‎", "😀👨‍👩‍👧", "<b>'; DROP TABLE", "x" * 200, "a\nb"])
def test_reasons_are_kept_as_they_are(world: World, reason: str) -> None:
    api, payment = Api(world.admin), priced(world, "50.00")
    pay(api, payment, "10.00", discount="5.00", reason=reason)
    rows = refund(api, payment, "1.00", reason=reason).json()["entries"]
    assert [row["reason"] for row in rows] == [reason, reason]
    assert [row["reason"] for row in api.ok("get", f"payments/{payment.pk}/receipt/")["entries"]] == [reason, reason]


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_money_of_a_cancelled_visit_is_given_back(world: World, cancelled_first: bool) -> None:
    visit = visit_in(world, "waiting")
    api = Api(world.admin)
    pay(api, visit.payment, "20.00", discount="5.00")
    if cancelled_first:
        assert api.ok("post", f"visits/{visit.pk}/cancel/", {})["payment_status"] == "partially_paid"
    assert refund(api, visit.payment, "5.00").json()["status"] == "partially_paid"
    assert refund(api, visit.payment, "15.00").json()["status"] == "refunded"
    if not cancelled_first:
        assert api.ok("post", f"visits/{visit.pk}/cancel/", {})["payment_status"] == "refunded"
    assert outcome(refund(api, visit.payment, "0.01")) == (409, "refund_exceeds_paid")
    assert outcome(pay(api, visit.payment, "0", discount="1.00")) == (409, "invalid_transition")


@pytest.mark.parametrize("paid", ["0", "20.00"])
def test_nothing_is_taken_for_a_cancelled_visit(world: World, paid: str) -> None:
    visit, api = visit_in(world, "waiting"), Api(world.admin)
    pay(api, visit.payment, paid, discount="5.00")
    api.ok("post", f"visits/{visit.pk}/cancel/", {})
    before = desk_dump()
    for amount, discount in (("1.00", "0"), ("0", "1.00"), ("999.00", "0")):
        refused = pay(api, visit.payment, amount, discount=discount)
        assert (outcome(refused), refused.json()["current"]["outstanding"]) == ((409, "invalid_transition"), "0.00")
    assert "cancelled" in refused.json()["detail"]
    assert desk_dump() == before
    api.ok("post", f"visits/{visit.pk}/undo/", {})
    assert pay(api, visit.payment, "1.00").status_code == 200


def test_the_rest_is_taken_after_a_part_was_given_back_in_full(world: World) -> None:
    api, payment = Api(world.admin), priced(world, "50.00")
    pay(api, payment, "10.00")
    back = refund(api, payment, "10.00").json()
    assert (back["status"], back["outstanding"]) == ("refunded", "40.00")
    assert outcome(pay(api, payment, "40.01")) == (409, "overpaid")
    assert pay(api, payment, "15.00").json()["status"] == "partially_paid"
    last = pay(api, payment, "25.00").json()
    assert (last["status"], last["balance"], last["outstanding"]) == ("paid", "40.00", "0.00")
    assert Visit.objects.get(pk=payment.visit_id).payment_status == "paid"


def test_what_was_paid_and_given_back_in_full_needs_a_new_walk_in(world: World) -> None:
    visit, api = visit_in(world, "waiting"), Api(world.admin)
    pay(api, visit.payment, str(visit.payment.amount_due))
    refund(api, visit.payment, str(visit.payment.amount_due))
    api.ok("post", f"visits/{visit.pk}/cancel/", {})
    api.ok("post", f"visits/{visit.pk}/undo/", {})
    refused = pay(api, visit.payment, "1.00")
    assert outcome(refused) == (409, "invalid_transition")
    assert "walk-in" in refused.json()["detail"]


def test_a_discount_after_a_part_was_given_back(world: World) -> None:
    """What was taken stays taken, also if some of it went back: nothing more is due than before."""
    api, payment = Api(world.admin), priced(world, "50.00")
    pay(api, payment, "40.00")
    refund(api, payment, "10.00")
    assert outcome(pay(api, payment, "0", discount="10.01")) == (409, "overpaid")
    data = pay(api, payment, "0", discount="10.00", reason="a complaint").json()
    assert (data["status"], data["outstanding"], data["balance"]) == ("paid", "0.00", "30.00")
    assert refund(api, payment, "30.00").json()["status"] == "refunded"


def test_one_version_pays_once(world: World) -> None:
    """The same command, sent twice by two desks that saw the same."""
    api, payment = Api(world.receptionist), priced(world, "50.00")
    assert pay(api, payment, "10.00", version=payment.version).status_code == 200
    before = desk_dump()
    again = pay(api, payment, "10.00", version=payment.version)
    assert (outcome(again), again.json()["current"]["amount_paid"]) == ((409, "stale_version"), "10.00")
    assert desk_dump() == before


@pytest.mark.parametrize(
    ("amount", "refusal"), [("20.01", (409, "refund_exceeds_paid")), ("0", (400, "amount")), ("0.001", (400, "amount"))]
)
def test_what_is_not_given_back(world: World, amount: str, refusal: tuple[int, str]) -> None:
    api, payment = Api(world.admin), priced(world, "50.00")
    pay(api, payment, "20.00")
    before = desk_dump()
    assert outcome(refund(api, payment, amount)) == refusal
    assert desk_dump() == before


def test_nothing_is_given_back_of_nothing(world: World) -> None:
    payment = priced(world, "50.00")
    api = Api(world.admin)
    assert outcome(refund(api, payment, "1.00")) == (409, "refund_exceeds_paid")
    pay(api, payment, "0", discount="10.00")
    assert outcome(refund(api, payment, "1.00")) == (409, "refund_exceeds_paid")


def test_a_discount_alone(world: World) -> None:
    payment = priced(world, "50.00")
    data = pay(Api(world.receptionist), payment, "0", discount="50.00", reason="colleague").json()
    assert (data["status"], data["amount_paid"], data["entries"][0]["reason"]) == ("paid", "0.00", "colleague")


@pytest.mark.parametrize(
    ("currency", "price", "shown", "part", "too_fine"),
    [
        ("JPY", "5000", "5000", "1", "0.5"),
        ("USD", "12.50", "12.50", "0.01", "0.001"),
        ("KWD", "1.250", "1.250", "0.001", "0.0001"),
    ],
)
def test_currencies_have_their_own_decimals(
    world: World, currency: str, price: str, shown: str, part: str, too_fine: str
) -> None:
    payment = priced(world, price, currency)
    api = Api(world.admin)
    data = api.ok("get", f"payments/{payment.pk}/")
    assert (data["currency"], data["amount_due"], data["outstanding"]) == (currency, shown, shown)
    assert outcome(pay(api, payment, too_fine)) == (400, "amount")
    paid = pay(api, payment, part).json()
    assert (paid["amount_paid"], paid["entries"][0]["amount"]) == (part, part)
    rest = Decimal(price) - Decimal(part)
    assert pay(api, payment, str(rest)).json()["status"] == "paid"


def test_a_clinic_that_changes_its_currency_keeps_old_amounts(world: World) -> None:
    payment = priced(world, "1.250", "KWD")
    api = Api(world.admin)
    pay(api, payment, "0.250")
    as_if(world.here, currency="JPY")
    data = api.ok("get", f"payments/{payment.pk}/")
    assert (data["currency"], data["amount_due"], data["outstanding"], data["entries"][0]["amount"]) == (
        "KWD",
        "1.250",
        "1.000",
        "0.250",
    )
    assert pay(api, payment, "1.000").json()["status"] == "paid"


def test_every_price_can_be_paid(world: World) -> None:
    """A price with more decimals than the currency would leave a rest that nobody can pay."""
    as_if(world.here, currency="KWD")
    service = ServiceFactory(clinic=world.here, price=Decimal("10.125"))
    Clinic.objects.get(pk=world.here.pk)
    as_if(world.here, currency="USD")  # as before prices kept it from changing
    payment = walk_in(world, service=service, clinic=Clinic.objects.get(pk=world.here.pk)).payment
    api = Api(world.admin)
    data = api.ok("get", f"payments/{payment.pk}/")
    assert pay(api, payment, data["outstanding"]).json()["status"] == "paid"


def test_the_price_is_that_of_booking(world: World) -> None:
    payment = Payment.objects.get(visit__appointment=book(world))
    Api(world.admin).ok("patch", f"services/{world.service.pk}/", {"price": "80.00"})
    assert Api(world.admin).ok("get", f"payments/{payment.pk}/")["amount_due"] == "50.00"


def test_a_free_service_is_paid(world: World) -> None:
    payment = priced(world, "0")
    assert (payment.status, payment.visit.payment_status) == ("paid", "paid")
    assert outcome(pay(Api(world.admin), payment, "1.00")) == (409, "overpaid")


# --- Visits and money ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["planned", "waiting", "called", "skipped"])
def test_a_cancelled_visit_with_nothing_paid_is_void(world: World, state: str) -> None:
    visit = visit_in(world, state)
    api = Api(world.admin)
    answer = api.ok("post", f"visits/{visit.pk}/cancel/", {})
    assert (answer["payment_status"], Payment.objects.get(visit=visit).status) == ("void", "void")
    assert outcome(pay(api, visit.payment, "1.00")) == (409, "invalid_transition")
    assert outcome(refund(api, visit.payment, "1.00")) == (409, "refund_exceeds_paid")
    assert api.ok("post", f"visits/{visit.pk}/undo/")["payment_status"] == "pending"
    assert pay(api, visit.payment, "50.00").json()["status"] == "paid"


@pytest.mark.parametrize(
    ("paid", "discount", "status", "after_undo"),
    [
        ("20.00", "0", "partially_paid", "partially_paid"),
        ("50.00", "0", "paid", "paid"),
        ("0", "10.00", "void", "partially_paid"),
        ("0", "50.00", "void", "paid"),
    ],
)
def test_a_cancelled_visit_with_money_in_is_not(world: World, paid: str, discount: str, status: str, after_undo: str) -> None:
    visit = visit_in(world, "waiting")
    api = Api(world.admin)
    assert pay(api, visit.payment, paid, discount=discount).status_code == 200
    assert api.ok("post", f"visits/{visit.pk}/cancel/", {})["payment_status"] == status
    assert api.ok("post", f"visits/{visit.pk}/undo/")["payment_status"] == after_undo


@pytest.mark.parametrize("end", ["leave", "no-show"])
def test_who_left_or_never_came_still_owes_or_not_as_before(world: World, end: str) -> None:
    visit = visit_in(world, "planned" if end == "no-show" else "waiting")
    path = f"appointments/{visit.appointment_id}/no-show/" if end == "no-show" else f"visits/{visit.pk}/leave/"
    Api(world.admin).ok("post", path)
    assert Payment.objects.get(visit=visit).status == "pending"


def test_paying_never_moves_a_visit(world: World) -> None:
    api = Api(world.receptionist)
    visits = [walk_in(world) for _ in range(3)]

    def rows() -> list[Any]:
        return [
            (r["id"], r["rank"], r["rank_basis"], r["status"])
            for r in api.ok("get", f"queue/clinics/{world.here.pk}/")["visits"]
        ]

    before = rows()
    pay(api, visits[2].payment, "50.00")
    assert rows() == before
    assert [r["payment_status"] for r in api.ok("get", f"queue/clinics/{world.here.pk}/")["visits"]] == [
        "pending",
        "pending",
        "paid",
    ]
