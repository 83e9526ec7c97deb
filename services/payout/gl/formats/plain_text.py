"""ledger and hledger: plain-text journals of one text, below declarations that let `ledger --pedantic` and `hledger
check -s` pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.gl.formats.base import CONTROL, Fault, JournalFormat, lines_of
from shared.money import major_text, minor_digits
from shared.pay.policy import PolicyPart

# Letters, digits and single blanks: two blanks end an account's name for both programs, and a colon divides it.
_PART = r"\w(?:[\w.&'/+#-]| (?=[^\s:]))*"
_ACCOUNT = re.compile(f"{_PART}(?::{_PART})*")


class Settings(PolicyPart):
    """How the journal looks."""

    declare: bool = True
    """Whether accounts are declared at the top; not needed where the book that includes the file declares them."""


def check(entries: Sequence[JournalEntry], _: Settings) -> Iterator[Fault]:
    """Names that these programs would read as something else."""
    for entry, number, line in lines_of(entries):
        if not _ACCOUNT.fullmatch(line.account):
            yield Fault(entry.id, number, "account", f"{line.account!r} is no account name of ledger and hledger")
        for name, value in line.dimensions:
            if CONTROL.search(value):
                yield Fault(entry.id, number, name, f"{value!r} has a character that the file cannot hold")


def check_hledger(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    """The same, and a comma, which would end a tag of hledger."""
    yield from check(entries, settings)
    for entry, number, line in lines_of(entries):
        for name, value in line.dimensions:
            if "," in value:
                reason = "would end at its comma in hledger: give it another name in the policy's dimensions"
                yield Fault(entry.id, number, name, f"{value!r} {reason}")


def write_ledger(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """The journal for ledger."""
    # `ledger --pedantic` refuses commodities, tags and accounts that are not declared.
    currencies = [f"commodity {currency}" for currency in sorted({entry.currency for entry in entries})]
    names = {tag(name) for _, _, line in lines_of(entries) for name, _ in line.dimensions}
    tags = [f"tag {name}" for name in sorted(names | {"entity"})]
    return _text(entries, [*currencies, *tags, *_accounts(entries)] if settings.declare else [])


def write_hledger(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """The journal for hledger."""
    currencies = sorted({entry.currency for entry in entries})
    # hledger learns from a sample amount how many decimals a commodity has.
    samples = [f"commodity 1000.{'0' * minor_digits(currency)} {currency}" for currency in currencies]
    return _text(entries, [*samples, *_accounts(entries)] if settings.declare else [])


def _accounts(entries: Sequence[JournalEntry]) -> list[str]:
    return [f"account {account}" for account in sorted({line.account for _, _, line in lines_of(entries)})]


def _text(entries: Sequence[JournalEntry], declared: list[str]) -> bytes:
    return "\n".join(["\n".join([*declared, ""]), *map(_entry, entries)]).lstrip("\n").encode()


def _entry(entry: JournalEntry) -> str:
    rows = [f"{entry.day.isoformat()} * ({entry.id}) {entry.memo}"]
    if entry.entity:
        rows.append(f"    ; entity: {entry.entity}")
    for line, text in aligned(entry):
        rows.append(f"    {text}")
        rows += [f"    ; {tag(name)}: {value}" for name, value in line.dimensions]
    return "\n".join([*rows, ""])


def aligned(entry: JournalEntry) -> Iterator[tuple[EntryLine, str]]:
    """Each line with its account and amount, one below the other: two blanks between them, because an account may hold
    one.
    """
    wide = max(len(line.account) for line in entry.lines)
    amounts = [major_text(line.amount, entry.currency) for line in entry.lines]
    long = max(map(len, amounts))
    for line, amount in zip(entry.lines, amounts, strict=True):
        yield line, f"{line.account:<{wide}}  {amount:>{long}} {entry.currency}"


def tag(name: str) -> str:
    """A dimension's name as the name of a tag."""
    return re.sub(r"[ _]+", "-", name).lower()


FORMATS = (
    JournalFormat(
        name="ledger",
        title="ledger journal",
        suffix="ledger",
        media_type="text/plain; charset=utf-8",
        settings=Settings,
        check=check,
        write=write_ledger,
        reads_names="exactly",
    ),
    JournalFormat(
        name="hledger",
        title="hledger journal",
        suffix="journal",
        media_type="text/plain; charset=utf-8",
        settings=Settings,
        check=check_hledger,
        write=write_hledger,
        reads_names="exactly",
    ),
)
