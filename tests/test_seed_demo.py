"""The demo: made by the real actions, once a day, and never where DEBUG is off."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, Max
from django.test import override_settings
from django.utils import timezone

from appointments import actions as appointment_actions
from appointments.actions import free_slots
from appointments.models import Appointment, Shift
from clinic_project.demo import days, people
from clinic_project.demo.directory import HOURS, PASSWORD, STAFF
from clinics.models import Clinic, Counter, Doctor, Service, User
from patients import actions as patient_actions
from patients.models import Patient
from payments.models import LedgerEntry, Payment
from queue.models import Visit, VisitStep
from realtime.models import Delivery, Event

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2031, 3, 12, 12, 10, tzinfo=dt.UTC)  # a Wednesday, in the break of midday


@pytest.fixture(autouse=True)
def demo(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True
    monkeypatch.delenv("DEMO_TIMEZONE", raising=False)


def seed(moment: dt.datetime = NOON, past_days: int = 1) -> str:
    """One day of the past is enough for most."""
    out = StringIO()
    with time_machine.travel(moment, tick=False):
        call_command("seed_demo", past_days=past_days, stdout=out)
    return out.getvalue()


@contextmanager
def told_once(django_db_blocker: Any, past_days: int) -> Iterator[str]:
    """The story in a transaction that is never committed; yields what the command said."""
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(DEBUG=True):
            said = seed(past_days=past_days)
        yield said
        transaction.set_rollback(True)


def rows() -> dict[str, Any]:
    """Everything that a second run could change: how much there is, and the sum of versions."""
    models = [
        Clinic,
        User,
        Doctor,
        Service,
        Shift,
        Patient,
        Appointment,
        Visit,
        VisitStep,
        Payment,
        LedgerEntry,
        Event,
        Counter,
    ]
    counts = {model.__name__: model.objects.count() for model in models}
    versions = {model.__name__ + " version": model.objects.aggregate(Max("version")) for model in (Visit, Appointment, Payment)}
    return counts | versions


def test_it_refuses_without_debug(settings: Any) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG=true only"):
        seed()

    assert not User.objects.exists()
    assert not Clinic.objects.exists()


@pytest.mark.parametrize("days", ["-1", "366", "many", "1.5", "9" * 5000])
def test_it_refuses_a_past_that_is_no_number_of_days(days: str) -> None:
    with pytest.raises(CommandError, match="not a number of days from 0 to 365"):
        call_command("seed_demo", f"--past-days={days}")

    assert not Clinic.objects.exists()


def test_it_refuses_a_time_zone_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TIMEZONE", "Mars/Olympus")

    with pytest.raises(CommandError, match="no time zone"):
        seed()

    assert not Clinic.objects.exists()


PAST = 10
"""Days of the past that are told here; the whole month takes twice as long and is told the same way."""


class TestWhatIsTold:
    """Told once for all of these."""

    @pytest.fixture(scope="class")
    @classmethod
    def told(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
        with told_once(django_db_blocker, PAST) as said:
            yield said

    def test_many_visits_of_many_people(self, told: str) -> None:
        assert 12 * PAST <= Visit.objects.count() <= 16 * PAST + 90
        visited = Patient.objects.filter(visits__date__lt=NOON.date(), visits__status="completed").distinct().count()
        assert visited >= 55
        coming = Appointment.objects.filter(date__gt=NOON.date(), status="booked")
        assert set(coming.values_list("date", flat=True)) == {
            NOON.date() + dt.timedelta(days=n) for n in range(1, days.COMING_DAYS + 1)
        }

    def test_staff_clinics_and_logins(self, told: str) -> None:
        main, harbour = Clinic.objects.get(code="A"), Clinic.objects.get(code="B")
        assert (main.name, main.currency, harbour.name, harbour.currency) == ("Main Street", "USD", "Harbour", "EUR")
        roles = {user.username: (user.role, user.is_staff, user.is_superuser) for user in User.objects.all()}
        assert roles == {
            "admin": ("admin", True, True),
            "manager": ("admin", True, False),
            "reception": ("receptionist", False, False),
            "reception2": ("receptionist", False, False),
            "doctor1": ("doctor", False, False),
            "doctor2": ("doctor", False, False),
            "doctor3": ("doctor", False, False),
        }
        assert {user.username for user in main.staff.all()} == {"manager", "reception", "doctor1", "doctor2"}
        assert {doctor.user.username for doctor in harbour.doctors.all() if doctor.user} == {"doctor3"}
        assert all(doctor.speciality for doctor in Doctor.objects.all())
        assert User.objects.get(username="reception").check_password(PASSWORD)
        assert PASSWORD in told
        assert all(member.username in told for member in STAFF)
        assert min(Service.objects.values("clinic").annotate(n=Count("pk")).values_list("n", flat=True)) >= 4

    def test_patients_of_many_cultures_are_registered_once_each(self, told: str) -> None:
        assert Patient.objects.count() == len(people.PEOPLE) >= 60
        assert Patient.objects.filter(phone_key=Patient.objects.get(full_name__startswith="Ngozi").phone_key).count() == 3
        assert Patient.objects.filter(created_at__lt=NOON - dt.timedelta(days=40)).count() == Patient.objects.count()
        assert all(patient.accesses.exists() for patient in Patient.objects.all())

    def test_today_has_every_state(self, told: str) -> None:
        today = Visit.objects.filter(date=NOON.date())
        assert set(today.values_list("status", flat=True)) == set(Visit.Status.values)
        assert set(Appointment.objects.filter(date=NOON.date()).values_list("status", flat=True)) == set(
            Appointment.Status.values
        )
        assert set(today.values_list("payment__status", flat=True)) == set(Payment.Status.values)
        assert set(today.values_list("visit_type", flat=True)) == set(Visit.Type.values)
        assert set(today.values_list("priority", flat=True)) == set(Visit.Priority.values)
        assert {"booked", "late", "walk_in", "returned"} <= set(today.waiting().values_list("rank_basis", flat=True))
        for doctor in Doctor.objects.all():
            theirs = today.filter(doctor=doctor)
            assert theirs.filter(status="in_progress").count() == theirs.filter(status="called").count() == 1
            assert theirs.waiting().count() >= 5
            booked = Appointment.objects.filter(doctor=doctor, date=NOON.date(), status="booked")
            assert booked.filter(start__lt=NOON).exists()
            assert booked.filter(start__gt=NOON).exists()

    def test_the_past_has_visits_with_payments_and_nothing_left_open(self, told: str) -> None:
        past = Visit.objects.filter(date__lt=NOON.date())
        assert set(past.values_list("date", flat=True)) == {
            NOON.date() - dt.timedelta(days=back) for back in range(1, PAST + 1)
        }
        assert set(past.values_list("status", flat=True)) <= {"completed", "cancelled", "no_show", "left"}
        assert past.filter(status="completed", payment__status="paid").count() >= 10
        for visit in past.filter(status="completed"):
            assert visit.checked_in_at
            assert visit.started_at
            assert visit.completed_at
            assert visit.checked_in_at <= visit.started_at < visit.completed_at
            assert visit.started_at.date() == visit.date

    def test_rules_hold(self, told: str) -> None:
        for clinic in Clinic.objects.all():
            for day in set(clinic.visits.values_list("date", flat=True)):
                tickets = (
                    clinic.visits.filter(date=day)
                    .ticketed()
                    .order_by("checked_in_at", "pk")
                    .values_list("queue_number", flat=True)
                )
                assert sorted(tickets) == list(range(1, len(tickets) + 1))
            receipts = LedgerEntry.objects.filter(clinic=clinic).order_by("number")
            assert [entry.number for entry in receipts] == list(range(1, len(receipts) + 1))
            assert [entry.at for entry in receipts] == sorted(entry.at for entry in receipts)
        for who in ("doctor", "patient"):
            active = Appointment.objects.filter(status__in=Appointment.ACTIVE).order_by(who, "start")
            pairs = itertools.pairwise(active)
            assert all(a.end <= b.start for a, b in pairs if getattr(a, f"{who}_id") == getattr(b, f"{who}_id"))
        assert not VisitStep.objects.filter(at__gt=NOON).exists()
        assert not Appointment.objects.filter(created_at__gt=NOON).exists()
        assert Appointment.history.filter(history_user=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_day_is_told_the_same_way_with_events_that_are_numbered() -> None:
    def told() -> list[Any]:
        return list(Visit.objects.order_by("pk").values_list("patient__full_name", "doctor__name", "status", "date", "rank"))

    with transaction.atomic():
        seed(past_days=0)
        first = told()
        transaction.set_rollback(True)
    seed(past_days=0)

    assert told() == first
    names = set(Event.objects.values_list("name", flat=True))
    assert {"appointment_created", "new_checkin", "visit_status_changed", "queue_updated", "payment_processed"} <= names
    assert not Delivery.objects.filter(seq=None).exists()


class TestAgain:
    """One day, told once for all of these, which take back what they add."""

    @pytest.fixture(scope="class")
    @classmethod
    def seeded(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
        with told_once(django_db_blocker, 1) as said:
            yield said

    @pytest.mark.both
    def test_second_run_on_the_same_day_changes_nothing(self, seeded: str) -> None:
        before = rows()

        second = seed(NOON + dt.timedelta(hours=5))

        assert rows() == before
        assert "nothing was changed" in second
        assert "Made in" in seeded

    def test_on_a_later_day_it_is_brought_up_to_date(self, seeded: str) -> None:
        people_before = {model: model.objects.count() for model in (User, Doctor, Patient, Service, Shift, Clinic)}
        inside = list(Visit.objects.filter(status="in_progress"))
        moment = NOON + dt.timedelta(days=3)

        seed(moment)

        assert {model: model.objects.count() for model in people_before} == people_before
        assert set(Visit.objects.filter(date=moment.date()).values_list("status", flat=True)) == set(Visit.Status.values)
        left_open = Visit.objects.filter(date__lt=moment.date(), status__in=["planned", *Visit.IN_QUEUE])
        assert not left_open.exists()
        for visit in inside:
            visit.refresh_from_db()
            assert visit.status == "completed"
            assert visit.completed_at is not None
            assert visit.completed_at.date() == NOON.date()
        before = rows()
        seed(moment + dt.timedelta(minutes=10))
        assert rows() == before

    def test_what_somebody_has_changed_stays(self, seeded: str) -> None:
        reception = User.objects.get(username="reception")
        reception.set_password("something else 1")
        reception.save()
        shift = Shift.objects.earliest("pk")
        appointment_actions.end_shift(shift, by=None)
        doctor = Doctor.objects.get(user__username="doctor1")
        doctor.name = "Dr. Renamed"
        doctor.save()
        with time_machine.travel(NOON + dt.timedelta(hours=20), tick=False):
            own = _book_the_first_free(doctor, NOON.date() + dt.timedelta(days=1))

        seed(NOON + dt.timedelta(days=1))

        reception.refresh_from_db()
        doctor.refresh_from_db()
        assert reception.check_password("something else 1")
        assert doctor.name == "Dr. Renamed"
        assert not Shift.objects.get(pk=shift.pk).is_active
        assert Shift.objects.in_force().count() == 3 * 7 * len(HOURS) - 1
        own.refresh_from_db()
        assert own.status in Appointment.Status.values


def _book_the_first_free(doctor: Doctor, day: dt.date) -> Appointment:
    clinic = doctor.clinics.get()
    service = clinic.services.earliest("pk")
    slot = next(slot for slot in free_slots(doctor=doctor, clinic=clinic, service=service, day=day) if slot.available)
    patient = Patient.objects.filter(appointments=None).first() or Patient.objects.earliest("pk")
    return appointment_actions.book(by=None, clinic=clinic, doctor=doctor, patient=patient, service=service, start=slot.start)


@pytest.mark.parametrize(("hour", "minute", "second"), [(0, 0, 20), (23, 20, 0)])
def test_at_any_hour_the_queue_moves_and_a_newcomer_finds_a_slot(
    hour: int, minute: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_TIMEZONE", "Asia/Kathmandu")
    now = dt.datetime(2031, 3, 12, hour, minute, second, tzinfo=zoneinfo.ZoneInfo("Asia/Kathmandu"))

    seed(now, past_days=0)

    for doctor in Doctor.objects.all():
        clinic = doctor.clinics.get()
        assert clinic.timezone == "Asia/Kathmandu"
        today = Visit.objects.filter(doctor=doctor, date=now.date())
        assert {"waiting", "called", "in_progress", "skipped", "completed", "left"} <= set(
            today.values_list("status", flat=True)
        )
        with time_machine.travel(now, tick=False):
            service = clinic.services.get(name="Consultation")
            free = [s for s in free_slots(doctor=doctor, clinic=clinic, service=service, day=now.date()) if s.available]
        assert free
        assert free[0].start - now < dt.timedelta(hours=2)


def test_the_clock_is_put_back_even_if_the_story_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real = timezone.now

    def broken(*_: Any, **__: Any) -> None:
        assert timezone.now is not real
        raise RuntimeError("stop")

    monkeypatch.setattr(patient_actions, "register", broken)
    with pytest.raises(RuntimeError, match="stop"):
        seed()

    assert timezone.now is real
    assert not Clinic.objects.exists()
