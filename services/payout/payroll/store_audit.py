"""What a proof of payroll's files and of runs reads of batches. Amounts are minor units."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, text

from shared.pay.snapshot import PayKey

_DAMAGED_FILES = text("""
    select distinct batch from payroll_batch_file where sha256 <> encode(sha256(content), 'hex') order by 1""")


def damaged_files(connection: Connection) -> list[str]:
    """Batches with a file that does not have its hash."""
    return list(connection.execute(_DAMAGED_FILES).scalars())


# A batch that corrects another releases again what payroll gave back: the run paid it once.
_RELEASED_BY_RUNS = text("""
    select b.run, l.participant_id, l.currency, sum(l.amount) from batch_line l join payroll_batch b on b.id = l.batch
    where b.corrects is null group by 1, 2, 3""")


def released_by_runs(connection: Connection) -> dict[str, dict[PayKey, int]]:
    """What each run released to payroll, by participant and currency; what was released again left out."""
    sums: dict[str, dict[PayKey, int]] = defaultdict(dict)
    for run, participant, currency, amount in connection.execute(_RELEASED_BY_RUNS):
        sums[run][participant, currency] = int(amount)
    return dict(sums)
