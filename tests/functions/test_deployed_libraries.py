"""What a function process sees is what is deployed: the layer's lock, its own code, nothing else of this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack
from local.stack import deployed_code
from local.stack.parameters import LOCAL_PARAMETERS

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)(?!.*(?:sys_platform|platform_system))", re.MULTILINE)
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      {Handler: probe.handler, Runtime: python3.13, CodeUri: ., Timeout: 30}
"""
PROBE = """
import importlib, importlib.metadata, sys

def handler(event, context):
    found = {}
    for name in event["modules"]:
        try:
            found[name] = importlib.import_module(name).__file__
        except ImportError:
            found[name] = None
    versions = {one.name: one.version for one in importlib.metadata.distributions()}
    return {"versions": versions, "modules": found, "path": sys.path}
"""


def pins(requirements: Path) -> dict[str, str]:
    return {canonical(name): version for name, version in PINNED.findall(requirements.read_text(encoding="utf-8"))}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a function finds that runs where ours do, beside the code of its own."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "probe.py").write_text(PROBE)
    stack = Stack(load_template(folder / "template.yaml", LOCAL_PARAMETERS))
    modules = ["boto3", "shared", "pytest", "ministack", "uvicorn", "local", "tests", "emulators"]
    with LambdaHost(stack, folder, layers=deployed_code.LAYERS, runtime=deployed_code.RUNTIME) as host:
        invocation = host.invoke("Probe", {"modules": modules})
    assert invocation.function_error is None, invocation.payload
    return invocation.payload


def test_a_function_sees_the_versions_of_the_lock(seen: Any) -> None:
    """Every package, and none besides but those that Lambda's runtime brings."""
    layer = pins(deployed_code.REQUIREMENTS)
    runtime = pins(deployed_code.ROOT / "requirements" / "lambda-runtime.txt")
    assert len(layer) > 20
    operations = pins(deployed_code.ROOT / "operations" / "requirements.txt")
    assert {canonical(name): version for name, version in seen["versions"].items()} == runtime | layer | operations


def test_a_function_sees_nothing_else_of_this_machine(seen: Any) -> None:
    modules = seen["modules"]
    assert Path(modules.pop("shared")).resolve() == deployed_code.ROOT / "shared" / "__init__.py"
    assert Path(modules.pop("boto3")).is_relative_to(deployed_code.FOLDER / "libraries")
    assert set(modules.values()) == {None}


def test_the_tests_import_what_is_deployed() -> None:
    """Tests of shared/ without a function process run on the same versions, in `.venv`."""
    for environment in ("run", "test", "check"):
        locked = pins(deployed_code.ROOT / "requirements" / f"{environment}.txt")
        layer = pins(deployed_code.REQUIREMENTS)
        differing = {
            name: (locked[name], version) for name, version in layer.items() if locked.get(name, version) != version
        }
        assert differing == {}, environment


def test_another_lock_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Functions do not run on the libraries of yesterday's lock, with a test that says yes of today's."""
    assert deployed_code.built()
    other = tmp_path / "requirements.txt"
    other.write_text("six==1.0\n")
    monkeypatch.setattr(deployed_code, "REQUIREMENTS", other)
    assert not deployed_code.built()
