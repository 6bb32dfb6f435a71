"""Print what was done with a test alert, and what is left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.dates import OSLO
from operations.screens import printing
from operations.wording.speech import many, say
from shared.domain.alert_test import acknowledging

if TYPE_CHECKING:
    from operations.commands.alert_tests import Acknowledgement, AlertTest


def published(test: AlertTest) -> None:
    """Print the code, and how everybody who should hear an alert says that they did."""
    printing.text(say("The test alert {code} is on its way. Everybody who gets it acknowledges it:", code=test.code))
    printing.command("", acknowledging(test.code, "NAME"))
    printing.text(
        say("Who has not got it within a quarter of an hour gets no alert either. See how many have:"),
    )
    printing.command("", "status")


def acknowledged(found: Acknowledgement) -> None:
    """Print that it was recorded, and how many have acknowledged the test by now."""
    when = f"{found.started_at.astimezone(OSLO):%d.%m. %H:%M}"
    heard = many(found.acknowledgements, "{n} person has read it.", "{n} persons have read it.")
    if found.result == "again":
        printing.text(say("You had acknowledged the test alert of {when} before. {heard}", when=when, heard=heard))
    else:
        printing.text(say("Thank you. The test alert of {when} has reached you. {heard}", when=when, heard=heard))
