"""Measures and quotas in whole numbers of 10^-9, whatever the currency: they were minor units."""

import orjson
import sqlalchemy as sa
from alembic import op

from shared.money import minor_digits

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    month = sa.table("month", sa.column("currency"), sa.column("measure", sa.Numeric), sa.column("quota", sa.Numeric))
    earning = sa.table("earning", *(sa.column(name) for name in ("participant_id", "period", "contributions")))
    connection = op.get_bind()
    for currency in connection.execute(sa.select(month.c.currency).distinct()).scalars().all():
        finer = _finer(currency)
        scaled = month.update().where(month.c.currency == currency)
        connection.execute(scaled.values(measure=month.c.measure * finer, quota=month.c.quota * finer))
    changed = earning.update().where(
        earning.c.participant_id == sa.bindparam("who"), earning.c.period == sa.bindparam("period_of_it")
    )
    for who, period, contributions in connection.execute(sa.select(earning)).all():
        connection.execute(changed.values(contributions=exact(contributions)), {"who": who, "period_of_it": period})


def exact(contributions: str) -> str:
    """What an earner contributes by currency: amount, measure, quota, how many have a quota."""
    found = {
        currency: [str(each) for each in (amount, measure * _finer(currency), quota * _finer(currency), with_quota)]
        for currency, (amount, measure, quota, with_quota) in orjson.loads(contributions).items()
    }
    return orjson.dumps(found).decode()


def _finer(currency: str) -> int:
    return int(10 ** (9 - minor_digits(currency)))
