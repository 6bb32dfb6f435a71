"""The two local CloudFormations, and the programs that the guide's lines call."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from local.deploy_check.not_emulated import MINISTACK, MOTO
from local.deploy_check.stacks import Client, Emulator
from local.deploy_check.translated import REGION, ROOT
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES: Final = (
    "sqs,sns,secretsmanager,cloudformation,lambda,iam,logs,events,scheduler,ses,cloudwatch,monitoring,s3,"
    "codedeploy,appconfig"
)
_PROGRAMS: Final = {
    "hlf-operations": "operations",
    "aws": "local.deploy_check.aws_command",
    "sam": "local.deploy_check.sam_command",
}


def ministack(client: Client) -> Emulator:
    """Return ministack's CloudFormation."""
    storage = client("s3").meta.endpoint_url
    return Emulator("ministack", client, MINISTACK, f"{storage}/local/template.json")


@contextmanager
def moto() -> Iterator[Emulator]:
    """Yield moto's CloudFormation, which runs in this process. Raises OperationsError where moto is not installed."""
    try:
        import boto3  # noqa: PLC0415
        import openapi_spec_validator  # noqa: F401, PLC0415 - moto needs it, and says so in the middle of a stack only
        from moto import mock_aws  # noqa: PLC0415
    except ImportError as error:
        raise OperationsError(f"{error.name} is missing: run make deploy-check, which installs it") from None
    # What it cannot make is listed, and asserted; its own words about it say nothing more.
    logging.getLogger("moto").setLevel(logging.ERROR)
    with warnings.catch_warnings(), mock_aws(config={"lambda": {"use_docker": False}}):
        warnings.filterwarnings("ignore", "Tried to parse", UserWarning)
        yield Emulator(
            "moto",
            lambda service: boto3.client(service, region_name=REGION),  # type: ignore[call-overload]
            MOTO,
            "https://s3.amazonaws.com/local/template.json",
        )


def write_programs(folder: Path) -> None:
    """Write the programs of the guide's lines into a folder for PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in _PROGRAMS.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    (folder / "python").unlink(missing_ok=True)
    (folder / "python").symlink_to(sys.executable)
