"""Tokens, sessions, log-out, lock-out (contract, section 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.test import Client

from clinics.logins import end, refresh_token_for
from clinics.models import Login
from patients.models import Patient
from tests.api.client import Api, outcome
from tests.factories import World
from tests.factories.directory import PASSWORD


def token_pair(world: World) -> dict[str, str]:
    return Api().ok("post", "auth/token/", {"username": world.receptionist.username, "password": PASSWORD})  # type: ignore[no-any-return]


def me(access: str) -> Any:
    return Api(HTTP_AUTHORIZATION=f"Bearer {access}").get("/api/auth/me/")


def refresh(token: str) -> Any:
    return Api().call("post", "auth/token/refresh/", {"refresh": token})


def test_name_and_password_give_a_pair(world: World) -> None:
    pair = token_pair(world)
    assert set(pair) == {"access", "refresh"}
    assert me(pair["access"]).json() == {
        "id": world.receptionist.pk,
        "username": world.receptionist.username,
        "name": "",
        "role": "receptionist",
        "clinics": [world.here.pk],
        "doctor_id": None,
        "is_superuser": False,
    }


@pytest.mark.parametrize(
    ("who", "role", "is_doctor", "clinics"),
    [("doctor_user", "doctor", True, "here"), ("admin", "admin", False, "here"), ("superuser", "admin", False, "both")],
)
def test_me(world: World, who: str, role: str, is_doctor: bool, clinics: str) -> None:
    data = Api(getattr(world, who)).ok("get", "auth/me/")
    assert data["role"] == role
    assert data["doctor_id"] == (world.doctor.pk if is_doctor else None)
    assert data["clinics"] == ([world.here.pk] if clinics == "here" else [world.here.pk, world.there.pk])


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_a_wrong_password(world: World, name: str) -> None:
    username = world.receptionist.username if name == "known" else "nobody"
    response = Api().call("post", "auth/token/", {"username": username, "password": "wrong"})
    assert outcome(response) == (401, "no_active_account")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_disabled_account_gets_no_token(world: World) -> None:
    world.receptionist.is_active = False
    world.receptionist.save()
    credentials = {"username": world.receptionist.username, "password": PASSWORD}
    assert outcome(Api().call("post", "auth/token/", credentials)) == (401, "no_active_account")


def test_a_browser_session_ends_with_its_login_for_every_call(world: World) -> None:
    client = Client()
    client.force_login(world.receptionist)
    assert client.get("/api/patients/").status_code == 200
    end(world.receptionist.logins.get())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    answers = []
    for method, path in [
        ("get", "auth/me/"),
        ("get", "patients/"),
        ("get", f"queue/clinics/{world.here.pk}/"),
        ("post", "patients/"),
    ]:
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        answers.append(getattr(client, method)(f"/api/{path}", {"full_name": "Let In"}).status_code)
    assert answers == [401] * 4
    assert not Patient.objects.filter(full_name="Let In").exists()


def test_too_many_tries(world: World, clock: time_machine.Traveller) -> None:
    wrong = {"username": world.receptionist.username, "password": "wrong"}
    right = {**wrong, "password": PASSWORD}
    statuses = [Api().call("post", "auth/token/", wrong).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 429, 429]
    locked = Api().call("post", "auth/token/", right)
    assert (outcome(locked), int(locked["Retry-After"])) == ((429, "throttled"), 300)
    # A colleague at the same address isn't shut out.
    assert Api().call("post", "auth/token/", {**right, "username": world.admin.username}).status_code == 200
    clock.shift(dt.timedelta(seconds=301))
    assert Api().call("post", "auth/token/", right).status_code == 200


def test_rotation(world: World) -> None:
    first = token_pair(world)
    answer = refresh(first["refresh"])
    assert answer.status_code == 200
    second = answer.json()
    assert second["refresh"] != first["refresh"]
    assert me(second["access"]).status_code == 200
    assert outcome(refresh(first["refresh"])) == (401, "token_not_valid")
    assert refresh(second["refresh"]).status_code == 200


def test_log_out_ends_access_tokens_at_once(world: World) -> None:
    pair, elsewhere = token_pair(world), token_pair(world)
    newer = refresh(pair["refresh"]).json()
    assert Api().call("post", "auth/token/blacklist/", {"refresh": newer["refresh"]}).status_code == 200
    for access in (pair["access"], newer["access"]):
        assert outcome(me(access)) == (401, "token_not_valid")
    assert outcome(refresh(newer["refresh"])) == (401, "token_not_valid")
    assert outcome(Api().call("post", "auth/token/blacklist/", {"refresh": newer["refresh"]})) == (401, "token_not_valid")
    assert me(elsewhere["access"]).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(295, 200), (305, 401)])
def test_access_runs_out(world: World, clock: time_machine.Traveller, seconds: int, status: int) -> None:
    pair = token_pair(world)
    clock.shift(dt.timedelta(seconds=seconds))
    assert me(pair["access"]).status_code == status
    assert refresh(pair["refresh"]).status_code == 200


def test_refresh_runs_out(world: World, clock: time_machine.Traveller) -> None:
    pair = token_pair(world)
    clock.shift(dt.timedelta(days=1, seconds=5))
    assert outcome(refresh(pair["refresh"])) == (401, "token_not_valid")


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_what_ends_all_tokens_of_a_person_at_once(world: World, change: str) -> None:
    pair = token_pair(world)
    user = world.receptionist
    if change == "disabled":
        user.is_active = False
    else:
        user.set_password("another good password")
    user.save()
    assert outcome(me(pair["access"])) == (401, "user_inactive" if change == "disabled" else "token_not_valid")
    assert outcome(refresh(pair["refresh"])) == (401, "token_not_valid")


def test_forged_and_mixed_up_tokens(world: World) -> None:
    pair = token_pair(world)
    claims = jwt.decode(pair["access"], options={"verify_signature": False})
    forged = {
        "other key": jwt.encode(claims, "x" * 50, "HS256"),
        "no signature": jwt.encode(claims, None, "none"),
        "refresh as access": pair["refresh"],
        "no login": jwt.encode({k: v for k, v in claims.items() if k != "sid"}, settings.SECRET_KEY, "HS256"),
        "unknown login": jwt.encode({**claims, "sid": "0b7e7f3e-0000-4000-8000-000000000000"}, settings.SECRET_KEY, "HS256"),
        "odd login": jwt.encode({**claims, "sid": ["x"]}, settings.SECRET_KEY, "HS256"),
        "truncated": pair["access"][:-3],
    }
    assert {name: me(token).status_code for name, token in forged.items()} == dict.fromkeys(forged, 401)
    assert outcome(refresh(pair["access"])) == (401, "token_not_valid")


def test_a_persons_token_is_not_anothers(world: World) -> None:
    """The login decides who it is, whatever else stands in a token that we signed."""
    token = refresh_token_for(Login.objects.create(user=world.receptionist)).access_token
    token["user_id"] = str(world.superuser.pk)
    assert me(str(token)).json()["id"] == world.receptionist.pk


# --- Browser sessions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(world: World) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.receptionist, "django.contrib.auth.backends.ModelBackend")
    return client


def csrf(client: Client) -> dict[str, str]:
    client.cookies["csrftoken"] = "a" * 32
    return {"X-CSRFToken": "a" * 32}


def test_a_session_gets_a_token_for_its_socket(world: World, browser: Client) -> None:
    response = browser.post("/api/auth/token/session/", headers=csrf(browser))
    assert (response.status_code, set(response.json())) == (200, {"access"})
    assert me(response.json()["access"]).json()["id"] == world.receptionist.pk


def test_a_session_needs_csrf(browser: Client) -> None:
    for path in ("auth/token/session/", "patients/"):
        response = browser.post(f"/api/{path}", {"full_name": "Forged"})
        assert outcome(response) == (403, "forbidden")


def test_a_session_works_for_the_api(world: World, browser: Client) -> None:
    assert browser.get("/api/auth/me/").json()["id"] == world.receptionist.pk
    made = browser.post("/api/patients/", {"full_name": "By form"}, headers=csrf(browser))
    assert made.status_code == 201


def test_logging_out_of_the_browser_ends_its_tokens(browser: Client) -> None:
    access = browser.post("/api/auth/token/session/", headers=csrf(browser)).json()["access"]
    browser.logout()
    assert outcome(me(access)) == (401, "token_not_valid")
    assert browser.post("/api/auth/token/session/", headers=csrf(browser)).status_code == 401


def test_a_disabled_accounts_session_is_refused_at_once(world: World, browser: Client) -> None:
    world.receptionist.is_active = False
    world.receptionist.save()
    assert browser.get("/api/auth/me/").status_code == 401


def test_a_session_token_needs_a_session(world: World) -> None:
    assert outcome(Api(world.receptionist).call("post", "auth/token/session/")) == (401, "not_authenticated")


def test_an_account_that_is_enabled_again_has_no_open_login(world: World) -> None:
    """What was open when it was disabled may be in a stranger's hands."""
    user, access = world.receptionist, token_pair(world)["access"]
    browser = Client()
    browser.force_login(user)
    assert (me(access).status_code, browser.get("/api/auth/me/").status_code) == (200, 200)

    for is_active in (False, True):
        user.is_active = is_active
        user.save()

    assert (me(access).status_code, browser.get("/api/auth/me/").status_code) == (401, 401)
    assert me(token_pair(world)["access"]).status_code == 200
