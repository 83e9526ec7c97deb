"""A run is exported once its payments are released to payroll, and acknowledged once payroll has acknowledged every batch of it."""

from alembic import op

revision = "0014"
down_revision = "0013"

RELEASED = """
    create function check_release() returns trigger language plpgsql security definer set search_path from current as $$
    begin
        if new.verb = 'export' and (select coalesce(sum(paid), 0) from run_pay where run = new.run) <> (
                select coalesce(sum(l.amount), 0) from batch_line l join payroll_batch b on b.id = l.batch
                where b.run = new.run and b.corrects is null) then
            raise exception 'what a run pays is released to payroll first' using errcode = 'check_violation';
        end if;
        if new.verb = 'acknowledge' and exists (select from payroll_batch b where b.run = new.run
                and not exists (select from batch_acknowledgement a where a.batch = b.id)) then
            raise exception 'the files of a run are acknowledged by payroll first' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""


def upgrade() -> None:
    op.execute(RELEASED)
    op.execute("create trigger released before insert on run_event for each row execute function check_release()")
