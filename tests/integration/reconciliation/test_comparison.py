"""The full comparison: what it finds, repairs and proves; on PostgreSQL and Dataverse, over HTTP (I5, I7)."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.comparison import Acceptance
from shared.domain.runs import RunState
from tests.support.foundation import DAY, days
from tests.support.reconciling import Reconciler
from tests.support.syncs import SECOND_TABLE, wanted
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
SHOWN, HIDDEN = {"statecode": 0, "statuscode": 1}, {"statecode": 1, "statuscode": 2}
STRANGER = "6f7c1c1e-0000-4000-8000-000000000001"


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: UUID, worker: SyncWorker) -> list[UUID]:
    """Eight mentors whom visitors see."""
    mentors = [foundation.mentor(organisation, LATER, consent=True, area=f"Moss {n}") for n in range(8)]
    worker.sync(*mentors)
    return mentors


def findings(foundation: Foundation, *, open_only: bool = True) -> dict[str, tuple[Any, ...]]:
    """Class, cause and fields by mentor id, or by "" for a row without one."""
    rows = foundation.all(
        "SELECT coalesce(mentor_id::text, ''), class, cause, fields, repairs, outcome FROM certification.findings"
        " WHERE closed_at IS NULL OR NOT %s",
        open_only,
    )
    return {row[0]: row[1:] for row in rows}


def proof(foundation: Foundation) -> dict[str, Any]:
    columns = ("complete", "reason", "app_listed", "website_listed", "equal", "app_hash", "website_hash", "counts")
    row = foundation.all(f"SELECT {', '.join(columns)} FROM certification.proofs ORDER BY ended_at DESC LIMIT 1")[0]
    return dict(zip(columns, row, strict=True))


def test_an_equal_website_is_proved_equal(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], worker: SyncWorker
) -> None:
    """Requirement 3: so many listed, so many valid and consenting, the same hash; nothing to repair."""
    foundation.pause(listed[0])
    worker.sync(listed[0])
    assert reconciler.full().state is RunState.SUCCEEDED
    shown = proof(foundation)
    assert (shown["complete"], shown["app_listed"], shown["website_listed"], shown["equal"]) == (True, 7, 7, 7)
    assert shown["app_hash"] == shown["website_hash"]
    assert (findings(foundation), reconciler.queue.taken()) == ({}, [])
    before = shown["app_hash"]
    foundation.do("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", listed[1])
    worker.sync(listed[1])
    reconciler.full()
    assert proof(foundation)["app_hash"] == proof(foundation)["website_hash"] != before


def test_since_when_the_website_is_right_is_known(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    """I14: a metric says what the last proof said, and how many minutes ago one said yes; before any, since when."""

    def waiting() -> tuple[int, int]:
        counts = reconciler.reconciliation.count_waiting()
        return counts["proof_yes"], counts["minutes_since_proved_right"]

    foundation.do("UPDATE certification.migrations SET applied_at = now() - interval '9 days'")
    assert waiting() == (0, 9 * 24 * 60)
    foundation.do(
        "WITH run AS (INSERT INTO certification.runs (id, function, scheduled_at, started_at, request_id, state)"
        " VALUES (gen_random_uuid(), 'reconciliation_full', now(), now(), 'earlier', 'running') RETURNING id)"
        " INSERT INTO certification.proofs (run_id, at, complete, app_listed, website_listed, equal, app_hash,"
        " website_hash, counts) SELECT id, now() - interval '3 hours', true, 8, 8, 8, 'a', 'a', '{\"proof_yes\": 1}'"
        " FROM run"
    )
    assert waiting() == (1, 180)
    reconciler.full()
    assert proof(foundation)["counts"]["proof_yes"] == 1
    assert waiting() == (1, 0)
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.full()
    assert proof(foundation)["counts"]["proof_yes"] == 0
    assert waiting() == (0, 0)


def test_manual_edits_of_each_class_are_repaired_and_confirmed(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, worker: SyncWorker
) -> None:
    """Requirement 2 and 3: each with its class, cause and fields; repairs go to the queue of repairs."""
    drifted, deleted, hidden, paused, unsure, *_ = listed
    site.edit(str(drifted), {"hlf_area": "Oslo", "hlf_phone": "1"})
    site.delete(str(deleted))
    site.edit(str(hidden), HIDDEN)
    foundation.pause(paused)
    worker.sync(paused)
    site.edit(str(paused), SHOWN)
    site.edit(str(unsure), {"hlf_name": None})
    assert reconciler.full().state is RunState.SUCCEEDED
    assert findings(foundation) == {
        str(drifted): ("field_drift", "manual_edit", ["hlf_area", "hlf_phone"], 1, None),
        str(deleted): ("missing", "manual_edit", [], 1, None),
        str(hidden): ("missing", "manual_edit", [], 1, None),
        str(paused): ("listed_but_invalid", "manual_edit", [], 1, None),
        str(unsure): ("field_drift", "manual_edit", ["hlf_name"], 1, None),
    }
    shown = proof(foundation)
    assert (shown["app_listed"], shown["website_listed"], shown["equal"]) == (7, 6, 3)
    assert shown["app_hash"] != shown["website_hash"]
    assert shown["counts"]["manual_edit"] == shown["counts"]["repairs_requested"] == 5
    asked = reconciler.queue.taken()
    assert set(asked) == {drifted, deleted, hidden, paused, unsure}
    worker.sync(*asked)
    assert site.visible() == wanted(foundation)
    reconciler.full()
    assert {row[-1] for row in findings(foundation, open_only=False).values()} == {"confirmed"}
    assert (findings(foundation), proof(foundation)["counts"]["findings_confirmed"]) == ({}, 5)


def test_a_repair_that_was_lost_is_left_to_the_sweep(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, worker: SyncWorker
) -> None:
    """I7: the message was lost; the listing is unsynced, which is no drift."""
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.full()
    reconciler.queue.taken()
    reconciler.full()
    assert reconciler.queue.taken() == []
    assert findings(foundation)[str(listed[0])][3] == 1
    foundation.do("UPDATE certification.listings SET changed_at = changed_at - interval '3 minutes'")
    reconciler.sweep()
    assert reconciler.queue.taken() == [listed[0]]


@pytest.mark.parametrize("ours", [False, True])
def test_a_row_of_nobody_is_hidden_only_if_the_table_is_ours(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    site: EmulatedWebsite,
    worker: SyncWorker,
    ours: bool,
) -> None:
    """Requirement 2: every organisation of the table has to say so."""
    other = foundation.organisation(name="HLF Halden")
    foundation.evaluated(other)
    for whose in (organisation, other) if ours else (organisation,):
        foundation.do(
            "INSERT INTO certification.organisation_settings (organisation_id, table_is_ours) VALUES (%s, true)", whose
        )
    site.create([{"hlf_mentorid": STRANGER, "hlf_name": "Somebody Else"}, {"hlf_name": "Without a key"}])
    reconciler.full()
    assert findings(foundation)[STRANGER][:2] == findings(foundation)[""][:2] == ("orphan", "unknown_mentor")
    asked = reconciler.queue.taken()
    assert [str(mentor) for mentor in asked] == ([STRANGER] if ours else [])
    worker.sync(*asked)
    assert (STRANGER in site.visible()) is not ours
    reconciler.full()
    assert (STRANGER in findings(foundation)) is not ours


def test_a_hidden_row_of_nobody_is_nobodys_concern(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    site.create([{"hlf_mentorid": STRANGER, "hlf_name": "Somebody Else", **HIDDEN}])
    reconciler.full()
    assert findings(foundation) == {}


def test_a_listing_in_the_wrong_table_is_hidden_there(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    site: EmulatedWebsite,
    worker: SyncWorker,
) -> None:
    """A mentor whom somebody has put into another organisation's table by hand."""
    other = foundation.organisation(name="HLF Halden")
    foundation.evaluated(other)
    mapping = foundation.one("SELECT listing_mapping FROM certification.standard") | {"table": SECOND_TABLE}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)",
        other,
        json.dumps(mapping),
    )
    site.create([{"hlf_mentorid": str(listed[0]), "hlf_name": "A copy"}], SECOND_TABLE)
    reconciler.full()
    assert findings(foundation)[str(listed[0])][:2] == ("listed_but_invalid", "manual_edit")
    for _ in range(2):
        worker.sync(*reconciler.queue.taken())
    assert there(site.row(str(listed[0]), SECOND_TABLE))["statecode"] == 1
    assert site.visible() == wanted(foundation)
    reconciler.full()
    assert findings(foundation) == {}


