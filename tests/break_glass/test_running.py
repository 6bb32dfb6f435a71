"""`hlf-break-glass run` makes the website right while the automation is down, and leaves it nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.syncs import unsynced, wanted

if TYPE_CHECKING:
    from tests.break_glass.conftest import Outage
    from tests.support.foundation import Foundation
    from tests.support.glass import Glass
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite


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
