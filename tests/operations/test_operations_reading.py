"""The commands of operations on a database: what they read, say and write, and their exit codes."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import typer

from local.cli import app as local
from operations.cli import app
from operations.commands.status import read_status
from operations.databases import reading
from operations.wording import words
from shared.domain.alert_message import message
from shared.domain.alerts import Alert, AlertMessageKind, Language
from shared.domain.commands import Target
from shared.domain.conditions import CONDITIONS
from shared.domain.wording.languages import TEXTS
from tests.support.foundation import DAY, days
from tests.support.operator import Operator

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

COLUMNS, LINES = 100, 24
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
WHO = ("--actor", "turid", "--reason", "looked at it")


@pytest.fixture
def command(operator: Operator) -> Any:
    """A command on the test's database, as a person beside it types it. Returns what it printed."""
    return operator.run


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation(name="HLF Vestland")
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: Any) -> Any:
    """Somebody the website shows as the app has it."""
    return shown(foundation, organisation)


def shown(foundation, organisation):
    mentor = foundation.mentor(organisation, DAY + days(300), consent=True)
    foundation.do(
        "UPDATE certification.listings SET state = 'live', synced_version = desired_version, synced_at = now(),"
        ' website = \'{"table": "t", "key": "k", "hide": {}, "columns": []}\' WHERE mentor_id = %s',
        mentor,
    )
    return mentor


def rejected(foundation, mentor, reason="dataverse_400_0x80044331"):
    foundation.do(
        "UPDATE certification.listings SET state = 'rejected', desired_version = desired_version + 1, reason = %s,"
        " attempts = 4 WHERE mentor_id = %s",
        reason,
        mentor,
    )


def ended_run(foundation, function, state="succeeded", reason=None, ago="1 minute"):
    return foundation.one(
        "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at, ended_at, state, reason)"
        " VALUES (%s, now(), 'r', now() - %s::interval, now(), %s, %s) RETURNING id",
        function,
        ago,
        state,
        reason,
    )


def finding(foundation, run, class_="missing", cause="manual_edit", **values):
    values = {"mentor_id": uuid4(), "repairs": 0, **values}
    return foundation.one(
        f"INSERT INTO certification.findings (class, cause, website_table, opened_in, seen_in, repaired_at,"
        f" {', '.join(values)}) VALUES (%s, %s, 'hlf_peermentors', %s, %s, %s, {', '.join(['%s'] * len(values))})"
        " RETURNING id",
        class_,
        cause,
        run,
        run,
        "now" if values["repairs"] else None,
        *values.values(),
    )


def proof(foundation, run, *, reason=None, equal=True, **counts):
    figures = (None,) * 5 if reason else (412, 412, 412 - (not equal), "a" * 64, ("a" if equal else "b") * 64)
    foundation.do(
        "SELECT certification.write_proof(%s, now() - interval '1 second', %s, %s, %s, %s, %s, %s, %s)",
        run,
        reason,
        *figures,
        json.dumps({"rows_read": 500, **counts}),
    )


def confirm(foundation, found, run):
    foundation.do(
        "UPDATE certification.findings SET closed_at = clock_timestamp(), closed_in = %s, outcome = 'confirmed'"
        " WHERE id = %s",
        run,
        found,
    )


def audit(foundation):
    return foundation.all(
        "SELECT action, actor, reason FROM certification.audit WHERE action <> 'change_settings' ORDER BY id"
    )


# status ---------------------------------------------------------------------------------------------------------------


def test_since_when_is_what_operations_was_alerted_of(command: Any, foundation: Foundation, listed: Any) -> None:
    """Of a trigger that is off nothing is older than the look at it, but the alert is."""
    foundation.do("ALTER TABLE peer_mentors DISABLE TRIGGER certification_listing_updated")
    foundation.all("SELECT * FROM certification.record_alerts()")
    foundation.do("UPDATE certification.alerts SET since = since - interval '3 days'")
    for shown_by in ("status", "alerts"):
        found = json.loads(command(shown_by, "--json", expect=None))
        (alert,) = found["alerts"] if isinstance(found, dict) else found
        assert (datetime.now(UTC) - datetime.fromisoformat(alert["since"])).days in {2, 3}


