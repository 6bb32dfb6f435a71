"""`make run`: the whole nightly check through the Lambda host, twice, and nothing left behind."""

from __future__ import annotations

import email
import signal
from email import policy
from typing import TYPE_CHECKING

import pytest

from tests.support.command_line import ROOT, Local, assert_gone, offspring
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "mentor_id,organisation,first_name,last_name,email,status,expires_on,locale\n"


def test_the_report_shows_that_nothing_happened_twice(loaded: tuple[Local, str]) -> None:
    """I1, I3, I4 through every layer: reminders, transitions, notices and mails are the same after a second
    nightly check.
    """
    local, printed = loaded
    for organisation in ("HLF Nordland", "HLF Oslo og Akershus", "HLF Vestland"):
        assert organisation in printed
    assert "Nothing happened twice" in printed
    assert "✗" not in printed
    mails = sorted((local.home / "mail").glob("*.eml"))
    # The last one is the digest that the bounced mail leads to.
    assert f"{len(mails) - 1} sent, one recipient each" in printed
    assert len(mails) > 50


def test_the_report_shows_what_became_of_a_bounced_mail(loaded: tuple[Local, str]) -> None:
    """I17: one reminder comes back, and the coordinator's next digest names its mentor."""
    local, printed = loaded
    assert "What became of the mails" in printed
    assert "The coordinator was told in the next digest" in printed
    bounced = """SELECT n.mentor_id, m.first_name || ' ' || m.last_name, k.email FROM certification.notices AS n
                   JOIN peer_mentors AS m ON m.id = n.mentor_id JOIN coordinators AS k ON k.id = m.coordinator_id
                  WHERE n.arrival = 'bounced'"""
    mentor, name, coordinator = local.run("psql", "-Atc", bounced).strip().split("|")
    assert f"that to {mentor}" in " ".join(printed.split())
    last = max((local.home / "mail").glob("*.eml"))
    message = email.message_from_bytes(last.read_bytes(), policy=policy.default)
    assert message["To"].addresses[0].addr_spec == coordinator
    assert name in there(message.get_body(("plain",))).get_content()


def test_every_mail_reads_right_in_a_mail_program(loaded: tuple[Local, str]) -> None:
    """Subject and body keep æøå, one recipient, octets that any relay passes on."""
    local, _ = loaded
    norwegian = 0
    for path in (local.home / "mail").glob("*.eml"):
        raw = path.read_bytes()
        assert raw.isascii()
        message = email.message_from_bytes(raw, policy=policy.default)
        assert len(message["To"].addresses) == 1
        assert message["Cc"] is None
        assert message["Bcc"] is None
        body = there(message.get_body(("plain",))).get_content()
        assert "�" not in body + message["Subject"]
        norwegian += any(letter in body for letter in "æøå")
    assert norwegian > 20


def test_a_pipe_gets_ids_instead_of_names(loaded: tuple[Local, str]) -> None:
    """I11: what is written to a file or a CI log names nobody."""
    _, printed = loaded
    rows = (ROOT / "data" / "mentors.csv").read_text(encoding="utf-8").splitlines()[1:]
    for row in rows:
        cells = row.split(",")
        first, last, address, phone = cells[5:9]
        assert f"{first} {last}" not in printed
        assert not address or address not in printed
        assert not phone or phone not in printed


def test_your_file_loads_its_good_rows_and_names_the_bad(local: Local, tmp_path: Path) -> None:
    """A bad row gets its line, column and reason; the good rows are loaded; nothing is half loaded."""
    own = tmp_path / "my.csv"
    own.write_bytes(
        (
            HEADER
            + "1,HLF Test,Åse,Ødegård,ase@example.no,active,2026-12-31,nb\n"
            + "2,HLF Test,Kari,Nes,kari@example.no,retired,2026-12-31,nb\n"
            + "3,HLF Test,Ola,Li,ola@example.no,active,31.02.2027,nb\n"
            + "1,HLF Test,Per,Mo,per@example.no,active,2026-12-31,nb\n"
            + "4,HLF Test,Liv,010190 12345,liv@example.no,active,2026-12-31,nb\n"
        ).encode()
        + "5,HLF Test,Bjørn,Vik,bjorn@example.no,active,2026-12-31,nb\n".encode("cp1252")
    )
    printed = local.run("run", "--mentors", str(own), "--as-of", "2026-12-01")
    assert "1 mentor of 1 organisation" in printed
    refused = [row.split()[:2] for row in printed.splitlines() if row[:5].strip().isdigit()]
    assert refused == [
        ["3", "status"],
        ["4", "expires_on"],
        ["5", "mentor_id"],
        ["6", "last_name"],
        ["7", "first_name"],
    ]
    assert "010190" not in printed
    assert "Nothing happened twice" in printed
    assert "status active" in local.run("explain", "1").lower()
    # The way to the website is measured on mentors made for it, and nobody's log says otherwise.
    written = (
        "SELECT (SELECT count(*) FROM mentor_status_log), (SELECT count(*) FROM organisations),"
        " (SELECT count(*) FROM peer_mentors)"
    )
    assert "Changes by SQL" in printed
    assert local.run("psql", "-Atc", written).strip() == "0|1|1"
    assert "there is no mentor 2" in local.run("explain", "2", expect=1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("first_name,last_name\nÅse,Nes\n", "mentor_id"),
        (HEADER + "1,HLF Test,Kari,Nes,k@example.no,retired,2026-12-31,nb\n", "no row could be loaded"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    local: Local, tmp_path: Path, content: str | None, says: str
) -> None:
    """Never a traceback for a user's mistake, and nothing is left running."""
    before = offspring()
    own = tmp_path / "my.csv"
    if content:
        own.write_text(content, encoding="utf-8")
    printed = local.run("run", "--mentors", str(own), expect=1)
    assert says in " ".join(printed.lower().split())
    assert "Traceback" not in printed
    assert_gone(before)


def test_a_day_that_is_none_is_explained(local: Local) -> None:
    """Bad input gets a clear error."""
    assert "is not a plausible day" in " ".join(local.run("run", "--as-of", "31.02.2026", expect=2).split())


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("step", ["Starting the AWS", "Loading the mentors", "Invoking SendNotices"])
def test_stopping_at_any_step_leaves_no_process_behind(local: Local, step: str, how: signal.Signals) -> None:
    """Ctrl-C, a request to end and kill -9, while things start, load and run."""
    before = offspring()
    with local.start("run") as process:
        assert process.stdout is not None
        for line in process.stdout:
            # A step is printed when it is done, so the one after it is under way.
            if step in line:
                break
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
    assert process.returncode not in {0, None}, out
    assert "Traceback" not in out + err
    assert_gone(before)


@pytest.mark.slow
def test_a_run_that_ends_leaves_no_process_behind(local: Local) -> None:
    """It stops cleanly."""
    before = offspring()
    local.run("run")
    assert_gone(before)
