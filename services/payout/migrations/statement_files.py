"""The table of statement files: what was first made of a final run, kept for ever."""

from __future__ import annotations

from typing import Any

from services.payout.migrations.access import grant_append_only


def create_statement_files(op: Any) -> None:
    """Make the table. The database itself refuses to change or delete what is in it."""
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
