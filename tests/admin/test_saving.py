"""Saving goes through the actions: the same events, and refusals that can be read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appointments import actions as appointment_actions
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from clinics.models import Clinic, Doctor
from patients import actions as patient_actions
from patients.models import FileAccess, Patient
from payments import actions as payment_actions
from payments.models import CashShift, Payment
from queue.models import Visit
from tests.admin.site import errors_of, form_of, sent_by
from tests.admin.test_pages import address
from tests.factories import PatientFactory, World, as_if, book, no_hours, walk_in
from tests.factories.world import soon


def typed(moment: dt.datetime, clinic: Clinic) -> str:
    """As the browser's own date and time input sends it."""
    return f"{moment.astimezone(clinic.zone):%Y-%m-%dT%H:%M}"


def booking(world: World, **overrides: Any) -> dict[str, Any]:
    return {
        "clinic": world.here.pk,
        "doctor": world.doctor.pk,
        "patient": world.patient.pk,
        "service": world.service.pk,
        "start": typed(soon(), world.here),
        "booking_source": "phone",
        "notes": "",
        **overrides,
    }


def saved(response: Any) -> bool:
    assert response.status_code == 302, errors_of(response)
    return True


# --- Patients ---------------------------------------------------------------------------------------------------------

NEW_PATIENT = {"full_name": "Łucja  Nowak", "phone": "+48 22 123 45 67", "sex": "female"}


def test_registering_is_the_action(manager: Client, world: World) -> None:
    other = sent_by(lambda: patient_actions.register(by=world.admin, full_name="Somebody Else"))

    ours = sent_by(lambda: saved(manager.post(address(Patient, "add"), NEW_PATIENT)))

    patient = Patient.objects.latest("pk")
    assert ours == other
    assert (patient.full_name, patient.record_number) == ("Łucja Nowak", f"P-{patient.pk:06d}")
    assert patient.accesses.filter(user=world.admin, how="changed").exists()


def test_possible_duplicate_is_shown_and_can_be_confirmed(manager: Client, world: World) -> None:
    saved(manager.post(address(Patient, "add"), NEW_PATIENT))
    first = Patient.objects.latest("pk")
    twin = {**NEW_PATIENT, "full_name": "Lucja Nowak"}

    refused = manager.post(address(Patient, "add"), twin)

    assert "already registered" in errors_of(refused)
    assert f"{first}: same phone and similar name" in errors_of(refused)
    assert 'name="force"' in refused.content.decode()
    assert Patient.objects.latest("pk") == first
    assert 'name="force"' not in manager.get(address(Patient, "add")).content.decode()

    saved(manager.post(address(Patient, "add"), {**twin, "force": "on"}))
    assert Patient.objects.latest("pk").full_name == "Lucja Nowak"


def test_changing_a_patient_is_the_action(manager: Client, world: World) -> None:
    path = address(Patient, "change", world.patient.pk)
    before = world.patient.version

    events = sent_by(lambda: saved(manager.post(path, {**form_of(manager, path), "full_name": "Zoë Ünal"})))

    patient = Patient.objects.get(pk=world.patient.pk)
    assert events == [("patient_updated", ["broadcast"])]
    assert (patient.name_key, patient.version) == ("zoe unal", before + 1)


def test_impossible_birth_date_is_refused(manager: Client, world: World) -> None:
    tomorrow = timezone.now().date() + dt.timedelta(days=1)

    assert "1900" in errors_of(manager.post(address(Patient, "add"), {**NEW_PATIENT, "birth_date": str(tomorrow)}))


def test_merged_file_is_only_looked_at(manager: Client, world: World) -> None:
    gone = PatientFactory()
    patient_actions.merge(world.patient, duplicate=gone, by=world.admin)
    path = address(Patient, "change", gone.pk)

    assert 'name="_save"' not in manager.get(path).content.decode()
    assert manager.post(path, NEW_PATIENT).status_code == 403


