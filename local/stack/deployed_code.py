"""The code that functions run on here: this checkout's source, on the layer's libraries as built for deployment.

Source comes from the checkout, so that an edit counts at once; everything else is what building/ makes of the layer's
own lock. `python -m local.stack.deployed_code` builds it, before anything is installed; `make` runs it when needed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from building.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulators.lambda_host.template.resources import Function

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".lambda"
TASK: Final = FOLDER / "task"
# By the names that the layers have in template.yaml: the package, and the libraries that it needs.
LAYERS: Final = {
    "SharedLayer": (FOLDER / "source", FOLDER / "libraries"),
    "OperationsLayer": (FOLDER / "operations-source", FOLDER / "operations-libraries"),
}
RUNTIME: Final = FOLDER / "runtime"
REQUIREMENTS: Final = ROOT / "shared" / "requirements.txt"
_OPERATIONS_REQUIREMENTS: Final = ROOT / "operations" / "requirements.txt"
_RUNTIME_REQUIREMENTS: Final = ROOT / "requirements" / "lambda-runtime.txt"
_BUILT_FROM: Final = FOLDER / "built-from"
_OWN: Final = {TASK: "functions", LAYERS["SharedLayer"][0]: "shared", LAYERS["OperationsLayer"][0]: "operations"}
_OTHER_NAMES: Final = {"aarch64": "arm64"}


def built() -> bool:
    """Return whether the folder holds what today's lock and today's building/ make."""
    return _BUILT_FROM.exists() and _BUILT_FROM.read_text(encoding="ascii") == _digest()


def path_of(function: Function) -> Sequence[Path]:
    """Return the folders that the function's modules are imported from, as the host has them."""
    return (TASK, *(folder for layer in function.layers for folder in LAYERS[layer]), RUNTIME)


def architecture() -> str:
    """Return this machine's processor by Lambda's name for it."""
    return _OTHER_NAMES.get(platform.machine(), platform.machine())


def build(uv: str) -> None:
    """Build the folder anew. What it held stays until the new one is complete."""
    new = FOLDER.with_name(f".lambda.{os.getpid()}")
    shutil.rmtree(new, ignore_errors=True)
    try:
        _building(new / LAYERS["SharedLayer"][1].name, REQUIREMENTS, uv)
        _building(new / LAYERS["OperationsLayer"][1].name, _OPERATIONS_REQUIREMENTS, uv)
        _building(new / "runtime", _RUNTIME_REQUIREMENTS, uv)
        for folder, package in _OWN.items():
            (new / folder.name).mkdir()
            (new / folder.name / package).symlink_to(Path("..", "..", package))
        (new / _BUILT_FROM.name).write_text(_digest(), encoding="ascii")
        shutil.rmtree(FOLDER, ignore_errors=True)
        new.rename(FOLDER)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _building(into: Path, requirements: Path, uv: str) -> None:
    """Run the build as `sam build` does: as a program of the standard library."""
    command = [sys.executable, "-S", "-B", "-m", "building", "libraries", "--architecture", architecture(), "--uv", uv]
    done = subprocess.run(
        [*command, "--requirements", str(requirements), "--into", str(into)],
        cwd=ROOT,
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise BuildError(done.stderr.strip())


def _digest() -> str:
    """Return what the libraries are built from, in short."""
    sources = [REQUIREMENTS, _OPERATIONS_REQUIREMENTS, _RUNTIME_REQUIREMENTS, *sorted((ROOT / "building").glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def main() -> int:
    """Build, or say in a sentence why not."""
    parser = argparse.ArgumentParser(prog="python -m local.stack.deployed_code")
    parser.add_argument("--uv", required=True)
    try:
        build(parser.parse_args().uv)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
