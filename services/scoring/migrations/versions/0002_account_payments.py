"""Payments by account, and what of them is allocated to which deal."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(ACCOUNTS_OF_DEALS)
    op.execute(ACCOUNT_PAYMENTS)


# `allocated` stands beside the facts and not among them: facts are what somebody said, and merge in any order; what is
# allocated follows from the facts of many deals, and is replaced whole.
ACCOUNTS_OF_DEALS = r"""
alter table deal
    add column account text, -- whose payments may be for it, where that is one line
    add column allocated text; -- packed (facts_codec): the payments by account that are allocated to it
update deal set account = said.account
from (
    select d.deal_id, p.part -> -1 ->> 'account' as account
    from deal d cross join lateral jsonb_array_elements(d.facts::jsonb) p(part)
    where d.facts like '%"account":%' and p.part -> -1 ? 'account'
) said
where said.deal_id = deal.deal_id and said.account ~ '^[^\n\r]+$';
create index deal_by_account on deal (account) where account is not null;

-- What is allocated comes last: of two payments under one id it is what holds (`facts_codec.unpack`).
create view paid_deal as
select deal_id, version, close_date, owner, sharers,
    case when allocated is null then facts else left(facts, -1) || ',' || substr(allocated, 2) end as facts,
    credits, uncredited, account
from deal;
comment on view paid_deal is 'deals with what is allocated to them among their facts';
"""

ACCOUNT_PAYMENTS = """
create table account_payment (
    payment_id text primary key,
    account text, -- null where it was taken back as if it never were
    facts text not null, -- packed (facts_codec)
    unallocated bigint -- minor units that no deal takes; below zero where more was taken back than was given
);
create index account_payment_by_account on account_payment (account);
create index account_payment_left on account_payment (payment_id) where unallocated is not null;
"""
