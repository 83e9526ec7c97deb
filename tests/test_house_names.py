"""The rules of the house for names: definitions and calls say what the third argument is, so that two cannot be mixed
up.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("shared", "services", "earnest")
MOST_BY_POSITION = 2
MOST_IN_A_CALL = 4
STILL_OURS = {
    "abstractmethod",
    "cache",
    "classmethod",
    "contextmanager",
    "lru_cache",
    "overload",
    "override",
    "property",
    "staticmethod",
}
"""Decorators after which we call the function ourselves. Any other hands it to a framework, which calls it in its own
way.
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, ast.Module]:
    """The modules of the product by path, without migrations."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    ours = [name for name in names if name.startswith(PRODUCT) and "/migrations/" not in name]
    found = {name: ast.parse((ROOT / name).read_text()) for name in ours if (ROOT / name).is_file()}
    assert found, "the rules look at nothing"
    return found


def last_name(node: ast.expr) -> str:
    """Of a reference, or of what is called: `get` of `app.get(path)`."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def of_the_product(tree: ast.Module) -> set[str]:
    """What a module defines, or imports from the product."""
    named = {node.name for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PRODUCT):
            named |= {each.asname or each.name for each in node.names}
    return named


def handed_on(tree: ast.Module) -> Iterator[str]:
    """Functions that are values and not called on the spot: a callback is called by position, as `Callable[[A, B, C],
    D]` says.

    A method by its last name, with a dot before it: nothing tells whose method it is.
    """
    known = of_the_product(tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.discard(node.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in called and node.id in known:
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            module = isinstance(node.value, ast.Name) and node.value.id in known
            yield node.attr if module else f".{node.attr}"


def functions(tree: ast.Module) -> Iterator[tuple[Function, list[ast.arg], str]]:
    """Every function, what it takes by position beside `self` and `cls`, and its name, of a method with a dot before
    it.
    """
    methods = {id(each) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
    for node in ast.walk(tree):
        if isinstance(node, Function):
            method = id(node) in methods
            bound = method and "staticmethod" not in map(last_name, node.decorator_list)
            yield node, [*node.args.posonlyargs, *node.args.args][bound:], f".{node.name}" if method else node.name


def called_by_others(function: Function, taken: list[ast.arg]) -> bool:
    """Whether a framework or the language decides how it is called."""
    special = function.name.startswith("__") and function.name.endswith("__") and function.name != "__init__"
    injected = any(each.annotation is not None and "Annotated[" in ast.unparse(each.annotation) for each in taken)
    framework = set(map(last_name, function.decorator_list)) - STILL_OURS
    return special or injected or bool(framework)


def test_a_function_takes_two_arguments_by_position_and_the_rest_by_name() -> None:
    trees = modules()
    callbacks = {name for tree in trees.values() for name in handed_on(tree)}
    offenders = [
        f"{path}:{function.lineno} {function.name}"
        for path, tree in trees.items()
        for function, taken, name in functions(tree)
        if len(taken) > MOST_BY_POSITION and name not in callbacks and not called_by_others(function, taken)
    ]
    assert offenders == []


def test_a_call_of_our_own_passes_no_five_arguments_by_position() -> None:
    """Of our own is what a module defines or imports from the product, unless it takes any number (`*values`)."""
    trees = modules()
    variadic = {each.name for tree in trees.values() for each, _, _ in functions(tree) if each.args.vararg is not None}

    def of_ours(call: ast.Call, known: set[str]) -> bool:
        """By its own name, or as `module.function` and `self.method`."""
        target = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        root = target.id if isinstance(target, ast.Name) else ""
        return root in known or (root == "self" and isinstance(call.func, ast.Attribute))

    offenders = []
    for path, tree in trees.items():
        known = of_the_product(tree)
        offenders += [
            f"{path}:{node.lineno} {ast.unparse(node.func)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and len(node.args) > MOST_IN_A_CALL
            and last_name(node.func) not in variadic
            and of_ours(node, known)
        ]
    assert offenders == []


def test_no_slice_is_spread_over_arguments() -> None:
    """`Journal(id, *place[1:])` says of nothing what it is, and another field in the middle moves all that follow."""
    offenders = [
        f"{path}:{node.lineno} {ast.unparse(each)}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for each in node.args
        if isinstance(each, ast.Starred)
        and isinstance(each.value, ast.Subscript)
        and isinstance(each.value.slice, ast.Slice)
    ]
    assert offenders == []
