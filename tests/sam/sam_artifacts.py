"""What `sam build` made is what Lambda needs: the modules where the handler strings look, and nothing undeployed.

Run by tests/sam/sam_check.sh. Every fault is one sentence; there are none, or the exit status is 1.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.sam import read_yaml
from local.stack.parameters import LOCAL_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.template.resources import Function

ROOT = Path(__file__).parents[2]
BUILD = ROOT / ".aws-sam" / "build"
PROBE = Path(__file__).with_name("sam_probe.py")
# The wheels in the layer are for this kind of machine.
_IMPORTS_HERE = (sys.platform, platform.machine()) == ("linux", "x86_64")
# Not what is pinned for another operating system only.
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(?!.*(?:sys_platform|platform_system))", re.MULTILINE)
_NEVER_IN_THE_LAYER = ("functions", "tests", "local", "benchmarks")


def main() -> int:
    """Check all artifacts; print their sizes, or what is wrong with them."""
    resources = read_yaml(BUILD / "template.yaml")["Resources"]
    functions = load_template(BUILD / "template.yaml", LOCAL_PARAMETERS).functions
    layers = {
        logical_id: BUILD / resource["Properties"]["ContentUri"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::LayerVersion"
    }
    folders = {
        function.logical_id: BUILD / resources[function.logical_id]["Properties"]["CodeUri"] for function in functions
    }

    faults = [fault for name, layer in layers.items() for fault in layer_faults(name, layer / "python")]
    for function in functions:
        folder = folders[function.logical_id]
        faults += source_faults(function.logical_id, folder, "functions")
        faults += [
            f"{function.logical_id} holds {extra.name}, which is not of functions/"
            for extra in folder.iterdir()
            if extra.name != "functions"
        ]
        if _IMPORTS_HERE:
            faults += handler_faults(function, [folder, *(layer / "python" for layer in layers.values())])
    if faults:
        print("\n".join(f"  {fault}" for fault in faults))  # noqa: T201
        return 1
    for name, folder in (*layers.items(), *folders.items()):
        print(f"  {name}: {size(folder)}")  # noqa: T201
    here = "imported in a bare interpreter" if _IMPORTS_HERE else "not imported: its wheels are for Linux on x86_64"
    print(f"  {', '.join(function.handler for function in functions)}: {here}")  # noqa: T201
    return 0


def layer_faults(name: str, python: Path) -> Iterator[str]:
    """The layer holds shared/ as it is in the repository, and every library that is pinned."""
    yield from source_faults(name, python, "shared")
    for extra in _NEVER_IN_THE_LAYER:
        if (python / extra).exists():
            yield f"{name} holds {extra}, which is not deployed"
    installed = {_canonical(path.name.split("-")[0]) for path in python.glob("*.dist-info")}
    for pinned in _PINNED.findall((ROOT / "shared/requirements.txt").read_text(encoding="utf-8")):
        if _canonical(pinned) not in installed:
            yield f"{name} lacks {pinned}, which shared/requirements.txt pins"


def source_faults(name: str, folder: Path, package: str) -> Iterator[str]:
    """The package in the artifact is, file by file, the one of the repository."""
    built = _files(folder / package)
    # What running the code here leaves in the source folders is not part of the source.
    source = {path: content for path, content in _files(ROOT / package).items() if not path.endswith(".pyc")}
    for path in sorted(source.keys() - built.keys()):
        yield f"{name} lacks {package}/{path}"
    for path in sorted(built.keys() - source.keys()):
        yield f"{name} holds {package}/{path}, which is not in the repository"
    for path in sorted(source.keys() & built.keys()):
        if source[path] != built[path]:
            yield f"{name} holds another {package}/{path} than the repository"


def handler_faults(function: Function, path: list[Path]) -> list[str]:
    """What a bare interpreter says that has this function, its environment and the layer, and nothing else."""
    probe = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(PROBE), function.handler, *map(str, path)],
        env={"AWS_REGION": "eu-north-1", "AWS_LAMBDA_FUNCTION_NAME": function.name, **function.environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode:
        return [f"{function.logical_id}: the interpreter ended with {probe.returncode}: {probe.stderr.strip()}"]
    return [f"{function.logical_id}: {fault}" for fault in json.loads(probe.stdout)]


def size(folder: Path) -> str:
    """How much is unpacked in Lambda, and in how many files."""
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    total = sum(sizes)
    return (
        f"{total / 1e6:.1f} MB in {len(sizes)} files" if total > 1e6 else f"{total / 1e3:.1f} kB in {len(sizes)} files"
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
