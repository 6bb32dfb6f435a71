"""The rival of a full comparison: what a user would write with the official SDK, in a process of its own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Final

from benchmarks.reconcile.site import ComparisonRun, NotEqualError
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from benchmarks.reconcile.site import ReconciliationStack

_PYTHON: Final = ROOT / ".rival-venv" / "bin" / "python"
_LONGEST_SECONDS: Final = 900


def run_script(here: ReconciliationStack, token: str) -> ComparisonRun:
    """Have the script compare once. Raises NotEqualError if it does not find every listing equal."""
    command = [str(_PYTHON), "-m", "benchmarks.reconcile.sdk_script", here.dataverse.url, token, here.dsn]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    if ran.returncode:
        raise NotEqualError(f"the script of the SDK failed: {ran.stderr[-500:]}")
    found = json.loads(ran.stdout)
    if (found["equal"], found["different"], found["missing"], found["unexpected"]) != (here.listings, 0, 0, 0):
        raise NotEqualError(f"the script of the SDK found differences: {ran.stdout}")
    return ComparisonRun(found["seconds"], round(found["peak_mb"]))
