"""Two events of one mail of a drill at the same moment (I17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.integration.notices.test_mail_events_at_once import behind

if TYPE_CHECKING:
    import psycopg

    from tests.support.foundation import Foundation
    from tests.support.mails import Mails

EVENT = b"SELECT certification.record_drill_event(%s, %s, now(), %s)"


@pytest.mark.parametrize(("first", "second"), [("complaint", "delivery"), ("delivery", "complaint")])
def test_the_stronger_of_two_at_once_stands(
    mails: Mails, foundation: Foundation, connection: psycopg.Connection[Any], first: str, second: str
) -> None:
    """Each compares with the row as the other has left it."""
    drill = uuid4()
    foundation.do(
        "INSERT INTO certification.mail_drills (id, drill, mailbox) VALUES (%s, %s, 'complaint')", drill, drill
    )
    behind(
        connection,
        lambda: connection.execute(EVENT, (drill, first, first)),
        lambda: mails.connection("MailEvents").execute(EVENT, (drill, second, second)),
    )
    assert foundation.all("SELECT arrival, arrival_code FROM certification.mail_drills") == [
        ("complained", "complaint")
    ]
