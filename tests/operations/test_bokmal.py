"""Every text of the screens is there in bokmål, with the same places for values."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from operations.command_line import changing
from operations.commands import brakes
from operations.commands.mails import mail_drill
from operations.screens import forget_view, proof_view, restore_view, settings_view, undo_view
from operations.wording import proof_verdict, retention, settings, setup, speech, words
from operations.wording.bokmal import BOKMAL
from shared.domain.alerts import Language
from shared.domain.commands import Target
from shared.domain.runs import RunState

FOLDER = Path(__file__).parents[2] / "operations"
SAID = {"say", "many", "_since", "speech.say"}
# The same word in both languages, or a name.
ALIKE = {"for {moment}"}


def said() -> set[str]:
    """What is handed to `say` and its like, and whatever else looks like a title for it."""
    found = {*RunState, *brakes.Kind, "running", "reminder", *changing.RELEASED.values()}
    found |= {*proof_view.CLASSES.values(), *proof_view.CAUSES.values(), *proof_verdict.HELD_UP.values()}
    found |= {
        *settings.MEANING.values(),
        *settings.REFUSED.values(),
        settings.UNKNOWN,
        *retention.KEPT.values(),
        *retention.WHY.values(),
        *settings_view.HELD.values(),
        *forget_view.KINDS.values(),
        *forget_view.STAYS.values(),
        *mail_drill.Arrival,
        *setup.CHANGES.values(),
        *setup.WEBHOOK.values(),
        *setup.TASKS.values(),
    }
    for table in (
        proof_verdict.SAID,
        {"too many": proof_verdict.TOO_MANY},
        undo_view.PUT_BACK,
        undo_view.KEPT,
        restore_view.KINDS,
        settings_view.EFFECTS,
    ):
        found |= {text for texts in table.values() for text in texts}
    for path in FOLDER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SAID:
                found |= {
                    one.value
                    for argument in node.args
                    for one in ast.walk(argument)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
            # `for title in ("Live", "Waiting")`, whose body says it.
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple) and "say(" in ast.unparse(node):
                found |= {one.value for one in node.iter.elts if isinstance(one, ast.Constant)}
            # `again = "{n} message …", "{n} messages …"`
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
                found |= {
                    one.value
                    for one in node.value.elts
                    if isinstance(one, ast.Constant) and str(one.value).startswith("{n}")
                }
    return found - {"red", "yellow", "listed_but_invalid"}


def test_every_text_is_there_in_bokmal_and_no_other() -> None:
    assert len(said()) > 100
    assert said() - set(BOKMAL) == set()
    assert set(BOKMAL) - said() == set()


@pytest.mark.parametrize(("english", "bokmal"), BOKMAL.items())
def test_a_text_has_the_same_places(english: Any, bokmal: Any) -> None:
    assert sorted(re.findall(r"{\w+}", bokmal)) == sorted(re.findall(r"{\w+}", english))
    assert bokmal != english or english in ALIKE


def test_numbers_and_reasons_follow_the_language() -> None:
    speech.use(Language.NB, Target())
    try:
        assert speech.many(1, "{n} difference", "{n} differences") == "1 avvik"
        assert words.reason("entra_7000222") == "klienthemmeligheten er utløpt (entra_7000222)"
        assert words.first(["a", "b", "c", "d"], 3, 62) == "a, b, c og 59 til"
    finally:
        speech.use(Language.EN, Target())
    assert words.first(["a", "b", "c"], 3, 62) == "a, b, c and 59 more"
    assert words.first(["a"], 3) == "a"
