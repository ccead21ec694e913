"""The page of the admin site that shows who changed what."""

from __future__ import annotations

from django.test import Client

from patients.models import FileAccess
from tests.factories import UserFactory, World

ADDRESS = "/admin/changes/"


def test_the_way_there(manager: Client) -> None:
    assert f'href="{ADDRESS}"' in manager.get("/admin/").content.decode()


def test_it_shows_who_when_before_and_after(manager: Client, world: World) -> None:
    world.here.walk_in_offset_minutes = 25
    world.here.save(update_fields=["walk_in_offset_minutes"])
    page = manager.get(ADDRESS, {"kind": "clinic"})
    text = " ".join(page.content.decode().split())
    assert "<dt>walk-in offset, minutes</dt><dd><bdi>0</bdi> → <bdi>25</bdi></dd>" in text
    assert f'href="/admin/clinics/clinic/{world.here.pk}/change/"' in text
    assert "2 Mar 2026" in text
    assert "Zanzibar" not in text


def test_names_are_text_and_not_markup(manager: Client, world: World) -> None:
    world.patient.full_name = "<script>alert(1)</script>"
    world.patient.save(update_fields=["full_name"])
    text = manager.get(ADDRESS, {"kind": "patient"}).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_filter_that_cannot_be_meant_is_said(manager: Client) -> None:
    answer = manager.get(ADDRESS, {"since": "yesterday", "kind": "clinic"})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "errornote" in text
    assert 'value="yesterday"' in text


def test_a_page_that_is_not_there_is_the_last_one(manager: Client) -> None:
    assert manager.get(ADDRESS, {"p": "999"}).status_code == manager.get(ADDRESS, {"p": "x"}).status_code == 200


def test_an_empty_list_says_so(manager: Client) -> None:
    assert "Nothing was changed that fits this." in manager.get(ADDRESS, {"since": "2030-01-01"}).content.decode()


def test_reading_is_noted(manager: Client, world: World) -> None:
    earlier = FileAccess.objects.count()
    manager.get(ADDRESS, {"kind": "patient", "object": str(world.patient.pk)})
    assert FileAccess.objects.count() == earlier + 1


def test_staff_without_the_right_are_sent_away(world: World, client: Client) -> None:
    client.force_login(UserFactory(clinics=[world.here]), "django.contrib.auth.backends.ModelBackend")
    assert client.get(ADDRESS).status_code == 302
    client.logout()
    assert client.get(ADDRESS).status_code == 302


def test_filters_stay_from_page_to_page(superuser: Client, world: World) -> None:
    for n in range(60):
        world.here.walk_in_offset_minutes = n
        world.here.save(update_fields=["walk_in_offset_minutes"])
    asked = {"kind": "clinic", "clinic": str(world.here.pk), "by": "", "x&p": "a b&p=2"}
    page = superuser.get(ADDRESS, asked)
    again = f"?kind=clinic&amp;clinic={world.here.pk}&amp;x%26p=a+b%26p%3D2&amp;p=2"
    assert again in page.content.decode()
    assert f'<option value="{world.here.pk}" selected>' in page.content.decode()