def test_two_mappings_of_one_table_are_compared_each_by_its_own(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    site: EmulatedWebsite,
    worker: SyncWorker,
) -> None:
    other = foundation.organisation(name="HLF Halden")
    foundation.evaluated(other)
    mapping = foundation.one("SELECT listing_mapping FROM certification.standard")
    mapping["columns"] = {"hlf_name": "full_name"}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)",
        other,
        json.dumps(mapping),
    )
    mentor = foundation.mentor(other, LATER, consent=True, area="Halden")
    worker.sync(mentor)
    site.create([{"hlf_mentorid": STRANGER, "hlf_name": "Somebody Else"}])
    reconciler.full()
    assert (proof(foundation)["equal"], list(findings(foundation))) == (9, [STRANGER])
    site.edit(str(mentor), {"hlf_area": "not ours to say"})
    site.edit(str(listed[0]), {"hlf_area": "ours"})
    reconciler.full()
    assert set(findings(foundation)) == {STRANGER, str(listed[0])}


@pytest.mark.parametrize("result", ["empty", "small"])
def test_a_website_that_shows_hardly_anybody_is_a_fault(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    listed: list[UUID],
    site: EmulatedWebsite,
    worker: SyncWorker,
    result: str,
) -> None:
    """Requirement 2: never "publish everyone"; nothing is found and nothing repaired until a person says so."""
    rows = [] if result == "empty" else listed[:3]
    for mentor in set(listed) - set(rows):
        site.delete(str(mentor))
    verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "website_result_small")
    shown = proof(foundation)
    assert (shown["complete"], shown["reason"], shown["app_hash"]) == (False, "website_result_small", None)
    assert (findings(foundation), reconciler.queue.taken()) == ({}, [])
    reconciler.full(Acceptance("kari", "the table was emptied by mistake"))
    asked = reconciler.queue.taken()
    assert set(asked) == set(listed) - set(rows)
    assert foundation.all("SELECT action, actor FROM certification.audit") == [("accept_small_result", "kari")]
    worker.sync(*asked)
    assert site.visible() == wanted(foundation)