@pytest.mark.parametrize(
    ("search", "finds"), [("zoe unal", True), ("ÜNAL zo", True), ("030 9999", True), ("P-00", True), ("nobody", False)]
)
def test_search_folds_names_and_phones(manager: Client, world: World, search: str, finds: bool) -> None:
    patient_actions.change(world.patient, by=None, full_name="Zoë Ünal", phone="030 9999 12")

    shown = manager.get(address(Patient, "changelist"), {"q": search}).context["cl"].result_list

    assert (world.patient in shown) is finds


def test_every_reading_of_a_file_is_noted(manager: Client, world: World) -> None:
    def noted() -> list[str]:
        return list(world.patient.accesses.order_by("pk").values_list("how", flat=True))

    manager.get(address(Patient, "changelist"), {"q": world.patient.full_name})
    assert noted() == [FileAccess.How.FOUND]
    manager.get(address(Patient, "change", world.patient.pk))
    manager.get(address(Patient, "history", world.patient.pk))
    assert noted()[1:] == [FileAccess.How.OPENED] * 2
    asked = {"app_label": "queue", "model_name": "visit", "field_name": "patient", "term": world.patient.full_name}
    assert len(manager.get("/admin/autocomplete/", asked).json()["results"]) == 1
    assert noted()[3:] == [FileAccess.How.FOUND]


# --- Appointments -----------------------------------------------------------------------------------------------------


def test_booking_is_the_action(manager: Client, world: World) -> None:
    patient = PatientFactory()
    other = sent_by(lambda: book(world, doctor=world.colleague, patient=patient))

    ours = sent_by(lambda: saved(manager.post(address(Appointment, "add"), booking(world))))

    appointment = Appointment.objects.latest("pk")
    assert [name for name, _ in ours] == [name for name, _ in other]
    assert (appointment.start, appointment.created_by) == (soon(), world.admin)
    assert appointment.visit.status == Visit.Status.PLANNED
    assert appointment.visit.payment.amount_due == world.service.price


def test_times_are_typed_in_the_clinics_own_time(manager: Client, world: World) -> None:
    world.here.timezone = "Asia/Kathmandu"
    world.here.save()
    start = (
        (timezone.now() + dt.timedelta(days=1)).astimezone(world.here.zone).replace(hour=10, minute=0, second=0, microsecond=0)
    )

    saved(manager.post(address(Appointment, "add"), booking(world, start=f"{start:%Y-%m-%dT%H:%M}")))

    appointment = Appointment.objects.latest("pk")
    assert appointment.start == start
    path = address(Appointment, "change", appointment.pk)
    assert f'value="{start:%Y-%m-%d}T10:00"' in manager.get(path).content.decode()
    assert "10:00" in manager.get(address(Appointment, "changelist")).content.decode()


def test_refused_booking_shows_why_and_changes_nothing(manager: Client, world: World) -> None:
    book(world)
    count = Appointment.objects.count()

    def refusal(**overrides: Any) -> str:
        return errors_of(manager.post(address(Appointment, "add"), booking(world, **overrides)))

    assert "just taken" in refusal()
    assert "past" in refusal(start="2020-01-01T10:00")
    assert "another appointment" in _busy_patient(manager, world)
    assert Appointment.objects.count() == count + 1
    assert refusal(start="").count("required") == 1


def _busy_patient(manager: Client, world: World) -> str:
    book(world, doctor=world.colleague, patient=world.patient, minutes=200)
    third = {"start": typed(soon(200), world.here)}
    return errors_of(manager.post(address(Appointment, "add"), booking(world, **third)))


def test_moving_an_appointment_is_the_action(manager: Client, world: World) -> None:
    twin = book(world, doctor=world.colleague, minutes=30)
    appointment = book(world, minutes=30)
    later = soon(30) + dt.timedelta(hours=2)
    if world.here.day_of(later) != appointment.date:
        later = soon(30) - dt.timedelta(minutes=10)
    other = sent_by(lambda: appointment_actions.change(twin, by=world.admin, start=later))
    path = address(Appointment, "change", appointment.pk)

    ours = sent_by(lambda: saved(manager.post(path, {**form_of(manager, path), "start": typed(later, world.here)})))

    assert [name for name, _ in ours] == [name for name, _ in other]
    assert Appointment.objects.get(pk=appointment.pk).start == later


