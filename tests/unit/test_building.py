"""What is built to be deployed: which services botocore keeps, what is trimmed, and bytecode as if made in Lambda."""

from __future__ import annotations

import ast
import json
import marshal
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import botocore
import botocore.session
import pytest
from botocore.regions import EndpointResolver

from building.__main__ import main
from building.bytecode import compile_all
from building.errors import BuildError
from building.trimming import SERVICES, trim

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
# In Lambda these run. What they make no client of by name, a library does.
PACKAGES = ("functions", "shared", "operations")
BY_A_LIBRARY = {"SecretsProvider": "secretsmanager"}


def services(tree: ast.Module) -> Iterator[str]:
    """The first argument of every call of something named client, and what libraries make clients of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in BY_A_LIBRARY:
            yield BY_A_LIBRARY[node.id]
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name == "client" and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_the_layer_knows_the_services_that_are_used() -> None:
    """botocore brings the descriptions of more than 400; a client whose description is not there cannot be made."""
    modules = [module for package in PACKAGES for module in (ROOT / package).rglob("*.py")]
    used = {service for module in modules for service in services(ast.parse(module.read_text("utf-8")))}
    assert used == SERVICES


def test_what_no_function_needs_is_removed(tmp_path: Path) -> None:
    kept = ["botocore/data/sqs/2012/service-2.json.gz", "botocore/data/endpoints.json", "one-1.dist-info/METADATA"]
    kept += ["one-1.dist-info/licenses/LICENSE", "one/core.py", "one/core.so"]
    useless = ["botocore/data/ec2/2016/service-2.json.gz", "botocore/data/sqs/2012/examples-1.json", "bin/one"]
    useless += ["one-1.dist-info/RECORD", "one/core.pyi", "one/py.typed", "boto3/data/s3/resources-1.json"]
    for name in (*kept, *useless):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"partitions": []}' if name.endswith("endpoints.json") else "")
    trim(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(kept)


def test_the_endpoints_are_those_of_the_services_that_are_used(tmp_path: Path) -> None:
    """A client has the address, the region and the name to sign with that it has with botocore's own file."""
    data = Path(botocore.__file__).parent / "data"
    trimmed = tmp_path / "botocore" / "data"
    trimmed.mkdir(parents=True)
    shutil.copy(data / "endpoints.json", trimmed)
    trim(tmp_path)
    own, all_of_them = (json.loads((folder / "endpoints.json").read_bytes()) for folder in (trimmed, data))
    for region in ("eu-north-1", "eu-west-1", "us-gov-west-1", "cn-north-1"):
        for service in SERVICES:
            prefix = botocore.session.get_session().get_service_model(service).endpoint_prefix
            here, there = (EndpointResolver(found).construct_endpoint(prefix, region) for found in (own, all_of_them))
            assert here == there, (service, region)
    assert len(own["partitions"][0]["services"]) == len(SERVICES)
    assert (trimmed / "endpoints.json").stat().st_size < 100_000


def test_bytecode_names_the_path_in_lambda(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def f(): pass\n")
    compile_all(tmp_path, "/opt/python")
    (cached,) = tmp_path.rglob("*.pyc")
    assert marshal.loads(cached.read_bytes()[16:]).co_filename == "/opt/python/one.py"  # noqa: S302 - our own


def test_the_same_source_gives_the_same_bytecode(tmp_path: Path) -> None:
    """Whenever and wherever it is built."""
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "one.py").write_text(
            "WORDS = {'a', 'b', 'c', 'd'}\ndef f(x): return x in {1, 2, 'z', 'y'}\n"
        )
        compile_all(tmp_path / place, "/var/task")
    here, there = (next((tmp_path / place).rglob("*.pyc")).read_bytes() for place in ("here", "there"))
    assert here == there


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_a_module_that_does_not_compile_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def\n")
    with pytest.raises(BuildError, match="compiles"):
        compile_all(tmp_path, "/opt/python")


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pip compares each wheel with the lock; a requirement without a hash is none."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("six==1.17.0\n")
    arguments = ["libraries", "--requirements", str(lock), "--architecture", "x86_64", "--into", str(tmp_path / "out")]
    assert main([*arguments, "--uv", str(ROOT / ".uv/bin/uv") if (ROOT / ".uv/bin/uv").exists() else "uv"]) == 1
    assert "--require-hashes" in capsys.readouterr().err
