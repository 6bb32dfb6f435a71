"""The test alert: a message about nothing, with a code that shows that a person has read it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.domain.alerts import AlertMessage, Language

if TYPE_CHECKING:
    from shared.domain.commands import Target

# Without I, O, 0 and 1, which are easily confused.
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH: Final = 6
_ACKNOWLEDGE: Final = "test-alert --acknowledge {code} --actor {name}"

_SUBJECT: Final = {
    Language.NB: "Proeve av varslingen: kvitter med {code}",
    Language.EN: "Test of the alerts: acknowledge {code}",
}
_BODY: Final = {
    Language.NB: """\
Dette er en prøve. Ingenting er galt.

Du får den fordi du skal få varsler om sertifisering og nettside.
Kvitter for at du har lest den, med koden {code}:

  {command}

Kan du ikke kjøre kommandoen, send koden på SMS eller e-post til den som sendte prøven.
Å svare på denne meldingen når ingen.
""",
    Language.EN: """\
This is a test. Nothing is wrong.

You receive this because you are a recipient of the alerts on certifications and the website.
Acknowledge that you have read it, with the code {code}:

  {command}

If you cannot run the command, send the code by SMS or e-mail to the person who sent the test.
A reply to this message reaches nobody.
""",
}
_SMS: Final = {
    Language.NB: "HLF-varsling: en prøve, ingenting er galt. Kvitter med koden {code} til den som sendte den.",
    Language.EN: "HLF alerts: a test, nothing is wrong. Acknowledge the code {code} to the person who sent it.",
}


class AlertTestMessage(NamedTuple):
    """What goes by mail, and what by SMS."""

    mail: AlertMessage
    sms: str


def new_code() -> str:
    """Return a code that nobody can guess or confuse."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def read_code(typed: str) -> str | None:
    """Return the code that a person typed, in whatever case and with whatever between; None if it is none."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if len(code) == _LENGTH and set(code) <= set(_LETTERS) else None


def acknowledging(code: str, name: str) -> str:
    """Return the words of the command that acknowledges a code."""
    return _ACKNOWLEDGE.format(code=code, name=name)


def message_of_test(code: str, language: Language, target: Target) -> AlertTestMessage:
    """Return the message of a test alert; its command works on `target`."""
    name = "DITT-NAVN" if language is Language.NB else "YOUR-NAME"
    command = target.command(acknowledging(code, name))
    mail = AlertMessage(_SUBJECT[language].format(code=code), _BODY[language].format(code=code, command=command))
    return AlertTestMessage(mail, _SMS[language].format(code=code))
