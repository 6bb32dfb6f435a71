"""`python3.13 -m building {libraries,layer,function}`: see rules.mk, where `sam build` calls it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from building.bytecode import compile_all
from building.errors import BuildError
from building.libraries import ARCHITECTURES, install
from building.source import copy_package
from building.trimming import trim

# Where Lambda has them: tracebacks name these paths, and Python need not correct them while it imports.
_LAYER, _TASK = "/opt/python", "/var/task"


def main(arguments: list[str] | None = None) -> int:
    """Build one artifact. Return 0, or 1 when it could not be built, with the reason on standard error."""
    given = _parser().parse_args(arguments)
    try:
        match given.what:
            case "libraries":
                _libraries(given, given.into)
            case "layer":
                _libraries(given, given.into / "python")
                copy_package(Path.cwd(), given.into / "python" / given.package)
                compile_all(given.into / "python", _LAYER)
            case "function":
                copy_package(Path.cwd(), given.into / given.package)
                compile_all(given.into, _TASK)
    except BuildError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _libraries(given: argparse.Namespace, into: Path) -> None:
    install(given.requirements, given.architecture, into, uv=given.uv)
    trim(into)
    if given.what == "libraries":
        compile_all(into, _LAYER)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="building")
    kinds = parser.add_subparsers(dest="what", required=True)
    for what in ("libraries", "layer", "function"):
        kind = kinds.add_parser(what)
        kind.add_argument("--into", type=Path, required=True)
        if what != "libraries":
            kind.add_argument("package", help="the name under which the current folder is imported")
        if what != "function":
            kind.add_argument("--requirements", type=Path, required=True)
            kind.add_argument("--architecture", choices=ARCHITECTURES, required=True)
            kind.add_argument("--uv", help="the uv that installs; otherwise pip, or the uv on the path")
    return parser


if __name__ == "__main__":
    sys.exit(main())
