"""Without the database: hidden by an export, written into a journal, imported once."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.domain.break_glass.export import COLUMNS
from tests.support.foundation import DAY, days
from tests.support.syncs import TABLE, unsynced

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.foundation import Foundation
    from tests.support.glass import Glass, Said
    from tests.support.outage import Outage
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite

GONE = 9  # a port where nothing listens


@pytest.fixture
def export(glass: Glass, outage: Outage, foundation: Foundation) -> Path:
    """The export of this outage, as the app's SQL editor writes it; the tests' day has come in it, not by the clock."""
    path = glass.folder / "eksport.csv"
    write(path, foundation.all("SELECT * FROM certification.break_glass_export()"))
    assert outage.to_hide
    return path


def write(path: Path, rows: list[Any], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def edited(path: Path, **changes: str) -> None:
    """As a person does in a spreadsheet."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**row, **changes} for row in rows)


def hides(glass: Glass, export: Path, *words: str) -> Said:
    return glass.run("--from-csv", str(export), "--journal", str(glass.folder / "journal.jsonl"), *words)


def without_database(glass: Glass) -> None:
    settings = json.loads(glass.settings_file.read_text())
    settings["database"]["port"] = GONE
    glass.settings_file.write_text(json.dumps(settings))


def test_an_export_is_enough_to_hide(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """Nothing of the database is asked for, and nobody is shown."""
    without_database(glass)
    said = hides(glass, export)
    assert said.code == 0, said.text
    assert set(site.visible()) == {str(outage.fine), str(outage.changed)}
    assert site.by_mentor()[str(outage.changed)]["hlf_phone"] != "99 88 77 66"
    assert f"import-journal {glass.folder / 'journal.jsonl'}" in said.text
    assert foundation.all("SELECT action FROM certification.audit") == []


def test_expired_by_the_calendar_of_the_day(glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite) -> None:
    """The file says until when each is valid, so that it can be older than the expiry."""
    edited(export, listed="true", why="", last_valid_day="2020-01-31")
    said = hides(glass, export)
    assert said.code == 0, said.text
    assert site.visible() == {}
    assert outage.fine


def test_a_person_can_mark_who_withdrew_since(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite
) -> None:
    edited(export, listed="no", why="")
    said = hides(glass, export, "--hide-only")
    assert said.code == 0, said.text
    assert site.visible() == {}
    assert outage.fine


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_excel_writes_is_read(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite, foundation: Foundation, delimiter: str
) -> None:
    write(export, foundation.all("SELECT * FROM certification.break_glass_export()"), delimiter)
    export.write_text("\ufeff" + export.read_text(encoding="utf-8"), encoding="utf-8")
    assert hides(glass, export).code == 0
    assert not outage.to_hide & set(site.visible())


def test_what_excel_makes_of_days_is_read(glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite) -> None:
    """When a person saves the file in Norway, days and truths have another form."""
    edited(export, listed="SANN", why="", last_valid_day="31.01.2020", exported_at="29.11.2026 10:00")
    assert hides(glass, export).code == 0
    assert site.visible() == {}
    assert outage.fine


def test_a_trial_from_an_export_leaves_no_journal(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite
) -> None:
    said = glass.says("run", "--dry-run", "--from-csv", str(export), "--journal", str(glass.folder / "journal.jsonl"))
    assert said.code == 0, said.text
    assert all(mentor in said.text for mentor in outage.to_hide)
    assert not (glass.folder / "journal.jsonl").exists()
    assert site.writes() == []


def test_the_journal_says_who_and_why_and_holds_no_name(glass: Glass, outage: Outage, export: Path) -> None:
    """Each request is in it before it is sent and after its reply came, readable by its owner only."""
    assert hides(glass, export).code == 0
    journal = glass.folder / "journal.jsonl"
    head, *lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert (head["actor"], head["reason"]) == ("Turid Vik", "AWS er nede")
    outcomes = {mentor: [line["outcome"] for line in lines if line["mentor"] == mentor] for mentor in outage.to_hide}
    assert set(map(tuple, outcomes.values())) == {("sent", "hidden")}
    assert {line["mentor"] for line in lines} == outage.to_hide
    assert journal.stat().st_mode & 0o777 == 0o600
    assert "Kari" not in journal.read_text()
    assert glass.credentials["client_secret"] not in journal.read_text()


def test_a_journal_is_never_overwritten(glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite) -> None:
    (glass.folder / "journal.jsonl").write_text("what was done before")
    said = hides(glass, export)
    assert (said.code, "finnes allerede" in said.text) == (2, True)
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_a_journal_is_imported_once(
    glass: Glass, outage: Outage, export: Path, foundation: Foundation, site: EmulatedWebsite
) -> None:
    """With the actor and reason of the day, under the login that imports it; again, it changes nothing."""
    assert hides(glass, export).code == 0
    journal = str(glass.folder / "journal.jsonl")
    assert glass.says("import-journal", journal, "--json").result["new"] == 8
    before = foundation.all("SELECT * FROM certification.audit ORDER BY id")
    versions = foundation.all("SELECT mentor_id, desired_version FROM certification.listings ORDER BY mentor_id")
    assert glass.says("import-journal", journal, "--json").result | {"journal": ""} == {
        "journal": "",
        "new": 0,
        "known": 8,
    }
    assert foundation.all("SELECT * FROM certification.audit ORDER BY id") == before
    assert (
        foundation.all("SELECT mentor_id, desired_version FROM certification.listings ORDER BY mentor_id") == versions
    )
    rows = foundation.all("SELECT action, actor, reason, mentor_id::text, facts ->> 'outcome' FROM certification.audit")
    assert {row[:3] for row in rows} == {("break_glass", "Turid Vik", "AWS er nede")}
    assert {row[3] for row in rows} == outage.to_hide
    assert sorted(row[4] for row in rows) == ["hidden"] * 4 + ["sent"] * 4
    assert len(site.writes()) == 4


def test_a_journal_that_grew_is_imported_further(
    glass: Glass, outage: Outage, export: Path, foundation: Foundation
) -> None:
    """The part that was cut off when the machine lost its power is left out."""
    assert hides(glass, export).code == 0
    journal = glass.folder / "journal.jsonl"
    whole = journal.read_text()
    lines = whole.splitlines(keepends=True)
    journal.write_text("".join(lines[:4]) + lines[4][:20])
    assert glass.says("import-journal", str(journal), "--json").result["new"] == 3
    journal.write_text(whole)
    assert glass.says("import-journal", str(journal), "--json").result["new"] == len(lines) - 4
    assert foundation.one("SELECT count(*) FROM certification.break_glass_journals") == len(lines) - 1
    assert outage.to_hide


def test_after_an_import_the_automation_makes_all_right(
    glass: Glass,
    outage: Outage,
    export: Path,
    site: EmulatedWebsite,
    foundation: Foundation,
    crew: Crew,
    reconciler: Reconciler,
) -> None:
    """One was renewed after the export was made: hidden by the file, and shown again by the app (I7)."""
    foundation.renew(outage.expired, DAY + days(365))
    assert hides(glass, export).code == 0
    assert not site.shows(outage.expired)
    assert glass.says("import-journal", str(glass.folder / "journal.jsonl")).code == 0
    site.add_secret("local-client-secret")
    assert crew.worker().unsynced().complete
    assert set(site.visible()) == outage.to_show | {str(outage.expired)}
    assert unsynced(foundation) == 0
    reconciler.full()
    assert reconciler.queue.taken() == []


def test_a_stranger_on_the_website_is_not_hidden(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite
) -> None:
    """Somebody listed after the export was made is not in it."""
    site.create([{"hlf_mentorid": str(uuid4()), "hlf_name": "Ola"}], TABLE)
    said = hides(glass, export)
    assert said.code == 0
    assert "1 på nettsiden er ikke fra appen" in said.text
    assert len(site.visible()) == 3
    assert outage.fine


def aged(export: Path, **ago: float) -> None:
    edited(export, exported_at=(datetime.now(UTC) - timedelta(**ago)).isoformat())


@pytest.mark.parametrize(
    ("lang", "age", "renewed"),
    [("nb", "alder i dager: 6", "fornyet etter det"), ("en", "age in days: 6", "renewed since")],
)
def test_the_age_of_every_export_is_said(
    glass: Glass, outage: Outage, export: Path, lang: str, age: str, renewed: str
) -> None:
    """In days, and what follows: whoever was renewed since is hidden."""
    aged(export, days=6, hours=23)
    said = glass.says("run", "--dry-run", "--from-csv", str(export), "--lang", lang)
    assert (said.code, age in said.text, renewed in said.text) == (0, True, True)
    assert "--confirm" not in said.text
    assert outage.fine


def test_an_export_that_is_too_old_takes_words(
    glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite
) -> None:
    """--yes is not enough, and nothing is signed in to before it."""
    aged(export, days=7, hours=1)
    phrase = "bruk en fil som er 7 dager gammel"
    said = hides(glass, export)
    assert (said.code, phrase in said.text) == (1, True)
    assert outage.to_hide <= set(site.visible())
    assert site.pushes() == 0
    assert not (glass.folder / "journal.jsonl").exists()
    assert hides(glass, export, "--confirm", "bruk en fil som er 8 dager gammel").code == 1
    assert hides(glass, export, "--confirm", phrase.upper()).code == 0
    assert not outage.to_hide & set(site.visible())


def test_a_dry_run_says_what_an_old_export_takes(glass: Glass, outage: Outage, export: Path) -> None:
    edited(export, exported_at="2020-01-31 10:00:00+00")
    said = glass.says("run", "--dry-run", "--from-csv", str(export))
    assert (said.code, "Filen er fra 2020-01-31 10:00 UTC (alder i dager: " in said.text) == (0, True)
    assert "bruk en fil som er " in said.text
    assert outage.fine


def test_a_mass_change_of_an_export_is_confirmed(
    glass: Glass, export: Path, site: EmulatedWebsite, foundation: Foundation, crew: Crew, outage: Outage
) -> None:
    """By the limits of the standard: nobody knows the organisation's own here."""
    site.add_secret("local-client-secret")
    for _ in range(12):
        foundation.mentor(outage.organisation, DAY + days(50), consent=True)
    assert crew.worker().unsynced().complete
    write(export, foundation.all("SELECT * FROM certification.break_glass_export()"))
    edited(export, listed="no", why="")
    before = site.visible()
    said = hides(glass, export)
    n = len(before)
    assert (said.code, f"skjul {n} likepersoner" in said.text) == (1, True)
    assert site.visible() == before
    assert hides(glass, export, "--confirm", f"skjul {n} likepersoner").code == 0
    assert site.visible() == {}


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("", 1),
        ("mentor_id,listed\n", 1),
        (",".join(COLUMNS) + "\n", 1),
        (",".join(COLUMNS) + "\nx\n", 2),
    ],
)
def test_what_is_no_export_is_told_by_its_line(glass: Glass, site: EmulatedWebsite, broken: str, line: int) -> None:
    path = glass.folder / "broken.csv"
    path.write_text(broken)
    said = glass.says("run", "--dry-run", "--from-csv", str(path))
    assert (said.code, f"Linje {line} i {path}" in said.text) == (2, True), said.text
    assert site.writes() == []


