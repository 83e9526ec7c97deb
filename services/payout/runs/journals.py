"""The journals of a run: every step of everybody's pay, and the payment, booked together when the run is approved.

They are made from what the run froze, not calculated again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid5

from services.payout.ledger.journal import NAMES, ComponentKey, CostAssignment, Journal, Posting
from services.payout.payroll.batch import BatchLine
from services.payout.runs.record import PayRecord
from shared.pay.accounts import OF_A_COMPONENT, LedgerAccount
from shared.pay.settlement import PayLine
from shared.pay.steps import PAYMENT, RETURN, STEPS, TRANSFER, JournalKind
from shared.periods import Month


def pay_journals(run: str, pay: PayRecord, *, assignment: CostAssignment, actor: str) -> Iterator[Journal]:
    """The journals of one participant's pay in one currency: one for each step, and that of the payment.

    Args:
        run: its id, of which the journals' ids are made.
        pay: what the run keeps.
        assignment: the month it is booked in, and whom it costs.
        actor: who approved last.
    """

    def journal(
        kind: JournalKind, name: str, *, about: Month, cause: Mapping[str, Any], postings: tuple[Posting, ...]
    ) -> Journal:
        return Journal(
            id=uuid5(NAMES, f"run/{run}/{pay.participant_id}/{pay.currency}/{name}"),
            kind=kind,
            participant_id=pay.participant_id,
            assignment=assignment,
            origin_period=about,
            cause={"run": run, **cause},
            actor=actor,
            postings=postings,
        )

    for number, line in enumerate(pay.settlement.lines):
        booking = STEPS[line.step].booking
        if booking is None:  # booked already when the run looks at it, as what was earned
            continue
        deal = {"deal": line.deal_id} if line.deal_id else {}
        # The number keeps two lines of one step apart: ids of journals follow from their names.
        yield journal(
            booking.kind,
            f"{number}/{line.step}",
            about=line.about,
            cause={"step": line.step, **deal},
            postings=(
                _posting(line, booking.credit, currency=pay.currency, amount=-line.amount),
                _posting(line, booking.debit, currency=pay.currency, amount=line.amount),
            ),
        )
    if pay.paid:
        payment = (Posting(PAYMENT.debit, pay.currency, pay.paid), Posting(PAYMENT.credit, pay.currency, -pay.paid))
        yield journal(PAYMENT.kind, "payment", about=assignment.period, cause={}, postings=payment)


def _posting(line: PayLine, account: LedgerAccount, *, currency: str, amount: int) -> Posting:
    """A posting of a step. Only what is held is held of a component, and for a deal; what is payable is one sum."""
    if account not in OF_A_COMPONENT or line.earning is None:
        return Posting(account, currency, amount)
    part = ComponentKey(line.earning.component, line.earning.plan, line.earning.version, currency)
    return Posting(account=account, currency=currency, amount=amount, key=part, deal=line.deal_id)


def return_journal(run: str, batch: str, *, line: BatchLine, assignment: CostAssignment, actor: str) -> Journal:
    """The journal of a payment that payroll gave back: it is owed again."""
    postings = (
        Posting(RETURN.debit, line.currency, line.amount),
        Posting(RETURN.credit, line.currency, -line.amount),
    )
    return Journal(
        id=uuid5(NAMES, f"return/{batch}/{line.line}"),
        kind=RETURN.kind,
        participant_id=line.participant_id,
        assignment=assignment,
        origin_period=assignment.period,
        cause={"run": run, "batch": batch, "line": line.line},
        actor=actor,
        postings=postings,
    )


class EntityBalance(NamedTuple):
    """A balance of a participant with an entity: what postings with its account, component and deal sum to there."""

    participant_id: str
    entity: str
    balance: Posting


def transfer_journals(
    run: str, balances: Sequence[EntityBalance], *, assignments: Mapping[str, CostAssignment], actor: str
) -> Iterator[Journal]:
    """Move what participants have with entities that they are no longer of to the one they are of, against
    `intercompany`.

    Two journals per participant, entity and currency: what leaves the one comes to the other.
    """
    left_behind: dict[tuple[str, str, str], list[Posting]] = {}
    for who, entity, balance in balances:
        if entity != assignments[who].entity:
            left_behind.setdefault((who, entity, balance.currency), []).append(balance)
    # By ids, so that the same balances make the same journals in the same order of the chain.
    for (who, entity, currency), moved in sorted(left_behind.items()):
        assignment = assignments[who]
        total = sum(balance.amount for balance in moved)
        for side, home, sign in (("out", assignment._replace(entity=entity), -1), ("in", assignment, 1)):
            postings = [balance._replace(amount=sign * balance.amount) for balance in moved]
            # Entities keep books of their own: what one hands over it is owed by the other. Where what moves sums to
            # zero, nobody owes anybody anything.
            if total:
                postings.append(Posting("intercompany", currency, -sign * total))
            yield Journal(
                id=uuid5(NAMES, f"run/{run}/{who}/{currency}/transfer/{entity}/{side}"),
                kind=TRANSFER.kind,
                participant_id=who,
                assignment=home,
                origin_period=assignment.period,
                cause={"run": run, "from": entity, "to": assignment.entity},
                actor=actor,
                postings=tuple(postings),
            )
