"""Who may reach whom: a rule looks at everything that a module leads to, not only at what it imports itself.

Docs: docs/architecture.md. A rule that stands in the way of better code is changed here, in the open.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOPS = ("shared", "services", "earnest")
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").exists())
OUTSIDE = frozenset({"fastapi", "starlette", "uvicorn", "httpx", "kafka", "sqlalchemy", "psycopg", "alembic"})
"""Web, broker, database: what is pure reaches none of them."""
PURE = (
    "shared.calendars",
    "shared.kernel",
    "shared.pay",
    "shared.contract_costs",
    "shared.explanation",
    "shared.contracts",
    "shared.drift",
)
EDGE = re.compile(
    r"__main__|app|deps|routes|schemas|service|store(_\w+)?|tables|verify|operations|replay|worker|\w+_client|migrations"
)
"""The rooms of a service that work with the world; `schemas` shows rows as they were read. Every other module is its
domain, and pure.
"""
BESIDE_THE_EDGE: Mapping[str, str] = {
    "services.alerts.evaluation.evaluator": "the loop that evaluates: hands the present instant and a connection to what is pure",
    "services.alerts.evaluation.pipeline_health": "asks the store how far workers are",
    "services.ingest.intake": "takes a request through threads and the log",
    "services.scoring.quarantine.crash_guard": "notes in transactions of its own what a process begins",
}
FACES = {
    f"services.{service}.{room}"
    for service in SERVICES
    for room in ("verify", "operations", "of_facts", "replay", "__main__")
}


@cache
def modules() -> Mapping[str, Path]:
    """Every module of the product by its dotted name; a package by the name of its folder."""
    files = [path for top in TOPS for path in (ROOT / top).rglob("*.py") if "__pycache__" not in path.parts]
    return {module_name(path): path for path in files}


def module_name(path: Path) -> str:
    """The dotted name of a file of the product."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports as it is loaded or as its functions run, by full names; not what only types are checked with."""
    found: set[str] = set()
    for node in _running(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else node.module for name in full}
    return frozenset(found - {module})


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)


@cache
def reached(module: str) -> Mapping[str, str]:
    """Everything of ours that a module leads to, each with the one it is reached by. Whoever loads a module loads its packages too."""
    by: dict[str, str] = {module: ""}
    waiting = [module]
    while waiting:
        here = waiting.pop()
        for there in imports(here):
            for name in _with_packages(there):
                if name in modules() and name not in by:
                    by[name] = here
                    waiting.append(name)
    return by


def _with_packages(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def leads_outside(module: str) -> str | None:
    """The way from a module to the web, a broker or a database; None where there is none."""
    by = reached(module)
    for there in by:
        outside = {name.partition(".")[0] for name in imports(there)} & OUTSIDE
        if outside:
            way = [there]
            while by[way[-1]]:
                way.append(by[way[-1]])
            return " -> ".join([*reversed(way), *sorted(outside)])
    return None


def is_domain(module: str) -> bool:
    """Whether a module of a service decides something, rather than reading, writing, serving or wiring."""
    parts = module.split(".")
    return parts[0] == "services" and len(parts) > 2 and not any(EDGE.fullmatch(part) for part in parts[2:])


def offenders(ways: Iterable[str | None]) -> list[str]:
    return sorted(way for way in ways if way)


def test_pure_packages_reach_no_web_no_broker_and_no_database() -> None:
    pure = [module for module in modules() if module.startswith(PURE)]
    assert pure
    assert offenders(map(leads_outside, pure)) == []


def test_the_domain_of_a_service_reaches_no_web_no_broker_and_no_database() -> None:
    domain = [module for module in modules() if is_domain(module) and module not in BESIDE_THE_EDGE]
    assert domain
    assert offenders(map(leads_outside, domain)) == []
    assert [module for module in BESIDE_THE_EDGE if not is_domain(module) or not leads_outside(module)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_package_of_a_service_imports_one_that_imports_it(service: str) -> None:
    root = f"services.{service}"
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        if module.startswith(f"{root}."):
            inside = {name for name in imports(module) if name.startswith(f"{root}.")}
            arrows[module.split(".")[2]] |= {name.split(".")[2] for name in inside}
    both = {(one, other) for one in arrows for other in arrows[one] if one < other and one in arrows.get(other, ())}
    assert both == set()


def test_modules_import_each_other_in_no_circle() -> None:
    """Also through others, and also by imports inside functions, which only hide a circle."""
    graph = {module: {name for name in imports(module) if name in modules()} for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_front_door_knows_services_by_their_faces() -> None:
    """A face is what a package's `__init__.py` exports, or the module by which a service is proved or started."""
    inside = {
        f"{module} -> {name}"
        for module in modules()
        if module.startswith("earnest")
        for name in imports(module)
        if name.startswith("services.") and name not in FACES and modules().get(name, ROOT).name != "__init__.py"
    }
    assert sorted(inside) == []
