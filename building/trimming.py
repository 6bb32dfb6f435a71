"""What the wheels bring and no function can need. Code stays, whole: what imports what is each library's own matter."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The services that deployed code makes clients of: tests/unit/test_building.py derives them from the code.
SERVICES: Final = frozenset(
    (
        "cloudformation",
        "codedeploy",
        "events",
        "lambda",
        "scheduler",
        "secretsmanager",
        "sesv2",
        "sns",
        "sqs",
        "sts",
    )
)
# The prefixes of their hosts' names, by which endpoints.json knows them: `email` is that of SES.
_PREFIXES: Final = SERVICES | {"email"}
# How a wheel was installed. What it is (METADATA), whose it is (licences) and what it offers (entry points) stay.
_OF_THE_INSTALLATION: Final = frozenset(("RECORD", "REQUESTED", "INSTALLER", "WHEEL", "uv_cache.json", "uv_build.json"))
# For type checkers, for people, and the descriptions of boto3's resources, which no code here uses.
_USELESS: Final = ("*.pyi", "py.typed", "examples-1.json*")


def trim(libraries: Path) -> None:
    """Remove from a folder of installed wheels what no function can need."""
    for path in list(_useless(libraries)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for endpoints in libraries.glob("botocore/data/endpoints.json"):
        _keep_services(endpoints)


def _keep_services(endpoints: Path) -> None:
    """Leave out where the other services are: every container reads the file, 1.2 MB, before its first client."""
    found = json.loads(endpoints.read_text(encoding="utf-8"))
    for partition in found["partitions"]:
        services = partition["services"].items()
        partition["services"] = {name: service for name, service in services if name in _PREFIXES}
    endpoints.write_text(json.dumps(found, sort_keys=True), encoding="utf-8")


def _useless(libraries: Path) -> Iterator[Path]:
    yield libraries / "bin"
    yield libraries / ".lock"
    yield from (path for path in libraries.glob("*.dist-info/*") if path.name in _OF_THE_INSTALLATION)
    for pattern in _USELESS:
        yield from libraries.rglob(pattern)
    for service in libraries.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            yield service
    yield from libraries.glob("boto3/data/*/")
    yield from libraries.glob("boto3/examples/")
