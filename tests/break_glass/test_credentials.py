"""Every wrong credential is named precisely, before anything changes (I10)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.glass import NEW_SECRET

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.glass import Glass
    from tests.support.outage import Outage
    from tests.support.syncs import EmulatedWebsite

ID = str(uuid4())
WRONG = [
    ("wrong secret", {"client_secret": "wrong"}, "Klienthemmeligheten er feil. (entra_7000215)"),
    ("its id", {"client_secret": ID}, "Dette er ID-en til klienthemmeligheten (Secret ID), ikke verdien (Value)."),
    ("ended", {"client_secret": "ended"}, "Klienthemmeligheten er utløpt. (entra_7000222)"),
    ("unknown app", {"client_id": ID}, "Det finnes ingen app med denne klient-ID-en i denne tenanten. (entra_700016)"),
    ("wrong tenant", {"tenant_id": ID}, "Det finnes ingen tenant med denne tenant-ID-en. (entra_90002)"),
    ("no form", {"tenant_id": "two words"}, "mangler eller har feil form. (secret_has_no_tenant_id)"),
]


@pytest.mark.parametrize(("credentials", "sentence"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
@pytest.mark.parametrize("command", ["check", "run"])
def test_what_entra_refuses_is_named(
    glass: Glass, outage: Outage, site: EmulatedWebsite, command: str, credentials: Any, sentence: Any
) -> None:
    site.add_secret("ended", time.time() - 1)
    glass.write_credentials(**credentials)
    said = glass.says("check") if command == "check" else glass.run("--everything")
    assert said.code == 1
    assert sentence in said.text
    assert "Hemmeligheten kan ikke brukes:" in said.text
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_a_missing_application_user_is_named(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    site.remove_application_user()
    said = glass.run("--everything")
    assert said.code == 1
    assert "Hemmeligheten er god, men Dynamics-miljøet har ingen bruker for appen." in said.text
    assert outage.to_hide <= set(site.visible())


@pytest.mark.parametrize(("privilege", "verb"), [("read", "lese"), ("create", "opprette"), ("write", "endre")])
def test_a_missing_privilege_is_named(
    glass: Glass, outage: Outage, site: EmulatedWebsite, privilege: str, verb: str
) -> None:
    site.remove_privilege(privilege, "hlf_peermentor")
    said = glass.run("--everything")
    assert said.code == 1
    assert f"Rollen mangler retten til å {verb} rader i tabellen hlf_peermentors." in said.text
    assert site.writes() == []
    assert outage.to_hide <= set(site.visible())


def test_an_address_of_another_environment_is_named(glass: Glass, outage: Outage) -> None:
    glass.write_settings(url="http://127.0.0.1:9")
    said = glass.says("check")
    assert said.code == 1
    assert "Adressen til Dynamics er ikke kjent i denne tenanten. (entra_70011)" in said.text
    glass.write_settings(url="http://hlf.crm4.dynamics.com")
    said = glass.says("check")
    assert (said.code, "dataverse_url_is_not_https" in said.text) == (1, True)
    assert outage.to_hide


def test_no_response_is_not_a_refusal(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    site.fail_next(None, status=503, path="^WhoAmI")
    said = glass.run("--everything")
    assert said.code == 3
    assert "Vi fikk ikke svar fra Microsoft, så vi vet ikke om dette virker" in said.text
    assert site.writes() == []
    assert outage.to_hide


def test_a_good_credential_is_called_good(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    said = glass.says("check")
    assert said.code == 0
    assert "Hemmeligheten virker, og rollen har de rettighetene den trenger." in said.text
    assert glass.says("check", "--json").result == {"usable": True, "findings": []}
    assert site.writes() == []
    assert outage.to_hide


def test_a_credential_that_ends_midway_is_named(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """What was done is done, and no claim is left behind."""
    site.fail_next(None, status=401, path=r"\$batch", skip=2)
    said = glass.run("--everything")
    assert said.code == 1, said.text
    assert "Microsoft slipper oss ikke inn lenger" in said.text
    assert foundation.one("SELECT count(*) FROM certification.listings WHERE claimed_by IS NOT NULL") == 0
    site.clear_faults()
    assert glass.run("--everything").code == 0
    assert set(site.visible()) == outage.to_show


def test_a_database_that_refuses_the_login_is_named(glass: Glass, outage: Outage) -> None:
    glass.write_credentials(database_password="wrong")
    said = glass.run("--everything")
    assert said.code == 3
    assert "--from-csv" in said.text
    assert outage.to_hide


def test_a_login_of_another_role_is_named(glass: Glass, outage: Outage, database: Any) -> None:
    login = database.login("SendNotices")
    glass.login = login
    glass.write_settings()
    glass.write_credentials(database_password=login["password"])
    said = glass.run("--everything")
    assert said.code == 1
    assert "Bruk innloggingen med rollen certification_break_glass." in said.text
    assert outage.to_hide


@pytest.mark.parametrize("command", [("check",), ("run", "--dry-run", "--everything"), ("run", "--hide-only")])
def test_no_secret_is_ever_shown(
    glass: Glass, outage: Outage, foundation: Foundation, command: Any, caplog: Any
) -> None:
    """Not when it is good, not when it is wrong, not in a log, and not in the database."""
    caplog.set_level("DEBUG")
    for secret in ("wrong~secret.of-a-person", NEW_SECRET):
        glass.write_credentials(client_secret=secret)
        said = glass.says(*command, "--actor", "T", "--reason", "r", "--yes")
        kept = " ".join(map(str, foundation.all("SELECT to_jsonb(a) FROM certification.audit AS a")))
        for hidden in (secret, str(glass.login["password"])):
            assert hidden not in said.out + said.err + caplog.text + kept
    assert outage.to_hide
