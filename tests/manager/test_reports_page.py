"""The page of reports: who sees what, charts with their tables, ranges that are refused."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import translation

from clinics.models import Doctor, Role
from payments import actions as payment_actions
from tests.api.client import Api
from tests.factories import UserFactory, World, walk_in
from tests.pages.test_access import as_user
from tests.reports.rows import DAY, at, visit

WEEK = "from=2026-02-16&to=2026-02-22"
SECTIONS = ["waits", "visits", "utilisation", "no-shows", "revenue"]


def sections(html: str) -> list[str]:
    return re.findall(r'<section class="panel report" id="([a-z-]+)"', html)


def fill(world: World) -> None:
    visit(world, arrived=at(DAY, 9), waited=600, inside=10, booked=at(DAY, 9))
    visit(world, status="no_show", booked=at(DAY, 10))


def test_an_admin_sees_all_reports_with_charts_tables_and_files(world: World) -> None:
    fill(world)
    payment_actions.process(walk_in(world).payment, by=world.receptionist, amount=Decimal("12.34"), method="cash")

    html = as_user(world.admin).get("/manager/reports/?from=2026-02-16&to=2026-03-02").content.decode()

    assert sections(html) == SECTIONS
    assert html.count('<svg class="chart" role="img"') == len(SECTIONS)
    assert html.count("<summary>All figures as a table</summary>") == len(SECTIONS)
    assert "12.34" in html
    for name in SECTIONS:
        file = re.search(rf'href="(/api/reports/{name}/[^"]+)"', html)
        assert file
        answer = as_user(world.admin).get(file[1].replace("&amp;", "&"))
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")


def test_a_receptionist_sees_no_money_and_a_doctor_their_own(world: World) -> None:
    fill(world)
    visit(world, arrived=at(DAY, 9), waited=60, doctor=world.colleague)

    desk = as_user(world.receptionist).get(f"/manager/reports/?{WEEK}").content.decode()
    own = as_user(world.doctor_user).get(f"/manager/reports/?{WEEK}").content.decode()

    assert sections(desk) == [name for name in SECTIONS if name != "revenue"]
    assert "Waits: 2" in desk
    assert "/manager/staff/" not in desk
    assert sections(own) == SECTIONS
    assert "Waits: 1" in own
    assert world.colleague.name not in own


def test_a_page_and_the_api_say_the_same(world: World) -> None:
    fill(world)
    html = as_user(world.admin).get(f"/manager/reports/?{WEEK}").content.decode()
    rows = Api(world.admin).ok("get", f"reports/no-shows/?clinic={world.here.pk}&{WEEK}")["rows"]
    assert f"{rows[0]['no_show']} of {rows[0]['due']} who were due" in html
    assert rows[0]["no_show_percent"] in html


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("from=2026-02-22&to=2026-02-16", "The last day comes before the first"),
        ("from=2020-01-01&to=2026-02-16", "at most 366 days"),
        ("from=soon&to=2026-02-16", "Date has wrong format"),
    ],
)
def test_a_range_that_is_none_is_said_by_its_field(world: World, asked: str, sentence: str) -> None:
    response = as_user(world.admin).get(f"/manager/reports/?{asked}")
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert sections(response.content.decode()) == []


def test_days_without_anything_say_so(world: World) -> None:
    html = as_user(world.receptionist_there).get(f"/manager/reports/?{WEEK}").content.decode()
    assert html.count("There is nothing in these days.") == 3  # there are shifts, so there is something to be used


def test_another_clinic_is_not_there(world: World) -> None:
    assert as_user(world.admin_there).get(f"/manager/reports/?clinic={world.here.pk}").status_code == 404


def test_a_login_without_a_doctor_is_told_what_is_missing(world: World) -> None:
    lost = UserFactory(role=Role.DOCTOR, clinics=[world.here])
    assert "linked to a doctor" in as_user(lost).get("/manager/reports/").content.decode().replace("&#x27;", "'")


def test_a_name_is_text_on_the_page(world: World) -> None:
    Doctor._base_manager.filter(pk=world.doctor.pk).update(name="<b>Dr & Co</b>")
    fill(world)
    html = as_user(world.admin).get(f"/manager/reports/?{WEEK}").content.decode()
    assert "<b>Dr" not in html
    assert "&lt;b&gt;Dr &amp; Co&lt;/b&gt;" in html


def test_numbers_of_a_chart_have_points_in_every_language(world: World) -> None:
    fill(world)
    with translation.override("de"):
        html = as_user(world.admin).get(f"/manager/reports/?{WEEK}", headers={"Accept-Language": "de"}).content.decode()
    assert re.findall(r' (?:x|y|width|height)="[^"]*,[^"]*"', html) == []
