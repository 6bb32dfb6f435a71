"""I18: no client of AWS waits for ever, or as long as botocore would: a minute to connect, and a minute for a reply."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("shared", "functions", "operations", "break_glass", "contract_check")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
BOUNDS = {"connect_timeout", "read_timeout", "retries"}
# What makes a client. Powertools takes a configuration under another name, or a client, which is looked at itself.
MAKERS = {"client": "config", "resource": "config", "SecretsProvider": "boto_config", "SSMProvider": "boto_config"}


def name_of(call: ast.Call) -> str:
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def is_of_boto3(call: ast.Call) -> bool:
    """`boto3.client`, `session.client` and the like; a function of ours of that name has been looked at itself."""
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    text = ast.unparse(of) if of is not None else ""
    return name_of(call) in {"SecretsProvider", "SSMProvider"} or text == "boto3" or text.lower().endswith("session")


def makers() -> list[tuple[Path, ast.Call]]:
    return [(path, call) for path in FILES for call in calls(path) if name_of(call) in MAKERS and is_of_boto3(call)]


@pytest.mark.parametrize(("path", "call"), makers(), ids=lambda one: one.stem if isinstance(one, Path) else "")
def test_a_client_is_made_with_bounds_of_its_own(path: Path, call: ast.Call) -> None:
    """By a Config in the same file, which has both time-outs and how often it is tried."""
    given = {keyword.arg for keyword in call.keywords}
    assert {MAKERS[name_of(call)], "boto3_client"} & given, (
        f"{path.relative_to(ROOT)}:{call.lineno} takes botocore's own time-outs"
    )
    configs = [one for one in calls(path) if name_of(one) == "Config"]
    assert configs
    for config in configs:
        assert {keyword.arg for keyword in config.keywords} >= BOUNDS, f"{path.relative_to(ROOT)}:{config.lineno}"


def test_every_service_is_looked_at() -> None:
    """The scan finds those that are there: it would pass on nothing else."""
    assert {path.stem for path, _ in makers()} >= {
        "deployed",
        "deployment",
        "identity_tokens",
        "secrets",
        "ses",
        "sns",
        "sqs",
    }
