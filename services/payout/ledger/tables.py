"""The tables of the ledger. Amounts are in minor units. The rules that the database itself enforces are in the
migrations.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.payout.tables import Name, metadata

journal_kind: Final = Table(
    "journal_kind",
    metadata,
    Column("kind", Text, primary_key=True, comment="added when the service migrates, from the steps of pay"),
)

journal: Final = Table(
    "journal",
    metadata,
    Column("id", Uuid, primary_key=True, comment="follows from the cause"),
    Column("number", BigInteger, Identity(always=True), nullable=False, comment="grows; not gapless"),
    Column("kind", Text, nullable=False),
    Column("participant_id", Name, nullable=False),
    Column("period", Name, nullable=False, comment="open when this was booked"),
    Column("origin_period", Name, nullable=False, comment="what this is about"),
    Column("pay_group", Name, nullable=False, comment="of the participant at the booking, as entity and cost centre"),
    Column("entity", Name, nullable=False),
    Column("cost_center", Name, nullable=False),
    Column("cause", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("entry", Integer, nullable=False, comment="counts the participant's journals from 1"),
    Column("previous_sha256", Text, nullable=False, comment="of the participant's journal before; empty on the first"),
    Column("sha256", Text, nullable=False),
    Index("journal_by_period", "period", "pay_group"),
    Index("journal_by_participant", "participant_id", "entry", unique=True),
)

book: Final = Table(
    "book",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("entries", Integer, nullable=False, comment="how many journals the participant has"),
    Column("head_sha256", Text, nullable=False, comment="the hash of the last"),
    # Every booking moves a head: with room on its page the new version stays there, and no index is written.
    postgresql_with={"fillfactor": 70},
)

posting: Final = Table(
    "posting",
    metadata,
    Column("journal", ForeignKey(journal.c.id), primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    # The journal has it too: repeated, so that a balance is a sum over one index and needs no join.
    Column("participant_id", Name, nullable=False),
    Column("currency", Name, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="debits are positive"),
    Column("component", Text),
    Column("plan", Name),
    Column("version", Integer),
    Column("deal", Name, comment="whose release a held amount waits for"),
    Index("posting_balance", "participant_id", "currency", "account", postgresql_include=["amount"]),
)

# A memory, not a record: it is what the journals sum to, and `verify` compares the two.
booked_earning: Final = Table(
    "booked_earning",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("period", Name, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column(
        "earned",
        Text,
        nullable=False,
        comment="JSON: what is booked, as [component, plan, version, currency, amount]...",
    ),
    Column("journal", Uuid, comment="booked last for this participant and period; the next one corrects it"),
    postgresql_with={"fillfactor": 80},
)

# Of a pay group and not of a run: a month closes once, whichever runs paid it.
closing: Final = Table(
    "closing",
    metadata,
    Column("pay_group", Name, primary_key=True),
    Column("period", Name, primary_key=True, comment="closed for good, with every earlier one"),
    Column("run", Name, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("sha256", Text, nullable=False, comment="stands for every journal it closed, and for the closing before"),
)

soft_closing: Final = Table(
    "soft_closing",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("pay_group", Name, nullable=False),
    Column("period", Name, nullable=False, comment="the stream books after it, until this is lifted"),
    Column("run", Name),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("soft_closing_of_group", "pay_group"),
)

soft_opening: Final = Table(
    "soft_opening",
    metadata,
    Column("closing", ForeignKey(soft_closing.c.number), primary_key=True, comment="the soft closing that this lifts"),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
