"""The pictures of the coordinators' page in the documents: `make pictures`.

They show the real page on the real function, with the synthetic mentors of one organisation after a nightly check, and
one mentor whom a manual edit in Dynamics shows again. Each picture holds the checksum of the page's file. So a test can
tell without a browser when it no longer shows the page.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from playwright.sync_api import sync_playwright

from emulators.dataverse.client import EmulatorControl
from local.browser.finding import find
from local.demo.pictures import checksum, stamp, stamped
from local.demo.simulated_night import simulate_night
from local.demo.website import wait_until_synced
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.sample_data.generate import DEFAULT_AS_OF
from local.stack import session
from local.stack.coordinators import read_coordinators
from local.stack.stack import ROOT, local_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PAGE = ROOT / "shared" / "dashboard" / "page.html"
_FOLDER = ROOT / "docs" / "pictures"
_ORGANISATION = "HLF Vestland"
_SHOWN = {"statecode": 0, "statuscode": 1}
_SCALE = 2
_WAIT_MS = 15_000


@dataclass(frozen=True)
class Picture:
    """A picture of the page: its file, its window in CSS pixels, and whether a forced sync has been made in it."""

    name: str
    width: int
    height: int
    options: dict[str, Any] = field(default_factory=dict)
    forced: bool = False

    @property
    def path(self) -> Path:
        """Return its file."""
        return _FOLDER / f"{self.name}.png"


PICTURES = (
    Picture("coordinators-page", 1180, 900),
    Picture("coordinators-page-phone", 390, 844),
    Picture("coordinators-page-dark", 1180, 900, {"color_scheme": "dark"}),
    Picture("coordinators-page-forced", 900, 760, forced=True),
)


def out_of_date() -> list[Picture]:
    """Return the pictures that are missing, or that were made of another version of the page."""
    current = checksum(PAGE.read_text(encoding="utf-8"))
    return [one for one in PICTURES if not one.path.exists() or stamp(one.path.read_bytes()) != current]


def _photographed() -> Iterator[tuple[Picture, bytes]]:
    file = read_mentors(loading.MENTORS)
    ours = replace(file, rows=tuple(row for row in file.rows if row.organisation == _ORGANISATION))
    chromium = find()
    if chromium is None:
        sys.exit("Chromium is needed to draw the pictures: make browser")
    with (
        tempfile.TemporaryDirectory(prefix="hlf-pictures-") as home,
        local_stack(Path(home), fresh=True, parameters={"SupportSms": "+47 400 00 000"}) as stack,
        EmulatorControl(stack.dataverse.url) as control,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=chromium.executable, args=list(chromium.flags), env={**os.environ, **chromium.environment}
        ) as browser,
    ):
        here = session.of(stack)
        loading.store(here.dsn, ours)
        wait_until_synced(here.dsn)
        night = simulate_night(here, DEFAULT_AS_OF, lambda _: None, simulated=True)
        wait_until_synced(here.dsn)
        known = {row["hlf_mentorid"] for row in control.rows()}
        expired = next(move.mentor_id for move in night.moved if str(move.mentor_id) in known)
        control.edit({"hlf_mentorid": str(expired)}, _SHOWN)
        with psycopg.connect(here.dsn, autocommit=True) as connection:
            connection.execute("UPDATE certification.organisation_settings SET brake_count = 0, brake_percent = 0")
            (coordinator,) = connection.execute(
                "SELECT coordinator_id FROM public.peer_mentors WHERE id = %s", (expired,)
            ).fetchone() or (read_coordinators(here.dsn)[0].id,)
        moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        here.invoke("Reconciliation", {"scheduled_time": moment, "mode": "full"})
        with psycopg.connect(here.dsn, autocommit=True) as connection:
            # The brake held the repair for the picture's sake alone.
            connection.execute("UPDATE certification.brakes SET closed_at = clock_timestamp(), closed_in = last_run_id")
            connection.execute("SELECT certification.record_alerts()")
        address = f"{stack.urls.url('ForceSync')}#access_token={stack.identity.token(coordinator)}"
        for picture in PICTURES:
            yield picture, _picture(browser, picture, address)


def _picture(browser: Browser, picture: Picture, address: str) -> bytes:
    with browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=_SCALE,
        locale="nb-NO",
        timezone_id="Europe/Oslo",
        **picture.options,
    ) as context:
        page: Page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        page.goto(address)
        page.get_by_text("Nei. 1 vises på nettsiden, men skal ikke vises.", exact=True).wait_for()
        if picture.forced:
            page.get_by_role("button", name="Oppdater nå").first.click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Hvorfor oppdaterer du?").fill("Står på nettsiden uten å skulle det")
            dialog.get_by_role("button", name="Oppdater nå", exact=True).click()
            page.get_by_role("heading", name="Ferdig og kontrollert").wait_for()
        return page.screenshot()


def main() -> None:
    """Draw the pictures, or report that they are up to date."""
    if not out_of_date():
        print("The pictures show the coordinators' page as it is.")
        return
    for picture, content in _photographed():
        picture.path.write_bytes(stamped(content, PAGE.read_text(encoding="utf-8")))
        print(f"{picture.path.relative_to(ROOT)} was drawn.")


if __name__ == "__main__":
    main()
