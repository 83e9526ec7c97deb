"""The rules of the house that a machine can check: who may import whom (more of it in `test_architecture`), exact
money, now as an input, short and clean files.

A rule that stands in the way of better code is changed here, in the open.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import prometheus_client
import pytest

from shared import metrics
from shared.logins import LOGINS, OWNER
from tests.test_architecture import BESIDE_THE_EDGE, is_domain, module_name

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 350
SESSIONS = "tests/shared/log/suite.py"
"""It says that something comes before the session of a silent member has ended, which is a duration."""
WIRES = {"fastapi", "starlette", "uvicorn", "httpx", "kafka", "sqlalchemy", "psycopg", "alembic"}
STATEMENTS = {"select", "insert", "update", "delete", "text", "func", "union_all", "exists"}
WORLD = {
    "os",
    "io",
    "pathlib",
    "socket",
    "subprocess",
    "threading",
    "tempfile",
    "shutil",
    "asyncio",
    "urllib",
    "logging",
}
CHANCE = {"time", "random", "secrets"}
CLOCKS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom"}


class Import(NamedTuple):
    """What a file imports: a module, and a name from it or an empty string."""

    module: str
    name: str

    @property
    def top(self) -> str:
        """The package at the root."""
        return self.module.partition(".")[0]


def tracked() -> list[Path]:
    """The text files of the repository, those that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def sources(*folders: str) -> list[Path]:
    """The Python files of some folders or files."""
    wanted = [ROOT / folder for folder in folders]
    return [path for path in tracked() if path.suffix == ".py" and any(path.is_relative_to(place) for place in wanted)]


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (Import(node.module or "", alias.name) for alias in node.names)


def domain() -> list[Path]:
    """The modules in which pay is decided: the kernel, the values they share, and the services' domains."""
    values = sources(
        "shared/calendars",
        "shared/kernel",
        "shared/pay",
        "shared/contract_costs",
        "shared/contracts",
        "shared/money.py",
        "shared/facts.py",
        "shared/periods.py",
    )
    return values + [
        path
        for path in sources("services")
        if is_domain(module_name(path)) and module_name(path) not in BESIDE_THE_EDGE
    ]


def offenders(paths: list[Path], offends: Callable[[Path], object]) -> list[str]:
    """The files that break a rule, and how."""
    assert paths, "the rule looks at nothing"
    return [f"{path.relative_to(ROOT)}: {found}" for path in paths if (found := offends(path))]


def test_a_service_imports_shared_and_never_another_service_or_the_front_door() -> None:
    def foreign(path: Path) -> list[str]:
        own = f"services.{path.relative_to(ROOT / 'services').parts[0]}"
        ours = (item.module for item in imports(path) if item.top in {"services", "earnest", "tests"})
        return [module for module in ours if module != own and not module.startswith(f"{own}.")]

    assert offenders(sources("services"), foreign) == []


def test_shared_imports_no_service_and_not_the_front_door() -> None:
    assert (
        offenders(
            sources("shared"), lambda path: [item for item in imports(path) if item.top in {"services", "earnest"}]
        )
        == []
    )


def test_the_kernel_does_no_input_and_no_output() -> None:
    def worldly(path: Path) -> list[str]:
        outside = [
            item.module for item in imports(path) if item.top in WORLD | WIRES | {"structlog", "prometheus_client"}
        ]
        beyond = [
            item.module
            for item in imports(path)
            if item.top == "shared" and item.module.startswith(("shared.log", "shared.database"))
        ]
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Name) and node.id in {"open", "print"}
        ]
        return outside + beyond + [node.id for node in calls]

    assert offenders(sources("shared/kernel"), worldly) == []


def test_only_the_store_the_schema_and_the_migrations_of_a_service_contain_sql() -> None:
    def sql(path: Path) -> list[str]:
        return [item.name for item in imports(path) if item.top == "sqlalchemy" and item.name in STATEMENTS]

    elsewhere = [
        path
        for path in sources("services")
        if not {"store.py", "schema.py", "tables.py", "columns.py", "migrations", "store"} & set(path.parts)
        and not path.name.startswith("store_")
    ]
    assert offenders(elsewhere, sql) == []


