"""Define `deploy-check`: follow the deployment guide on this machine, line by line."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from local.deploy_check.run import Check
from local.exit_codes import expected_errors
from operations import console
from operations.errors import OperationsError


def deploy_check(
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with logs and mails.")] = False,
) -> None:
    """Follow docs/operations/deploy.md literally: build, deploy, migrate, set up, invoke, and prove.

    The template is deployed for every stage into two local CloudFormations that know nothing of each other. Exit code
    1: a step failed, and one sentence says which.
    """
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hlf-deploy-check-"))
    folder.chmod(0o755)
    try:
        with expected_errors(), console.steps() as progress:
            Check(folder, progress).run()
    except OperationsError as error:
        console.failure(str(error))
        raise typer.Exit(1) from None
    finally:
        if keep:
            console.errors.print(f"[dim]{folder}[/dim]")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    console.out.print(
        f"The guide works, from an empty account to a proof that says yes. {time.monotonic() - began:.0f} s"
    )
