"""Staff: who may make whom into what, and that nobody gets out of their own clinics that way."""

from __future__ import annotations

import pytest
from django.test import Client

from clinics.models import Clinic, Doctor, Role, User
from tests.admin.site import browser, errors_of, form_of, sent_by
from tests.admin.test_pages import address
from tests.factories import DoctorFactory, UserFactory, World

PASSWORD = "quite-a-long-one-7"


def test_new_member_of_staff_can_log_in_and_belongs_to_the_clinic(manager: Client, world: World) -> None:
    sent = {
        "username": "fresh",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "role": "receptionist",
        "clinics": [world.here.pk],
    }

    response = manager.post(address(User, "add"), sent)

    user = User.objects.get(username="fresh")
    assert response.status_code == 302
    assert (user.role, list(user.clinics.all()), user.is_staff, user.is_superuser) == (
        "receptionist",
        [world.here],
        False,
        False,
    )
    assert Client().login(request=response.wsgi_request, username="fresh", password=PASSWORD)


def test_role_decides_who_gets_into_the_admin_site(manager: Client, world: World) -> None:
    path = address(User, "change", world.receptionist.pk)

    manager.post(path, {**form_of(manager, path), "role": "admin"})
    world.receptionist.refresh_from_db()
    assert (world.receptionist.role, world.receptionist.is_staff) == ("admin", True)
    assert browser(world.receptionist).get("/admin/clinics/service/").status_code == 200

    manager.post(path, {**form_of(manager, path), "role": "doctor"})
    world.receptionist.refresh_from_db()
    assert (world.receptionist.role, world.receptionist.is_staff) == ("doctor", False)


def test_role_and_clinics_are_stored_as_one_command(superuser: Client, world: World) -> None:
    path = address(User, "change", world.receptionist.pk)
    sent = {**form_of(superuser, path), "role": "admin", "clinics": [world.there.pk]}

    events = sent_by(lambda: superuser.post(path, sent))

    assert events == [("rights_changed", ["control"])]
    assert list(world.receptionist.clinics.all()) == [world.there]


def test_manager_cannot_make_a_superuser(manager: Client, world: World) -> None:
    for user in (world.receptionist, world.admin):
        path = address(User, "change", user.pk)
        assert "is_superuser" not in manager.get(path).content.decode()

        manager.post(path, {**form_of(manager, path), "is_superuser": "on", "is_staff": "on", "user_permissions": "1"})

        user.refresh_from_db()
        assert not user.is_superuser
    sent = {"username": "fresh", "password1": PASSWORD, "password2": PASSWORD, "role": "admin", "clinics": [world.here.pk]}
    manager.post(address(User, "add"), {**sent, "is_superuser": "on"})
    assert not User.objects.get(username="fresh").is_superuser


@pytest.mark.parametrize("page", ["change", "password", "history", "delete"])
def test_manager_cannot_touch_superusers_or_staff_of_other_clinics(manager: Client, world: World, page: str) -> None:
    root = UserFactory(username="root", role=Role.ADMIN, is_superuser=True, is_staff=True, clinics=[world.here])

    for user in (root, world.receptionist_there):
        path = f"/admin/clinics/user/{user.pk}/{page}/"
        before = user.password
        sent = {
            "username": "taken-over",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "usable_password": "true",
            "post": "yes",
        }
        assert manager.get(path).status_code in (302, 403, 404)
        assert manager.post(path, sent).status_code in (302, 403, 404, 405)
        user.refresh_from_db()
        assert (user.password, user.username == "taken-over") == (before, False)


def test_manager_cannot_assign_a_clinic_that_is_not_theirs(manager: Client, world: World) -> None:
    for user in (world.receptionist, world.admin):
        path = address(User, "change", user.pk)
        refused = manager.post(path, {**form_of(manager, path), "clinics": [world.here.pk, world.there.pk]})
        assert "not one of the available choices" in errors_of(refused)
        assert list(user.clinics.all()) == [world.here]


def test_manager_cannot_leave_somebody_without_a_clinic(manager: Client, world: World) -> None:
    path = address(User, "change", world.receptionist.pk)

    assert "at least one of your clinics" in errors_of(manager.post(path, {**form_of(manager, path), "clinics": []}))


def test_of_a_colleague_who_works_elsewhere_too_only_the_own_clinic_is_decided(manager: Client, world: World) -> None:
    shared = UserFactory(username="shared", clinics=[world.here, world.there])
    path = address(User, "change", shared.pk)
    page = manager.get(path).content.decode()
    assert "Zanzibar" not in page
    assert "pbkdf2" not in page

    manager.post(path, {**form_of(manager, path), "role": "admin", "username": "mine", "is_active": ""})
    shared.refresh_from_db()
    assert (shared.username, shared.role, shared.is_active) == ("shared", "receptionist", True)
    assert manager.get(f"/admin/clinics/user/{shared.pk}/password/").status_code == 403
    assert set(shared.clinics.all()) == {world.here, world.there}

    response = manager.post(path, {**form_of(manager, path), "clinics": []})
    assert response.status_code == 302
    assert list(shared.clinics.all()) == [world.there]


def test_shared_doctor_keeps_the_other_clinic_and_the_name(manager: Client, world: World) -> None:
    shared = DoctorFactory(clinics=[world.here, world.there], name="Dr Shared")
    path = address(Doctor, "change", shared.pk)

    response = manager.post(path, {**form_of(manager, path), "name": "Dr Mine", "clinics": [world.here.pk]})

    shared.refresh_from_db()
    assert response.status_code == 302
    assert (shared.name, set(shared.clinics.all())) == ("Dr Shared", {world.here, world.there})


def test_nobody_locks_themselves_out(manager: Client, superuser: Client, world: World) -> None:
    for client, user in ((manager, world.admin), (superuser, world.superuser)):
        path = address(User, "change", user.pk)
        client.post(path, {**form_of(client, path), "role": "doctor", "is_active": "", "is_superuser": ""})
        before = (user.role, user.is_active, user.is_superuser)
        user.refresh_from_db()
        assert (user.role, user.is_active, user.is_superuser) == before


def test_password_can_be_changed(manager: Client, world: World) -> None:
    path = f"/admin/clinics/user/{world.receptionist.pk}/password/"
    assert manager.get(path).status_code == 200

    sent = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    events = sent_by(lambda: manager.post(path, sent))

    world.receptionist.refresh_from_db()
    assert world.receptionist.check_password(PASSWORD)
    assert events == [("rights_changed", ["control"])]


def test_manager_makes_no_clinics(manager: Client, superuser: Client, world: World) -> None:
    sent = {
        "name": "New",
        "code": "N",
        "timezone": "Europe/Warsaw",
        "currency": "PLN",
        "is_active": "on",
        "late_after_minutes": "10",
        "walk_in_offset_minutes": "0",
        "call_limit": "3",
        "wait_alarm_minutes": "30",
        "booking_horizon_days": "365",
        "day_ends_at": "03:00",
    }

    assert manager.post(address(Clinic, "add"), sent).status_code == 403
    assert superuser.post(address(Clinic, "add"), sent).status_code == 302
    assert "Unknown time zone" in errors_of(superuser.post(address(Clinic, "add"), {**sent, "code": "M", "timezone": "Mars"}))
