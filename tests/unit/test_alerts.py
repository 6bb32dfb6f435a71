"""What operations reads: plain words, ids and codes only, and a section of the runbook behind each."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.alert_message import message as composed
from shared.domain.alerts import Alert, AlertMessageKind, Condition, Language, anchor
from shared.domain.commands import Target
from shared.domain.conditions import CONDITIONS
from shared.domain.wording.languages import TEXTS

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SINCE = datetime(2026, 12, 1, 2, 40, tzinfo=UTC)
_GUIDE = Path(__file__).parents[2] / "docs" / "operations"
ALERTS = (_GUIDE / "alerts.md").read_text(encoding="utf-8")
OPERATIONS = ALERTS + (_GUIDE / "runbook.md").read_text(encoding="utf-8")
_TITLES = re.findall(r"^### (.+)$", ALERTS, re.MULTILINE)
HEADINGS = {title.lower().replace(":", "").replace(" ", "-") for title in _TITLES}


def message(made, now, language=Language.EN, stack="hlf"):
    return composed(made, now, TEXTS[language], Target(stack))


def alert(condition=Condition.LISTED_BUT_INVALID, **changes):
    given = {
        "id": 7,
        "kind": AlertMessageKind.OPENED,
        "condition": condition,
        "subject": "",
        "since": SINCE,
        "closed_at": None,
        "n": 2,
        "ids": (UUID(int=1), UUID(int=2)),
        "facts": {},
        "mark": "",
    }
    return Alert(**given | changes)


def test_an_alert_says_what_since_when_how_many_and_what_to_do() -> None:
    """Each command stands on a line of its own, complete with the stack's name."""
    assert message(alert(), NOW) == (
        "HLF certification: URGENT: the website lists a mentor who must not be listed",
        """URGENT: the website lists a mentor who must not be listed

The website may show mentors who are not valid, or who do not consent. Most mentors visit homes.

SINCE        01.12.2026 03:40 (Oslo time)
HOW MANY     2 mentors

IDS
  00000000-0000-0000-0000-000000000001
  00000000-0000-0000-0000-000000000002

WHAT TO DO
  1. See who and why:
     hlf-operations proof --stack hlf
  2. An automatic repair is under way. Look again in ten minutes:
     hlf-operations status --stack hlf
  3. If a mentor is still listed then, hide the row in Dynamics yourself: set it to Inactive.

RUNBOOK      docs/operations/alerts.md#alert-listed-but-invalid
ALERT        7
""",
    )


def test_the_same_alert_in_bokmal() -> None:
    """Natural words, a subject that SNS takes, the same commands."""
    assert message(alert(n=1, ids=(UUID(int=1),)), NOW, Language.NB) == (
        "HLF-sertifisering: HASTER: Nettsiden viser noen som ikke skal vises",
        """HASTER: Nettsiden viser noen som ikke skal vises

Nettsiden kan vise likepersoner som ikke har gyldig sertifisering, eller som ikke samtykker. De fleste\
 likepersoner besøker folk hjemme.

SIDEN        01.12.2026 03:40 (norsk tid)
ANTALL       1 likeperson

ID-ER
  00000000-0000-0000-0000-000000000001

DETTE GJØR DU
  1. Se hvem og hvorfor:
     hlf-operations proof --stack hlf
  2. En retting er alt i gang. Se etter igjen om ti minutter:
     hlf-operations status --stack hlf
  3. Hvis noen fortsatt vises da, skjul raden for hånd i Dynamics: Sett den til Inaktiv.

VEILEDNING   docs/operations/alerts.md#alert-listed-but-invalid
VARSEL       7
""",
    )


def test_an_outage_begins_with_what_people_notice() -> None:
    """Since when, how many wait, how many of them are shown although they must not be."""
    facts = {"reason": "dataverse_403_0x80072560", "still_shown": 2}
    body = message(alert(Condition.WEBSITE_REFUSES_US, n=42, facts=facts), NOW).body
    assert body.splitlines()[0] == (
        "The website has taken no changes since 01.12.2026 03:40. Changes waiting: 42. Mentors among them who withdrew"
        " consent, are paused or have expired, and are still shown: 2."
    )
    assert "withdraw their consent are still shown" in body
    unreachable = message(alert(Condition.WEBSITE_UNREACHABLE, n=3, facts={"still_shown": 0}), NOW, Language.NB).body
    assert unreachable.startswith("Vi har ikke fått kontakt med nettsiden siden 01.12.2026 03:40.")
    assert "Endringer som venter: 3." in unreachable.splitlines()[0]


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("entra_7000222", "Create a new client secret in Entra"),
        ("entra_7000215", "Put the client secret's value"),
        ("entra_700016", "Compare client_id and tenant_id"),
        ("entra_90002", "Correct tenant_id"),
        ("entra_70011", "Correct the parameter DataverseUrl"),
        ("dataverse_403_0x80072560", "Add the application user again"),
        ("dataverse_403_0x80042f09", "Give the application user its security role"),
        ("dataverse_401_0x8004A112", "Activate the application user"),
        ("dataverse_403_0x8004a104", "Ask the administrator of Power Platform"),
        ("dataverse_403_0x80040220", "Give the application user's role the right"),
        ("entra_ConnectError", "This usually passes"),
        ("dataverse_ReadTimeout", "This usually passes"),
        ("entra_503", "This usually passes"),
        ("entra_50034", "Look the number up"),
    ],
)
def test_the_first_advice_is_by_the_cause(code: str, first: str) -> None:
    """Only a secret that is wrong or has ended asks for a new one."""
    body = message(alert(Condition.WEBSITE_REFUSES_US, facts={"reason": code}), NOW).body
    steps = body.partition("WHAT TO DO\n")[2]
    assert steps.startswith(f"  1. {first}")
    assert ("new client secret" in steps) == (code == "entra_7000222")
    assert f"({code})" in body
    nb = TEXTS[Language.NB].codes.of(code)
    assert nb.step
    assert nb != TEXTS[Language.EN].codes.of(code)


