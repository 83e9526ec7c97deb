"""The tables of scoring. Amounts are in minor units, shares in 10^-8; periods are derived from dates, never stored beside them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

roster_head: Final = Table(
    "roster_head",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("version", BigInteger, nullable=False),
    comment="one row: the version of roster and plans together; crediting and earning hold it while they use them",
)

participant: Final = Table(
    "participant",
    metadata,
    Column("participant_id", Text, primary_key=True),
    Column("changed", BigInteger, nullable=False, comment="the version of the roster head that changed it last"),
    Column("facts", Text, nullable=False, comment="packed facts"),
)

plan_version: Final = Table(
    "plan_version",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Date, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("author", Text, comment="the key it was published with"),
    Column("tried", Integer, comment="the last trial that it passed"),
)

quarantine: Final = Table(
    "quarantine",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("cause", Text, nullable=False),
    Column("by", Text, nullable=False),
    comment="plan versions with which nothing is calculated until somebody lifts it",
)

in_hand: Final = Table(
    "in_hand",
    metadata,
    Column("what", Text, primary_key=True, comment="a worker and a partition, or what is asked for"),
    Column("at", BigInteger, nullable=False, comment="from which position on"),
    Column("by", Text, nullable=False, comment="the process that began with it"),
    prefixes=["unlogged"],
    comment="what processes began to calculate; what one finds that another began, and did not finish, that one may have died of",
)

deal: Final = Table(
    "deal",
    metadata,
    Column("deal_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="grows with every change of the facts"),
    Column("close_date", Date),
    Column("owner", Text, comment="who holds it alone"),
    Column("sharers", ARRAY(Text), comment="who hold it together, where it is split"),
    Column("facts", Text, nullable=False, comment="packed facts"),
    Column(
        "credits",
        Text,
        nullable=False,
        comment="JSON: participant, plan, version, rule, currency, amount, share, level",
    ),
    Column("uncredited", Text, nullable=False, comment="JSON: participant, reason"),
    Index("deal_by_owner", "owner", "close_date", postgresql_where=text("owner is not null")),
    Index("deal_by_sharers", "sharers", postgresql_using="gin", postgresql_where=text("sharers is not null")),
    Index("deal_uncredited", "deal_id", postgresql_where=text("uncredited <> '[]'")),
    postgresql_with={"fillfactor": 85},
)

lost_credit: Final = Table(
    "lost_credit",
    metadata,
    Column("period", Text, primary_key=True),
    Column("participant_id", Text, primary_key=True),
    Column("deal_id", Text, primary_key=True),
    comment="deals that credited a participant in a month until their facts changed; a history, which no pay is made of",
)

lost_holder: Final = Table(
    "lost_holder",
    metadata,
    Column("period", Text, primary_key=True),
    Column("participant_id", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    comment="whose deals credited a participant in a month and credit them no longer; a history, which no pay is made of",
)

taken_back: Final = Table(
    "taken_back",
    metadata,
    Column("deal_id", Text, primary_key=True),
    comment="deals of which a payment was ever changed or taken back; a history, which no pay is made of",
)

standing: Final = Table(
    "standing",
    metadata,
    Column("participant_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("sums", Text, nullable=False, comment="JSON: credits summed per plan version and rule"),
    Column("revision", BigInteger, nullable=False, comment="grows with every change of the earnings"),
    Column("earnings", Text, nullable=False, comment="JSON: component earnings as published"),
    postgresql_with={"fillfactor": 70},
)
