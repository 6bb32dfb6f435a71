"""Microsoft's SDK for Python, as it is published, works against the emulator.

It runs in an environment of its own (`make .rival-venv/stamp`, which the test does where it was not done), over HTTPS
because the SDK refuses anything else, and only there. What it does is in tests/dataverse_sdk/program.py.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emulators.dataverse import certificates
from emulators.dataverse.process import LocalDataverse
from tests.conftest import INSTALLING
from tests.support.dataverse_service import TABLES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "dataverse_sdk" / "program.py"
CHECKS = [
    item.name
    for item in ast.parse(PROGRAM.read_text(encoding="utf-8")).body
    if isinstance(item, ast.FunctionDef) and item.name.startswith("check_")
]


@pytest.fixture(scope="module")
def sdk_python() -> Any:
    """The interpreter that has the SDK, installed if it was not: 124 MB."""
    subprocess.run(["make", "--silent", ".rival-venv/stamp"], cwd=ROOT, check=True, timeout=600, env=INSTALLING)
    return ROOT / ".rival-venv" / "bin" / "python"


@pytest.fixture(scope="module")
def results(sdk_python: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of each check: None, or a traceback."""
    folder = tmp_path_factory.mktemp("sdk")
    tls = certificates.make(folder)
    with LocalDataverse(folder / "dataverse", schema=TABLES, tls=tls) as dataverse:
        environment = folder / "environment.json"
        environment.write_text(
            json.dumps(
                {
                    "url": dataverse.url,
                    "tenant_id": dataverse.tenant_id,
                    "client_id": dataverse.client_id,
                    "client_secret": dataverse.client_secret,
                }
            )
        )
        ran = subprocess.run(
            [sdk_python, PROGRAM, environment],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "REQUESTS_CA_BUNDLE": str(tls.authority)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("check", CHECKS)
def test_the_official_sdk_works_unmodified(results: Any, check: Any) -> None:
    assert results[check] is None, results[check]
