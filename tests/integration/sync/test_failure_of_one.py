"""What stands in the way of one mentor or one organisation, and passes or does not (I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.domain.runs import RunFailedError
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

ENDED = DAY - days(1)


def test_the_apps_triggers_find_tables_without_a_schema(foundation: Foundation, functions: Functions) -> None:
    """An audit trigger of the app that works for the app works for the nightly check."""
    foundation.do("CREATE TABLE public.audit_log (id uuid, status text)")
    foundation.do(
        "CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO audit_log VALUES (NEW.id, NEW.status); RETURN NEW; END $$"
    )
    foundation.do("CREATE TRIGGER audit BEFORE UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION public.audit()")
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    functions.nightly_check(DAY)
    assert foundation.all("SELECT id, status FROM audit_log") == [(mentor, "certification_expired")]


@pytest.mark.parametrize("code", ["PT409", "42P01", "22012", "0A000", "P0004"])
def test_what_the_apps_trigger_raises_stops_only_that_mentor(
    foundation: Foundation, functions: Functions, code: str
) -> None:
    """I13: the others of the organisation expire, the one is a step failure with the code."""
    foundation.do(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.area = 'refused' THEN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$"
    )
    foundation.do("CREATE TRIGGER refuse BEFORE UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION public.refuse()")
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, ENDED) for _ in range(3)]
    # Past the trigger, as it was when the mentor was still in order.
    foundation.do("ALTER TABLE peer_mentors DISABLE TRIGGER refuse")
    foundation.do("UPDATE peer_mentors SET area = 'refused' WHERE id = %s", mentors[1])
    foundation.do("ALTER TABLE peer_mentors ENABLE TRIGGER refuse")
    functions.nightly_check(DAY)
    assert [foundation.status(mentor) for mentor in mentors] == [
        "certification_expired",
        "active",
        "certification_expired",
    ]
    assert foundation.step_failures(mentors[1]) == [("expire", code, 1)]


@pytest.mark.parametrize("kept", ["RETURN NULL", "RETURN OLD", "NEW.status := 'paused'; RETURN NEW"])
def test_a_status_that_the_apps_trigger_keeps_is_no_transition(
    foundation: Foundation, functions: Functions, kept: str
) -> None:
    """I3: it was logged, counted and told as an expiry, or as a person's wish;
    now it is a step failure, night by night.
    """
    foundation.do(
        "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF NEW.area IS NULL THEN RETURN NEW; END IF; {kept}; END $$"
    )
    foundation.do("CREATE TRIGGER keep BEFORE UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION public.keep()")
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    kept_one, other = (foundation.mentor(organisation, ENDED, area=area, coordinator=turid) for area in ("Moss", None))
    for offset in range(2):
        functions.nightly_check(DAY + days(offset))
    assert (foundation.status(kept_one), foundation.status(other)) == ("active", "certification_expired")
    assert foundation.step_failures(kept_one) == [("expire", "status_kept_by_the_app", 2)]
    assert (foundation.log(kept_one), foundation.notices(kept_one)) == ([], [])
    assert foundation.digest(turid) == [("expired", None)]


@pytest.mark.slow
def test_a_lock_that_passes_costs_an_attempt(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """Somebody holds an organisation's settings while the nightly check begins, and lets go."""
    organisation = foundation.organisation()
    foundation.settings(organisation, thresholds=(30, 14, 7))
    mentor = foundation.mentor(organisation, ENDED)
    foundation.do('ALTER FUNCTION certification.run_step SET lock_timeout = "100ms"')
    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT 1 FROM certification.organisation_settings FOR UPDATE")
        result = functions.nightly_check(DAY, pause=lambda _: somebody.execute("ROLLBACK"))  # type: ignore[arg-type]
    assert foundation.status(mentor) == "certification_expired"
    assert result.verdict.reason is None


@pytest.mark.slow
def test_a_lock_that_stays_stops_its_organisation_only(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I13: the other organisation is done; the function ends with an error, and its retry does what was left."""
    held, free = foundation.organisation(), foundation.organisation()
    for organisation in (held, free):
        foundation.settings(organisation, thresholds=(30, 14, 7))
    left, done = foundation.mentor(held, ENDED), foundation.mentor(free, ENDED)
    foundation.do('ALTER FUNCTION certification.run_step SET lock_timeout = "100ms"')
    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute(
            "SELECT 1 FROM certification.organisation_settings WHERE organisation_id = %s FOR UPDATE", (held,)
        )
        with pytest.raises(RunFailedError, match="database_55P03"):
            functions.nightly_check(DAY)
        somebody.execute("ROLLBACK")
    assert (foundation.status(left), foundation.status(done)) == ("active", "certification_expired")
    assert foundation.one("SELECT state FROM certification.runs") == "degraded"
    functions.nightly_check(DAY)
    assert foundation.status(left) == "certification_expired"


def test_an_error_nobody_foresaw_stops_its_organisation_only(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I13: logged by type and place, written down, raised in the end so that the function is tried again."""
    busy, free = (
        foundation.mentor(foundation.organisation(), ENDED),
        foundation.mentor(foundation.organisation(), ENDED),
    )

    def nobody_foresaw(_):
        raise ZeroDivisionError

    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT 1 FROM peer_mentors WHERE id = %s FOR UPDATE", (busy,))
        with pytest.raises(RunFailedError, match="unexpected_ZeroDivisionError"):
            functions.nightly_check(DAY, pause=nobody_foresaw)
        somebody.execute("ROLLBACK")
    assert (foundation.status(busy), foundation.status(free)) == ("active", "certification_expired")
    assert sorted(foundation.all("SELECT state FROM certification.run_organisations")) == ["failed", "succeeded"]
    assert foundation.all("SELECT state, ended_at IS NOT NULL FROM certification.runs") == [("degraded", True)]
    assert [type(error) for *_, error in functions.reported.organisation_failures] == [ZeroDivisionError]