def test_an_appointment_that_is_over_is_only_looked_at(manager: Client, world: World) -> None:
    appointment = book(world)
    appointment_actions.cancel(appointment, by=world.admin, reason="ill")
    path = address(Appointment, "change", appointment.pk)

    assert 'name="_save"' not in manager.get(path).content.decode()
    assert manager.post(path, booking(world)).status_code == 403


def test_state_cannot_be_written_past_the_actions(manager: Client, world: World) -> None:
    appointment = book(world)
    path = address(Appointment, "change", appointment.pk)

    saved(manager.post(path, {**form_of(manager, path), "status": "fulfilled", "notes": "by wheelchair"}))

    fresh = Appointment.objects.get(pk=appointment.pk)
    assert (fresh.status, fresh.notes) == ("booked", "by wheelchair")


# --- Visits -----------------------------------------------------------------------------------------------------------


def test_adding_a_visit_is_a_walk_in(manager: Client, world: World) -> None:
    patient = PatientFactory()
    other = sent_by(lambda: walk_in(world, patient=patient))
    sent = {name: value for name, value in booking(world).items() if name in ("clinic", "doctor", "patient", "service")}

    ours = sent_by(lambda: saved(manager.post(address(Visit, "add"), {**sent, "priority": "urgent"})))

    visit = Visit.objects.latest("pk")
    assert ours == other
    assert (visit.status, visit.priority, visit.queue_number, visit.visit_type) == ("waiting", "urgent", 2, "walk_in")


def test_priority_and_doctor_are_changed_by_their_actions(manager: Client, world: World) -> None:
    visit = walk_in(world)
    path = address(Visit, "change", visit.pk)
    changed = {"priority": "emergency", "priority_reason": "chest pain", "doctor": world.colleague.pk}

    events = sent_by(lambda: saved(manager.post(path, {**form_of(manager, path), **changed})))

    visit.refresh_from_db()
    assert [name for name, _ in events] == ["queue_updated"]
    assert set(events[0][1]) == {f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}", f"doctor_{world.colleague.pk}"}
    assert (visit.priority, visit.doctor) == ("emergency", world.colleague)
    assert list(visit.steps.values_list("action", flat=True)) == ["walk_in", "transfer", "priority"]


def test_refused_walk_in_is_a_form_error(superuser: Client, world: World) -> None:
    sent = {"clinic": world.here.pk, "doctor": world.stranger.pk, "patient": world.patient.pk, "service": world.service.pk}

    assert "doesn't work at this clinic" in errors_of(superuser.post(address(Visit, "add"), {**sent, "priority": "normal"}))


def test_choice_of_another_clinic_is_refused_even_if_it_is_sent(manager: Client, world: World) -> None:
    sent = booking(world, clinic=world.there.pk, doctor=world.stranger.pk, service=world.service_there.pk)

    assert errors_of(manager.post(address(Appointment, "add"), sent)).count("not one of the available choices") == 3


# --- Payments ---------------------------------------------------------------------------------------------------------


def money(manager: Client, payment: Payment, **sent: Any) -> Any:
    path = address(Payment, "change", payment.pk)
    return manager.post(path, {**form_of(manager, path), **sent})


