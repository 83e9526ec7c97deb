from alembic import context

from services.payout.ledger.store import register_kinds
from shared.database import run_migrations

run_migrations()
# After the migrations, whether there was one to run or not: a version of the service may know new steps of pay and need
# no new tables.
register_kinds(context.config.attributes["connection"])
