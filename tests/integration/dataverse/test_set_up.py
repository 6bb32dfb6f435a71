"""dataverse/set_up.py on the emulator: what HLF IT runs makes an environment in which the whole system works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dataverse import set_up
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from local.stack.dataverse import TABLES
from shared.domain.force_sync import VerifiedSync
from tests.support.forcing import Forcer
from tests.support.foundation import DAY, days
from tests.support.reconciling import Reconciler
from tests.support.syncs import SyncWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import psycopg

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "dataverse" / "set_up.py"
LISTING: dict[str, Any] = json.loads((ROOT / "dataverse" / "listing.json").read_text(encoding="utf-8"))
APPLICATION, SECRET = "20ca1000-0000-4000-8000-00000000000a", "the-secret-of-hlf-it"
TABLE, NAME = "hlf_peermentors", "hlf_peermentor"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    """An environment without a table of ours."""
    with LocalDataverse(tmp_path_factory.mktemp("environment"), limits="off") as emulator:
        yield emulator


@pytest.fixture
def control(emulator: LocalDataverse) -> Iterator[EmulatorControl]:
    """The environment as new, where HLF IT has registered an application in Entra, and nothing else."""
    with EmulatorControl(emulator.url) as control:
        control.reset()
        control.settings(administration=True)
        control._change("add_secret", application_id=APPLICATION, secret=SECRET)
        yield control


class Administrator:
    """The person at HLF IT: runs the script, and asks the Web API."""

    def __init__(self, emulator: LocalDataverse) -> None:
        self.emulator = emulator
        self.http = httpx.Client(base_url=f"{emulator.url}/api/data/v9.2/", timeout=30)
        self.token = self._token(emulator.client_id, emulator.client_secret)
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def _token(self, client: str, secret: str) -> str:
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        form["scope"] = f"{self.emulator.url}/.default"
        return str(httpx.post(self.emulator.token_url, data=form).json()["access_token"])

    def run(self, *options: str, expect: int = 0, token: str | None = None) -> str:
        words = ["--url", self.emulator.url, "--application-id", APPLICATION, "--token-from-stdin", *options]
        done = subprocess.run(
            [sys.executable, str(SCRIPT), *words],
            input=f"{token or self.token}\n",
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def get(self, path: str) -> Any:
        reply = self.http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, body: object) -> None:
        assert self.http.post(path, json=body).status_code == 204

    def give(self, *kinds: str) -> None:
        """Give our role exactly these privileges of the table."""
        privileges = self.get(f"EntityDefinitions(LogicalName='{NAME}')?$select=Privileges")["Privileges"]
        held = [
            {"PrivilegeId": one["PrivilegeId"], "Depth": "Global"}
            for one in privileges
            if one["PrivilegeType"] in kinds
        ]
        [role] = self.get(f"roles?$select=roleid&$filter=name eq '{set_up.ROLE}'")["value"]
        path = f"roles({role['roleid']})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole"
        self.post(path, {"Privileges": held})


@pytest.fixture
def admin(emulator: LocalDataverse, control: EmulatorControl) -> Iterator[Administrator]:
    admin = Administrator(emulator)
    with admin.http:
        yield admin


@pytest.fixture
def secret(emulator: LocalDataverse) -> Callable[[bool], Mapping[str, Any]]:
    value = {"tenant_id": emulator.tenant_id, "client_id": APPLICATION, "client_secret": SECRET}
    return lambda _: value


def test_the_mapping_beside_it_is_the_standard(connection: psycopg.Connection) -> None:
    """HLF IT makes what the database publishes, as long as no organisation has a mapping of its own."""
    standard = connection.execute("SELECT listing_mapping::jsonb FROM certification.standard").fetchone()
    assert standard == (LISTING,)


def test_every_length_is_that_of_the_local_table() -> None:
    """What is tried here fits there."""
    [table] = json.loads(TABLES.read_text(encoding="utf-8"))["tables"]
    local = {column["name"]: column.get("max_length") for column in table["columns"]}
    assert local[LISTING["key"]] == set_up.KEY_LENGTH
    assert {field: local[name] for name, field in LISTING["columns"].items()} == set_up.LENGTHS


def test_it_makes_what_is_missing_and_only_once(admin: Administrator) -> None:
    """A dry run changes nothing; a second run changes nothing."""
    assert f"tabellen {NAME}: mangler" in admin.run("--dry-run", expect=1)
    assert admin.http.get(f"EntityDefinitions(LogicalName='{NAME}')").status_code == 404
    said = admin.run()
    assert said.endswith("OK    alt er som det skal være\n")
    assert f"tabellen {NAME}: er laget" in said
    assert "den alternative nøkkelen på hlf_mentorid: er aktiv" in said
    [key] = admin.get(f"EntityDefinitions(LogicalName='{NAME}')/Keys")["value"]
    assert (key["KeyAttributes"], key["EntityKeyIndexStatus"]) == (["hlf_mentorid"], "Active")
    columns = admin.get(
        f"EntityDefinitions(LogicalName='{NAME}')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata"
        "?$select=LogicalName,MaxLength"
    )["value"]
    lengths = {one["LogicalName"]: one["MaxLength"] for one in columns}
    assert lengths == {"hlf_mentorid": 36} | {name: set_up.LENGTHS[field] for name, field in LISTING["columns"].items()}
    again = admin.run()
    assert "er laget" not in again
    assert "OK" in admin.run("--dry-run")
    assert len(admin.get("roles?$select=roleid")["value"]) == 1
    assert len(admin.get(f"systemusers?$select=systemuserid&$filter=applicationid eq {APPLICATION}")["value"]) == 1


def test_it_goes_on_where_it_was_stopped(admin: Administrator) -> None:
    """The table without its last columns, the role without privileges, the user without the role."""
    steps = set_up.SetUp(set_up.Environment(admin.emulator.url, admin.token), LISTING, dry_run=False)
    assert steps.table()
    assert "kolonnen hlf_phone: er laget" in admin.run()
    assert f"tabellen {NAME}: finnes" in admin.run()


def test_what_differs_is_reported_and_left(admin: Administrator, tmp_path: Path) -> None:
    """A column that is too short or of another type, a table of another name, another role of the user."""
    small = dict(set_up.LENGTHS)
    steps = set_up.SetUp(set_up.Environment(admin.emulator.url, admin.token), LISTING, dry_run=False)
    steps.table()
    path = f"EntityDefinitions(LogicalName='{NAME}')/Attributes"
    short = steps._column("hlf_phone") | {"MaxLength": 10}
    admin.post(path, short)
    flag = steps._column("hlf_published") | {"SchemaName": "hlf_area"}
    admin.post(path, flag)
    said = admin.run(expect=1)
    assert "FEIL  kolonnen hlf_phone tar bare 10 tegn, ikke 50" in said
    assert "FEIL  kolonnen hlf_area er av typen Boolean, ikke String" in said
    assert small == set_up.LENGTHS
    [unit] = admin.get("businessunits?$select=businessunitid")["value"]
    bind = f"/businessunits({unit['businessunitid']})"
    admin.post("roles", {"name": "En annen rolle", "businessunitid@odata.bind": bind})
    [other] = admin.get("roles?$select=roleid&$filter=name eq 'En annen rolle'")["value"]
    [user] = admin.get(f"systemusers?$select=systemuserid&$filter=applicationid eq {APPLICATION}")["value"]
    association = f"systemusers({user['systemuserid']})/systemuserroles_association/$ref"
    admin.post(association, {"@odata.id": f"{admin.emulator.url}/api/data/v9.2/roles({other['roleid']})"})
    assert "FEIL  programbrukeren har også andre roller: En annen rolle" in admin.run(expect=1)


def test_two_rows_of_one_mentor_keep_the_key_from_being_built(admin: Administrator, control: EmulatorControl) -> None:
    steps = set_up.SetUp(set_up.Environment(admin.emulator.url, admin.token), LISTING, dry_run=False)
    steps.table()
    steps.columns()
    for _ in range(2):
        admin.post(TABLE, {"hlf_mentorid": "one"})
    assert "kunne ikke bygges: to rader har samme verdi" in admin.run(expect=1)


def test_a_mapping_of_an_organisations_own_is_made_too(admin: Administrator, tmp_path: Path) -> None:
    """Another table, fewer columns, and a flag that is no system column."""
    own = LISTING | {
        "table": "hlf_likepersons",
        "columns": {"hlf_name": "full_name"},
        "show": LISTING["show"] | {"hlf_published": True},
        "hide": LISTING["hide"] | {"hlf_published": False},
    }
    (file := tmp_path / "own.json").write_text(json.dumps(own), encoding="utf-8")
    admin.run("--mapping", str(file))
    admin.post("hlf_likepersons", {"hlf_mentorid": "m", "hlf_name": "Kari", "hlf_published": True})


def test_who_may_not_and_who_cannot_be_reached(admin: Administrator) -> None:
    """Never a traceback: another's token, no token, no environment, an address that is none."""
    assert "401" in admin.run(token="wrong", expect=3)
    admin.run()
    ours = admin._token(APPLICATION, SECRET)
    assert "0x80040220" in admin.run(token=ours, expect=3)
    assert "--url is https://" in admin.run("--url", "http://hlf.crm4.dynamics.com", expect=2)
    assert "kan ikke nås" in admin.run("--url", "https://127.0.0.1:1", expect=3)
    assert "STOPP" in admin.run("--mapping", "/no/such/file", expect=3)


