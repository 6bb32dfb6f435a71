"""What a handler imports, since a cold start pays for all of it: seen in a fresh process each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.stack.parameters import local_template

ROOT = Path(__file__).parents[2]
# Tens of milliseconds each, and more.
HEAVY = {"boto3", "httpx", "idna", "jinja2", "psycopg", "pydantic", "stamina"}
EXPECTED = {
    "dynamics_sync": {"boto3", "httpx", "idna", "psycopg", "pydantic"},
    "expiry_check": {"boto3", "httpx", "idna", "psycopg", "pydantic"},
    "force_sync": {"boto3", "httpx", "idna", "psycopg", "pydantic"},
    "mail_events": {"boto3", "psycopg", "pydantic"},
    "operations": {"boto3", "psycopg", "pydantic"},
    "operations_reader": {"boto3", "psycopg", "pydantic"},
    "reconciliation": {"boto3", "httpx", "idna", "psycopg", "pydantic"},
    "send_notices": {"boto3", "idna", "jinja2", "psycopg", "pydantic", "stamina"},
    "status_changed": {"boto3", "pydantic"},
    "verify_integration": {"boto3", "httpx", "idna", "psycopg", "pydantic"},
}


def imported(function):
    """The heavy modules, and those of this repository, that the handler's module brings with it."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import functions.{function}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, cwd="/")
    return set(done.stdout.split())


def test_every_function_is_looked_at() -> None:
    handlers = {function.handler.split(".")[1] for function in local_template().functions}
    assert handlers == EXPECTED.keys()


@pytest.mark.parametrize("function", EXPECTED)
def test_a_handler_imports_what_it_needs(function: Any) -> None:
    """Neither another function's drivers nor another function's wiring."""
    modules = imported(function)
    assert modules & HEAVY == EXPECTED[function]
    wiring = {name.removeprefix("shared.bootstrap.") for name in modules if name.startswith("shared.bootstrap.")}
    assert wiring & EXPECTED.keys() == {function.removesuffix("_reader")}


def test_no_import_stands_within_a_function() -> None:
    """The first invocation imports nothing that the cold start has not; ruff finds every one that is not excused."""
    assert [str(module) for module in ROOT.glob("shared/**/*.py") if "PLC0415" in module.read_text("utf-8")] == []
