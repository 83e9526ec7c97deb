-- What other services ask: the only door to this schema. Each function has its owner's rights and a search path of its
-- own, with the temporary schema last, so that it means these tables whoever calls it.

-- The grants that hold today, with what their roles allow.
create function grants_of(who text) returns setof role_grant language sql stable
    set search_path = access, pg_catalog, pg_temp as $$
    select g.* from access.role_grant g join access.person p on p.id = g.person
    where g.person = who and p.active
      and g.valid_from <= (now() at time zone 'UTC')::date
      and (g.valid_until is null or g.valid_until >= (now() at time zone 'UTC')::date)
      and not exists (select from access.role_grant_end e where e.role_grant = g.id)
$$;

-- Whoever has the token of this SHA-256: a key that is neither expired nor taken back, or a session that is neither
-- idle for too long nor over. Nothing where there is none, or the person is not active.
create function caller(token_sha256 text) returns jsonb language plpgsql volatile security definer
    set search_path = access, pg_catalog, pg_temp as $$
declare
    who access.person%rowtype;
    token_name text;
    narrowed text[];
    proved timestamptz;
    k access.api_key%rowtype;
    s access.session%rowtype;
begin
    select * into k from access.api_key a where a.sha256 = token_sha256 and a.expires_at > now()
        and not exists (select from access.api_key_end e where e.api_key = a.id);
    if found then
        select * into who from access.person where id = k.person and active;
        token_name := k.label;
        narrowed := k.scopes;
        if who.id is not null then
            -- To the minute: a key that is used a thousand times a second is noted once.
            insert into access.api_key_use as u values (k.id, now())
            on conflict (api_key) do update set last_used_at = now()
                where u.last_used_at < now() - interval '1 minute';
        end if;
    else
        select * into s from access.session x where x.sha256 = token_sha256 and x.ended_at is null
            and x.expires_at > now() and x.last_seen_at > now() - make_interval(secs => x.idle_seconds);
        if not found then
            return null;
        end if;
        select * into who from access.person where id = s.person and active;
        token_name := s.method;
        proved := s.authenticated_at;
        if who.id is not null and s.last_seen_at < now() - interval '1 minute' then
            update access.session set last_seen_at = now() where id = s.id;
        end if;
    end if;
    if who.id is null then
        return null;
    end if;
    return jsonb_build_object(
        'person', who.id, 'key', token_name, 'participant', who.participant_id, 'authenticated_at', proved,
        'grants', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'role', g.role, 'view', r.view, 'pay_groups', g.pay_groups, 'entities', g.entities,
                'approves_as', g.approves_as,
                'scopes', array(select unnest(r.scopes) intersect select unnest(coalesce(narrowed, r.scopes)))
            )), '[]'::jsonb)
            from access.grants_of(who.id) g join access.role r on r.name = g.role
        ));
end $$;

create function approval_roles() returns setof text language sql stable security definer
    set search_path = access, pg_catalog, pg_temp as $$
    select distinct unnest(g.approves_as) from access.person p, access.grants_of(p.id) g where p.active
$$;

-- The persons behind names that facts have as their author: for a system those who answer for it and who made its keys,
-- for everybody else themselves.
create function persons_behind(names text[]) returns table (name text, persons text[]) language sql stable
    security definer set search_path = access, pg_catalog, pg_temp as $$
    select n, array[n] || array(
        select o.owner from access.system_owner o where o.system = n
        union select k.made_by from access.api_key k join access.person p on p.id = k.person and p.kind = 'system'
            where k.person = n)
    from unnest(names) as n
$$;

-- Whether somebody sees the pay of a participant in a month (YYYY-MM), or, without one, at any time: it is their own, that
-- of one of their reports, or that of somebody in the pay groups and legal entities of what they were granted. Where
-- scopes are named, by roles that have one of them.
create function may_see(who text, asked text[], whom text, month text) returns boolean language sql stable
    security definer set search_path = access, pg_catalog, pg_temp as $$
    select exists (
        select from access.grants_of(who) g
        join access.role r on r.name = g.role
        join access.person p on p.id = g.person
        where (asked is null or r.scopes && asked) and (
            (r.view in ('own', 'reports') and p.participant_id = whom)
            or (r.view = 'all' and g.pay_groups is null and g.entities is null)
            or (r.view in ('reports', 'all') and exists (
                select from access.assignment a
                where a.participant_id = whom
                  and (g.pay_groups is null or a.pay_group = any(g.pay_groups))
                  and (g.entities is null or a.entity = any(g.entities))
                  and (month is null or (
                      a.first_day < (month || '-01')::date + interval '1 month' and a.last_day >= (month || '-01')::date))
                  and (r.view = 'all' or exists (
                      select from access.reporting t
                      where t.manager = p.participant_id and t.participant_id = whom
                        and t.first_day <= a.last_day and t.last_day >= a.first_day
                        and (month is null or (
                            t.first_day < (month || '-01')::date + interval '1 month'
                            and t.last_day >= (month || '-01')::date)))))))
        )
$$;

-- Whom the transaction reads for: `earnest.person`, which the service sets; * is a machine of the installation, which
-- reads for others. Nobody where it is not set.
create function reader() returns text language sql stable
    set search_path = access, pg_catalog, pg_temp as $$
    select nullif(current_setting('earnest.person', true), '')
$$;

-- Whether the reader sees everybody's pay, wherever they are.
create function sees_everyone() returns boolean language sql stable security definer
    set search_path = access, pg_catalog, pg_temp as $$
    select coalesce(access.reader() = '*', false) or exists (
        select from access.grants_of(access.reader()) g join access.role r on r.name = g.role
        where r.view = 'all' and g.pay_groups is null and g.entities is null)
$$;

-- Whether the reader sees what is about a participant in a month, or, without one, at any time.
create function sees(whom text, month text default null) returns boolean language sql stable security definer
    set search_path = access, pg_catalog, pg_temp as $$
    select access.may_see(access.reader(), null, whom, month)
$$;

-- Whether the reader sees what is of a whole pay group and legal entity, such as a run or a payroll file. Without an
-- entity: of all of them.
create function sees_group(pay_group text, entity text default null) returns boolean language sql stable
    security definer set search_path = access, pg_catalog, pg_temp as $$
    select coalesce(access.reader() = '*', false) or exists (
        select from access.grants_of(access.reader()) g join access.role r on r.name = g.role
        where r.view = 'all' and (g.pay_groups is null or sees_group.pay_group = any(g.pay_groups))
          and (g.entities is null or sees_group.entity = any(g.entities)))
$$;

-- Record something in the audit log. The time and the login that records it are the database's word.
create function record(
    action text, actor text, key text, operation text, subject text, participants text[], status integer, request text,
    detail text
) returns void language sql volatile security definer set search_path = access, pg_catalog, pg_temp as $$
    insert into access.audit_entry (
        at, service, action, actor, key, operation, subject, participants, status, request, detail)
    values (clock_timestamp(), session_user, action, actor, key, operation, subject, participants, status, request,
        detail)
$$;
