"""The credential is changed while mentors change: no message is lost, nothing wrong is sent, no alert but the expected.

The whole local stack: the app's database rings, the queue feeds the workers, and a person types `rotate-credential`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest

from emulators.dataverse.client import EmulatorControl
from emulators.lambda_host.template.provision import local_clients
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.stack import session
from local.stack.aws import REGION
from local.stack.stack import ROOT, local_stack
from tests.support.rotating import FEDERATION, FIRST, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulators.lambda_host.runtime.invocation import Invocation
    from local.stack.stack import LocalStack

pytestmark = pytest.mark.slow

_PATIENCE_SECONDS = 150.0


class Load:
    """A person of the app, who changes mentors without a pause; each change has a number that the website shows."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._change)
        self.changes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _change(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            mentors = [
                row[0]
                for row in connection.execute(
                    "SELECT mentor_id FROM certification.listings WHERE state = 'live' ORDER BY mentor_id LIMIT 40"
                )
            ]
            while not self._stop.is_set():
                self.changes += 1
                connection.execute(
                    "UPDATE peer_mentors SET first_name = %s WHERE id = %s",
                    (f"Endring{self.changes}", mentors[self.changes % len(mentors)]),
                )
                self._stop.wait(0.05)


class Site:
    """The stack, its website and its database, from outside."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self.dataverse = EmulatorControl(stack.dataverse.url)
        self._folder = folder
        self._secrets = local_clients(stack.aws_url, REGION).secretsmanager

    def all(self, query: str, *values: object) -> list[Any]:
        with psycopg.connect(self.stack.dsn, autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def rotate(self, *words: str, to: object | None = None, expect: int = 0) -> dict[str, Any]:
        """Type the command in a process of its own, as on the stack that is up."""
        options = [*words, "--actor", "Kari", "--reason", "the old one ends", "--json"]
        if to is not None:
            path = self._folder / "credential.json"
            path.touch(0o600)
            path.write_text(json.dumps(to))
            options += ["--file", str(path)]
        done = subprocess.run(
            [sys.executable, "-m", "local", "rotate-credential", *options],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "CERTIFICATION_LOCAL_HOME": str(self.stack.home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        found: dict[str, Any] = json.loads(done.stdout) if expect == 0 else {}
        return found

    def put(self, value: object) -> None:
        """Put a secret in use by hand."""
        self._secrets.put_secret_value(
            SecretId=self.stack.stack.physical_id("DataverseSecret"), SecretString=json.dumps(value)
        )

    def waiting(self) -> int:
        ((n,),) = self.all("SELECT count(*) FROM certification.listings WHERE synced_version < desired_version")
        return int(n)

    def left(self) -> list[Any]:
        """What has not reached the website, after a time that is enough; nothing if all has."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while self.waiting() and time.monotonic() < until:
            time.sleep(0.2)
        return self.all(
            "SELECT state, reason, count(*) FROM certification.listings WHERE synced_version < desired_version"
            " GROUP BY state, reason"
        )

    def differences(self) -> list[Any]:
        """What visitors see otherwise than the app says, compared by this test."""
        wanted = {
            str(row[0]): row[1]
            for row in self.all(
                "SELECT m.id, m.first_name || ' ' || m.last_name FROM peer_mentors AS m"
                " JOIN certifications AS c ON c.mentor_id = m.id"
                " JOIN certification.evaluated_days AS e ON e.organisation_id = m.organisation_id"
                " WHERE m.status = 'active' AND m.listing_consent AND c.expires_on >= e.day"
            )
        }
        self.dataverse.refresh_website()
        shown = {row["key"]: row["hlf_name"] for row in self.dataverse.website()}
        return sorted(set(wanted.items()) ^ set(shown.items()))

    def dead_letters(self) -> int:
        sqs = local_clients(self.stack.aws_url, REGION).sqs
        found = 0
        for queue in ("SyncDeadLetters", "DeadLetters"):
            reply = sqs.get_queue_attributes(
                QueueUrl=self.stack.stack.physical_id(queue), AttributeNames=["ApproximateNumberOfMessages"]
            )
            found += int(reply["Attributes"]["ApproximateNumberOfMessages"])
        return found

    def alerts(self) -> list[str]:
        return [row[0] for row in self.all("SELECT DISTINCT condition FROM certification.alerts ORDER BY 1")]

    def sweep(self) -> None:
        """Sweep; a busy machine may need more than ten seconds to start the function, which Lambda would not wait."""
        for _ in range(3):
            if not self._swept().function_error:
                return
        raise AssertionError("no sweep has succeeded")

    def _swept(self) -> Invocation:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return self.stack.host.invoke("Reconciliation", {"scheduled_time": now, "mode": "sweep"})


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A stack that is up, with the synthetic mentors, whose website shows them."""
    home = tmp_path_factory.mktemp("home")
    with local_stack(home, fresh=True) as stack, session.announced(stack):
        loading.store(stack.dsn, read_mentors(loading.MENTORS), evaluated=datetime.now(UTC).date())
        site = Site(stack, home)
        site.sweep()
        assert site.left() == []
        assert len(site.dataverse.website()) > 40
        yield site
        site.dataverse.close()


@pytest.fixture
def site(up: Site) -> Site:
    """The stack, with the first secret in use, and no rotation or alert before this test."""
    up.dataverse.add_secret(FIRST["client_secret"])
    up.dataverse.add_secret(SECOND["client_secret"])
    up.put(FIRST)
    up.sweep()
    assert up.left() == []
    up.all("DELETE FROM certification.credential_rotations RETURNING id")
    up.all("DELETE FROM certification.alerts RETURNING id")
    return up


@contextmanager
def unharmed(site: Site) -> Iterator[Load]:
    """Change mentors meanwhile; at the end everything has reached the website, once each, and nothing was given up."""
    with Load(site.stack.dsn) as load:
        time.sleep(1.0)
        yield load
        time.sleep(1.0)
    assert load.changes > 40
    assert site.left() == []
    assert (site.differences(), site.dead_letters()) == ([], 0)


def test_a_planned_rotation_loses_nothing_and_alerts_nobody(site: Site) -> None:
    """Requirement: a planned rotation under load loses no message and raises no alert but the expected."""
    with unharmed(site):
        done = site.rotate(to=SECOND)
        assert (done["state"], done["form"]) == ("done", "secret")
        assert done["first_synced_at"] > done["current_at"]
        site.dataverse.revoke_secret(FIRST["client_secret"])
        site.dataverse.expire_tokens()  # so that every worker has to sign in anew, by what it has
        time.sleep(3.0)
    site.sweep()
    assert site.alerts() == []
    assert site.all("SELECT stopped_since FROM certification.sync_state") == [(None,)]


def test_from_secret_to_federation_and_back_loses_nothing(site: Site) -> None:
    """Requirement: moving from secret to federation and back is rehearsed under load without a lost message."""
    with unharmed(site):
        assert site.rotate("--form", "federation")["form"] == "federation"
        site.dataverse.revoke_secret(FIRST["client_secret"])
        site.dataverse.expire_tokens()
        time.sleep(3.0)
        assert site.stack.sts.calls.count("GetWebIdentityToken") >= 2
        assert site.rotate(to=SECOND)["form"] == "secret"
        site.dataverse.distrust(site.stack.sts.issuer, site.stack.stack.attribute("DataverseIdentity", "Arn"))
        site.dataverse.expire_tokens()
        time.sleep(3.0)
    site.dataverse.trust(site.stack.sts.issuer, site.stack.stack.attribute("DataverseIdentity", "Arn"))
    site.sweep()
    assert site.alerts() == []


@pytest.mark.parametrize("form", ["secret", "federation"])
def test_without_notice_it_alerts_in_that_run_and_drains_after(site: Site, form: str) -> None:
    """Requirement: rotated without notice: alert in that run, nothing sent wrongly, drained after (I7, I10)."""
    role = site.stack.stack.attribute("DataverseIdentity", "Arn")
    if form == "federation":
        site.put(FEDERATION)
        site.sweep()
    with unharmed(site):
        if form == "secret":
            site.dataverse.revoke_secret(FIRST["client_secret"])
        else:
            site.dataverse.distrust(site.stack.sts.issuer, role)
        site.dataverse.expire_tokens()
        until = time.monotonic() + _PATIENCE_SECONDS
        while "website_refuses_us" not in site.alerts() and time.monotonic() < until:
            time.sleep(0.2)  # no sweep runs: a worker's own run has to see it
        assert site.alerts() == ["website_refuses_us"]
        refused_since = time.time()
        time.sleep(2.0)
        assert site.waiting() > 0
        assert site.dataverse.writes(refused_since) == []
        if form == "federation":
            site.dataverse.trust(site.stack.sts.issuer, role)
        site.rotate(to=SECOND)
    site.sweep()
    assert site.all("SELECT condition FROM certification.alerts WHERE closed_at IS NULL") == []
