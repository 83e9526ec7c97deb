"""What an earlier version made is opened to the login that reads for people, and its functions look at temporary tables
last: unsaid they come first, and one could stand for a table of its name.
"""

from alembic import op

from shared.grants import close_functions, grant_read

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    connection = op.get_bind()
    tables = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'"
    for table in connection.exec_driver_sql(tables).scalars().all():
        grant_read(op, table)
    close_functions(op)
