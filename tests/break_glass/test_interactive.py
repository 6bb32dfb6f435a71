"""A person at a terminal: one question at a time, secrets unseen, nothing before yes."""

from __future__ import annotations

import csv
import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from emulators.dataverse.model import defaults
from shared.domain.break_glass.export import COLUMNS
from tests.support.foundation import DAY, days
from tests.support.glass import NEW_SECRET
from tests.support.person import Person
from tests.support.terminal import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.foundation import Foundation
    from tests.support.glass import Glass
    from tests.support.outage import Outage
    from tests.support.syncs import EmulatedWebsite


@contextmanager
def person(*words: str) -> Iterator[Person]:
    with session([sys.executable, "-m", "break_glass", *words], {}) as at:
        yield Person(at)


def test_one_question_at_a_time_from_nothing(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    """Without any file or option: every question in its order, then the website is right."""
    # The one thing that no question asks for: the local Dynamics signs in by itself, not by Microsoft.
    glass.write_settings()
    settings = glass.folder / "authority.json"
    settings.write_text(f'{{"dynamics": {{"authority": "{glass.url}"}}, "database": {{"sslmode": "disable"}}}}')
    with person("--settings", str(settings)) as turid:
        assert "Ingenting endres før du har sagt ja" in turid.answers("Hva heter du?", "Turid Vik")
        turid.answers("Hvorfor gjør du dette?", "AWS er nede")
        turid.answers("Hva er databasens adresse?", str(glass.login["host"]))
        turid.answers("Hvilken port?", str(glass.login["port"]))
        turid.answers("Hva heter databasen?", glass.login["dbname"])
        turid.answers("Hva er brukernavnet i databasen?", glass.login["username"])
        turid.answers("Hva er passordet til databasen?", glass.login["password"])
        turid.answers("Hva er adressen til Dynamics?", glass.url)
        turid.answers("Hva er tenant-ID-en", defaults.TENANT_ID)
        turid.answers("Hva er klient-ID-en", defaults.CLIENT_ID)
        turid.answers("Hva er klienthemmeligheten", NEW_SECRET)
        assert f"sender hemmeligheten til {glass.url}, og ikke til Microsoft" in turid.at.shown.replace("\r\n", " ")
        assert "Hemmeligheten virker" in turid.answers("Skriv 1 eller 2.", "2")
        assert "Å skjule kan gjøres om" in turid.answers("Skriv ja eller nei.", "ja")
        code, end = turid.ends()
    assert code == 0, end
    assert set(site.visible()) == outage.to_show
    assert NEW_SECRET not in turid.at.shown
    assert str(glass.login["password"]) not in turid.at.shown


@pytest.mark.parametrize("typed", ["bruk en fil som er 9 dager gammel", "ja"])
def test_an_old_export_is_confirmed_before_anything(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation, typed: str
) -> None:
    """How old it is, who will be hidden for it, and the words that it takes; then the question whether to go on."""
    path = glass.folder / "eksport.csv"
    rows = foundation.all("SELECT * FROM certification.break_glass_export()")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*row[:-1], (datetime.now(UTC) - timedelta(days=9, hours=1)).isoformat()] for row in rows)
    words = ("--from-csv", str(path), "--journal", str(glass.folder / "j.jsonl"), "--actor", "Turid", "--reason", "x")
    with person(*words, *glass.files) as turid:
        shown = " ".join(turid.answers("9 dager gammel", typed).split())
        assert "alder i dager: 9" in shown
        assert "Den som er fornyet etter det, blir skjult." in shown
        if typed != "ja":
            turid.answers("Skriv ja eller nei.", "nei")
        code, _ = turid.ends()
    assert code == 1
    assert outage.to_hide <= set(site.visible())
    assert (site.pushes() == 0) == (typed == "ja")


