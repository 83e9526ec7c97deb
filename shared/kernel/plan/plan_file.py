"""A plan from the text of its file, and its mistakes in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from shared.kernel.language.findings import Flaws, Path
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.kernel.plan.version import Plan


def read_plan(text: str, name: str) -> Plan:
    """The plan in the text of a file of that name.

    Raises:
        PlanFileError: the text is no plan; one line per mistake, naming where it is.
    """
    data = read_yaml(text)
    if not isinstance(data, dict):
        raise PlanFileError(f"{name}: a plan file is a mapping that begins with 'plan: <id>'")
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        raise PlanFileError("\n".join(f"{name}: {line}" for line in mistakes(error))) from None
    except RecursionError:
        raise PlanFileError(f"{name}: the file contains itself") from None


def mistakes(error: ValidationError) -> list[str]:
    """The mistakes of a plan in sentences: where, and what."""
    return [f"{'.'.join(str(part) for part in where) or 'plan'}: {what}" for where, what in _mistakes(error)]


def _mistakes(error: ValidationError) -> Iterator[tuple[Path, str]]:
    for mistake in error.errors():
        cause = mistake.get("ctx", {}).get("error")
        if isinstance(cause, Flaws):
            yield from ((mistake["loc"], finding.message) for finding in cause.findings)
        else:
            yield mistake["loc"], mistake["msg"].removeprefix("Value error, ")