def test_when_all_is_well_the_first_line_says_so(command: Any, foundation: Foundation, listed: Any) -> None:
    assert command("status").splitlines()[0] == "Everything is as it should be."
    assert re.search(r"HLF Vestland +1 +0 +0 +0", command("status"))


def test_the_numbers_of_an_organisation_are_its_own(
    database: TestDatabase, foundation: Foundation, organisation: Any, listed: Any
) -> None:
    other = foundation.organisation(name="HLF Oslo")
    waiting, refused = (foundation.mentor(organisation, DAY + days(99), consent=True) for _ in range(2))
    rejected(foundation, refused)
    finding(foundation, uuid4(), mentor_id=waiting, organisation_id=organisation)
    with reading(database.dsn) as connection:
        status = read_status(connection)
    numbers = {o.id: (o.live, o.waiting, o.rejected, o.differences) for o in status.organisations}
    assert numbers == {organisation: (1, 1, 1, 1), other: (0, 0, 0, 0)}
    assert status.website.oldest_waiting_at == foundation.listing(waiting)["changed_at"]


def test_a_difference_of_no_organisation_is_counted(command: Any, foundation: Foundation, organisation: Any) -> None:
    """An orphan, or one of an organisation that was deleted: nobody's row is nobody's business otherwise."""
    finding(foundation, uuid4(), row_id=uuid4(), organisation_id=None)
    assert "1 difference on the website" in command("status", expect=1)


