"""Write the SBOM of what is deployed, and its licences: `make sbom`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from local.dependencies.licences import missing_from, read_components, write_document
from local.dependencies.locks import LAYER, ROOT, read_pins

if TYPE_CHECKING:
    from pathlib import Path

SBOM = ROOT / "build" / "sbom.json"
DOCUMENT = ROOT / "docs" / "licences.md"
_DONE, _WRONG, _NOT_KNOWN = 0, 1, 3


def main() -> int:
    """Return 0, 1 where something may not be shipped, or 3 where the packages could not be fetched."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", required=True)
    parser.add_argument("--cyclonedx", required=True)
    given = parser.parse_args()
    try:
        sbom = make(given.uv, given.cyclonedx)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:]
        print(f"The packages of the layer could not be read: {''.join(last)}", file=sys.stderr)
        return _NOT_KNOWN
    SBOM.write_text(json.dumps(sbom, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    components = read_components(sbom)
    DOCUMENT.write_text(write_document(components), encoding="utf-8")
    wrong = missing_from(components, read_pins(LAYER.read_text(encoding="utf-8")))
    wrong += [component.problem for component in components if component.problem]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{SBOM.relative_to(ROOT)}: {len(components)} packages; {DOCUMENT.relative_to(ROOT)} says their licences")
    return _WRONG if wrong else _DONE


def make(uv: str, cyclonedx: str) -> dict[str, Any]:
    """Return the SBOM of an environment that holds the layer's pins and nothing else."""
    environment = ROOT / "build" / "sbom"
    shutil.rmtree(environment, ignore_errors=True)
    environment.parent.mkdir(exist_ok=True)
    python = environment / "bin" / "python"
    _run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    _run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", LAYER)
    try:
        made = _run(cyclonedx, "environment", python, "--output-format", "JSON", "--output-reproducible")
    finally:
        shutil.rmtree(environment, ignore_errors=True)
    sbom: dict[str, Any] = json.loads(made)
    return sbom


def _run(*command: str | Path) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True, env=clean).stdout


if __name__ == "__main__":
    sys.exit(main())
