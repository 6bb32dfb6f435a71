"""What a sending run wrote off for its address is no sign that SES refuses mail (I12, I17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.runs.test_alerts import MINUTES, RUN

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation

FOR_THE_ADDRESS = [
    "no_email",
    "malformed_email",
    "reserved_domain",
    "unusable_address",
    "no_fallback_address",
    "address_bounced",
    "address_bounces_repeatedly",
    "address_complained",
]


def a_run(foundation: Foundation, kind: str, *reasons: str) -> UUID:
    """The last sending run, whose only work was written off."""
    run: UUID = foundation.one(
        RUN.format("send_notices", "degraded", "'notices_undeliverable'", *MINUTES) + " RETURNING id"
    )
    person = "coordinator_id" if kind == "digest" else "mentor_id"
    for reason in reasons:
        foundation.do(
            f"INSERT INTO certification.notices (run_id, organisation_id, kind, {person}, certification_expiry_date,"
            " state, sender_run_id, settled_at, reason) VALUES (gen_random_uuid(), gen_random_uuid(), %s,"
            " gen_random_uuid(), %s, 'undeliverable', %s, now(), %s)",
            kind,
            None if kind == "digest" else "2026-11-30",
            run,
            reason,
        )
    foundation.do(
        "WITH o AS (INSERT INTO certification.run_organisations (run_id, organisation_id, state)"
        " VALUES (%s, gen_random_uuid(), 'succeeded') RETURNING *)"
        " INSERT INTO certification.run_counts (run_id, organisation_id, measure, detail, n)"
        " SELECT o.run_id, o.organisation_id, c.measure, %s, c.n FROM o,"
        " (VALUES ('notices_sent', 0), ('notices_undeliverable', %s)) AS c (measure, n)",
        run,
        f"{kind}:nb",
        len(reasons),
    )
    return run


def found(foundation: Foundation) -> dict[str, int]:
    return dict(
        foundation.all(
            "SELECT condition, n FROM certification.current_conditions()"
            " WHERE condition IN ('none_sent', 'run_degraded')"
        )
    )


@pytest.mark.parametrize("reason", FOR_THE_ADDRESS)
def test_a_digest_without_an_address_is_not_unsent(foundation: Foundation, reason: str) -> None:
    """The conditions of the coordinator's address say it, for as long as it stands, and once."""
    a_run(foundation, "digest", reason)
    assert found(foundation) == {}


@pytest.mark.parametrize("reason", FOR_THE_ADDRESS)
def test_a_mentor_without_an_address_degrades_the_run(foundation: Foundation, reason: str) -> None:
    """SES refused nothing; but no other condition says of a mentor who has no coordinator."""
    a_run(foundation, "expired", reason)
    assert found(foundation) == {"run_degraded": 1}


@pytest.mark.parametrize("kind", ["digest", "expired"])
def test_what_ses_refused_is_unsent(foundation: Foundation, kind: str) -> None:
    """Of three that were written off, the one that SES refused."""
    a_run(foundation, kind, "MessageRejected", "no_email", "address_bounced")
    assert found(foundation) == {"none_sent": 1, "run_degraded": 1}
