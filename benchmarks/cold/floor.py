"""The floor of a cold start: a function that imports the third-party libraries of another, and does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack.deployed_code import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from emulators.lambda_host.template.resources import Function

_OWN = ("functions", "shared", "operations")


def unavoidable_imports(function: Function) -> Sequence[str]:
    """Return the statements in this function's modules that import other people's.

    Whole statements: `import pydantic` alone loads next to nothing, and `from pydantic import BaseModel` the rest.
    """
    imported: set[str] = set()
    for source in _own_modules(function):
        imported |= set(_third_party(ast.parse(source).body))
    return sorted(imported)


def write_floor(folder: Path, name: str, imports: Sequence[str]) -> str:
    """Write a module of these imports and a handler, and return its handler string."""
    lines = [*imports, "def handler(event, context): return None", ""]
    (folder / f"{name}.py").write_text("\n".join(lines), encoding="utf-8")
    return f"{name}.handler"


def _own_modules(function: Function) -> Iterator[str]:
    module = function.handler.rpartition(".")[0]
    program = (
        f"import sys, {module}\n"
        f"print(*(m.__file__ for n, m in list(sys.modules.items()) if n.split('.')[0] in {_OWN!r} and m.__file__))"
    )
    environment = {"PYTHONPATH": ":".join(map(str, path_of(function)))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    for file in done.stdout.split():
        yield Path(file).read_text(encoding="utf-8")


def _third_party(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (f"import {alias.name}" for alias in statement.names if _is_third_party(alias.name))
        elif isinstance(statement, ast.ImportFrom) and statement.module and _is_third_party(statement.module):
            yield ast.unparse(statement)


def _is_third_party(module: str) -> bool:
    top = module.partition(".")[0]
    return top not in _OWN and top not in sys.stdlib_module_names
