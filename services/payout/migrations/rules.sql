-- The rules that hold whoever writes, and that auditors rely on: books only grow, journals sum to zero, closed months
-- stay closed, two people release money. A function keeps the search path that it was made with, so that it means this
-- schema's tables whoever calls it.

-- Also a slip of the owner, who has every right, changes nothing: rights alone would not stop it.
create function append_only() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: it is only ever added to', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation';
end $$;

-- A statement that adds postings adds whole journals, so that every journal sums to zero at every moment, not only at
-- commit. Postings of a journal come with its line 0, which cannot come twice: so a journal is booked whole, and never
-- added to.
--
-- A pay group's books have an advisory lock: who books holds it together with others, who closes holds it alone. So no
-- month closes between this look and the commit, and the closing of one group does not keep another waiting. The locks
-- are taken in the order of their names: two that book for the same groups do not wait for each other.
--
-- Journals are found by their index, also while the planner still believes the table empty: a worker plans once and
-- books for months.
create function check_postings() returns trigger language plpgsql
    set search_path from current set enable_seqscan = off as $$
begin
    if exists (select from inserted group by journal, currency having sum(amount) <> 0) then
        raise exception 'a journal sums to zero in every currency' using errcode = 'check_violation';
    end if;
    perform pg_advisory_xact_lock_shared(hashtextextended('earnest.books/' || pay_group, 0)) from (
        select distinct pay_group from (select distinct journal from inserted) i join journal j on j.id = i.journal
        order by 1
    ) concerned;
    if exists (
        select from (select distinct journal, participant_id from inserted) i join journal j on j.id = i.journal
        where j.participant_id <> i.participant_id
           or j.period <= (select max(period) from closing c where c.pay_group = j.pay_group)
    ) then
        raise exception 'postings belong to the participant of their journal, and to an open period'
            using errcode = 'check_violation';
    end if;
    if exists (select from inserted group by journal having min(line) <> 0) then
        raise exception 'a journal is booked whole: nothing is added to it' using errcode = 'check_violation';
    end if;
    return null;
end $$;

-- A kind is a row and no constraint: the service adds the kinds that its steps of pay have (ledger/store.py,
-- `register_kinds`). Checked once for a statement: a foreign key would lock the row of its kind for every journal.
create function check_kinds() returns trigger language plpgsql set search_path from current as $$
begin
    if exists (select from inserted where kind not in (select kind from journal_kind)) then
        raise exception 'there is no such kind of journal (journal_kind_check)'
            using errcode = 'check_violation', constraint = 'journal_kind_check';
    end if;
    return null;
end $$;

-- What stands for a closed month: every journal of the pay group in the months that this closing closed, by participant
-- in the order of their chain, and the seal before it. So one hash, told to an auditor, holds the whole past of the
-- group.
create function seal_of(group_name text, closed text) returns text language sql stable
    set search_path from current as $$
    select encode(sha256(convert_to(
        coalesce((
            select sha256 from closing where pay_group = group_name and period < closed
            order by period desc limit 1), '')
        || coalesce(string_agg(sha256, '' order by participant_id, entry), ''), 'UTF8')), 'hex')
    from journal
    where pay_group = group_name and period <= closed
      and period > coalesce((select max(period) from closing where pay_group = group_name and period < closed), '')
$$;

-- Months close in order, and the database seals them itself: nobody can close with another hash.
create function check_closing() returns trigger language plpgsql set search_path from current as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('earnest.books/' || new.pay_group, 0));
    if exists (select from closing where pay_group = new.pay_group and period >= new.period) then
        raise exception 'the period is closed' using errcode = 'check_violation';
    end if;
    if tg_table_name = 'closing' then
        new.sha256 := seal_of(new.pay_group, new.period);
    end if;
    return new;
end $$;

create function check_policy() returns trigger language plpgsql set search_path from current as $$
begin
    if new.version <> (select count(*) + 1 from policy where (kind, id) = (new.kind, new.id)) then
        raise exception 'the versions of a policy are numbered 1, 2, 3 and so on' using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- The state of a run follows from its events: nobody sets it. `check_event` below does, one trigger deep.
create function guard_run() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if (new.state, new.submission, new.lines_sha256, new.steps) is distinct from ('draft', 0, '', '{}'::text[]) then
            raise exception 'a run begins as a draft' using errcode = 'check_violation';
        end if;
    elsif pg_trigger_depth() < 2 then
        raise exception 'a run changes by its events only' using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- The life of a run. With the rights of the tables' owner: the service itself may neither change a run nor close a
-- month.
create function check_event() returns trigger language plpgsql security definer
    set search_path from current as $$
declare r run%rowtype;
begin
    select * into r from run where id = new.run for no key update;
    if not exists (select from (values
            ('calculate', 'draft', 'calculated'), ('calculate', 'calculated', 'calculated'),
            ('submit', 'calculated', 'submitted'), ('return', 'submitted', 'calculated'),
            ('approve', 'submitted', 'approved'), ('export', 'approved', 'exported'),
            ('acknowledge', 'exported', 'acknowledged'), ('pay', 'acknowledged', 'paid'),
            ('cancel', 'draft', 'cancelled'), ('cancel', 'calculated', 'cancelled')) as moves (verb, state, leads_to)
        where verb = new.verb and state = r.state) then
        raise exception 'a run that is % is not to %', r.state, new.verb using errcode = 'check_violation';
    end if;
    if new.verb = 'calculate' then
        update run set state = 'calculated', lines_sha256 = new.lines_sha256, inputs_sha256 = new.inputs_sha256,
            steps = new.steps where id = r.id;
    elsif new.verb = 'submit' then
        update run set state = 'submitted', submission = submission + 1 where id = r.id;
    elsif new.verb = 'approve' then
        if cardinality(r.steps) = 0 or cardinality(r.steps) <> (
            select count(*) from approval where run = r.id and submission = r.submission) then
            raise exception 'steps of the approval are missing' using errcode = 'check_violation';
        end if;
        if r.closes is not null then
            insert into closing (pay_group, period, run, at) values (r.pay_group, r.closes, r.id, new.at);
        end if;
        update run set state = 'approved' where id = r.id;
    else
        update run set state = case new.verb when 'return' then 'calculated' when 'export' then 'exported'
            when 'acknowledge' then 'acknowledged' when 'pay' then 'paid' else 'cancelled' end where id = r.id;
    end if;
    return new;
