"""beancount: a plain-text book that `bean-check` accepts as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import field_validator

from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats.base import Fault, JournalFormat, lines_of
from services.payout.gl.formats.plain_text import aligned, tag
from shared.contracts.base import PlausibleDate
from shared.pay.policy import PolicyPart

# The five roots, and parts that begin with a capital or a digit: what bean-check accepts under its default options.
_ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


class Settings(PolicyPart):
    """How the book looks."""

    payee: str = "Earnest"
    """Who the transactions name."""
    open_accounts: bool = True
    """Whether the file opens the accounts it uses. A book that includes the file and opens them itself says no."""
    opened_on: PlausibleDate | None = None
    """When they were opened; by default on the first day of the file's first month."""

    @field_validator("payee")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if re.search(r"[\x00-\x1f]", text):
            raise ValueError("a payee is one line of text")
        return text


def check(entries: Sequence[JournalEntry], _: Settings) -> Iterator[Fault]:
    """Account names that beancount does not take."""
    for entry, number, line in lines_of(entries):
        if not _ACCOUNT.fullmatch(line.account):
            reason = "is no account of beancount, such as Expenses:Commissions"
            yield Fault(entry.id, number, "account", f"{line.account!r} {reason}")


def write(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """The book."""
    blocks = [_entry(entry, settings) for entry in entries]
    if settings.open_accounts and entries:
        # An account has to be open on the day of its first transaction.
        first = settings.opened_on or min(entry.day for entry in entries).replace(day=1)
        accounts = sorted({line.account for _, _, line in lines_of(entries)})
        blocks.insert(0, "\n".join([*(f"{first.isoformat()} open {account}" for account in accounts), ""]))
    return "\n".join(blocks).encode()


def _entry(entry: JournalEntry, settings: Settings) -> str:
    head = f"{entry.day.isoformat()} * {_quoted(settings.payee)} {_quoted(entry.memo)} ^{entry.id}"
    rows = [head, f'  period: "{entry.period}"', f'  origin: "{entry.origin}"']
    if entry.entity:
        rows.append(f"  entity: {_quoted(entry.entity)}")
    for line, text in aligned(entry):
        rows.append(f"  {text}")
        rows += [f"    {tag(name)}: {_quoted(value)}" for name, value in line.dimensions]
    return "\n".join([*rows, ""])


def _quoted(text: str) -> str:
    """Text in quotes; a line break would end it."""
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


FORMATS = (
    JournalFormat(
        name="beancount",
        title="beancount book",
        suffix="beancount",
        media_type="text/plain; charset=utf-8",
        settings=Settings,
        check=check,
        write=write,
        reads_names="exactly",
    ),
)
