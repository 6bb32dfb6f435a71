"""The `sam` of the guide's lines: the real `sam build`; `deploy` and `remote invoke` at the local APIs."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import boto3

from local.deploy_check.environment import ministack
from local.deploy_check.stages import overrides, stack_name, stages
from local.deploy_check.translated import BUILD, ROOT, built, translated
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCES = ("template.yaml", "samconfig.toml", "building", "functions", "shared", "requirements/sam.txt")
_STAMP = ROOT / ".aws-sam" / "deploy-check.sha256"


def main(words: list[str]) -> int:
    """Run one command of the SAM CLI, as far as the guide uses it."""
    match words:
        case ["build", *options]:
            return build(os.environ, *options)
        case ["deploy", *rest]:
            return deploy(rest)
        case ["remote", "invoke", *rest]:
            return remote_invoke(rest)
        case _:
            sys.stderr.write(f"local/deploy_check/sam_command.py does not know: sam {' '.join(words)}\n")
            return 2


def build(surroundings: Mapping[str, str], *options: str) -> int:
    """Build with the SAM CLI, unless what it would build from is as it was."""
    state = f"{_sources()} {' '.join(options)}"
    if BUILD.exists() and _STAMP.exists() and _STAMP.read_text() == state:
        sys.stdout.write("the build is up to date\n")
        return 0
    folder = ROOT / ".sam-venv" / "bin"
    if not (folder / "sam").exists():
        sys.stderr.write("the SAM CLI is not installed: run make deploy-check, or make .sam-venv/stamp first\n")
        return 3
    environment = {**surroundings, "PATH": f"{folder}:{surroundings['PATH']}", "SAM_CLI_TELEMETRY": "0"}
    environment |= {"AWS_DEFAULT_REGION": "eu-north-1"}
    done = subprocess.run(
        [folder / "sam", "build", *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        _STAMP.write_text(state)
    else:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode


def _sources() -> str:
    digest = hashlib.sha256()
    for source in _SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def deploy(words: list[str]) -> int:
    """Translate the built template, and create its stack in the local CloudFormation."""
    reader = argparse.ArgumentParser(prog="sam deploy")
    reader.add_argument("--config-env", default="default")
    reader.add_argument("--parameter-overrides", nargs="*", default=[])
    reader.add_argument("--no-confirm-changeset", action="store_true")
    given = reader.parse_args(words)
    config = ROOT / "samconfig.toml"
    # What is on the command line replaces what the file has, all of it.
    parameters = overrides(given.parameter_overrides) or stages(config)[given.config_env]
    name = stack_name(config, given.config_env)
    one = translated(built(), parameters, name)
    try:
        made = ministack(partial(boto3.client)).deploy(name, one.template, one.parameters)
    except OperationsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{name}: {len(made.resources)} resources\n")
    return 0


def remote_invoke(words: list[str]) -> int:
    """Invoke a function of a stack, by its name in the template."""
    reader = argparse.ArgumentParser(prog="sam remote invoke")
    reader.add_argument("function")
    reader.add_argument("--stack-name", required=True)
    reader.add_argument("--event", default="{}")
    reader.add_argument("--parameter", action="append", default=[])
    given = reader.parse_args(words)
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=given.stack_name, LogicalResourceId=given.function
    )
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    json.loads(given.event)
    reply = boto3.client("lambda").invoke(FunctionName=name, Payload=given.event, **overrides(given.parameter))
    sys.stdout.write(reply["Payload"].read().decode() + "\n")
    return 1 if reply.get("FunctionError") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
