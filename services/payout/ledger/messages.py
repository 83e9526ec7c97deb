"""Reading events of earnings: what the contract allows and the ledger cannot hold is refused here, with a reason."""

from __future__ import annotations

from typing import Final

from services.payout.errors import BadPeriod
from services.payout.periods import checked
from shared.contracts.earnings import EarningsChanged
from shared.contracts.message import MALFORMED, Unreadable, decode
from shared.money import MOST

MOST_REVISIONS: Final = 2**63
MOST_VERSIONS: Final = 2**31
"""The columns are bigint and integer; a number beyond them would stop the whole batch instead of its own record."""


def decode_earnings(value: bytes | None) -> EarningsChanged:
    """The earnings event in a record's value.

    Raises:
        Unreadable: it breaks the contract (`malformed`), has amounts beyond `shared.money.MOST` (`amount_too_large`),
            or a period that does not exist (`no_such_period`).
    """
    changed = decode(EarningsChanged, value)
    try:
        checked(changed.period)
    except BadPeriod as error:
        raise Unreadable("no_such_period", str(error)) from None
    if not 0 <= changed.revision < MOST_REVISIONS:
        raise Unreadable(MALFORMED, "revision: out of range")
    for number, earning in enumerate(changed.earnings):
        place = f"earnings.{number}"
        if not 0 <= earning.version < MOST_VERSIONS:
            raise Unreadable(MALFORMED, f"{place}.version: out of range")
        if not earning.component or "\0" in earning.component:  # PostgreSQL holds no text with a NUL
            raise Unreadable(MALFORMED, f"{place}.component: not a name")
    # All together, not each: what is booked is their sum per currency, and the difference of two such sums has to fit
    # as well.
    if sum(abs(earning.amount) for earning in changed.earnings) > MOST:
        raise Unreadable("amount_too_large", "earnings: beyond what the ledger holds")
    return changed
