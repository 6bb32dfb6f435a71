"""Issue 8 H: it starts whatever a person has set for other programs, and what it prints fits where it goes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.command_line import ROOT, Local
from tests.support.terminal import at_terminal
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    **dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), NOWHERE),
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "AWS_PROFILE": "nobody",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_DEFAULT_REGION": "mars-1",
    "PGSSLMODE": "verify-full",
    "PGSERVICE": "nobody",
    "PGHOST": "db.example.no",
    "PGHOSTADDR": "10.0.0.1",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Tokyo",
    "PGCLIENTENCODING": "LATIN1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCONNECT_TIMEOUT": "soon",
    "SSL_CERT_FILE": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "tr_TR.UTF-8",
    "TERM": "dumb",
    "COLUMNS": "0",
}


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local data that this module's commands share, after one nightly check: whichever of the tests comes first."""
    home = tmp_path_factory.mktemp("anywhere") / "home"
    Local(home).run("nightly", "--as-of", "2026-12-01")
    return home


def test_settings_for_other_programs_change_nothing(anywhere: Path) -> None:
    """libpq's, AWS's, proxies', Python's and the terminal's: each of them ended a command with a traceback."""
    local = Local(anywhere, HOSTILE)
    local.run("nightly", "--as-of", "2026-12-01")  # the day of the event, whatever the day is today
    printed = local.run("invoke", "expiry_check", "-e", str(ROOT / "events" / "expiry_check.scheduled.json"))
    assert '"state": "succeeded"' in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_letters_that_the_output_lacks_are_replaced(anywhere: Path, encoding: str) -> None:
    """A tick, an arrow or an æ is no reason to end."""
    local = Local(anywhere, {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    with local.start("nightly", "--as-of", "2026-12-01") as process:
        assert process.stdout is not None
        octets = there(process.stdout).buffer.read()  # type: ignore[attr-defined]
    assert process.returncode == 0
    assert "Functions" in octets.decode(encoding)
    assert "+ Starting PostgreSQL" in octets.decode(encoding)


def test_everything_local_is_for_its_owner_alone(anywhere: Path) -> None:
    """Mails, logs, addresses and data, with the widest umask."""
    before = os.umask(0)
    try:
        Local(anywhere).run("nightly", "--as-of", "2026-12-02")
    finally:
        os.umask(before)
    open_to_others = [
        path
        for path in (anywhere, *anywhere.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    assert open_to_others == []
    assert list((anywhere / "mail").glob("*.eml"))


@pytest.mark.parametrize("words", [("preview", "--days", "5"), ("nightly", "--as-of", "2026-12-03"), ("explain", "1")])
def test_nothing_is_cut_at_80_columns(anywhere: Path, words: tuple[str, ...]) -> None:
    """The figures are what a person has come for: at a terminal of 80 columns, and in a pipe of as many."""
    local = Local(anywhere)
    query = "SELECT id FROM peer_mentors WHERE status = 'certification_expired' ORDER BY id LIMIT 1"
    mentor = local.run("psql", "-Atc", query).strip()
    words = tuple(mentor if word == "1" else word for word in words)
    for shown in (at_terminal(local, *words), Local(anywhere, {"COLUMNS": "80"}).run(*words)):
        assert "…" not in re.sub(r"… and \d+ more", "", shown)
        assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_without_colours_there_is_no_escape_code(anywhere: Path) -> None:
    """NO_COLOR, also where a spinner would turn and in typer's own help; and a dumb terminal."""
    for surroundings in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        local = Local(anywhere, surroundings)
        for words in (("nightly", "--as-of", "2026-12-04"), ("--help",)):
            assert "\x1b" not in at_terminal(local, *words, raw=True)


def test_names_are_for_a_terminal_whatever_colours_are_forced(anywhere: Path) -> None:
    """I11: FORCE_COLOR makes a terminal of a file to rich, but not to us."""
    printed = Local(anywhere, {"FORCE_COLOR": "1"}).run("preview", "--days", "60")
    names = Local(anywhere).run("psql", "-Atc", "SELECT first_name || ' ' || last_name FROM peer_mentors").splitlines()
    assert not [name for name in names if name in printed]


def test_the_next_steps_work_as_they_are_printed(loaded: tuple[Local, str]) -> None:
    """`python` is not there, or another one, where the environment is not active."""
    local, printed = loaded
    steps = re.findall(r"^(\S+ -m local \S+)  ", printed, re.MULTILINE)
    assert len(steps) == 2
    for step in steps:
        environment = {"PATH": "/usr/bin:/bin", "CERTIFICATION_LOCAL_HOME": str(local.home)}
        done = subprocess.run(
            ["sh", "-c", step], cwd=ROOT, env=environment, check=False, capture_output=True, timeout=60
        )
        assert done.returncode in {0, 1, 3}, done.stderr


def test_make_help_has_escape_codes_only_at_a_terminal() -> None:
    """Piped, it is read by programs."""
    printed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
    assert "\x1b" not in printed
    assert "run" in printed


def test_a_persons_python_settings_do_not_reach_ours() -> None:
    """Whatever they are called, so no list of them gets old; without a home folder nothing is said of it."""
    theirs = {"PYTHONHASHSEED": "abc", "PYTHONTRACEMALLOC": "x", "PYTHON_GIL": "2", "UV_PROJECT": "/nowhere"}
    done = subprocess.run(
        ["make", "--eval", "show: ; @env", "show"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **theirs},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not done.stderr
    passed = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert passed.isdisjoint(theirs)
    assert "PYTHONUNBUFFERED" in passed


def test_without_python_one_sentence_says_so(tmp_path: Path) -> None:
    """No Python 3.13 here and none to be fetched was 20 seconds of network errors."""
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not os.access(uv, os.X_OK):
        pytest.skip("the environment was made without uv")
    for name in ("Makefile", ".python-version"):
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        ["make", f"UV={uv}", ".venv/stamp"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "MAKELEVEL"}  # the tests may be run by make
        | {"UV_PYTHON_PREFERENCE": "only-managed", "UV_OFFLINE": "1", "UV_PYTHON_INSTALL_DIR": "none"},
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    said, *rest = done.stderr.splitlines()
    assert said.startswith("Python 3.13 is needed, none is here and none could be fetched")
    assert [line[:9] for line in rest] == ["make: ***"]
