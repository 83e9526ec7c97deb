"""What a run keeps of its calculation, and the one hash that stands for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from services.payout.runs.lifecycle import sha256_of
from services.payout.runs.payees import Payee
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import Run, RunPayment


class Pay(NamedTuple):
    """What is kept of a participant's pay in a currency; `entries` are the journals it looked at, `told` how it came about."""

    participant_id: str
    currency: str
    paid: int
    carried: int
    entries: int
    told: Mapping[str, Any]


class Slip(NamedTuple):
    """The facts of a participant's statement, their hash, and by what a list of statements names them."""

    name: str
    manager: str | None
    facts: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """Everything a run keeps. `slips` are by participant; of a stored run without the facts. `payees` are by participant, of everybody
    in `pays`. `earned_sha256` stands for the lines of what was earned that it rests on.
    """

    pays: Sequence[Pay]
    slips: Mapping[str, Slip]
    payees: Sequence[Payee] = ()
    touches: frozenset[tuple[str, str]] = frozenset()
    findings: Sequence[ReviewFinding] = ()
    earned_sha256: str = ""

    @property
    def lines(self) -> list[RunPayment]:
        """What is paid and carried, by participant and currency."""
        return [RunPayment(*pay[:4]) for pay in self.pays]

    def sha256(self, run: Run) -> str:
        """The hash that stands for exactly this, and for what the run is over and whose it is."""
        rows = [orjson.dumps(tuple(pay), option=orjson.OPT_SORT_KEYS).decode() for pay in self.pays]
        rows += [
            orjson.dumps(("slip", who, slip.name, slip.manager, slip.sha256)).decode()
            for who, slip in self.slips.items()
        ]
        rows += [f"payee\t{orjson.dumps(tuple(payee)).decode()}" for payee in self.payees]
        rows += ["\t".join(("touched", *each)) for each in self.touches]
        rows += ["\t".join(("found", *each)) for each in self.findings]
        rows.append(f"earned\t{self.earned_sha256}")
        over = (run.kind, run.pay_group, run.pay_period, run.month, run.starts, run.ends, run.pay_date, run.closes)
        rows.append(f"run\t{orjson.dumps((*over, run.participants, run.author, run.created_at)).decode()}")
        return sha256_of(run.id, rows)
