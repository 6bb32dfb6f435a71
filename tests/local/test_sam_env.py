"""What a container of `sam local invoke` is told leads it to the local stack, from outside 127.0.0.1."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from emulators.dataverse.model import defaults
from emulators.lambda_host.template.provision import local_clients, provision
from emulators.ses.server import LocalSes
from local.stack.aws import LocalAws
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.relay import relay
from local.stack.sam_local import Reach, reach, sam_env, sam_env_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SES = "http://127.0.0.1:9"
# Not 127.0.0.1: to a container the machine has another name, which is no loopback to the function.
THROUGH_A_RELAY = Reach("127.0.0.2", relayed=True)
CONTAINER = {"AWS_SAM_LOCAL": "true"}
CREDENTIAL = {
    "tenant_id": defaults.TENANT_ID,
    "client_id": defaults.CLIENT_ID,
    "client_secret": defaults.CLIENT_SECRET,
    "client_secret_expires_on": "2030-01-31",
}
EVENTS = {
    "ExpiryCheck": "expiry_check.scheduled.json",
    "SendNotices": "send_notices.scheduled.json",
    "StatusChanged": "status_changed.event.json",
    "DynamicsSync": "dynamics_sync.queued.json",
    "Reconciliation": "reconciliation.full.json",
    "ForceSync": "force_sync.page.json",
    "MailEvents": "mail_events.bounce.json",
    "VerifyIntegration": "verify_integration.person.json",
    "Operations": "operations.release_brake.json",
    "OperationsReader": "operations_reader.status.json",
}


@pytest.fixture(scope="module")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws.url


@pytest.fixture
def stack(aws_url: Any, database: TestDatabase, site: EmulatedWebsite) -> Any:
    clients = local_clients(aws_url)
    stack = provision(local_template({"SettlingSeconds": "0"}), clients, website_at(site.url))
    clients.secretsmanager.put_secret_value(
        SecretId=stack.physical_id("DataverseSecret"), SecretString=json.dumps(CREDENTIAL)
    )
    for function in with_a_database(stack.functions):
        clients.secretsmanager.put_secret_value(
            SecretId=function.environment["DATABASE_SECRET_ARN"],
            SecretString=json.dumps(database.login(function.logical_id)),
        )
    return stack


def with_a_database(functions):
    """All but status_changed, which asks a queue and nothing else."""
    return [function for function in functions if "DATABASE_SECRET_ARN" in function.environment]


def result_of(function, stack, environment):
    with function_host(stack, environment) as host:
        event = json.loads((ROOT / "events" / EVENTS[function]).read_text())
        return host.invoke(function, event)


def test_every_function_does_in_a_container_what_it_does_here(
    stack: Any, aws_url: Any, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """Dataverse and Entra stayed at the container's own 127.0.0.1, so most of them failed."""
    organisation = foundation.organisation()
    for _ in range(3):
        foundation.mentor(organisation, "2027-06-30", consent=True)
    with LocalSes() as ses, sam_env(stack, aws_url, ses.url, site.url, THROUGH_A_RELAY) as environments:
        assert environments.keys() == EVENTS.keys()
        for function, environment in environments.items():
            for name in {"DATAVERSE_URL", "ENTRA_AUTHORITY"} & environment.keys():
                assert environment[name].startswith("http://127.0.0.2:")
            assert environment["DNS_SERVER"].startswith("127.0.0.2:")
            assert environment["STACK_NAME"] == ""  # with one, verify_integration compares a deployed stack
            result = result_of(function, stack, environment | CONTAINER)
            assert result.function_error is None, result.log_lines
            if "state" in result.payload:
                assert result.payload["state"] == "succeeded", result.log_lines


def test_tokens_and_links_are_for_where_the_emulator_is_reached(
    stack: Any, aws_url: Any, site: EmulatedWebsite
) -> None:
    """A scope, and a link, of the address that the container knows; forgotten when the stack ends."""
    with sam_env(stack, aws_url, SES, site.url, THROUGH_A_RELAY) as environments:
        relayed = environments["DynamicsSync"]["DATAVERSE_URL"]
        token = granted(relayed, relayed)
        assert token.status_code == 200
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        link = httpx.get(f"{relayed}/api/data/v9.2/WhoAmI", headers=headers).json()["@odata.context"]
        assert link.startswith(relayed)
        assert granted(site.url, "http://127.0.0.2:1").status_code == 400
    assert granted(site.url, relayed).status_code == 400


