"""What can go wrong with a command, as a sentence and an exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from emulators.dataverse.process import LocalDataverseError
from emulators.lambda_host.errors import LambdaHostError, TemplateError
from emulators.lambda_host.triggers.invoke_api import InvokeError
from local.demo import views
from local.demo.simulated_night import FunctionFailed
from local.demo.website import WebsiteBehindError
from local.mentors_file.problems import UnreadableFile
from local.stack.aws import LocalAwsError
from local.stack.postgres import PostgresError
from local.stack.private import NotOurFolderError
from local.stack.stack import StackRunningError
from operations.commands import failures
from operations.errors import OperationsError
from shared.domain.errors import CertificationError, PermanentError

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
    StackRunningError,
    OSError,
    TemplateError,
    UnreadableFile,
    WebsiteBehindError,
)


@contextmanager
def expected_errors() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except FunctionFailed as error:
        reason = error.result.payload.get("errorMessage", "") if isinstance(error.result.payload, dict) else ""
        why = failures.explained(str(reason))
        views.failure(f"{error}: {why.meaning or reason}", log=() if why.meaning else error.result.log)
        for step in why.steps:
            views.errors.print(f"  {step}", markup=False)
        raise typer.Exit(1) from None
    except _EXPECTED as error:
        views.failure(str(error))
        raise typer.Exit(_code_of(error)) from None


def _code_of(error: Exception) -> int:
    """By the table in docs/operations/commands.md."""
    match error:
        case OperationsError():
            return error.exit_code
        case InvokeError() | LambdaHostError() | UnreadableFile() | PermanentError():
            return 1
        case _:
            return 3
