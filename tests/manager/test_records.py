"""What is set up on the manager's pages: plain forms that do what the API does."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from appointments.models import ClosingDay, Shift, TimeOff
from clinic_project.dashboards.manager.areas import Clinics
from clinics.models import Clinic, Doctor, IdempotencyKey, Service, User
from clinics.serializers import ClinicSerializer
from tests.factories import DoctorFactory, UserFactory, World, book, no_hours
from tests.pages.test_access import as_user

PASSWORD = "quite-a-long-one-7"


@pytest.fixture
def manager(world: World) -> Client:
    return as_user(world.admin)


def form_of(client: Client, path: str) -> dict[str, Any]:
    """What the browser would send if the first form with fields was sent as it is."""
    html = client.get(path).content.decode()
    form = next(part for part in html.split("<form")[1:] if 'name="token"' in part).split("</form>")[0]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
        if name is None or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        sent.setdefault(name[1], []).append(value[1] if value else "on")
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent[name] = chosen[1] if chosen else ""
    return sent


def save(client: Client, path: str, **changes: Any) -> Any:
    """Change the form and send it."""
    return client.post(path, {**form_of(client, path), "do": "save", **changes})


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def errors(response: Any) -> list[str]:
    return re.findall(r'class="field__error"[^>]*>([^<]*)<', response.content.decode())


# --- Staff ------------------------------------------------------------------------------------------------------------


def test_a_receptionist_is_added_and_logs_in(world: World, manager: Client) -> None:
    response = save(manager, "/manager/staff/new/", username="fresh", password=PASSWORD, role="receptionist")

    assert (response.status_code, response["Location"]) == (302, "/manager/staff/")
    assert Client().post("/login/", {"username": "fresh", "password": PASSWORD})["Location"] == "/"
    assert list(User.objects.get(username="fresh").clinics.all()) == [world.here]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("password", "short", "too short"),
        ("username", "", "blank"),
        ("email", "no", "valid email"),
        ("doctor", "999999", "isn"),
    ],
)
def test_what_is_wrong_stands_by_its_field_and_what_was_typed_stays(
    world: World, manager: Client, field: str, value: str, sentence: str
) -> None:
    response = save(
        manager, "/manager/staff/new/", **{"username": "fresh", "first_name": "Rana", "password": PASSWORD, field: value}
    )

    html = response.content.decode()
    assert response.status_code == 400
    assert len(errors(response)) == 1
    assert sentence in errors(response)[0]
    assert f'aria-describedby="{field}' in html or f" {field}-error" in html
    assert 'value="Rana"' in html
    assert PASSWORD not in html
    assert not User.objects.filter(username="fresh").exists()


def test_a_form_that_is_sent_twice_adds_one(world: World, manager: Client) -> None:
    sent = {**form_of(manager, "/manager/doctors/new/"), "name": "Dr New", "do": "save"}
    manager.post("/manager/doctors/new/", sent)
    again = manager.post("/manager/doctors/new/", sent)

    assert "already" in said(again)
    assert Doctor.objects.filter(name="Dr New").count() == 1


def test_a_refused_form_may_be_sent_again(world: World, manager: Client) -> None:
    sent = {
        **form_of(manager, "/manager/staff/new/"),
        "username": world.receptionist.username,
        "password": PASSWORD,
        "do": "save",
    }
    assert manager.post("/manager/staff/new/", sent).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert manager.post("/manager/staff/new/", {**sent, "username": "fresh"}).status_code == 302


def test_a_change_over_somebody_elses_is_refused(world: World, manager: Client) -> None:
    path = f"/manager/staff/{world.receptionist.pk}/"
    mine, theirs = form_of(manager, path), form_of(manager, path)
    manager.post(path, {**theirs, "first_name": "Theirs", "do": "save"})

    refused = manager.post(path, {**mine, "first_name": "Mine", "do": "save"})

    assert refused.status_code == 409
    assert "Somebody else has changed this meanwhile" in refused.content.decode()
    assert 'value="Mine"' in refused.content.decode()
    assert User.objects.get(pk=world.receptionist.pk).first_name == "Theirs"


def test_nobody_locks_themselves_out(world: World, manager: Client) -> None:
    path = f"/manager/staff/{world.admin.pk}/"
    sent = form_of(manager, path)
    del sent["is_active"]

    refused = manager.post(path, {**sent, "do": "save"})

    assert refused.status_code == 403
    assert "lock yourself out" in refused.content.decode().replace("&#x27;", "'")
    assert User.objects.get(pk=world.admin.pk).is_active


def test_somebody_is_sent_away(world: World, manager: Client) -> None:
    path = f"/manager/staff/{world.receptionist.pk}/"
    sent = form_of(manager, path)
    del sent["is_active"]
    assert manager.post(path, {**sent, "do": "save"}).status_code == 302

    assert not User.objects.get(pk=world.receptionist.pk).is_active
    assert "inactive" in manager.get("/manager/staff/").content.decode()


def test_another_password(world: World, manager: Client) -> None:
    path = f"/manager/staff/{world.receptionist.pk}/"
    short = manager.post(path, {"do": "password", "password": "short"})
    assert (short.status_code, len(errors(short))) == (400, 1)

    assert manager.post(path, {"do": "password", "password": PASSWORD}).status_code == 302
    assert User.objects.get(pk=world.receptionist.pk).check_password(PASSWORD)


def test_who_changes_their_own_password_stays_logged_in(world: World, manager: Client) -> None:
    path = f"/manager/staff/{world.admin.pk}/"
    manager.post(path, {"do": "password", "password": PASSWORD})
    assert manager.get(path).status_code == 200


@pytest.mark.parametrize("field", ["late_after_minutes", "call_limit", "day_ends_at", "name"])
def test_what_is_emptied_is_not_told_as_saved(world: World, manager: Client, field: str) -> None:
    refused = save(manager, f"/manager/clinics/{world.here.pk}/", **{field: ""})
    assert refused.status_code == 400
    assert len(errors(refused)) == 1


@pytest.mark.parametrize(("language", "role"), [("en", "Receptionist"), ("ar", "موظف استقبال")])
def test_the_list_names_roles_as_the_form_does(world: World, language: str, role: str) -> None:
    world.admin.language = language
    world.admin.save()
    client = as_user(world.admin)
    for path in ("/manager/staff/", f"/manager/staff/{world.receptionist.pk}/"):
        assert f">{role}<" in client.get(path).content.decode()


@pytest.mark.parametrize("slug", ["staff", "doctors", "services", "shifts", "time-off", "closing-days", "clinics"])
def test_records_of_another_clinic_are_not_there(world: World, manager: Client, slug: str) -> None:
    now = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    theirs: dict[str, Any] = {
        "staff": world.receptionist_there,
        "doctors": world.stranger,
        "services": world.service_there,
        "shifts": Shift.objects.filter(clinic=world.there).first(),
        "time-off": TimeOff.objects.create(doctor=world.stranger, start=now, end=now + dt.timedelta(hours=1)),
        "closing-days": ClosingDay.objects.create(clinic=world.there, first_day="2026-12-24", last_day="2026-12-26"),
        "clinics": world.there,
    }
    for method in ("get", "post"):
        assert getattr(manager, method)(f"/manager/{slug}/{theirs[slug].pk}/").status_code == 404
    listed = manager.get(f"/manager/{slug}/").content.decode()
    assert f'href="/manager/{slug}/{theirs[slug].pk}/"' not in listed


# --- Doctors, services, clinics ------------------------------------------------------------------------------------------


def test_a_doctor_is_added_and_deactivated(world: World, manager: Client) -> None:
    save(manager, "/manager/doctors/new/", name="Dr New", speciality="Dermatology")
    doctor = Doctor.objects.get(name="Dr New")
    assert (list(doctor.clinics.all()), doctor.is_active) == ([world.here], True)

    path = f"/manager/doctors/{doctor.pk}/"
    sent = form_of(manager, path)
    del sent["is_active"]
    manager.post(path, {**sent, "do": "save"})
    assert not Doctor.objects.get(pk=doctor.pk).is_active


def test_a_doctor_shared_with_another_clinic_keeps_the_name(world: World, manager: Client) -> None:
    both = DoctorFactory(clinics=[world.here, world.there])
    refused = save(manager, f"/manager/doctors/{both.pk}/", name="Mine")
    assert refused.status_code == 403
    assert Doctor.objects.get(pk=both.pk).name == both.name


def test_a_service_and_its_price(world: World, manager: Client) -> None:
    save(manager, "/manager/services/new/", name="X-ray", duration_minutes="30", price="12,50", doctor_share_percent="40")
    service = Service.objects.get(name="X-ray")
    assert (str(service.price), service.duration_minutes, service.clinic) == ("12.500", 30, world.here)

    path = f"/manager/services/{service.pk}/"
    assert save(manager, path, price="13.00").status_code == 302
    assert str(Service.objects.get(pk=service.pk).price) == "13.000"
    assert errors(save(manager, path, price="13.001")) == ["USD has 2 decimals; write no more."]
    assert len(errors(save(manager, path, price="free"))) == 1


@pytest.mark.parametrize(
    ("minutes", "price", "percent"),
    [("٣٠", "١٢٫٥٠", "٤٠"), ("٣٠", "١٢,٥", "٤٠"), ("۳۰", "۱۲٫۵", "۴۰"), (" ۳۰ ", "۱۲.۵", "40"), ("३०", "१२.५", "४०")],
)
def test_numbers_are_typed_in_the_digits_that_the_keyboard_has(
    world: World, manager: Client, minutes: str, price: str, percent: str
) -> None:
    typed = {"name": "X-ray", "duration_minutes": minutes, "price": price, "doctor_share_percent": percent}
    assert save(manager, "/manager/services/new/", **typed).status_code == 302
    service = Service.objects.get(name="X-ray")
    assert (service.duration_minutes, service.price, service.doctor_share_percent) == (30, Decimal("12.5"), 40)

    path = f"/manager/clinics/{world.here.pk}/"
    assert save(manager, path, late_after_minutes="١٥", wait_alarm_minutes="۴۵").status_code == 302
    clinic = Clinic.objects.get(pk=world.here.pk)
    assert (clinic.late_after_minutes, clinic.wait_alarm_minutes) == (15, 45)


def test_a_thousand_is_not_taken_for_one(world: World, manager: Client) -> None:
    for price in ("١,٠٠٠", "١٬٠٠٠", "1,000"):
        assert save(manager, "/manager/services/new/", name="X-ray", price=price).status_code == 400


def test_what_changes_nothing_leaves_the_version(world: World, manager: Client) -> None:
    path = f"/manager/services/{world.service.pk}/"
    before = Service.objects.get(pk=world.service.pk).version
    assert save(manager, path).status_code == 302
    assert Service.objects.get(pk=world.service.pk).version == before


def test_settings_of_a_clinic(world: World, manager: Client) -> None:
    path = f"/manager/clinics/{world.here.pk}/"
    changes = {
        "late_after_minutes": "15",
        "call_limit": "2",
        "booking_horizon_days": "90",
        "day_ends_at": "04:30",
        "walk_in_offset_minutes": "5",
    }
    assert save(manager, path, **changes).status_code == 302
    clinic = Clinic.objects.get(pk=world.here.pk)
    assert (clinic.late_after_minutes, clinic.call_limit, clinic.booking_horizon_days) == (15, 2, 90)
    assert (clinic.day_ends_at, clinic.walk_in_offset_minutes) == (dt.time(4, 30), 5)
    assert "Unknown time zone" in errors(save(manager, path, timezone="Mars"))[0]
    assert save(manager, "/manager/clinics/new/", name="Third", code="T3").status_code == 302
    assert world.admin.clinics.filter(code="T3").exists()


# --- Hours ------------------------------------------------------------------------------------------------------------


def test_a_shift_with_a_break(world: World, manager: Client) -> None:
    no_hours(world.doctor)
    response = save(
        manager,
        "/manager/shifts/new/",
        doctor=world.doctor.pk,
        weekday=0,
        start_time="09:00",
        end_time="17:00",
        break_start=["12:00", ""],
        break_end=["12:30", ""],
    )
    assert response.status_code == 302
    shift = Shift.objects.in_force().get(doctor=world.doctor)
    assert [(each.start_time, each.end_time) for each in shift.breaks] == [(dt.time(12), dt.time(12, 30))]
    html = manager.get("/manager/shifts/").content.decode()
    assert "09:00–17:00" in html
    assert "Break 12:00–12:30" in html

    path = f"/manager/shifts/{shift.pk}/"
    assert errors(save(manager, path, break_start=["08:00"], break_end=["08:30"]))[0].startswith("The break 08:00-08:30")
    assert save(manager, path, break_start=["", "15:00"], break_end=["", "15:15"]).status_code == 302
    assert [each.start_time for each in Shift.objects.get(pk=shift.pk).breaks] == [dt.time(15)]


def test_hours_that_overlap_are_refused_by_the_field(world: World, manager: Client) -> None:
    refused = save(manager, "/manager/shifts/new/", doctor=world.doctor.pk, start_time="09:00", end_time="17:00")
    assert refused.status_code == 400
    assert "overlaps the shift" in errors(refused)[0]


def test_ending_a_shift_names_who_is_booked_and_moves_nobody(world: World, manager: Client) -> None:
    booked = book(world, minutes=60)
    shift = Shift.objects.get(doctor=world.doctor, weekday=0)
    path = f"/manager/shifts/{shift.pk}/"
    version = form_of(manager, path)["version"][0]

    ended = manager.post(path, {"do": "end", "version": version})

    assert "Nothing is moved by itself. Still booked: 1" in said(ended)
    assert booked.patient.full_name in said(ended)
    booked.refresh_from_db()
    assert booked.status == "booked"
    assert manager.post(path, {"do": "end"}).status_code == 404


def test_time_off_is_written_in_the_clinics_time(world: World, manager: Client) -> None:
    world.here.timezone = "Europe/Berlin"
    world.here.save()
    booked = book(world, minutes=24 * 60)
    path = "/manager/time-off/new/"
    response = save(
        manager, path, doctor=world.doctor.pk, start="2026-03-03T08:00", end="2026-03-03T18:00", reason="conference"
    )
    assert booked.patient.full_name in said(response)
    away = TimeOff.objects.get()
    assert (away.start, away.reason) == (dt.datetime(2026, 3, 3, 7, tzinfo=dt.UTC), "conference")

    change = f"/manager/time-off/{away.pk}/"
    assert form_of(manager, change)["start"] == ["2026-03-03T08:00"]
    assert len(errors(save(manager, change, end="2026-03-03T07:00"))) == 1
    assert len(errors(save(manager, change, end="2026-02-30T07:00"))) == 1
    assert len(errors(save(manager, change, end=""))) == 1
    manager.post(change, {"do": "end"})
    assert not TimeOff.objects.get().is_active


def test_why_somebody_is_away_is_for_colleagues_of_who_entered_it(world: World, manager: Client) -> None:
    now = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    for by, reason in ((world.admin, "conference"), (world.admin_there, "surgery")):
        TimeOff.objects.create(doctor=world.doctor, start=now, end=now + dt.timedelta(hours=1), reason=reason, created_by=by)

    html = manager.get("/manager/time-off/").content.decode()

    assert "conference" in html
    assert "surgery" not in html


def test_times_that_were_refused_are_still_in_the_form(world: World, manager: Client) -> None:
    """As a browser's own field takes them: it drops a moment that is written with its offset."""
    world.here.timezone = "Europe/Berlin"
    world.here.save()
    times = {"start": "2026-03-03T18:00", "end": "2026-03-03T08:00"}

    refused = save(manager, "/manager/time-off/new/", doctor=world.doctor.pk, reason="leave", **times)

    assert len(errors(refused)) == 1
    html = refused.content.decode()
    for value in (*times.values(), "leave"):
        assert f'value="{value}"' in html
    assert f'<option value="{world.doctor.pk}" selected>' in html


