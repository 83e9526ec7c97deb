"""The kinds of policies: the model of each is found in the package of its field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, get_args

from shared.pay.policy import Policy

PLACES: Final = (
    "shared.pay.calendars.policy",
    "shared.pay.terms.policy",
    "shared.contract_costs.policy",
    "services.payout.delivery.policy",
    "shared.pay.approval",
    "services.payout.payroll.policy",
    "services.payout.gl.policy",
)
"""The modules that hold models of policies. Each names its kind in the literal type of its field `kind`."""


class NoSuchKind(LookupError):
    """There is no kind of policy of this name."""

    def __init__(self, kind: object, known: Mapping[str, type[Policy]]) -> None:
        super().__init__(f"there is no kind of policy {kind!r}; the kinds are {', '.join(known)}")
        self.kind, self.known = kind, tuple(known)


@cache
def kinds() -> Mapping[str, type[Policy]]:
    """The model of every kind, in the order of the kinds' names."""
    models = [model for place in PLACES for model in _models(place)]
    return MappingProxyType(dict(sorted((_kind_of(model), model) for model in models)))


def model_of(kind: object) -> type[Policy]:
    """The model of a kind.

    Raises:
        NoSuchKind: there is none.
    """
    known = kinds()
    model = known.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise NoSuchKind(kind, known)
    return model


def policy_of(data: Mapping[str, Any]) -> Policy:
    """The policy in data that names its kind.

    Raises:
        NoSuchKind: there is no such kind.
        pydantic.ValidationError: the data is no such policy.
    """
    return model_of(data.get("kind")).of(data)


def _models(module: str) -> list[type[Policy]]:
    """The models that a module defines; none where the module is not there."""
    package = find_spec(module.rpartition(".")[0])
    if package is None or package.submodule_search_locations is None or find_spec(module) is None:
        return []
    found = vars(import_module(module)).items()
    return [
        each
        for name, each in found
        if not name.startswith("_")
        and isinstance(each, type)
        and issubclass(each, Policy)
        and each is not Policy
        and each.__module__ == module
    ]


def _kind_of(model: type[Policy]) -> str:
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)
