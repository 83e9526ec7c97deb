"""Why nobody knows what was paid of a deal, from files: what there is to do to know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from shared.pay.facts import Deal, Entry

UNUSED_ROW: Final = "mend its row, which is not used"
NO_AMOUNT: Final = "set its amount"
TOO_FINE: Final = "write its amount, payments and refunds with 6 decimals at most"
NO_DEALS: Final = "name the file of deals: --deals"


def without_unused_rows(deals: Mapping[str, Deal], unused: Iterable[str]) -> dict[str, Deal]:
    """The deals; of those of which a row is not used, nothing that was paid is known: the row may say that money went
    back.
    """
    not_known = {name: deals[name]._replace(amount=None) for name in unused if name in deals}
    return {**deals, **not_known}


def mends(
    entries: Iterable[Entry], facts: Mapping[str, Mapping[str, Any]], *, unused: Iterable[str], file: str | None
) -> dict[str, str]:
    """By deal that anything is earned by what there is to do, should nobody know what was paid of it.

    Args:
        entries: what was earned.
        facts: of each deal that is known its values by path.
        unused: deals of which a row is not used.
        file: what the file of deals is called; None without one.
    """
    absent = NO_DEALS if file is None else f"add it to {file}, with its amount and what its customer has paid"
    bad = set(unused)
    found = {}
    for name in {entry.deal_id for entry in entries if entry.deal_id}:
        if name in bad:
            found[name] = UNUSED_ROW
        elif name not in facts:
            found[name] = absent
        else:
            found[name] = NO_AMOUNT if facts[name].get("amount") is None else TOO_FINE
    return found
