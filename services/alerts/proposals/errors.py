"""What can go wrong with a proposal, as problems with the facts."""

from __future__ import annotations

from shared.problems import Conflict, NotFound


class NoSuchProposal(NotFound):
    """There is no proposal of this id."""

    def __init__(self, proposal_id: str) -> None:
        super().__init__(
            f"there is no proposal {proposal_id}; `earnest alerts proposals` names them", proposal=proposal_id
        )


class DecidedOtherwise(Conflict):
    """A proposal is decided once."""

    type = "proposal-decided"
    title = "The proposal is decided"

    def __init__(self, proposal_id: str, decision: str, *, who: str | None) -> None:
        super().__init__(
            f"proposal {proposal_id} was {decision} by {who}: propose again for another decision", decision=decision
        )
