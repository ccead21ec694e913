"""The pages' buttons as plain forms, without JavaScript."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from clinics.models import User
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import Visit
from tests.factories import UserFactory, World, book, walk_in

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def told(client: Client, path: str, data: dict[str, object] | None = None) -> tuple[int, str]:
    """Status and the message of a POST."""
    response = client.post(path, data or {})
    return response.status_code, " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_receptionist_checks_a_patient_in(world: World) -> None:
    appointment = book(world)

    status, message = told(as_user(world.receptionist), f"/reception/appointments/{appointment.pk}/check-in/")

    appointment.visit.refresh_from_db()
    assert (status, appointment.visit.status) == (302, "waiting")
    assert appointment.patient.full_name in message


def test_the_desk_sees_before_it_calls_that_the_doctor_is_gone_and_is_told_what_the_call_did(world: World) -> None:
    visit = walk_in(world)
    walk_in(world, doctor=world.colleague)
    queue_actions.set_state(world.doctor, by=world.receptionist, state="gone")
    client = as_user(world.receptionist)
    sentence = f"{world.doctor.name} is gone for today. A call shows the doctor as available again."

    page = client.get("/reception/").content.decode()
    assert page.count(sentence) == 1
    before_the_button = page.split(f"/reception/visits/{visit.pk}/call/")[0].split(f'id="visit-{visit.pk}"')[1]
    assert sentence in before_the_button

    _status, message = told(client, f"/reception/visits/{visit.pk}/call/")
    assert f"{world.doctor.name} is shown as available again." in message
    assert sentence not in client.get("/reception/").content.decode()


def test_checking_in_twice_is_refused_with_a_sentence(world: World) -> None:
    appointment = book(world)
    client = as_user(world.receptionist)
    client.post(f"/reception/appointments/{appointment.pk}/check-in/")

    _status, message = told(client, f"/reception/appointments/{appointment.pk}/check-in/")

    assert "can't be checked in" in message


@pytest.mark.parametrize(
    ("page", "verbs", "end"),
    [
        ("reception", ["call"], "called"),
        ("reception", ["call", "skip", "return"], "waiting"),
        ("reception", ["leave", "undo"], "waiting"),
        ("reception", ["cancel"], "cancelled"),
        ("doctor", ["call", "start", "complete"], "completed"),
        ("doctor", ["call", "skip"], "skipped"),
    ],
)
def test_steps_of_a_visit(world: World, page: str, verbs: list[str], end: str) -> None:
    visit = walk_in(world)
    client = as_user(world.receptionist if page == "reception" else world.doctor_user)

    for verb in verbs:
        assert told(client, f"/{page}/visits/{visit.pk}/{verb}/")[0] == 302

    assert Visit.objects.get(pk=visit.pk).status == end


def test_a_form_that_was_sent_twice_calls_once(world: World) -> None:
    visit = walk_in(world)
    client = as_user(world.receptionist)
    path, seen = f"/reception/visits/{visit.pk}/call/", {"version": visit.version}
    client.post(path, seen)

    _status, message = told(client, path, seen)

    assert "has changed" in message
    assert Visit.objects.get(pk=visit.pk).call_count == 1


def test_doctor_calls_the_next(world: World) -> None:
    visit = walk_in(world)
    client = as_user(world.doctor_user)

    told(client, f"/doctor/{world.doctor.pk}/call-next/")
    queue_actions.start(visit, by=world.doctor_user)
    _status, message = told(client, f"/doctor/{world.doctor.pk}/call-next/")

    assert Visit.objects.get(pk=visit.pk).status == "in_progress"
    assert "Nobody is waiting" in message


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("doctor_user", "/reception/appointments/{appointment}/check-in/", 403),
        ("receptionist", "/doctor/visits/{visit}/start/", 403),
        ("receptionist", "/doctor/{doctor}/call-next/", 403),
        ("receptionist_there", "/reception/visits/{visit}/call/", 404),
        ("receptionist_there", "/reception/appointments/{appointment}/check-in/", 404),
        ("receptionist_there", "/reception/visits/{visit}/payment/", 404),
        ("doctor_user", "/reception/visits/{visit}/payment/", 403),
        ("colleague_user", "/doctor/visits/{visit}/call/", 404),
        ("colleague_user", "/doctor/{doctor}/call-next/", 404),
        ("receptionist", "/reception/visits/{visit}/explode/", 404),
    ],
)
def test_what_is_not_allowed_changes_nothing(world: World, who: str, path: str, status: int) -> None:
    visit, appointment = walk_in(world), book(world)
    user = world.colleague.user if who == "colleague_user" else getattr(world, who)
    assert user is not None

    address = path.format(visit=visit.pk, appointment=appointment.pk, doctor=world.doctor.pk)

    assert as_user(user).post(address, {"amount": "5", "method": "cash"}).status_code == status
    assert Visit.objects.get(pk=visit.pk).version == visit.version
    assert not LedgerEntry.objects.exists()


def test_forms_need_the_csrf_token(world: World) -> None:
    visit = walk_in(world)
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.receptionist)

    response = client.post(f"/reception/visits/{visit.pk}/call/")

    assert response.status_code == 403
    assert "try again" in response.content.decode()


def test_who_logged_in_on_the_way_comes_back_to_the_page(world: World) -> None:
    visit = walk_in(world)

    assert as_user(world.receptionist).get(f"/reception/visits/{visit.pk}/call/")["Location"] == "/reception/"


def test_receptionist_takes_a_payment(world: World) -> None:
    visit = walk_in(world)
    client = as_user(world.receptionist)
    path = f"/reception/visits/{visit.pk}/payment/"

    shown = client.get(path).content.decode()
    told(client, path, {"amount": "20,00", "method": "cash", "discount": ""})

    payment = Payment.objects.get(visit=visit)
    entry = payment.entries.get()
    assert 'value="50.00"' in shown
    assert (payment.status, str(entry.amount)) == ("partially_paid", "20.000")
    assert entry.receipt_number in client.get(path).content.decode()
    assert entry.receipt_number in client.get(f"/reception/payments/{payment.pk}/receipt/").content.decode()


def test_a_payment_that_was_sent_twice_is_taken_once(world: World) -> None:
    visit = walk_in(world)
    client = as_user(world.receptionist)
    path = f"/reception/visits/{visit.pk}/payment/"
    given = {"amount": "20", "method": "cash", "version": Payment.objects.get(visit=visit).version}
    client.post(path, given)

    _status, message = told(client, path, given)

    assert "has changed" in message
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "status", "sentence"),
    [
        ({"amount": "999"}, 302, "more than is still owed"),
        ({"amount": "-1"}, 400, "0"),
        ({"amount": "abc"}, 400, "digits"),
        ({}, 400, "required"),
    ],
)
def test_a_wrong_payment_is_refused_with_a_sentence(world: World, given: dict[str, str], status: int, sentence: str) -> None:
    visit = walk_in(world)
    client = as_user(world.receptionist)

    response = client.post(f"/reception/visits/{visit.pk}/payment/", {"method": "cash", **given}, follow=False)
    html = client.get(f"/reception/visits/{visit.pk}/payment/").content.decode() if status == 302 else response.content.decode()

    assert response.status_code == status
    assert sentence in html
    assert not LedgerEntry.objects.exists()


def paid(world: World) -> Payment:
    payment = Payment.objects.get(visit=walk_in(world))
    return payment_actions.process(payment, by=world.receptionist, amount=Decimal(50), method="card")


def test_an_admin_gives_money_back(world: World) -> None:
    payment = paid(world)
    client = as_user(world.admin)
    path = f"/reception/visits/{payment.visit_id}/payment/refund/"

    assert f'href="{path}"' in client.get(f"/reception/visits/{payment.visit_id}/payment/").content.decode()
    assert 'value="50.00"' in client.get(path).content.decode()
    given = {"amount": "20,00", "reason": "Paid twice, by card", "method": "", "version": payment.version}
    _status, message = told(client, path, given)

    entry = payment.entries.get(kind="refund")
    assert "The refund is recorded" in message
    assert (str(entry.amount), entry.method, entry.reason) == ("20.000", "card", "Paid twice, by card")
    # The same form sent twice gives back once.
    assert "has changed" in told(client, path, given)[1]
    assert payment.entries.filter(kind="refund").count() == 1


@pytest.mark.parametrize(
    ("given", "status", "sentence"),
    [
        ({"amount": "999", "reason": "much"}, 302, "more than was taken"),
        ({"amount": "10"}, 400, "required"),
        ({"amount": "abc", "reason": "x"}, 400, "digits"),
    ],
)
def test_a_wrong_refund_is_refused_with_a_sentence(world: World, given: dict[str, str], status: int, sentence: str) -> None:
    payment = paid(world)
    client = as_user(world.admin)
    path = f"/reception/visits/{payment.visit_id}/payment/refund/"

    response = client.post(path, given)
    html = client.get(path).content.decode() if status == 302 else response.content.decode()

    assert response.status_code == status
    assert sentence in html
    assert not payment.entries.filter(kind="refund").exists()


def test_nobody_but_an_admin_of_the_clinic_gives_money_back(world: World) -> None:
    payment = paid(world)
    path = f"/reception/visits/{payment.visit_id}/payment/refund/"

    for user, status in ((world.receptionist, 403), (world.doctor_user, 403), (world.receptionist_there, 403)):
        assert as_user(user).get(path).status_code == status
        assert as_user(user).post(path, {"amount": "5", "reason": "x"}).status_code == status
    elsewhere = UserFactory(role="admin", clinics=[world.there])
    assert as_user(elsewhere).post(path, {"amount": "5", "reason": "x"}).status_code == 404
    assert path not in as_user(world.receptionist).get(f"/reception/visits/{payment.visit_id}/payment/").content.decode()
    assert not payment.entries.filter(kind="refund").exists()


def test_where_nothing_was_paid_there_is_nothing_to_give_back(world: World) -> None:
    visit = walk_in(world)
    client = as_user(world.admin)

    assert "payment/refund/" not in client.get(f"/reception/visits/{visit.pk}/payment/").content.decode()
    assert "nothing to give back" in client.get(f"/reception/visits/{visit.pk}/payment/refund/").content.decode()


def test_page_shows_the_current_patient_large_and_only_once(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    queue_actions.call(first, by=world.doctor_user)

    html = as_user(world.doctor_user).get("/doctor/").content.decode()

    assert f'id="visit-{first.pk}"' not in html
    assert f'id="visit-{second.pk}"' in html
    assert f'id="current" data-key="{first.pk}"' in html
