"""The HTTP interface of policies: publish a version, see which hold, and what a policy of a kind can say."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Response

from services.payout.deps import CallersDep, Deps, EarningsReader, SettingsReader, TermsWriter
from services.payout.policies import service, store
from services.payout.policies.kinds import NoSuchKind, model_of, policy_kinds, schema_of
from services.payout.policies.reading import read_policy
from services.payout.policies.references import check
from services.payout.policies.schemas import (
    Kinds,
    Policies,
    PolicyHistory,
    Proposed,
    Publication,
    Published,
    VersionView,
)
from shared.deps import EngineDep, SnapshotDep
from shared.pay.policy import POLICY_ID, Policy, Version, in_force
from shared.problems import NotFound

router = APIRouter(tags=["policies"])

Kind = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["pay_group"])]
Id = Annotated[str, Path(pattern=POLICY_ID, examples=["us-sales"])]
On = Annotated[date | None, Query(description="The version that holds on this day", examples=["2026-06-30"])]

_logger = structlog.get_logger(__name__)


@router.put(
    "/v1/policies/{kind}/{policy_id}",
    summary="Publish a version of a policy, or propose one that controls money",
    responses={
        int(HTTPStatus.CREATED): {"description": "A new version", "model": Published},
        int(HTTPStatus.ACCEPTED): {"description": "A change that somebody else approves", "model": Proposed},
    },
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
) -> Published | Proposed:
    """Publish the next version of a policy. What the latest version says already is not published again.

    A policy that controls money (approvals, pay groups, payroll profiles, deliveries) is proposed: it is published when
    somebody else approves the change that the answer names.

    What it names has to be there: payroll profile, delivery, pay groups, plans, participants, legal entities, cost
    centers, roles of keys; unless the publication says that it is expected. Payment terms that name a participant, plan
    or pay group without anybody are published with a warning. A policy that rules pay cannot begin in a month that is
    closed for anybody whom it may apply to. Whoever publishes one has touched the pay of everyone it applies to, and
    cannot approve that pay.
    """
    policy, slips = read_policy(kind, policy_id, data=body.policy, calculating=deps.calculating)
    with engine.begin() as connection:
        warnings = slips if body.expected else [*slips, *service.names_nobody(connection, policy)]
        found = service.look(connection, policy)
        if not body.expected:
            check(
                policy.names(), store.referents(connection, deps.deals, roles=callers.approval_roles, hosts=deps.hosts)
            )
        if not found.is_new:
            return Published.whole(found.before[-1], warnings=warnings)
        said: service.Said = {"author": who.name, "reason": body.reason, "now": deps.now()}
        if policy.controls_money:
            change = service.propose(connection, policy, expected=body.expected, **said)
            answer: Published | Proposed = Proposed.of(change, warnings=warnings)
            response.status_code = HTTPStatus.ACCEPTED
        else:
            published = store.add(connection, policy, before=found.before, **said)
            answer = Published.whole(published, warnings=warnings)
            response.status_code = HTTPStatus.CREATED
    _logger.info(
        f"policy.{'proposed' if policy.controls_money else 'published'}", policy=f"{kind}/{policy_id}", actor=who.name
    )
    return answer


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
def list_policy_kinds(_: SettingsReader) -> Kinds:
    """The kinds of policies."""
    return Kinds(kinds=list(policy_kinds()))


@router.get("/v1/policy-kinds/{kind}/schema", summary="JSON Schema of a kind of policies")
def show_policy_schema(_: SettingsReader, kind: Kind) -> dict[str, Any]:
    """The JSON Schema of policies of a kind, every field explained."""
    return schema_of(_model(kind))


def _model(kind: str) -> type[Policy]:
    try:
        return model_of(kind)
    except NoSuchKind as error:
        raise NotFound(str(error)) from None
