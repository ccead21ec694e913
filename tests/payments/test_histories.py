"""Any history of commands, with any amounts: the sums are right after each, and a refusal changes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.models import LedgerEntry, Payment, ShareMove
from payments.money import has_decimals, share_of, status_after
from queue.models import Visit
from tests.api.client import Api, as_it_was, desk_dump
from tests.factories import ServiceFactory, World, as_if, walk_in

DECIMALS = {"JPY": 0, "USD": 2, "KWD": 3}
ODD: list[Any] = [
    *(0, "0", "0.00", -1, "-0.01", "0.00001", "NaN", "Infinity", "-Infinity", 1e20, "1" + "0" * 20, "1e5", "1_000", "0x10"),
    *("", " ", "abc", "12,50", None, True, False, [], {}, ["1"], "1\0", "٣٣x", "--1", ".", "½", 10**400, 0.1 + 0.2),
]
percents = st.decimals(Decimal(0), Decimal(100), places=2)


def written(decimals: int) -> st.SearchStrategy[Any]:
    """Amounts as clients send them: mostly what fits, as a string, a number, or in Arabic digits."""
    plain = st.integers(1, 60 * 10**decimals).map(lambda n: str(Decimal(n).scaleb(-decimals)))
    arabic = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
    return st.one_of(plain, plain, plain.map(lambda text: text.translate(arabic)), plain.map(float), st.sampled_from(ODD))


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, str, Decimal, list[tuple[str, dict[str, Any]]]]:
    currency = draw(st.sampled_from(sorted(DECIMALS)))
    decimals = DECIMALS[currency]
    amount = written(decimals)
    price = str(Decimal(draw(st.integers(0, 60 * 10**decimals))).scaleb(-decimals))
    process = st.fixed_dictionaries(
        {"amount": amount, "method": st.sampled_from(["cash", "card", "transfer", "cheque"])},
        optional={"discount": amount, "reason": st.text(max_size=5)},
    )
    refund = st.fixed_dictionaries({"amount": amount, "reason": st.sampled_from(["mistake", ""])})
    command = st.one_of(
        *[st.tuples(st.just("process"), process)] * 3,
        *[st.tuples(st.just("refund"), refund)] * 2,
        st.tuples(st.sampled_from(["cancel", "undo", "transfer"]), st.just({})),
    )
    return currency, price, draw(percents), draw(st.lists(command, min_size=1, max_size=10))


@dataclass
class Expected:
    """What the accepted commands must have made of the payment."""

    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    rows: int = 0
    held: defaultdict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def amount_of(value: Any) -> Decimal:
    return Decimal(str(value).replace("٫", "."))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories())
def test_whatever_is_sent_the_money_is_right(
    world: World, history: tuple[str, str, Decimal, list[tuple[str, dict[str, Any]]]]
) -> None:
    currency, price, percent, commands = history
    with as_it_was():
        world.here.refresh_from_db()
        as_if(world.here, currency=currency)
        service = ServiceFactory(clinic=world.here, price=Decimal(price), doctor_share_percent=percent)
        payment = walk_in(world, service=service).payment
        api, expected = Api(world.admin), Expected()
        for verb, body in commands:
            before = desk_dump()
            response = _send(api, world, payment, verb, body)
            assert response.status_code in (200, 400, 409), (verb, body, response.content)
            if response.status_code != 200:
                assert desk_dump() == before, (verb, body)
                continue
            if verb == "process":
                expected.paid += amount_of(body["amount"])
                expected.discount += amount_of(body.get("discount", 0))
            elif verb == "refund":
                expected.refunded += amount_of(body["amount"])
            expected.rows += verb in ("process", "refund")
            _check(payment.pk, expected, Decimal(price), DECIMALS[currency])


def _send(api: Api, world: World, payment: Payment, verb: str, body: dict[str, Any]) -> Any:
    if verb in ("process", "refund"):
        return api.call("post", f"payments/{payment.pk}/{verb}/", body)
    visit = Visit.objects.get(pk=payment.visit_id)
    if verb == "transfer":
        body = {"doctor": world.colleague.pk if visit.doctor_id == world.doctor.pk else world.doctor.pk}
    return api.call("post", f"visits/{payment.visit_id}/{verb}/", body)


def _check(pk: int, expected: Expected, due: Decimal, decimals: int) -> None:
    stored = Payment.objects.select_related("visit").get(pk=pk)
    entries = list(LedgerEntry.objects.filter(payment=pk))
    assert (stored.amount_paid, stored.amount_refunded, stored.discount) == (
        *(expected.paid, expected.refunded, expected.discount),
    )
    assert stored.balance == expected.paid - expected.refunded >= 0
    assert expected.paid + expected.discount <= stored.amount_due == due
    assert stored.outstanding >= 0
    assert stored.visit.status != "cancelled" or stored.outstanding == 0
    for kind, total in (("payment", expected.paid), ("refund", expected.refunded)):
        assert sum(row.amount for row in entries if row.kind == kind) == total
    assert sum(row.discount for row in entries) == expected.discount
    assert [row.number for row in entries] == list(range(1, expected.rows + 1))
    assert all(has_decimals(row.doctor_share, decimals) and has_decimals(row.clinic_share, decimals) for row in entries)
    assert all(row.doctor_share + row.clinic_share == row.amount for row in entries)
    held: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in entries:
        held[row.doctor_id] += row.doctor_share if row.kind == "payment" else -row.doctor_share
    for moved in ShareMove.objects.filter(payment=pk):
        held[moved.from_doctor_id] -= moved.doctor_share
        held[moved.to_doctor_id] += moved.doctor_share
    share = share_of(stored.balance, stored.share_percent, decimals)
    # The doctor the visit is with has the share of all that is held, rounded once; nobody else has anything.
    assert {doctor: amount for doctor, amount in held.items() if amount} == ({stored.visit.doctor_id: share} if share else {})
    owed = status_after(due=due, discount=stored.discount, paid=stored.amount_paid, refunded=stored.amount_refunded)
    cancelled = stored.visit.status == "cancelled" and not stored.amount_paid
    assert stored.status == stored.visit.payment_status == ("void" if cancelled else owed)
