"""One table of exit codes: 0 yes or done, 1 no, 2 not understood, 3 could not tell or not yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from local.cli import app as local
from local.demo.website import WebsiteBehindError
from local.exit_codes import expected_errors
from local.stack.stack import StackRunningError
from operations.cli import app
from shared.domain.errors import ConnectionLostError

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

WHO = ("--actor", "turid", "--reason", "looked at it")
# Always the same: the name of a test has it, and every worker collects the same tests.
AN_ID = "6f8c2f0e-4f5e-4c7e-9a54-0f6b3f3c9d11"
GONE = "postgresql://x@127.0.0.1:1/x"
DATABASE_COMMANDS = (
    ("status",),
    ("alerts",),
    ("proof",),
    ("rejected", "list"),
    ("rejected", "retry", "--all", *WHO),
    ("duplicates", "list"),
    ("duplicates", "review", "--all", *WHO),
    ("release-brake", "--org", "HLF Moss", *WHO),
    ("undo-run", AN_ID, *WHO),
    ("explain", "Kari Nordmann"),
    ("preview",),
    ("break-glass-export", "/nowhere/export.csv"),
    ("settings", "show"),
    ("retention",),
    ("export-proofs", "--from", "2026-01-01", "--to", "2026-12-31", "--out", "proofs.jsonl"),
    ("settings", "set", "brake_count=5", "--standard", "--yes", *WHO),
    ("settings", "history"),
    ("after-restore", "--restored-to", "2026-12-01T12:00", "--lost-at", "2026-12-02T15:00", *WHO),
    ("migrate",),
)
OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations" / "commands.md").read_text(encoding="utf-8")


def ended(*words, program=app):
    result = CliRunner().invoke(program, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code


@pytest.mark.parametrize("words", DATABASE_COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_a_database_that_cannot_be_reached_is_not_known(words: Any) -> None:
    assert ended(*words, "--database-url", GONE) == 3


@pytest.mark.parametrize("words", DATABASE_COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_an_option_that_is_none_is_not_understood(words: Any) -> None:
    assert ended(*words, "--database-url", GONE, "--no-such-option") == 2
    assert ended(*words, "--database-url", GONE, "--language", "nn") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("rejected", "retry", "kari", *WHO),
        ("rejected", "retry", *WHO),
        ("rejected", "retry", "--all", "--actor", " ", "--reason", "x"),
        ("duplicates", "review", AN_ID, "--all", *WHO),
        ("release-brake", "--org", "x", "--actor", "x", "--reason", ""),
        ("undo-run", AN_ID, "--actor", "system:expiry_check", "--reason", "x"),
        ("settings", "set", "brake_count=5", "--standard", *WHO),
        ("settings", "set", "brake_count=5", "--yes", *WHO),
        ("settings", "set", "brake_count=5", "--standard", "--org", "HLF Moss", "--yes", *WHO),
        ("settings", "set", "brake_count", "--standard", "--yes", *WHO),
        ("settings", "set", "brake=5", "--standard", "--yes", *WHO),
        ("settings", "set", "brake_count=five", "--standard", "--yes", *WHO),
        ("settings", "set", "brake_count=5", "brake_count=6", "--standard", "--yes", *WHO),
        ("settings", "set", "table_is_ours=perhaps", "--org", "HLF Moss", "--yes", *WHO),
        ("settings", "set", "listing_mapping={", "--standard", "--yes", *WHO),
        ("settings", "set", "listing_mapping=@/no/such/file", "--standard", "--yes", *WHO),
        ("settings", "show", "--standard", "--org", "HLF Moss"),
        ("preview", "--from", "tomorrow"),
        ("after-restore", "--restored-to", "noon", "--lost-at", "2026-12-02T15:00", *WHO),
        ("after-restore", "--restored-to", "2026-12-02T15:00", "--lost-at", "2026-12-02T15:00", *WHO),
        ("after-restore", "--restored-to", "2026-12-01T12:00", "--lost-at", "2036-12-02T15:00", *WHO),
        ("after-restore", "--restored-to", "2026-12-01T12:00", *WHO),
        ("after-restore", "--undo", "--lost-at", "2026-12-02T15:00", *WHO),
    ],
)
def test_what_does_not_say_what_is_wanted_is_not_understood(operator: Operator, words: Any) -> None:
    operator.run(*words, expect=2)


@pytest.mark.parametrize(
    "words",
    [
        ("rejected", "retry", "--all", *WHO),
        ("rejected", "retry", AN_ID, *WHO),
        ("duplicates", "review", "--all", *WHO),
        ("release-brake", "--org", "HLF Utopia", *WHO),
        ("undo-run", AN_ID, *WHO),
        ("explain", "Kari Utopia"),
        ("settings", "show", "--org", "HLF Utopia"),
        ("settings", "show", "--org", AN_ID),
        ("settings", "set", "brake_percent=20", "--standard", "--yes", *WHO),
    ],
)
def test_what_is_not_there_is_no(operator: Operator, words: Any) -> None:
    operator.run(*words, expect=1)


def test_status_is_0_or_1(operator: Operator, foundation: Foundation) -> None:
    operator.run("status", expect=0)
    foundation.do("SELECT certification.record_check('entra_7000222', true, NULL, NULL, true)")
    operator.run("status", expect=1)
    operator.run("status", "--json", expect=1)
    operator.run("alerts", expect=0)


def test_an_event_that_cannot_be_read_is_not_understood(tmp_path: Path) -> None:
    (event := tmp_path / "event.json").write_text("{")
    assert ended("invoke", "expiry_check", "--event", str(event), program=local) == 2
    assert ended("invoke", "expiry_check", "--event", str(tmp_path / "none.json"), program=local) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StackRunningError("x"), 3),
        (WebsiteBehindError("x"), 3),
        (ConnectionLostError("database_connection_failed"), 3),
        (PermissionError("x"), 3),
    ],
)
def test_what_is_in_the_way_is_not_known(error: Any, code: int) -> None:
    with pytest.raises(typer.Exit) as ending, expected_errors():
        raise error
    assert ending.value.exit_code == code


def test_the_table_is_documented_once() -> None:
    rows = re.findall(r"^\| (\d) \| ([a-z]+)", OPERATIONS.partition("| exit code |")[2], re.MULTILINE)
    assert rows[:4] == [("0", "yes"), ("1", "no"), ("2", "the"), ("3", "not")]
    assert OPERATIONS.count("| exit code |") == 1
