"""Measures and quotas of earnings as decimals in major units, with attainments: they were whole minor units."""

import orjson
import sqlalchemy as sa
from alembic import op

from shared.money import minor_digits

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    standing = sa.table("standing", *(sa.column(name) for name in ("participant_id", "period", "earnings")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(standing).where(standing.c.earnings != "[]")).all()
    changed = standing.update().where(
        standing.c.participant_id == sa.bindparam("who"), standing.c.period == sa.bindparam("month")
    )
    for who, month, earnings in rows:
        connection.execute(changed.values(earnings=exact(earnings)), {"who": who, "month": month})


def exact(earnings: str) -> str:
    """The list of earnings as it is written now."""
    return orjson.dumps([_exact(each) for each in orjson.loads(earnings)]).decode()


def _exact(earning: dict[str, object]) -> dict[str, object]:
    finer = 10 ** (9 - minor_digits(str(earning["currency"])))
    measure, quota = (None if earning[name] is None else int(str(earning[name])) for name in ("measure", "quota"))
    found: dict[str, object] = {}
    for name, value in earning.items():
        found[name] = value
        if name == "measure" and measure is not None:
            found[name] = _text(measure * finer)
        if name == "quota":
            found[name] = None if quota is None else _text(quota * finer)
            found |= {"attainment": _attainment(measure, quota), "share": None}
    return found


def _attainment(measure: int | None, quota: int | None) -> str | None:
    if measure is None or quota is None or quota <= 0:
        return None
    cut, rest = divmod(abs(measure) * 10**9, quota)
    odd = cut | 1 if rest else cut
    return _text(odd if measure >= 0 else -odd)


def _text(billionths: int) -> str:
    whole, rest = divmod(abs(billionths), 10**9)
    return f"{'-' if billionths < 0 else ''}{whole}.{rest:09}"
