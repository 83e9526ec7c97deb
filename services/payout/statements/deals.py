"""The part of a statement that shows every component deal by deal, each deal with its slices in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from services.payout.statements import words
from services.payout.statements.schemas import Earned, Statement
from services.payout.statements.sheet import Cell, Column, Row, Section, Table, row
from services.payout.statements.writing import Writing, safe
from shared.explanation import Line, Part, Slice
from shared.kernel.arithmetic.expressions import WITHOUT_RATE

COLUMNS = (
    Column("Deal", share=4),
    Column("Closed", share=3),
    Column("Credited to you", numeric=True, share=3),
    Column("How it pays", share=8),
    Column("Pays", numeric=True, share=2),
)


def months(statement: Statement, writing: Writing) -> tuple[Section, ...]:
    """A section per month with one per component."""
    months_shown = dict.fromkeys((earned.month, earned.earlier) for earned in statement.earned)
    return tuple(
        Section(
            words.earlier(writing.month(month)) if earlier else words.earned_in(writing.month(month)),
            paragraphs=(words.EARLIER,) if earlier else (words.ROUNDING,),
            sections=tuple(
                _component(earned, statement, writing=writing) for earned in statement.earned if earned.month == month
            ),
        )
        for month, earlier in months_shown
    )


def _component(earned: Earned, statement: Statement, *, writing: Writing) -> Section:
    attained = [part.attainment for part in earned.parts if part.attainment is not None]
    return Section(
        f"{safe(earned.title)}: {writing.money(earned.amount, earned.currency)}",
        paragraphs=tuple(_measured(part, writing) for part in earned.parts),
        meter=int(attained[-1]) if attained else None,
        tables=tuple(
            _lines(earned, part, several=len(earned.parts) > 1, statement=statement, writing=writing)
            for part in earned.parts
            if part.lines
        ),
    )


def _measured(part: Part, writing: Writing) -> str:
    """Measure, quota and attainment in a sentence, and what stands in the way of pay."""
    sentences = []
    # A measure that is attainment itself has a quota of 1: "80% of a quota of 100%, which is 80%" would say it three
    # times.
    is_its_attainment = part.measured_in == "shares" and part.quota == 1
    if part.measure is not None and not is_its_attainment and part.quota is not None and part.attainment is not None:
        measured, quota = (counted(value, part, writing=writing) for value in (part.measured, part.quota))
        attainment = writing.percent(part.attainment)
        sentences.append(f"{words.title(part.measure)}: {measured} of a quota of {quota}, which is {attainment}.")
    elif part.measure is not None:
        sentences.append(f"{words.title(part.measure)}: {counted(part.measured, part, writing=writing)}.")
    sentences.append(f"Plan {part.plan}, version {part.version}{_fiscal(part)}.")
    if (window := words.WINDOW.get(part.window)) is not None:
        sentences.append(window)
    if part.rule_skipped is not None:
        sentences.append(safe(part.rule_skipped.message))
    return " ".join(sentences)


def _fiscal(part: Part) -> str:
    """The fiscal period, where a month may have several."""
    return "" if part.fiscal_period is None else f", {part.fiscal_period}"


def counted(value: Decimal, part: Part, *, writing: Writing) -> str:
    """A value of the measure: counts without decimals, shares in percent, amounts as amounts."""
    match part.measured_in:
        case "numbers":
            return writing.number(value)
        case "shares":
            return writing.percent(value * 100)
    return writing.amount(value, part.currency)


def _lines(earned: Earned, part: Part, *, several: bool, statement: Statement, writing: Writing) -> Table:
    under = f", {part.plan} version {part.version}{_fiscal(part)}" if several else ""
    rows = [_line(line, part, statement=statement, writing=writing) for line in _told_once(part.lines)]
    total = row("Together", "", "", "", writing.amount(part.amount, part.currency), total=True)
    return Table(f"{safe(earned.title)}{under}, deal by deal, in {part.currency}", COLUMNS, (*rows, total))


def _told_once(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, without those that pay nothing of a deal that another rule credits beside them: to a reader both are
    one deal. The one that stays says what the deal is credited with."""
    for (deal, _), beside in groupby(lines, key=lambda line: (line.deal_id, line.credit_date)):
        of_deal = list(beside)
        paying = [line for line in of_deal if line.amount or any(piece.pays for piece in line.slices)]
        if deal is None or len(of_deal) == 1:
            yield from of_deal
            continue
        credited = next((line for line in of_deal if line.credited), of_deal[0])
        for line in paying or [credited]:
            yield line if line.credited or len(paying) > 1 else line.model_copy(update=_credit(credited))


