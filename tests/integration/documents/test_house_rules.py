"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[2]
LONGEST_NAME = 60


def test_a_test_name_has_at_most_60_characters() -> None:
    """The name is read in one glance at a report; the sentence stands in the docstring."""
    tests = [
        (path, node)
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert tests
    assert [
        f"{path.relative_to(TESTS)}:{node.lineno}: {node.name} has {len(node.name)} characters"
        for path, node in tests
        if len(node.name) > LONGEST_NAME
    ] == []
