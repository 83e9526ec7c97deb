"""Pages and PDFs of final statements, kept for ever: the database itself refuses to change or delete one."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(STATEMENT_FILE)
    op.execute("alter table statement_file alter column content set storage external")  # a PDF is compressed already
    op.execute("""
        create trigger append_only before update or delete or truncate on statement_file
        for each statement execute function append_only()""")
    grant_append_only(op, "statement_file")


STATEMENT_FILE = """
    create table statement_file (
        run text collate "C" not null,
        participant_id text collate "C" not null,
        document text not null check (document in ('statement', 'team')),
        form text not null check (form in ('html', 'pdf')),
        facts_sha256 text not null,
        sha256 text not null,
        content bytea not null,
        primary key (run, participant_id, document, form)
    )"""
