"""Rehearse break-glass on a stack: the automation's secret ends, a person comes, and the automation comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.model import defaults
from emulators.lambda_host.template.provision import local_clients
from local.demo import website
from local.stack import database
from local.stack.aws import REGION
from local.stack.stack import ROOT
from operations.commands import break_glass_export, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from uuid import UUID

    from local.stack.session import Session
    from local.stack.stack import LocalStack
    from operations.console import Progress

_NEW_SECRET = "rehearsal~new-secret"
_EACH = 3
_CLOSED_PORT = 9
_SECONDS = 300
_SHOWN_BUT_NOT_VALID = """
SELECT m.id::text FROM public.peer_mentors AS m JOIN public.certifications AS c ON c.mentor_id = m.id
 WHERE NOT (m.status::text = 'active' AND m.listing_consent
            AND c.expires_on >= certification.today_in('Europe/Oslo'))
"""
_SHOULD_BE_SHOWN = """
SELECT m.id::text FROM public.peer_mentors AS m JOIN public.certifications AS c ON c.mentor_id = m.id
 WHERE m.status::text = 'active' AND m.listing_consent AND c.expires_on >= certification.today_in('Europe/Oslo')
"""


@dataclass(frozen=True)
class Step:
    """One step of the rehearsal: what should be so, and whether it is."""

    what: str
    holds: bool
    found: str = ""


@dataclass
class Rehearsal:
    """The rehearsal on one stack, in a folder for the person's files."""

    stack: LocalStack
    here: Session
    folder: Path
    program: Sequence[str]
    steps: list[Step] = field(default_factory=list)

    def run(self, progress: Progress) -> list[Step]:
        """Take all steps and return what was found."""
        with (
            EmulatorControl(self.stack.dataverse.url) as site,
            psycopg.connect(self.here.dsn, autocommit=True) as app,
        ):
            progress("The automation's secret ends, and the app changes")
            self._outage(site, app)
            progress("A person comes with new credentials")
            self._person(site, app)
            progress("The automation comes back")
            self._back(site)
            progress("The database is gone, and a person hides from an export")
            self._without_the_database(site, app)
        return self.steps

    def _outage(self, site: EmulatorControl, app: psycopg.Connection) -> None:
        export = self.folder / "export.csv"
        site.expire_secret()
        site.expire_tokens()
        live = [
            row[0]
            for row in app.execute(
                "SELECT mentor_id FROM certification.listings WHERE state = 'live' ORDER BY mentor_id LIMIT %s",
                (5 * _EACH,),
            )
        ]
        parts = [live[first : first + _EACH] for first in range(0, len(live), _EACH)]
        app.execute("UPDATE public.peer_mentors SET listing_consent = false WHERE id = ANY (%s)", (parts[0],))
        app.execute(
            "UPDATE public.certifications SET expires_on = certification.today_in('Europe/Oslo') - 1"
            " WHERE mentor_id = ANY (%s)",
            (parts[1],),
        )
        for mentor in parts[2]:
            app.execute("SELECT public.pause_mentor(%s, 'rehearsal', 'rehearsal')", (mentor,))
        app.execute("UPDATE public.peer_mentors SET phone = '99 88 77 66' WHERE id = ANY (%s)", (parts[3],))
        break_glass_export.write(break_glass_export.read(app), export)
        still = set(_texts((*parts[0], *parts[1], *parts[2]))) & set(website.visit(site.url).names)
        self._holds("the website still shows who must not be there", len(still) == 3 * _EACH, f"{len(still)} shown")

    def _person(self, site: EmulatorControl, app: psycopg.Connection) -> None:
        site.add_secret(_NEW_SECRET)
        said = self._glass("check", secret=str(uuid4()))
        self._holds("the secret's id in place of its value is named", said.code == 1 and "Secret ID" in said.text)
        before = len(site.writes())
        planned = self._plan("--everything")["counts"]
        self._holds("a trial says what would change", planned.get("hide_expired", 0) >= _EACH, str(planned))
        self._holds("and changes nothing", len(site.writes()) == before)
        said = self._glass("run", "--hide-only", "--yes", *_BY, *self._plan("--hide-only")["options"])
        wrong = _ids(app, _SHOWN_BUT_NOT_VALID) & set(website.visit(site.url).names)
        self._holds("hiding hides all who must not be there", said.code == 0 and not wrong, said.end)
        said = self._glass("run", "--everything", "--yes", *_BY, *self._plan("--everything")["options"])
        right = set(website.visit(site.url).names) == _ids(app, _SHOULD_BE_SHOWN)
        self._holds("then the website is as the app wants it", said.code == 0 and right, said.end)

    def _back(self, site: EmulatorControl) -> None:
        value = {
            "tenant_id": defaults.TENANT_ID,
            "client_id": defaults.CLIENT_ID,
            "client_secret": _NEW_SECRET,
        }
        local_clients(self.stack.aws_url, REGION).secretsmanager.put_secret_value(
            SecretId=self.stack.stack.physical_id("DataverseSecret"), SecretString=json.dumps(value)
        )
        before = len(site.writes())
        for full in (False, True):
            self.here.invoke("Reconciliation", reconcile.event(full=full, accept=None, now=datetime.now(UTC)))
        website.wait_until_synced(self.here.dsn)
        self._holds("the automation finds nothing to do", len(site.writes()) == before)

    def _without_the_database(self, site: EmulatorControl, app: psycopg.Connection) -> None:
        export, journal = self.folder / "export.csv", self.folder / "journal.jsonl"
        row = app.execute(
            "SELECT mentor_id FROM certification.listings WHERE state = 'live' ORDER BY mentor_id DESC LIMIT 1"
        ).fetchone()
        mentor = str(row[0]) if row else ""
        lines = export.read_text(encoding="utf-8").splitlines()
        changed = [line.replace(",True,", ",no,") if line.startswith(mentor) else line for line in lines]
        export.write_text("\n".join(changed) + "\n", encoding="utf-8")
        said = self._glass(
            *("run", "--from-csv", str(export), "--journal", str(journal), "--yes", *_BY), port=_CLOSED_PORT
        )
        shown = set(website.visit(site.url).names)
        self._holds("an export is enough to hide", said.code == 0 and mentor not in shown, said.end)
        first = self._glass("import-journal", str(journal), "--json")
        again = self._glass("import-journal", str(journal), "--json")
        new = [json.loads(one.out)["new"] for one in (first, again) if one.code == 0]
        self._holds("the journal is imported once", len(new) == 2 and new[0] > 0 and new[1] == 0, str(new))  # noqa: PLR2004

    def _plan(self, *words: str) -> dict[str, Any]:
        """Return what would change, and the options that confirm it in words where it is a mass change."""
        said = self._glass("run", "--dry-run", "--json", *words)
        plan: dict[str, Any] = json.loads(said.out) if said.code == 0 else {"counts": {}, "confirm": []}
        return plan | {"options": [option for phrase in plan["confirm"] for option in ("--confirm", phrase)]}

    def _glass(self, *words: str, secret: str = _NEW_SECRET, port: int | None = None) -> _Said:
        with self._files(secret, port) as files:
            done = subprocess.run(
                [*self.program, *words, *files],
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        return _Said(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def _files(self, secret: str, port: int | None) -> Iterator[list[str]]:
        login: dict[str, Any] = dict(database.make_login(self.stack.postgres, "BreakGlass"))
        password = login.pop("password")
        settings, credentials = self.folder / "settings.json", self.folder / "credentials.json"
        dynamics = {
            "url": self.stack.dataverse.url,
            "authority": self.stack.dataverse.url,
            "tenant_id": defaults.TENANT_ID,
            "client_id": defaults.CLIENT_ID,
        }
        settings.write_text(json.dumps({"database": login | ({"port": port} if port else {}), "dynamics": dynamics}))
        credentials.touch(mode=0o600)
        credentials.write_text(json.dumps({"client_secret": secret, "database_password": password}))
        try:
            yield ["--settings", str(settings), "--credentials", str(credentials)]
        finally:
            credentials.unlink()

    def _holds(self, what: str, holds: bool, found: str = "") -> None:
        self.steps.append(Step(what, holds, found))


_BY = ("--actor", "Øvelse", "--reason", "Kvartalsvis øvelse")


@dataclass(frozen=True)
class _Said:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"

    @property
    def end(self) -> str:
        """The last lines."""
        return " ".join(self.text.split()[-40:])


def program(file: Path | None) -> list[str]:
    """Return how to run break-glass: its file, or this repository's own code."""
    return [sys.executable, *(["-I", str(file)] if file else ["-m", "break_glass"])]


def _texts(mentors: Sequence[UUID]) -> list[str]:
    return [str(mentor) for mentor in mentors]


def _ids(app: psycopg.Connection, query: str) -> set[str]:
    return {row[0] for row in app.execute(query.encode())}
