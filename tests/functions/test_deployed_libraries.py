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
from local.stack.parameters import local_template

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)(?!.*(?:sys_platform|platform_system))", re.MULTILINE)
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Handler: probe.handler, Runtime: python3.13, CodeUri: ., Timeout: 30, Layers: [!Ref SharedLayer]}
Resources:
  SharedLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: .}}
  OperationsLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: .}}
  Probe: {Type: AWS::Serverless::Function}
  OperatorsProbe: {Type: AWS::Serverless::Function, Properties: {Layers: [!Ref OperationsLayer]}}
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
def both(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a function finds that runs where ours do, beside the code of its own, and one with the operators' layer."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "probe.py").write_text(PROBE)
    stack = Stack(load_template(folder / "template.yaml"))
    modules = [
        "boto3",
        "shared",
        "operations",
        "typer",
        "pytest",
        "ministack",
        "uvicorn",
        "local",
        "tests",
        "emulators",
    ]
    with LambdaHost(stack, folder, layers=deployed_code.LAYERS, runtime=deployed_code.RUNTIME) as host:
        found = {name: host.invoke(name, {"modules": modules}) for name in ("Probe", "OperatorsProbe")}
    for invocation in found.values():
        assert invocation.function_error is None, invocation.payload
    return {name: invocation.payload for name, invocation in found.items()}


@pytest.fixture(scope="module")
def seen(both: Any) -> Any:
    return both["Probe"]


def test_a_function_sees_the_versions_of_the_lock(both: Any) -> None:
    """Every package of its own layers, and none besides but those that Lambda's runtime brings."""
    layer = pins(deployed_code.REQUIREMENTS)
    runtime = pins(deployed_code.ROOT / "requirements" / "lambda-runtime.txt")
    assert len(layer) > 20
    operations = pins(deployed_code.ROOT / "operations" / "requirements.txt")
    versions = {
        function: {canonical(name): version for name, version in seen["versions"].items()}
        for function, seen in both.items()
    }
    assert versions == {"Probe": runtime | layer, "OperatorsProbe": runtime | layer | operations}


def test_a_function_sees_nothing_else_of_this_machine(seen: Any) -> None:
    modules = seen["modules"]
    assert Path(modules.pop("shared")).resolve() == deployed_code.ROOT / "shared" / "__init__.py"
    assert Path(modules.pop("boto3")).is_relative_to(deployed_code.FOLDER / "libraries")
    assert set(modules.values()) == {None}


def test_the_operators_command_line_is_where_it_is_run(both: Any) -> None:
    """A function that imports it by mistake fails here as it would when deployed."""
    found = both["OperatorsProbe"]["modules"]
    assert Path(found["operations"]).resolve() == deployed_code.ROOT / "operations" / "__init__.py"
    assert Path(found["typer"]).is_relative_to(deployed_code.FOLDER / "operations-libraries")


def test_our_functions_have_the_layers_of_the_template() -> None:
    layers = {function.logical_id: function.layers for function in local_template().functions}
    assert {name for name, own in layers.items() if "OperationsLayer" in own} == {"Operations", "OperationsReader"}
    assert all(own[0] == "SharedLayer" for own in layers.values())


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
