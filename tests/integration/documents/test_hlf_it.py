"""docs/operations/hlf-it.md is followed as it stands: its commands are run, its tables are those of the scripts."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dataverse import set_up
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from tests.integration.documents.test_docs import ROOT, TEXT, fences, section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUIDE = TEXT[ROOT / "docs" / "operations" / "hlf-it.md"]
LISTING = json.loads((ROOT / "dataverse" / "listing.json").read_text(encoding="utf-8"))
HOST = "https://hlf.crm4.dynamics.com"
# Azure CLI's commands and options, as its reference lists them; any other ends it. It keeps what it made in a file.
AZURE_CLI = """#!{python}
import json, sys, urllib.parse, urllib.request
KNOWN = {{
    ("ad", "app", "list"): {{"--filter"}},
    ("ad", "app", "create"): {{"--display-name", "--sign-in-audience"}},
    ("ad", "sp", "show"): {{"--id"}},
    ("ad", "sp", "create"): {{"--id"}},
    ("ad", "app", "credential", "reset"): {{"--id", "--append", "--display-name", "--end-date"}},
    ("account", "get-access-token"): {{"--resource"}},
    ("login",): set(),
}}
arguments = sys.argv[1:]
command = next(known for known in sorted(KNOWN, key=len, reverse=True) if tuple(arguments[: len(known)]) == known)
options, rest = {{}}, arguments[len(command):]
while rest:
    name = {{"-o": "--output"}}.get(rest[0], rest[0])
    assert name in KNOWN[command] | {{"--query", "--output"}}, name
    takes = name != "--append"
    options[name] = rest[1] if takes else True
    rest = rest[1 + takes:]
try:
    state = json.load(open("{state}"))
except OSError:
    state = {{"applications": [], "principals": [], "secrets": []}}
reply = ""
match command:
    case ("ad", "app", "list"):
        reply = "".join(state["applications"])
    case ("ad", "app", "create"):
        assert options["--sign-in-audience"] == "AzureADMyOrg"
        state["applications"] = [reply := "20ca1000-0000-4000-8000-00000000000a"]
    case ("ad", "sp", "show"):
        if options["--id"] not in state["principals"]:
            sys.exit("Resource does not exist")
    case ("ad", "sp", "create"):
        state["principals"].append(options["--id"])
    case ("ad", "app", "credential", "reset"):
        assert options["--append"]
        state["secrets"].append(options["--end-date"])
        names = dict(part.split(": ") for part in options["--query"].strip("{{}}").split(", "))
        made = {{"tenant": "{tenant}", "appId": options["--id"], "password": "s3cret-value"}}
        reply = json.dumps({{name: made.get(of, of.strip("'")) for name, of in names.items()}})
    case ("account", "get-access-token"):
        assert (options["--query"], options["--output"]) == ("accessToken", "tsv")
        form = dict(grant_type="client_credentials", client_id="{client}", client_secret="{secret}")
        form["scope"] = options["--resource"] + "/.default"
        asked = urllib.request.urlopen("{token_url}", urllib.parse.urlencode(form).encode())
        reply = json.load(asked)["access_token"]
json.dump(state, open("{state}", "w"))
print(reply)
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    with LocalDataverse(tmp_path_factory.mktemp("environment"), limits="off") as emulator:
        with EmulatorControl(emulator.url) as control:
            control.settings(administration=True)
        yield emulator


@pytest.fixture
def shell(emulator: LocalDataverse, tmp_path: Path) -> Any:
    """A shell in a folder with the scripts, and an Azure CLI whose environment is the emulator."""
    (tmp_path / "bin").mkdir()
    az = tmp_path / "bin" / "az"
    az.write_text(
        AZURE_CLI.format(
            python=sys.executable,
            state=tmp_path / "state.json",
            tenant=emulator.tenant_id,
            client=emulator.client_id,
            secret=emulator.client_secret,
            token_url=emulator.token_url,
        ),
        encoding="utf-8",
    )
    az.chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    (tmp_path / "dataverse").symlink_to(ROOT / "dataverse")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    def run(script: str, expect: int = 0) -> str:
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", script.replace(HOST, emulator.url)],
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "PYTHONPATH": ""},
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def console(heading: str) -> str:
    return "\n".join(fences(section(GUIDE, heading), "console"))


def test_the_guide_is_followed_to_the_first_sign_in(shell: Any, emulator: LocalDataverse, tmp_path: Path) -> None:
    """Each command as it stands; what they leave lets the application read its empty table."""
    said = shell(console("1. Registrer applikasjonen"))
    assert said.split() == ["20ca1000-0000-4000-8000-00000000000a"]
    file = tmp_path / "hlf-secret.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = json.loads(file.read_text())
    assert secret == {
        "tenant_id": emulator.tenant_id,
        "client_id": said.strip(),
        "client_secret": "s3cret-value",
        "client_secret_expires_on": "2027-11-01",
    }
    first, second, own = re.findall(r"python3 .*", console("3. Lag tabell, nøkkel, rolle og bruker"))
    assert "mangler" in shell(first, expect=1)
    assert "OK    alt er som det skal være" in shell(second)
    assert "OK" in shell(first)
    assert "OK" in shell(own)
    with EmulatorControl(emulator.url) as control:
        control._change("add_secret", application_id=secret["client_id"], secret=secret["client_secret"])
    form = {"grant_type": "client_credentials", "scope": f"{emulator.url}/.default"}
    form |= {name: secret[name] for name in ("client_id", "client_secret")}
    token = httpx.post(emulator.token_url, data=form).json()["access_token"]
    reply = httpx.get(f"{emulator.url}/api/data/v9.2/{LISTING['table']}", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.json()["value"]) == (200, [])


def test_a_second_secret_stands_beside_the_first(shell: Any, tmp_path: Path) -> None:
    """The application is registered once, what works goes on, and a file that is there is not overwritten."""
    script = "sh dataverse/register_application.sh"
    shell(f"{script} 2027-11-01 one.json; {script} 2028-11-01 two.json; {script}")
    state = json.loads((tmp_path / "state.json").read_text())
    assert (len(state["applications"]), len(state["principals"])) == (1, 1)
    assert state["secrets"] == ["2027-11-01", "2028-11-01"]
    assert "s3cret" not in shell(f"{script} 2029-11-01 one.json", expect=2)
    assert json.loads((tmp_path / "one.json").read_text())["client_secret_expires_on"] == "2027-11-01"


def test_the_columns_are_those_of_the_script() -> None:
    rows = re.findall(r"^\| `(\w+)` \| Single line of text \| (\d+) \|", GUIDE, re.MULTILINE)
    wanted = {LISTING["key"]: set_up.KEY_LENGTH}
    wanted |= {name: set_up.LENGTHS[field] for name, field in LISTING["columns"].items()}
    assert {name: int(length) for name, length in rows} == wanted


def test_the_privileges_are_those_of_the_script() -> None:
    """Which tests/integration/dataverse/test_set_up.py shows to be the needed ones."""
    rows = re.findall(r"^\| `prv(\w+?)hlf_peermentor` \|", GUIDE, re.MULTILINE)
    assert tuple(rows) == set_up.PRIVILEGES
    assert f"«{set_up.ROLE}»" in GUIDE
