"""Every body of the emulator's control API is documented, and each that is shown is carried out as shown."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from emulators.dataverse.access.credentials import CredentialChange
from emulators.dataverse.access.protection import Limits
from emulators.dataverse.control import handlers
from emulators.dataverse.control.handlers import HANDLERS
from emulators.dataverse.control.manual_edits import ManualEdit
from emulators.dataverse.faults.rules import Rule
from emulators.dataverse.model import defaults
from emulators.dataverse.settings import EmulatorSettings
from tests.support.dataverse_process import fresh, process

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PEOPLE = "cr1_people"
EMULATOR, FAULTS = (
    (ROOT / "docs" / f"dataverse-{name}.md").read_text(encoding="utf-8") for name in ("emulator", "faults")
)
CURL = re.compile(r"^curl (-X [A-Z]+ )?(http://127\.0\.0\.1:8765/_emulator/.*)$", re.MULTILINE)
BODIES = {
    "Rules": (Rule, "Faults"),
    "Secrets, tokens and privileges": (CredentialChange, ""),
    "Rows": (ManualEdit, ""),
    "Limits and users": (handlers.UserBlock, ""),
    "Settings, website, journal, everything": (handlers.Portal, ""),
}


def shown() -> list[tuple[str, str, str]]:
    """Method, path and body of each command, in the order they stand."""
    found = []
    for line in CURL.finditer((EMULATOR + FAULTS).replace(" \\\n  ", " ")):
        words = shlex.split(line[0])
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        url = next(word for word in words if word.startswith("http"))
        found.append((method, url.removeprefix("http://127.0.0.1:8765"), words[-1] if "-d" in words else ""))
    return found


def section(heading: str) -> str:
    found = re.search(rf"^#+ {heading}$(.*?)(?=^#|\Z)", FAULTS, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(text: str) -> set[str]:
    first = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {name for cell in first for name in re.findall(r"`(\w+)`", cell)}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with process(tmp_path_factory.mktemp("dataverse"), schema=defaults.SCHEMA) as emulator:
        yield emulator


@pytest.fixture
def service(emulator: Any) -> Iterator[Any]:
    with fresh(emulator) as caller:
        yield caller


def test_every_body_that_is_shown_is_carried_out(service: Any) -> None:
    """One after the other, as somebody would who copies them."""
    for method, path, body in shown():
        response = service.http.request(method, path, content=body)
        assert response.status_code == 200, (method, path, body, response.text)
        response.json()


def test_every_address_has_a_body_that_is_shown() -> None:
    """All but a look at what there is."""
    names = {(method, path.split("/")[2].partition("?")[0]) for method, path, _ in shown()}
    assert {key for key in HANDLERS if key[0] != "GET"} <= names


@pytest.mark.parametrize("heading", BODIES)
def test_every_field_of_a_body_has_a_row(heading: Any) -> None:
    model: Any
    model, below = BODIES[heading]
    assert set(model.model_fields) <= rows(section(below or heading))


def test_every_action_on_credentials_has_a_row_and_is_shown() -> None:
    actions = set(get_args(CredentialChange.model_fields["action"].annotation))
    assert actions <= rows(section("Secrets, tokens and privileges"))
    assert actions == {json.loads(body)["action"] for _, path, body in shown() if path.endswith("credentials")}


def test_limits_and_settings_are_reported_with_their_defaults() -> None:
    """The limits here, the settings beside their addresses."""
    assert set(Limits.model_fields) <= rows(section("Limits"))
    assert {setting.name for setting in dataclasses.fields(EmulatorSettings)} <= rows(EMULATOR)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", '{"kind": "status", "colour": 1}'),
        ("POST", "credentials", '{"action": "deny", "colour": 1}'),
        ("POST", f"rows/{PEOPLE}", '{"create": [], "colour": 1}'),
        ("PUT", "limits", '{"colour": 1}'),
        ("PUT", "limits", "[]"),
        ("POST", "limits", '{"user": "x", "seconds": 1, "colour": 1}'),
        ("PUT", "settings", '{"colour": 1}'),
        ("PUT", "settings", "5"),
        ("PUT", "settings", "null"),
        ("PUT", "website", '{"colour": 1}'),
        ("PUT", "journal", '{"size": 5}'),
        ("PUT", "journal", "-1"),
        ("PUT", f"rows/{PEOPLE}", "{}"),
        ("GET", f"rows/{PEOPLE}?key=[1]", ""),
        ("GET", f'rows/{PEOPLE}?key={{"cr1_number":[1]}}', ""),
        ("GET", f"rows/{PEOPLE}?key=m-1", ""),
        ("GET", "journal?since=x", ""),
        ("DELETE", "faults/x", ""),
        *((method, name, "{") for method, name in HANDLERS if method in {"PUT", "POST"} and name != "reset"),
    ],
)
def test_a_body_that_makes_no_sense_is_400_with_the_reason(service: Any, method: Any, path: Any, body: Any) -> None:
    """It is never a fault of the emulator's own."""
    path = f"rows/{PEOPLE}" if path == "rows" else path
    response = service.http.request(method, f"/_emulator/{path}", content=body)
    assert response.status_code == 400, response.text
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "faults/9", ""),
        ("POST", "credentials", '{"action": "deny", "table": "cr1_people"}'),
        ("POST", "credentials", '{"action": "allow", "application_id": "nobody"}'),
        ("POST", "rows/nothing", '{"create": []}'),
        ("POST", f"rows/{PEOPLE}", '{"key": "nobody", "delete": true}'),
        ("GET", "journal/nothing", ""),
        ("GET", "nothing", ""),
    ],
)
def test_what_is_not_there_is_404_with_the_reason(service: Any, method: str, path: str, body: str) -> None:
    response = service.http.request(method, f"/_emulator/{path}", content=body)
    assert response.status_code == 404, response.text
    assert response.json()["error"]


def test_a_privilege_of_nobody_is_not_there(service: Any) -> None:
    body = '{"action": "deny", "application_id": "10ca1000-0000-4000-8000-0000000000aa"}'
    assert service.http.post("/_emulator/credentials", content=body).status_code == 404
