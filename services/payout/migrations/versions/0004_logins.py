"""What an earlier version made is opened to the login that reads for people, and its functions look at temporary tables
last: unsaid they come first, and one could stand for a table of its name.
"""

from alembic import op

from shared.grants import grant_read

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    connection = op.get_bind()
    tables = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'"
    for table in connection.exec_driver_sql(tables).scalars().all():
        grant_read(op, table)
    op.execute("""
        do $$
        declare one text;
        begin
            for one in select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace loop
                execute format('revoke execute on function %s from public', one);
            end loop;
            for one in select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace
                    and array_to_string(proconfig, ',') like '%search_path=%' loop
                execute format('alter function %s set search_path = %I, pg_temp', one, current_schema());
            end loop;
        end $$""")
