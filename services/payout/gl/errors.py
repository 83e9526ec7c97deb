"""Why a month does not go to the general ledger.

What HTTP tells is a `Refusal`. Below it are plain errors of the domain, which the routes tell as `CannotPost`:

    NotBookable                                       entry
      |- Unbalanced                                   entry
      `- MissingAccount, UnknownKind, SharedName
    FileRefused                                       formats.base
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from services.payout.errors import Refusal
from services.payout.gl.entry import NotBookable
from services.payout.gl.formats.base import Fault
from shared.periods import Month


class NoAccounts(Refusal):
    """Nothing says how the entity's books look."""

    type = "no-gl-accounts"
    title = "There is no policy for these books"

    def __init__(self, entity: str, period: Month) -> None:
        ids = f"{entity!r} or 'default'" if entity else "'default'"
        super().__init__(f"there is no policy gl_accounts {ids} in force at the end of {period}")
        self.entity, self.period = entity, period


class NoSuchEntity(Refusal):
    """Neither the roster nor what was booked knows such an entity, and no policy has its books."""

    type = "no-such-entity"
    title = "There is no such entity"
    status = HTTPStatus.NOT_FOUND

    def __init__(self, entity: str, known: Sequence[str]) -> None:
        there = ", ".join(name or "the one without a name" for name in known)
        asked = f"there is no entity {entity!r}" if entity else "say which entity: all pay is booked by entity"
        super().__init__(f"{asked}; there are: {there}" if known else asked)
        self.entity, self.known = entity, list(known)


class NothingToPost(Refusal):
    """What the ledger has is in earlier batches already."""

    type = "nothing-to-post"
    title = "There is nothing to post"

    def __init__(self, period: Month, entity: str) -> None:
        super().__init__(f"everything booked in {period}{f' for {entity}' if entity else ''} has been posted")
        self.period, self.entity = period, entity


class CannotPost(Refusal):
    """The policy lacks something, or the books would refuse the file; `faults` name the rows."""

    type = "gl-refuses"
    title = "The general ledger would refuse this"

    def __init__(self, reason: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(reason)
        self.faults = [fault._asdict() for fault in faults]


class MissingAccount(NotBookable):
    """The policy has no account for something that was booked; `where` are the facts that its rules look at."""

    def __init__(self, policy: str, what: str, *, where: Mapping[str, str] | None = None) -> None:
        facts = ", ".join(f"{name} {value!r}" for name, value in (where or {}).items() if value)
        super().__init__(f"gl_accounts {policy!r} has no account for {what}{', with ' + facts if facts else ''}")
        self.policy, self.what, self.where = policy, what, where


class SharedName(NotBookable):
    """Two participants have one name in the books; `names` gives each one's, as it is written."""

    def __init__(self, dimension: str, names: Mapping[str, str]) -> None:
        (one, first), (other, second) = names.items()
        super().__init__(f"{dimension}: {one} ({first}) and {other} ({second}) are one to the books")
        self.dimension, self.names = dimension, dict(names)


class UnknownKind(NotBookable):
    """A journal of the ledger of a kind that the general ledger does not know."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the general ledger does not know journals of kind {kind!r}")
        self.kind = kind
