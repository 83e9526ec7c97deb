"""Positions go forward, and only what was copied to Kafka is forgotten."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        create function log.refuse() returns trigger language plpgsql set search_path = log, pg_temp as $$
        begin
            raise exception '%', tg_argv[0] using errcode = 'integrity_constraint_violation';
        end $$""")
    op.execute("""
        create trigger forward before update on log.head for each row when (new.next_position < old.next_position)
        execute function log.refuse('positions of the log go forward')""")
    # The embedded log is the only record of the facts. In front of Kafka the same table is an outbox, from which the
    # relay takes what was acknowledged.
    op.execute("""
        create function log.forget(of_topic text, of_partition integer, before bigint) returns void language plpgsql
        security definer set search_path = log, pg_temp as $$
        begin
            if not exists (select from log.kind k where k.kind = 'kafka') then
                raise exception 'the log is only ever added to' using errcode = 'integrity_constraint_violation';
            end if;
            delete from log.entry e where e.topic = of_topic and e.partition = of_partition and e.position < before;
        end $$""")
