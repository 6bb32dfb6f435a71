"""What can go wrong with a command, as a sentence and an exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from local import report
from local.aws import LocalAwsError
from local.dataverse.process import LocalDataverseError
from local.invoke_api import InvokeError
from local.lambda_host.errors import LambdaHostError, TemplateError
from local.night import FunctionFailed
from local.operations import failures
from local.operations.errors import OperationsError
from local.postgres import PostgresError
from local.private import NotOurFolderError
from local.row_problems import UnreadableFile
from local.stack import StackRunningError
from local.website import WebsiteBehindError
from shared.domain.errors import CertificationError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORESEEN = (
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
def foreseen() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except FunctionFailed as error:
        reason = error.answer.payload.get("errorMessage", "") if isinstance(error.answer.payload, dict) else ""
        why = failures.explained(str(reason))
        report.failure(f"{error}: {why.meaning or reason}", log=() if why.meaning else error.answer.log)
        for step in why.steps:
            report.errors.print(f"  {step}", markup=False)
        raise typer.Exit(1) from None
    except _FORESEEN as error:
        report.failure(str(error))
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