def test_a_website_that_goes_down_midway_proves_nothing(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    """Requirement 2: what was read before is not the website."""
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.seconds = 61.0  # no time for many tries
    site.fail_next(None, status=503)
    verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.FAILED, "dataverse_503")
    assert (proof(foundation)["complete"], proof(foundation)["reason"]) == (False, "dataverse_503")
    assert (findings(foundation), reconciler.queue.taken()) == ({}, [])
    site.clear_faults()
    reconciler.full()
    assert len(reconciler.queue.taken()) == 1


class PagedReader:
    """shared.ports.WebsiteReader with other pages than the website's, and the website's rows."""

    def __init__(self, reader: Any, change: Any) -> None:
        self._reader = reader
        self._change = change

    def pages(self, table: str, columns: Any) -> Any:
        rows = [row for page in self._reader.pages(table, columns) for row in page]
        yield from self._change(rows)

    def rows(self, *asked: Any) -> Any:
        return self._reader.rows(*asked)


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(lambda rows: [rows[:5], rows[3:]], id="repeats"),
        pytest.param(lambda rows: [rows[:2], rows[4:]], id="skips"),
        pytest.param(lambda rows: [rows[:2], rows[:3], rows[5:]], id="both"),
    ],
)
def test_pages_that_repeat_or_skip_rows_raise_no_alarm(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], pages: Any
) -> None:
    """Requirement 2: a difference is believed only after the row was read once more by its key."""
    reconciler.reader = PagedReader(reconciler.reader, pages)
    assert reconciler.full().state is RunState.SUCCEEDED
    shown = proof(foundation)
    assert (shown["equal"], shown["website_listed"], findings(foundation)) == (8, 8, {})
    assert shown["app_hash"] == shown["website_hash"]
    assert reconciler.queue.taken() == []


