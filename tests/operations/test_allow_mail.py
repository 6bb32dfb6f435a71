"""allow-mail: an address that bounced is used again, by a named person; a complaint is not undone (point 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.support.foundation import DAY, days
from tests.support.mail_outbox import MailOutbox

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

NAMED = ("--actor", "turid", "--reason", "their mailbox is back")


@pytest.fixture
def mentor(foundation: Foundation) -> UUID:
    return foundation.mentor(foundation.organisation(), DAY + days(100))


def unusable(foundation: Foundation, person: UUID, reason: str, address: str = "kari.saether@example.no") -> None:
    foundation.do(
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since)"
        " VALUES (certification.address_digest(%s), %s, %s, %s, now())",
        address,
        person,
        MailOutbox(foundation).sent(),
        reason,
    )


@pytest.mark.parametrize("reason", ["address_bounced", "address_bounces_repeatedly"])
def test_an_address_that_bounced_is_allowed(
    operator: Operator, foundation: Foundation, mentor: UUID, reason: str
) -> None:
    """Audited, with who, why and what it was before."""
    unusable(foundation, mentor, reason)
    said = " ".join(operator.run("allow-mail", str(mentor), *NAMED).split())
    assert said.startswith(f"We send to {mentor} again, from the next run.")
    # What this system cannot do, and would otherwise stop the mail to an address that bounced for good.
    assert said.endswith("aws sesv2 delete-suppressed-destination --email-address ADDRESS")
    assert foundation.one("SELECT certification.address_problem(email) FROM peer_mentors") is None
    assert foundation.all("SELECT action, actor, reason, mentor_id, facts ->> 'before' FROM certification.audit") == [
        ("allow_mail", "turid", "their mailbox is back", mentor, reason)
    ]
    assert "nothing keeps mail from" in operator.run("allow-mail", str(mentor), *NAMED, expect=1)
    assert foundation.one("SELECT count(*) FROM certification.audit") == 1


def test_a_coordinator_is_allowed_too(operator: Operator, foundation: Foundation) -> None:
    """In JSON for a program."""
    coordinator = foundation.coordinator(foundation.organisation())
    unusable(foundation, coordinator, "address_bounced", "turid.vik@example.no")
    said = json.loads(operator.run("allow-mail", str(coordinator), *NAMED, "--json"))
    assert said == {"id": str(coordinator), "allowed": True}


@pytest.mark.parametrize("of_standard", [True, False])
def test_a_fallback_address_is_allowed(operator: Operator, foundation: Foundation, *, of_standard: bool) -> None:
    """By the organisation's id, whether the mailbox is its own or the standard's. Audited as the organisation's."""
    organisation = foundation.organisation()
    assert "has no fall-back address" in operator.run("allow-mail", str(organisation), *NAMED, expect=1)
    if of_standard:
        foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
    else:
        foundation.do(
            "INSERT INTO certification.organisation_settings (organisation_id, fallback_address)"
            " VALUES (%s, 'post@example.no')",
            organisation,
        )
    unusable(foundation, UUID(int=0), "address_bounced", "post@example.no")
    operator.run("allow-mail", str(organisation), *NAMED)
    assert foundation.one("SELECT certification.address_problem('post@example.no')") is None
    audited = "SELECT organisation_id, mentor_id, facts FROM certification.audit WHERE action = 'allow_mail'"
    assert foundation.all(audited) == [(organisation, None, {"before": "address_bounced"})]


def test_a_complaint_is_not_undone(operator: Operator, foundation: Foundation, mentor: UUID) -> None:
    """Exit code 1 with why, and nothing is audited."""
    unusable(foundation, mentor, "address_complained")
    said = operator.run("allow-mail", str(mentor), *NAMED, expect=1)
    assert "a complaint is not undone" in said
    assert foundation.one("SELECT certification.address_problem(email) FROM peer_mentors") == "address_complained"
    assert foundation.one("SELECT count(*) FROM certification.audit") == 0


def test_nobody_is_not_allowed(operator: Operator, mentor: UUID) -> None:
    """An id that the app does not have, one that is none, and an address that nothing is against."""
    assert "no coordinator and no organisation" in operator.run("allow-mail", str(uuid4()), *NAMED, expect=1)
    assert "nothing keeps mail from" in operator.run("allow-mail", str(mentor), *NAMED, expect=1)
    operator.run("allow-mail", "kari", *NAMED, expect=2)
