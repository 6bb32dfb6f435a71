"""A request to stop at any moment ends in order, and is heard where a script has SIGINT ignored."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.command_line import ROOT, Local, assert_gone, offspring
from tests.support.terminal import session

if TYPE_CHECKING:
    from tests.support.command_line import Program

pytestmark = pytest.mark.slow


UP = [sys.executable, "-m", "local", "up"]
IGNORING = {
    name: [
        *(sys.executable, "-c"),
        f"import os, signal, sys; signal.signal(signal.{name}, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])",
        *UP,
    ]
    for name in ("SIGINT", "SIGHUP")
}


def began(process: Program) -> bool:
    """Whether it is beyond the interpreter's own start: it has loaded a first extension module."""
    return "lib-dynload" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.4, 0.7, 1.0])
def test_ctrl_c_in_the_first_second_is_no_traceback(local: Local, seconds: float) -> None:
    """While everything is imported, too."""
    before = offspring()
    with local.start("run") as process:
        while not began(process):
            time.sleep(0.001)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert_gone(before)


def test_sigint_is_heard_where_a_script_had_it_ignored(local: Local) -> None:
    """`make test &` in a script: the shell ignores SIGINT for what is in its background, and `up` never ended."""
    before = offspring()
    with session(IGNORING["SIGINT"], {"CERTIFICATION_LOCAL_HOME": str(local.home)}) as up:
        assert "SendNotices" in up.read("SendNotices")
        up.process.send_signal(signal.SIGINT)
        assert "stopped" in up.read()
        assert up.process.wait(30) == 130
    assert_gone(before)


def test_nohup_is_heeded(local: Local) -> None:
    """Whoever has SIGHUP ignored wants it to stay when the terminal is closed."""
    with session(IGNORING["SIGHUP"], {"CERTIFICATION_LOCAL_HOME": str(local.home)}) as up:
        deadline = time.monotonic() + 60
        while not (local.home / "stack.json").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        up.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert up.process.poll() is None
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(30) == 143


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
def test_ctrl_c_while_functions_sync_shows_only_that_it_stopped(local: Local, seconds: float) -> None:
    """It was a screenful of "Task was destroyed but it is pending"; and a second Ctrl-C does not spoil the end."""
    before = offspring()
    with session(UP, {"CERTIFICATION_LOCAL_HOME": str(local.home)}) as up:
        up.read("SendNotices")
        with psycopg.connect(json.loads((local.home / "stack.json").read_text())["dsn"]) as connection:
            connection.execute("UPDATE peer_mentors SET area = concat(area, ' -')")
        time.sleep(seconds)
        up.shown = ""
        up.type(b"\x03")
        time.sleep(0.2)
        up.type(b"\x03")
        shown = up.read()
        assert up.process.wait(30) == 130
    assert "Traceback" not in shown
    assert "destroyed" not in shown
    assert "stopped" in shown
    assert_gone(before)


def test_the_end_of_a_reader_is_no_traceback(local: Local, tmp_path: Path) -> None:
    """`… | head -1` closes its end early."""
    command = f"{sys.executable} -m local dataset --out {tmp_path}/m.csv && {sys.executable} -m local --help | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
