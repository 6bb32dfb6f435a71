"""A reminder claimed at night and overtaken before the morning's sending (I2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.fixture
def mentor(foundation: Foundation) -> Any:
    organisation = foundation.organisation()
    return foundation.mentor(organisation, DAY + days(7), coordinator=foundation.coordinator(organisation))


def sent_to_mentor(ses):
    return [mail.recipient for mail in ses.messages].count("kari.saether@example.no")


def test_one_paused_over_the_sending_is_reminded_on_resuming(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I2: who resumes inside a window is reminded of the nearest threshold then, once."""
    functions.nightly_check(DAY)
    foundation.pause(mentor)
    functions.send(DAY)
    assert sent_to_mentor(ses) == 0
    foundation.resume(mentor)
    for later in range(1, 4):
        functions.nightly_check(DAY + days(later))
        functions.send(DAY + days(later))
    assert sent_to_mentor(ses) == 1


def test_a_date_mistyped_over_the_sending_is_reminded_of(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I2: the typing error superseded the notice; the right date makes it true again."""
    functions.nightly_check(DAY)
    foundation.renew(mentor, DAY + days(700))
    functions.send(DAY)
    foundation.renew(mentor, DAY + days(7))
    functions.nightly_check(DAY + days(1))
    functions.send(DAY + days(1))
    assert sent_to_mentor(ses) == 1


def test_a_reminder_that_was_sent_is_not_opened_again(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I1, I4: paused and resumed after the mail."""
    functions.nightly_check(DAY)
    functions.send(DAY)
    foundation.pause(mentor)
    foundation.resume(mentor)
    functions.nightly_check(DAY + days(1))
    functions.send(DAY + days(1))
    assert sent_to_mentor(ses) == 1


def test_a_nearer_threshold_speaks_for_one_that_was_overtaken(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I2: resumed when a nearer threshold is reached: one mail, the nearer one's."""
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, DAY + days(14))
    functions.nightly_check(DAY)
    foundation.pause(mentor)
    functions.send(DAY)
    foundation.resume(mentor)
    functions.nightly_check(DAY + days(7))
    functions.send(DAY + days(7))
    assert sent_to_mentor(ses) == 1
    assert foundation.notices(mentor) == [("reminder", 14, "superseded"), ("reminder", 7, "sent")]
