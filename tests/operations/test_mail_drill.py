"""The drill: what is sent, what is waited for, and what the command says of each mailbox (points 2 and 6)."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from emulators.lambda_host.template.provision import local_clients
from emulators.ses.account import ConfigurationSet
from emulators.ses.server import LocalSes
from operations.commands import steps
from operations.commands.mails.mail_drill import EXPECTED, Drill, Line, LineVerdict, Mailbox, Sender, run_drill
from operations.errors import NotKnownError
from operations.screens import mail_view
from shared.adapters.postgres.opening import login_of
from tests.support.mail_outbox import MailOutbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

# What SES publishes for each mailbox of its simulator.
EVENTS = {
    Mailbox.SUCCESS: ("delivery",),
    Mailbox.BOUNCE: ("bounce",),
    Mailbox.COMPLAINT: ("delivery", "complaint"),
    Mailbox.SUPPRESSION_LIST: ("bounce",),
}


@pytest.fixture
def ses() -> Iterator[LocalSes]:
    with LocalSes() as ses:
        ses.create_configuration_set(ConfigurationSet("hlf-mail"))
        yield ses


class Person:
    """Somebody with the login of operations, and SES's events as they come back between two looks."""

    def __init__(self, database: TestDatabase, foundation: Foundation, ses: LocalSes) -> None:
        self._login = login_of(database.login("Operations"))
        self._foundation = foundation
        self.sender = Sender(local_clients(ses.url).sesv2, "ikke-svar@example.no", "hlf-mail")

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(**self._login) as connection:
            yield connection

    def drill(self, events: Mapping[Mailbox, tuple[str, ...]], *, wait: float = 0.0) -> Drill:
        """Run a drill while these events come."""

        def step(name: str, *parameters: object) -> list[Any]:
            if name == "mail-drill":
                for identity, mailbox in self._foundation.all("SELECT id, mailbox FROM certification.mail_drills"):
                    for kind in events.get(Mailbox(mailbox), ()):
                        record(self._foundation, identity, kind)
            with self.connected() as connection:
                return steps.make(connection, name, parameters)

        return run_drill(
            step,
            self.sender,
            ("kari", "the first deployment"),
            wait=wait,
            progress=lambda _: None,
            every=0.01,
        )


def record(foundation: Foundation, identity: UUID, kind: str) -> str:
    return str(
        foundation.one("SELECT certification.record_drill_event(%s, %s, now(), %s)", identity, kind, f"{kind}_code")
    )


@pytest.fixture
def person(database: TestDatabase, foundation: Foundation, ses: LocalSes) -> Person:
    return Person(database, foundation, ses)


def test_a_drill_sends_one_mail_to_each_mailbox(person: Person, ses: LocalSes) -> None:
    """To the simulator alone, and each became what its mailbox makes of it."""
    drill = person.drill(EVENTS)
    assert [mail.recipient for mail in ses.messages] == [mailbox.address for mailbox in Mailbox]
    assert ses.violations == []
    assert {line.mailbox: (line.arrival, line.verdict) for line in drill.lines} == {
        mailbox: (expected, LineVerdict.HELD) for mailbox, expected in EXPECTED.items()
    }
    assert drill.exit_code == 0


def test_a_drill_is_audited_and_is_in_no_rate(person: Person, foundation: Foundation) -> None:
    """Who, why and which drill; no notice, no event of one, and no figure of `status`."""
    drill = person.drill(EVENTS)
    assert foundation.all("SELECT action, actor, reason, facts FROM certification.audit") == [
        ("mail_drill", "kari", "the first deployment", {"drill": str(drill.id), "n": 4})
    ]
    assert foundation.all("SELECT * FROM certification.mail_outcomes('2020-01-01')") == [(0, 0, 0, 0, 0, 0)]
    assert foundation.all("SELECT condition FROM certification.current_conditions()") == []


def test_what_does_not_come_back_is_not_known(person: Person) -> None:
    """Exit code 3, and the others are said all the same. A delivery alone is no complaint yet."""
    drill = person.drill({Mailbox.SUCCESS: ("delivery",), Mailbox.COMPLAINT: ("delivery",)}, wait=0.05)
    assert {line.mailbox.value: line.verdict.value for line in drill.lines} == {
        "success": "held",
        "bounce": "not_yet",
        "complaint": "not_yet",
        "suppressionlist": "not_yet",
    }
    assert drill.exit_code == 3


def test_what_became_another_thing_is_wrong(person: Person) -> None:
    drill = person.drill(EVENTS | {Mailbox.SUCCESS: ("bounce", "delivery")})
    assert (drill.lines[0].verdict, drill.exit_code) == (LineVerdict.WRONG, 1)


