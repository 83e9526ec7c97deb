"""What the partitions held up to a position, as hashes that are chained and signed."""

from alembic import op

from shared.proof.tables import chain_rows, create_chain

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_chain(op)
    op.execute("""
        create table checkpoint (
            topic text not null,
            partition integer not null,
            position bigint not null,
            sha256 text not null,
            primary key (topic, partition, position)
        )""")
    op.execute("comment on column checkpoint.sha256 is 'of all records before the position, one after the other'")
    op.execute("""
        create trigger append_only before update or delete or truncate on checkpoint
        for each statement execute function append_only()""")
    chain_rows(op, "checkpoint")
