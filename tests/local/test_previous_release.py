"""A change of the schema that the previous release cannot work with is found before it is deployed.

Rehearsed with a release that is made up, in a repository of the test's own: expand passes, contract does not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from local.previous_release import ROOT, TESTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
ONE = "tests/integration/notices/test_outbox_stale.py"
OUTBOX = "shared/database/functions/notices/outbox.sql"
NO_RELEASE = "no release yet: no earlier version can be running when this schema is deployed (0 tests run)\n"
LEFT_OUT = {".venv", ".uv", ".git", ".local", "build", "node_modules", ".aws-sam", ".browser"}


@dataclass(frozen=True)
class Repository:
    """The present files in a repository without a history."""

    path: Path

    def git(self, *arguments: str) -> None:
        names = ("-c", "user.name=Test", "-c", "user.email=test@example.no", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *names, "-C", self.path, *arguments], check=True, capture_output=True)

    def commit(self, *tags: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")
        for tag in tags:
            self.git("tag", tag)

    def replace(self, file: str, old: str, new: str) -> None:
        text = (self.path / file).read_text(encoding="utf-8")
        assert old in text
        (self.path / file).write_text(text.replace(old, new), encoding="utf-8")

    def add_migration(self, statement: str) -> None:
        """Add the next numbered migration."""
        tables = self.path / "shared" / "database" / "tables"
        number = len(list(tables.glob("*.sql"))) + 1
        (tables / f"{number:04d}_another.sql").write_text(f"{statement}\n", encoding="utf-8")

    def run(self, *words: str) -> tuple[int, str]:
        """Run the command there; return its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "local.previous_release", *words],
            check=False,
            cwd=self.path,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTEST_XDIST_AUTO_NUM_WORKERS": "1"},
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    def unwanted(_: str, names: list[str]) -> list[str]:
        return [name for name in names if name in LEFT_OUT or name.endswith(("-venv", "_cache", "__pycache__"))]

    shutil.copytree(ROOT, tmp_path / "repository", ignore=unwanted, symlinks=True)
    made = Repository(tmp_path / "repository")
    made.git("init", "--quiet")
    return made


def test_before_the_first_release_it_says_so(repository: Repository) -> None:
    """One sentence and no failure. A tag that is none of ours, or on this very commit, is no earlier one."""
    repository.commit("nightly-7", "v1", "v0.1.0")
    assert repository.run() == (0, NO_RELEASE)


def test_without_git_the_changelog_decides(repository: Repository) -> None:
    """Before the first release there is nothing to find; after it, a clone without the tag is not green."""
    shutil.rmtree(repository.path / ".git")
    assert repository.run() == (0, NO_RELEASE)
    repository.replace("CHANGELOG.md", " unreleased", " unreleased\n\n## 0.1.0 - 2026-12-24")
    repository.replace("CHANGELOG.md", "## 0.1.0 \N{EN DASH} unreleased", "## 0.2.0 - unreleased")
    code, said = repository.run()
    assert (code, said.startswith("not known: git does not say")) == (3, True)
    repository.git("init", "--quiet")
    repository.commit()
    code, said = repository.run()
    assert code == 3
    assert said.startswith("not known: CHANGELOG.md says that 0.1.0 was released, and this clone has no tag of it")


def test_what_cannot_be_told_is_not_green(repository: Repository) -> None:
    """With a release that has none of the tests, or with too little time."""
    repository.commit("v0.1.0")
    repository.commit()
    code, said = repository.run("tests/nowhere")
    assert (code, said) == (3, "not known: v0.1.0 has none of these tests: tests/nowhere\n")
    code, said = repository.run("--seconds", "1", ONE)
    assert (code, "took longer than 1 seconds" in said) == (3, True)


@pytest.mark.slow
def test_expand_passes_and_contract_is_found(repository: Repository) -> None:
    """A column that is added passes. A function that the release calls is gone: it fails, and says what to do."""
    repository.commit("v0.1.0", "v0.0.9")
    repository.add_migration("ALTER TABLE certification.notices ADD COLUMN more text;")
    repository.commit()
    code, said = repository.run(ONE)
    assert code == 0, said
    assert f"v0.1.0 on the present schema: {ONE}" in said
    assert re.search(r"[1-9]\d* passed|\[100%\]", said), "tests have run"

    repository.replace(OUTBOX, "certification.settle_notice", "certification.settle_notice_anew")
    repository.commit()
    code, said = repository.run(ONE)
    assert code == 1, said
    assert "Keep what it uses (expand), and take it away one release later (contract)" in said


@pytest.mark.slow
def test_a_column_that_is_gone_is_found(repository: Repository) -> None:
    """By the functions of the release that use it: 42703 is PostgreSQL's code for an unknown column."""
    repository.commit("v0.1.0")
    repository.add_migration("ALTER TABLE certification.notices DROP COLUMN attempts CASCADE;")
    repository.commit()
    code, said = repository.run(ONE)
    assert (code, "database_42703" in said) == (1, True), said


def test_the_tests_that_it_runs_are_there() -> None:
    """A folder that was renamed is noticed here, not by a check that runs fewer tests."""
    assert [folder for folder in TESTS if not (ROOT / folder).is_dir()] == []
