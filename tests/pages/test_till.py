"""The cashier's page: a till is opened, moved, counted and closed by plain forms."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from payments import actions as payment_actions
from payments.models import CashMovement, CashShift
from tests.factories import UserFactory, World, walk_in
from tests.pages.test_access import as_user

pytestmark = pytest.mark.django_db


def send(client: Client, path: str, **given: str) -> Any:
    token = re.search(r'name="token" value="([0-9a-f]+)"', client.get(path).content.decode())
    assert token
    return client.post(path, {"token": token[1], **given})


def errors(response: Any) -> list[str]:
    return re.findall(r'class="field__error"[^>]*>([^<]*)<', response.content.decode())


def test_a_day_at_the_till(world: World) -> None:
    client = as_user(world.receptionist)
    assert send(client, "/till/", opening_cash="100,00").status_code == 302
    shift = CashShift.objects.get()
    payment_actions.process(walk_in(world).payment, by=world.receptionist, amount=Decimal(50), method="cash")
    path = f"/till/{shift.pk}/"
    assert send(client, path, do="move", kind="out", amount="80.00", reason="to the bank").status_code == 302
    page = client.get("/till/").content.decode()
    assert "$70.00" in page
    assert re.search(r"As of \d\d:\d\d: payments since then are not in it\.", page)

    short = send(client, path, do="close", counted_cash="65.00")
    assert short.status_code == 400
    assert "less than expected" in errors(short)[0]
    assert 'value="65.00"' in short.content.decode()
    assert send(client, path, do="close", counted_cash="65.00", note="wrong change given").status_code == 302

    shift.refresh_from_db()
    assert (shift.expected_cash, shift.counted_cash, shift.difference) == (Decimal(70), Decimal(65), Decimal(-5))
    listed = client.get("/till/").content.decode()
    assert "Open your till" in listed
    assert "-$5.00" in listed
    slip = client.get(f"{path}slip/?paper=80mm").content.decode()
    assert "slip-page--80mm" in slip
    assert "to the bank" in slip
    assert "slip-page--a4" in client.get(f"{path}slip/?paper=x").content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"opening_cash": ""}, "required"), ({"opening_cash": "abc"}, "digits"), ({"opening_cash": "1.001"}, "decimals")],
)
def test_what_is_wrong_stands_by_the_field(world: World, given: dict[str, str], sentence: str) -> None:
    refused = send(as_user(world.receptionist), "/till/", **given)
    assert refused.status_code == 400
    assert sentence in errors(refused)[0]
    assert not CashShift.objects.exists()


def test_more_than_is_there_can_not_be_taken_out(world: World) -> None:
    client = as_user(world.receptionist)
    send(client, "/till/", opening_cash="10")
    path = f"/till/{CashShift.objects.get().pk}/"
    refused = send(client, path, do="move", kind="out", amount="11", reason="bank")
    assert refused.status_code == 409
    assert "Take out no more" in refused.content.decode()
    assert len(errors(send(client, path, do="move", kind="in", amount="5"))) == 1
    assert not CashMovement.objects.exists()


def test_a_form_that_is_sent_twice_counts_once(world: World) -> None:
    client = as_user(world.receptionist)
    sent = {"token": "abc", "opening_cash": "10"}
    assert [client.post("/till/", sent).status_code for _time in range(2)] == [302, 302]
    shift = CashShift.objects.get()
    moved = {"token": "def", "do": "move", "kind": "in", "amount": "5", "reason": "change"}
    for _time in range(2):
        client.post(f"/till/{shift.pk}/", moved)
    assert CashMovement.objects.count() == 1


def test_a_till_is_its_cashiers_and_the_admins(world: World) -> None:
    send(as_user(world.receptionist), "/till/", opening_cash="10")
    path = f"/till/{CashShift.objects.get().pk}/"
    other = UserFactory(clinics=[world.here])
    for user, status in (
        (world.receptionist, 200),
        (world.admin, 200),
        (other, 404),
        (world.receptionist_there, 404),
        (world.admin_there, 404),
        (world.doctor_user, 403),
    ):
        assert [as_user(user).get(each).status_code for each in (path, f"{path}slip/")] == [status, status]
    assert as_user(world.doctor_user).get("/till/").status_code == 403
    assert "$10.00" not in as_user(other).get("/till/").content.decode()

    assert send(as_user(world.admin), path, do="close", counted_cash="10").status_code == 302
    assert CashShift.objects.get().closed_by == world.admin


def test_a_closed_till_can_not_be_changed(world: World) -> None:
    client = as_user(world.receptionist)
    send(client, "/till/", opening_cash="0")
    path = f"/till/{CashShift.objects.get().pk}/"
    send(client, path, do="close", counted_cash="0")
    again = client.post(path, {"token": "x", "do": "move", "kind": "in", "amount": "5", "reason": "late"})
    assert again.status_code == 409
    assert "Count and close" not in client.get(path).content.decode()


def test_a_form_without_a_token_moves_no_cash_and_keeps_what_was_typed(world: World) -> None:
    client = as_user(world.receptionist)
    send(client, "/till/", opening_cash="10")
    path = f"/till/{CashShift.objects.get().pk}/"

    refused = client.post(path, {"do": "move", "kind": "in", "amount": "5", "reason": "change"})

    assert refused.status_code == 400
    assert "Nothing was saved" in refused.content.decode()
    assert 'value="change"' in refused.content.decode()
    assert not CashMovement.objects.exists()
