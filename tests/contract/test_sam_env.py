"""What a container of `sam local invoke` is told leads it to the local stack, from outside 127.0.0.1."""

import json
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from local.aws import LocalAws
from local.lambda_host.provision import local_clients, provision
from local.lambda_host.template import load_template
from local.relay import relay
from local.sam_env import Reach, reach, sam_env, sam_env_file

ROOT = Path(__file__).parents[2]
SES = "http://127.0.0.1:9"
THROUGH_A_RELAY = Reach("127.0.0.1", relayed=True)


@pytest.fixture(scope="module")
def aws_url(tmp_path_factory):
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws.url


@pytest.fixture
def stack(aws_url, database):
    clients = local_clients(aws_url)
    stack = provision(load_template(ROOT / "template.yaml"), clients)
    for function in with_a_database(stack.functions):
        clients.secretsmanager.put_secret_value(
            SecretId=function.environment["DATABASE_SECRET_ARN"],
            SecretString=json.dumps(database.login(function.logical_id)),
        )
    return stack


def with_a_database(functions):
    """All but status_changed, which asks a queue and nothing else."""
    return [function for function in functions if "DATABASE_SECRET_ARN" in function.environment]


def secret_of(environment):
    secrets = local_clients(environment["AWS_ENDPOINT_URL"]).secretsmanager
    return json.loads(secrets.get_secret_value(SecretId=environment["DATABASE_SECRET_ARN"])["SecretString"])


def test_each_function_reaches_the_aws_apis_and_the_database_through_relays(stack, aws_url):
    with sam_env(stack, aws_url, SES, THROUGH_A_RELAY) as environments:
        assert environments.keys() == {function.logical_id for function in stack.functions}
        for environment in environments.values():
            assert environment["AWS_ENDPOINT_URL"] != aws_url
            assert environment["AWS_ENDPOINT_URL_SESV2"] != SES
        for function in with_a_database(stack.functions):
            login = secret_of(environments[function.logical_id])
            login["user"] = login.pop("username")
            with psycopg.connect(**login) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_functions_own_secrets_stay_as_they_are_and_the_others_go(stack, aws_url):
    def secrets():
        client = local_clients(aws_url).secretsmanager
        names = {secret["Name"] for secret in client.list_secrets()["SecretList"]}
        return {name: client.get_secret_value(SecretId=name)["SecretString"] for name in names}

    before = secrets()
    with sam_env(stack, aws_url, SES, THROUGH_A_RELAY):
        during = secrets()
    after = secrets()

    assert during.keys() - before.keys() == {f"sam-local-{f.logical_id}" for f in with_a_database(stack.functions)}
    assert {name: during[name] for name in before} == before
    assert after == before


def test_a_docker_desktop_is_given_a_name_and_needs_no_relay(stack, aws_url):
    by = reach("nosuchbridge")
    with sam_env(stack, aws_url, SES, by) as environments:
        urls = {environment["AWS_ENDPOINT_URL"] for environment in environments.values()}

    assert urls == {aws_url.replace("127.0.0.1", "host.docker.internal")}


def test_a_bridge_is_found_by_its_interface():
    assert reach("lo") == Reach("127.0.0.1", relayed=True)


def test_every_variable_is_named_in_the_template_because_sam_gives_no_others(stack, aws_url):
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    with sam_env(stack, aws_url, SES, THROUGH_A_RELAY) as environments:
        names = {name for environment in environments.values() for name in environment}

    assert {name for name in names if f" {name}: " not in text} == set()


@contextmanager
def reversing_server():
    """Answers when the other end has said all: every octet has to come, and so has the end."""
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


def test_a_relay_passes_on_every_octet_and_the_end():
    words = os.urandom(3_000_000)
    with (
        reversing_server() as target,
        relay("127.0.0.1", target) as port,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer == words[::-1]


def test_a_relay_to_nobody_closes_the_connection_and_one_that_ended_takes_none():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()
    with relay("127.0.0.1", nobody) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_file_is_there_as_long_as_the_stack_is_up(stack, aws_url, tmp_path):
    path = tmp_path / "sam-env.json"
    with sam_env_file(path, stack, aws_url, SES, reach("lo")):
        written = json.loads(path.read_text())
        assert "password" not in path.read_text()
    assert written.keys() == {function.logical_id for function in stack.functions}
    assert not path.exists()
