"""What can go wrong with a proposal, as problems with the facts."""

from __future__ import annotations

from shared.problems import Conflict, NotFound


class NoSuchProposal(NotFound):
    """There is no proposal of this id."""

    def __init__(self, proposal_id: str) -> None:
        super().__init__(
            f"there is no proposal {proposal_id}; `earnest alerts proposals` names them", proposal=proposal_id
        )


class DecidedAlready(Conflict):
    """A proposal is decided once."""

    type = "proposal-decided"
    title = "The proposal is decided"

    def __init__(self, proposal_id: str, decision: str, *, who: str | None, alert_id: str) -> None:
        super().__init__(
            f"proposal {proposal_id} was {decision} by {who} already: propose again for another decision, or "
            f"write what is to be added as a note of {alert_id}",
            decision=decision,
        )


class Retired(Conflict):
    """Of proposals that change the same plan one is accepted at a time."""

    type = "proposal-retired"
    title = "Another proposal was accepted"

    def __init__(self, proposal_id: str, accepted: str, *, why: str) -> None:
        super().__init__(
            f"proposal {proposal_id} cannot be accepted: {accepted} was, and {why}; reject that one first, or propose "
            "again when it is in force",
            accepted=accepted,
        )


class PublishedAlready(Conflict):
    """What is published is changed by its next version, and no longer by a decision."""

    type = "proposal-published"
    title = "The change is published"

    def __init__(self, proposal_id: str, what: str) -> None:
        super().__init__(f"proposal {proposal_id}: {what} is published already; propose again for its next version")
