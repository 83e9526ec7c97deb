"""Which revision of a run is published on the topic `runs`."""

from alembic import op

from shared.grants import grant_append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        create table run_publication (
            run text collate "C" not null references run (id),
            revision integer not null,
            primary key (run, revision)
        )""")
    op.execute("""
        create trigger append_only before update or delete or truncate on run_publication
        for each statement execute function append_only()""")
    grant_append_only(op, "run_publication")
