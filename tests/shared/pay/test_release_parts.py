"""The parts of `release` and the components that they are of."""

from __future__ import annotations

from typing import Any

import pytest

from shared.pay.terms.policy import PaymentTerms
from shared.pay.terms.words.release import tranches_of


def terms(*parts: dict[str, Any]) -> PaymentTerms:
    head = {"kind": "payment_terms", "id": "t", "valid_from": "2026-01-01", "currency": "USD"}
    return PaymentTerms.of(head | {"release": list(parts)})


def part(share: str, when: str, *components: str) -> dict[str, Any]:
    return {"share": share, "when": when} | ({"components": list(components)} if components else {})


def test_a_component_has_the_parts_that_name_it_or_those_that_name_none() -> None:
    said = terms(
        part("100%", "collected"),
        part("50%", "booked", "base", "spif"),
        part("50%", "started", "base"),
        part("50%", "paid_in_full", "spif"),
    )
    assert [each.when for each in tranches_of(said, "base") or ()] == ["booked", "started"]
    assert [each.when for each in tranches_of(said, "spif") or ()] == ["booked", "paid_in_full"]
    assert [each.when for each in tranches_of(said, "other") or ()] == ["collected"]
    assert tranches_of(terms(part("100%", "collected", "base")), "other") is None


def test_the_parts_of_each_component_sum_to_the_whole() -> None:
    with pytest.raises(ValueError, match=r"the shares of `release` of base must sum to 100%, not 60\.00%"):
        terms(part("60%", "booked", "base"), part("100%", "collected"))
