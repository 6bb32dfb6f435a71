"""The errors that a command expects, each as a sentence and an exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from emulators.dataverse.process import LocalDataverseError
from emulators.lambda_host.errors import LambdaHostError, TemplateError
from emulators.lambda_host.triggers.invoke_api import InvokeError
from emulators.ses.client import SesControlError
from local.demo.simulated_night import FunctionFailed
from local.demo.website import WebsiteBehindError
from local.mentors_file.problems import UnreadableFile
from local.stack.aws import LocalAwsError
from local.stack.postgres import PostgresError
from local.stack.private import NotOurFolderError
from local.stack.stack import StackRunningError
from operations import console
from operations.errors import OperationsError
from operations.exit_codes import NOT_YET, code_of
from operations.wording import failures
from shared.domain.errors import CertificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPECTED = (
    CertificationError,
    FunctionFailed,
    InvokeError,
    LambdaHostError,
    LocalAwsError,
    LocalDataverseError,
    NotOurFolderError,
    OperationsError,
    PostgresError,
    SesControlError,
    StackRunningError,
    OSError,
    TemplateError,
    UnreadableFile,
    WebsiteBehindError,
)


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn an expected error into a sentence and an exit code."""
    try:
        yield
    except FunctionFailed as error:
        reason = error.result.payload.get("errorMessage", "") if isinstance(error.result.payload, dict) else ""
        why = failures.explained(str(reason))
        console.failure(f"{error}: {why.meaning or reason}", log=() if why.meaning else error.result.log)
        for step in why.steps:
            console.errors.print(f"  {step}", markup=False)
        raise typer.Exit(1) from None
    except _EXPECTED as error:
        console.failure(str(error))
        raise typer.Exit(_code_of(error)) from None


def _code_of(error: Exception) -> int:
    """Return the exit code, by the table in docs/operations/commands.md."""
    match error:
        case InvokeError() | LambdaHostError() | UnreadableFile():
            return 1
        case SesControlError():
            return 2 if error.refused else NOT_YET
        case _:
            return code_of(error)
