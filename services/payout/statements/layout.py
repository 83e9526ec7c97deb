"""A statement as a sheet: what stands where, in words and written amounts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.payout.statements import deals, words
from services.payout.statements.facts import Person
from services.payout.statements.schemas import Held, Pay, PayStep, RunHead, State, Statement, Summary
from services.payout.statements.sheet import Cell, Column, Figure, Row, Section, Sheet, Table, row
from services.payout.statements.writing import Writing, safe
from shared.pay.steps import BESIDE
from shared.proof.head import Head


def sheet(statement: Statement) -> Sheet:
    """The sheet of a participant's statement."""
    writing = Writing(statement.company.locale)
    who = name_of(statement.participant)
    period, period_name = span(statement.run, writing), safe(statement.run.period)
    sections = tuple(_sections(statement, writing))
    return Sheet(
        title=f"Pay statement {period_name}, {who}",
        heading=f"Pay statement for {who}",
        company=safe(statement.company.name),
        state=words.FINAL if statement.state == "final" else words.DRAFT,
        final=statement.state == "final",
        paper=writing.paper,
        about=tuple(_about(statement, period, writing=writing)),
        figures=tuple(_figures(statement, writing)),
        sections=sections or (Section("This run", (words.NOTHING,)),),
        foot=foot(statement.run, statement.state, facts_sha256=statement.facts_sha256, chain=statement.chain),
        mark=f"{who} · {period_name} · {statement.run.id}",
    )


def name_of(person: Person) -> str:
    """Somebody's name, or their id where the roster has no name that can be shown."""
    return safe(person.name) or person.id


def span(run: RunHead, writing: Writing) -> str:
    """The days of a pay period."""
    return f"{writing.day(run.starts)} to {writing.day(run.ends)}"


def foot(run: RunHead, state: State, *, facts_sha256: str, chain: Head | None) -> tuple[str, ...]:
    """What makes a document checkable, and where to ask."""
    # Whoever has the printed page can ask for the run's facts and compare: nothing else on paper proves what it was
    # made of.
    made = "These facts are frozen" if state == "final" else "The facts of this draft"
    facts = f"{made}: run {run.id}, SHA-256 {facts_sha256}."
    if chain is None:
        return words.QUESTIONS, facts
    # With this on paper nobody can rewrite the books since: they would have another link there.
    return words.QUESTIONS, facts, f"The books then: link {chain.position} of their chain, SHA-256 {chain.sha256}."


def _about(statement: Statement, period: str, *, writing: Writing) -> Iterator[tuple[str, str]]:
    run, who = statement.run, statement.participant
    facts = {
        "Participant": who.id,
        "Position": who.position,
        "Manager": None if who.manager is None else name_of(who.manager),
        "Plan": who.plan,
        "Pay period": f"{safe(run.period)}, {period}",
        "Pay date": None if run.pay_date is None else writing.day(run.pay_date),
        "Pay group": run.pay_group,
        "Entity": who.entity,
        "Cost center": who.cost_center,
        "Payroll id": who.payroll_id,
        "Run": run.id if run.kind == "regular" else f"{run.id}, {words.title(run.kind).lower()}",
    }
    for name, value in facts.items():
        if value:  # ids and names come from the roster: whoever writes there writes here
            yield name, safe(value)


def _figures(statement: Statement, writing: Writing) -> Iterator[Figure]:
    for summary in statement.summary:
        yield from _first_figures(summary, writing)
        for year in statement.year_to_date:
            if year.currency == summary.currency:
                since = f"paid {writing.money(year.paid, year.currency)}, since {writing.day(year.since)}"
                yield Figure(name=words.YEAR["earned"], value=writing.money(year.earned, year.currency), note=since)


def _first_figures(summary: Summary, writing: Writing) -> Iterator[Figure]:
    """Those of a currency; of the ones that are zero for most people only those that are not."""

    def figure(name: str, value: Decimal, *, note: str = "", main: bool = False) -> Figure:
        return Figure(name=name, value=writing.money(value, summary.currency), note=note, main=main)

    yield figure("Paid now", summary.paid, main=True)
    yield figure(words.PAY["earnings"], summary.earned, note="by the months of this run")
    optional = (
        (words.PAY["prior_period"], summary.prior_period, "since they were paid"),
        ("Held back", summary.held, "earned, not released yet"),
        ("Carried forward", summary.carried_forward, "to the next run"),
        ("Draw balance", summary.draw_balance, "to be recovered"),
        ("Clawback balance", summary.clawback_balance, "to be recovered"),
    )
    yield from (figure(name, value, note=note) for name, value, note in optional if value)


