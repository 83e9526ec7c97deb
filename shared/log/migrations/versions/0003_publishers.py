"""Which login publishes on which topic; and records come where the log has room for them."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        create table log.publisher (
            login text not null,
            topic text not null,
            primary key (login, topic)
        )""")
    # Facts that a service says are paid on: it says those of its own topics. What could not be processed is told by
    # whoever could not. Once for a statement, so that a batch of thousands costs one look.
    op.execute("""
        create function log.check_added() returns trigger language plpgsql security definer
        set search_path = log, pg_temp as $$
        declare
            beyond boolean;
            foreign_topic boolean;
        begin
            select bool_or(h.next_position is null or a.last >= h.next_position),
                bool_or(p.topic is null and a.topic not like '%.dlq')
            into beyond, foreign_topic
            from (select topic, partition, max(position) as last from added group by 1, 2) a
            left join log.head h using (topic, partition)
            left join log.publisher p on p.login = session_user and p.topic = a.topic;
            if beyond then
                raise exception 'a record is added at the end of the log' using errcode = 'check_violation';
            end if;
            if foreign_topic and not pg_catalog.pg_has_role(session_user, 'earnest_owner', 'member') then
                raise exception '% publishes on other topics', session_user using errcode = 'insufficient_privilege';
            end if;
            return null;
        end $$""")
    op.execute("""
        create trigger sound after insert on log.entry referencing new table as added
        for each statement execute function log.check_added()""")
