"""The emulator is a process of its own, alone or as part of the local stack."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulators import processes
from emulators.dataverse import certificates
from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema import SchemaError
from emulators.dataverse.model.schema_file import load
from emulators.dataverse.process import LocalDataverse, LocalDataverseError
from tests.support.dataverse_service import API
from tests.support.there import there

ROOT = Path(__file__).parents[3]


def token(url: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": defaults.CLIENT_ID,
        "client_secret": defaults.CLIENT_SECRET,
        "scope": f"{url}/.default",
    }
    response = httpx.post(f"{url}/{defaults.TENANT_ID}/oauth2/v2.0/token", data=form)
    return response.json()["access_token"]


def test_it_starts_responds_and_is_gone_after(tmp_path: Path) -> None:
    with LocalDataverse(tmp_path) as dataverse:
        bearer = {"Authorization": f"Bearer {token(dataverse.url)}"}
        assert httpx.get(f"{dataverse.url}{API}WhoAmI", headers=bearer).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(dataverse.url)
    assert (tmp_path / "dataverse.log").read_text() == ""


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with LocalDataverse(tmp_path) as dataverse, socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", dataverse.port)) != 0


def test_one_that_cannot_start_says_where_its_log_is(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text("{}")
    with pytest.raises(LocalDataverseError, match=r"dataverse\.log"):
        LocalDataverse(tmp_path, schema=schema).start()
    assert f"{schema}: tables: Field required" in (tmp_path / "dataverse.log").read_text()


@pytest.mark.parametrize("command", [["emulators.dataverse"], ["local", "dataverse"]])
def test_the_command_prints_the_addresses_and_stops_on_request(command: Any) -> None:
    """The command says where everything is and stops on request."""
    port = processes.free_port()
    command = [sys.executable, "-m", *command, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        said = "".join(there(process.stdout).readline() for _ in range(4))
        url = f"http://127.0.0.1:{port}"
        for word in (
            f"{url}{API}",
            f"{url}/{defaults.TENANT_ID}/oauth2/v2.0/token",
            f"{url}/.default",
            f"{url}/website",
        ):
            assert word in said
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport) as client:
            assert client.get(f"{url}/_emulator/health").text == "ready"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in {0, 130, -signal.SIGINT}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_speaks_https_and_says_whom_to_trust(stop: Any) -> None:
    """A client that verifies is served, one that does not know the authority refuses, nothing is left."""
    port = processes.free_port()
    command = [sys.executable, "-m", "emulators.dataverse", "--https", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        said = "".join(there(process.stdout).readline() for _ in range(6))
        authority = Path(there(re.search(r"^trust +(\S+)", said, re.MULTILINE))[1])
        assert said.count(f"https://127.0.0.1:{port}") == 5
        assert "http://" not in said
        assert stat.S_IMODE(authority.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((authority.parent / "certificate.pem").stat().st_mode) == 0o600
        assert "PRIVATE" not in authority.read_text()
        context = ssl.create_default_context(cafile=authority)
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{port}"
            with httpx.Client(verify=context, transport=httpx.HTTPTransport(verify=context, retries=10)) as client:
                assert client.get(f"{url}/_emulator/health").text == "ready"
                form = {
                    "grant_type": "client_credentials",
                    "client_id": defaults.CLIENT_ID,
                    "client_secret": defaults.CLIENT_SECRET,
                    "scope": f"https://127.0.0.1:{port}/.default",
                }
                granted = client.post(f"{url}/{defaults.TENANT_ID}/oauth2/v2.0/token", data=form).json()
                bearer = {"Authorization": f"Bearer {granted['access_token']}"}
                where = f"{url}{API}cr1_people(cr1_number='m-1')"
                written = client.patch(where, json={"cr1_name": "Kari"}, headers=bearer)
                assert written.headers["odata-entityid"].startswith(f"https://127.0.0.1:{port}{API}")
                client.put(f"{url}/_emulator/origins", json=[f"https://localhost:{port}"])
                form["scope"] = f"https://localhost:{port}/.default"
                assert client.post(f"{url}/{defaults.TENANT_ID}/oauth2/v2.0/token", data=form).status_code == 200
                written = client.patch(where, json={"cr1_name": "Kari"}, headers=bearer)
                assert written.headers["odata-entityid"].startswith(url)
                client.put(f"{url}/_emulator/origins", json=[])
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"https://127.0.0.1:{port}/_emulator/health")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/_emulator/health")
        process.send_signal(stop)
        assert process.wait(10) in {0, 130, 143, -stop}
        assert not authority.parent.exists()


def test_a_fault_cuts_a_connection_of_https_too(tmp_path: Path) -> None:
    """What a rule does to a connection, under TLS."""
    tls = certificates.make(tmp_path)
    context = ssl.create_default_context(cafile=tls.authority)
    with LocalDataverse(tmp_path / "dataverse", tls=tls) as dataverse, httpx.Client(verify=context) as client:
        for kind in ("reset_before", "reset_after", "truncate"):
            rule = {"kind": kind, "where": "token", "count": 1}
            assert client.post(f"{dataverse.url}/_emulator/faults", json=rule).status_code == 200
            with pytest.raises(httpx.TransportError):
                client.post(dataverse.token_url, data={"grant_type": "client_credentials"})
        assert client.post(dataverse.token_url, data={"grant_type": "client_credentials"}).status_code == 400


def test_a_schema_file_of_ones_own_replaces_the_tables(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    table = {
        "name": "cr1_thing",
        "set": "cr1_things",
        "primary_id": "cr1_thingid",
        "primary_name": "cr1_name",
        "columns": [{"name": "cr1_name", "type": "string", "max_length": 5}, {"name": "cr1_number", "type": "integer"}],
        "keys": {"cr1_key": ["cr1_number"]},
        "states": {
            "0": {"label": "Open", "statuses": {"1": "New", "3": "Waiting"}},
            "1": {"label": "Closed", "statuses": {"2": "Done"}},
        },
    }
    schema.write_text(json.dumps({"tables": [table]}))
    with LocalDataverse(tmp_path, schema=schema) as dataverse:
        api = f"{dataverse.url}{API}"
        with httpx.Client(headers={"Authorization": f"Bearer {token(dataverse.url)}"}) as client:
            body = {"cr1_name": "x", "statuscode": 3}
            assert client.patch(f"{api}cr1_things(cr1_number=7)", json=body).status_code == 204
            row = client.get(f"{api}cr1_things(cr1_number=7)").json()
            assert (row["cr1_name"], row["statecode"], row["statuscode"]) == ("x", 0, 3)
            assert client.get(f"{api}cr1_people").status_code == 404


def column(**values: object) -> dict[str, Any]:
    return {"name": "a", "type": "string"} | values


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"columns": [column(type="colour")]}, "type"),
        ({"columns": [column(size=3)]}, "size"),
        ({"columns": [column(), column()]}, "a twice"),
        ({"primary_name": "b"}, "the primary name b is not among the columns"),
        ({"keys": {"k": ["b"]}}, "the key k names b"),
        ({"columns": [column(), {"name": "l", "type": "lookup", "target": "x", "navigation": "L"}]}, "points at x"),
        ({"columns": [column(), {"name": "l", "type": "lookup"}]}, "target and a navigation"),
        ({"states": {"0": {"label": "Active", "statuses": {}}}}, "statuses"),
        ({"set": None}, "tables.0.set"),
        ({"columns": [{"name": "a", "type": "choice"}]}, "has options"),
    ],
)
def test_a_schema_file_without_tables_is_refused_with_the_reason(tmp_path: Path, changed: Any, reason: str) -> None:
    """A schema file that does not describe tables is refused with the reason."""
    table = {"name": "t", "set": "ts", "primary_id": "tid", "primary_name": "a", "columns": [column()]} | changed
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"tables": [table]}))
    with pytest.raises(SchemaError) as refusal:
        load(file)
    assert reason in str(refusal.value)
    assert str(file) in str(refusal.value)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"tables": [1]}', '{"tables": [{}]}'])
def test_a_file_that_is_no_schema_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "schema.json"
    file.write_text(content)
    with pytest.raises(SchemaError):
        load(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="No such file"):
        load(tmp_path / "schema.json")
