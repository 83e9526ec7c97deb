"""The tables of payout. Amounts are in minor units. The rules that the database itself enforces are in the migrations."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

ROLE: Final = "earnest_payout"
"""What the service works as: a role that owns nothing, and may add to the books and read them, never change them."""

Name: Final = Text(collation="C")
"""Ids and periods compare byte by byte, whatever the locale of the database."""

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
    postgresql_with={"fillfactor": 70},
)

posting: Final = Table(
    "posting",
    metadata,
    Column("journal", ForeignKey(journal.c.id), primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    Column("participant_id", Name, nullable=False),
    Column("currency", Name, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="debits are positive"),
    Column("component", Text),
    Column("plan", Name),
    Column("version", Integer),
    Column("deal", Name, comment="whose release a held amount waits for"),
    Index("posting_balance", "participant_id", "currency", "account", postgresql_include=["amount"]),
)

held_earning: Final = Table(
    "held_earning",
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

person: Final = Table(
    "person",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("facts", Text, nullable=False, comment="JSON: path -> [value, occurred_at, sequence, source]"),
)

closing: Final = Table(
    "closing",
    metadata,
    Column("pay_group", Name, primary_key=True),
    Column("period", Name, primary_key=True, comment="closed for good, with every earlier one"),
    Column("run", Name, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
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

run: Final = Table(
    "run",
    metadata,
    Column("id", Name, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("pay_group", Name, nullable=False),
    Column("pay_period", Name, nullable=False),
    Column("month", Name, nullable=False, comment="its journals are booked in"),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("pay_date", Date, nullable=False),
    Column("closes", Name, comment="closed for the pay group by its approval, with every earlier month"),
    Column("participants", ARRAY(Text), comment="whom it is over; null for all of the pay group"),
    Column("author", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, server_default="draft", comment="moved by events only"),
    Column("submission", Integer, nullable=False, server_default="0", comment="counts how often it was submitted"),
    Column("lines_sha256", Text, nullable=False, server_default=""),
    Column("inputs_sha256", Text, nullable=False, server_default=""),
    Column("steps", ARRAY(Text), nullable=False, server_default="{}", comment="the roles that have to approve it"),
    Index(
        "run_active_whole",
        "pay_group",
        "pay_period",
        unique=True,
        postgresql_where=text("kind = 'regular' and participants is null and state <> 'cancelled'"),
    ),
)

run_event: Final = Table(
    "run_event",
    metadata,
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("verb", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("lines_sha256", Text, nullable=False, server_default=""),
    Column("inputs_sha256", Text, nullable=False, server_default=""),
    Column("steps", ARRAY(Text), nullable=False, server_default="{}"),
    Index("run_event_of_run", "run", "number"),
)

approval: Final = Table(
    "approval",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("lines_sha256", Text, nullable=False),
    UniqueConstraint("run", "submission", "approver"),
)

run_pay: Final = Table(
    "run_pay",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("currency", Name, primary_key=True),
    Column("paid", BigInteger, nullable=False),
    Column("carried", BigInteger, nullable=False, comment="left for the next run; negative: to be earned first"),
    Column("entries", Integer, nullable=False, comment="so many journals of the participant were looked at"),
    Column("pay", Text, nullable=False, comment="JSON: how it came about, see runs/entries.py"),
    Index("run_pay_of_participant", "participant_id", "currency"),
)

run_slip: Final = Table(
    "run_slip",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("name", Text, nullable=False),
    Column("manager", Name),
    Column("facts", LargeBinary, nullable=False, comment="what the statement is made of"),
    Column("sha256", Text, nullable=False),
    Index("run_slip_of_participant", "participant_id"),
)

run_lines: Final = Table(
    "run_lines",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("content", LargeBinary, nullable=False, comment="Parquet: every line of earnings that the run looked at"),
    Column("sha256", Text, nullable=False),
)

run_touch: Final = Table(
    "run_touch",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("who", Text, primary_key=True),
    Column("what", Text, primary_key=True, comment="set something that the run pays on"),
)

run_finding: Final = Table(
    "run_finding",
    metadata,
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("participant_id", Name, nullable=False),
    Column("why", Text, nullable=False),
    Index("run_finding_of_run", "run"),
)

run_reconciliation: Final = Table(
    "run_reconciliation",
    metadata,
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("currency", Name, nullable=False),
    Column("one", BigInteger, nullable=False),
    Column("other", BigInteger, nullable=False),
    Column("tolerance", BigInteger, nullable=False),
    Column("preparer", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

hold: Final = Table(
    "hold",
    metadata,
    Column("id", Name, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("subject", Name, nullable=False),
    Column("since", Name, nullable=False, comment="lines of this month and later ones are held"),
    Column("reason", Text, nullable=False),
    Column("dispute", Boolean, nullable=False),
    Column("until", Date),
    Column("until_collected", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

hold_release: Final = Table(
    "hold_release",
    metadata,
    Column("hold", ForeignKey(hold.c.id), primary_key=True),
    Column("released_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

adjustment: Final = Table(
    "adjustment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("participant_id", Name, nullable=False),
    Column("currency", Name, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("month", Name, nullable=False, comment="what it is about"),
    Column("reason", Text, nullable=False),
    Column("attachment_name", Text, nullable=False),
    Column("attachment", LargeBinary, nullable=False),
    Column("attachment_sha256", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("adjustment_of_participant", "participant_id"),
)

clawback_dismissal: Final = Table(
    "clawback_dismissal",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("deal_id", Name, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

held_line: Final = Table(
    "held_line",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("currency", Name, primary_key=True),
    Column("period", Name, primary_key=True),
    Column("component", Text, primary_key=True),
    Column("plan", Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("deal_id", Name, primary_key=True, comment="empty for what was earned without a deal"),
    Column("amount", BigInteger, nullable=False, comment="of the line when a run last looked"),
    Column("held", BigInteger, nullable=False),
    Column("forfeited", BigInteger, nullable=False),
)

policy: Final = Table(
    "policy",
    metadata,
    Column("kind", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 and so on"),
    Column("valid_from", Date, nullable=False),
    Column("body", JSONB, nullable=False, comment="as it was written, defaults left out"),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("destination", Name, primary_key=True, comment="id of a policy of kind delivery"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text, comment="why the last attempt came to nothing"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    Index("delivery_open", "next_attempt_at", postgresql_where=text("delivered_at is null")),
)

delivery_file: Final = Table(
    "delivery_file",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("destination", Name, primary_key=True),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sent_name", Text),
    Column("sent_content", LargeBinary, comment="encrypted where the policy said so; what is there under sent_name"),
    ForeignKeyConstraint(["batch", "destination"], [delivery.c.batch, delivery.c.destination]),
)

statement_file: Final = Table(
    "statement_file",
    metadata,
    Column("run", Name, primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("facts_sha256", Text, nullable=False, comment="of the frozen facts it was made of"),
    Column("sha256", Text, nullable=False, comment="of the content"),
    Column("content", LargeBinary, nullable=False, comment="as it was first asked for"),
)

gl_batch: Final = Table(
    "gl_batch",
    metadata,
    Column("id", Name, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("period", Name, nullable=False),
    Column("entity", Name, nullable=False),
    Column("format", Text, nullable=False),
    Column("entries", LargeBinary, nullable=False, comment="JSON, from which the next batch takes its difference"),
    Column("manifest", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False, unique=True, comment="of the manifest, which names everything else"),
    Column("previous_sha256", Text, ForeignKey("gl_batch.sha256"), comment="of the batch made before"),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

gl_file: Final = Table(
    "gl_file",
    metadata,
    Column("batch", ForeignKey(gl_batch.c.id), primary_key=True),
    Column("part", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
)