def test_a_wrong_secret_is_named_and_asked_for_again(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    glass.credentials.pop("client_secret")
    glass.write_credentials()
    with person("--dry-run", "--everything", *glass.files) as turid:
        turid.answers("Hva er klienthemmeligheten", str(uuid4()))
        said = turid.answers("Hva er tenant-ID-en", "")
        assert "Dette er ID-en til klienthemmeligheten (Secret ID), ikke verdien (Value). (entra_7000215)" in said
        turid.answers("Hva er klient-ID-en", "")
        turid.answers("Hva er klienthemmeligheten", NEW_SECRET)
        code, end = turid.ends()
    assert code == 0, end
    assert "Dette var bare en prøve" in end
    assert set(site.visible()) & outage.to_hide == outage.to_hide


@pytest.mark.parametrize("answer", ["nei", "Nei"])
def test_no_changes_nothing(glass: Glass, outage: Outage, site: EmulatedWebsite, answer: str) -> None:
    with person("--everything", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        turid.answers("Skriv ja eller nei.", answer)
        code, end = turid.ends()
    assert (code, end.endswith("Ingenting er endret.")) == (1, True)
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_a_mentor_renewed_while_the_plan_is_read(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """The plan is old by then, and the app wins (I7)."""
    with person("--hide-only", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        assert str(outage.expired) in turid.is_asked("Skriv ja eller nei.")
        foundation.renew(outage.expired, DAY + days(365))
        turid.types("ja")
        code, end = turid.ends()
    assert code == 0, end
    assert site.shows(outage.expired)
    assert not site.shows(outage.withdrawn)


def test_a_mass_change_is_confirmed_in_words(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    foundation.brake(2, 10)
    with person("--hide-only", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        asked = turid.answers("skriv: skjul 4 likepersoner", "  Skjul 4   likepersoner ")
        assert "Uvanlig mange: 4 av 5 aktive likepersoner i HLF Moss skal skjules (grensen er 2 og 10 %)" in asked
        turid.answers("Skriv ja eller nei.", "ja")
        code, end = turid.ends()
    assert code == 0, end
    assert not set(site.visible()) & outage.to_hide


@pytest.mark.parametrize("answer", ["ja", "skjul 3 likepersoner", "hide 4 mentors"])
def test_other_words_than_those_change_nothing(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation, answer: str
) -> None:
    foundation.brake(2, 10)
    with person("--hide-only", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        turid.answers("skriv: skjul 4 likepersoner", answer)
        code, end = turid.ends()
    assert code == 1
    assert "Ikke bekreftet, så ingenting er endret." in end
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_ctrl_c_at_a_question_changes_nothing(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    with person("--everything", *glass.files) as turid:
        turid.is_asked("Hva heter du?")
        # Python does not see a Ctrl-C between the prompt and the reading until the next key; nobody is that quick.
        time.sleep(0.5)
        turid.at.type(b"\x03")
        code, end = turid.ends()
    assert (code, end.endswith("Ingenting er endret.")) == (3, True), end
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_ctrl_c_stops_after_what_is_under_way(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """No claim is left behind, and a second run does the rest."""
    site.slow(1.5, None, path=r"\$batch", skip=1)
    with person("--everything", "--yes", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        while "Skjuler 2" not in turid.at.shown:
            turid.at.shown += os.read(turid.at.terminal, 65536).decode(errors="replace")
        turid.at.type(b"\x03")
        code, end = turid.ends()
    assert code == 3, end
    assert "Stopper når det som er på vei, er ferdig." in end
    assert "Kjør programmet igjen for resten." in end
    assert foundation.one("SELECT count(*) FROM certification.listings WHERE claimed_by IS NOT NULL") == 0
    assert foundation.one("SELECT facts ->> 'outcome' FROM certification.audit ORDER BY id DESC LIMIT 1") == "stopped"
    site.clear_faults()
    assert glass.run("--everything").code == 0
    assert set(site.visible()) == outage.to_show


def test_what_ps_shows_holds_no_secret(glass: Glass, outage: Outage) -> None:
    """Neither the arguments nor the environment of the process, while it asks."""
    with person("--everything", "--actor", "Turid", "--reason", "prøve", *glass.files) as turid:
        turid.is_asked("Skriv ja eller nei.")
        process = Path(f"/proc/{turid.at.process.pid}")
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        turid.types("nei")
        turid.ends()
    for secret in (NEW_SECRET, str(glass.login["password"])):
        assert secret.encode() not in seen
        assert secret not in turid.at.shown
    assert outage.to_hide
