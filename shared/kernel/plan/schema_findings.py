"""What a validator says of a plan file, in plain words, each at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from shared.contracts.base import PERIOD
from shared.kernel.components import KINDS
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.findings import Finding, Flaws, Path, did_you_mean, nearest
from shared.kernel.language.measures import Measure
from shared.kernel.language.values import PlanPart
from shared.kernel.plan.version import Plan
from shared.kernel.plan.yaml_slips import mend_of_field

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a date like 2025-01-31",
    "date_parsing": "a date like 2025-01-31",
    "date_from_datetime_parsing": "a date like 2025-01-31",
    "date_from_datetime_inexact": "a date like 2025-01-31",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "fields with values",
    "model_type": "fields with values",
    "model_attributes_type": "fields with values",
}
COMPONENTS = "components"


def schema_findings(error: ValidationError, fields: Callable[[Path], set[str]] | None = None) -> list[Finding]:
    """The mistakes that a validator found; `fields` says which fields there are where an unknown one stands."""
    known = fields or _fields
    return [finding for mistake in mistakes_of(error, known) for finding in _findings(mistake, known)]


def mistakes_of(error: ValidationError, fields: Callable[[Path], set[str]]) -> list[Mapping[str, Any]]:
    """What a validator says, without what only follows from something else that it says."""
    mistakes = [mistake for mistake in error.errors(include_url=False) if not _only_follows(mistake)]
    # What is misspelt is there, and not missing besides.
    meant = {
        (*path[:-1], nearest(str(path[-1]), fields(path)))
        for path in (mistake["loc"] for mistake in mistakes if mistake["type"] == "extra_forbidden")
    }
    return [mistake for mistake in mistakes if mistake["type"] != "missing" or mistake["loc"] not in meant]


def _only_follows(mistake: Mapping[str, Any]) -> bool:
    """Whether a validator counts what is left of a list after it took out the entries that are wrong."""
    kept, wanted = mistake["input"], mistake.get("ctx", {}).get("min_length")
    return mistake["type"] == "too_short" and isinstance(kept, list | tuple | dict) and len(kept) >= wanted


def _findings(mistake: Mapping[str, Any], fields: Callable[[Path], set[str]]) -> Iterator[Finding]:
    cause, path = mistake.get("ctx", {}).get("error"), mistake["loc"]
    # Findings that travelled through pydantic as a ValueError keep their own code and place; the path so far is put
    # before it.
    if isinstance(cause, Flaws):
        yield from (finding.under(*path) for finding in cause.findings)
        return
    place, code, message, mend = _in_plain_words(mistake, path, fields=fields)
    yield Finding(code=code, severity="error", path=place, message=message, mend=mend)


def _in_plain_words(
    mistake: Mapping[str, Any], path: Path, *, fields: Callable[[Path], set[str]]
) -> tuple[Path, str, str, str]:
    """The place of a validator's mistake, its code, what is wrong, and how to mend it."""
    kind, context, given = mistake["type"], mistake.get("ctx", {}), _given(mistake)
    match kind:
        case "missing":
            return path[:-1], "P101", f"{path[-1]} is missing", f"add `{path[-1]}: …`"
        case "union_tag_not_found":
            field = _tag_field(context)
            if word := nearest(field, [name for name in mistake["input"] if isinstance(name, str)]):
                return (*path, word), "P102", f"there is no field {word} here", f"did you mean {field}?"
            mend = f"the kinds are {', '.join(sorted(KINDS))}" if field == "kind" else f"add `{field}: …`"
            return path, "P101", f"{field} is missing", mend
        case "extra_forbidden":
            mend = mend_of_field(path[-1], mistake["input"]) or did_you_mean(str(path[-1]), fields(path), what="fields")
            return path, "P102", f"there is no field {path[-1]} here", mend
        case "literal_error" | "enum":
            words = [str(word).strip("'") for word in _words(context.get("expected", ""))]
            return path, "P103", f"{given} is none of {', '.join(words)}", did_you_mean(given, words, what="words")
        case "union_tag_invalid":
            field, tag = _tag_field(context), str(context["tag"])
            words = _words(context["expected_tags"].replace("'", ""))
            what = f"there is no kind {tag}" if field == "kind" else f"{tag} is none of {', '.join(words)}"
            mend = did_you_mean(tag, words, what="kinds" if field == "kind" else "words")
            return (*path, field), "P104", what, mend
        case "string_pattern_mismatch" if context["pattern"] == PERIOD:
            return path, "P106", f"{given} is no month", "write a month as 2025-03"
        case "string_pattern_mismatch":
            return path, "P106", f"{given} is not a name of this form", _form(path)
        case "invalid_key":
            mend = mend_of_field(mistake["input"], None) or "write the name of a field before the colon"
            return path, "P105", f"{mistake['input']} is not the name of a field", mend
        case "too_short" | "string_too_short":
            return path, "P105", "it is empty", "say at least one"
        case "string_too_long":
            return path, "P105", f"it is longer than {context['max_length']} characters", "shorten it"
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            [(name, bound)] = ((name, context[name]) for name in ("ge", "le", "gt", "lt") if name in context)
            # In the unit that was written: 150% is at most 100%, and not at most 1.
            said = f"{Decimal(str(bound)) * 100:f}%" if given.endswith("%") else str(bound)
            return path, "P105", f"{given} must be {_SIDES[name]} {said}", ""
        case _ if kind in _WANTED:
            mend = f"write {_WANTED[kind]}"
            if kind == "string_type" and not isinstance(mistake["input"], dict | list | tuple | None):
                mend = f'put it in quotes: "{given}"'
            if needed := _needed(context.get("class_name")):
                mend = f"write {{{', '.join(f'{name}: …' for name in needed)}}}"
            return path, "P105", f"{given} is not {_WANTED[kind]}", mend
    return path, "P107", mistake["msg"].removeprefix("Value error, "), ""


_SIDES: Final = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}


def _tag_field(context: Mapping[str, Any]) -> str:
    """The field that says which of several alternatives is meant."""
    name = str(context["discriminator"]).strip("'")
    return name if name.isidentifier() else "kind"


def _fields(path: Path) -> set[str]:
    """The fields where an unknown one stands; those of all parts of plans, where the place is deeper than is worth
    knowing."""
    known: dict[str, type[BaseModel]] = {"credits": CreditingRule, "measures": Measure, "conventions": Conventions}
    if len(path) == 1:
        return set(Plan.model_fields)
    if path[0] == COMPONENTS and len(path) == 4:
        return set(KINDS[str(path[2])].model_fields)
    if path[0] in known and len(path) <= 3:
        return set(known[str(path[0])].model_fields)
    # A wrong hint is worse than a wide one: so deep in a component the nearest of all known fields is offered.
    return {name for part in _parts(PlanPart) for name in part.model_fields}


def _parts(part: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for inner in part.__subclasses__():
        yield inner
        yield from _parts(inner)


def _needed(part: str | None) -> list[str]:
    """The fields that a part of plans, by the name of its class, cannot be without."""
    named = next((known for known in _parts(PlanPart) if known.__name__ == part), None)
    return [] if named is None else [name for name, field in named.model_fields.items() if field.is_required()]


def _given(mistake: Mapping[str, Any]) -> str:
    value = mistake["input"]
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a group of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _words(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _form(path: Path) -> str:
    if path and path[-1] == "currency":
        return "a currency is a code of three capital letters, such as USD"
    if path == ("plan",):
        return "letters, digits and . _ : @ / + -, beginning with a letter or digit"
    return "lower case letters, digits and _, beginning with a letter"
