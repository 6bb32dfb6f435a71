"""Break-glass killed or interrupted at any statement, and run again: the website is right, and nothing is left over."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.break_glass.export import COLUMNS
from tests.faults import glass_victim
from tests.support.glass import NEW_SECRET, Glass
from tests.support.outage import Outage, begin_outage
from tests.support.syncs import leases_end, unsynced
from tests.support.wire import KillingProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite

pytestmark = pytest.mark.slow


@pytest.fixture
def glass(database: TestDatabase, site: EmulatedWebsite, tmp_path: Path) -> Glass:
    return Glass(tmp_path, database.login("BreakGlass"), site.url)


def anew(foundation: Foundation, site: EmulatedWebsite, crew: Crew) -> Outage:
    """A new outage of an app that is new."""
    foundation.empty()
    foundation.do("DELETE FROM certification.audit")
    site.reset()
    outage = begin_outage(foundation, crew.worker(), site)
    site.add_secret(NEW_SECRET)
    return outage


def disturbed(glass: Glass, at: int, moment: str, number: signal.Signals, *words: str) -> tuple[int, bool]:
    """Run, and send a signal at the n-th statement. Return the exit code, and whether it got that far."""
    started: list[Any] = []
    with KillingProxy(int(glass.login["port"]), at, moment, lambda: os.kill(started[0].pid, number)) as proxy:
        settings = json.loads(glass.settings_file.read_text())
        path = glass.folder / "through-the-proxy.json"
        settings["database"]["port"] = proxy.port
        path.write_text(json.dumps(settings))
        files = ["--settings", str(path), "--credentials", str(glass.credentials_file)]
        who = ("--actor", "Turid", "--reason", "prøve", "--yes", "--patience", "0")
        started.append(glass_victim.start(["run", *words, *who, *files]))
        started[0].join()
        return started[0].exitcode, proxy.statements >= at


@pytest.mark.parametrize("moment", ["during", "after"])
def test_killed_at_any_statement_and_run_again(
    glass: Glass, foundation: Foundation, site: EmulatedWebsite, crew: Crew, moment: str
) -> None:
    """The second run ends as an undisturbed one, once the dead one's claims have ended (I6, I7)."""
    at = 1
    while True:
        outage = anew(foundation, site, crew)
        code, reached = disturbed(glass, at, moment, signal.SIGKILL, "--everything")
        place = f"killed {moment} statement {at}"
        assert code == (-signal.SIGKILL if reached else 0), place
        leases_end(foundation)
        said = glass.run("--everything", "--patience", "0")
        assert said.code == 0, f"{place}: {said.text}"
        assert set(site.visible()) == outage.to_show, place
        assert unsynced(foundation) == 0, place
        assert foundation.one("SELECT count(*) FROM certification.listings WHERE claimed_by IS NOT NULL") == 0, place
        if not reached:
            break
        at += 1
    assert at > 15


def test_interrupted_at_any_statement_and_run_again(
    glass: Glass, foundation: Foundation, site: EmulatedWebsite, crew: Crew
) -> None:
    """Ctrl-C ends with "not done yet", leaves no claim behind, and the next run needs to wait for nothing."""
    at = 1
    while True:
        outage = anew(foundation, site, crew)
        code, reached = disturbed(glass, at, "passing", signal.SIGINT, "--everything")
        place = f"interrupted at statement {at}"
        assert code in {0, 3}, place
        assert foundation.one("SELECT count(*) FROM certification.listings WHERE claimed_by IS NOT NULL") == 0, place
        said = glass.run("--everything", "--patience", "0")
        assert said.code == 0, f"{place}: {said.text}"
        assert set(site.visible()) == outage.to_show, place
        assert unsynced(foundation) == 0, place
        if not reached:
            break
        at += 1
    assert at > 15


def test_killed_without_the_database_and_run_again(
    glass: Glass, foundation: Foundation, site: EmulatedWebsite, crew: Crew
) -> None:
    """What was on its way is in the journal, and both journals are imported."""
    outage = anew(foundation, site, crew)
    export, journals = glass.folder / "eksport.csv", [glass.folder / f"{n}.jsonl" for n in (1, 2)]
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(foundation.all("SELECT * FROM certification.break_glass_export()"))
    site.slow(2.0, None, path=r"\$batch", skip=1)
    words = ("run", "--from-csv", str(export), "--actor", "Turid", "--reason", "prøve", "--yes", *glass.files)
    victim = glass_victim.start([*words, "--journal", str(journals[0])])
    while not (journals[0].exists() and '"sent"' in journals[0].read_text()):
        assert victim.exitcode is None
        time.sleep(0.02)
    victim.kill()
    victim.join()
    site.clear_faults()
    said = glass.says(*words[:-4], "--journal", str(journals[1]))
    assert said.code == 0, said.text
    assert not outage.to_hide & set(site.visible())
    assert [glass.says("import-journal", str(path), "--json").result["new"] > 0 for path in journals] == [True, True]
    audited = foundation.all("SELECT DISTINCT mentor_id::text FROM certification.audit WHERE action = 'break_glass'")
    assert set(audited) == outage.to_hide


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "truncate_replies", "fail_next", "fail_after_commit"])
def test_a_reply_that_is_lost_and_a_second_run(
    glass: Glass, foundation: Foundation, site: EmulatedWebsite, crew: Crew, fault: str
) -> None:
    """Whatever became of the request: it is read back, and nothing is shown that must not be (I6)."""
    for skip in range(6):
        outage = anew(foundation, site, crew)
        getattr(site, fault)(1, path=r"\$batch", skip=skip)
        first = glass.run("--everything", "--patience", "0")
        assert first.code in {0, 1, 3}, first.text
        site.clear_faults()
        leases_end(foundation)
        said = glass.run("--everything", "--patience", "0")
        assert said.code == 0, said.text
        assert set(site.visible()) == outage.to_show, (fault, skip)
