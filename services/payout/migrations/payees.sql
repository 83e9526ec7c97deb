-- Whom a run pays under which names and ids, as a second person has looked at it: with the approval of the run that
-- paid them first (`run`), or by a change that somebody approved (`change`). Only the triggers below write it.
create table confirmed_payee (
    number bigint primary key generated always as identity,
    participant_id text collate "C" not null,
    day date not null,
    payroll_id text collate "C",
    first_name text,
    last_name text,
    name text,
    entity text collate "C" not null,
    set_by text[] not null,
    run text collate "C" references run (id),
    change bigint unique references change (id),
    check (num_nonnulls(run, change) = 1)
);
create index confirmed_payee_of_participant on confirmed_payee (participant_id, day, number);
create trigger append_only before update or delete or truncate on confirmed_payee
    for each statement execute function append_only();

-- What holds of somebody on a day: the last that was confirmed for it or before; for days before all of them, the first.
create function payee_confirmed(participant text, on_day date) returns setof confirmed_payee language sql stable
    set search_path from current as $$
    select * from confirmed_payee where participant_id = participant
    order by day <= on_day desc, case when day <= on_day then day end desc, day, number desc limit 1
$$;

-- What the roster says of where somebody's pay goes, who said so, and since when, on a day (`Person.at`, `set_by`).
create function payee_said(participant text, on_day date)
    returns table (payee jsonb, set_by text[], since date) language sql stable set search_path from current as $$
    with facts as (
        select case when path like '%/%' then split_part(path, '/', 1) else '' end as start,
            regexp_replace(path, '^[^/]*/', '') as attribute, fact
        from person p, jsonb_each(p.facts::jsonb) each (path, fact) where p.participant_id = participant
    ), holds as (
        select distinct on (attribute) attribute, start, fact ->> 0 as value, coalesce(fact ->> 4, fact ->> 3) as setter
        from facts where start <= on_day::text
          and attribute in ('payroll_id', 'first_name', 'last_name', 'name', 'entity')
        order by attribute, start desc
    )
    select coalesce(jsonb_object_agg(attribute, value) filter (where value <> ''), '{}'),
        coalesce(array_agg(distinct setter), '{}'), max(nullif(start, ''))::date
    from holds
$$;

-- A change of a payee is what the roster says, and is by everybody who said so: nobody confirms what they said.
create function confirm_payee() returns trigger language plpgsql security definer
    set search_path from current as $$
declare c change%rowtype; said record; before record; confirmed_on date;
begin
    select * into c from change where id = new.change;
    if c.kind <> 'payee' or new.verdict <> 'approved' then
        return null;
    end if;
    confirmed_on := (c.body ->> 'on')::date;
    select * into said from payee_said(c.subject, confirmed_on);
    if said.payee <> c.body -> 'payee' or exists (
        select from unnest(said.set_by) setter
        where person_id(setter) not in (select person_id(name) from unnest(c.proposed_by) name)) then
        raise exception 'two people for money: a payee is confirmed as the roster has it, by who said none of it'
            using errcode = 'check_violation';
    end if;
    -- From the day on from which the roster says so; what it says of earlier days than were confirmed holds after these.
    select * into before from payee_confirmed(c.subject, confirmed_on);
    insert into confirmed_payee (
        participant_id, day, payroll_id, first_name, last_name, name, entity, set_by, change)
    select c.subject,
        case when before.day <= confirmed_on then greatest(said.since, before.day)
            else coalesce(said.since, confirmed_on) end,
        p ->> 'payroll_id', p ->> 'first_name', p ->> 'last_name', p ->> 'name', coalesce(p ->> 'entity', ''),
        c.proposed_by, c.id
    from (select c.body -> 'payee' as p) payee;
    return null;
end $$;

create trigger confirmed after insert on change_decision for each row execute function confirm_payee();

-- What is approved is paid to whom a second person has looked at: as confirmed, or by this approval for the first time.
create function check_payees() returns trigger language plpgsql security definer
    set search_path from current as $$
declare ends date; stranger text;
begin
    if new.verb <> 'approve' then
        return new;
    end if;
    select r.ends into ends from run r where r.id = new.run;
    select min(e.participant_id) into stranger from run_payee e
    cross join lateral (
        select * from confirmed_payee known where known.participant_id = e.participant_id
        order by day <= ends desc, case when day <= ends then day end desc, day, number desc limit 1) c
    where e.run = new.run and (c.payroll_id, c.first_name, c.last_name, c.name, c.entity)
        is distinct from (e.payroll_id, e.first_name, e.last_name, e.name, e.entity);
    if stranger is not null then
        raise exception 'two people for money: nobody has confirmed where pay of % goes', stranger
            using errcode = 'check_violation';
    end if;
    insert into confirmed_payee (participant_id, day, payroll_id, first_name, last_name, name, entity, set_by, run)
    select e.participant_id, ends, e.payroll_id, e.first_name, e.last_name, e.name, e.entity,
        array(select who from run_touch where run = new.run and what = 'payee'), new.run
    from run_payee e where e.run = new.run
      and not exists (select from confirmed_payee c where c.participant_id = e.participant_id);
    return new;
end $$;

create trigger payees before insert on run_event for each row execute function check_payees();

-- Whom approved runs have paid so far: a second person looked at them with the last of these.
insert into confirmed_payee (participant_id, day, payroll_id, first_name, last_name, name, entity, set_by, run)
select distinct on (e.participant_id) e.participant_id, r.ends, e.payroll_id, e.first_name, e.last_name, e.name,
    e.entity, array(select who from run_touch t where t.run = r.id and t.what = 'payee'), r.id
from run_payee e join run r on r.id = e.run
where r.state in ('approved', 'exported', 'acknowledged', 'paid')
order by e.participant_id, r.number desc;

-- Two people for money, as before (0002), by persons however their names are written.
create or replace function check_approval() returns trigger language plpgsql security definer
    set search_path from current as $$
declare r run%rowtype; approver text := person_id(new.approver);
begin
    select * into r from run where id = new.run for no key update;
    if r.state <> 'submitted' or new.submission <> r.submission or new.lines_sha256 <> r.lines_sha256
        or new.step <> (select count(*) from approval where run = r.id and submission = r.submission)
        or new.step >= cardinality(r.steps) or new.role <> r.steps[new.step + 1] then
        raise exception 'the approval is not the next step of what was submitted' using errcode = 'check_violation';
    end if;
    if approver = person_id(r.author) or exists (select from run_event where run = r.id
            and person_id(actor) = approver and verb in ('calculate', 'submit'))
        or exists (select from approval a where a.run = r.id and a.submission = r.submission
            and person_id(a.approver) = person_id(new.approver)) then
        raise exception 'two people for money: whoever made a run does not approve it'
            using errcode = 'check_violation';
    end if;
    if exists (select from run_touch where run = r.id and person_id(who) = approver)
        or exists (
            select from journal j join run_pay p on p.run = r.id and p.participant_id = j.participant_id
            where j.kind = 'adjustment' and person_id(j.actor) = approver and j.period <= r.month and not exists (
                select from run_pay q join run d on d.id = q.run
                where q.participant_id = j.participant_id and q.entries >= j.entry and d.month >= j.period
                  and d.state in ('approved', 'exported', 'acknowledged', 'paid'))) then
        raise exception 'two people for money: whoever changed what a run pays on does not approve it'
            using errcode = 'check_violation';
    end if;
    return new;
end $$;
