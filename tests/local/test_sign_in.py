"""Signing in on the local stack: the coordinators of the loaded data, at the local identity provider."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from emulators.identity.server import LocalIdentity
from local.command_line.sign_in import chosen
from local.stack.coordinators import Coordinator, identity_at, read_coordinators, read_users, signed_in_page
from local.stack.stack import ADDRESSES
from operations.errors import NotUnderstoodError, OperationsError
from tests.support.command_line import Local

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

PAGE = "http://127.0.0.1:3000/"
KARI = Coordinator(UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11"), "Kari Nordmann", "HLF Oslo")
OLA = Coordinator(UUID("0b7f3f0e-25d1-4a55-9a06-6a1f6a3f1f77"), "Ola Nordmann", "HLF Oslo")
OTHER_OLA = OLA._replace(id=UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301"), organisation="HLF Vestland")


@pytest.mark.parametrize("text", [str(KARI.id), str(KARI.id).upper(), "Kari Nordmann", " kari  nordmann"])
def test_a_coordinator_is_found_by_id_or_name(text: str) -> None:
    """`sign-in COORDINATOR`: name or id."""
    assert chosen([OLA, KARI], text) == KARI


def test_an_unclear_coordinator_is_explained() -> None:
    """Bad input gets a clear error: nobody of that name, or several, whose ids are told."""
    with pytest.raises(OperationsError, match="sign-in lists"):
        chosen([KARI], "Ola Nordmann")
    with pytest.raises(NotUnderstoodError) as raised:
        chosen([OLA, KARI, OTHER_OLA], "ola nordmann")
    assert str(OLA.id) in str(raised.value)
    assert str(OTHER_OLA.id) in str(raised.value)


def test_the_loaded_coordinators_sign_in(database: TestDatabase, foundation: Foundation) -> None:
    """The provider's users are those of the database when somebody asks, also one who came later."""
    with LocalIdentity(partial(read_users, database.dsn)) as identity:
        assert read_coordinators(database.dsn) == []
        organisation = foundation.organisation()
        who = foundation.coordinator(organisation)
        (coordinator,) = read_coordinators(database.dsn)
        assert coordinator.id == who
        address, _, fragment = signed_in_page(identity.sign_in_url, PAGE, who).partition("#")
        assert address == PAGE
        assert parse_qs(fragment)["access_token"]
        with pytest.raises(ConnectionError, match="404"):
            signed_in_page(identity.sign_in_url, PAGE, organisation)
    with pytest.raises(ConnectionError, match="ConnectError"):
        signed_in_page(identity.sign_in_url, PAGE, who)


def test_the_functions_are_told_of_the_provider() -> None:
    """Issuer, audience, keys and sign-in page of the local provider are in their environment."""
    with LocalIdentity() as identity:
        variables = identity_at(identity)
        assert variables["TOKEN_ISSUER"] == identity.claims(KARI.id)["iss"]
        assert variables["TOKEN_AUDIENCE"] == identity.claims(KARI.id)["aud"]
        assert variables["TOKEN_KEYS_URL"] == identity.keys_url
        assert variables["SIGN_IN_URL"] == f"{identity.sign_in_url}?return_to={{return_to}}"


def test_the_command_prints_the_page_signed_in(database: TestDatabase, foundation: Foundation, tmp_path: Path) -> None:
    """`sign-in` lists ids and organisations (I11: no names); with a coordinator it prints the page with a token."""
    who, local = foundation.coordinator(foundation.organisation(), name="Turid Vik"), Local(tmp_path)
    assert "no local stack is up" in local.run("sign-in", str(who), expect=3)
    with LocalIdentity(partial(read_users, database.dsn)) as identity:
        running = {"dsn": database.dsn, "identity": identity.sign_in_url, "dashboard": PAGE}
        running |= dict.fromkeys(("invoke", "aws", "dataverse", "outputs"), "")
        (tmp_path / ADDRESSES).write_text(json.dumps(running))
        listed = local.run("sign-in")
        assert str(who) in listed
        assert "Turid" not in listed
        printed = local.run("sign-in", "Turid Vik")
    assert printed.startswith(f"{PAGE}#access_token=")
    assert printed.count("\n") == 1
