"""Which revision of which run is published."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text


def revision(connection: Connection, run_id: str) -> int:
    """How much happened to a run, from 1 for a draft: it grows with everything that the topic says of it."""
    return int(connection.execute(_REVISION_OF, {"run": run_id}).scalar_one())


def published_now(connection: Connection, run_id: str, *, revision: int) -> bool:
    """Keep that this revision is published with this transaction; whether it was not before."""
    return connection.execute(_KEEP, {"run": run_id, "revision": revision}).rowcount == 1


def unpublished(connection: Connection) -> list[str]:
    """The runs that are not published as they stand, the first one first."""
    return list(connection.execute(_UNPUBLISHED).scalars())


# A count of what is only ever added to: no reader sees it fall, whatever order transactions commit in, for all that
# happens to a run happens with the run locked.
_REVISION: Final = """
    1 + (select count(*) from run_event e where e.run = r.id)
      + (select count(*) from approval a where a.run = r.id)
      + (select count(*) from batch_acknowledgement k join payroll_batch b on b.id = k.batch where b.run = r.id)"""

_REVISION_OF = text(f"select {_REVISION} from run r where r.id = :run")

_KEEP = text("insert into run_publication (run, revision) values (:run, :revision) on conflict do nothing")

_UNPUBLISHED = text(f"""
    select r.id from run r
    where not exists (select from run_publication p where p.run = r.id and p.revision = {_REVISION})
    order by r.number""")
