"""A nightly check and a sending over the synthetic mentors, with every fault that quotes them:
nobody is named (I11).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.mentors_file.load import load
from local.mentors_file.mentors import read_mentors, read_organisations

if TYPE_CHECKING:
    import psycopg

    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation

ROOT = Path(__file__).parents[2]
NIGHTLY_CHECK = {"scheduled_time": "2026-11-30T23:15:00Z"}
MORNING = {"scheduled_time": "2026-12-01T08:00:00Z"}
OURS = (
    *("runs", "run_organisations", "run_counts", "step_failures", "notices", "cert_expiry_reminders", "transitions"),
    *("progress", "mentors_to_recheck", "organisation_settings"),
)
# A rule of the app that every fourth mentor breaks. The server quotes name, address and phone in what it says of it.
APPS_RULE = """
CREATE TABLE seen (who text CONSTRAINT seen_once PRIMARY KEY);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.seen VALUES (concat_ws(' ', NEW.first_name, NEW.last_name, NEW.email, NEW.phone));
    IF NEW.id::text < '4' THEN
        INSERT INTO public.seen VALUES (concat_ws(' ', NEW.first_name, NEW.last_name, NEW.email, NEW.phone));
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER see BEFORE UPDATE OF status ON peer_mentors FOR EACH ROW EXECUTE FUNCTION see();
"""
# An error that nobody foresaw, with a person in it.
CRASH = """
CREATE OR REPLACE FUNCTION certification.usable_locale(p_locale text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', m.first_name, m.last_name, m.email, m.phone) FROM public.peer_mentors AS m LIMIT 1
$$
"""
REFUSAL = """
CREATE OR REPLACE FUNCTION certification.usable_locale(p_locale text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', (SELECT to_jsonb(m) FROM public.peer_mentors AS m LIMIT 1);
END
$$
"""


@pytest.fixture(scope="module")
def mentors() -> Any:
    return read_mentors(ROOT / "data" / "mentors.csv")


@pytest.fixture
def personal(mentors: Any) -> Any:
    """Finds whatever of the data set stands in a text."""
    words = set()
    for row in mentors.rows:
        people = [f"{row.first_name} {row.last_name}", row.last_name, row.first_name]
        people += [row.coordinator.full_name, *row.coordinator.full_name.split()] if row.coordinator else []
        words |= {re.escape(name) for name in people if len(name) > 3}
        words |= {re.escape(address) for address in (row.email, row.coordinator and row.coordinator.email) if address}
        if row.phone:
            words |= {re.escape(row.phone), re.escape(row.phone.replace(" ", "")), re.escape(row.phone[-10:])}
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b")
    eleven_digits = re.compile(r"(?<![0-9A-Za-z-])\d{6}[ .-]?\d{5}(?![0-9A-Za-z-])")

    def found(text):
        return {*pattern.findall(text), *eleven_digits.findall(text)}

    assert found(f"x={mentors.rows[0].email}; {mentors.rows[0].last_name}, 01017012345")
    return found


def test_no_line_metric_row_or_response_names_anybody(
    deployed: DeployedStack, connection: psycopg.Connection, foundation: Foundation, mentors: Any, personal: Any
) -> None:
    """I11: constraint errors that quote rows, refusals that quote addresses, lost replies, and a crash."""
    load(connection, mentors, read_organisations(ROOT / "data" / "organisations.csv"))
    foundation.do(APPS_RULE)
    foundation.do("UPDATE certifications SET expires_on = '-infinity' WHERE mentor_id::text LIKE '7%%'")
    foundation.do("UPDATE peer_mentors SET email = 'æ' || email WHERE id::text LIKE '8%%'")
    replies = [deployed.invoke("ExpiryCheck", NIGHTLY_CHECK)]
    assert replies[0].payload["reason"] == "step_failures"
    assert {"seen_once", "reminder_expiry_plausible"} <= {
        *foundation.all("SELECT reason FROM certification.step_failures")
    }

    address = mentors.rows[1].email
    refusal = f"Email address is not verified. The following identities failed the check: {address}, Kåre <{address}>"
    deployed.ses._faults.next.extend([("MessageRejected", 400, refusal)] * 2)  # type: ignore[list-item]
    deployed.ses.fail_for(lambda recipient: recipient[0] in "abc", "MessageRejected")
    deployed.ses.drop_reply_next(2)
    replies.append(deployed.invoke("SendNotices", MORNING))
    deployed.ses.heal()
    states = {*foundation.all("SELECT state FROM certification.notices")}
    assert {"sent", "undeliverable", "claimed"} <= states
    rows = [foundation.all(f"SELECT to_jsonb(t)::text FROM certification.{table} AS t") for table in OURS]

    deployed.ses._faults.next.append(("AccessDeniedException", 403, refusal))  # type: ignore[arg-type]
    replies.append(deployed.invoke("SendNotices", MORNING))
    again = "UPDATE certification.notices SET state = 'pending', sender_run_id = NULL WHERE state = 'claimed'"
    foundation.do(again)
    foundation.do(CRASH)
    replies.append(deployed.invoke("SendNotices", MORNING))
    assert "unexpected_ValueError" in replies[-1].payload["errorMessage"]
    foundation.do(again)
    foundation.do(REFUSAL)
    replies.append(deployed.invoke("SendNotices", MORNING))
    assert "database_P0001" in str(replies[-1].payload)
    foundation.do("UPDATE organisations SET timezone = %s", address)
    replies.append(deployed.invoke("ExpiryCheck", NIGHTLY_CHECK))
    replies.append(deployed.invoke("ExpiryCheck", {"scheduled_time": address}))
    replies.append(deployed.invoke("ExpiryCheck", address))

    texts = [*deployed.lines, *(json.dumps(reply.payload, ensure_ascii=False) for reply in replies)]
    texts += [text for table in rows for text in table]
    assert len(deployed.lines) > 40
    assert len(texts) > 400
    assert [text for text in texts if personal(text)] == []