def test_the_end_asks_nothing_of_anybody() -> None:
    ended = alert(
        Condition.RUN_FAILED, kind=AlertMessageKind.CLOSED, subject="expiry_check", closed_at=NOW, n=1, ids=()
    )
    assert message(ended, NOW) == (
        "HLF certification: Over: A run failed (expiry_check)",
        """Over: A run failed (expiry_check)

This is over. It lasted 6 hours.
You need not do anything.

SINCE        01.12.2026 03:40 (Oslo time)
UNTIL        01.12.2026 10:00 (Oslo time)

RUNBOOK      docs/operations/alerts.md#alert-run-failed
ALERT        7
""",
    )


def test_a_reminder_says_for_how_long() -> None:
    still = alert(kind=AlertMessageKind.REMINDER, since=datetime(2026, 11, 28, 2, 40, tzinfo=UTC))
    assert message(still, NOW).subject == (
        "HLF certification: Still, for 3 days: URGENT: the website lists a mentor who must not be listed"
    )
    assert message(still, NOW, Language.NB).subject.startswith("HLF-sertifisering: Fortsatt, i 3 dager: HASTER")


def test_twenty_ids_are_listed_and_the_rest_counted() -> None:
    """42 more of 62; in an outage the ids are of those still shown, not of all that waits."""
    ids = tuple(UUID(int=number) for number in range(20))
    body = message(alert(n=62, ids=ids), NOW).body
    assert "  and 42 more\n" in body
    assert body.count("00000000-0000") == 20
    outage = alert(Condition.WEBSITE_UNREACHABLE, n=300, ids=ids, facts={"still_shown": 25})
    assert "  and 5 more\n" in message(outage, NOW).body
    assert " more\n" not in message(alert(n=20, ids=ids), NOW).body


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("condition", Condition)
def test_one_of_something_is_not_several(condition: Condition, language: Language) -> None:
    """1 mentor."""
    counted = TEXTS[language].of(condition).counted
    if counted:
        assert f"1 {counted.one}\n" in message(alert(condition, n=1), NOW, language).body
        assert f" 1,000 {counted.many}\n" in message(alert(condition, n=1000), NOW, language).body


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_a_section_of_the_runbook(condition: Condition) -> None:
    assert anchor(condition) in HEADINGS


EVERY_TEXT = [(condition, subject, "") for condition, entry in CONDITIONS.items() for subject in ("", *entry.subjects)]
EVERY_TEXT += [(condition, "", form) for condition, entry in CONDITIONS.items() for form in entry.forms]


def shape(text):
    """The commands and placeholders of a condition's text: these are the same in every language."""
    commands = [command for step in text.steps for command in re.findall(r"`([^`]+)`", step)]
    places = sorted(re.findall(r"\{\w+\}", " ".join((text.title, text.what, text.headline, *text.steps))))
    return commands, places, len(text.steps), text.counted is None


def test_every_language_has_every_condition() -> None:
    """The same conditions, with the same commands and placeholders, in words of its own."""
    english, bokmal = TEXTS[Language.EN], TEXTS[Language.NB]
    assert set(CONDITIONS) == set(Condition)
    for condition, subject, form in EVERY_TEXT:
        text, other = (texts.of(condition, subject, {"form": form}) for texts in (english, bokmal))
        assert (condition, shape(other)) == (condition, shape(text))
        assert other.title != text.title
        assert other.what != text.what
    for table in ("whole", "of_dynamics", "beginnings"):
        codes, others = getattr(english.codes, table), getattr(bokmal.codes, table)
        assert set(codes) == set(others)
        assert [code for code in codes if bool(codes[code].step) != bool(others[code].step)] == []
        assert [code for code in codes if codes[code].meaning == others[code].meaning] == []
    assert set(english.mail.facts) == set(bokmal.mail.facts)


