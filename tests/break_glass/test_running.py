"""`hlf-break-glass run` makes the website right while the automation is down, and leaves it nothing to do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, days
from tests.support.syncs import TABLE, leases_end, unsynced, wanted

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.glass import Glass
    from tests.support.nightly_checks import Functions
    from tests.support.outage import Outage
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite


def test_everything_is_made_right(glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation) -> None:
    """Hidden by the calendar, though no nightly check has come, and shown as the app has it (I5)."""
    said = glass.run("--everything")
    assert said.code == 0, said.text
    assert set(site.visible()) == outage.to_show
    assert site.by_mentor()[str(outage.changed)]["hlf_phone"] == "99 88 77 66"
    assert unsynced(foundation) == 0
    assert "Ferdig: Nettsiden er lest på nytt og er som den skal være." in said.text


def test_hiding_only_shows_nobody_new(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    said = glass.run("--hide-only")
    assert said.code == 0, said.text
    assert set(site.visible()) == {str(outage.fine), str(outage.changed)}
    assert site.by_mentor()[str(outage.changed)]["hlf_phone"] != "99 88 77 66"
    assert "ingen vises som ikke skal vises" in said.text


def test_expired_and_withdrawn_are_hidden_first(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    """Before the paused, the deleted, and everything that is shown."""
    assert glass.run("--everything").code == 0
    keys = [write.key for write in site.writes()]
    hidden = [str(mentor) for mentor in (outage.expired, outage.withdrawn, outage.paused, outage.deleted)]
    assert (set(keys[:2]), set(keys[2:4])) == (set(hidden[:2]), set(hidden[2:]))
    assert set(keys[4:]) == {str(outage.changed), str(outage.new)}


def test_the_automation_finds_nothing_to_do(
    glass: Glass, outage: Outage, site: EmulatedWebsite, reconciler: Reconciler, foundation: Foundation
) -> None:
    """A sweep and a full comparison request no sync, find no difference and write nothing."""
    assert glass.run("--everything").code == 0
    site.add_secret("local-client-secret")
    foundation.do(
        "UPDATE certification.listings SET changed_at = changed_at - interval '1 hour',"
        " synced_at = synced_at - interval '1 hour'"
    )
    writes = len(site.writes())
    assert reconciler.sweep().state == "succeeded"
    assert reconciler.full().state == "succeeded"
    assert reconciler.queue.taken() == []
    assert len(site.writes()) == writes
    assert foundation.all("SELECT class, cause FROM certification.findings WHERE closed_at IS NULL") == []
    assert outage.to_show != wanted(foundation).keys()  # the nightly check has not come even now
    assert set(site.visible()) == outage.to_show


def test_the_nightly_check_afterwards_changes_no_listing(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation, functions: Functions, crew: Crew
) -> None:
    """It expires the mentor whom a person has hidden; there is nothing left to hide."""
    assert glass.run("--everything").code == 0
    site.add_secret("local-client-secret")
    writes = len(site.writes())
    functions.nightly_check(DAY)
    assert foundation.one("SELECT status FROM peer_mentors WHERE id = %s", outage.expired) == "certification_expired"
    assert crew.worker().unsynced().complete
    assert len(site.writes()) == writes
    assert unsynced(foundation) == 0


def test_a_second_run_has_nothing_to_do(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    assert glass.run("--everything").code == 0
    writes = len(site.writes())
    said = glass.run("--everything")
    assert said.code == 0
    assert "Nettsiden er som den skal være. Det er ingenting å gjøre." in said.text
    assert len(site.writes()) == writes
    assert outage.to_show == set(site.visible())


def test_a_trial_shows_counts_and_ids_and_changes_nothing(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """By count and ids, never a name (I11)."""
    before = foundation.all("SELECT * FROM certification.listings ORDER BY mentor_id")
    said = glass.says("run", "--dry-run", "--everything")
    assert said.code == 0, said.text
    for mentor in (*outage.to_hide, str(outage.changed), str(outage.new)):
        assert mentor in said.text
    assert str(outage.fine) not in said.text
    assert "1 vises, og sertifiseringen er utløpt: skjules" in said.text
    assert "1 vises uten samtykke: skjules" in said.text
    assert "2 skal vises eller har endret seg: vises" in said.text
    assert "Kari" not in said.text
    assert site.writes() == []
    assert foundation.all("SELECT * FROM certification.listings ORDER BY mentor_id") == before
    assert foundation.all("SELECT action FROM certification.audit") == []


def test_a_trial_can_be_read_by_a_program(glass: Glass, outage: Outage) -> None:
    result = glass.says("run", "--dry-run", "--everything", "--json").result
    assert result["counts"] == {
        "hide_expired": 1,
        "hide_withdrawn": 1,
        "hide_not_active": 1,
        "hide_deleted": 1,
        "publish": 2,
        "strangers": 0,
    }
    assert {one["mentor_id"] for one in result["hide"]} == outage.to_hide
    assert set(result["publish"]) == {str(outage.changed), str(outage.new)}


def test_the_audit_says_who_and_why_and_what(glass: Glass, outage: Outage, foundation: Foundation) -> None:
    assert glass.run("--everything").code == 0
    rows = foundation.all(
        "SELECT action, actor, reason, mentor_id::text, facts ->> 'action', login FROM certification.audit ORDER BY id"
    )
    assert {(row[1], row[2], row[5]) for row in rows} == {("Turid Vik", "AWS er nede", glass.login["username"])}
    assert [row[0] for row in rows] == ["begin_break_glass", *["break_glass"] * 6, "end_break_glass"]
    assert {row[3] for row in rows if row[4] == "hide"} == outage.to_hide
    assert {row[3] for row in rows if row[4] == "publish"} == {str(outage.changed), str(outage.new)}
    planned, ended = foundation.all(
        "SELECT coalesce(facts -> 'planned', facts -> 'counts') FROM certification.audit WHERE mentor_id IS NULL"
        " ORDER BY id"
    )
    assert (planned["hide_expired"], planned["publish"]) == (1, 2)
    assert (ended["hidden"], ended["published"], ended["not_begun"]) == (4, 2, 0)


def test_an_entry_that_the_record_does_not_know_is_hidden(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """What visitors see counts, not what our record says (I14): somebody has shown the row by hand."""
    assert glass.run("--everything").code == 0
    assert foundation.one("SELECT state FROM certification.listings WHERE mentor_id = %s", outage.paused) == "hidden"
    site.edit(str(outage.paused), {"statecode": 0, "statuscode": 1}, TABLE)
    assert site.shows(outage.paused)
    said = glass.run("--hide-only")
    assert said.code == 0, said.text
    assert not site.shows(outage.paused)


def test_entries_of_nobody_are_counted_and_left_alone(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    site.create([{"hlf_mentorid": "by-hand", "hlf_name": "Ola"}], TABLE)
    said = glass.run("--everything")
    assert said.code == 0
    assert "1 på nettsiden er ikke fra appen" in said.text
    assert "by-hand" in site.visible()
    assert outage.to_show | {"by-hand"} == set(site.visible())


def test_an_empty_website_is_filled(glass: Glass, outage: Outage, site: EmulatedWebsite) -> None:
    """As after a restore of Dynamics: whoever is to be listed is published, though our record knew them live."""
    for row in site.rows(TABLE):
        site.delete(row["hlf_mentorid"], TABLE)
    said = glass.run("--everything")
    assert said.code == 0, said.text
    assert set(site.visible()) == outage.to_show


def test_one_that_dynamics_refuses_stops_no_other(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """I13: it is named, and the command says that something is wrong."""
    site.poison(str(outage.new))
    said = glass.run("--everything")
    assert said.code == 1
    assert "1 ble avvist av Dynamics" in said.text
    assert str(outage.new) in said.text
    assert set(site.visible()) == outage.to_show - {str(outage.new)}
    assert foundation.one("SELECT state FROM certification.listings WHERE mentor_id = %s", outage.new) == "rejected"


def test_the_automations_stop_is_neither_obeyed_nor_ended(
    glass: Glass, outage: Outage, site: EmulatedWebsite, crew: Crew, foundation: Foundation
) -> None:
    """The automation's own secret is still refused, whatever a person's can do (I10)."""
    assert crew.worker().sync(outage.withdrawn).stopped
    stop = "SELECT stopped_since, stopped_reason FROM certification.sync_state"
    before = foundation.all(stop)
    assert before[0][1] == "entra_7000222"
    assert glass.run("--everything").code == 0
    assert foundation.all(stop) == before
    assert set(site.visible()) == outage.to_show


def test_a_retry_after_is_everybodys(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """I9: nothing is sent in a window, neither one that another worker was told nor one of our own."""
    foundation.do("SELECT certification.block_website_for(600, 'dataverse_429')")
    said = glass.run("--everything")
    assert said.code == 3
    assert "Dynamics ber alle vente i 600 sekunder" in said.text
    assert site.summary()["requests"] == 0
    foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
    site.fail_next(1, status=429, retry_after=1, path=r"\$batch", skip=1)
    said = glass.run("--everything")
    assert said.code == 0, said.text
    assert [entry for entry in site.journal() if entry.in_retry_after] == []
    assert set(site.visible()) == outage.to_show


def test_a_dead_workers_claim_is_waited_for(
    glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """It is told, and tried again when the claim has ended (I7)."""
    foundation.do(
        "UPDATE certification.listings SET state = 'sending', sending = 'hide', sending_version = desired_version,"
        " claimed_by = gen_random_uuid(), claimed_until = clock_timestamp() + interval '3 minutes'"
        " WHERE mentor_id = %s",
        outage.withdrawn,
    )
    said = glass.run("--everything", "--patience", "0")
    assert said.code == 3
    assert "1 er ikke ferdige" in said.text
    assert site.shows(outage.withdrawn)
    assert not site.shows(outage.expired)
    leases_end(foundation)
    assert glass.run("--everything").code == 0
    assert set(site.visible()) == outage.to_show


def test_beside_a_worker_of_the_automation(
    glass: Glass, outage: Outage, site: EmulatedWebsite, crew: Crew, foundation: Foundation
) -> None:
    """Both sync everything at once, and each listing is written once for its version (I6)."""
    site.add_secret("local-client-secret")
    mentors = [foundation.mentor(outage.organisation, DAY + days(50), consent=True) for _ in range(60)]
    gone = mentors[:20]
    worker = crew.worker(batch_size=5, parallel=2)
    ends = threading.Event()

    def automation() -> None:
        while not ends.is_set():
            worker.seconds = 60.0
            worker.unsynced()

    thread = threading.Thread(target=automation)
    thread.start()
    try:
        for mentor in gone:
            foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentor)
        said = glass.run("--everything", "--confirm", "vis 62 likepersoner")
    finally:
        ends.set()
        thread.join()
    assert said.code in {0, 3}, said.text
    worker.seconds = 60.0
    assert worker.unsynced().complete
    assert set(site.visible()) == outage.to_show | {str(mentor) for mentor in mentors[20:]}
    assert unsynced(foundation) == 0
    versions = [(write.key, write.verb) for write in site.writes() if write.verb == "create"]
    assert len(versions) == len(set(versions))


def test_an_app_without_an_outage_needs_nothing(glass: Glass, foundation: Foundation, site: EmulatedWebsite) -> None:
    foundation.organisation()
    said = glass.run("--everything")
    assert (said.code, site.writes()) == (0, [])


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_last_sentence_is_in_the_persons_language(glass: Glass, outage: Outage, language: str) -> None:
    said = glass.run("--hide-only", "--lang", language)
    last = {"nb": "Besøkende kan se den gamle listen i opptil 15 minutter til.", "en": "Visitors may see the old list"}
    assert last[language] in said.text