def test_taking_money_and_giving_it_back_is_the_action(manager: Client, world: World) -> None:
    other, payment = walk_in(world).payment, walk_in(world).payment
    theirs = sent_by(lambda: payment_actions.process(other, by=world.admin, amount=Decimal(20), method="card"))

    ours = sent_by(lambda: saved(money(manager, payment, operation="process", amount="20", method="card")))

    payment.refresh_from_db()
    assert ours == theirs
    assert (payment.status, payment.amount_paid) == ("partially_paid", 20)
    saved(money(manager, payment, operation="process", amount="25", rebate="5", method="cash", reason="friend"))
    saved(money(manager, payment, operation="refund", amount="45", method="", reason="by mistake"))
    payment.refresh_from_db()
    assert payment.status == "refunded"
    assert list(payment.entries.values_list("kind", "amount", "discount", "method")) == [
        ("payment", 20, 0, "card"),
        ("payment", 25, 5, "cash"),
        ("refund", 45, 0, "cash"),
    ]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"operation": "process", "amount": "51", "method": "cash"}, "more than is still owed"),
        ({"operation": "process", "amount": "0", "method": "cash"}, "above zero"),
        ({"operation": "process", "amount": "1.005", "method": "cash"}, "2 decimals"),
        ({"operation": "process", "amount": "NaN", "method": "cash"}, "number"),
        ({"operation": "process", "amount": "-1", "method": "cash"}, "greater than or equal"),
        ({"operation": "process", "amount": "10", "method": ""}, "how it is paid"),
        ({"operation": "process", "amount": "10", "rebate": "1", "method": "cash"}, "reason"),
        ({"operation": "refund", "amount": "1", "reason": "x"}, "more than was taken"),
        ({"operation": "refund", "amount": "1"}, "reason"),
        ({}, "required"),
    ],
)
def test_refused_money_shows_why(manager: Client, world: World, sent: dict[str, str], sentence: str) -> None:
    payment = walk_in(world).payment

    assert sentence in errors_of(money(manager, payment, **sent))
    assert payment.entries.count() == 0


def test_money_is_not_taken_twice_by_sending_a_form_twice(manager: Client, world: World) -> None:
    payment = walk_in(world).payment
    path = address(Payment, "change", payment.pk)
    sent = {**form_of(manager, path), "operation": "process", "amount": "10", "method": "cash"}

    saved(manager.post(path, sent))

    assert "changed this meanwhile" in errors_of(manager.post(path, sent))
    assert payment.entries.count() == 1


def till(world: World) -> tuple[CashShift, str]:
    """The receptionist's open shift, that should hold 15, and its page."""
    shift = payment_actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(5))
    payment_actions.process(walk_in(world).payment, by=world.receptionist, amount=Decimal(10), method="cash")
    return shift, address(CashShift, "change", shift.pk)


def test_closing_a_till_is_the_action(manager: Client, world: World) -> None:
    shift, path = till(world)
    assert "15.00" in manager.get(path).content.decode()

    saved(manager.post(path, {**form_of(manager, path), "counted": "14.50", "why": "a coin is lost"}))

    shift.refresh_from_db()
    assert (shift.counted_cash, shift.expected_cash, shift.difference) == (Decimal("14.5"), 15, Decimal("-0.5"))
    assert (shift.note, shift.closed_by, shift.cashier) == ("a coin is lost", world.admin, world.receptionist)
    assert manager.post(path, {"counted": "1", "why": "x", "seen": str(shift.version)}).status_code == 403


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"counted": "14.50"}, "0.50 USD less than expected"),
        ({"counted": "14.505", "why": "x"}, "2 decimals"),
        ({"counted": "-1", "why": "x"}, "greater than or equal"),
        ({"counted": "NaN", "why": "x"}, "number"),
        ({}, "required"),
        ({"counted": "15", "seen": "99"}, "changed this meanwhile"),
    ],
)
def test_a_till_that_is_not_closed_shows_why(manager: Client, world: World, sent: dict[str, str], sentence: str) -> None:
    shift, path = till(world)

    assert sentence in errors_of(manager.post(path, {**form_of(manager, path), **sent}))
    shift.refresh_from_db()
    assert shift.closed_at is None


# --- Directory --------------------------------------------------------------------------------------------------------


