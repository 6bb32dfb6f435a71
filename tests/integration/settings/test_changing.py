"""A change of settings: compared with what was shown, audited before and after, refused by name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from operations.commands.configuration.setting_values import NAMES
from operations.wording.settings import MEANING, REFUSED
from shared.domain.mail.addresses import usable_address
from tests.support.foundation import Foundation

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import TestDatabase

CHANGED = "SELECT certification.change_settings(%s, %s, %s, 'turid', 'because')"


def stored(foundation: Foundation, organisation: UUID | None) -> dict[str, Any]:
    found: dict[str, Any] = foundation.one("SELECT certification.stored_settings(%s)", organisation)
    return found


def audited(foundation: Foundation) -> list[Any]:
    return foundation.all(
        "SELECT actor, reason, organisation_id, facts -> 'before', facts -> 'after' FROM certification.audit"
        " WHERE action = 'change_settings' ORDER BY id"
    )


def change(foundation: Foundation, organisation: UUID | None, shown: object = None, **changes: object) -> str:
    was = json.dumps(shown or stored(foundation, organisation))
    outcome: str = foundation.one(CHANGED, organisation, json.dumps(changes), was)
    return outcome


def test_every_setting_can_be_changed_and_shown(foundation: Foundation) -> None:
    """A new column of either table needs a name to type, a meaning, and a place in the function that changes it."""
    moss = foundation.organisation()
    assert {*stored(foundation, moss), *stored(foundation, None)} == {*NAMES} == MEANING.keys()
    mapping = stored(foundation, None)["listing_mapping"]
    others = {
        "org_thresholds": True,
        "thresholds": [9, 3],
        "reactivate_renewed": False,
        "listing_mapping": {**mapping, "columns": {"hlf_name": "full_name"}},
        "brake_count": 77,
        "brake_percent": 66,
        "table_is_ours": True,
        "fallback_address": "post@hlf.no",
    }
    for subject in (moss, None):
        wanted = {name: others.get(name, 2000) for name in stored(foundation, subject)} | {"keep_sweeps_days": 7}
        wanted = {name: value for name, value in wanted.items() if name in stored(foundation, subject)}
        assert change(foundation, subject, **wanted) == "changed"
        assert stored(foundation, subject) == wanted


def test_a_change_is_audited_before_and_after(foundation: Foundation) -> None:
    """Only what changed, with who and why; an address as its domain, since the audit is kept for years (I11)."""
    moss = foundation.organisation()
    assert change(foundation, moss, brake_count=5, brake_percent=None, fallback_address="kari@hlf.no") == "changed"
    assert change(foundation, None, brake_percent=30) == "changed"
    assert audited(foundation) == [
        (
            *("turid", "because", moss),
            {"brake_count": None, "fallback_address": None},
            {"brake_count": 5, "fallback_address": "…@hlf.no"},
        ),
        ("turid", "because", None, {"brake_percent": 20}, {"brake_percent": 30}),
    ]
    assert change(foundation, moss, brake_count=5) == "nothing_to_change"
    assert len(audited(foundation)) == 2


def test_what_changed_meanwhile_is_not_overwritten(foundation: Foundation) -> None:
    """Compare and set, against what the person was shown."""
    moss = foundation.organisation()
    shown = stored(foundation, moss)
    assert change(foundation, moss, shown, brake_count=5) == "changed"
    assert change(foundation, moss, shown, brake_percent=50) == "changed_meanwhile"
    assert stored(foundation, moss)["brake_percent"] is None
    assert change(foundation, foundation.one("SELECT gen_random_uuid()"), shown, brake_count=1) == "no_organisation"


def test_a_change_by_sql_is_audited_with_the_login(database: TestDatabase, foundation: Foundation) -> None:
    """The app may write settings; the audit has its login, whatever it has set in its session."""
    moss = foundation.organisation()
    foundation.do("CREATE ROLE the_app LOGIN PASSWORD 'x'")
    try:
        foundation.do("GRANT USAGE ON SCHEMA certification TO the_app")
        foundation.do("GRANT SELECT, INSERT, UPDATE, DELETE ON certification.organisation_settings TO the_app")
        foundation.do("GRANT SELECT ON certification.standard TO the_app")
        for function in ("standard_thresholds()", "is_descending(smallint[])", "mapping_problem(jsonb)"):
            foundation.do(f"GRANT EXECUTE ON FUNCTION certification.{function} TO the_app")
        with psycopg.connect(database.dsn, user="the_app", password="x", autocommit=True) as app:
            app.execute("SET certification.settings_changed_by = 'no JSON'")
            app.execute(
                "INSERT INTO certification.organisation_settings (organisation_id, brake_count) VALUES (%s, 4)", (moss,)
            )
            app.execute("UPDATE certification.organisation_settings SET brake_count = 4")
            app.execute("UPDATE certification.organisation_settings SET reactivate_renewed = false")
            app.execute("DELETE FROM certification.organisation_settings")
        assert [(actor, before, after) for actor, _, _, before, after in audited(foundation)] == [
            ("login:the_app", {"brake_count": None}, {"brake_count": 4}),
            ("login:the_app", {"reactivate_renewed": True}, {"reactivate_renewed": False}),
            (
                "login:the_app",
                {"brake_count": 4, "reactivate_renewed": False},
                {"brake_count": None, "reactivate_renewed": True},
            ),
        ]
        assert {*foundation.all("SELECT login FROM certification.audit")} == {"the_app"}
    finally:
        foundation.do("DROP OWNED BY the_app")
        foundation.do("DROP ROLE the_app")


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("TRUNCATE certification.organisation_settings", "settings_are_audited"),
        ("TRUNCATE certification.organisation_settings, certification.standard CASCADE", "settings_are_audited"),
        ("TRUNCATE certification.standard", "standard_stays"),
        ("DELETE FROM certification.standard", "standard_stays"),
    ],
)
def test_settings_do_not_change_past_the_audit(foundation: Foundation, statement: str, constraint: str) -> None:
    """Also by the owner, whom no right stops: a row trigger sees neither."""
    moss = foundation.organisation()
    change(foundation, moss, brake_count=5)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        foundation.do(statement)
    assert refused.value.diag.constraint_name == constraint
    assert stored(foundation, moss)["brake_count"] == 5
    foundation.do("DELETE FROM certification.organisation_settings")
    assert audited(foundation)[-1][-2:] == ({"brake_count": 5}, {"brake_count": None})


def test_emptied_tables_of_the_app_leave_the_settings(foundation: Foundation) -> None:
    """I16: no foreign key leads from our settings to the app, so its TRUNCATE neither fails nor reaches them."""
    moss = foundation.organisation()
    change(foundation, moss, brake_count=5)
    foundation.do("TRUNCATE organisations, coordinators, peer_mentors, certifications CASCADE")
    assert foundation.one("SELECT brake_count FROM certification.organisation_settings") == 5


def test_an_audit_that_fails_stops_no_statement_of_the_app(foundation: Foundation) -> None:
    """I16: the app's statement succeeds with a warning; a person's change, which must be audited, is not made."""
    moss = foundation.organisation()
    foundation.do("ALTER TABLE certification.audit ADD CONSTRAINT nothing_more CHECK (action = 'nothing') NOT VALID")
    foundation.brake(3, 10, moss)
    assert stored(foundation, moss)["brake_count"] == 3
    with pytest.raises(psycopg.errors.CheckViolation):
        change(foundation, moss, brake_count=9)
    assert stored(foundation, moss)["brake_count"] == 3


def test_the_first_run_is_no_change(foundation: Foundation) -> None:
    """A row with the defaults says what was so before."""
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id) VALUES (%s)", foundation.organisation()
    )
    assert audited(foundation) == []


# Constraints ----------------------------------------------------------------------------------------------------------

FLAGS = {"table": "t", "key": "k", "columns": {"a": "area"}, "show": {"x": True}, "hide": {"x": False}}
IMPOSSIBLE: dict[str, tuple[str, object]] = {
    "setting_has_a_value": ("thresholds", None),
    "setting_is_known": ("colour", "red"),
    "thresholds_not_empty": ("thresholds", []),
    "thresholds_in_range": ("thresholds", [366, 7]),
    "thresholds_descending": ("thresholds", [7, 14]),
    "thresholds_without_null": ("thresholds", [30, None]),
    "brake_count_not_negative": ("brake_count", -1),
    "brake_percent_in_range": ("brake_percent", 101),
    "fallback_address_is_an_address": ("fallback_address", "Kari Nordmann"),
    "fallback_address_can_be_reached": ("fallback_address", "post@hlf.invalid"),
    "keep_sweeps_in_range": ("keep_sweeps_days", 1),
    "keep_runs_in_range": ("keep_runs_days", 59),
    "keep_notices_in_range": ("keep_notices_days", 59),
    "keep_findings_in_range": ("keep_findings_days", 29),
    "keep_audit_in_range": ("keep_audit_days", 1826),
    "mapping_has_its_parts": ("listing_mapping", {"table": "t"}),
    "mapping_names_are_columns": ("listing_mapping", {**FLAGS, "table": "T; DROP"}),
    "mapping_publishes_only_the_whitelist": ("listing_mapping", {**FLAGS, "columns": {"a": "expires_on"}}),
    "mapping_flags_show_and_hide": ("listing_mapping", {**FLAGS, "hide": {"x": True}}),
    "mapping_writes_no_column_twice": ("listing_mapping", {**FLAGS, "columns": {"x": "area"}}),
    "mapping_keeps_its_flags": ("listing_mapping", {"table": "hlf_peermentors", "key": "hlf_mentorid"}),
}


def test_every_constraint_of_settings_has_a_sentence(foundation: Foundation) -> None:
    """And no other; each is tried below."""
    constraints = {
        *foundation.all(
            "SELECT c.conname::text FROM pg_constraint AS c WHERE c.contype = 'c' AND (c.conrelid IN"
            " ('certification.standard'::regclass, 'certification.organisation_settings'::regclass)"
            " OR c.contypid = 'certification.listing_mapping'::regtype)"
        )
    }
    by_functions = {"setting_has_a_value", "setting_is_known", "mapping_keeps_its_flags"}
    assert REFUSED.keys() == IMPOSSIBLE.keys() == (constraints - {"standard_has_one_row"}) | by_functions


@pytest.mark.parametrize("constraint", IMPOSSIBLE)
def test_what_makes_no_sense_is_refused_by_name(foundation: Foundation, constraint: str) -> None:
    """By the preview, before a person is asked, as by the change; of an organisation and of the standard."""
    name, value = IMPOSSIBLE[constraint]
    moss = foundation.organisation()
    if constraint == "mapping_keeps_its_flags":
        value = {**FLAGS, **(value if isinstance(value, dict) else {})}
        foundation.do("UPDATE certification.listings SET synced_at = now()")
        foundation.do(
            "INSERT INTO certification.listings (mentor_id, organisation_id, synced_at)"
            " VALUES (gen_random_uuid(), %s, now())",
            moss,
        )
    statements = (
        "SELECT 1 FROM certification.preview_settings(%(subject)s, %(changes)s)",
        (
            "SELECT certification.change_settings(%(subject)s, %(changes)s,"
            " certification.stored_settings(%(subject)s), 'turid', 'because')"
        ),
    )
    for subject in (None,) if name.startswith("keep_") else (moss, None):
        for statement in statements:
            with pytest.raises(psycopg.errors.CheckViolation) as refused:
                foundation.connection.execute(
                    statement.encode(), {"subject": subject, "changes": json.dumps({name: value})}
                )
            assert refused.value.diag.constraint_name == constraint
    assert audited(foundation) == []


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("post@hlf.no", True),
        ("HLF.Moss+varsel@lag.hlf.no", True),
        ("post@hlf", False),
        ("post@hlf.no ", False),
        ("Post <post@hlf.no>", False),
        ("post@hlf.no,kari@hlf.no", False),
        ("post@hlf..no", False),
        ("post@-hlf.no", False),
        (".post@hlf.no", False),
        ("post@hlf.test", False),
        ("pøst@hlf.no", False),
        ("post@hlf.no\n", False),
        (f"post@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.no", False),
        ("", False),
    ],
)
def test_a_fallback_address_can_be_mailed(foundation: Foundation, address: str, *, right: bool) -> None:
    """What can be stored is an address to the night and to the mails, too."""
    moss = foundation.organisation()
    if right:
        assert change(foundation, moss, fallback_address=address) == "changed"
        assert foundation.one("SELECT certification.mail_problem(%s)", address) is None
        assert usable_address(address)
    else:
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            change(foundation, moss, fallback_address=address)
        assert re.match("fallback_address_", refused.value.diag.constraint_name or "")


def test_the_role_of_operations_may_call_and_not_write(database: TestDatabase, foundation: Foundation) -> None:
    """Through the functions alone."""
    login = database.login("Operations")
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    moss = foundation.organisation()
    with psycopg.connect(**{ours: login[theirs] for ours, theirs in names.items()}, autocommit=True) as connection:
        assert (
            Foundation(connection).one(CHANGED, moss, '{"brake_count": 3}', json.dumps(stored(foundation, moss)))
            == "changed"
        )
        for statement in (
            "UPDATE certification.standard SET brake_count = 3",
            "SELECT * FROM certification.organisation_settings",
            "SELECT certification.refuse_impossible_settings(NULL, '{}')",
            "SELECT * FROM certification.coming(NULL, 1, NULL)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
