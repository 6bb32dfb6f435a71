"""Look at a built function as Lambda does: its faults as JSON.

`python -I -S -B sam_probe.py HANDLER SERVICE,SERVICE FOLDER...`.

Runs in an interpreter that knows the standard library and the folders it is given, so it imports nothing of this
repository before they are set.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def faults(handler: str, services: list[str], folders: list[Path]) -> Iterator[str]:
    """One sentence each."""
    compiled: list[str] = []
    sys.addaudithook(lambda event, about: compiled.append(str(about[1])) if _compiles(event) else None)
    module, _, name = handler.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        yield f"the handler {handler} cannot be imported: {error}"
    else:
        if not callable(found):
            yield f"the handler {handler} is a {type(found).__name__}, which cannot be called"
    for source in (file for folder in folders for file in own_modules(folder)):
        for imported in sorted(set(imports(ast.parse(source.read_text(encoding="utf-8")).body))):
            try:
                importlib.import_module(imported)
            except ImportError as error:
                where = "/".join(source.parts[-2:])
                yield f"{where} imports {imported}: {error}. A library has to be in shared/requirements.in"
    yield from missing_messages()
    yield from missing_clients(services)
    yield from unreadable_traceback()
    yield from (f"{file} was compiled when it was imported: its bytecode is not used" for file in sorted(set(compiled)))


def _compiles(event: str) -> bool:
    """Whether Python's import compiles a source. (anyio parses its own while it is imported, by itself.)"""
    return event == "compile" and sys._getframe(2).f_code.co_filename == "<frozen importlib._bootstrap>"


def own_modules(folder: Path) -> Iterator[Path]:
    """The modules of functions/ and shared/, not those of the libraries beside them."""
    for package in ("functions", "shared"):
        yield from sorted((folder / package).rglob("*.py"))


def imports(statements: list[ast.stmt]) -> Iterator[str]:
    """All that is imported at any time, also inside functions: importing the handler does not show those."""
    for statement in statements:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            continue
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            for part in getattr(statement, field, []):
                yield from imports([part] if isinstance(part, ast.stmt) else part.body)


def missing_messages() -> Iterator[str]:
    """Every message in every language, and the migrations, found from where the deployed code looks for them."""
    # Of the artifact, not of the repository.
    from shared.adapters.email.rendering import templates  # noqa: PLC0415
    from shared.adapters.postgres.migrate import read_functions, read_migrations  # noqa: PLC0415
    from shared.domain.mail.notices import Locale, NoticeKind  # noqa: PLC0415

    for kind in NoticeKind:
        for locale in Locale:
            if locale.value not in templates(kind.value):
                yield f"the message {kind.value} is missing in the layer, in {locale.value}"
    if not (read_migrations() and read_functions()):
        yield "the layer holds no migrations"


def missing_clients(services: list[str]) -> Iterator[str]:
    """A client of every service that the layer should know, and the credentials that Lambda gives."""
    import boto3  # noqa: PLC0415

    for service in services:
        try:
            boto3.client(service, region_name="eu-north-1")
        except Exception as error:  # noqa: BLE001 - whatever botocore raises for want of a file
            yield f"no client of {service} can be made: {error!r}"


def unreadable_traceback() -> Iterator[str]:
    """A traceback shows the source lines, also of what was compiled beforehand at another path."""
    from shared.events import ScheduledEvent  # noqa: PLC0415

    try:
        ScheduledEvent.parse(None)
    except Exception as error:  # noqa: BLE001 - any will do
        yield from (
            f"a traceback has no line for {frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.line
        )
    else:
        yield "None was taken for a scheduled event, so no traceback could be looked at"


if __name__ == "__main__":
    paths = sys.argv[3:]
    sys.path[:0] = paths
    try:
        result = list(faults(sys.argv[1], sys.argv[2].split(","), [Path(path) for path in paths]))
    except ImportError as error:
        result = [f"the artifact cannot be examined: {error}"]
    sys.stdout.write(json.dumps(result))
