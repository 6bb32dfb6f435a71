"""The examination of a credential names precisely what is wrong (I10), against the emulator and scripted replies."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.model import defaults
from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.service import Service
from shared.domain.alerts import Language
from shared.domain.credentials.examination import CredentialFault, Examination, Finding, Privilege
from shared.domain.listings import ListingTable
from shared.domain.wording.credential_faults import TEXTS, in_words
from shared.use_cases.examine_credential import examine_credential
from tests.support.syncs import SECOND_TABLE, TABLE

if TYPE_CHECKING:
    from tests.support.syncs import EmulatedWebsite

TABLES = (ListingTable(TABLE, "hlf_mentorid"), ListingTable(SECOND_TABLE, "hlf_mentorid"))
GOOD = {
    "tenant_id": defaults.TENANT_ID,
    "client_id": defaults.CLIENT_ID,
    "client_secret": defaults.CLIENT_SECRET,
}
OTHER_ID = "3f0c1d52-7f0e-4a53-9f0e-1d527f0e4a53"


class NoBackoff:
    """No other worker has been asked to wait."""

    def seconds_left(self) -> float:
        return 0.0

    def block_for(self, seconds: float, reason: str) -> None:
        """Nothing else asks."""


def examined(site: EmulatedWebsite, tables: Any = TABLES, url: str = "", **other: str) -> Examination:
    secret = GOOD | other
    with closing(Service(url or site.url, site.url, lambda _: secret)) as service:
        examiner = DataverseExaminer(service, NoBackoff(), time_left=lambda: 20.0)
        return examine_credential(secret, tables, examiner=examiner)


def test_a_good_credential_has_no_finding(site: EmulatedWebsite) -> None:
    """Nothing is written, and nothing is undetermined where the service says what the user may do."""
    found = examined(site)
    assert found == Examination()
    assert found.usable
    assert site.writes() == []
    assert site.rows(TABLE) == []


@pytest.mark.parametrize(
    ("wrong", "fault", "code"),
    [
        ({"client_secret": "another-secret"}, CredentialFault.SECRET_WRONG, "entra_7000215"),
        ({"client_secret": OTHER_ID}, CredentialFault.SECRET_ID_PASTED, "entra_7000215"),
        ({"client_secret": ""}, CredentialFault.INCOMPLETE, "secret_has_no_client_secret"),
        ({"client_id": OTHER_ID}, CredentialFault.UNKNOWN_APPLICATION, "entra_700016"),
        ({"tenant_id": OTHER_ID}, CredentialFault.UNKNOWN_TENANT, "entra_90002"),
        ({"tenant_id": "no tenant"}, CredentialFault.INCOMPLETE, "secret_has_no_tenant_id"),
    ],
)
def test_what_entra_refuses_is_named(site: EmulatedWebsite, wrong: Any, fault: Any, code: Any) -> None:
    found = examined(site, **wrong)
    assert [(finding.fault, finding.code) for finding in found.findings] == [(fault, code)]
    assert not found.usable


def test_a_secret_that_has_ended_is_named(site: EmulatedWebsite) -> None:
    site.add_secret("old-secret", time.time() - 1)
    (finding,) = examined(site, client_secret="old-secret").findings
    assert (finding.fault, finding.code) == (CredentialFault.SECRET_ENDED, "entra_7000222")


def test_a_missing_application_user_is_named(site: EmulatedWebsite) -> None:
    site.remove_application_user()
    (finding,) = examined(site).findings
    assert (finding.fault, finding.code) == (CredentialFault.NO_APPLICATION_USER, "dataverse_403_0x80072560")


@pytest.mark.parametrize("privilege", list(Privilege))
@pytest.mark.parametrize("table", [TABLE, SECOND_TABLE])
def test_each_missing_privilege_is_named(site: EmulatedWebsite, privilege: Any, table: Any) -> None:
    """With its table; the other table is examined all the same (I13)."""
    site.remove_privilege(privilege, table.removesuffix("s"))
    found = examined(site).findings
    assert [(finding.fault, finding.table, finding.privilege) for finding in found] == [
        (CredentialFault.NO_PRIVILEGE, table, privilege)
    ]
    assert site.writes() == []


def test_two_missing_privileges_are_two_findings(site: EmulatedWebsite) -> None:
    site.remove_privilege("create", "hlf_peermentor")
    site.remove_privilege("write", "hlf_peermentor")
    assert {finding.privilege for finding in examined(site).wrong} == {Privilege.CREATE, Privilege.WRITE}


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (ListingTable("hlf_nosuchtable", "hlf_mentorid"), CredentialFault.NO_TABLE),
        (ListingTable(TABLE, "hlf_nosuchcolumn"), CredentialFault.NO_KEY),
        (ListingTable(TABLE, "hlf_name"), CredentialFault.NO_KEY),
        (ListingTable("no table", "hlf_mentorid"), CredentialFault.NO_TABLE),
        (ListingTable(TABLE, "no key"), CredentialFault.NO_KEY),
    ],
)
def test_a_missing_table_or_key_is_named(site: EmulatedWebsite, table: Any, fault: Any) -> None:
    found = examined(site, [table, TABLES[1]]).findings
    assert [(finding.fault, finding.table) for finding in found] == [(fault, table.name)]


def test_no_response_is_not_a_verdict(site: EmulatedWebsite) -> None:
    """An outage says nothing about the credential."""
    site.fail_next(None, path="^WhoAmI")
    found = examined(site)
    assert [finding.fault for finding in found.findings] == [CredentialFault.UNREACHABLE]
    assert (found.wrong, found.usable) == ((), False)


def test_an_address_of_another_tenant_is_named(site: EmulatedWebsite) -> None:
    """Entra gives no token for it, so nothing is sent to it."""
    (finding,) = examined(site, url="http://127.0.0.1:9").findings
    assert (finding.fault, finding.code) == (CredentialFault.UNKNOWN_ADDRESS, "entra_70011")


def test_a_token_that_dynamics_does_not_accept(site: EmulatedWebsite) -> None:
    """As when the environment belongs to another tenant."""
    site.fail_next(None, status=401, path="^WhoAmI")
    (finding,) = examined(site).findings
    assert (finding.fault, finding.code) == (CredentialFault.TOKEN_REFUSED, "dataverse_401")


def test_a_role_that_may_not_read_definitions(site: EmulatedWebsite) -> None:
    """It is not wrong for that; whether it may create rows is undetermined, and said."""
    site.fail_next(None, status=403, path="^EntityDefinitions")
    found = examined(site)
    assert [(finding.fault, finding.privilege) for finding in found.findings] == [
        (CredentialFault.UNDETERMINED, Privilege.CREATE)
    ] * 2
    assert found.usable


@pytest.mark.parametrize("language", list(Language))
def test_every_fault_has_words(language: Any) -> None:
    assert set(TEXTS[language]) == set(CredentialFault)
    for fault in CredentialFault:
        finding = Finding(fault, "a_code", "a_table", "a_key", Privilege.CREATE)
        said = " ".join(in_words(finding, language))
        assert "{" not in said
        assert ("a_table" in said) == (fault in {"no_privilege", "no_table", "no_key", "undetermined"}), fault


def test_the_words_name_table_and_privilege(site: EmulatedWebsite) -> None:
    site.remove_privilege("create", "hlf_peermentor")
    (finding,) = examined(site).findings
    assert (
        in_words(finding, Language.NB).what == "Rollen mangler retten til å opprette rader i tabellen hlf_peermentors."
    )
    assert in_words(finding, Language.EN).what == (
        "The role lacks the privilege to create rows of the table hlf_peermentors."
    )