def test_a_user_without_a_role_is_refused(admin: Administrator, control: EmulatorControl) -> None:
    """0x80042f09, as the service says; the alert has a sentence for it."""
    admin.run()
    user = admin.get(f"systemusers?$select=systemuserid&$filter=applicationid eq {APPLICATION}")["value"][0]
    assert admin.get(f"systemusers({user['systemuserid']})/systemuserroles_association")["value"] != []
    fresh = "20ca1000-0000-4000-8000-00000000000b"
    control._change("add_secret", application_id=fresh, secret="x")
    [unit] = admin.get("businessunits?$select=businessunitid")["value"]
    admin.post(
        "systemusers",
        {"applicationid": fresh, "businessunitid@odata.bind": f"/businessunits({unit['businessunitid']})"},
    )
    reply = admin.http.get("WhoAmI", headers={"Authorization": f"Bearer {admin._token(fresh, 'x')}"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "0x80042f09")


class Life:
    """Every request that this system makes to Dynamics: signing in, WhoAmI, publish, update, hide, read, force."""

    def __init__(self, database: TestDatabase, foundation: Foundation, url: str, secret: Any) -> None:
        self.database, self.foundation, self.url, self.secret = database, foundation, url, secret

    def live(self) -> list[str]:
        """Return what did not work, by name."""
        foundation, failed = self.foundation, []
        organisation = foundation.organisation()
        foundation.evaluated(organisation)
        coordinator = foundation.coordinator(organisation)
        mentor = foundation.mentor(organisation, DAY + days(100), consent=True, phone="400 00 000", area="Moss")
        with SyncWorker(self.database.login("DynamicsSync"), self.url, self.secret) as worker:
            worker.sync(mentor)
            failed += [] if foundation.listing_state(mentor) == "live" else ["publish"]
        with Reconciler(self.database.login("Reconciliation"), self.url, self.secret) as reconciler:
            verdict = reconciler.full()
            proof = foundation.one("SELECT complete FROM certification.proofs ORDER BY at DESC LIMIT 1")
            failed += [] if verdict.reason is None and proof else ["compare"]
        with Forcer(self.database.login("ForceSync"), self.url, self.secret) as forcer:
            failed += [] if isinstance(forcer.force(coordinator, mentor), VerifiedSync) else ["force"]
        foundation.pause(mentor)
        with SyncWorker(self.database.login("DynamicsSync"), self.url, self.secret) as worker:
            worker.sync(mentor)
            failed += [] if foundation.listing_state(mentor) == "hidden" else ["hide"]
        return failed


def test_the_whole_system_works_with_exactly_this_role(
    admin: Administrator, database: TestDatabase, foundation: Foundation, secret: Any
) -> None:
    """With one privilege less something fails, so none is superfluous; with all of them nothing does."""
    admin.run()
    life = Life(database, foundation, admin.emulator.url, secret)
    assert life.live() == []
    lost = {}
    for kind in set_up.PRIVILEGES:
        admin.give(*(one for one in set_up.PRIVILEGES if one != kind))
        foundation.empty()
        foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
        foundation.do("UPDATE certification.sync_state SET stopped_since = NULL, stopped_reason = NULL")
        lost[kind] = life.live()
    assert all(lost.values()), lost
    admin.give(*set_up.PRIVILEGES)


def test_definitions_are_read_without_a_privilege(admin: Administrator) -> None:
    """As Microsoft says of RetrieveEntity, RetrieveAttribute and WhoAmI: a check of ours may look at the table."""
    admin.run()
    admin.give("Write")
    ours = {"Authorization": f"Bearer {admin._token(APPLICATION, SECRET)}"}
    for path in ("WhoAmI", f"EntityDefinitions(LogicalName='{NAME}')?$expand=Attributes,Keys"):
        assert admin.http.get(path, headers=ours).status_code == 200
    assert admin.http.get(TABLE, headers=ours).status_code == 403