def test_what_was_typed_is_shown_letter_by_letter(world: World, manager: Client) -> None:
    path = f"/manager/services/{world.service.pk}/"
    html = save(manager, path, name="", price="12,505", duration_minutes=" 7x").content.decode()
    for value in ('name="name" type="text" autocomplete="off" value=""', 'value="12,505"', 'value=" 7x"'):
        assert value in html

    shift = Shift.objects.filter(doctor=world.doctor).first()
    assert shift is not None
    html = save(manager, f"/manager/shifts/{shift.pk}/", start_time="", break_start=["08:00"], break_end=[""]).content.decode()
    assert 'name="break_start" value="08:00"' in html


def test_closing_days(world: World, manager: Client) -> None:
    booked = book(world, minutes=24 * 60)
    response = save(manager, "/manager/closing-days/new/", first_day="2026-03-03", last_day="", reason="repairs")
    assert booked.patient.full_name in said(response)
    closing = ClosingDay.objects.get()
    assert (closing.first_day, closing.last_day) == (dt.date(2026, 3, 3), dt.date(2026, 3, 3))

    path = f"/manager/closing-days/{closing.pk}/"
    assert errors(save(manager, path, last_day="2026-03-01")) == ["The last day is before the first."]
    save(manager, path, last_day="2026-03-05")
    save(manager, path, last_day="")
    assert ClosingDay.objects.get().last_day == dt.date(2026, 3, 3)
    manager.post(path, {"do": "end"})
    assert not ClosingDay.objects.get().is_active


