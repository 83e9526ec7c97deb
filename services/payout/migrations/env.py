from alembic import context

from services.payout.ledger.store import register_kinds
from shared.migration_env import run

run()
# After the migrations, whether there was one to run or not: a version of the service may know new steps of pay and need no new tables.
register_kinds(context.config.attributes["connection"])
