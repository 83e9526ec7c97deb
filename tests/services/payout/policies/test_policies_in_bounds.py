"""Policies are read in bounds: what takes too much is refused in words, and the next one is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.payout.policies.reading import read_policy
from shared.bounded import BoundedProcess
from shared.pay.terms.policy import PaymentTerms
from shared.problems import NotFound, Unprocessable

TERMS: dict[str, Any] = {"valid_from": "2026-03-01", "currency": "USD", "applies_to": {"participants": ["ann"]}}


@pytest.fixture(scope="module")
def apart() -> Iterator[BoundedProcess]:
    found = BoundedProcess()
    yield found
    found.close()


def read(apart: BoundedProcess, kind: str = "payment_terms", **said: Any) -> Any:
    return read_policy(kind, "joiners", data=TERMS | said, calculating=apart.run)


def test_a_policy_and_what_is_wrong_in_one_come_back_as_if_they_were_read_here(apart: BoundedProcess) -> None:
    policy, slips = read(apart, draw={"amount": 1500, "kind": "recoverable", "recover": "50%"})
    assert (type(policy), policy.id, slips) == (PaymentTerms, "joiners", [])
    with pytest.raises(Unprocessable, match="currency") as refused:
        read(apart, currency="dollars")
    assert [each["field"] for each in refused.value.body()["errors"]] == ["currency"]
    with pytest.raises(NotFound, match="there is no kind of policy 'wishes'"):
        read(apart, kind="wishes")
    with pytest.raises(Unprocessable, match="the address says id joiners"):
        read(apart, id="leavers")


def test_a_policy_that_takes_too_much_is_refused_and_the_next_is_read(
    apart: BoundedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart.close()  # to start again takes longer than it has
    monkeypatch.setattr(apart, "_wall_seconds", 0.001)
    with pytest.raises(Unprocessable, match=r"cannot be checked: it took more than .* write it smaller"):
        read(apart)
    monkeypatch.undo()
    assert read(apart)[0].id == "joiners"
