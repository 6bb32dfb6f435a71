"""The two ways to invoke a function: here by the local host, and in a container by the SAM CLI."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from emulators import processes
from local.stack.aws import CREDENTIALS, REGION
from local.stack.sam_local import reach, sam_env_file
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from local.stack.stack import LocalStack

type Invoke = Callable[[str, object], Any]

IMAGE = "LAMBDA_IMAGE"
"""The variable that names another base image than AWS's, for a machine that reaches no image registry."""
_SAM = ROOT / ".sam-venv" / "bin" / "sam"
_SECONDS = 300


class NoContainersError(Exception):
    """Raised when containers cannot be run here. The message is a sentence."""


def require_containers() -> None:
    """Raise NoContainersError where there is no Docker engine."""
    if not shutil.which("docker"):
        raise NoContainersError("sam local invoke runs functions in containers, and no docker is on the path here")
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        raise NoContainersError("docker is here, but no engine responds: start one, or set DOCKER_HOST to where it is")


def sam_environment() -> dict[str, str]:
    """Return the environment of the SAM CLI: its own Python first, no account, no telemetry."""
    path = f"{_SAM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, **CREDENTIALS, "PATH": path, "SAM_CLI_TELEMETRY": "0"}


def image_arguments() -> list[str]:
    """Return the arguments of the SAM CLI for the image: AWS's own, or the one that a variable names."""
    image = os.environ.get(IMAGE)
    return ["--invoke-image", image, "--skip-pull-image"] if image else []


def build() -> None:
    """Build the artifacts, from SAM's cache where nothing has changed."""
    done = subprocess.run([_SAM, "build"], cwd=ROOT, env=sam_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoContainersError(f"sam build failed: {done.stderr.strip()}")


def here(stack: LocalStack) -> Invoke:
    """Invoke by the host of the stack."""
    return lambda function, event: stack.host.invoke(function, event).payload


@contextmanager
def in_container(stack: LocalStack) -> Iterator[Invoke]:
    """Yield a way to invoke in a container, which reaches the stack as docs/sam.md says."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "sam-env.json"
        with _environment_file(environment, stack):
            yield lambda function, event: _invoke(function, event, environment)


@contextmanager
def started(stack: LocalStack) -> Iterator[Invoke]:
    """Yield a way to invoke by `sam local start-lambda`, which serves Lambda's API, and boto3."""
    with tempfile.TemporaryDirectory() as folder:
        environment, log, port = Path(folder) / "sam-env.json", Path(folder) / "log", processes.free_port()
        command = [str(_SAM), "local", "start-lambda", "--port", str(port), "--env-vars", str(environment)]
        with _environment_file(environment, stack):
            process = processes.start(
                [*command, *image_arguments()], environment=sam_environment(), log=log, cwd=ROOT, death_signal=SIGTERM
            )
            try:
                yield partial(_invoke_started, _client(port, process, log))
            finally:
                processes.stop(process, SIGINT, patience_seconds=30)


def _environment_file(path: Path, stack: LocalStack) -> AbstractContextManager[None]:
    addresses = (stack.aws_url, stack.ses.url, stack.dataverse.url)
    return sam_env_file(
        path, stack.stack, *addresses, by=reach(), sts_url=stack.sts.url, codedeploy_url=stack.codedeploy.url
    )


def _client(port: int, process: subprocess.Popen[bytes], log: Path) -> Any:  # noqa: ANN401 - its types are not installed
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            config = Config(read_timeout=_SECONDS, retries={"total_max_attempts": 1})
            keys = (CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
            return boto3.Session(*keys, region_name=REGION).client(
                "lambda", endpoint_url=f"http://127.0.0.1:{port}", config=config
            )
        time.sleep(0.1)
    raise NoContainersError(f"sam local start-lambda did not start: {log.read_text(encoding='utf-8').strip()[-500:]}")


def _invoke_started(client: Any, function: str, event: object) -> Any:  # noqa: ANN401
    reply = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    return json.loads(reply["Payload"].read() or b'"no result: the function took too long"')


def _invoke(function: str, event: object, environment: Path) -> Any:  # noqa: ANN401 - any JSON
    done = subprocess.run(
        [_SAM, "local", "invoke", function, "-e", "-", "--env-vars", str(environment), *image_arguments()],
        cwd=ROOT,
        env=sam_environment(),
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise NoContainersError(f"sam local invoke {function} failed: {done.stderr.strip().splitlines()[-1]}")
    # A function that failed exits 0 too, and one that took too long prints nothing.
    printed = done.stdout.strip()
    return json.loads(printed.splitlines()[-1]) if printed else "no result: the function took too long"
