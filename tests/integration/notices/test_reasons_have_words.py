"""Every word by which the database says why a mail did not arrive has words of its own in the digest (I17)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.domain.mail.notices import LineReason

if TYPE_CHECKING:
    from tests.support.foundation import Foundation


def test_each_reason_of_the_database_is_a_line_reason(foundation: Foundation) -> None:
    """Why no mail goes to an address, and why one came back: a reason without words would be a general "not sent"."""
    unusable = foundation.one(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'unusable_address_reason_known'"
    )
    came_back = foundation.one("SELECT prosrc FROM pg_proc WHERE proname = 'arrival_reason'")
    of_addresses = set(re.findall(r"'(\w+)'", unusable))
    assert of_addresses == {"address_bounced", "address_bounces_repeatedly", "address_complained"}
    of_mails = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", came_back))
    assert of_mails == of_addresses | {
        "bounced_transiently",
        "bounced_undetermined",
        "bounced_at_former_address",
        "complained_at_former_address",
        "stopped_by_ses",
    }
    assert of_addresses | of_mails <= set(LineReason)
