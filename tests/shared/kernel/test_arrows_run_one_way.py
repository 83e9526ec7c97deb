"""The kernel's rooms import what stands above them in its page (`shared/kernel/README.md`), at the top of a file, and
nothing goes round.
"""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

KERNEL = Path(__file__).resolve().parents[3] / "shared" / "kernel"
ORDER = (
    ("arithmetic",),
    ("language", "tables", "reasons"),
    ("calendar", "roster"),
    ("components",),
    ("plan",),
    ("crediting", "evaluation"),
    ("credit", "measure"),
    ("pay_of_others", "segments"),
    ("earn",),
    ("explain", "idle_months", "scenarios"),
    ("checks", "remarks"),
)
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
FILES = {
    ".".join(path.relative_to(KERNEL).with_suffix("").parts).removesuffix(".__init__"): path
    for path in KERNEL.rglob("*.py")
    if path != KERNEL / "__init__.py"
}


def imports(path: Path) -> set[str]:
    """The modules of the kernel that a file imports, as names within it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared.kernel."):
            module = str(node.module).removeprefix("shared.kernel.")
            found |= {name if (name := f"{module}.{each.name}") in FILES else module for each in node.names}
    return found


def test_every_room_has_its_place() -> None:
    assert {name.partition(".")[0] for name in FILES} == set(LEVEL)


def test_a_room_imports_only_what_stands_above_it() -> None:
    upward = [
        f"{name} imports {other}"
        for name, path in FILES.items()
        for other in imports(path)
        if (room := name.partition(".")[0]) != (of := other.partition(".")[0]) and LEVEL[of] >= LEVEL[room]
    ]
    assert upward == []


def test_no_file_goes_round_through_others() -> None:
    TopologicalSorter({name: imports(path) - {name} for name, path in FILES.items()}).prepare()


def test_nothing_is_imported_inside_a_function_or_for_types_only() -> None:
    hidden = [
        f"{name}:{node.lineno}"
        for name, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom | ast.Import) and node.col_offset
    ]
    assert hidden == []