@pytest.mark.parametrize("slug", ["staff", "doctors", "services", "shifts", "time-off", "closing-days", "clinics"])
def test_empty_forms_and_lists_stand(world: World, slug: str) -> None:
    """With nothing there, and with nothing typed."""
    bare = as_user(UserFactory(role="admin", clinics=[world.there]))
    assert bare.get(f"/manager/{slug}/").status_code == 200
    assert bare.post(f"/manager/{slug}/new/", {}).status_code == 400


@pytest.mark.parametrize("token", ["", "  ", "\x00"])
def test_a_form_without_a_token_is_refused_and_keeps_what_was_typed(world: World, manager: Client, token: str) -> None:
    """Two of them could be one that was sent twice."""
    path = "/manager/doctors/new/"
    refused = save(manager, path, name="Dr New", token=token)

    html = refused.content.decode()
    assert refused.status_code == 400
    assert "Nothing was saved" in html
    assert 'value="Dr New"' in html
    assert not Doctor.objects.filter(name="Dr New").exists()
    again = re.search(r'name="token" value="(\w+)"', html)
    assert again
    for _twice in range(2):
        assert save(manager, path, name="Dr New", token=again[1]).status_code == 302
    assert Doctor.objects.filter(name="Dr New").count() == 1


def test_a_clinics_form_has_all_that_can_be_set() -> None:
    settable = {name for name, field in ClinicSerializer().fields.items() if not field.read_only} - {"version"}

    assert set(Clinics.fields) == settable
