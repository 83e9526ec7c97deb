"""The HTTP interface of policies: publish a version, see which hold, and what a policy of a kind can say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Path, Query, Response
from pydantic import ValidationError
from sqlalchemy import Connection

from services.payout.deps import CallersDep, Deps, EarningsReader, TermsWriter
from services.payout.ledger import store_closings as closings
from services.payout.ledger.store_views import not_on_roster
from services.payout.policies import store
from services.payout.policies.kinds import NoSuchKind, model_of, policy_kinds, schema_of
from services.payout.policies.publishing import is_new
from services.payout.policies.references import check
from services.payout.policies.schemas import Kinds, Policies, PolicyHistory, Publication, Published, VersionView
from services.payout.roster.store import people
from shared.deps import EngineDep, SnapshotDep
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import POLICY_ID, Policy, Version, in_force
from shared.pay.terms.policy import Member, PaymentTerms, names_without_anybody
from shared.periods import Month
from shared.problems import NotFound, Unprocessable, field_errors

router = APIRouter(tags=["policies"])

Kind = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["pay_group"])]
Id = Annotated[str, Path(pattern=POLICY_ID, examples=["us-sales"])]
On = Annotated[date | None, Query(description="The version that holds on this day", examples=["2026-06-30"])]

_logger = structlog.get_logger(__name__)


@router.put(
    "/v1/policies/{kind}/{policy_id}",
    summary="Publish a version of a policy",
    responses={int(HTTPStatus.CREATED): {"description": "A new version", "model": Published}},
)
def publish_policy(
    who: TermsWriter,
    engine: EngineDep,
    deps: Deps,
    callers: CallersDep,
    kind: Kind,
    policy_id: Id,
    body: Publication,
    response: Response,
) -> Published:
    """Publish the next version of a policy. What the latest version says already is not published again.

    What it names has to be there: payroll profile, delivery, pay groups, plans, participants, legal entities, cost
    centers, roles of keys; unless the publication says that it is expected. Payment terms that name a participant, plan
    or pay group without anybody are published with a warning. A policy that rules pay cannot begin in a month that is
    closed for anybody whom it may apply to. Whoever publishes one has touched the pay of everyone it applies to, and
    cannot approve that pay.
    """
    policy = _policy(kind, policy_id, data=body.policy)
    with engine.begin() as connection:
        warnings = [slip.in_words for slip in policy.slips()]
        warnings += [] if body.expected else _warnings(connection, policy)
        # Months before policies: while a run closes one this waits, and who publishes for another group need not wait
        # with it.
        groups = _pay_groups_of(policy)
        _lock_months(connection, policy, groups=groups)
        store.lock(connection)
        before = store.versions(connection, type(policy), policy_id=policy_id)
        # A version for other people ends for them here, too: all that any of them is for has to be open.
        closed = _closed_through(connection, [groups, *(_pay_groups_of(version.policy) for version in before)])
        if not body.expected:
            check(policy.names(), store.referents(connection, deps.deals, roles=callers.approval_roles))
        if is_new(policy, before, closed_through=closed if policy.rules_pay else None):
            published = store.add(
                connection, policy, author=who.name, reason=body.reason, now=deps.now(), before=before
            )
            response.status_code = HTTPStatus.CREATED
        else:
            published = before[-1]
    if response.status_code == HTTPStatus.CREATED:
        _logger.info("policy.published", kind=kind, policy=policy_id, version=published.version, actor=who.name)
    return Published.whole(published, warnings=warnings)


@router.get("/v1/policies", summary="Policies, a version of each")
def list_policies(
    _: EarningsReader,
    snapshot: SnapshotDep,
    kind: Annotated[str | None, Query(description="Policies of this kind only")] = None,
    on: On = None,
) -> Policies:
    """Every policy, in its latest version or the one that holds on a day."""
    model = None if kind is None else _model(kind)
    with snapshot.connect() as connection:
        published = store.every(connection) if model is None else store.versions(connection, model)
    by_id: dict[tuple[str, str], list[Version[Policy]]] = {}
    for version in published:
        by_id.setdefault((version.policy.kind, version.policy.id), []).append(version)
    shown = (in_force(versions, on) if on is not None else versions[-1] for versions in by_id.values())
    return Policies(policies=[VersionView.of(version) for version in shown if version is not None])


@router.get("/v1/policies/{kind}/{policy_id}", summary="A policy and its versions")
def show_policy(
    _: EarningsReader,
    snapshot: SnapshotDep,
    kind: Kind,
    policy_id: Id,
    version: Annotated[int | None, Query(ge=1, lt=2**31, description="This version")] = None,
    on: On = None,
) -> PolicyHistory:
    """A policy: the latest version, or the one asked for; with the list of all versions."""
    model = _model(kind)
    with snapshot.connect() as connection:
        versions = store.versions(connection, model, policy_id=policy_id)
    chosen = in_force(versions, on) if on is not None else versions[-1] if versions else None
    if version is not None:
        numbered = next((known for known in versions if known.version == version), None)
        chosen = numbered if on is None or numbered is chosen else None
    if chosen is None:
        which = f" version {version}" if version is not None else f" in force on {on}" if on is not None else ""
        raise NotFound(f"there is no {kind} {policy_id}{which}")
    return PolicyHistory.whole(chosen, versions=[VersionView.of(known) for known in reversed(versions)])


@router.get("/v1/policy-kinds", summary="Kinds of policies")
def list_policy_kinds(_: EarningsReader) -> Kinds:
    """The kinds of policies."""
    return Kinds(kinds=list(policy_kinds()))


@router.get("/v1/policy-kinds/{kind}/schema", summary="JSON Schema of a kind of policies")
def show_policy_schema(_: EarningsReader, kind: Kind) -> dict[str, Any]:
    """The JSON Schema of policies of a kind, every field explained."""
    return schema_of(_model(kind))


def _policy(kind: str, policy_id: str, *, data: dict[str, Any]) -> Policy:
    """The policy that the body says."""
    model = _model(kind)
    for name, value in (("kind", kind), ("id", policy_id)):
        if data.get(name, value) != value:
            raise Unprocessable(f"the address says {name} {value}, and the policy says something else")
    try:
        return model.of(data | {"kind": kind, "id": policy_id})
    except TypeError as error:
        # JSON can be read that cannot be written: half characters, whole numbers of any length, lists of any depth.
        raise Unprocessable(f"a policy holds text, numbers, dates, lists and fields: {error}") from None
    except ValidationError as error:
        errors = field_errors(error)
        detail = "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in errors)
        raise Unprocessable(detail, errors=errors) from None


def _pay_groups_of(policy: Policy) -> tuple[str, ...]:
    """The pay groups outside of which a policy rules nobody's pay; empty where it may be anybody's."""
    if isinstance(policy, PayGroup):
        return (policy.id,)
    if isinstance(policy, PaymentTerms) and not (policy.applies_to.participants or policy.applies_to.plans):
        return policy.applies_to.pay_groups
    return ()


def _lock_months(connection: Connection, policy: Policy, *, groups: Sequence[str]) -> None:
    """Keep every month as open or closed as it is, for whom the policy may apply to, until the transaction ends."""
    if isinstance(policy, PayGroup):
        closings.lock_for_booking(connection, groups)
    else:
        closings.lock_all_for_booking(connection, groups)


def _closed_through(connection: Connection, ruled: Sequence[Sequence[str]]) -> Month | None:
    """The last month that any of the pay groups has closed for good; of all groups, where one of these is for
    anybody.
    """
    groups = {group for each in ruled for group in each} if all(ruled) else None
    closed = closings.last_closed(connection)
    return max((month for group, month in closed.items() if groups is None or group in groups), default=None)


def _warnings(connection: Connection, policy: Policy) -> list[str]:
    """Whom payment terms name, and nobody is from their first day on, as far as is known."""
    if not isinstance(policy, PaymentTerms):
        return []
    first = policy.valid_from
    everybody = people(connection) | people(connection, not_on_roster(connection))
    members = [
        Member(who, home.plan, home.pay_group)
        for who, person in everybody.items()
        for day in {first, *(setting.day for setting in person.settings() if setting.day > first)}
        if person.days_there(day, day) and (home := person.at(day))
    ]
    return [
        f"{reference.field}: nobody is {_BEING[reference.what]} {reference.name} from {first} on"
        for reference in names_without_anybody(policy, members)
    ]


_BEING: Final = {"participant": "there as", "plan": "on the plan", "pay_group": "in the pay group"}


def _model(kind: str) -> type[Policy]:
    try:
        return model_of(kind)
    except NoSuchKind as error:
        raise NotFound(str(error)) from None
