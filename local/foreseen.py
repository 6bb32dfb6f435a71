"""What can go wrong with a command, as a sentence and an exit code."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from local import report
from local.aws import LocalAwsError
from local.csv_table import UnreadableFile
from local.dataverse.process import LocalDataverseError
from local.invoke_api import InvokeError
from local.lambda_host.errors import LambdaHostError, TemplateError
from local.night import FunctionFailed
from local.operations.errors import NotKnownError, OperationsError
from local.postgres import PostgresError
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
    """Turn what can go wrong into a sentence and an exit code, and a request to stop into an orderly end."""
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    except KeyboardInterrupt:
        report.errors.print("stopped")
        raise typer.Exit(130) from None
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
