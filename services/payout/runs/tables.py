"""The tables of runs, and of what people decide about pay. Amounts are in minor units."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.payout.tables import Name, change, metadata
from shared.pay.run import DONE_STATES

BOOKED: Final = f"state in ({', '.join(repr(state) for state in sorted(DONE_STATES))})"
"""SQL: a run is booked, from its approval on."""

run: Final = Table(
    "run",
    metadata,
    Column("id", Name, primary_key=True),
    # In the order of drafting: what runs left is folded in it, and of two runs over one month the later one knows what
    # the earlier one paid.
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
    # `store.add` looks first, to say so in words; the index holds where two look at the same moment.
    Index(
        "run_active_whole",
        "pay_group",
        "pay_period",
        unique=True,
        postgresql_where=text("kind = 'regular' and participants is null and state <> 'cancelled'"),
    ),
)

# Hashes and steps are on the event of a calculation as well as on the run, which takes them over: `verify` compares the
# two.
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
    # Part of the key: steps taken before the run was returned stay, and do not count for what is submitted anew.
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("lines_sha256", Text, nullable=False),
    UniqueConstraint("run", "submission", "approver"),
)

# Also of those who are paid nothing: what is carried, held or owed afterwards stands here until the next run.
run_pay: Final = Table(
    "run_pay",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("currency", Name, primary_key=True),
    Column("paid", BigInteger, nullable=False),
    Column("carried", BigInteger, nullable=False, comment="left for the next run; negative: to be earned first"),
    Column("entries", Integer, nullable=False, comment="so many journals of the participant were looked at"),
    Column("pay", Text, nullable=False, comment="JSON: how it came about, see runs/record.py"),
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

run_payee: Final = Table(
    "run_payee",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("payroll_id", Name),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("name", Text),
    Column("entity", Name, nullable=False, comment="empty where nobody said"),
    Column("cost_center", Name, nullable=False, comment="empty where nobody said"),
    Column("pay_group", Name, nullable=False),
    Column(
        "payroll_profile", Name, nullable=False, comment="which version of which profile writes the file, as adp-us/3"
    ),
    Index("run_payee_of_participant", "participant_id"),
)

run_lines: Final = Table(
    "run_lines",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("content", LargeBinary, nullable=False, comment="Parquet: every line of earnings that the run looked at"),
    Column("sha256", Text, nullable=False),
)

# Contributors. Kept with the run, because facts, policies and decisions may be replaced before anybody approves.
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

run_publication: Final = Table(
    "run_publication",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
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
    Column("change", ForeignKey(change.c.id), unique=True, comment="by which it was proposed"),
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

# A memory, not a record: it follows from the settlements that runs keep, and `verify` makes it again from them.
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
