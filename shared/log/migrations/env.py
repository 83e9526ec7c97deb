"""Alembic's entry to the migrations of the log, and what the services may do with it."""

from alembic import context

from shared.database import run_migrations
from shared.log.tables import grant_log

run_migrations()
# Whether there was a migration to run or not: a service may be new.
grant_log(context.config.attributes["connection"])
