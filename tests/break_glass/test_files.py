"""The person's files and command line: what cannot be understood is a sentence and exit code 2."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from break_glass.wording import SENTENCES

if TYPE_CHECKING:
    from tests.support.glass import Glass
    from tests.support.syncs import EmulatedWebsite


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o622])
def test_credentials_that_others_can_read_are_refused(glass: Glass, mode: int) -> None:
    glass.credentials_file.chmod(mode)
    said = glass.says("check")
    assert said.code == 2
    assert f"Skriv: chmod 600 {glass.credentials_file}" in said.text


def test_credentials_of_another_user_are_refused(glass: Glass) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(glass.credentials_file, 12345, 12345)
    said = glass.says("check")
    assert (said.code, "tilhører en annen bruker" in said.text) == (2, True)


def test_a_system_without_permissions_says_so(glass: Glass, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, which has no such user ids."""
    monkeypatch.delattr(os, "geteuid")
    glass.credentials_file.chmod(0o644)
    said = glass.says("check")
    assert said.code == 0
    assert "kan ikke sjekkes på denne maskinen" in said.text


@pytest.mark.parametrize("name", ["client_secret", "password", "database_password"])
@pytest.mark.parametrize("part", ["", "database", "dynamics"])
def test_a_secret_in_the_settings_is_refused(glass: Glass, name: str, part: str) -> None:
    settings = json.loads(glass.settings_file.read_text())
    (settings[part] if part else settings)[name] = "x"
    glass.settings_file.write_text(json.dumps(settings))
    said = glass.says("check")
    assert (said.code, f"har feltet {name}" in said.text) == (2, True)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"database": []}', '{"dynamics": {"url": null}}'])
def test_malformed_settings_are_a_sentence(glass: Glass, content: str) -> None:
    glass.settings_file.write_text(content)
    said = glass.says("check")
    assert said.code == 2
    assert str(glass.settings_file) in said.text


def test_a_missing_file_is_a_sentence(glass: Glass) -> None:
    glass.credentials_file.unlink()
    said = glass.says("check")
    assert (said.code, "finnes ikke" in said.text) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--hide-only", "--everything"),
        ("run", "--nonsense"),
        ("walk",),
        ("import-journal",),
        ("check", "file"),
        ("run", "--from-csv", "x.csv", "--everything"),
        ("run", "--hide-only", "--journal", "x"),
        ("run", "--patience", "-1"),
        ("run", "--patience", "nan"),
        ("run", "--client-secret", "x"),
        ("run", "--hide-only", "--yes", "--actor", "system:x", "--reason", "r"),
        ("run", "--hide-only", "--yes", "--actor", "x" * 201, "--reason", "r"),
        ("run", "--hide-only", "--yes", "--actor", "x\ny", "--reason", "r"),
        ("run", "--hide-only", "--yes", "--reason", "r"),
    ],
)
def test_what_is_not_understood_is_a_sentence(glass: Glass, site: EmulatedWebsite, words: Any) -> None:
    """Without a terminal nothing is asked, and no argument takes a secret."""
    said = glass.says(*words)
    assert said.code == 2, said.text
    assert said.text
    assert "Traceback" not in said.text
    assert site.writes() == []


def test_without_a_terminal_and_without_yes_nothing_is_done(glass: Glass, outage: Any, site: EmulatedWebsite) -> None:
    said = glass.says("run", "--hide-only", "--actor", "Turid", "--reason", "r")
    assert (said.code, "(--yes)" in said.text) == (2, True)
    assert outage.to_hide <= set(site.visible())


def test_a_mass_change_without_its_words_is_not_done(
    glass: Glass, outage: Any, site: EmulatedWebsite, foundation: Any
) -> None:
    foundation.brake(2, 10)
    said = glass.run("--hide-only")
    assert said.code == 1
    assert "--confirm «skjul 4 likepersoner»" in said.text
    assert outage.to_hide <= set(site.visible())
    assert foundation.all("SELECT action FROM certification.audit WHERE action <> 'change_settings'") == []
    assert glass.says("run", "--dry-run", "--hide-only", "--json").result["confirm"] == ["skjul 4 likepersoner"]
    assert glass.run("--hide-only", "--confirm", "skjul 4 likepersoner").code == 0
    assert not outage.to_hide & set(site.visible())
    assert foundation.all("SELECT kind FROM certification.brakes") == []


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_help_is_in_the_persons_language(glass: Glass, language: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as end:
        glass.says("--help", "--lang", language)
    assert end.value.code == 0


def test_every_sentence_has_the_same_facts_in_both_languages() -> None:
    for name, (nb, en) in SENTENCES.items():
        assert set(re.findall(r"{(\w+)}", nb)) == set(re.findall(r"{(\w+)}", en)), name
        assert nb, name
        assert en, name


def test_every_sentence_is_said_and_no_other() -> None:
    folder = Path(__file__).parents[2] / "break_glass"
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "wording.py")
    said = set(re.findall(r'"([a-z_]+)"', text))
    built = {name for name in SENTENCES if name.startswith(("ask_", "help_", "plan_"))}
    assert set(SENTENCES) - said - built == set()
