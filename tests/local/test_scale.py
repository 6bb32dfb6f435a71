"""docs/scale.md is what the script makes of the measured figures and template.yaml, and the delay is a delay."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.scale.__main__ import DOCUMENT, FIGURES, main
from benchmarks.scale.document import write
from benchmarks.scale.latency import DelayedPort
from benchmarks.scale.limits import limits
from benchmarks.scale.measuring import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT = json.loads(FIGURES.read_text(encoding="utf-8"))
MEASURED = [Figures(**one) for one in KEPT["measured"]]


def test_the_document_is_up_to_date() -> None:
    """`python -m benchmarks.scale --only-write` after a change of template.yaml or of the words."""
    assert DOCUMENT.read_text(encoding="utf-8") == write(KEPT)


def test_a_million_was_measured() -> None:
    """The verdict stands on it; with the machine and its load."""
    assert max(one.mentors for one in MEASURED) == 1_000_000
    assert "cores" in KEPT["machine"]
    assert KEPT["load_before"] >= 0


def test_limits_beyond_are_on_a_straight_line() -> None:
    """Twice the mentors beyond what was measured is twice what they add, and a limit gives way where all is used."""
    small, large = replace(MEASURED[0], mentors=1_000), replace(MEASURED[0], mentors=2_000)
    found = limits([replace(small, busy_check_seconds=10.0), replace(large, busy_check_seconds=20.0)])
    night = next(one for one in found if one.name == "the nightly check after six weeks of outage")
    assert [night.used(n) for n in (100, 1_000, 1_500, 2_000, 4_000)] == pytest.approx([10, 10, 15, 20, 40])
    assert night.limit == 300
    assert night.gives_way_at() == pytest.approx(30_000, rel=0.01)


def test_more_than_half_is_said() -> None:
    """The verdict follows from the figures."""
    assert "so nothing is fanned out" in write(KEPT)
    slow = KEPT | {"measured": [one | {"busy_check_seconds": 151.0} for one in KEPT["measured"]]}
    assert "That is more than half" in write(slow)
    assert "**50%**" in write(slow)


@contextmanager
def echoing() -> Iterator[int]:
    """Yield the port of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(65_536):
                    connection.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_each_message_that_waits_is_delayed() -> None:
    """Five questions and answers take five delays; what is sent together takes one, and nothing is lost."""
    with (
        echoing() as port,
        DelayedPort(port, 0.05) as delayed,
        socket.create_connection(("127.0.0.1", delayed.port)) as client,
    ):
        began = time.perf_counter()
        for number in range(5):
            client.sendall(b"%d" % number)
            assert client.recv(10) == b"%d" % number
        assert time.perf_counter() - began >= 0.25
        assert delayed.messages == 5
        began = time.perf_counter()
        sent = b"x" * 1_000_000
        threading.Thread(target=client.sendall, args=(sent,)).start()
        received = b""
        while len(received) < len(sent):
            received += client.recv(65_536)
        assert received == sent
        # One after the other would take a delay for each.
        assert time.perf_counter() - began < max(1.0, 0.05 * (delayed.messages - 5) / 2)


@pytest.mark.slow
def test_a_small_run_measures_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every figure is there and more than nothing, and the document is written from them."""
    monkeypatch.setattr("benchmarks.scale.__main__.FIGURES", tmp_path / "figures.json")
    monkeypatch.setattr("benchmarks.scale.__main__.DOCUMENT", tmp_path / "scale.md")
    assert main(["--sizes", "1000", "2000"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("figure scale_")]
    assert len(lines) == 2 * len(KEPT["measured"][0])
    assert all(float(value) > 0 for _, _, value in lines)
    assert "1,000 mentors" in (tmp_path / "scale.md").read_text(encoding="utf-8")