def test_without_sam_no_token_goes_out_in_the_open(stack: Any, aws_url: Any, site: EmulatedWebsite) -> None:
    """I9: only where the SAM CLI says that this is its container is http to another name allowed."""
    with sam_env(stack, aws_url, SES, site.url, THROUGH_A_RELAY) as environments:
        environment = environments["DynamicsSync"] | {"AWS_ENDPOINT_URL": aws_url}
        result = result_of("DynamicsSync", stack, environment)
    assert "dataverse_url_is_not_https" in "".join(result.log_lines)


def granted(url, scope):
    form = {"grant_type": "client_credentials", "scope": f"{scope}/.default"}
    form |= {name: CREDENTIAL[name] for name in ("client_id", "client_secret")}
    return httpx.post(f"{url}/{CREDENTIAL['tenant_id']}/oauth2/v2.0/token", data=form)


def secret_of(environment):
    secrets = local_clients(environment["AWS_ENDPOINT_URL"]).secretsmanager
    return json.loads(secrets.get_secret_value(SecretId=environment["DATABASE_SECRET_ARN"])["SecretString"])


def test_each_function_reaches_its_services_through_relays(stack: Any, aws_url: Any, site: EmulatedWebsite) -> None:
    """Each function reaches the AWS APIs and the database through relays."""
    with sam_env(stack, aws_url, SES, site.url, THROUGH_A_RELAY) as environments:
        assert environments.keys() == {function.logical_id for function in stack.functions}
        for environment in environments.values():
            assert environment["AWS_ENDPOINT_URL"] != aws_url
            assert environment["AWS_ENDPOINT_URL_SESV2"] != SES
        for function in with_a_database(stack.functions):
            login = secret_of(environments[function.logical_id])
            login["user"] = login.pop("username")
            with psycopg.connect(**login) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_functions_own_secrets_stay_and_the_others_go(stack: Any, aws_url: Any, site: EmulatedWebsite) -> None:
    """The function's own secrets stay as they are and the others go."""

    def secrets():
        client = local_clients(aws_url).secretsmanager
        names = {secret["Name"] for secret in client.list_secrets()["SecretList"]}
        return {name: client.get_secret_value(SecretId=name)["SecretString"] for name in names}

    before = secrets()
    with sam_env(stack, aws_url, SES, site.url, THROUGH_A_RELAY):
        during = secrets()
    after = secrets()

    assert during.keys() - before.keys() == {f"sam-local-{f.logical_id}" for f in with_a_database(stack.functions)}
    assert {name: during[name] for name in before} == before
    assert after == before


def test_a_docker_desktop_is_given_a_name_and_needs_no_relay(stack: Any, aws_url: Any, site: EmulatedWebsite) -> None:
    by = reach("nosuchbridge")
    with sam_env(stack, aws_url, SES, site.url, by) as environments:
        urls = {environment["AWS_ENDPOINT_URL"] for environment in environments.values()}

    assert urls == {aws_url.replace("127.0.0.1", "host.docker.internal")}


def test_a_bridge_is_found_by_its_interface() -> None:
    assert reach("lo") == Reach("127.0.0.1", relayed=True)


def test_every_variable_is_named_in_the_template_for_sam(stack: Any, aws_url: Any, site: EmulatedWebsite) -> None:
    """Every variable is named in the template because SAM gives no others."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    with sam_env(stack, aws_url, SES, site.url, THROUGH_A_RELAY) as environments:
        names = {name for environment in environments.values() for name in environment}

    assert {name for name in names if f" {name}: " not in text} == set()


@contextmanager
def reversing_server():
    """Respond when the other end has said all: every octet has to come, and so has the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                received = b"".join(iter(lambda: connection.recv(65536), b""))
                connection.sendall(received[::-1])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()
        thread.join()


def test_a_relay_passes_on_every_octet_and_the_end() -> None:
    words = os.urandom(3_000_000)
    with (
        reversing_server() as target,
        relay("127.0.0.1", target) as port,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))

    assert reply == words[::-1]


def test_a_relay_to_nobody_closes_the_connection() -> None:
    """A relay to nobody closes the connection and one that ended takes none."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()
    with relay("127.0.0.1", nobody) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_file_is_there_as_long_as_the_stack_is_up(
    stack: Any, aws_url: Any, site: EmulatedWebsite, tmp_path: Path
) -> None:
    path = tmp_path / "sam-env.json"
    with sam_env_file(path, stack, aws_url, SES, site.url, by=reach("lo")):
        written = json.loads(path.read_text())
        assert "password" not in path.read_text()
    assert written.keys() == {function.logical_id for function in stack.functions}
    assert not path.exists()