facts = st.dictionaries(st.text(max_size=10), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())))


@given(
    facts=facts,
    condition=st.sampled_from(Condition),
    kind=st.sampled_from(AlertMessageKind),
    language=st.sampled_from(Language),
)
def test_sns_takes_every_subject(facts: Any, condition: Any, kind: Any, language: Any) -> None:
    """At most 100 printable ASCII characters."""
    made = alert(condition, kind=kind, facts=facts, subject="0" * 50, closed_at=NOW)
    assert re.fullmatch(r"[ -~]{1,100}", message(made, NOW, language).subject)


@pytest.mark.parametrize("value", ["Kari Nordmann Ågot", "kari@example.no", "x12345678901", "a\nb", "ø"])
def test_what_is_no_code_is_not_reported(value: str) -> None:
    """I11."""
    assert value not in message(alert(facts={"reason": value}), NOW).body


def test_codes_and_numbers_are_reported() -> None:
    """A code stands beside its meaning."""
    body = message(alert(facts={"reason": "dataverse_403_0x80072560,unheard_of", "days_left": 3}), NOW).body
    assert "DAYS LEFT    3\n" in body
    assert (
        "REASON       our application user is missing in this environment (dataverse_403_0x80072560); unheard_of\n"
        in body
    )


URL = "host=db.example.no user=turid"


@pytest.mark.parametrize(
    "target", [Target(), Target("hlf"), Target(database_url=URL), Target("hlf", database_url=URL)], ids=str
)
def test_commands_are_those_of_where_it_runs(target: Target) -> None:
    """Of the stack where one is known, of the database that was named, and else of this machine."""
    command = target.command("rejected list")
    assert command.startswith(f"{'python -m local' if target.is_local else 'hlf-operations'} rejected list")
    assert (" --stack hlf" in command) == bool(target.stack)
    assert (f"--database-url '{URL}'" in command) == bool(target.database_url)
    # What the queues alone are asked for takes no database.
    assert "--database-url" not in target.command("dlq list")
    drop = target.command("dlq drop ID --actor YOU --reason WHY")
    assert ("--stack" in drop) == (not target.is_local)
    assert ("--database-url" in drop) == bool(target.database_url)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("heading", ["A run failed", "The mail service refuses", "Degraded: what each code means"])
def test_every_code_of_the_runbook_is_said_in_words(heading: str, language: Language) -> None:
    """Whoever is woken reads what it means, not the code alone."""
    section = OPERATIONS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^ *\| (`[^|]+`) \|", section, re.MULTILINE)
    codes = {code for cell in cells for code in re.findall(r"`([A-Za-z0-9_]+)`", cell)}
    assert len(codes) >= 5
    assert {code for code in codes if not TEXTS[language].codes.of(code).meaning} == set()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", ["dataverse_url_is_not_https", "entra_authority_is_no_url", "link_leads_elsewhere"])
def test_what_is_set_wrong_does_not_pass_by_itself(code: str, language: Language) -> None:
    """The first advice names the parameter, not Microsoft's Service health."""
    step = TEXTS[language].codes.of(code).step
    assert ("EntraAuthority" if code.startswith("entra") else "DataverseUrl") in step
    assert "admin.microsoft.com" not in step


@pytest.mark.parametrize("language", Language)
def test_a_pending_secret_is_not_moved_into_the_one_in_use(language: Language) -> None:
    """A pending secret is not put right in the secret that is in use.

    Its code says where the value belongs, but the first advice is to leave what works alone.
    """
    texts = TEXTS[language]
    steps = texts.steps(Condition.PENDING_SECRET_REFUSED, "", {"reason": "entra_7000215"})
    assert steps[0].text == texts.of(Condition.PENDING_SECRET_REFUSED).steps[0]
    assert steps[-1].text == texts.codes.of("entra_7000215").step


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", AlertMessageKind)
def test_a_subject_is_never_cut_in_the_middle(kind: AlertMessageKind, language: Language) -> None:
    """SNS takes 100 characters; what it is about stands in the body, and goes first."""
    for condition in Condition:
        about = "12345678-1234-4123-8123-123456789012:reminder"
        closed_at = NOW if kind is AlertMessageKind.CLOSED else None
        made = alert(condition, kind=kind, subject=about, since=NOW - timedelta(days=21), closed_at=closed_at)
        subject, body = message(made, NOW, language)
        assert len(subject) <= 100
        assert subject.endswith(f"({about})") or "(1234" not in subject
        assert f"({about})" in body or TEXTS[language].of(condition).headline


def test_a_command_about_an_organisation_names_it() -> None:
    """What is known is filled in, also an id of many digits."""
    organisation = "12345678-1234-4123-8123-123456789012"
    body = message(alert(Condition.BRAKE, facts={"organisation_id": organisation, "kind": "expiry"}), NOW).body
    assert f"release-brake --org {organisation} --kind expiry --actor YOU --reason WHY --stack hlf\n" in body