def test_no_float_comes_near_money() -> None:
    def floats(path: Path) -> list[str]:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = [f"line {node.lineno}: float" for node in nodes if isinstance(node, ast.Name) and node.id == "float"]
        literals = [
            f"line {node.lineno}: {node.value}"
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, float)
        ]
        types = [
            f"line {node.lineno}: {node.attr}"
            for node in nodes
            if isinstance(node, ast.Attribute) and node.attr in {"Float32", "Float64"}
        ]
        return names + literals + types

    near = sources(
        "shared/money.py", "shared/facts.py", "shared/kernel", "shared/contracts", "services/payout", "services/scoring"
    )
    assert offenders(near, floats) == []


def test_tables_for_people_are_written_through_the_guard_against_formulas() -> None:
    unguarded = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("earnest", "services")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("write_csv", "write_excel")
    ]
    assert unguarded == []


def test_the_domain_reads_no_clock_and_draws_no_lots() -> None:
    def impure(path: Path) -> list[str]:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        clocks = [
            f"line {call.lineno}: {call.attr}"
            for call in calls
            if isinstance(call, ast.Attribute) and call.attr in CLOCKS
        ]
        return clocks + [item.module for item in imports(path) if item.top in CHANCE or item.name in CLOCKS]

    assert offenders(domain(), impure) == []


def test_metrics_are_made_in_the_catalogue_only() -> None:
    makers = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}

    def makes(path: Path) -> list[str]:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        made = {item.name for item in imports(path) if item.top == "prometheus_client"} & makers
        return [call.id for call in calls if isinstance(call, ast.Name) and call.id in made]

    others = [path for path in sources("services", "shared", "earnest") if path != ROOT / "shared" / "metrics.py"]
    assert offenders(others, makes) == []


def test_every_metric_that_is_named_anywhere_is_in_the_catalogue() -> None:
    known = {OWNER, *LOGINS}  # roles of the database are named like metrics
    for collector in vars(metrics).values():
        if isinstance(collector, prometheus_client.metrics.MetricWrapperBase):
            for metric in collector.describe():
                known |= {
                    metric.name,
                    *(f"{metric.name}_{end}" for end in ("total", "bucket", "sum", "count", "created")),
                }

    def unknown(path: Path) -> list[str]:
        return sorted(set(re.findall(r"\bearnest_[a-z0-9_]+\b", path.read_text())) - known)

    places = [ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana", ROOT / "docs", ROOT / "services"]
    inside = [path for path in tracked() if any(path.is_relative_to(place) for place in places)]
    files = [path for path in inside if path.suffix != ".png"]
    assert offenders(files, unknown) == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("work left for later", r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"),
        ("two sides of a merge", r"^(<{7}|>{7}) "),
        ("a path of one machine", r"(?<![\w.])/(wo" r"rk|ro" r"ot|Us" r"ers)/|/home/(?!appuser)\w"),
        (
            "a host of a package registry",
            r"pypi\."
            r"org|pythonhosted\."
            r"org|maven\."
            r"apache|npmjs\."
            r"(org|com)|golang\."
            r"org|deb\.debian\."
            r"org",
        ),
    ],
    ids=["work left for later", "two sides of a merge", "a path of one machine", "a host of a package registry"],
)
def test_no_tracked_file_holds(what: str, pattern: str) -> None:
    def lines(path: Path) -> list[str]:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            return []
        return [f"line {number}" for number, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)]

    assert offenders(tracked(), lines) == [], what


def test_files_are_short() -> None:
    code = [path for path in tracked() if path.suffix in {".py", ".sh", ".toml", ".yml"} or path.name == "Makefile"]
    assert offenders(code, lambda path: max(0, len(path.read_text().splitlines()) - LONGEST_FILE)) == []


def test_every_module_says_what_it_is_for() -> None:
    code = [path for path in sources("shared", "services", "earnest") if "migrations" not in path.parts]
    assert (
        offenders(code, lambda path: not ast.get_docstring(ast.parse(path.read_text())) and path.read_text().strip())
        == []
    )


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(path.name for path in sources("tests") if path.name != "conftest.py")
    assert [name for name, times in names.items() if times > 1] == []
    assert "__init__.py" not in names


def test_tests_wait_for_conditions_and_never_for_a_time() -> None:
    """One module reads a clock to wait (`tests/waiting.py`); a duration in a test holds on one machine and not on
    another.
    """

    def clocks(path: Path) -> list[str]:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        return [
            f"line {call.lineno}: {call.attr}"
            for call in calls
            if isinstance(call, ast.Attribute) and call.attr in {"monotonic", "perf_counter"}
        ]

    others = [path for path in sources("tests") if path not in {ROOT / "tests" / "waiting.py", ROOT / SESSIONS}]
    assert offenders(others, clocks) == []
