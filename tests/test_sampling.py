"""What tests leave out of cases that are much alike."""

from __future__ import annotations

from tests.conftest import a_third

CASES = [("nothing", number) for number in range(20)] + [(name, number) for name in ("merge", "erase") for number in range(3)]


def test_a_third_is_always_the_same_of_a_test_and_others_of_the_next() -> None:
    found = a_third(CASES, "one")
    assert len(found) == len(set(found)) == 9
    assert found == a_third(CASES, "one") != a_third(CASES, "other")


def test_no_kind_is_left_out_for_ever() -> None:
    for seed in map(str, range(50)):
        found = a_third(CASES, seed, kind=lambda case: case[0])
        assert len(found) == len(set(found)) == 9
        assert {name for name, _number in found} == {"nothing", "merge", "erase"}
    # More kinds than a third: one of each.
    assert sorted(a_third(range(6), "one", kind=lambda case: case)) == list(range(6))
