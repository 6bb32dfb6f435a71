"""Let `sam local invoke` reach the stack that `python -m local up` runs (docs/sam.md).

Everything local listens on 127.0.0.1, which inside a container is the container itself. As long as the stack is up, the
database, the AWS APIs, the mail service, Dataverse, the identity provider and the name server are also reachable at the
address under which containers see this machine, and at no other.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulators.dataverse.client import EmulatorControl
from emulators.dns.server import LocalDns
from emulators.lambda_host.template.provision import local_clients
from local.stack.mail import DNS_RECORDS
from local.stack.relay import relay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from emulators.lambda_host.template.provision import Stack

_DOCKER_DESKTOP = "host.docker.internal"
_SIOCGIFADDR = 0x8915  # netdevice(7): the address of an interface
_SECRET = "DATABASE_SECRET_ARN"
_DATAVERSE = ("DATAVERSE_URL", "ENTRA_AUTHORITY")
_TOKEN_KEYS = "TOKEN_KEYS_URL"


@dataclass(frozen=True)
class Reach:
    """The way from a container to the services of this machine: the name to use, and whether a relay is needed."""

    name: str
    relayed: bool

    @contextmanager
    def to(self, host: str, port: int) -> Iterator[int]:
        """Yield the port under which a container finds the service at `host`:`port`."""
        if self.relayed:
            with relay(self.name, (host, port)) as outside:
                yield outside
        else:
            yield port


def reach(bridge: str = "docker0") -> Reach:
    """Return the way through Docker's bridge between this machine and its containers. Docker Desktop has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            found = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", bridge.encode()))
        except OSError:
            return Reach(_DOCKER_DESKTOP, relayed=False)
    return Reach(socket.inet_ntoa(found[20:24]), relayed=True)


@contextmanager
def sam_env(
    stack: Stack,
    aws_url: str,
    ses_url: str,
    dataverse_url: str,
    by: Reach,
    *,
    sts_url: str = "",
    codedeploy_url: str = "",
) -> Iterator[dict[str, dict[str, str]]]:
    """Yield the content of the file for `sam local invoke --env-vars`, valid until the block ends.

    A function finds its database by its secret, so each gets a second secret with the same login and another address.
    """
    secrets = local_clients(aws_url).secretsmanager
    with ExitStack() as open_:
        ports: dict[tuple[str, int], int] = {}

        def outside(host: str, port: int) -> int:
            if (host, port) not in ports:
                ports[host, port] = open_.enter_context(by.to(host, port))
            return ports[host, port]

        def url(inside: str) -> str:
            parts = urlsplit(inside)
            return f"{parts.scheme}://{by.name}:{outside(parts.hostname or '', parts.port or 80)}"

        endpoints = {"AWS_ENDPOINT_URL": url(aws_url), "AWS_ENDPOINT_URL_SESV2": url(ses_url)}
        endpoints |= {"AWS_ENDPOINT_URL_STS": url(sts_url)} if sts_url else {}
        endpoints |= {"AWS_ENDPOINT_URL_CODEDEPLOY": url(codedeploy_url)} if codedeploy_url else {}
        endpoints["STACK_NAME"] = ""  # of a stack that is not deployed, as the host of the local stack says
        if by.relayed:  # a relay passes TCP on; names are asked for by UDP
            endpoints["DNS_SERVER"] = open_.enter_context(LocalDns(DNS_RECORDS, by.name)).address
        result = {}
        for function in stack.functions:
            environment = {**function.environment, **endpoints}
            environment |= {name: url(environment[name]) for name in _DATAVERSE if name in environment}
            if keys := environment.get(_TOKEN_KEYS):
                environment[_TOKEN_KEYS] = url(keys) + urlsplit(keys).path
            if _SECRET in environment:
                login = json.loads(secrets.get_secret_value(SecretId=environment[_SECRET])["SecretString"])
                login |= {"port": outside(login["host"], int(login["port"])), "host": by.name}
                environment[_SECRET] = open_.enter_context(_secret(secrets, f"sam-local-{function.logical_id}", login))
            result[function.logical_id] = environment
        emulator = open_.enter_context(EmulatorControl(dataverse_url))
        emulator.reached_at({url(dataverse_url)})
        open_.callback(emulator.reached_at, ())
        yield result


@contextmanager
def _secret(secrets: SecretsManagerClient, name: str, value: Mapping[str, object]) -> Iterator[str]:
    try:
        arn = secrets.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    except secrets.exceptions.ResourceExistsException:
        arn = secrets.put_secret_value(SecretId=name, SecretString=json.dumps(value))["ARN"]
    try:
        yield arn
    finally:
        secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@contextmanager
def sam_env_file(
    path: Path,
    stack: Stack,
    aws_url: str,
    ses_url: str,
    dataverse_url: str,
    *,
    by: Reach,
    sts_url: str = "",
    codedeploy_url: str = "",
) -> Iterator[None]:
    """Write that file, and remove it when the block ends. It names secrets and holds none."""
    with sam_env(
        stack, aws_url, ses_url, dataverse_url, by, sts_url=sts_url, codedeploy_url=codedeploy_url
    ) as environments:
        path.write_text(json.dumps(environments, indent=2))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
