"""Which fields a document may have at a place: to offer the nearest where an unknown one stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from shared.kernel.language.findings import Path


def fields_at(model: type[BaseModel], path: Path) -> set[str]:
    """The fields of the parts of a document in which the last word of a validator's path stands."""
    places: list[Any] = [model]
    for part in path[:-1]:
        places = [inner for place in places for inner in _into(place, part)] or places
    return {name for place in places for kind in _models(place) for name in _names(kind)}


def _into(place: Any, part: str | int) -> Iterator[Any]:
    """Where a word of a path leads from a place. A word that names one of several alternatives leads to that one."""
    for model in _models(place):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                yield field.annotation
            elif part in get_args(field.annotation):
                yield model
    for kind in _alternatives(place):
        arguments = get_args(kind)
        if get_origin(kind) in (tuple, list, set, frozenset) and isinstance(part, int):
            yield arguments[0]
        elif get_origin(kind) in (dict, Mapping) and len(arguments) == 2:
            yield arguments[1]


def _models(place: Any) -> list[type[BaseModel]]:
    return [kind for kind in _alternatives(place) if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _alternatives(place: Any) -> list[Any]:
    if get_origin(place) is Annotated:
        return _alternatives(get_args(place)[0])
    if get_origin(place) in (Union, UnionType):
        return [kind for member in get_args(place) for kind in _alternatives(member)]
    return [place]


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
