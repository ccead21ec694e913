"""What is printed: receipts and tickets, on a roll and on a sheet."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from clinics.models import User
from patients.models import FileAccess
from payments import actions as payment_actions
from payments.models import Payment
from queue.models import Visit
from tests.factories import World, book, walk_in

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def paid(world: World, visit: Visit) -> Payment:
    payment = Payment.objects.get(visit=visit)
    return payment_actions.process(payment, by=world.receptionist, amount=Decimal(20), method="card")


def test_a_receipt_lists_clinic_ticket_patient_sums_and_who_took_it(world: World) -> None:
    world.receptionist.first_name, world.receptionist.last_name = "Rana", "Taker"
    world.receptionist.save(update_fields=["first_name", "last_name"])
    visit = walk_in(world)
    payment = paid(world, visit)

    html = as_user(world.admin).get(f"/reception/payments/{payment.pk}/receipt/").content.decode()

    for said in (world.here.name, visit.ticket, visit.patient.full_name, "20.00", "30.00", "taken by Rana Taker", "Card"):
        assert str(said) in html
    assert payment.entries.get().receipt_number in html


def test_a_ticket_lists_clinic_number_patient_sums_and_who_gave_it(world: World) -> None:
    visit = walk_in(world)
    paid(world, visit)

    html = as_user(world.receptionist).get(f"/reception/visits/{visit.pk}/ticket/").content.decode()

    for said in (world.here.name, visit.ticket, visit.patient.full_name, "30.00", world.receptionist.username):
        assert str(said) in html


@pytest.mark.parametrize("what", ["receipt", "ticket"])
def test_each_print_is_noted_in_the_access_log(world: World, what: str) -> None:
    visit = walk_in(world)
    payment = paid(world, visit)
    path = f"/reception/payments/{payment.pk}/receipt/" if what == "receipt" else f"/reception/visits/{visit.pk}/ticket/"

    as_user(world.receptionist).get(path)

    noted = FileAccess.objects.filter(patient=visit.patient, how=FileAccess.How.PRINTED)
    assert [row.user for row in noted] == [world.receptionist]


def test_the_paper_is_remembered_for_each_kind(world: World) -> None:
    visit = walk_in(world)
    payment = paid(world, visit)
    client = as_user(world.receptionist)
    receipt, ticket = f"/reception/payments/{payment.pk}/receipt/", f"/reception/visits/{visit.pk}/ticket/"

    assert "paper-a4.css" in client.get(receipt).content.decode()
    assert "paper-80mm.css" in client.get(ticket).content.decode()
    assert "paper-80mm.css" in client.get(f"{receipt}?paper=80mm").content.decode()
    assert "paper-80mm.css" in client.get(receipt).content.decode()
    assert "paper-80mm.css" in client.get(f"{receipt}?paper=letter").content.decode()
    assert "paper-a4.css" in client.get(f"{ticket}?paper=a4").content.decode()


def test_who_is_only_expected_has_no_ticket_to_print(world: World) -> None:
    appointment = book(world)

    assert as_user(world.receptionist).get(f"/reception/visits/{appointment.visit.pk}/ticket/").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("receptionist_there", 404), ("doctor_user", 403)])
def test_nobody_else_prints(world: World, who: str, status: int) -> None:
    visit = walk_in(world)
    payment = paid(world, visit)
    client = as_user(getattr(world, who))

    for path in (f"/reception/payments/{payment.pk}/receipt/", f"/reception/visits/{visit.pk}/ticket/"):
        assert client.get(path).status_code == status
    assert not FileAccess.objects.filter(how=FileAccess.How.PRINTED).exists()


def test_a_discount_has_its_reason_without_javascript_too(world: World) -> None:
    visit = walk_in(world)

    as_user(world.receptionist).post(
        f"/reception/visits/{visit.pk}/payment/", {"amount": "45", "discount": "5", "reason": "waited long", "method": "cash"}
    )

    payment = Payment.objects.get(visit=visit)
    assert (payment.status, payment.entries.get().reason) == ("paid", "waited long")


@pytest.mark.parametrize("page", ["payment/", "payment/refund/"])
def test_without_javascript_money_is_told_in_the_persons_words_and_digits(world: World, page: str) -> None:
    world.receptionist.first_name, world.receptionist.last_name = "Rana", "Taker"
    world.receptionist.save(update_fields=["first_name", "last_name"])
    visit = walk_in(world)
    paid(world, visit)
    world.admin.language = "ar"
    world.admin.save(update_fields=["language"])

    html = as_user(world.admin).get(f"/reception/visits/{visit.pk}/{page}").content.decode()

    # What is suggested is typed as they would type it: 30 are owed, 20 can be given back.
    assert f'value="{"٣٠" if page == "payment/" else "٢٠"}٫٠٠"' in html
    entry = html.split('<ul class="entries">')[1].split("</ul>")[0]
    assert "Rana Taker" in entry
    assert world.receptionist.username not in entry
    assert "بطاقة" in entry


@pytest.mark.parametrize("amount", ["٣٠٫٠٠", "٣٠,٠٠", "30.00"])
def test_an_amount_may_be_typed_in_any_digits(world: World, amount: str) -> None:
    visit = walk_in(world)
    paid(world, visit)

    as_user(world.receptionist).post(f"/reception/visits/{visit.pk}/payment/", {"amount": amount, "method": "cash"})

    assert Payment.objects.get(visit=visit).status == "paid"


def test_sums_on_paper_are_in_the_persons_digits(world: World) -> None:
    visit = walk_in(world)
    payment = paid(world, visit)
    world.receptionist.language = "ar"
    world.receptionist.save(update_fields=["language"])

    html = as_user(world.receptionist).get(f"/reception/payments/{payment.pk}/receipt/").content.decode()

    assert "٢٠٫٠٠" in html
    assert "20.00" not in html
