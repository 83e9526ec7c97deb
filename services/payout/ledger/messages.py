"""Reading events of earnings and of the roster: what the contract allows and the ledger cannot hold is refused here, with a reason."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from services.payout.errors import BadPeriod
from services.payout.periods import checked
from shared.contracts.base import Contract
from shared.contracts.earnings import EarningsChanged
from shared.contracts.roster import RosterFact
from shared.money import MOST


class Unreadable(ValueError):
    """An event that can never be booked. The message names the place of the fault, never an amount."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_Message = TypeVar("_Message", bound=Contract)


def read_roster(value: bytes | None) -> RosterFact:
    """The roster event in a record's value.

    Raises:
        Unreadable: it breaks the contract (`malformed`).
    """
    return _validated(RosterFact, value)


def read(value: bytes | None) -> EarningsChanged:
    """The earnings event in a record's value.

    Raises:
        Unreadable: it breaks the contract (`malformed`), has amounts beyond `shared.money.MOST` (`amount_too_large`), or
            a period that does not exist (`no_such_period`).
    """
    changed = _validated(EarningsChanged, value)
    try:
        checked(changed.period)
    except BadPeriod as error:
        raise Unreadable("no_such_period", str(error)) from None
    if not 0 <= changed.revision < 2**63:
        raise Unreadable("malformed", "revision: out of range")
    for number, earning in enumerate(changed.earnings):
        place = f"earnings.{number}"
        if not 0 <= earning.version < 2**31:
            raise Unreadable("malformed", f"{place}.version: out of range")
        if not earning.component or "\0" in earning.component:
            raise Unreadable("malformed", f"{place}.component: not a name")
    if sum(abs(earning.amount) for earning in changed.earnings) > MOST:
        raise Unreadable("amount_too_large", "earnings: beyond what the ledger holds")
    return changed


def _validated(contract: type[_Message], value: bytes | None) -> _Message:
    try:
        return contract.model_validate_json(value or b"")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Unreadable("malformed", f"{place}: {first['msg']}" if place else first["msg"]) from None