end $$;

create function check_release() returns trigger language plpgsql security definer
    set search_path from current as $$
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
end $$;

-- Two people for money: whoever made the run, had a hand in what it pays on, or adjusted pay that no approved run has
-- paid yet, is refused here, whatever the code says.
create function check_approval() returns trigger language plpgsql security definer
    set search_path from current as $$
declare r run%rowtype;
begin
    select * into r from run where id = new.run for no key update;
    if r.state <> 'submitted' or new.submission <> r.submission or new.lines_sha256 <> r.lines_sha256
        or new.step <> (select count(*) from approval where run = r.id and submission = r.submission)
        or new.step >= cardinality(r.steps) or new.role <> r.steps[new.step + 1] then
        raise exception 'the approval is not the next step of what was submitted' using errcode = 'check_violation';
    end if;
    if new.approver = r.author or exists (select from run_event where run = r.id and actor = new.approver
            and verb in ('calculate', 'submit')) then
        raise exception 'two people for money: whoever made a run does not approve it'
            using errcode = 'check_violation';
    end if;
    if exists (select from run_touch where run = r.id and who = new.approver)
        or exists (
            select from journal j join run_pay p on p.run = r.id and p.participant_id = j.participant_id
            where j.kind = 'adjustment' and j.actor = new.approver and j.period <= r.month and not exists (
                select from run_pay q join run d on d.id = q.run
                where q.participant_id = j.participant_id and q.entries >= j.entry and d.month >= j.period
                  and d.state in ('approved', 'exported', 'acknowledged', 'paid'))) then
        raise exception 'two people for money: whoever changed what a run pays on does not approve it'
            using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- What was calculated may be replaced until it is handed on. Locks the runs for share: none is submitted between this
-- look and the commit.
create function check_run_rows() returns trigger language plpgsql security definer
    set search_path from current as $$
begin
    perform from run where id in (select distinct run from changed) for share;
    if exists (
        select from run where id in (select distinct run from changed) and state not in ('draft', 'calculated')) then
        raise exception 'what a run pays is frozen when it is submitted' using errcode = 'check_violation';
    end if;
    return null;
end $$;

-- The attempt of a line counts how often payroll returned it, so that the unique pair (line, attempt) lets a line into
-- one batch, and into one more after each return, also when two transactions release it at once.
create function check_batch_line() returns trigger language plpgsql set search_path from current as $$
begin
    if new.attempt <> (select count(*) + 1 from batch_rejection where line = new.line) then
        raise exception 'line % is in a released batch already', new.line using errcode = 'unique_violation';
    end if;
    return new;
end $$;

create function check_delivery() returns trigger language plpgsql set search_path from current as $$
begin
    if old.delivered_at is not null
        or (new.batch, new.destination, new.requested_by, new.requested_at)
            is distinct from (old.batch, old.destination, old.requested_by, old.requested_at) then
        raise exception 'a delivery is requested once and delivered once' using errcode = 'check_violation';
    end if;
    return new;
end $$;

create function check_delivery_file() returns trigger language plpgsql set search_path from current as $$
begin
    if old.sent_name is not null
        or (new.batch, new.destination, new.place, new.name, new.content)
            is distinct from (old.batch, old.destination, old.place, old.name, old.content) then
        raise exception 'what is sent is settled once' using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- Months of contract costs go forward. The lock is that of the service's own booking (contract_costs/store.py).
create function check_contract_cost_batch() returns trigger language plpgsql set search_path from current as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('earnest.contract_costs', 0));
    if exists (select from contract_cost_batch where period > new.period) then
        raise exception 'contract costs of % are passed', new.period using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

-- Beside `append_only`, which 0002_rules.py puts on every table of books and files.
create trigger sound after insert on posting referencing new table as inserted
    for each statement execute function check_postings();
create trigger known after insert on journal referencing new table as inserted
    for each statement execute function check_kinds();
create trigger forward before insert on closing for each row execute function check_closing();
create trigger forward before insert on soft_closing for each row execute function check_closing();
create trigger numbered before insert on policy for each row execute function check_policy();

create trigger append_only before delete or truncate on run for each statement execute function append_only();
create trigger guarded before insert or update on run for each row execute function guard_run();
create trigger moves before insert on run_event for each row execute function check_event();
create trigger released before insert on run_event for each row execute function check_release();
create trigger two_people before insert on approval for each row execute function check_approval();

create trigger once before insert on batch_line for each row execute function check_batch_line();
create trigger kept before delete or truncate on delivery for each statement execute function append_only();
create trigger once before update on delivery for each row execute function check_delivery();
create trigger kept before delete or truncate on delivery_file for each statement execute function append_only();
create trigger once before update on delivery_file for each row execute function check_delivery_file();

create trigger forward before insert on contract_cost_batch for each row execute function check_contract_cost_batch();
