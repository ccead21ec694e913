"""Staff by the API: who may make whom into what, and that rights and passwords follow at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Doctor, Role, User
from realtime.models import Event
from tests.api.client import Api, access_token, as_it_was, dump, outcome
from tests.factories import DoctorFactory, UserFactory, World

PASSWORD = "quite-a-long-one-7"


def new(world: World, **more: Any) -> dict[str, Any]:
    return {"username": "fresh", "password": PASSWORD, "role": "receptionist", "clinics": [world.here.pk], **more}


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.admin)


def test_an_admin_takes_somebody_on_who_then_logs_in(world: World, api: Api) -> None:
    made = api.ok("post", "staff/", new(world, first_name="Rana", email="rana@example.org"), 201)

    user = User.objects.get(username="fresh")
    assert made["id"] == user.pk
    assert "password" not in made
    assert (user.role, user.is_staff, user.is_superuser, list(user.clinics.all())) == (
        "receptionist",
        False,
        False,
        [world.here],
    )
    tokens = Api().ok("post", "auth/token/", {"username": "fresh", "password": PASSWORD})
    assert tokens["access"]


def test_a_password_is_in_no_history_and_no_answer(world: World, api: Api) -> None:
    made = api.ok("post", "staff/", new(world), 201)
    api.ok("post", f"staff/{made['id']}/password/", {"password": PASSWORD + "x"})

    stored = {name: rows for name, rows in dump().items() if name != "User"}
    user = User.objects.get(pk=made["id"])
    assert user.check_password(PASSWORD + "x")
    for secret in (PASSWORD, user.password):
        assert secret not in repr(stored)
        assert secret not in repr(api.all("staff/"))
        assert secret not in repr(api.all("changes/"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"username": "rana-haddad", "password": "rana-haddad-1"}, "password"),
        ({"password": ""}, "password"),
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"email": "no"}, "email"),
        ({"role": "superuser"}, "role"),
        ({"clinics": []}, "clinics"),
    ],
)
def test_what_is_refused_on_its_field(world: World, api: Api, given: dict[str, Any], field: str) -> None:
    before = User.objects.count()
    assert outcome(api.call("post", "staff/", new(world, **given))) == (400, field)
    assert User.objects.count() == before


def test_a_user_name_is_one_persons_whatever_the_capitals(world: World, api: Api) -> None:
    api.ok("post", "staff/", new(world), 201)
    for name in ("fresh", "FRESH"):
        assert outcome(api.call("post", "staff/", new(world, username=name))) == (400, "username")


def test_nobody_gives_what_they_do_not_have(world: World, api: Api) -> None:
    assert outcome(api.call("post", "staff/", new(world, clinics=[world.there.pk]))) == (400, "clinics")
    made = api.ok("post", "staff/", new(world, is_superuser=True, is_staff=True, role="receptionist"), 201)
    path = f"staff/{made['id']}/"
    assert outcome(api.call("patch", path, {"clinics": [world.here.pk, world.there.pk]})) == (400, "clinics")
    api.ok("patch", path, {"is_superuser": True, "first_name": "X"})
    user = User.objects.get(pk=made["id"])
    assert (user.is_superuser, user.is_staff, list(user.clinics.all())) == (False, False, [world.here])


@pytest.mark.parametrize("change", [{"role": "receptionist"}, {"is_active": False}])
def test_nobody_locks_themselves_out(world: World, change: dict[str, Any]) -> None:
    for user in (world.admin, world.superuser):
        assert outcome(Api(user).call("patch", f"staff/{user.pk}/", change)) == (403, "forbidden")
    assert outcome(Api(world.admin).call("patch", f"staff/{world.admin.pk}/", {"clinics": []})) == (400, "clinics")
    assert outcome(Api(world.admin).call("post", f"staff/{world.admin.pk}/deactivate/", {})) == (403, "forbidden")


def test_who_may_read_and_who_may_write(world: World) -> None:
    got = {}
    for name in ("receptionist", "doctor_user", "admin", "superuser", "admin_there", "receptionist_there"):
        client = Api(getattr(world, name))
        with as_it_was():
            got[name] = [
                client.call("get", f"staff/{world.receptionist.pk}/").status_code,
                client.call("post", "staff/", new(world)).status_code,
                client.call("patch", f"staff/{world.receptionist.pk}/", {"first_name": "New"}).status_code,
                client.call("post", f"staff/{world.receptionist.pk}/password/", {"password": PASSWORD}).status_code,
                client.call("post", f"staff/{world.receptionist.pk}/deactivate/", {}).status_code,
            ]
    assert got == {
        "receptionist": [200, 403, 403, 403, 403],
        "doctor_user": [200, 403, 403, 403, 403],
        "admin": [200, 201, 200, 200, 200],
        "superuser": [200, 201, 200, 200, 200],
        "admin_there": [404, 400, 404, 404, 404],
        "receptionist_there": [404, 403, 403, 403, 403],
    }


def test_colleagues_see_no_addresses(world: World) -> None:
    row = Api(world.receptionist).ok("get", f"staff/{world.admin.pk}/")
    assert {"email", "last_login"} & set(row) == set()
    assert {"email", "last_login"} <= set(Api(world.admin).ok("get", f"staff/{world.admin.pk}/"))


def test_an_admin_does_not_see_or_change_a_superuser(world: World, api: Api) -> None:
    root = UserFactory(role=Role.ADMIN, is_superuser=True, clinics=[world.here])
    for method, path, body in [
        ("get", "", None),
        ("patch", "", {"role": "doctor"}),
        ("post", "password/", {"password": PASSWORD}),
        ("post", "deactivate/", {}),
    ]:
        assert api.call(method, f"staff/{root.pk}/{path}", body).status_code == 404


def test_of_a_colleague_who_works_elsewhere_too_only_the_own_clinic_is_decided(world: World, api: Api) -> None:
    shared = UserFactory(clinics=[world.here, world.there])
    path = f"staff/{shared.pk}/"
    assert api.ok("get", path)["clinics"] == [world.here.pk]
    for change in ({"role": "admin"}, {"is_active": False}, {"username": "mine"}):
        assert outcome(api.call("patch", path, change)) == (403, "forbidden")
    assert outcome(api.call("post", f"{path}password/", {"password": PASSWORD})) == (403, "forbidden")

    assert api.ok("patch", path, {"clinics": []})["clinics"] == []
    assert list(shared.clinics.all()) == [world.there]


def test_a_role_opens_and_closes_django_admin(world: World, api: Api) -> None:
    for role, is_staff in (("admin", True), ("doctor", False)):
        api.ok("patch", f"staff/{world.receptionist.pk}/", {"role": role})
        assert User.objects.get(pk=world.receptionist.pk).is_staff is is_staff


def test_a_login_is_linked_to_a_doctor_and_to_no_other(world: World, api: Api) -> None:
    free = DoctorFactory(user=None, clinics=[world.here])
    made = api.ok("post", "staff/", new(world, role="doctor", doctor=free.pk), 201)
    assert (made["doctor"], Doctor.objects.get(pk=free.pk).user_id) == (free.pk, made["id"])
    path = f"staff/{made['id']}/"

    assert outcome(api.call("patch", path, {"doctor": world.doctor.pk})) == (400, "doctor")
    assert outcome(api.call("post", "staff/", new(world, username="other", doctor=free.pk))) == (400, "doctor")
    api.ok("patch", path, {"role": "receptionist"})
    assert Doctor.objects.get(pk=free.pk).user_id is None


def test_a_doctor_who_also_works_elsewhere_is_not_linked(world: World, api: Api) -> None:
    both = DoctorFactory(user=None, clinics=[world.here, world.there])
    assert outcome(api.call("post", "staff/", new(world, role="doctor", doctor=both.pk))) == (400, "doctor")
    assert not User.objects.filter(username="fresh").exists()


def test_an_older_version_is_refused_with_what_it_is_now(world: World, api: Api) -> None:
    path = f"staff/{world.receptionist.pk}/"
    seen = api.ok("get", path)["version"]
    api.ok("patch", path, {"first_name": "Rana", "version": seen})

    refused = api.call("patch", path, {"first_name": "Maya", "version": seen})

    assert outcome(refused) == (409, "stale_version")
    assert refused.json()["current"]["first_name"] == "Rana"


def test_changed_clinics_make_a_version_too(world: World) -> None:
    api = Api(world.superuser)
    path = f"staff/{world.receptionist.pk}/"
    seen = api.ok("get", path)["version"]
    api.ok("patch", path, {"clinics": [world.here.pk, world.there.pk]})
    assert outcome(api.call("patch", path, {"first_name": "X", "version": seen})) == (409, "stale_version")


def test_what_changes_nothing_changes_no_version(world: World, api: Api) -> None:
    path = f"staff/{world.receptionist.pk}/"
    seen = api.ok("patch", path, {"first_name": "Rana"})["version"]
    assert api.ok("patch", path, {"first_name": "Rana", "clinics": [world.here.pk]})["version"] == seen


@pytest.mark.parametrize(
    ("path", "body"),
    [("", {"role": "doctor"}), ("password/", {"password": PASSWORD}), ("deactivate/", {})],
)
def test_open_sockets_hear_of_it(world: World, api: Api, path: str, body: dict[str, Any]) -> None:
    before = Event.objects.filter(name="rights_changed").count()
    api.ok("patch" if not path else "post", f"staff/{world.receptionist.pk}/{path}", body)
    assert Event.objects.filter(name="rights_changed").count() > before


def test_who_is_sent_away_is_out_at_once_and_may_come_back(world: World, api: Api) -> None:
    theirs = Api()
    theirs.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(world.receptionist)}")
    assert theirs.call("get", "auth/me/").status_code == 200

    api.ok("post", f"staff/{world.receptionist.pk}/deactivate/", {})
    assert theirs.call("get", "auth/me/").status_code == 401
    assert api.ok("post", f"staff/{world.receptionist.pk}/activate/", {})["is_active"] is True


def test_the_list_takes_as_many_queries_for_many(world: World, api: Api) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            api.all("staff/")
        return len(found)

    one = queries()
    for _number in range(3):
        DoctorFactory(clinics=[world.here])
    assert queries() == one