def _sections(statement: Statement, writing: Writing) -> Iterator[Section]:
    if statement.pay:
        tables = tuple(_pay(pay, writing) for pay in statement.pay)
        yield Section("How your pay comes about", tuple(_in_other_runs(statement, writing)), tables=tables)
    yield from deals.months(statement, writing)
    for kind, listing in words.LISTED.items():
        listed = [(pay.currency, [step for step in pay.steps if step.kind == kind]) for pay in statement.pay]
        if tables := tuple(
            _listed(listing.heading, currency, steps=steps, writing=writing) for currency, steps in listed if steps
        ):
            yield Section(listing.heading, (listing.note,), tables=tables)
    if statement.held:
        yield Section("Waiting to be released", tables=tuple(_held(statement, writing)))
    if statement.balances:
        yield Section("Balances", tables=(_balances(statement, writing),))
    if statement.year_to_date:
        yield Section("Year to date", tables=tuple(_years(statement, writing)))


def _in_other_runs(statement: Statement, writing: Writing) -> Iterator[str]:
    """Where a month is paid in several runs, what the deals below come to is not what this run earned."""
    own = [earned for earned in statement.earned if not earned.earlier]
    for pay in statement.pay:
        shown = sum((component.amount for component in own if component.currency == pay.currency), Decimal(0))
        earned = sum((step.amount for step in pay.steps if step.kind == "earnings"), Decimal(0))
        if own and shown != earned:
            yield words.in_other_runs(writing.money(shown, pay.currency), writing.money(earned, pay.currency))


def _pay(pay: Pay, writing: Writing) -> Table:
    """A row per kind of step, and the payment that they sum to."""
    sums: dict[str, Decimal] = {}
    for step in pay.steps:
        if step.kind not in BESIDE:  # the rows must come to the payment below them
            sums[step.kind] = sums.get(step.kind, Decimal(0)) + step.amount
    rows = [
        row(words.PAY[kind], _why(kind, pay.steps, writing=writing), writing.amount(amount, pay.currency))
        for kind in words.PAY
        if (amount := sums.get(kind)) is not None
    ]
    total = row(words.PAY["payment"], "", writing.amount(pay.payment, pay.currency), total=True)
    columns = (Column("Step", share=4), Column("What it is", share=7), Column("Amount", numeric=True, share=2))
    return Table(f"From earned to paid, in {pay.currency}", columns, (*rows, total))


def _why(kind: str, steps: list[PayStep], *, writing: Writing) -> Cell:
    """What a kind of step means, and of those without a table of their own the reasons that were given."""
    reasons = (
        ()
        if kind in words.LISTED
        else tuple(writing.prose(step.reason) for step in steps if step.kind == kind and step.reason)
    )
    return Cell(words.ABOUT[kind], tuple(dict.fromkeys(reasons)))


def _listed(heading: str, currency: str, *, steps: list[PayStep], writing: Writing) -> Table:
    rows = [row(writing.prose(step.words), writing.amount(step.amount, currency)) for step in steps]
    together = sum((step.amount for step in steps), Decimal(0))
    total = row("Together", writing.amount(together, currency), total=True)
    return Table(f"{heading}, in {currency}", (Column("About", share=6), Column("Amount", True)), (*rows, total))


def _held(statement: Statement, writing: Writing) -> Iterator[Table]:
    columns = (
        Column("For", share=4),
        Column("Why", share=4),
        Column("Released by", share=4),
        Column("Amount", numeric=True, share=2),
    )
    for currency in sorted({held.currency for held in statement.held}):
        waiting = [held for held in statement.held if held.currency == currency]
        together = sum((held.amount for held in waiting), Decimal(0))
        total = row("Together", "", "", writing.amount(together, currency), total=True)
        rows = (_held_row(held, statement, writing=writing) for held in waiting)
        yield Table(f"Earned and not released yet, in {currency}", columns, (*rows, total))


def _held_row(held: Held, statement: Statement, *, writing: Writing) -> Row:
    what = words.step(
        "hold",
        held.deal_id,
        account=safe(statement.accounts.get(held.deal_id or "", "")),
        origin=None if held.origin_period is None else writing.month(held.origin_period),
        component=held.component,
        reason="",
    )
    amount = writing.amount(held.amount, held.currency)
    return row(what, writing.prose(held.reason), writing.prose(held.released_by), amount)


def _balances(statement: Statement, writing: Writing) -> Table:
    columns = (
        Column("Balance", share=4),
        *(Column(name, numeric=True, share=2) for name in ("Before this run", "Change", "After this run")),
    )
    rows = [
        row(
            f"{words.ACCOUNT[balance.account]}, {balance.currency}",
            *(writing.amount(value, balance.currency) for value in (balance.before, balance.change, balance.after)),
        )
        for balance in statement.balances
    ]
    return Table("Balances before and after this run", columns, tuple(rows))


def _years(statement: Statement, writing: Writing) -> Iterator[Table]:
    for year in statement.year_to_date:
        values = [
            (name, getattr(year, field))
            for field, name in words.YEAR.items()
            if getattr(year, field) or field == "paid"
        ]
        rows = [row(name, writing.amount(value, year.currency)) for name, value in values]
        caption = f"Since {writing.day(year.since)}, this run included, in {year.currency}"
        yield Table(caption, (Column("Sum of", share=4), Column("Amount", numeric=True)), tuple(rows))
