"""The floor of a cold start: a function that imports the third-party libraries of another, and does nothing."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack.deployed_code import LAYERS, RUNTIME, TASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OWN = ("functions", "shared")
_PATH = (TASK, *LAYERS, RUNTIME)


def unavoidable_imports(handler: str) -> Sequence[str]:
    """Return the modules of other people that the modules of this handler import, by the statements in them."""
    imported: set[str] = set()
    for source in _own_modules(handler):
        imported |= set(_third_party(ast.parse(source).body))
    return sorted(imported)


def write_floor(folder: Path, name: str, imports: Sequence[str]) -> str:
    """Write a module of these imports and a handler, and return its handler string."""
    lines = [*(f"import {module}" for module in imports), "def handler(event, context): return None", ""]
    (folder / f"{name}.py").write_text("\n".join(lines), encoding="utf-8")
    return f"{name}.handler"


def _own_modules(handler: str) -> Iterator[str]:
    module = handler.rpartition(".")[0]
    program = (
        f"import sys, {module}\n"
        f"print(*(m.__file__ for n, m in list(sys.modules.items()) if n.split('.')[0] in {_OWN!r} and m.__file__))"
    )
    environment = {"PYTHONPATH": ":".join(map(str, _PATH))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    for file in done.stdout.split():
        yield Path(file).read_text(encoding="utf-8")


def _third_party(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        names = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            inner = (f"{statement.module}.{alias.name}" for alias in statement.names)
            names = [statement.module, *(name for name in inner if _is_module(name))]
        for name in names:
            if (top := name.partition(".")[0]) not in _OWN and top not in sys.stdlib_module_names:
                yield name


def _is_module(name: str) -> bool:
    if name.partition(".")[0] in {*_OWN, *sys.stdlib_module_names}:
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
