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
from local.operations.errors import NotKnownError, OperationsError
from local.postgres import PostgresError
from local.private import NotOurFolderError
from local.row_problems import UnreadableFile
from local.stack import StackRunningError
from local.website import WebsiteBehindError
from shared.domain.errors import CertificationError

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
        report.failure(f"{error}: {reason}", log=error.answer.log)
        raise typer.Exit(1) from None
    except NotKnownError as error:
        report.failure(str(error))
        raise typer.Exit(3) from None
    except _FORESEEN as error:
        report.failure(str(error))
        raise typer.Exit(1) from None
