-- Two people for what controls money, whoever writes. The kinds are those whose model says `controls_money`.
create or replace function check_policy() returns trigger language plpgsql set search_path from current as $$
begin
    if new.version <> (select count(*) + 1 from policy where (kind, id) = (new.kind, new.id)) then
        raise exception 'the versions of a policy are numbered 1, 2, 3 and so on' using errcode = 'check_violation';
    end if;
    if (new.kind in ('approval', 'pay_group', 'payroll_profile', 'delivery')) <> (new.change is not null)
        or new.change is not null and not exists (
            select from change c where c.id = new.change and is_approved(c.id) and c.kind = 'policy'
              and c.body -> 'policy' = new.body and c.reason = new.reason and c.proposed_by = array[new.author]) then
        raise exception 'two people for money: a policy that controls money comes by an approved change'
            using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- An adjustment says what its change does, which names the amount as people read it.
create function check_adjustment() returns trigger language plpgsql set search_path from current as $$
begin
    if not exists (
        select from change c where c.id = new.change and c.kind = 'adjustment' and c.subject = new.id::text
          and c.proposed_by = array[new.actor] and c.reason = new.reason
          and c.body ->> 'participant_id' = new.participant_id and c.body ->> 'currency' = new.currency
          and replace(c.body ->> 'amount', '.', '')::bigint = new.amount and c.body ->> 'month' = new.month
          and c.body ->> 'attachment_sha256' = new.attachment_sha256
          and encode(sha256(new.attachment), 'hex') = new.attachment_sha256) then
        raise exception 'two people for money: an adjustment is proposed by a change' using errcode = 'check_violation';
    end if;
    return new;
end $$;

create trigger proposed before insert on adjustment for each row execute function check_adjustment();
create unique index journal_of_adjustment on journal ((cause ->> 'adjustment')) where kind = 'adjustment';

-- Beside the rules for all postings (`check_postings`): what was adjusted by hand is booked once it is approved, and as
-- it was approved.
create function check_adjusted() returns trigger language plpgsql
    set search_path from current set enable_seqscan = off as $$
begin
    if exists (
        select from (select distinct journal from inserted where account = 'adjusted') i
        join journal j on j.id = i.journal
        -- What runs book on the account, such as what lapses above a maximum, is of the terms and of no person.
        where case when j.kind <> 'adjustment' then not j.cause ? 'run' else not exists (
            select from adjustment a
            where a.id = (j.cause ->> 'adjustment')::uuid and a.actor = j.actor and a.participant_id = j.participant_id
              and (a.change is null or is_approved(a.change))
              and array(select (p.currency, p.amount) from inserted p where p.journal = j.id and p.account = 'adjusted')
                  = array[(a.currency, a.amount)]) end) then
        raise exception 'two people for money: an adjustment is booked as it was approved'
            using errcode = 'check_violation';
    end if;
    return null;
end $$;

create trigger approved after insert on posting referencing new table as inserted
    for each statement execute function check_adjusted();
