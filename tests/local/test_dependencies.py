"""Licences, the SBOM's completeness, the locks, and that an audit which checked nothing is never green."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from local.dependencies import audit
from local.dependencies.licences import ALLOWED, Component, missing_from, read_components
from local.dependencies.locks import LAYER, ROOT, SHIPPED, Pin, read_pins
from local.dependencies.sbom import DOCUMENT
from local.dependencies.vulnerabilities import read_vulnerabilities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PINS = read_pins(LAYER.read_text(encoding="utf-8"))
LOCKS = sorted([LAYER, *(ROOT / "requirements").glob("*.txt")])
SKIPPED = {"name": "httpx", "skip_reason": "Dependency not found on PyPI and could not be audited"}
FLAW = {"name": "httpx", "version": "0.1", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["0.2"]}]}


def listed() -> list[Component]:
    """Return what docs/licences.md says is deployed."""
    rows = re.findall(r"^\| `([^`]+)` \| (\S+) \| ([^|]+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return [Component(name, version, tuple(licences.split(", "))) for name, version, licences in rows]


def test_the_licences_are_those_of_the_pins() -> None:
    """`make sbom` after a change of the layer's lock."""
    assert len(PINS) > 20
    assert missing_from(listed(), PINS) == []


def test_every_licence_may_be_shipped() -> None:
    """A person decides on one that is not in the list."""
    assert [component.problem for component in listed() if component.problem] == []


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ([{"license": {"id": "AGPL-3.0-only"}}], "x 1 is under AGPL-3.0-only"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "Proprietary"}}], "x 1 is under Proprietary"),
        ([{"expression": "MIT AND GPL-2.0-only"}], "x 1 is under GPL-2.0-only"),
        ([], "x 1 declares no licence"),
        ([{"expression": "(Apache-2.0 OR BSD-3-Clause)"}], None),
        (
            [{"license": {"name": "License :: OSI Approved :: BSD License"}}, {"license": {"name": "Dual License"}}],
            None,
        ),
    ],
)
def test_another_licence_is_a_problem(declared: Any, problem: str | None) -> None:
    """By SPDX's id, an expression or a classifier, as packages declare it."""
    [component] = read_components({"components": [{"name": "x", "version": "1", "licenses": declared}]})
    assert component.problem == problem


def test_what_is_pinned_and_what_is_listed_are_compared() -> None:
    """Both ways; a package of other systems may be missing here."""
    pins = (Pin("a", "1", everywhere=True), Pin("b", "1", everywhere=True), Pin("windows", "1", everywhere=False))
    found = [Component("a", "1", ("MIT",)), Component("b", "2", ("MIT",))]
    assert missing_from(found, pins) == ["b 2 is not pinned", "b 1 is not in the SBOM"]
    assert all(why for why in ALLOWED.values())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_pins_what_is_wanted(lock: Path) -> None:
    """With hashes, and without the address of an index. `make lock` writes them."""
    text = lock.read_text(encoding="utf-8")
    if lock.stem == "uv":
        assert "--hash=" in text
        return
    wanted = re.findall(r"^([A-Za-z0-9][\w.-]*)", lock.with_suffix(".in").read_text(encoding="utf-8"), re.MULTILINE)
    pins = {pin.name for pin in read_pins(text)}
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} <= pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """Return a function that makes a stand-in of an outside program."""

    def make(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """One pin."""
    (tmp_path / "some.in").write_text("httpx\n", encoding="utf-8")
    (path := tmp_path / "some.txt").write_text("httpx==0.1 \\\n    --hash=sha256:00\n", encoding="utf-8")
    return path


# uv pip compile, for `-o FILE`: PEP 751 for the first question, a requirements file for the second.
UV = """for last; do :; done
case "$*" in
  *pylock*)
    printf '[[packages]]\\nname = "httpx"\\nversion = "0.1"\\n'
    printf 'wheels = [{upload-time = 2020-01-01T00:00:00Z}]\\n' ;;
  *) printf 'httpx==0.2\\n' ;;
esac > "$last" """


@pytest.mark.parametrize(
    ("said", "code", "line"),
    [
        ({"dependencies": [{"name": "httpx", "version": "0.1", "vulns": []}]}, 0, "no vulnerability is known"),
        ({"dependencies": [FLAW]}, 1, "VULNERABLE  httpx 0.1: PYSEC-2026-1, mended in 0.2"),
        ({"dependencies": [SKIPPED]}, 3, "NOT CHECKED vulnerabilities of 1 of 1 packages"),
        (None, 3, "NOT CHECKED whether vulnerabilities are known: no service of vulnerabilities could be reached"),
    ],
    ids=["good", "vulnerable", "skipped", "unreachable"],
)
def test_the_exit_code_says_what_is_known(
    program: Any, lock: Path, capsys: pytest.CaptureFixture[str], said: Any, code: int, line: str
) -> None:
    """0 only where everything was looked up, and 1 before 3."""
    auditor = program("pip-audit", f"cat <<'END'\n{'' if said is None else json.dumps(said)}\nEND")
    assert audit.audit(lock, program("uv", UV), auditor) == code
    printed = capsys.readouterr().out
    assert line in printed
    assert re.search(r"httpx 0\.1: \d+ days old, 0\.2 is allowed", printed)


def test_without_a_package_index_nothing_is_green(
    program: Any, lock: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real uv without a network, and a pip-audit that finds everything good."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    good = {"dependencies": [{"name": "httpx", "version": "0.1", "vulns": []}]}
    auditor = program("pip-audit", f"cat <<'END'\n{json.dumps(good)}\nEND")
    assert audit.audit(lock, shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv"), auditor) == 3
    assert "NOT CHECKED how old the pins are: " in capsys.readouterr().out


def test_no_auditor_is_not_green(program: Any, lock: Path) -> None:
    """It could not be started."""
    assert audit.audit(lock, program("uv", UV), "/nowhere/pip-audit") == 3


def test_what_pip_audit_skips_is_unchecked() -> None:
    """It exits with 0 and calls that no known vulnerability."""
    said = read_vulnerabilities(json.dumps({"dependencies": [SKIPPED, FLAW]}))
    assert said is not None
    assert said.unchecked == ("httpx",)
    assert len(said.found) == 1
    assert read_vulnerabilities("Traceback") is None


def test_all_that_leaves_this_machine_is_audited() -> None:
    """The layer, and each file that people install or run elsewhere."""
    assert {lock.relative_to(ROOT).as_posix() for lock in SHIPPED} == {
        "shared/requirements.txt",
        "requirements/operations.txt",
        "requirements/break-glass.txt",
        "requirements/contract-check.txt",
    }
