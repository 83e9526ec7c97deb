"""A policy as its publisher writes it, read where it can harm nobody."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from services.payout.policies.kinds import NoSuchKind, model_of
from shared.bounded import Calculating, Exceeded
from shared.pay.policy import Policy
from shared.problems import NotFound, Unprocessable, field_errors


def read_policy(
    kind: str, policy_id: str, *, data: dict[str, Any], calculating: Calculating
) -> tuple[Policy, list[str]]:
    """The policy that data says, and what in it looks like a slip; how it is read is `calculating`.

    Raises:
        NotFound: there is no such kind.
        Unprocessable: it says another kind or id than its address, is no policy, or takes too much to be read.
        CheckingBusy: as many are being read as may wait.
    """
    try:
        return calculating(policy_said, kind, policy_id, data)
    except Exceeded as error:
        raise Unprocessable(f"the policy cannot be checked: {error}; write it smaller") from None


# Called in the bounded process: what goes in and comes out is plain, and so is what is raised.
def policy_said(kind: str, policy_id: str, data: dict[str, Any]) -> tuple[Policy, list[str]]:
    """As `read_policy`, here."""
    try:
        model = model_of(kind)
    except NoSuchKind as error:
        raise NotFound(str(error)) from None
    for name, value in (("kind", kind), ("id", policy_id)):
        if data.get(name, value) != value:
            raise Unprocessable(f"the address says {name} {value}, and the policy says something else")
    try:
        policy = model.of(data | {"kind": kind, "id": policy_id})
    except TypeError as error:
        # JSON can be read that cannot be written: half characters, whole numbers of any length, lists of any depth.
        raise Unprocessable(f"a policy holds text, numbers, dates, lists and fields: {error}") from None
    except ValidationError as error:
        errors = field_errors(error)
        detail = "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in errors)
        raise Unprocessable(detail, errors=errors) from None
    return policy, [slip.in_words for slip in policy.slips()]
