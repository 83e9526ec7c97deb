"""Deliveries: what is on its way, and what was sent, which is never changed afterwards."""

from alembic import op

from services.payout.migrations.access import grant_all

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in (DELIVERY, DELIVERY_FILE, SENT_ONCE, FILE_SENT_ONCE):
        op.execute(statement)
    op.execute("create index delivery_open on delivery (next_attempt_at) where delivered_at is null")
    for table in ("delivery", "delivery_file"):
        op.execute(f"""
            create trigger kept before delete or truncate on {table}
            for each statement execute function append_only()""")
        grant_all(op, table)
    op.execute("create trigger once before update on delivery for each row execute function check_delivery()")
    op.execute("create trigger once before update on delivery_file for each row execute function check_delivery_file()")


DELIVERY = """
    create table delivery (
        batch text collate "C" not null,
        destination text collate "C" not null,
        requested_by text not null check (requested_by <> ''),
        requested_at timestamptz not null,
        attempts integer not null default 0,
        error text,
        next_attempt_at timestamptz not null,
        delivered_at timestamptz,
        primary key (batch, destination)
    )"""
DELIVERY_FILE = """
    create table delivery_file (
        batch text collate "C" not null,
        destination text collate "C" not null,
        place smallint not null,
        name text not null,
        content bytea not null,
        sent_name text,
        sent_content bytea,
        primary key (batch, destination, place),
        foreign key (batch, destination) references delivery (batch, destination),
        check ((sent_name is null) = (sent_content is null))
    )"""

SENT_ONCE = """
    create function check_delivery() returns trigger language plpgsql set search_path from current as $$
    begin
        if old.delivered_at is not null
            or (new.batch, new.destination, new.requested_by, new.requested_at)
                is distinct from (old.batch, old.destination, old.requested_by, old.requested_at) then
            raise exception 'a delivery is requested once and delivered once' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""

FILE_SENT_ONCE = """
    create function check_delivery_file() returns trigger language plpgsql set search_path from current as $$
    begin
        if old.sent_name is not null
            or (new.batch, new.destination, new.place, new.name, new.content)
                is distinct from (old.batch, old.destination, old.place, old.name, old.content) then
            raise exception 'what is sent is settled once' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""
