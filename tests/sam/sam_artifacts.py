"""What `sam build` made is what Lambda needs: the modules where the handler strings look, bytecode, nothing undeployed.

Run by tests/sam/sam_check.sh. Every fault is one sentence; there are none, or the exit status is 1.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from building.libraries import ARCHITECTURES
from building.trimming import SERVICES
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.sam import read_yaml
from local.stack.parameters import LOCAL_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.template.resources import Function

ROOT = Path(__file__).parents[2]
BUILD = ROOT / ".aws-sam" / "build"
PROBE = Path(__file__).with_name("sam_probe.py")
# What the tests and the local stack run functions on.
TESTED = {"shared": ROOT / ".lambda" / "libraries", "operations": ROOT / ".lambda" / "operations-libraries"}
# Not what is pinned for another operating system only.
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)(?!.*(?:sys_platform|platform_system))", re.MULTILINE)
_NEVER_IN_THE_LAYER = ("functions", "tests", "local", "benchmarks", "building")
# Lambda unpacks 250 MB at most. What is unpacked is also read at a cold start.
_MOST_BYTES = 70_000_000
_UNCHECKED_HASH = 0b01  # PEP 552


def main() -> int:
    """Check all artifacts; print their sizes, or what is wrong with them."""
    resources = read_yaml(BUILD / "template.yaml")["Resources"]
    functions = load_template(BUILD / "template.yaml", LOCAL_PARAMETERS).functions
    machine = ARCHITECTURES[resources["SharedLayer"]["Metadata"]["BuildArchitecture"]]
    # The wheels in the layer are for one kind of machine.
    imports_here = (sys.platform, platform.machine()) == ("linux", machine)
    layers = {
        logical_id: BUILD / resource["Properties"]["ContentUri"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::LayerVersion"
    }
    folders = {
        function.logical_id: BUILD / resources[function.logical_id]["Properties"]["CodeUri"] for function in functions
    }

    faults = [fault for name, layer in layers.items() for fault in layer_faults(name, layer / "python")]
    for name, folder in (*layers.items(), *folders.items()):
        faults += bytecode_faults(name, folder)
    for function in functions:
        folder = folders[function.logical_id]
        faults += source_faults(function.logical_id, folder, "functions")
        faults += [
            f"{function.logical_id} holds {extra.name}, which is not of functions/"
            for extra in folder.iterdir()
            if extra.name != "functions"
        ]
        if imports_here:
            faults += handler_faults(function, [folder, *(layer / "python" for layer in layers.values())])
    if imports_here:
        for name, layer in layers.items():
            faults += tested_faults(name, layer / "python")
    if faults:
        print("\n".join(f"  {fault}" for fault in faults))  # noqa: T201
        return 1
    for name, folder in (*layers.items(), *folders.items()):
        print(f"  {name}: {size(folder)}")  # noqa: T201
    here = "imported in a bare interpreter" if imports_here else f"not imported: its wheels are for Linux on {machine}"
    print(f"  {', '.join(function.handler for function in functions)}: {here}")  # noqa: T201
    return 0


def layer_faults(name: str, python: Path) -> Iterator[str]:
    """The layer holds its package as it is in the repository, and the libraries that its lock pins."""
    package = package_of(name)
    yield from source_faults(name, python, package)
    for extra in _NEVER_IN_THE_LAYER:
        if (python / extra).exists():
            yield f"{name} holds {extra}, which is not deployed"
    installed = {_canonical(path.name.removesuffix(".dist-info")) for path in python.glob("*.dist-info")}
    pinned = {
        _canonical(f"{library}-{version}")
        for library, version in _PINNED.findall((ROOT / package / "requirements.txt").read_text(encoding="utf-8"))
    }
    yield from (f"{name} lacks {one}, which its lock pins" for one in sorted(pinned - installed))
    yield from (f"{name} holds {one}, which its lock does not pin" for one in sorted(installed - pinned))
    if (total := sum(file.stat().st_size for file in python.rglob("*") if file.is_file())) > _MOST_BYTES:
        yield f"{name} has {total / 1e6:.1f} MB, more than {_MOST_BYTES / 1e6:.0f}: see building/trimming.py"


def package_of(layer: str) -> str:
    """SharedLayer is built from shared/, as building/rules.mk has it."""
    return layer.removesuffix("Layer").lower()


def bytecode_faults(name: str, folder: Path) -> Iterator[str]:
    """Every module has the bytecode of this very source, for this Python, which Python takes without a look at both."""
    for module in folder.rglob("*.py"):
        where = f"{name}: {module.relative_to(folder)}"
        cached = Path(importlib.util.cache_from_source(str(module)))
        if not cached.exists():
            yield f"{where} has no bytecode"
            continue
        header = cached.read_bytes()[:16]
        if header[:4] != importlib.util.MAGIC_NUMBER or cached.suffixes != [".cpython-313", ".pyc"]:
            yield f"{where} has the bytecode of another Python"
        elif int.from_bytes(header[4:8], "little") != _UNCHECKED_HASH:
            yield f"{where} has bytecode that Python checks against the source's time or content"
        elif header[8:] != importlib.util.source_hash(module.read_bytes()):
            yield f"{where} has the bytecode of another source"
    for cached in folder.rglob("*.pyc"):
        if not Path(importlib.util.source_from_cache(str(cached))).exists():
            yield f"{name}: {cached.relative_to(folder)} has no source"


def tested_faults(name: str, python: Path) -> Iterator[str]:
    """The libraries in the layer are, byte for byte, those that the tests run functions on."""
    package = package_of(name)
    tested = _files(TESTED[package])
    built = {path: content for path, content in _files(python).items() if not path.startswith(f"{package}/")}
    for path in sorted(built.keys() | tested.keys()):
        if built.get(path) != tested.get(path):
            yield f"{path} is not the same in {name} and in {TESTED[package]}, which the tests run on"


def source_faults(name: str, folder: Path, package: str) -> Iterator[str]:
    """The package in the artifact is, file by file, the one of the repository."""
    # What running the code here leaves in the source folders is not part of the source.
    built, source = (
        {path: content for path, content in _files(parent / package).items() if not path.endswith(".pyc")}
        for parent in (folder, ROOT)
    )
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
        [sys.executable, "-I", "-S", "-B", str(PROBE), function.handler, ",".join(SERVICES), *map(str, path)],
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