def test_a_mail_that_ses_refuses_is_said_with_its_code(person: Person, ses: LocalSes) -> None:
    """The others are sent, and nothing is waited for that cannot come."""
    ses.fail_for(Mailbox.BOUNCE.address, "MailFromDomainNotVerifiedException")
    drill = person.drill(EVENTS, wait=60)
    assert {line.mailbox.value: line.refused for line in drill.lines if line.refused} == {
        "bounce": "MailFromDomainNotVerifiedException"
    }
    assert drill.exit_code == 1


def test_a_service_that_is_away_is_not_known(person: Person, ses: LocalSes, foundation: Foundation) -> None:
    """Exit code 3; what was begun is audited."""
    ses.refuse_connections()
    with pytest.raises(NotKnownError, match="SES could not be called"):
        person.drill(EVENTS)
    assert foundation.one("SELECT count(*) FROM certification.audit") == 1


@pytest.mark.parametrize(
    ("kinds", "arrival"),
    [
        (("delivery", "complaint"), "complained"),
        (("complaint", "delivery"), "complained"),
        (("bounce", "delivery", "bounce"), "bounced"),
        (("reject",), "bounced"),
        (("delay",), None),
        (("delay", "delivery", "delay"), "delivered"),
    ],
)
def test_the_strongest_event_wins_in_any_order(
    person: Person, foundation: Foundation, kinds: tuple[str, ...], arrival: str | None
) -> None:
    """I17: as of a notice."""
    line = person.drill({}).lines[0]
    for kind in kinds:
        assert record(foundation, line.id, kind) == "drill"
    ((found, code, heard),) = foundation.all(
        "SELECT arrival, arrival_code, received_at IS NOT NULL FROM certification.mail_drills WHERE id = %s", line.id
    )
    of_code = {"delivered": "delivery_code", "bounced": f"{kinds[0]}_code", "complained": "complaint_code", None: None}
    assert (found, code, heard) == (arrival, of_code[arrival], True)


def test_an_event_of_no_drill_is_said(foundation: Foundation) -> None:
    """A restored database, or another system's tag: never an error."""
    assert record(foundation, uuid4(), "bounce") == "unknown_drill"


@pytest.mark.parametrize("exit_code", [0, 1, 3])
def test_the_screen_says_what_held(capsys: pytest.CaptureFixture[str], exit_code: int) -> None:
    """Per line; and in JSON the same (80 columns)."""
    line = Line(UUID(int=1), Mailbox.BOUNCE, EXPECTED[Mailbox.BOUNCE])
    changes: dict[int, dict[str, Any]] = {
        0: {"arrival": EXPECTED[Mailbox.BOUNCE], "code": "General"},
        1: {"refused": "MessageRejected"},
        3: {},
    }
    drill = Drill(UUID(int=2), (Line(line.id, line.mailbox, line.expected, **changes[exit_code]),))
    assert drill.exit_code == exit_code
    mail_view.drill(drill)
    said = " ".join(capsys.readouterr().out.split())
    assert {0: "works from end to end", 1: "refused MessageRejected", 3: "nothing yet"}[exit_code] in said


def test_a_database_alone_is_no_system_to_drill(operator: Operator) -> None:
    """Exit code 2: the sender and the configuration set are the stack's."""
    said = operator.run("mail-drill", "--actor", "kari", "--reason", "x", expect=2)
    assert "name it with --stack" in said


@pytest.mark.parametrize("words", [("mail-drill",), ("allow-mail", str(UUID(int=1)))])
def test_who_and_why_must_be_said(operator: Operator, words: tuple[str, ...]) -> None:
    assert "--actor is empty" in operator.run(*words, "--actor", " ", "--reason", "x", expect=2)


# --- status


def test_status_counts_the_mail_of_30_days(operator: Operator, foundation: Foundation) -> None:
    """Point 5: with the rates that the alerts are about; in bokmål with a comma."""
    outbox = MailOutbox(foundation)
    assert "none in 30 days" in operator.run("status")
    outbox.sent(24 * 31, "bounced", n=9)
    outbox.sent(n=1)
    for arrival, n in {"delivered": 1200, "bounced": 12, "complained": 1, "unknown": 20}.items():
        outbox.sent(arrival=arrival, n=n)
    said = " ".join(operator.run("status", expect=None).split())
    mail = "Mail 1,234 in 30 days: 1,200 delivered, 12 bounced (0.97 %), 1 complained (0.08 %), 20 unknown"
    assert mail in said
    said = " ".join(operator.run("status", "--language", "nb", expect=None).split())
    assert "12 i retur (0,97 %), 1 klaget på (0,08 %), 20 ukjent" in said
    assert json.loads(operator.run("status", "--json", expect=None))["mail"] == {
        "sent": 1234,
        "delivered": 1200,
        "bounced": 12,
        "complained": 1,
        "unknown": 20,
        "waiting": 1,
    }
