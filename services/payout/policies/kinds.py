"""The kinds of policies: the model of each is found in the package of its field. The face of this package gives them to
`earnest policy`, which checks files without a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, get_args

from shared.json_schema import json_schema
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
"""The modules that hold models of policies. Each names its kind in the literal type of its field `kind`.

By name and not imported above: payroll and the books have formats of their own in their policies, and read policies
themselves; so the arrow at import points from them to this package, and the models are looked up when somebody asks.
"""


class NoSuchKind(LookupError):
    """There is no kind of policy of this name."""

    def __init__(self, kind: object, known: Mapping[str, type[Policy]]) -> None:
        super().__init__(f"there is no kind of policy {kind!r}; the kinds are {', '.join(known)}")
        self.kind, self.known = kind, tuple(known)


@cache
def policy_kinds() -> Mapping[str, type[Policy]]:
    """The model of every kind, in the order of the kinds' names."""
    models = [model for place in PLACES for model in _models(place)]
    return MappingProxyType(dict(sorted((kind_of(model), model) for model in models)))


def model_of(kind: object) -> type[Policy]:
    """The model of a kind.

    Raises:
        NoSuchKind: there is none.
    """
    known = policy_kinds()
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


def kind_of(model: type[Policy]) -> str:
    """The kind that a model is of."""
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def schema_of(model: type[Policy]) -> dict[str, Any]:
    """The JSON Schema of a kind, for editors and for whoever writes policies by program; every field with its
    description.
    """
    return json_schema(model, f"Earnest {model.__name__}")


def _models(module: str) -> list[type[Policy]]:
    """The models that a module defines; none where the module is not there."""
    package = find_spec(module.rpartition(".")[0])
    if package is None or package.submodule_search_locations is None or find_spec(module) is None:
        return []
    public = (value for name, value in vars(import_module(module)).items() if not name.startswith("_"))
    classes = (value for value in public if isinstance(value, type) and value.__module__ == module)
    return [model for model in classes if issubclass(model, Policy) and model is not Policy]
