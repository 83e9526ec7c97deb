"""What a run keeps of its calculation, how it lies in the database, and the one hash that stands for it.

Everything that follows approval (journals, payroll files, statements, what the next run carries on from) is made from
the record and never calculated again: what was approved is what is paid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from services.payout.ledger.journal import CostAssignment
from services.payout.payees.payee import CONFIRMED_ATTRIBUTES, ConfirmedPayee
from shared.pay.people import Person
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import Run, RunPayment
from shared.pay.settlement import EarningLineKey, HeldAmount, PayLine, SettledPeriod, Settlement
from shared.pay.steps import StepName
from shared.pay.terms.losses import Loss, LossRecord, LostLineKey, PaidLine
from shared.pay.terms.words.release import DatedAmount
from shared.periods import Month

PAYEE_ATTRIBUTES: Final = frozenset(
    {"payroll_id", "first_name", "last_name", "name", "entity", "cost_center", "pay_group"}
)
"""What of the roster decides where pay goes."""


Contributor: TypeAlias = tuple[str, str]
"""Who set something that an amount rests on, and what kind of thing: terms, payee, hold."""


class SettlementRecord(NamedTuple):
    """A settlement as the column `run_pay.pay` keeps it, in JSON. This class is all that writes and reads it.

    Its parts are read when they are asked for: most readers want one of them, of everybody. What is missing reads as
    nothing: that the record is not what it was is for its hash to say, and everything else about it can still be read.
    """

    json: Mapping[str, Any]

    @staticmethod
    def of(settlement: Settlement) -> SettlementRecord:
        """What is kept of a settlement."""
        return SettlementRecord(
            {
                "lines": [_line_to_json(line) for line in settlement.lines],
                "draw": settlement.draw,
                "receivable": settlement.receivable,
                "held": [[*earning, *figures] for earning, figures in sorted(settlement.held.items())],
                "settled": {name: list(period) for name, period in sorted(settlement.settled.items())},
                "dismissed": [[*line, *_loss_to_json(loss)] for line, loss in sorted(settlement.loss_records.items())],
            }
        )

    @property
    def lines(self) -> list[PayLine]:
        """The steps of the pay, in order."""
        return [_line(row) for row in self.json.get("lines", ())]

    def lines_of(self, *steps: StepName) -> list[PayLine]:
        """Some steps of the pay."""
        return [_line(row) for row in self.json.get("lines", ()) if row[0] in steps]

    @property
    def held(self) -> dict[EarningLineKey, HeldAmount]:
        """What is held of which line afterwards."""
        return {
            EarningLineKey(*earning): HeldAmount(amount, held, forfeited)
            for *earning, amount, held, forfeited in self.json.get("held", ())
        }

    @property
    def settled(self) -> dict[str, SettledPeriod]:
        """The pay periods as they are left, by name."""
        return {name: SettledPeriod(*figures) for name, figures in self.json.get("settled", {}).items()}

    @property
    def losses(self) -> dict[LostLineKey, LossRecord]:
        """Lines that lost something, by deal, month and component."""
        return {(deal, month, component): _loss(row) for deal, month, component, *row in self.json.get("dismissed", ())}

    @property
    def leaves_a_debt(self) -> bool:
        """Whether the participant owes the company something afterwards: an advance, or what was taken back."""
        return bool(self.json.get("draw") or self.json.get("receivable"))


def _line_to_json(line: PayLine) -> list[Any]:
    earning = list(line.earning) if line.earning else None
    return [line.step, line.amount, line.about, earning, line.deal_id, line.component, line.over]


def _line(row: Sequence[Any]) -> PayLine:
    step, amount, about, earning, deal, component, over = row
    return PayLine(
        step=step,
        amount=amount,
        about=about,
        earning=EarningLineKey(*earning) if earning else None,
        deal_id=deal,
        component=component,
        over=over,
    )


def _loss_to_json(loss: LossRecord) -> list[Any]:
    paid = loss.paid
    return [
        loss.lost,
        loss.dismissed,
        paid.amount,
        paid.deal_amount,
        [[day.isoformat(), amount] for day, amount in paid.refunds],
        None if paid.rate is None else str(paid.rate),  # a fraction as "1/3": exact, which no decimal of it would be
        [list(share) for share in paid.shares],
        _losses_to_json(loss.ruled),
        _losses_to_json(loss.released),
        str(loss.held),
    ]


def _losses_to_json(losses: Iterable[Loss]) -> list[Any]:
    return [[day.isoformat(), str(part)] for day, part in losses]


def _loss(row: Sequence[Any]) -> LossRecord:
    lost, dismissed, amount, deal_amount, refunds, rate, shares, ruled, released, kept_back = row
    given_back = tuple(DatedAmount(date.fromisoformat(day), part) for day, part in refunds)
    held = tuple((rule, share) for rule, share in shares)
    paid = PaidLine(
        amount=amount,
        deal_amount=deal_amount,
        refunds=given_back,
        rate=None if rate is None else Fraction(rate),
        shares=held,
    )
    return LossRecord(
        paid=paid,
        lost=lost,
        dismissed=dismissed,
        ruled=_losses(ruled),
        released=_losses(released),
        held=Fraction(kept_back),
    )


def _losses(rows: Iterable[Sequence[str]]) -> tuple[Loss, ...]:
    return tuple(Loss(date.fromisoformat(day), Fraction(part)) for day, part in rows)


class PayRecord(NamedTuple):
    """A participant's pay in a currency, in minor units; `journals_seen` is how many of their journals the run looked
    at.
    """

    participant_id: str
    currency: str
    paid: int
    carried: int
    journals_seen: int
    settlement: SettlementRecord

    @property
    def payment(self) -> RunPayment:
        """What is paid and carried."""
        return RunPayment(self.participant_id, self.currency, self.paid, self.carried)


class Payslip(NamedTuple):
    """The facts of a participant's statement, their hash, and by what a list of statements names them. Without the
    facts (empty) where only their hash was read.
    """

    name: str
    manager: str | None
    facts: bytes
    sha256: str


class Payee(NamedTuple):
    """Where a participant's pay goes: who they are to payroll, which entity and cost centre bear it (empty where nobody
    said), and the version of the payroll profile that writes it (`adp-us/3`).
    """

    participant_id: str
    payroll_id: str | None
    first_name: str | None
    last_name: str | None
    name: str | None
    entity: str
    cost_center: str
    pay_group: str
    payroll_profile: str

    def assignment(self, month: Month) -> CostAssignment:
        """Where their pay is booked in a month."""
        return CostAssignment(month, self.pay_group, self.entity, self.cost_center)


def payees_of(
    run: Run,
    people: Mapping[str, Person],
    *,
    who: Iterable[str],
    profile: str,
    confirmed: Mapping[str, ConfirmedPayee],
) -> list[Payee]:
    """The payees among `people`, by id, as they are at the end of the pay period; whoever is not among them is left
    out. Whom runs have paid before is paid as a second person has confirmed, whatever the roster says by now.
    """
    payees = []
    for participant_id in sorted({*who} & people.keys()):
        attributes = people[participant_id].at(run.ends)
        facts = {name: getattr(attributes, name) for name in PAYEE_ATTRIBUTES}
        if participant_id in confirmed:
            facts |= {name: getattr(confirmed[participant_id], name) for name in CONFIRMED_ATTRIBUTES}
        payees.append(Payee(participant_id=participant_id, payroll_profile=profile, **facts))
    return payees


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything a run keeps.

    Args:
        pays: by participant and currency.
        slips: by participant.
        payees: of everybody in `pays`, by participant.
        contributors: who set something that an amount rests on, and what; they do not approve the run.
        findings: what an approver should look at.
        earned_sha256: stands for the lines of what was earned that it rests on.
    """

    pays: Sequence[PayRecord]
    slips: Mapping[str, Payslip]
    payees: Sequence[Payee] = ()
    contributors: frozenset[Contributor] = frozenset()
    findings: Sequence[ReviewFinding] = ()
    earned_sha256: str = ""

    @property
    def payments(self) -> list[RunPayment]:
        """What is paid and carried, by participant and currency."""
        return [pay.payment for pay in self.pays]

    def sha256(self, run: Run) -> str:
        """The hash that stands for exactly this, and for what the run is over and whose it is.

        It is what an approver approves (`lines_sha256`). In it is all that follows from the approval: pay with how it
        came about, the hash of each statement's facts, payees, contributors and findings, the hash of the lines, and
        the run itself without what moves it on (state, events, steps). The facts and lines stand by their own hashes,
        so that checking needs no megabytes; `verify` makes those again.
        """
        # Each row is an input of the hash: the order of these figures may not change.
        rows = [
            orjson.dumps(
                (pay.participant_id, pay.currency, pay.paid, pay.carried, pay.journals_seen, pay.settlement.json),
                option=orjson.OPT_SORT_KEYS,
            ).decode()
            for pay in self.pays
        ]
        rows += [
            orjson.dumps(("slip", who, slip.name, slip.manager, slip.sha256)).decode()
            for who, slip in self.slips.items()
        ]
        rows += [f"payee\t{orjson.dumps(tuple(payee)).decode()}" for payee in self.payees]
        rows += ["\t".join(("touched", *contributor)) for contributor in self.contributors]
        rows += ["\t".join(("found", *finding)) for finding in self.findings]
        rows.append(f"earned\t{self.earned_sha256}")
        over = (run.kind, run.pay_group, run.pay_period, run.month, run.starts, run.ends, run.pay_date, run.closes)
        rows.append(f"run\t{orjson.dumps((*over, run.participants, run.author, run.created_at)).decode()}")
        return sha256_of_rows(run.id, rows)


def sha256_of_rows(run_id: str, rows: Iterable[str]) -> str:
    """SHA-256 over the id of a run and rows in their own order, a line each: the same rows are the same hash however
    they were read.
    """
    digest = hashlib.sha256(f"{run_id}\n".encode())
    for row in sorted(rows):
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()
