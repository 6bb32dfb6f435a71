"""The commands of the README, on the data that `run` left, and on a stack that stays up."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING
from uuid import UUID

import psutil
import pytest

from local.stack.coordinators import signed_in_page
from local.stack.sam_local import reach
from tests.support.command_line import ROOT, Local, offspring
from tests.support.screens import figures
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WHO = ("--actor", "turid", "--reason", "looked at it")
COMMANDS = (
    "run",
    "up",
    "invoke",
    "nightly",
    "preview",
    "explain",
    "psql",
    "sign-in",
    "settings",
    "dataset",
    "migrate",
)


@pytest.mark.parametrize("words", [(), *((command,) for command in COMMANDS)])
def test_every_command_has_a_help(local: Local, words: tuple[str, ...]) -> None:
    """`--help` everywhere."""
    printed = local.run(*words, "--help")
    assert "Usage" in printed
    if not words:
        assert all(command in printed for command in COMMANDS)


def test_preview_is_a_dry_run(loaded: tuple[Local, str]) -> None:
    """Who will be reminded or expire when: the same answer twice, because nothing was written."""
    local, _ = loaded
    first = json.loads(local.run("preview", "--days", "60", "--json"))
    assert json.loads(local.run("preview", "--days", "60", "--json")) == first
    assert {line["event"] for line in first} >= {"reminder", "expiry"}
    assert "name" not in first[0]
    assert "Nothing was written" in " ".join(local.run("preview", "--days", "60").split())


def test_the_preview_of_tomorrow_is_what_the_next_check_does(own: tuple[Local, str]) -> None:
    """The dry run and the nightly check agree, through the command line and the Lambda host."""
    local, _ = own
    said = json.loads(local.run("preview", "--days", "1", "--json", "--from", "2026-12-02"))
    printed = local.run("nightly", "--as-of", "2026-12-02")
    expired = int(there(re.search(r"(\d+) mentors expired", printed))[1])
    assert expired == sum(line["event"] == "expiry" for line in said) > 0
    claimed = int(there(re.search(r"All\s+\d+\s+(\d+)", printed))[1])
    assert claimed == sum(line["event"] == "reminder" for line in said) > 0


def test_a_check_that_the_brake_holds_ends_and_says_so(own: tuple[Local, str]) -> None:
    """It waited 80 seconds for the held, printed nothing of the nightly check, and ended with 1."""
    local, _ = own
    expire = (
        "UPDATE certifications SET expires_on = '2026-11-20' WHERE mentor_id IN ("
        "SELECT m.id FROM peer_mentors AS m JOIN certification.listings AS l ON l.mentor_id = m.id"
        " WHERE m.status = 'active' AND l.state = 'live' ORDER BY m.id LIMIT 150) RETURNING mentor_id"
    )
    local.run("psql", "-qAtc", expire)
    began = time.monotonic()
    printed = local.run("nightly", "--as-of", "2026-12-03")
    assert time.monotonic() - began < 20 + 20  # less than the wait for a webhook that was lost, on a busy machine
    assert "Reminders" in printed
    for organisation in ("HLF Nordland", "HLF Oslo og Akershus", "HLF Vestland"):
        assert re.search(rf"The brake holds \d+ expiries of \d+ mentors in {organisation}", " ".join(printed.split()))
        assert f"release-brake --org '{organisation}' --kind expiry --actor YOU --reason WHY" in printed


def test_explain_says_for_every_threshold_what_became_of_it(loaded: tuple[Local, str]) -> None:
    """Why this person was or was not reminded: every threshold, its state, reason and run."""
    local, _ = loaded
    reminded = local.run(
        "psql", "-Atc", "SELECT mentor_id FROM certification.cert_expiry_reminders WHERE state = 'claimed' LIMIT 1"
    ).strip()
    printed = local.run("explain", reminded)
    assert "claimed" in printed
    assert "sent" in printed
    unreachable = local.run(
        "psql", "-Atc", "SELECT mentor_id FROM certification.cert_expiry_reminders WHERE state = 'unreachable' LIMIT 1"
    ).strip()
    assert "no_email" in local.run("explain", unreachable)


@pytest.mark.parametrize("columns", [80, 60])
def test_a_narrow_terminal_cuts_nothing(loaded: tuple[Local, str], columns: int) -> None:
    """What has figures in it stands there whole, in lines that fit."""
    local, _ = loaded
    narrow = Local(local.home, columns=columns)
    mentor = local.run("psql", "-Atc", "SELECT mentor_id FROM certification.cert_expiry_reminders LIMIT 1").strip()
    for words in (("preview", "--days", "60"), ("explain", mentor), ("settings", "show")):
        assert figures(narrow.run(*words)) >= figures(Local(local.home, columns=400).run(*words))
        assert max(map(len, narrow.run(*words).splitlines())) <= columns


def test_explain_says_times_in_oslo_and_preview_words(loaded: tuple[Local, str]) -> None:
    """00:15 there is 23:15 of the day before in UTC; a code stands in no preview."""
    local, _ = loaded
    mentor, at = (
        local.run(
            "psql",
            "-Atc",
            "SELECT mentor_id, to_char(occurred_at AT TIME ZONE 'Europe/Oslo', 'DD.MM.YYYY HH24:MI')"
            " FROM mentor_status_log WHERE reason = 'certification_expired' LIMIT 1",
        )
        .strip()
        .split("|")
    )
    printed = local.run("explain", mentor)
    assert at in printed
    assert "When (Oslo)" in printed
    preview = local.run("preview", "--days", "400")
    assert "no mail" in preview
    assert not re.search(r"[a-z]+_[a-z]+", preview)


def test_an_unknown_mentor_is_said_to_be_unknown(loaded: tuple[Local, str]) -> None:
    """Bad input gets a clear error."""
    local, _ = loaded
    assert "there is no mentor" in local.run("explain", "nobody-at-all", expect=1)


def test_settings_that_make_no_sense_are_explained(loaded: tuple[Local, str]) -> None:
    """Nothing of them is stored; what does make sense says first what it would change."""
    local, _ = loaded
    akershus = ("--org", "HLF Oslo og Akershus")

    def change(*values: str, expect: int) -> str:
        return " ".join(local.run("settings", "set", *values, *akershus, "--yes", *WHO, expect=expect).split())

    assert "not in order" in change("thresholds=7 21", expect=1)
    assert "from 0 to 365" in change("thresholds=400", expect=1)
    assert "one stands twice" in change("thresholds=30 30", expect=1)
    assert "there is no organisation" in local.run("settings", "show", "--org", "HLF Utopia", expect=1)
    said = change("org_thresholds=yes", "thresholds=60 30", expect=0)
    assert "thresholds: 60 30 14 7 → 60 30" in said
    assert "tomorrow" in said
    assert json.loads(local.run("settings", "show", *akershus, "--json"))[0]["in_force"]["thresholds"] == [60, 30]
    change("org_thresholds=no", expect=0)
    assert "turid" in local.run("settings", "history", *akershus)


def test_invoke_responds_as_the_function_does(own: tuple[Local, str]) -> None:
    """One function, one event, as the template defines it."""
    local, _ = own
    printed = local.run("invoke", "expiry_check", "--event", str(ROOT / "events" / "expiry_check.scheduled.json"))
    assert '"state": "succeeded"' in printed
    assert "REPORT RequestId" in printed


def test_invoke_says_what_is_wrong_with_an_event(loaded: tuple[Local, str], tmp_path: Path) -> None:
    """A bad event, a file that is no JSON, no file, an unknown function: each is told in a sentence."""
    local, _ = loaded
    event, text = tmp_path / "event.json", tmp_path / "event.txt"
    event.write_text('{"scheduled_time": "tomorrow"}')
    text.write_text("tomorrow")
    assert "InvalidEventError: scheduled_time" in local.run("invoke", "expiry_check", "-e", str(event), expect=1)
    assert "this is not JSON" in local.run("invoke", "expiry_check", "-e", str(text), expect=2)
    assert "No such file" in local.run("invoke", "expiry_check", "-e", str(tmp_path / "none"), expect=2)
    assert "There is no function Nothing" in local.run("invoke", "nothing", "-e", str(event), expect=1)
    event.write_text('{"scheduled_time": "2036-11-30T23:15:00Z"}')
    assert "has not come, so nothing was done" in local.run("invoke", "expiry_check", "-e", str(event), expect=1)


def test_a_nightly_check_is_undone_and_done_again(own: tuple[Local, str]) -> None:
    """The day that was lived through is the present; what was undone is done by the next nightly check."""
    local, _ = own
    present = "SELECT certification.today_in('Europe/Oslo'), (SELECT max(day) FROM certification.evaluated_days)"
    local.run("nightly", "--as-of", "2026-12-08")
    assert local.run("psql", "-Atc", present).strip() == "2026-12-08|2026-12-08"
    run = local.run(
        "psql",
        "-Atc",
        "SELECT id FROM certification.runs WHERE function = 'expiry_check' ORDER BY started_at DESC LIMIT 1",
    ).strip()
    assert "Put back:" in local.run("undo-run", run, "--actor", "turid", "--reason", "a try")
    assert local.run("psql", "-Atc", present).strip() < "2026-12-08|2026-12-08"
    assert "mentors expired" in local.run("nightly", "--as-of", "2026-12-08")
    local.run("nightly")
    assert local.run("psql", "-Atc", "SELECT count(*) FROM certification.simulated_time").strip() == "0"


def test_a_stack_that_is_up_serves_the_other_commands(up: tuple[Local, dict[str, str]]) -> None:
    """`up` stays, and invoke, nightly, preview, explain and psql work on what it runs."""
    local, addresses = up
    assert addresses["invoke"].startswith("http://127.0.0.1:")
    printed = local.run("nightly", "--as-of", "2026-12-01")
    assert "12 mentors expired" in printed
    assert '"state": "succeeded"' in local.run(
        "invoke", "ExpiryCheck", "-e", str(ROOT / "events" / "expiry_check.scheduled.json")
    )
    # The schedules of the stack run beside the commands: at nine o'clock there is a run of send_notices more.
    counted = """SELECT count(*) FILTER (WHERE function = 'expiry_check') >= 2,
                        count(*) FILTER (WHERE function = 'send_notices') >= 1 FROM certification.runs"""
    assert local.run("psql", "-Atc", counted).strip() == "t|t"
    assert "Nothing was written" in " ".join(local.run("preview", "--days", "3").split())


def test_the_coordinators_of_a_stack_sign_in(up: tuple[Local, dict[str, str]]) -> None:
    """The identity provider of a running stack knows the loaded coordinators; `sign-in` lists them, by ids."""
    local, addresses = up
    listed = json.loads(local.run("sign-in", "--json"))
    assert len(listed) == int(local.run("psql", "-Atc", "SELECT count(*) FROM coordinators")) > 1
    page = signed_in_page(addresses["identity"], "http://127.0.0.1:1/", UUID(listed[0]["id"]))
    assert page.startswith("http://127.0.0.1:1/#access_token=")
    assert "there is no such coordinator" in local.run("sign-in", "nobody", expect=1)
    assert max(map(len, local.run("sign-in").splitlines())) <= 120


def test_a_second_stack_on_the_same_data_is_refused(up: tuple[Local, dict[str, str]]) -> None:
    """Two servers on one data folder would destroy it."""
    local, _ = up
    assert "a local stack is running already" in " ".join(local.run("run", expect=3).split())


def test_nothing_listens_beyond_this_machine(up: tuple[Local, dict[str, str]]) -> None:
    """Everything local is on 127.0.0.1 only."""
    mine = offspring()
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid in mine]
    assert len(listening) >= 4
    # Docker's bridge, where there is one, lies between this machine and its containers (docs/sam.md).
    assert {c.laddr.ip for c in listening} <= {"127.0.0.1", reach().name}
