"""The emulator alone: the documented command serves the documented first request, on tables of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulators import processes
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema import SchemaError
from emulators.dataverse.process import LocalDataverse
from emulators.dataverse.website.definition import load
from emulators.dataverse.website.sorting import unicode_order
from tests.support.there import there

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "dataverse-emulator.md").read_text(encoding="utf-8")


def console(first_line: str) -> str:
    """The block of the page that begins with this line."""
    return next(block for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) if block.startswith(first_line))


def test_the_documented_command_serves_the_documented_request() -> None:
    port = processes.free_port()
    command = console("python -m emulators.dataverse").splitlines()[0].split()
    assert command[0] == "python"
    command = [sys.executable, *command[1:], "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            said = "".join(there(process.stdout).readline() for _ in range(5))
            assert f"http://127.0.0.1:{port}{defaults.API}" in said
            script = console("url=").replace("http://127.0.0.1:8765", f"http://127.0.0.1:{port}")
            script = script.replace("curl ", "curl --retry 20 --retry-connrefused --silent --show-error --fail ")
            done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=True, timeout=60)
        finally:
            process.send_signal(signal.SIGINT)
    assert "204" in done.stdout.splitlines()[0]
    assert [row["cr1_name"] for row in json.loads(done.stdout.splitlines()[-1])["value"]] == ["Kari"]


def test_a_program_imports_it_without_the_rest_of_the_repository(tmp_path: Path) -> None:
    """Nothing but emulators/ is on the path."""
    (tmp_path / "emulators").symlink_to(ROOT / "emulators")
    program = (
        "import pkgutil, importlib, emulators\n"
        "for found in pkgutil.walk_packages(emulators.__path__, 'emulators.'):\n"
        "    found.name.endswith('__main__') or importlib.import_module(found.name)\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-P", "-c", program], cwd=tmp_path, env=environment, check=True, timeout=60)


def test_nothing_in_it_speaks_of_this_system() -> None:
    """The emulators know no table, person or rule of the system that they are used by."""
    words = re.compile(r"hlf|mentor|certification\b|(status_chang|dynamics_sync|expiry_check)", re.IGNORECASE)
    files = [path for path in (ROOT / "emulators").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert files
    assert [path for path in files if words.search(path.read_text(encoding="utf-8"))] == []


def test_a_set_that_is_not_named_is_the_first(tmp_path: Path) -> None:
    with LocalDataverse(tmp_path) as dataverse, EmulatorControl(dataverse.url) as control:
        control.create([{"cr1_number": "2", "cr1_name": "ola"}, {"cr1_number": "1", "cr1_name": "Kari"}])
        assert [row["cr1_name"] for row in control.rows("cr1_people")] == ["ola", "Kari"]
        assert there(control.row("2"))["cr1_name"] == "ola"
        control.remove_privilege("write")
        assert control.website() == control.website(search="") != []
        assert [entry["key"] for entry in control.website()] == ["1", "2"]
        page = control._client.get("/website")
        assert page.headers["content-type"] == "application/json; charset=utf-8"


def test_names_without_a_language_are_in_the_order_of_unicode() -> None:
    assert sorted(["b", "Å", "a", "A"], key=unicode_order) == ["A", "a", "b", "Å"]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"template": "no.jinja"}, "no template no.jinja"),
        ({"time_zone": "Mars/Base"}, "Mars"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_website_that_cannot_be_shown_is_refused(tmp_path: Path, section: Any, reason: str) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"website": {"set": "a", "columns": []} | section}))
    with pytest.raises(SchemaError, match=reason):
        load(file)
