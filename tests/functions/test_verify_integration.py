"""verify_integration as deployed: its own process, login and settings, on the local stack's services."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulators.ses.account import ConfigurationSet, Identity
from shared.domain.integration.findings import Verdict, report_from_json
from tests.functions.conftest import CREDENTIAL
from tests.integration.aws.test_deployment_findings import VARIANTS as DEPLOYMENT_VARIANTS
from tests.integration.contract.test_server import VARIANTS as SERVER_VARIANTS
from tests.support.federation import OwnCertificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.integration.findings import Finding
    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

type Spoil = Callable[[DeployedStack, Foundation, EmulatedWebsite], object]

EVENT = json.loads(Path(__file__).parents[2].joinpath("events/verify_integration.person.json").read_text("utf-8"))
# What a stack on one machine has no counterpart of.
OF_A_DEPLOYMENT = {"dependencies.queues", "dependencies.schedules", "dependencies.triggers"}


@pytest.fixture
def verified(deployed: DeployedStack, foundation: Foundation) -> Callable[[], dict[str, Finding]]:
    """Invoke the function, and return its findings by their points."""
    foundation.organisation()

    def invoke() -> dict[str, Finding]:
        done = deployed.invoke("VerifyIntegration", EVENT)
        return {finding.point: finding for finding in report_from_json(done.payload).findings}

    return invoke


def broken(findings: dict[str, Finding]) -> set[str]:
    return {point for point, finding in findings.items() if finding.verdict is Verdict.DOES_NOT_HOLD}


@pytest.mark.usefixtures("sound")
def test_a_sound_stack_holds_except_what_it_does_not_have(verified: Callable[[], dict[str, Finding]]) -> None:
    """Structure, clock, website, mail, secrets, data: by the function's own login, which reads no table (I11).

    And every point of the dependencies has a variant: one that nothing spoils might never speak.
    """
    findings = verified()
    assert {point: (one.found, one.advice) for point, one in findings.items() if point in broken(findings)} == {}
    assert {point for point, one in findings.items() if one.verdict is Verdict.NOT_CHECKED} == OF_A_DEPLOYMENT
    dependencies = {point for point in findings if point.startswith("dependencies.")}
    assert dependencies == DEPENDENCIES.keys() | SERVER_VARIANTS.keys() | DEPLOYMENT_VARIANTS.keys()


def secret(name: str, value: object) -> Spoil:
    def spoil(deployed: DeployedStack, _foundation: Foundation, _site: EmulatedWebsite) -> None:
        deployed.clients.secretsmanager.put_secret_value(
            SecretId=deployed.stack.physical_id(name), SecretString=json.dumps(value)
        )

    return spoil


def mapping(path: str, value: object) -> Spoil:
    def spoil(_deployed: DeployedStack, foundation: Foundation, _site: EmulatedWebsite) -> None:
        foundation.do(
            "UPDATE certification.standard SET listing_mapping = jsonb_set(listing_mapping, %s::text[], %s::jsonb)",
            path,
            json.dumps(value),
        )

    return spoil


def flags(_deployed: DeployedStack, foundation: Foundation, _site: EmulatedWebsite) -> None:
    foundation.do(
        "UPDATE certification.standard SET listing_mapping = jsonb_set(jsonb_set(listing_mapping,"
        " '{show,hlf_online}', 'true'), '{hide,hlf_online}', 'false')"
    )


def long_data(_deployed: DeployedStack, foundation: Foundation, _site: EmulatedWebsite) -> None:
    foundation.mentor(foundation.organisation(name="HLF Ås"), "2030-01-01", consent=True, area="Ås" * 150)


def nobody_subscribed(deployed: DeployedStack, _foundation: Foundation, _site: EmulatedWebsite) -> None:
    topic = deployed.stack.physical_id("OperationsTopic")
    for one in deployed.clients.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        deployed.clients.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


LOGINS = (
    "expiry_check",
    "send_notices",
    "mail_events",
    "dynamics_sync",
    "reconciliation",
    "force_sync",
    "operations",
    "operations_reader",
)
_PASCAL = {name: "".join(word.capitalize() for word in name.split("_")) for name in LOGINS}


def identity(**changed: object) -> Spoil:
    def spoil(deployed: DeployedStack, _foundation: Foundation, _site: EmulatedWebsite) -> None:
        in_order = Identity(mail_from_domain="mail.example.no")
        deployed.ses.identities["example.no"] = replace(in_order, **changed)  # type: ignore[arg-type]

    return spoil


def another_set(deployed: DeployedStack, _foundation: Foundation, _site: EmulatedWebsite) -> None:
    deployed.ses.create_configuration_set(ConfigurationSet(deployed.stack.outputs["MailConfigurationSetName"]))


DEPENDENCIES: dict[str, Spoil] = {
    **{
        f"dependencies.secrets.{name}": secret(f"{_PASCAL[name]}DatabaseSecret", {"host": "h", "dbname": "d"})
        for name in LOGINS
    },
    "dependencies.secrets.dataverse": secret(
        "DataverseSecret", {**CREDENTIAL, "client_secret": "11111111-2222-3333-4444-555555555555"}
    ),
    "dependencies.secrets.webhook": secret("WebhookSecret", {"current": "short"}),
    "dependencies.mail.sender": lambda deployed, _foundation, _site: deployed.ses.unverified.add("example.no"),
    "dependencies.mail.account": lambda deployed, _foundation, _site: setattr(deployed.ses, "in_sandbox", True),
    "dependencies.mail.dkim": identity(dkim_status="FAILED"),
    "dependencies.mail.mail_from": identity(mail_from_domain=None),
    "dependencies.mail.dmarc": lambda deployed, _foundation, _site: deployed.names.texts.clear(),
    "dependencies.mail.configuration_set": another_set,
    "dependencies.operations.recipients": nobody_subscribed,
    "dependencies.website.credential": lambda _deployed, _foundation, site: site.remove_application_user(),
    "dependencies.website.privileges": lambda _deployed, _foundation, site: site.remove_privilege("create"),
    "dependencies.website.tables": mapping("{table}", "hlf_elsewheres"),
    "dependencies.website.columns": mapping("{columns,hlf_nickname}", "first_name"),
    "dependencies.website.keys": mapping("{key}", "hlf_remark"),
    "dependencies.website.flags": flags,
    "dependencies.website.lengths": long_data,
}
# What one fault drags along.
TOGETHER = {
    "dependencies.secrets.dataverse": {"dependencies.website.credential"},
    "dependencies.website.tables": {"dependencies.website.privileges"},
    "dependencies.website.keys": {"dependencies.website.privileges"},
}


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize(
    "point",
    # The logins' secrets are of one form, so one of them will do in a hurry.
    [
        pytest.param(one, marks=pytest.mark.slow) if one.rpartition(".")[2] in LOGINS[1:] else one
        for one in DEPENDENCIES
    ],
)
def test_a_dependency_that_fails_is_found_by_its_own_point(
    deployed: DeployedStack,
    foundation: Foundation,
    site: EmulatedWebsite,
    verified: Callable[[], dict[str, Finding]],
    point: str,
) -> None:
    """And by no other: what cannot be checked because of it says so."""
    DEPENDENCIES[point](deployed, foundation, site)
    findings = verified()
    assert broken(findings) == {point} | TOGETHER.get(point, set())
    assert findings[point].found
    assert findings[point].advice


def test_a_database_that_is_away_stops_no_other_part(
    deployed: DeployedStack, verified: Callable[[], dict[str, Finding]]
) -> None:
    """I13: its points say why they could not be checked, and the others are checked."""
    deployed.put_secret("VerifyIntegration", {"host": "127.0.0.1", "port": 1, "dbname": "x", "username": "x"})
    findings = verified()
    assert findings["structure.table.peer_mentors"].verdict is Verdict.NOT_CHECKED
    assert findings["structure.table.peer_mentors"].found == "database_connection_failed"
    assert findings["dependencies.secrets.dataverse"].verdict is Verdict.HOLDS


def test_mail_that_reaches_nobody_is_found(deployed: DeployedStack, verified: Callable[[], dict[str, Finding]]) -> None:
    """The sandbox, an unverified domain, and a topic that nobody has confirmed."""
    deployed.ses.in_sandbox = True
    deployed.ses.unverified.add("example.no")
    findings = verified()
    assert {"dependencies.mail.account", "dependencies.mail.sender"} <= broken(findings)
    assert "PENDING" in findings["dependencies.mail.sender"].found
    assert findings["dependencies.operations.recipients"].found == "nobody is subscribed"


OWN = OwnCertificate.new(days=20)
OWN_END = (datetime.now(UTC) + timedelta(days=20)).date()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ExpiryCheckDatabaseSecret", {"host": "h", "dbname": "d", "username": "u"}, "it has no password"),
        ("DataverseSecret", {"tenant_id": "t"}, "it has no client_id"),
        (
            "DataverseSecret",
            {"tenant_id": "t", "client_id": "c", "client_secret": "11111111-2222-3333-4444-555555555555"},
            "its client_secret looks like the secret's id: Entra shows the value once, beside the id",
        ),
        (
            "DataverseSecret",
            {
                "tenant_id": "t",
                "client_id": "c",
                "certificate": OWN.certificate,
                "private_key": OWN.private_key,
                "certificate_expires_on": "2099-01-31",
            },
            (
                "its certificate_expires_on says 2099-01-31, and the certificate itself ends on"
                f" {OWN_END}: that day counts"
            ),
        ),
        ("WebhookSecret", {"current": "short"}, "its key has 5 characters"),
        ("WebhookSecret", "no json", "secret_is_not_json"),
    ],
)
def test_a_malformed_secret_is_named(
    deployed: DeployedStack, verified: Callable[[], dict[str, Finding]], name: str, value: Any, said: str
) -> None:
    """By its purpose and what is wrong with it; no value is quoted."""
    text = value if isinstance(value, str) else json.dumps(value)
    deployed.clients.secretsmanager.put_secret_value(SecretId=deployed.stack.physical_id(name), SecretString=text)
    found = [one for point, one in verified().items() if point.startswith("dependencies.secrets.")]
    assert said in [one.found for one in found if one.verdict is not Verdict.HOLDS]


def test_the_website_is_compared_with_the_mapping(
    foundation: Foundation, site: EmulatedWebsite, verified: Callable[[], dict[str, Finding]]
) -> None:
    """A column too short for data of today is named, with how many mentors and their ids, before a sync fails."""
    organisation = foundation.organisation(name="HLF Ås")
    mentor = foundation.mentor(organisation, "2030-01-01", consent=True, area="Ås" * 150)
    foundation.do(
        "UPDATE certification.standard SET listing_mapping = jsonb_set(listing_mapping, '{columns,hlf_nickname}',"
        " '\"first_name\"')"
    )
    findings = verified()
    assert broken(findings) & {point for point in findings if point.startswith("dependencies.website")} == {
        "dependencies.website.lengths",
        "dependencies.website.columns",
    }
    assert findings["dependencies.website.lengths"].ids == (str(mentor),)
    assert "hlf_area takes 200 characters, and 1 mentors have more" in findings["dependencies.website.lengths"].found
    assert "hlf_nickname is missing" in findings["dependencies.website.columns"].found


def test_a_refused_credential_is_said_precisely(
    deployed: DeployedStack, site: EmulatedWebsite, verified: Callable[[], dict[str, Finding]]
) -> None:
    """And the points behind it could not be checked (I10)."""
    deployed.clients.secretsmanager.put_secret_value(
        SecretId=deployed.stack.physical_id("DataverseSecret"),
        SecretString=json.dumps({"tenant_id": "t", "client_id": "c", "client_secret": "wrong"}),
    )
    findings = verified()
    assert findings["dependencies.website.credential"].verdict is Verdict.DOES_NOT_HOLD
    assert findings["dependencies.website.lengths"].verdict is Verdict.NOT_CHECKED
