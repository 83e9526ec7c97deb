"""What payroll hears of a run: a line per payment, to the payee that the run keeps; and what payroll would refuse of
it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date

from sqlalchemy import Connection

from services.payout.errors import Refusal
from services.payout.payroll import store as payroll
from services.payout.payroll.batch import refused_lines
from services.payout.payroll.formats.base import IdOwner, IdOwners, PayrollFormat, RefusedLine
from services.payout.payroll.line import PayrollLine, ReleasedRun
from services.payout.payroll.policy import Numbering, PayrollProfile
from services.payout.policies.store import pay_group, pay_groups
from services.payout.roster.store import people
from services.payout.runs.record import Payee, PayRecord, RunRecord
from shared.pay.calendars.pay_periods import ack_date, ruling
from shared.pay.run import Run
from shared.pay.steps import STEPS


def profile_in_force(connection: Connection, run: Run) -> tuple[str, PayrollProfile]:
    """The payroll profile of the run's pay group and its version, as `adp-us/3`.

    Raises:
        NoSuchProfile: the pay group names one that nobody published.
    """
    group = ruling(pay_group(connection, run.pay_group), run.ends)
    return payroll.profile_in_force(connection, group, day=run.ends)


def profile_kept(connection: Connection, run: Run, *, record: RunRecord) -> PayrollProfile:
    """The payroll profile that a run was approved with; that in force where it pays nobody and so keeps no payees."""
    if not record.payees:
        return profile_in_force(connection, run)[1]
    return payroll.profile_named(connection, record.payees[0].payroll_profile)


def released_run(connection: Connection, run: Run) -> ReleasedRun:
    """What the batches of a run say of it."""
    group = ruling(pay_group(connection, run.pay_group), run.ends)
    return ReleasedRun(
        id=run.id,
        pay_group=run.pay_group,
        period=run.pay_period,
        period_end=run.ends,
        pay_date=run.pay_date,
        acknowledge_by=ack_date(group, run.ends, paid=run.pay_date),
    )


def payroll_lines(run: Run, record: RunRecord) -> list[PayrollLine]:
    """Every payment of a run, to the payees that it keeps."""
    payees = {payee.participant_id: payee for payee in record.payees}
    return [line for pay in record.pays if pay.paid for line in _lines_of(run, pay, payee=payees[pay.participant_id])]


def payroll_refusals(connection: Connection, run: Run, *, record: RunRecord) -> list[tuple[str, RefusedLine]]:
    """What payroll would refuse of a run's files, each with the participant, before anything is approved."""
    lines = payroll_lines(run, record)
    _, profile = profile_in_force(connection, run)
    participants = {line.id: line.participant_id for line in lines}
    owners = _id_owners(connection, run.ends, paid={*participants.values()})
    refused = refused_lines(released_run(connection, run), lines, profile=profile, owners=owners)
    return [(participants[line.line], line) for line in refused]


def _lines_of(run: Run, pay: PayRecord, *, payee: Payee) -> Iterator[PayrollLine]:
    """A participant's pay: draw and guarantee under codes of their own, as long as the rest is not negative."""
    own: dict[str, int] = {}
    for line in pay.settlement.lines:
        if (code := STEPS[line.step].pay_code) and line.amount > 0 and line.about == run.month:
            own[code] = own.get(code, 0) + line.amount
    # What is taken back can be more than commission earned: then draw and guarantee are not wholly paid out, and no
    # code is theirs alone.
    rest = pay.paid - sum(own.values())
    shares: dict[str, int] = {"commission": rest, **own} if rest >= 0 else {"commission": pay.paid}
    for pay_code, amount in shares.items():
        if amount:
            yield PayrollLine(
                id=f"{run.id}/{pay.participant_id}/{pay.currency}/{pay_code}",
                participant_id=pay.participant_id,
                currency=pay.currency,
                amount=amount,
                period=run.pay_period,
                pay_period_start=run.starts,
                pay_period_end=run.ends,
                pay_date=run.pay_date,
                pay_code=pay_code,
                payroll_id=payee.payroll_id,
                first_name=payee.first_name,
                last_name=payee.last_name,
                entity=payee.entity or None,
                cost_center=payee.cost_center or None,
            )


def _id_owners(connection: Connection, day: date, *, paid: Collection[str]) -> Mapping[Numbering, IdOwners]:
    """The ids in each payroll of whoever is not paid: nobody else may be paid under them."""
    groups = pay_groups(connection)
    targets: dict[tuple[str, str], tuple[Numbering, PayrollFormat] | None] = {}
    owners: dict[Numbering, IdOwners] = defaultdict(dict)

    def target_of(group: str, entity: str) -> tuple[Numbering, PayrollFormat] | None:
        try:
            _, profile = payroll.profile_in_force(connection, ruling(groups[group], day), day=day)
            target = profile.of_entity(entity or None)
        except (KeyError, Refusal):  # no such group, or no profile for it: nobody of it is in any payroll
            return None
        return (profile.numbering(entity or None), target) if target is not None else None

    # Over everybody whom the roster knows, in every pay group: payroll's ids are unique within its own numbering, not
    # within a run.
    for who, person in people(connection).items():
        home = person.at(day)
        key = home.pay_group, home.entity
        if key not in targets:
            targets[key] = target_of(*key)
        if who not in paid and (read_by := targets[key]) is not None:
            numbering, target = read_by
            if named := home.payroll_id if target.names_people_by == "payroll_id" else who:
                owners[numbering].setdefault(target.identity(named), IdOwner(who, named))
    return owners
