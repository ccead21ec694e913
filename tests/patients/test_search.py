"""Search: whatever people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.models import Patient
from patients.terms import MOST_TERMS, question, search_text
from tests.api.client import Api, outcome
from tests.factories import PatientFactory, World

PEOPLE = {
    "o'neil": ("Shaun O'Neil", "+353 86 1234567"),
    "hassan": ("Omar Al-Hassan", "0171 1234567"),
    "ali": ("Ali Karim", "+49 172 7654321"),
    "khalil": ("Khalil Marouf", "0049 30 44556677"),
    "arabic": ("عبدالله الخطيب", "+964 770 555 0000"),
    "similar": ("عبدالله التطيب", ""),
    "marks": ("\u200fمح\u200dمد\u200e نور", ""),
    "emoji": ("😀 Emoji Person", ""),
    "polish": ("Łukasz Żółkiewski", "+48 501 222 333"),
    "chinese": ("李小龙", ""),
    "none": ("Nora Nophone", ""),
    "apart": ("نور الدين عبد الله", ""),
    "umlaut": ("Jürgen König-Groß", ""),
    "no umlaut": ("Juergen Koenig-Gross", ""),
}


@pytest.fixture
def people(world: World) -> dict[int, str]:
    return {PatientFactory(full_name=name, phone=phone).pk: key for key, (name, phone) in PEOPLE.items()}


def found(world: World, people: dict[int, str], text: str) -> list[str]:
    return [people[row["id"]] for row in Api(world.receptionist).all("patients/", search=text) if row["id"] in people]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # Words with a hyphen or an apostrophe, with it, apart or in one
        ("oneil", {"o'neil"}),
        ("O’Neil", {"o'neil"}),
        ("neil", {"o'neil"}),
        ("alhassan", {"hassan"}),
        ("al hassan", {"hassan"}),
        ("hassan omar", {"hassan"}),
        # Other alphabets
        ("الخطيب", {"arabic"}),
        ("التطيب", {"similar"}),
        ("عبد الله", {"arabic", "similar", "apart"}),
        ("محمد", {"marks"}),
        ("م\u200dحمد \u200fنور", {"marks"}),
        ("emoji 😀", {"emoji"}),
        ("zolkiew", {"polish"}),
        ("小龙", {"chinese"}),
        ("李", {"chinese"}),
        ("小李", set()),
        # Up to two letters: the beginning of a word
        ("ka", {"ali"}),
        ("li", set()),
        ("عب", {"arabic", "similar", "apart"}),
        ("طي", set()),
        ("al", {"hassan", "ali"}),
        ("p", {"emoji"}),
        ("ali", {"ali", "khalil"}),
        # Phones
        ("+49 171 1234567", {"hassan"}),
        ("00491711234567", {"hassan"}),
        ("(0171) 123-4567", {"hassan"}),
        ("0171/123 45 67", {"hassan"}),
        ("٠١٧١ ١٢٣٤٥٦٧", {"hassan"}),
        ("1234567", {"hassan", "o'neil"}),
        ("omar 1234567", {"hassan"}),
        ("omar 0171 12", {"hassan"}),
        ("0171", {"hassan"}),
        ("0172 76", {"ali"}),
        ("44556677", {"khalil"}),
        ("030", {"khalil"}),
        ("+353 86", {"o'neil"}),
        ("55 00", {"arabic"}),
        ("0", set()),
        ("0000000001", set()),
        # Nothing to look for: nobody, and everybody if nothing was typed
        ("😀", set()),
        ("\u200f", set()),
        ("--", set()),
        ("...", set()),
        ("\0", set()),
        ("\u0651", set()),
        (" ", set(PEOPLE)),
        ("", set(PEOPLE)),
        # Names of two words, in one or in two
        ("عبدالله", {"arabic", "similar", "apart"}),
        ("عبد الله الخطيب", {"arabic"}),
        ("الله", {"arabic", "similar", "apart"}),
        ("نورالدين", {"apart"}),
        ("نور", {"marks", "apart"}),
        ("عبد ال", {"arabic", "similar", "apart"}),
        # Umlauts, and what is written for them
        ("juergen", {"umlaut", "no umlaut"}),
        ("Jürgen", {"umlaut", "no umlaut"}),
        ("jurgen", {"umlaut"}),
        ("groß", {"umlaut", "no umlaut"}),
        ("koeni", {"umlaut", "no umlaut"}),
    ],
)
def test_what_people_type(world: World, people: dict[int, str], text: str, names: set[str]) -> None:
    assert set(found(world, people, text)) == names


@pytest.mark.parametrize("written", ["P-{0:06d}", "p{0}", "P {0}", "p-{0}", "{0}", "{0:06d}", "P.{0:06d}", "p{0:06d}"])
def test_a_record_number_however_it_is_written_comes_first(world: World, written: str) -> None:
    files = [PatientFactory(full_name=f"A Person{n}", phone=f"0151 {n}23456789") for n in range(12)]
    wanted = files[-1]
    rows = Api(world.receptionist).all("patients/", search=written.format(wanted.pk))
    assert rows[0]["id"] == wanted.pk


def test_a_record_number_that_is_begun(world: World) -> None:
    wanted = PatientFactory(full_name="Wanted")
    wanted.record_number = "P-987654"
    wanted.save(update_fields=["record_number"])
    for text in ("P-98", "p987", "987654"):
        assert [row["id"] for row in Api(world.receptionist).all("patients/", search=text)] == [wanted.pk]
    assert Api(world.receptionist).all("patients/", search="p87") == []


def test_the_best_match_comes_first(world: World) -> None:
    for name in ("Abe Khalil", "Alik Natalia", "Zoe Ali", "Ali Zed"):
        PatientFactory(full_name=name, phone="")
    names = [row["full_name"] for row in Api(world.receptionist).all("patients/", search="ali")]
    assert names == ["Ali Zed", "Alik Natalia", "Zoe Ali", "Abe Khalil"]


def test_by_a_merged_file_the_one_it_went_into_is_found(world: World) -> None:
    survivor, duplicate = (
        PatientFactory(full_name="Mona Kept", phone=""),
        PatientFactory(full_name="منى خوري", phone="0151 7776665"),
    )
    api = Api(world.receptionist)
    api.ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    for text in (duplicate.record_number, str(duplicate.pk), "خوري", "0151 7776665", "منى"):
        assert survivor.pk in [row["id"] for row in api.all("patients/", search=text)], text
        assert duplicate.pk not in [row["id"] for row in api.all("patients/", search=text)], text
    api.ok("post", f"patients/{survivor.pk}/unmerge/", {"duplicate": duplicate.pk})
    assert [row["id"] for row in api.all("patients/", search="خوري")] == [duplicate.pk]


def test_names_of_two_words_are_the_same_in_one(world: World) -> None:
    one = PatientFactory(full_name="عبدالله الخطيب", phone="0151 7776665")
    asked = {"full_name": "عبد الله الخطيب", "phone": "0151 7776665"}
    answer = Api(world.receptionist).call("post", "patients/", asked)
    assert outcome(answer) == (409, "possible_duplicate")
    assert [each["id"] for each in answer.json()["candidates"]] == [one.pk]


def test_pages_of_a_search_hold_each_once(world: World) -> None:
    made = {PatientFactory(full_name=f"Same Name {n % 3}").pk for n in range(9)}
    api = Api(world.receptionist)
    page, seen = api.ok("get", "patients/?search=same&page_size=4"), []
    while True:
        assert page["count"] == 9
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()
    assert (len(seen), set(seen)) == (9, made)


def test_a_file_is_found_by_what_it_says_now(world: World, people: dict[int, str]) -> None:
    pk = next(pk for pk, key in people.items() if key == "ali")
    Api(world.receptionist).ok("patch", f"patients/{pk}/", {"full_name": "Salim Karim", "phone": "0160 99"})
    assert (found(world, people, "salim"), found(world, people, "ali karim")) == (["ali"], ["ali"])
    assert (found(world, people, "0172 7654321"), found(world, people, "0160 99")) == ([], ["ali"])
    Patient.objects.get(pk=pk).save()
    assert found(world, people, "salim") == ["ali"]


@given(st.text(max_size=300))
def test_anything_is_understood(text: str) -> None:
    asked = question(text)
    assert len(asked.terms) <= MOST_TERMS
    assert all(needle.key.isascii() and needle.key.strip() for term in asked.terms for needles in term for needle in needles)


@given(st.text(max_size=60), st.text(max_size=20))
def test_the_text_of_a_file_is_ascii_and_its_words_stand_apart(name: str, phone: str) -> None:
    file = Patient(full_name=name, phone=phone[:40], record_number="P-000007")
    file.fold()
    assert file.search_key.isascii()
    assert file.search_key.startswith(" ")
    assert "  " not in file.search_key
    assert file.search_key.endswith(" #000007") or len(file.search_key) > 900


def test_a_text_of_a_file() -> None:
    assert search_text(full_name="O'Neil 李", name_key="o neil 李", phone_key="171", record_number="P-000123") == (
        " o neil E oneil 171 #000123"
    )
