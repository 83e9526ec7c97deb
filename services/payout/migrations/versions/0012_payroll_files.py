"""Payroll files of an earlier version become batches, byte for byte."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(BATCHES)
    op.execute(FILES)
    op.execute("drop table payroll_file")


BATCHES = """
    insert into payroll_batch (id, number, run, pay_group, period, pay_date, format, sha256, manifest, record_count,
                               control_totals, released_by, released_at)
    select f.run, f.number, f.run, r.pay_group, r.pay_period, r.pay_date, 'generic', f.sha256, f.manifest,
        (told ->> 'record_count')::integer, told -> 'control_totals', e.actor, e.at
    from (select *, convert_from(manifest, 'UTF8')::jsonb as told from payroll_file) f
    join run r on r.id = f.run join run_event e on e.run = f.run and e.verb = 'pay'"""
FILES = """
    insert into payroll_batch_file (batch, place, name, media_type, content, sha256)
    select run, 0, name, 'text/csv; charset=us-ascii; header=present', content, sha256 from payroll_file"""
