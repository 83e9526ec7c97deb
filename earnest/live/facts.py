"""Deals, roster and plans of the running installation, as the kernel takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from earnest.client import Client, connected, pages
from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from earnest.plans.published import published_plans
from shared.facts import Facts
from shared.kernel import Roster
from shared.kernel.crediting.deals import values_table

Values = Mapping[str, Any]
"""The value in force of each path."""
PAGE = 5000


def deal_values(client: Client, *, who: str) -> Iterator[tuple[str, Values]]:
    """Every deal with its values."""
    for page in pages(client, "/v1/facts/deals", query={"limit": PAGE}, who=who, service="scoring"):
        yield from ((deal["deal_id"], deal["fields"]) for deal in page["deals"])


def participant_values(client: Client, *, who: str) -> Iterator[tuple[str, Values]]:
    """Every participant with the values of their dated attributes."""
    for page in pages(client, "/v1/facts/roster", query={"limit": PAGE}, who=who, service="scoring"):
        yield from ((person["participant_id"], person["fields"]) for person in page["participants"])


def account_payments(client: Client, *, left: bool, who: str, account: str | None = None) -> Iterator[Values]:
    """Every payment by account as scoring has allocated it; only those of which something is `left`, or of one
    account.
    """
    query = {"limit": PAGE, "left": str(left).lower(), **({"account": account} if account else {})}
    for page in pages(client, "/v1/account-payments", query=query, who=who, service="scoring"):
        yield from page["payments"]


def live_inputs(client: Client, *, who: str) -> KernelInputs:
    """What the running installation calculates with.

    Raises:
        LocalError: it does not answer.
    """
    plans = published_plans(client, who=who)
    deals = values_table(deal_values(client, who=who), plans.deal_columns)
    return KernelInputs(deals, live_roster(participant_values(client, who=who)), plans)


def live_roster(people: Iterator[tuple[str, Values]]) -> Roster:
    """The roster of participants with their values."""
    # What is in force is merged already: of a fact nothing but its value is looked at.
    return Roster.from_facts((who, facts_of(values)) for who, values in people)


def on_a_plan(values: Values) -> bool:
    """Whether a participant's values name a plan, from whatever day on."""
    return any(path.endswith("/plan") and value for path, value in values.items())


def facts_of(values: Values) -> Facts:
    """Values as facts that nobody said at any time."""
    return {path: [value, "", 0, ""] for path, value in values.items()}


def inputs_given(plan: list[Path] | None, deals: Path | None, *, roster: Path | None, who: str) -> KernelInputs:
    """What a command calculates with: files where they are named, otherwise what the running installation has.

    Raises:
        FileError: some files are named and not all, or one cannot be read.
        LocalError: no file is named, and no installation answers.
    """
    if plan and deals is not None and roster is not None:
        return read_inputs(deals, roster, plans=read_plans(plan))
    if plan or deals is not None or roster is not None:
        raise FileError("name --plan, --deals and --roster together, or none of them for the running installation")
    return live_inputs(connected(), who=who)