def test_everything_wrong_fits_one_screen_and_says_what_is_first(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    """Six organisations of eight and every condition at once: 24 lines of 100 columns, the most urgent first."""
    for number in range(7):
        foundation.mentor(foundation.organisation(name=f"HLF Fylkeslag nummer {number} med et langt navn"), DAY)
    run = ended_run(foundation, "reconciliation_full", "degraded", "website_result_small,repairs_braked")
    ended_run(foundation, "reconciliation_sweep", "failed", "database_connection_failed")
    ended_run(foundation, "expiry_check", "degraded", "expiries_skipped_manual_edit,step_failures", ago="30 hours")
    ended_run(foundation, "send_notices", "failed", "MailFromDomainNotVerifiedException")
    proof(foundation, run, reason="website_result_small")
    invalid = shown(foundation, organisation)
    finding(foundation, run, "listed_but_invalid", mentor_id=invalid, organisation_id=organisation, repairs=2)
    finding(foundation, run, "orphan", "unknown_mentor", organisation_id=organisation)
    rejected(foundation, shown(foundation, organisation))
    foundation.brake(0, 0, organisation)
    with foundation.connection.transaction():
        foundation.one("SELECT certification.brake_holds(%s, 'expiry', 14, 60, %s)", organisation, run)
        foundation.one("SELECT certification.brake_holds(%s, 'repair', 20, 60, %s)", organisation, run)
    foundation.do(
        "SELECT certification.record_check('entra_7000222', true, (now() AT TIME ZONE 'Europe/Oslo')::date + 6,"
        " 'entra_7000215')"
    )
    foundation.do("SELECT certification.block_website_for(600, 'dataverse_429_0x80072322')")
    for queue in ("SyncRequests", "RepairRequests", "SyncDeadLetters", "DeadLetters"):
        foundation.do("SELECT certification.record_queue_depth(%s, 1234)", queue)
    lines = command("status", expect=1).splitlines()
    assert len(lines) <= LINES
    # A command stays on one line, to be pasted.
    assert max(len(line) for line in lines if not line.strip().startswith("hlf-operations")) <= COLUMNS
    assert re.match(
        r"1\d things need you\. The website has taken no changes since \d\d:\d\d\. Changes waiting: ", lines[0]
    )
    assert "still shown: " in " ".join(lines[:3])
    screen = "\n".join(lines)
    assert "First: Create a new client secret in Entra" in screen
    assert "URGENT: the website lists a mentor who must not be listed (1 mentor)" in screen
    assert re.search(r"HLF Vestland .* expiry 14 of 60; repair", screen)
    assert "(entra_7000222) · secret ends in 6 days · next secret refused" in screen
    assert "reconciliation_sweep" in screen
    assert "SyncDeadLetters 1,234" in screen
    assert "5 others" in screen
    assert re.search(r"\d+ more: .*hlf-operations alerts --database-url dbname=", screen)


@pytest.mark.parametrize(
    ("left", "said"),
    [(6, "certificate ends in 6 days"), (0, "certificate ends today"), (-2, "certificate ended 2 days ago")],
)
def test_status_names_the_end_of_a_certificate(command: Any, foundation: Foundation, left: int, said: str) -> None:
    """I10: not as that of a client secret, for which HLF IT would look in vain."""
    foundation.do(
        "UPDATE certification.sync_state SET credential_form = 'certificate', healthy_at = now(),"
        f" secret_ends_on = (clock_timestamp() AT TIME ZONE 'Europe/Oslo')::date + {left}"
    )
    assert said in command("status", expect=1)


def test_what_is_wrong_is_seen_though_no_run_has_reported_it(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    """The run that would have told it may be what is missing."""
    rejected(foundation, shown(foundation, organisation))
    assert command("status", expect=1).startswith("1 thing needs you. Dynamics rejects some listings (1 mentor).")
    assert foundation.one("SELECT count(*) FROM certification.alerts") == 0


def test_status_as_json_has_every_part(command: Any, foundation: Foundation, listed: Any) -> None:
    ended_run(foundation, "expiry_check")
    found = json.loads(command("status", "--json"))
    assert found["organisations"][0] | {"id": None} == {
        "id": None,
        "name": "HLF Vestland",
        "live": 1,
        "waiting": 0,
        "rejected": 0,
        "differences": 0,
    }
    assert found["runs"][0]["state"] == "succeeded"
    parts = {
        "at",
        "organisations",
        "website",
        "brakes",
        "queues",
        "alerts",
        "runs",
        "proof",
        "mail",
        "alert_test",
        "recipients",
        "webhook_concurrency",
    }
    assert set(found) == parts


def printed_commands(text):
    """The whole lines that a person pastes."""
    return [found.strip() for found in re.findall(r"(?:hlf-operations|python -m local) [^\n]*", text)]


_URL = "host=db.example.no user=turid"
_TARGETS = Target(), Target("hlf"), Target(database_url=_URL), Target("hlf", database_url=_URL)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("target", _TARGETS, ids=["here", "stack", "address", "both"])
def test_every_command_that_an_alert_names_is_one(target: Any, language: Language) -> None:
    """As printed, in every mail and on every screen, for where it runs."""
    named = set()
    every = [(one, about, "") for one, entry in CONDITIONS.items() for about in ("", *entry.subjects)]
    every += [(one, "", form) for one, entry in CONDITIONS.items() for form in entry.forms]
    for condition, subject, form in every:
        facts = {"reason": "entra_7000215", "organisation_id": str(uuid4()), "kind": "expiry", "form": form}
        made = Alert(7, AlertMessageKind.OPENED, condition, subject, NOW, None, 2, (uuid4(),), facts, "")
        lines = printed_commands(message(made, NOW, TEXTS[language], target).body)
        assert len(lines) == sum(bool(step.command) for step in TEXTS[language].steps(condition, subject, facts))
        named |= set(lines)
    assert len(named) > 10
    for line in named:
        assert (" --stack hlf" in line) == bool(target.stack)
        assert line.startswith("python -m local " if target.is_local else "hlf-operations ")
        program, words = (local, 3) if target.is_local else (app, 1)
        command, rest = typer.main.get_command(program), shlex.split(line)[words:]
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context(line, rest)


# proof ----------------------------------------------------------------------------------------------------------------


def test_a_proof_that_holds_says_yes_on_one_page(command: Any, foundation: Foundation, organisation: Any) -> None:
    run = ended_run(foundation, "reconciliation_full")
    proof(foundation, run)
    page = " ".join(command("proof").split())
    assert "Yes. 412 listed = 412 valid and consenting" in page
    assert json.loads(command("proof", "--json"))["verdict"] == "yes"
    assert str(run) in page
    assert page.count("a" * 64) == 2
    assert len(command("proof").splitlines()) < 40


def test_a_proof_names_each_difference_and_what_became_of_it(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    """A proof names each difference by class and id, and what became of it.

    What was repaired, what the run after has confirmed, what still stands, and no name of a person.
    """
    earlier = ended_run(foundation, "reconciliation_full")
    held = finding(foundation, earlier, repairs=1)
    proof(foundation, earlier, equal=False, missing=1)
    run = ended_run(foundation, "reconciliation_full")
    confirm(foundation, held, run)
    mentor = foundation.mentor(organisation, DAY + days(99), name=("Kari", "Sæther"), consent=True)
    drift = finding(
        foundation, run, "field_drift", mentor_id=mentor, organisation_id=organisation, fields=["hlf_phone"], repairs=1
    )
    finding(foundation, run, "orphan", "unknown_mentor", mentor_id=None, row_id=(row := uuid4()))
    proof(foundation, run, equal=False, field_drift=1, orphan=1)
    after = ended_run(foundation, "reconciliation_sweep")
    confirm(foundation, drift, after)

    page = " ".join(command("proof", expect=1).split())
    assert "No. 1 is shown differently from the app; 1 row is shown for no mentor in the app. 412 listed" in page
    assert "not the same" in page
    assert "Differences when it ended: 2, of which 1 is gone by now" in page
    assert str(mentor) in page
    assert f"row {row}" in page
    assert "hlf_phone" in page
    assert "Repaired earlier and confirmed by this run: 1" in page
    assert "Kari" not in page
    assert "Sæther" not in page
    page = " ".join(command("proof", "--language", "nb", expect=1).split())
    assert "Nei. 1 vises annerledes enn det står i appen; 1 rad vises uten å høre til en likeperson i appen." in page
    assert "Avvik da den var ferdig: 2, hvorav 1 er over nå" in page
    assert "Rettet før, og denne kjøringen så at det holder: 1" in page
    found = json.loads(command("proof", "--json", expect=1))
    assert [(one["class"], one["outcome"], one["closed_in"]) for one in found["differences"]] == [
        ("field_drift", "confirmed", str(after)),
        ("orphan", None, None),
    ]
    # An older one shows what stood then.
    old = json.loads(command("proof", "--run", str(earlier), "--json", expect=1))
    assert [(one["class"], one["closed_in"]) for one in old["differences"]] == [("missing", str(run))]


def test_an_incomplete_proof_proves_nothing_and_says_why(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    """A proof that is not complete proves nothing and says why."""
    run = ended_run(foundation, "reconciliation_full", "degraded", "website_result_small")
    foundation.brake(0, 0, organisation)
    foundation.one("SELECT certification.brake_holds(%s, 'repair', 20, 60, %s)", organisation, run)
    proof(foundation, run, reason="website_result_small")
    page = " ".join(command("proof", expect=3).split())
    assert "Nothing is proven: the website showed hardly anybody" in page
    assert "A brake is on in HLF Vestland: repair of 20 of 60 was stopped" in page


def test_a_time_that_has_come_is_no_yes_before_a_sweep(command: Any, foundation: Foundation) -> None:
    """What would be known by now is not known before a sweep has read it back."""
    run = ended_run(foundation, "reconciliation_full")
    foundation.do(
        "SELECT certification.write_proof(%s, now(), NULL, 412, 412, 411, 'a', 'b', %s, %s)",
        run,
        json.dumps({"missing": 1, "in_flight": 1, "missing_in_flight": 1}),
        json.dumps({"known_at": foundation.one("SELECT now()::text")}),
    )
    assert "Not yet. 1 is not shown but should be" in " ".join(command("status", expect=3).split())
    foundation.do(
        "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at, ended_at, state)"
        " VALUES ('reconciliation_sweep', now(), 'later', now(), now(), 'succeeded')"
    )
    command("status", expect=0)


HELD = {"listed_but_invalid": 40, "held_by_brake": 40}
SAID = {
    "No. 40 are shown but not valid, held by the brake since 01.12.2026 00:15.": (
        HELD,
        {"brake_since": "2026-11-30 23:15:00+00"},
    ),
    "No. 40 are shown but not valid, held by the brake; 1 is shown but not valid.": (
        {**HELD, "listed_but_invalid": 41},
        {},
    ),
    "No. 2 are not shown but should be; 1 of them refused by the website.": ({"missing": 2, "rejected": 1}, {}),
    "No. 1 is shown but not valid; 1 of them because the day's check has not run.": (
        {"listed_but_invalid": 1, "day_not_checked": 1},
        {},
    ),
    "No. 1 is shown differently from the app; 1 of them read only once.": (
        {"field_drift": 1, "differences_unverified": 1},
        {},
    ),
    "No. 2 rows hold fields no longer published.": ({"unpublished_field": 2}, {}),
    "Not yet. 1 is not shown but should be (changed a moment ago, known after 01.12.2036 10:02).": (
        {"missing": 1, "in_flight": 1, "missing_in_flight": 1},
        {"known_at": "2036-12-01 09:02:00+00"},
    ),
    "No. 1 is not shown but should be; 1 is not shown but should be (changed a moment ago).": (
        {"missing": 2, "in_flight": 1, "missing_in_flight": 1},
        {},
    ),
    "Not yet. 3 are shown but not valid (the day's check has not run yet).": (
        {"listed_but_invalid": 3, "day_turns": 3, "listed_but_invalid_in_flight": 3},
        {},
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_the_first_sentence_counts_every_class(command: Any, foundation: Foundation, said: Any) -> None:
    """I14: whatever explains a difference, it is counted; yes needs all of them to be 0."""
    counts, facts = SAID[said]
    status = 1 if said.startswith("No.") else 3
    run = ended_run(foundation, "reconciliation_full")
    foundation.do(
        "SELECT certification.write_proof(%s, now(), NULL, 412, 412, 400, %s, %s, %s, %s)",
        run,
        "a" * 64,
        "b" * 64,
        json.dumps(counts),
        json.dumps(facts),
    )
    assert said in " ".join(command("proof", expect=status).split())
    assert json.loads(command("proof", "--json", expect=status))["verdict"] == {1: "no", 3: "not_yet"}[status]
    shown = " ".join(command("status", expect=status).split())
    assert said in shown


def test_without_a_proof_it_is_said_how_to_make_one(command: Any) -> None:
    assert "there is no proof yet" in command("proof", expect=3)
    assert "there is no proof of run" in " ".join(command("proof", "--run", str(uuid4()), expect=3).split())


# alerts, rejected, duplicates -----------------------------------------------------------------------------------------


def test_alerts_are_those_that_are_open_and_all_those_that_were(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    mentor = shown(foundation, organisation)
    rejected(foundation, mentor)
    foundation.all("SELECT * FROM certification.record_alerts()")
    printed = " ".join(command("alerts").split())
    assert "Dynamics rejects some listings (1 mentor)" in printed
    assert str(mentor) in printed
    assert "rejected list" in printed
    foundation.do("UPDATE certification.listings SET state = 'waiting', reason = NULL WHERE state = 'rejected'")
    foundation.all("SELECT * FROM certification.record_alerts()")
    assert "No alert is open." in command("alerts")
    [over] = json.loads(command("alerts", "--all", "--json"))
    assert (over["condition"], over["ids"], over["closed_at"] is None) == ("listings_rejected", [str(mentor)], False)


def test_what_is_rejected_is_listed_and_retried_by_name(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    """What is rejected is listed, the dangerous first, and is tried again by name."""
    valid, expired = (shown(foundation, organisation) for _ in range(2))
    rejected(foundation, valid)
    foundation.set_status(expired, "paused")
    rejected(foundation, expired, "dataverse_403_0x80040220")
    printed = command("rejected", "list")
    assert printed.index(str(expired)) < printed.index(str(valid))
    assert "In Dynamics, hide the mentors who must not be shown." in printed
    assert "a text is longer" in printed
    [first, second] = json.loads(command("rejected", "list", "--json"))
    assert (first["mentor_id"], first["may_be_shown"], first["should_be_shown"]) == (str(expired), True, False)
    assert (second["attempts"], second["reason"]) == (4, "dataverse_400_0x80044331")

    stranger = str(uuid4())
    assert "nothing was done" in command("rejected", "retry", str(valid), stranger, *WHO, expect=1)
    assert foundation.listing_state(valid) == "rejected"
    assert "1 listing will be tried again" in command("rejected", "retry", str(valid), *WHO)
    assert (foundation.listing_state(valid), foundation.listing_state(expired)) == ("waiting", "rejected")
    assert "1 listing will" in command("rejected", "retry", "--all", *WHO)
    assert audit(foundation) == [("retry_rejected", "turid", "looked at it")] * 2
    assert "No listing is rejected." in command("rejected", "list")


def test_what_cannot_be_tried_again_is_explained(command: Any) -> None:
    for given, says, code in (
        ([], "name the mentors' ids, or say --all", 2),
        (["--all", "7"], "name the mentors' ids, or say --all", 2),
        (["kari"], "'kari' is not a mentor's id", 2),
        (["--all"], "no listing is rejected", 1),
    ):
        assert says in " ".join(command("rejected", "retry", *given, *WHO, expect=code).split())


def test_who_and_why_are_asked_for(command: Any) -> None:
    assert "--actor is empty" in command("rejected", "retry", "--all", "--actor", " ", "--reason", "x", expect=2)
    assert "--reason is empty" in command("release-brake", "--org", "x", "--actor", "x", "--reason", "", expect=2)


def test_duplicates_are_listed_until_a_person_has_reviewed_them(
    command: Any, foundation: Foundation, organisation: Any
) -> None:
    mentors = [uuid4() for _ in range(2)]
    for kind, mentor in (("transition", mentors[0]), ("notice", mentors[0]), ("reminder", mentors[1])):
        foundation.do(
            "INSERT INTO certification.duplicates (kind, mentor_id, certification_expiry_date, detail, n, found_in)"
            " VALUES (%s, %s, %s, 'certification_expired', 2, %s)",
            kind,
            mentor,
            DAY,
            uuid4(),
        )
    assert command("duplicates", "list").count(str(mentors[0])) == 2
    assert "1 case reviewed" in command("duplicates", "review", str(mentors[0]), "--kind", "notice", *WHO)
    assert "1 case reviewed" in command("duplicates", "review", str(mentors[0]), *WHO)
    assert "nothing was done" in " ".join(command("duplicates", "review", str(mentors[0]), *WHO, expect=1).split())
    assert [one["mentor_id"] for one in json.loads(command("duplicates", "list", "--json"))] == [str(mentors[1])]
    assert len(json.loads(command("duplicates", "list", "--all", "--json"))) == 3
    assert "name the mentors' ids, or say --all" in command("duplicates", "review", *WHO, expect=2)
    assert "1 case" in command("duplicates", "review", "--all", *WHO)
    assert "Nothing was done twice" in command("duplicates", "list")


# The brake ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def braked(foundation: Foundation, organisation: Any) -> Any:
    foundation.brake(0, 0, organisation)

    def trip(kind, n=14):
        assert foundation.one("SELECT certification.brake_holds(%s, %s, %s, 60, %s)", organisation, kind, n, uuid4())

    trip("expiry")
    return trip


def test_a_brake_is_released_by_a_named_person(
    command: Any, foundation: Foundation, braked: Any, organisation: Any
) -> None:
    printed = " ".join(command("release-brake", "--org", "hlf vestland", *WHO).split())
    assert "may expire 14 of 60 mentors of HLF Vestland" in printed
    assert audit(foundation) == [("release_brake", "turid", "looked at it")]
    again = command("release-brake", "--org", str(organisation), *WHO, expect=1)
    assert "released already, by turid" in " ".join(again.split())
    assert "expiry 14 of 60, released" in command("status")


def test_which_of_two_brakes_has_to_be_said(command: Any, foundation: Foundation, braked: Any) -> None:
    braked("repair", 20)
    assert "two brakes are on" in " ".join(command("release-brake", "--org", "HLF Vestland", *WHO, expect=2).split())
    assert audit(foundation) == []
    released = json.loads(command("release-brake", "--org", "HLF Vestland", "--kind", "repair", *WHO, "--json"))
    assert (released["kind"], released["n"]) == ("repair", 20)


def test_a_brake_that_is_not_on_cannot_be_released(command: Any, organisation: Any) -> None:
    assert "no brake is on in HLF Vestland" in command("release-brake", "--org", "HLF Vestland", *WHO, expect=1)
    assert "there are: HLF Vestland" in " ".join(
        command("release-brake", "--org", "HLF Utopia", *WHO, expect=1).split()
    )


def test_the_brake_of_a_deleted_organisation_is_released_by_id(
    command: Any, foundation: Foundation, braked: Any, organisation: Any
) -> None:
    """The brake of an organisation that is gone is released by its id."""
    foundation.do("DELETE FROM organisations WHERE id = %s", organisation)
    assert "Released" in command("release-brake", "--org", str(organisation), *WHO)


def test_a_mentor_of_no_organisation_is_named_in_the_language(
    command: Any, foundation: Foundation, listed: Any, organisation: Any
) -> None:
    """On every screen that names it."""
    foundation.brake(0, 0, organisation)
    assert foundation.one("SELECT certification.brake_holds(%s, 'expiry', 1, 60, %s)", organisation, uuid4())
    run = ended_run(foundation, "reconciliation_full")
    proof(foundation, run)
    for table, column in (("certifications", "mentor_id"), ("peer_mentors", "id")):
        foundation.do(f"DELETE FROM {table} WHERE {column} = %s", listed)
    foundation.do("DELETE FROM organisations WHERE id = %s", organisation)
    rejected(foundation, listed)
    for words_of_it in (("status",), ("rejected", "list")):
        assert "slettet organisasjon" in command(*words_of_it, "--language", "nb", expect=None)
    assert f"i (slettet) {organisation}" in " ".join(command("proof", "--language", "nb", expect=None).split())


def test_a_brake_on_reminders_is_released(command: Any, foundation: Foundation, braked: Any, organisation: Any) -> None:
    """As that on expiries; each by its kind."""
    braked("reminder", 12)
    assert "two brakes are on" in " ".join(command("release-brake", "--org", "HLF Vestland", *WHO, expect=2).split())
    printed = command("release-brake", "--org", "HLF Vestland", "--kind", "reminder", *WHO)
    assert "may remind 12 of 60 mentors of HLF Vestland" in " ".join(printed.split())


def test_names_are_shown_as_they_are_and_brakes_of_one_apart(command: Any, foundation: Foundation) -> None:
    """A name is no markup and no emoji; the brakes of one organisation differ by their kind."""
    name = "HLF [bold]Moss[/bold] :smile: [red"
    organisation = foundation.organisation(name=name)
    foundation.evaluated(organisation)
    foundation.brake(0, 0, organisation)
    for kind in ("expiry", "repair"):
        assert foundation.one("SELECT certification.brake_holds(%s, %s, 1, 60, %s)", organisation, kind, uuid4())
    for language, of_one in (("en", "expiry, 1 mentor"), ("nb", "utløp, 1 likeperson")):
        assert f"({name}, {of_one})" in " ".join(command("status", "--language", language, expect=1).split())
    said = command("release-brake", "--org", str(organisation), "--kind", "repair", *WHO, "--language", "nb")
    assert f"rette oppføringene til 1 av 60 likepersoner i {name}." in " ".join(said.split())


# Undoing a run --------------------------------------------------------------------------------------------------------


def test_a_run_is_undone_by_a_named_person(command: Any, foundation: Foundation, functions: Functions) -> None:
    """What was put back and what could not be; the second time it says so."""
    organisation = foundation.organisation()
    expired, withdrawn, _ = (foundation.mentor(organisation, DAY + days(left)) for left in (-1, -1, 5))
    run = str(functions.nightly_check(DAY).run_id)
    foundation.set_status(withdrawn, "inactive")
    foundation.do(
        "UPDATE certification.notices SET state = 'sent', message_id = 'm', settled_at = now() WHERE mentor_id = %s",
        expired,
    )
    printed = " ".join(command("undo-run", run, *WHO, "--language", "en").split())
    for reported in (
        "1 mentor to the previous status",
        "9 reminders to be claimed again",
        "2 unsent messages removed",
        "1 organisation to the website's previous day",
        "1 message already sent",
        "1 mentor changed or deleted since",
    ):
        assert reported in printed
    assert foundation.status(expired) == "active"
    assert audit(foundation) == [("undo_run", "turid", "looked at it")]
    assert "undone already by turid" in " ".join(command("undo-run", run, *WHO, expect=1).split())


def test_a_run_that_cannot_be_undone_is_refused_in_a_sentence(
    command: Any, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """Unknown, not ended, of another function, without a name; nothing is written."""
    foundation.organisation()
    running = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    for run, says in (
        (uuid4(), "there is no run"),
        (running, "has not ended"),
        (functions.send(DAY).run_id, "this is a run of send_notices"),
    ):
        assert says in " ".join(command("undo-run", str(run), *WHO, expect=1).split())
    assert "--actor is empty" in command("undo-run", str(running), "--actor", " ", "--reason", "x", expect=2)
    assert audit(foundation) == []


def test_what_was_undone_is_reported_in_bokmal(command: Any, foundation: Foundation, functions: Functions) -> None:
    """Confirmations are in the language that operations is notified in, with the right plural."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    printed = command("undo-run", str(functions.nightly_check(DAY).run_id), *WHO, "--language", "nb")
    for reported in (
        "Angret: kjøring",
        "3 påminnelser som lages på nytt",
        "1 usendt melding fjernet",
        "tilbake: ingenting",
    ):
        assert reported in printed


def test_undoing_can_be_read_by_a_program(command: Any, foundation: Foundation, functions: Functions) -> None:
    """--json has every count, zeros too; status --json has the id of the last run."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    functions.nightly_check(DAY)
    (last,) = json.loads(command("status", "--json", expect=None))["runs"]
    undone = json.loads(command("undo-run", last["run_id"], *WHO, "--json"))
    assert (undone["reminders_put_back"], undone["notices_sent"]) == (3, 0)


# A database that cannot be used ---------------------------------------------------------------------------------------


def test_a_database_that_cannot_be_used_is_explained(
    postgres: Postgres, database: TestDatabase, operator: Operator
) -> None:
    """No server, no migrations, a login that may read nothing: a sentence, and no password."""

    def said(*words, of=operator):
        return " ".join(of.run(*words, expect=3).split())

    assert "the database cannot be reached" in said("status", of=Operator("postgresql://x@127.0.0.1:1/x", {}))
    unmigrated = Operator.at(postgres.dsn())
    assert "apply the migrations first, with hlf-operations migrate --database-url" in said("status", of=unmigrated)
    sync = Operator.of(database.login("DynamicsSync"))
    for typed in (("proof",), ("rejected", "list")):
        assert "a login of the role certification_operations" in said(*typed, of=sync)


# Words ----------------------------------------------------------------------------------------------------------------


def test_a_code_stands_beside_its_meaning() -> None:
    assert words.reason("entra_7000222") == "the client secret has expired (entra_7000222)"
    assert words.reason("dataverse_503,unheard_of") == "a fault of Dynamics (dataverse_503); unheard_of"
    assert words.reason(None) == ""