def test_what_was_read_only_once_is_not_found_nor_repaired(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I14: the pages skip two rows, and only one of them may be read again; the proof counts the other, and is no."""
    monkeypatch.setattr("shared.use_cases.compare_website._AT_A_TIME", 1)
    monkeypatch.setattr("shared.use_cases.compare_website._MOST_VERIFIED", 1)
    reconciler.reader = PagedReader(reconciler.reader, lambda rows: [rows[2:]])
    verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "differences_unverified")
    shown = proof(foundation)
    assert (shown["equal"], shown["counts"]["missing"], shown["counts"]["differences_unverified"]) == (7, 1, 1)
    assert (findings(foundation), reconciler.queue.taken()) == ({}, [])


def test_what_was_just_written_is_left_alone_and_read_later(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    """Requirement 2, design "Portal lag"."""
    reconciler.settling = reconciler.settling.__class__(minutes=2)
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.full()
    shown = proof(foundation)
    assert (findings(foundation), shown["counts"]["in_flight"], shown["equal"]) == ({}, 1, 7)
    reconciler.sweep()
    assert reconciler.counts["rows_read_again"] == 0
    foundation.do(
        "UPDATE certification.listings SET changed_at = changed_at - interval '3 minutes',"
        " synced_at = synced_at - interval '3 minutes'"
    )
    reconciler.sweep()
    assert (reconciler.counts["rows_read_again"], reconciler.counts["listings_verified"]) == (8, 7)
    assert list(findings(foundation)) == [str(listed[0])]
    assert reconciler.queue.taken() == [listed[0]]
    reconciler.sweep()
    assert reconciler.counts["rows_read_again"] == 1  # only what is not right yet


def test_a_change_between_reading_and_comparing_is_no_difference(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, crew: Crew
) -> None:
    """Requirement: a reconcile that runs while changes flow raises no false alarm."""
    another = crew.worker()

    def changed(rows: Any) -> Any:
        for number, mentor in enumerate(listed[:4]):
            foundation.do("UPDATE peer_mentors SET area = %s WHERE id = %s", f"Halden {number}", mentor)
        foundation.pause(listed[4])
        another.sync(*listed[:2], listed[4])
        yield rows

    reconciler.reader = PagedReader(reconciler.reader, changed)
    reconciler.full()
    assert (findings(foundation), proof(foundation)["counts"]["in_flight"]) == ({}, 2)  # what is not synced yet
    assert reconciler.queue.taken() == []


def test_two_comparisons_at_once_find_and_ask_once(
    foundation: Foundation, crew: Crew, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    """Requirement: two reconciles at once."""
    for mentor in listed[:3]:
        site.edit(str(mentor), {"hlf_area": "Oslo"})
    with Reconciler(reconciler.login, crew.url, crew.secret) as other:

        @contextmanager
        def in_between() -> Iterator[Any]:
            with reconciler.comparing() as comparison:
                other.full()
                yield comparison

        reconciler.full(comparing=in_between)
        assert len(reconciler.queue.taken() + other.queue.taken()) == 3
    assert [row[3] for row in findings(foundation).values()] == [1, 1, 1]


def test_a_difference_that_comes_back_does_not_converge(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, worker: SyncWorker
) -> None:
    """Requirement 3: a repair does not hold after two runs;
    the sweep then leaves it to the nightly check and a person.
    """
    for _ in range(2):
        site.edit(str(listed[0]), {"hlf_area": "Oslo"})
        reconciler.full()
        worker.sync(*reconciler.queue.taken())
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.sweep()
    assert (findings(foundation)[str(listed[0])][3], reconciler.queue.taken()) == (2, [])
    assert "not_converging" in foundation.all("SELECT condition FROM certification.current_conditions()")
    worker.sync(listed[0])
    reconciler.full()
    worker.sync(*reconciler.queue.taken())
    reconciler.sweep()
    assert findings(foundation) == {}
    assert foundation.all("SELECT condition FROM certification.current_conditions()") == []


def test_the_brake_holds_many_repairs_but_no_withdrawal(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    site: EmulatedWebsite,
    worker: SyncWorker,
) -> None:
    """Requirement 7, I5: by count and per cent; who does not consent is hidden all the same; released once."""
    foundation.brake(2, 20)
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", listed[7])
    worker.sync(listed[7])
    site.edit(str(listed[7]), SHOWN)
    for mentor in listed[:3]:
        site.edit(str(mentor), {"hlf_area": "Oslo"})
    verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "repairs_braked")
    assert reconciler.queue.taken() == [listed[7]]
    assert (proof(foundation)["counts"]["repairs_braked"], len(findings(foundation))) == (3, 4)
    reconciler.sweep()
    assert reconciler.queue.taken() == []
    released = "SELECT certification.release_brake(%s, 'repair', 'kari', 'they are right')"
    assert foundation.one(released, organisation) == "released"
    assert reconciler.full().state is RunState.SUCCEEDED
    assert set(reconciler.queue.taken()) == set(listed[:3])
    worker.sync(*listed)
    for mentor in listed[:3]:
        site.edit(str(mentor), {"hlf_area": "Oslo"})
    assert reconciler.full().reason == "repairs_braked"  # the release was for one run


def test_a_rejected_listing_is_in_the_proof_and_not_repaired(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, worker: SyncWorker
) -> None:
    """Requirement 2: "rejected" is a cause of its own; the website refuses it, so asking again does not help."""
    foundation.do("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", listed[0])
    site.poison(str(listed[0]))
    worker.sync(listed[0])
    site.clear_faults()
    foundation.do(
        "UPDATE certification.listings SET changed_at = changed_at - interval '1 second' WHERE mentor_id = %s",
        listed[0],
    )
    reconciler.full()
    assert findings(foundation)[str(listed[0])][:3] == ("field_drift", "rejected", ["hlf_area"])
    assert (proof(foundation)["counts"]["listings_rejected"], reconciler.queue.taken()) == (1, [])


@pytest.mark.parametrize(
    "text", ["\\N", "a\\tb", "tab\there", "line\nbreak", "\r", "æøå 🙂", "a\x1fb", '"quoted" {json}', "'"]
)
def test_any_text_of_the_app_is_equal_to_itself_on_the_website(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], worker: SyncWorker, text: str
) -> None:
    """What COPY, JSON and the hash make of it: no listing may differ for ever."""
    foundation.do("UPDATE peer_mentors SET area = %s WHERE id = %s", f"x{text}y", listed[0])
    worker.sync(listed[0])
    reconciler.full()
    assert findings(foundation) == {}
    shown = proof(foundation)
    assert (shown["equal"], shown["app_hash"]) == (8, shown["website_hash"])


@pytest.mark.parametrize("value", ["", "  ", None, "\t\n"])
def test_nothing_is_nothing_however_it_is_written(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], worker: SyncWorker, value: str | None
) -> None:
    foundation.do("UPDATE peer_mentors SET phone = %s WHERE id = %s", value, listed[0])
    worker.sync(listed[0])
    reconciler.full()
    assert (findings(foundation), proof(foundation)["equal"]) == ({}, 8)


def test_what_is_synced_after_its_page_is_read_again(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], worker: SyncWorker
) -> None:
    """An old change that arrives just then: the page was read before it, the row after it; it is read by its key."""
    foundation.do("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", listed[0])
    foundation.do("UPDATE certification.listings SET changed_at = changed_at - interval '1 hour'")

    def synced(rows: Any) -> Any:
        worker.sync(listed[0])
        yield rows

    reconciler.reader = PagedReader(reconciler.reader, synced)
    reconciler.full()
    shown = proof(foundation)
    assert (findings(foundation), shown["counts"]["in_flight"], shown["equal"]) == ({}, 0, 8)


class DisturbedComparison:
    """shared.ports.Comparison in which something happens right before the repairs."""

    def __init__(self, comparison: Any, happens: Any) -> None:
        self._comparison = comparison
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._comparison, name)

    def repair(self, *given: Any, **more: Any) -> Any:
        self._happens()
        return self._comparison.repair(*given, **more)


def test_a_listing_that_changes_before_its_repair_is_left_alone(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite
) -> None:
    """I6: the change has raised it already, and asks for its own sync."""
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})

    @contextmanager
    def disturbed() -> Iterator[Any]:
        with reconciler.comparing() as comparison:
            change = "UPDATE peer_mentors SET area = 'Halden' WHERE id = %s"
            yield DisturbedComparison(comparison, lambda: foundation.do(change, listed[0]))

    before = foundation.listing(listed[0])["desired_version"]
    reconciler.full(comparing=disturbed)
    assert foundation.listing(listed[0])["desired_version"] == before + 1
    assert reconciler.queue.taken() == []
