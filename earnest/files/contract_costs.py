"""A file of contract costs and events, and the policy beside it: CSV, XLSX, Parquet, YAML or JSON, accounted for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from earnest.files.cells import BadCell, Row, refusing
from earnest.files.cost_cells import ALIASES, COLUMNS, canonical, column_of, cost_event, cost_line, is_event
from earnest.files.rejections import FileError, Rejection, rejected
from earnest.files.rows import ROW, read_rows
from shared.contract_costs.account import PolicyAt, account_for
from shared.contract_costs.facts import CostEvent, CostLine
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.schedule import ContractCostBooks
from shared.limits import TextLoader, TooMuch, load_yaml, load_yaml_documents

YAML_SUFFIXES = (".yaml", ".yml", ".json")
DEFAULT: dict[str, Any] = {"kind": "contract_costs", "id": "default", "valid_from": date(1900, 1, 1)}
PLACES = ("lines", "contracts", "costs")
"""Where a YAML file may have its costs; what happens to contracts is under `events`, or under `events` of a contract.
"""


@dataclass(frozen=True, slots=True)
class CostFile:
    """What a file says, what of it was not used (`REJECTED`), and notes for whoever wrote it."""

    books: ContractCostBooks
    rejected: pl.DataFrame
    notes: list[str]


def read_costs(path: Path, policy: Path | None) -> CostFile:
    """Read and account for a file of contract costs.

    Raises:
        FileError: a file cannot be read, or the policy is none.
    """
    rows, refused, notes, inside = _yaml(path) if path.suffix.lower() in YAML_SUFFIXES else _table(path)
    policies = read_policies(policy) if policy else _policies(path, [inside or {}])
    lines, events = list[CostLine](), list[CostEvent]()
    counts: Counter[str] = Counter()
    currencies: dict[str, set[str]] = defaultdict(set)
    # Costs first, wherever in the file they stand: an event without a currency takes that of its contract's costs.
    for number, row in rows:
        if not is_event(row):
            with refusing(refused, path.name, row=number, name=row.get("contract_id")):
                # Counted whether or not the row is used: mending one row changes the made-up id of no other.
                counts[row.get("contract_id") or ""] += 1
                line = cost_line(row, counts[row.get("contract_id") or ""], source=f"row {number}")
                first = policies[0].valid_from
                if line.recognised < first:
                    raise BadCell(f"date: no policy is in force on {line.recognised}; the first is from {first}")
                lines.append(line)
                currencies[line.contract_id].add(line.currency)
    for number, row in rows:
        if is_event(row):
            with refusing(refused, path.name, row=number, name=row.get("contract_id")):
                known = sorted(currencies.get(row.get("contract_id") or "", ()))
                events.append(cost_event(row, known, source=f"row {number}"))
    books = account_for(lines, events, policy_at=_in_force(policies))
    for refusal in books.refused:
        refused.append(
            (path.name, int(refusal.source.removeprefix("row ")), refusal.id, refusal.reason, refusal.message)
        )
    return CostFile(books, rejected(refused).sort("row"), notes)


def read_policies(path: Path) -> list[ContractCosts]:
    """The policies of a YAML or JSON file, one document each, by the date from which they hold.

    Raises:
        FileError: it cannot be read, or holds something else.
    """
    try:
        documents = load_yaml_documents(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, TooMuch, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {_first_line(error)}") from None
    return _policies(path, documents)


def _policies(path: Path, documents: Sequence[Any]) -> list[ContractCosts]:
    policies = []
    for document in documents:
        if not isinstance(document, dict):
            raise FileError(f"{path}: a policy is a mapping of settings; see docs/contract-costs.md")
        try:
            policies.append(ContractCosts.of(DEFAULT | document))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise FileError(f"{path}: {place or 'policy'}: {first['msg'].removeprefix('Value error, ')}") from None
    return sorted(policies, key=lambda policy: policy.valid_from)


def _in_force(policies: Sequence[ContractCosts]) -> PolicyAt:
    def at(day: date) -> ContractCosts:
        return next((policy for policy in reversed(policies) if policy.valid_from <= day), policies[0])

    return at


Read = tuple[list[tuple[int, Row]], list[Rejection], list[str], dict[str, Any] | None]


def _table(path: Path) -> Read:
    read = read_rows(path, path.name, required=(), used=lambda name: column_of(name) in COLUMNS)
    names = [name for name in read.frame.columns if name != ROW]
    known = set(map(column_of, names))
    for name, shown in (("contract_id", "contract_id"), ("date", "date (or signed_date)"), ("amount", "amount")):
        if name not in known:
            raise FileError(f"{path}: there is no column {shown}; its columns are {', '.join(names)}")
    refused = list(read.rejected.iter_rows())
    rows: list[tuple[int, Row]] = []
    for row in read.frame.iter_rows(named=True):
        _add(path, row[ROW], cells={name.lower(): row[name] for name in names}, rows=rows, refused=refused)
    unused = sorted(name for name in names if column_of(name) not in COLUMNS)
    return rows, refused, _notes(unused), None


def _add(path: Path, number: int, *, cells: Row, rows: list[tuple[int, Row]], refused: list[Rejection]) -> None:
    with refusing(refused, path.name, row=number, name=cells.get("contract_id")):
        rows.append((number, canonical(cells)))


def _notes(unused: Sequence[str]) -> list[str]:
    return [f"columns not used: {', '.join(unused)}"] if unused else []


def _yaml(path: Path) -> Read:
    """A YAML file; every scalar is read as the text it is, so that no amount becomes binary."""
    try:
        text = path.read_text(encoding="utf-8")
        # Read twice: costs as the texts that are written, in which 0.10 stays 0.10; the policy with its types, as
        # policy files are.
        exact = load_yaml(text, TextLoader)
        typed = load_yaml(text)
    except (OSError, yaml.YAMLError, TooMuch, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {_first_line(error)}") from None
    if not isinstance(exact, dict):
        raise FileError(f"{path}: the file must have lines (costs), and may have events and policy")
    if unknown := sorted(exact.keys() - {*PLACES, "events", "policy"}):
        raise FileError(f"{path}: {', '.join(unknown)}: not known here; there may be lines, events and policy")
    rows: list[tuple[int, Row]] = []
    refused: list[Rejection] = []
    unused: set[str] = set()
    for number, item in enumerate(_items(path, exact), 1):
        cells = {key: str(value).strip() or None for key, value in item.items()}
        unused |= {key for key in cells if ALIASES.get(key, key) not in COLUMNS}
        _add(path, number, cells=cells, rows=rows, refused=refused)
    return rows, refused, _notes(sorted(unused)), typed.get("policy")


def _items(path: Path, document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place in (*PLACES, "events"):
        items = document.get(place) or []
        if not isinstance(items, list):
            raise FileError(f"{path}: {place} must be a list")
        for number, item in enumerate(items, 1):
            if not isinstance(item, dict):
                raise FileError(f"{path}: {place}, item {number}: it must be a mapping of fields")
            inner = item.pop("events", None) or []
            yield item
            shared = {"contract_id": item.get("contract_id", "")}
            yield from (shared | event for event in inner if isinstance(event, dict))


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}: " if mark is not None else ""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return place + (getattr(error, "problem", None) or str(error).splitlines()[0])
