"""Facts converge: the order and repetition of patches never matter."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.facts import Facts, merge, value_of

values = st.one_of(st.none(), st.text(max_size=3), st.dictionaries(st.sampled_from("ab"), st.text(max_size=2)))
patches = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["amount", "stage", "refunds.r1"]), values, max_size=3),
        st.sampled_from(["2025-01-01T00:00:00.000000Z", "2025-01-02T00:00:00.000000Z"]),
        st.integers(0, 1),
        st.sampled_from(["crm", "erp"]),
    ),
    max_size=8,
)


def all_merged(found: list[Any]) -> Facts:
    facts: Facts = {}
    for fields, occurred_at, sequence, source in found:
        merge(facts, fields, occurred_at=occurred_at, sequence=sequence, source=source)
    return facts


@given(patches, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_patches_gives_the_same_facts(found: list[Any], random: Any) -> None:
    again = found + random.sample(found, len(found) // 2)
    random.shuffle(again)
    assert all_merged(again) == all_merged(found)


def test_a_late_patch_loses_to_a_newer_one() -> None:
    facts: Facts = {}
    assert merge(facts, {"amount": "2"}, occurred_at="2025-01-02T00:00:00.000000Z", sequence=0, source="crm")
    assert not merge(facts, {"amount": "1"}, occurred_at="2025-01-01T00:00:00.000000Z", sequence=0, source="crm")
    assert value_of(facts, "amount") == "2"


def test_a_later_equal_value_is_kept_so_that_it_wins_over_what_lies_between() -> None:
    facts: Facts = {}
    merge(facts, {"amount": "1"}, occurred_at="2025-01-01T00:00:00.000000Z", sequence=0, source="crm")
    assert merge(facts, {"amount": "1"}, occurred_at="2025-01-03T00:00:00.000000Z", sequence=0, source="crm")
    merge(facts, {"amount": "9"}, occurred_at="2025-01-02T00:00:00.000000Z", sequence=0, source="crm")
    assert value_of(facts, "amount") == "1"


def test_fields_of_one_deal_are_decided_one_by_one() -> None:
    facts: Facts = {}
    merge(facts, {"amount": "1", "stage": "open"}, occurred_at="2025-01-01T00:00:00.000000Z", sequence=0, source="crm")
    merge(facts, {"stage": "won"}, occurred_at="2025-01-02T00:00:00.000000Z", sequence=0, source="crm")
    merge(facts, {"amount": "3"}, occurred_at="2025-01-01T12:00:00.000000Z", sequence=0, source="erp")
    assert (value_of(facts, "amount"), value_of(facts, "stage")) == ("3", "won")