def test_new_name_of_a_doctor_reaches_the_screens(manager: Client, world: World) -> None:
    visit = walk_in(world)
    path = address(Doctor, "change", world.doctor.pk)

    events = sent_by(lambda: saved(manager.post(path, {**form_of(manager, path), "name": "Dr Renamed"})))

    assert ("queue_updated", [f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"]) in events
    assert Visit.objects.get(pk=visit.pk).version == visit.version + 1


def test_doctor_and_clinics_are_stored_as_one_command(superuser: Client, world: World) -> None:
    path = address(Doctor, "change", world.doctor.pk)
    sent = {**form_of(superuser, path), "name": "Dr Both", "clinics": [world.here.pk, world.there.pk]}

    events = sent_by(lambda: saved(superuser.post(path, sent)))

    rooms = [f"clinic_{world.here.pk}", f"clinic_{world.there.pk}", f"doctor_{world.doctor.pk}"]
    assert events == [("queue_updated", rooms), ("rights_changed", ["control"])]
    assert set(world.doctor.clinics.all()) == {world.here, world.there}


# --- Hours ------------------------------------------------------------------------------------------------------------


def menu(manager: Client, model: type[Any], action: str, *rows: Any) -> str:
    """What the page says after an action on rows of its list."""
    path = address(model, "changelist")
    sent = {"action": action, "_selected_action": [row.pk for row in rows]}
    return " ".join(str(message) for message in manager.post(path, sent, follow=True).context["messages"])


def test_a_shift_with_breaks_is_the_action(manager: Client, world: World) -> None:
    no_hours(world.doctor)
    new = {"doctor": world.doctor.pk, "clinic": world.here.pk, "weekday": 0, "start_time": "08:00", "end_time": "00:00"}

    saved(manager.post(address(Shift, "add"), {**new, "breaks": "15:00-15:15, 12:00–12:30"}))

    shift = Shift.objects.latest("pk")
    assert [str(each) for each in shift.breaks] == ["12:00-12:30", "15:00-15:15"]
    path = address(Shift, "change", shift.pk)
    assert 'value="12:00-12:30, 15:00-15:15"' in manager.get(path).content.decode()
    saved(manager.post(path, {**form_of(manager, path), "breaks": "12:00-13:00"}))
    fresh = Shift.objects.get(pk=shift.pk)
    assert ([str(each) for each in fresh.breaks], fresh.version) == (["12:00-13:00"], shift.version + 1)
    assert fresh.history.latest().history_user == world.admin


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"breaks": "noon"}, "as in 12:00-12:30"),
        ({"breaks": "25:00-26:00"}, "as in 12:00-12:30"),
        ({"breaks": "07:00-08:30"}, "isn't inside the shift"),
        ({"breaks": "09:00-10:00, 09:30-11:00"}, "overlap"),
        ({"end_time": "07:00"}, "must end after it starts"),
        ({"weekday": 1}, "overlaps the shift"),
    ],
)
def test_refused_shift_shows_why(manager: Client, world: World, sent: dict[str, Any], sentence: str) -> None:
    appointment_actions.end_shift(world.doctor.shifts.get(weekday=0), by=None)
    new = {"doctor": world.doctor.pk, "clinic": world.here.pk, "weekday": 0, "start_time": "08:00", "end_time": "16:00"}
    before = Shift.objects.count()

    assert sentence in errors_of(manager.post(address(Shift, "add"), {**new, **sent}))
    assert Shift.objects.count() == before


@pytest.mark.parametrize("model", [Shift, TimeOff, ClosingDay], ids=lambda model: model.__name__)
def test_hours_are_ended_and_stay_to_be_looked_at(manager: Client, world: World, model: type[Any]) -> None:
    day = timezone.now() + dt.timedelta(days=1)
    row: Any = {
        Shift: world.doctor.shifts.earliest("pk"),
        TimeOff: TimeOff(doctor=world.doctor, start=day, end=day + dt.timedelta(days=1)),
        ClosingDay: ClosingDay(clinic=world.here, first_day=day.date(), last_day=day.date()),
    }[model]
    if row.pk is None:
        row.save()

    assert manager.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert " ended." in menu(manager, model, "end", row)

    fresh = model.objects.get(pk=row.pk)
    assert (fresh.is_active, fresh.history.latest().history_user) == (False, world.admin)
    assert 'name="_save"' not in manager.get(address(model, "change", row.pk)).content.decode()
    assert "was ended" in menu(manager, model, "end", row)


