"""What a program can run: the definitions that its entry reaches by name, in the modules that it imports.

No call is left out; some are there that cannot happen, because the name of a method stands for that of every class that
the program names. What is found is near to what is so.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OURS = ("shared", "functions", "operations")
type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A function, a method with its class, or a constant of a module."""

    module: str
    name: str
    owner: str | None
    node: ast.AST


@cache
def tree(module: str) -> ast.Module | None:
    """Return the parsed module, if it is one of ours."""
    path = ROOT / module.replace(".", "/")
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if module.partition(".")[0] in OURS and file.is_file():
            return ast.parse(file.read_text(encoding="utf-8"))
    return None


def imported(module: str) -> set[str]:
    """Return our modules that this one imports, and those that they import, and so on."""
    found, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        parsed = tree(name)
        if parsed is None or name in found:
            continue
        found.add(name)
        for node in _at_runtime(parsed):
            if isinstance(node, ast.Import):
                waiting += [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return found


def _at_runtime(parsed: ast.AST) -> Iterator[ast.AST]:
    """Walk a module without what stands under TYPE_CHECKING."""
    for node in ast.iter_child_nodes(parsed):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _at_runtime(node)


def _definitions(module: str) -> Iterator[Definition]:
    parsed = tree(module)
    for node in parsed.body if parsed else ():
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Definition(module, node.name, None, node)
            case ast.ClassDef():
                for part in node.body:
                    name = part.name if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) else node.name
                    yield Definition(module, name, node.name, part)
                for base in (*node.bases, *node.decorator_list):
                    yield Definition(module, node.name, node.name, base)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name) and node.value is not None:
                        yield Definition(module, target.id, None, node.value)
            case ast.Expr():
                yield Definition(module, "", None, node)  # runs when the module is imported


@cache
def aliases(module: str) -> dict[str, tuple[str, str]]:
    """Return what each imported name stands for: a module with an empty name, or a module and a name in it."""
    found: dict[str, tuple[str, str]] = {}
    for node in _at_runtime(tree(module) or ast.Module([], [])):
        if isinstance(node, ast.Import):
            found |= {one.asname or one.name.partition(".")[0]: (one.name, "") for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                whole = f"{node.module}.{one.name}"
                found[one.asname or one.name] = (whole, "") if tree(whole) else (node.module, one.name)
    return found


type Reference = tuple[str, str]
"""A module and a name of its own; or an empty module and the name of a method, of any class."""


def references(module: str, node: ast.AST) -> set[Reference]:
    """Return every definition that the code may refer to, annotations apart."""
    found = set[Reference]()
    known = aliases(module)
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if known.get(name, ("", "x"))[1] == "":
            return {(known[name][0], attr)}
        case ast.Attribute(attr=attr):
            found.add(("", attr))
        case ast.Name(id=name):
            found.add(known.get(name, (module, name)))
        case _:
            pass
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                found |= references(module, child)
    return found


def reachable(module: str, *entries: Reference) -> set[Definition]:
    """Return what can run once these are called; without any, all of the first module."""
    known = [definition for name in sorted(imported(module)) for definition in _definitions(name)]
    found = {
        one
        for one in known
        if not one.name or (one.module, one.name) in entries or (not entries and one.module == module)
    }
    named = set[Reference]().union(*(references(one.module, one.node) for one in found))
    while True:
        new = {one for one in known if one not in found and _is_named(one, named)}
        if not new:
            return found
        found |= new
        named |= set[Reference]().union(*(references(one.module, one.node) for one in new))


def _is_named(one: Definition, named: set[Reference]) -> bool:
    if one.owner is None:
        return (one.module, one.name) in named
    special = one.name.startswith("__") or one.name == one.owner
    return (one.module, one.owner) in named and (special or ("", one.name) in named)
