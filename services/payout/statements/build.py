"""From frozen facts to a statement: no figure comes from elsewhere, so the same facts always make the same
statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from services.payout.statements import words
from services.payout.statements.facts import RunFacts, StatementFacts, sha256
from services.payout.statements.schemas import (
    Balance,
    Earned,
    Held,
    Pay,
    PayStep,
    RunHead,
    Statement,
    Summary,
    YearToDate,
)
from services.payout.statements.writing import Writing, safe
from shared.explanation.frozen import components_of
from shared.money import from_minor, to_minor
from shared.pay.steps import STEPS, StatementFigure
from shared.periods import Month, period_of


def statement(document: bytes, final: bool) -> Statement:
    """The statement that a frozen document makes; `final` once its run is approved.

    Raises:
        ValidationError: the bytes are no such document.
    """
    facts = StatementFacts.model_validate_json(document)
    # `final` comes from outside: approval must not change the facts, whose hash is what was approved.
    return Statement(
        state="final" if final else "draft",
        facts_sha256=sha256(document),  # of the bytes as they lie there, not of what this version reads of them
        company=facts.company,
        run=head(facts.run),
        participant=facts.participant,
        accounts=facts.accounts,
        summary=summary(facts),
        pay=list(_pay(facts)),
        earned=list(_earned(facts)),
        held=[
            Held(**held.model_dump(exclude={"amount"}), amount=from_minor(held.amount, held.currency))
            for held in facts.held
        ],
        balances=[
            Balance(
                account=balance.account,
                currency=balance.currency,
                before=from_minor(balance.before, balance.currency),
                change=from_minor(balance.after - balance.before, balance.currency),
                after=from_minor(balance.after, balance.currency),
            )
            for balance in facts.balances
        ],
        year_to_date=[
            YearToDate(
                currency=year.currency,
                since=year.since,
                **{name: from_minor(getattr(year, name), year.currency) for name in words.YEAR},
            )
            for year in facts.year_to_date
        ],
    )


def head(run: RunFacts) -> RunHead:
    """The run as a statement names it."""
    return RunHead(
        id=run.id,
        period=run.name,
        starts=run.starts,
        ends=run.ends,
        pay_date=run.pay_date,
        pay_group=run.pay_group,
        kind=run.kind,
    )


def summary(facts: StatementFacts) -> list[Summary]:
    """The first figures, for each currency in which anything happened or is open. What is carried forward is positive
    where it is due to the participant.
    """
    moved = {line.currency for line in facts.pay_lines} | {held.currency for held in facts.held}
    standing = {balance.currency for balance in facts.balances} | {year.currency for year in facts.year_to_date}
    return [_summary(facts, currency) for currency in sorted(moved | standing)]


def _summary(facts: StatementFacts, currency: str) -> Summary:
    def lines(*kinds: str) -> Decimal:
        mine = (line.amount for line in facts.pay_lines if line.currency == currency and line.kind in kinds)
        return from_minor(sum(mine), currency)

    def figure(name: StatementFigure) -> Decimal:
        return lines(*(step.name for step in STEPS.values() if step.figure == name))

    def after(account: str) -> Decimal:
        balances = (balance for balance in facts.balances if balance.currency == currency)
        return from_minor(sum(balance.after for balance in balances if balance.account == account), currency)

    return Summary(
        currency=currency,
        earned=figure("earned"),
        prior_period=figure("prior_period"),
        held_or_released=figure("held_or_released"),
        other=figure("other"),
        paid=lines("payment"),
        carried_forward=-lines("carried_forward"),  # as a step it lowers the payment; as a figure it is due later
        held=after("held"),
        draw_balance=after("draw"),
        clawback_balance=after("clawback"),
    )


def _pay(facts: StatementFacts) -> Iterator[Pay]:
    writing, order = Writing(facts.company.locale), list(words.PAY)
    for currency in sorted({line.currency for line in facts.pay_lines}):
        lines = [line for line in facts.pay_lines if line.currency == currency]
        steps = sorted((line for line in lines if line.kind != "payment"), key=lambda line: order.index(line.kind))
        yield Pay(
            currency=currency,
            payment=from_minor(sum(line.amount for line in lines if line.kind == "payment"), currency),
            steps=[
                PayStep(
                    kind=line.kind,
                    amount=from_minor(line.amount, currency),
                    origin_period=line.origin_period,
                    component=line.component,
                    deal_id=line.deal_id,
                    reason=line.reason,
                    words=words.step(
                        line.kind,
                        line.deal_id,
                        account=safe(facts.accounts.get(line.deal_id or "", "")),
                        origin=None if line.origin_period is None else writing.month(line.origin_period),
                        component=line.component,
                        reason=safe(line.reason),
                    ),
                )
                for line in steps
            ],
        )


def own_months(facts: StatementFacts) -> set[Month]:
    """The months whose earnings are part of the run. Others are in the facts where something of them changed or is
    held.
    """
    origins = {line.origin_period for line in facts.pay_lines if line.kind == "earnings"}
    own = {month for month in origins if month is not None} | {period_of(facts.run.ends)}
    before = sorted(set(facts.details) - own)
    if not before:
        return own
    # What no run before has paid is earned in the first that does, under that run's month: months before are its own,
    # the latest first, as far as together they come to what it earned.
    earned = Counter[str]()
    for line in facts.pay_lines:
        earned[line.currency] += line.amount if line.kind == "earnings" else 0
    wider, shown = set(own), _earned_in(facts, own & set(facts.details))
    while before and shown != earned:
        month = before.pop()
        wider.add(month)
        shown.update(_earned_in(facts, {month}))
    return wider if shown == earned else own


def _earned_in(facts: StatementFacts, months: Iterable[Month]) -> Counter[str]:
    """By currency what the details of months come to, in minor units."""
    earned = Counter[str]()
    for month in months:
        for _, parts in components_of(facts.details[month]):
            for part in parts:
                earned[part.currency] += to_minor(part.amount, part.currency)
    return earned


def _earned(facts: StatementFacts) -> Iterator[Earned]:
    own = own_months(facts)
    # The months that this run pays come first; earlier ones are there to be compared with, and are no part of the
    # payment.
    for month in sorted(facts.details, key=lambda month: (month not in own, month)):
        for component, parts in components_of(facts.details[month]):
            # A component may pay by several plans in a month, in currencies that cannot be added up.
            for currency in sorted({part.currency for part in parts}):
                alike = [part for part in parts if part.currency == currency]
                amount = sum((part.amount for part in alike), Decimal(0))
                yield Earned(
                    month=month,
                    earlier=month not in own,
                    component=component,
                    title=words.title(component),
                    currency=currency,
                    amount=amount,
                    parts=alike,
                )