@pytest.mark.parametrize(
    "change",
    [
        {"mentor_id": "1"},
        {"listed": "perhaps"},
        {"why": "bored"},
        {"last_valid_day": "31.12.26"},
        {"last_valid_day": "2026-13-31"},
        {"website_table": "x/../y"},
        {"hide": "{}"},
        {"hide": "[1]"},
        {"hide": '{"other": 1}'},
        {"exported_at": "yesterday"},
    ],
)
def test_a_line_that_cannot_be_right_is_refused(glass: Glass, outage: Outage, export: Path, change: Any) -> None:
    """Before anything is changed: a file that was edited by hand may be broken anywhere."""
    edited(export, **change)
    said = glass.says("run", "--dry-run", "--from-csv", str(export))
    assert said.code == 2, said.text
    assert outage.fine


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"journal": "x"}', "\x00"])
def test_what_is_no_journal_is_refused(glass: Glass, content: str, database: Any) -> None:
    path = glass.folder / "journal.jsonl"
    path.write_text(content)
    said = glass.says("import-journal", str(path))
    assert (said.code, "er ingen journal" in said.text) == (2, True)
    assert database


def test_check_takes_the_tables_of_an_export(glass: Glass, outage: Outage, export: Path, site: EmulatedWebsite) -> None:
    without_database(glass)
    assert glass.says("check", "--from-csv", str(export)).code == 0
    site.remove_privilege("write", "hlf_peermentor")
    assert glass.says("check", "--from-csv", str(export)).code == 1
    assert outage.fine