def test_who_is_booked_then_is_named(manager: Client, world: World) -> None:
    appointment = book(world, minutes=60 * 24, patient=world.patient)
    day = appointment.date.isoformat()
    added = manager.post(address(ClosingDay, "add"), {"clinic": world.here.pk, "first_day": day, "last_day": day}, follow=True)

    said = " ".join(str(message) for message in added.context["messages"])
    assert "Nothing was moved" in said
    assert world.patient.full_name in said
    assert world.patient.full_name in menu(manager, Shift, "end", world.doctor.shifts.get(weekday=appointment.date.weekday()))


# --- Overbooking and moving -------------------------------------------------------------------------------------------


def test_an_admin_overbooks_with_a_reason(manager: Client, world: World) -> None:
    first = book(world)
    sent = booking(world, start=typed(first.start, world.here))

    assert "just taken" in errors_of(manager.post(address(Appointment, "add"), sent))
    saved(manager.post(address(Appointment, "add"), {**sent, "overbook_because": "twins"}))

    second = Appointment.objects.latest("pk")
    assert (second.start, second.overbooked, second.overbook_reason) == (first.start, True, "twins")


def test_where_it_was_moved_from_is_on_the_page(manager: Client, world: World) -> None:
    appointment = book(world)
    path = address(Appointment, "change", appointment.pk)
    sent = {**form_of(manager, path), "start": typed(soon(120), world.here), "moved_because": "train is late"}

    saved(manager.post(path, sent))

    move = appointment.reschedules.get()
    assert (move.from_start, move.to_start, move.reason, move.by) == (
        appointment.start,
        soon(120),
        "train is late",
        world.admin,
    )
    assert "train is late" in manager.get(path).content.decode()


def test_history_names_who_changed_it(manager: Client, world: World) -> None:
    path = address(Clinic, "change", world.here.pk)

    saved(manager.post(path, {**form_of(manager, path), "late_after_minutes": "15"}))

    assert world.here.history.latest().history_user == world.admin


@pytest.mark.parametrize("moment", ["9999-12-31T23:59", "2901-01-01T00:00", "1899-12-31T23:59", "0001-01-01T00:00"])
def test_moments_beyond_the_calendar_are_refused(manager: Client, world: World, moment: str) -> None:
    for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
        as_if(world.here, timezone=zone)
        page = manager.post(address(Appointment, "add"), booking(world, start=moment))
        assert "between 1900 and 2900" in str(errors_of(page))
        away = {"doctor": world.doctor.pk, "start": moment, "end": moment, "reason": ""}
        assert "between 1900 and 2900" in str(errors_of(manager.post(address(TimeOff, "add"), away)))
        closing = {"clinic": world.here.pk, "first_day": moment[:10], "last_day": moment[:10], "reason": ""}
        assert "between 1900 and 2900" in str(errors_of(manager.post(address(ClosingDay, "add"), closing)))


def test_time_off_that_another_clinic_entered_is_read_without_its_reason(manager: Client, world: World) -> None:
    world.doctor.clinics.add(world.there)
    away, _ = appointment_actions.add_time_off(
        by=world.admin_there, doctor=world.doctor, start=soon(600), end=soon(900), reason="an operation"
    )
    assert b"an operation" not in manager.get(address(TimeOff, "changelist")).content
    page = manager.get(address(TimeOff, "change", away.pk))
    assert page.status_code == 200
    assert b"an operation" not in page.content
    assert manager.post(address(TimeOff, "change", away.pk), {"reason": "x"}).status_code == 403
    past = away.history.get().history_id  # type: ignore[attr-defined]
    assert b"an operation" not in manager.get(f"{address(TimeOff, 'history', away.pk)}{past}/").content


def test_a_clinic_in_use_keeps_its_code_in_admin_too(manager: Client, world: World) -> None:
    walk_in(world)
    path = address(Clinic, "change", world.here.pk)
    page = manager.post(path, {**form_of(manager, path), "code": "OTHR"})
    assert "Tickets of this clinic" in str(errors_of(page))
    assert Clinic.objects.get(pk=world.here.pk).code == world.here.code