def _credit(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("credited", "share_percent", "exchange")}


def _line(line: Line, part: Part, *, statement: Statement, writing: Writing) -> Row:
    pays = writing.amount(line.amount, part.currency)
    if line.earned_by is not None:
        at = (f"at {safe(line.exchange)}",) if line.exchange else ()
        return row(
            f"{words.PAY_OF_OTHERS}: {safe(line.earned_by)}",
            "" if line.credit_date is None else writing.day(line.credit_date),
            Cell(writing.amount(line.credited, part.currency), at),
            _stacked(_slices(line, part, writing=writing)),
            pays,
        )
    if line.deal_id is None:
        day = "" if line.credit_date is None else writing.day(line.credit_date)
        how = _slices(line, part, writing=writing) if line.slices else [safe(line.sentence)]
        return row(words.rule(line.rule), day, "", _stacked(how), pays)
    account = safe(statement.accounts.get(line.deal_id, ""))
    share = (
        ()
        if line.share_percent in (None, 100)
        else (f"your share: {writing.percent(line.share_percent or Decimal(0))}",)
    )
    beside = (*share, f"at {safe(line.exchange)}") if line.exchange else share
    return row(
        Cell(line.deal_id, (account,) if account else ()),
        "" if line.credit_date is None else writing.day(line.credit_date),
        Cell(writing.amount(line.credited, part.currency) if line.credited else "", beside),
        _stacked(_slices(line, part, writing=writing)),
        pays,
    )


def _stacked(lines: list[str]) -> Cell:
    return Cell(lines[0], tuple(lines[1:]), even=True) if lines else Cell("")


def _slices(line: Line, part: Part, *, writing: Writing) -> list[str]:
    products = (
        [line.by_itself]
        if line.by_itself
        else [_slice(piece, line, part=part, writing=writing) for piece in line.slices]
    )
    if not products:
        products.append(words.PAYS_NOTHING if line.rule_skipped is None else safe(line.rule_skipped.message))
    if line.attainment_after is not None and (line.deal_id or line.earned_by) is not None:
        products.append(f"then at {writing.percent(line.attainment_after)} of quota")
    if line.named:
        products.append(safe(line.named))
    return products


def _slice(piece: Slice, line: Line, *, part: Part, writing: Writing) -> str:
    """A product that a calculator can check: `10,000.00 at 8% = 800.00, above 100% of quota`."""
    times = "" if piece.factor == 1 else f" × {writing.number(piece.factor)}"
    credited, pays = (writing.amount(amount, part.currency) for amount in (piece.credited, piece.pays))
    equals = "=" if piece.is_exact else "≈"
    # Without a rate: the last slice of some lines, the cent that rounding the total gives or takes (words.ROUNDING);
    # and an amount that pays itself, where "at 1.00" would say nothing.
    if piece.reach in WITHOUT_RATE or (part.rates_are_amounts and piece.rate == 1):
        product = f"{credited}{times} {equals} {pays}" if times else pays
    elif part.rates_are_amounts:
        rate = writing.amount(piece.rate, part.currency)
        product = f"{writing.number(piece.credited)} at {rate}{times} {equals} {pays}"
    else:
        product = f"{credited} at {writing.percent(piece.rate * 100)}{times} {equals} {pays}"
    back = "taken back: " if piece.credited < 0 <= line.credited else ""
    return f"{back}{product}, {piece.reach}" if piece.reach else f"{back}{product}"
