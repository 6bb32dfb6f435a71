"""The picture of the website before and after a nightly check in the README: `make pictures`.

The pages are those of the emulator, with four of the synthetic mentors and the real functions. The page from which the
picture was made lies beside it, and the picture holds that page's checksum. So a test can tell without a browser when
the picture no longer shows what the system does.
"""

from __future__ import annotations

import hashlib
import html
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import jinja2

from local.browser.finding import find_installed
from local.demo.simulated_night import simulate_night
from local.demo.website import wait_until_synced
from local.mentors_file import loading
from local.mentors_file.mentors import read_mentors
from local.sample_data.generate import DEFAULT_AS_OF
from local.stack import session
from local.stack.stack import ROOT, local_stack

if TYPE_CHECKING:
    from local.mentors_file.rows import MentorFile, MentorRow

PAGE = ROOT / "docs" / "pictures" / "website.html"
PICTURE = PAGE.with_suffix(".png")
_ORGANISATION = "HLF Vestland"
_STAYING = 2
_EVENING = DEFAULT_AS_OF - timedelta(days=1)
_WIDTH, _HEIGHT = 900, 736
_KEYWORD = b"Source-SHA256"
_SIGNATURE_BYTES = 8


def rendered() -> str:
    """Return the page with the website before and after the nightly check of the synthetic mentors' day."""
    file = read_mentors(loading.MENTORS)
    leaving, coming, *staying = _chosen(file)
    with tempfile.TemporaryDirectory(prefix="hlf-pictures-") as home, local_stack(Path(home), fresh=True) as stack:
        here = session.of(stack)
        shown = replace(file, rows=(leaving, coming, *staying))
        loading.store(here.dsn, shown, evaluated=_EVENING)
        before = _visited(here)
        simulate_night(here, DEFAULT_AS_OF, lambda _: None, simulated=True)
        after = _visited(here)
    return _composed(
        before=_marked(before, leaving, "gone", "&minus;", f"Certification ended {leaving.expires_on:%d.%m.%Y}"),
        after=_marked(after, coming, "new", "+", f"Renewed until {coming.expires_on:%d.%m.%Y}"),
    )


def _composed(*, before: str, after: str) -> str:
    """Return one page with the two pages side by side."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("pictures.html.jinja").render(
        before=before,
        after=after,
        day=DEFAULT_AS_OF,
        evening=_EVENING,
    )


def stamped(picture: bytes, page: str) -> bytes:
    """Return a PNG that holds the checksum of the page it shows, in a text chunk after its header."""
    content = _KEYWORD + b"\0" + checksum(page).encode()
    chunk = struct.pack(">I", len(content)) + b"tEXt" + content + struct.pack(">I", zlib.crc32(b"tEXt" + content))
    header = _SIGNATURE_BYTES + 4 + 4 + 13 + 4  # the signature, and the IHDR chunk, which comes first
    return picture[:header] + chunk + picture[header:]


def stamp(picture: bytes) -> str:
    """Return the checksum that a PNG holds, or an empty text."""
    found = re.search(re.escape(_KEYWORD) + rb"\0([0-9a-f]{64})", picture)
    return found[1].decode() if found else ""


def checksum(page: str) -> str:
    """Return the SHA-256 of a page, in hexadecimal."""
    return hashlib.sha256(page.encode()).hexdigest()


def _chosen(file: MentorFile) -> list[MentorRow]:
    """Return the mentor that the check hides, the mentor that it shows, and some that it leaves alone."""
    ours = [row for row in file.rows if row.organisation == _ORGANISATION and row.listing_consent]
    ours = [row for row in ours if row.email and row.phone and row.area]
    leaving = next(row for row in ours if row.status == "active" and row.expires_on == _EVENING)
    coming = next(row for row in ours if row.status == "certification_expired" and row.expires_on >= DEFAULT_AS_OF)
    later = DEFAULT_AS_OF + timedelta(days=365)
    return [leaving, coming, *[row for row in ours if row.status == "active" and row.expires_on > later][:_STAYING]]


def _visited(here: session.Session) -> str:
    """Return the website's page without the time of reading, which differs each time."""
    wait_until_synced(here.dsn)
    page = httpx.get(f"{here.website}/website", timeout=30, trust_env=False).raise_for_status().text
    return re.sub(r"<footer>.*?</footer>\n", "", page, flags=re.DOTALL)


def _marked(page: str, row: MentorRow, kind: str, sign: str, words: str) -> str:
    """Return the page with one entry marked by border, sign and words, so that the mark does not rely on colour."""
    name = html.escape(f"{row.first_name} {row.last_name}", quote=False)
    entry = f"<li>\n<h3>{name}</h3>"
    if entry not in page:
        raise LookupError(f"the website does not show the mentor of line {row.line} as expected")
    marked = f'<li class="{kind}">\n<p class="mark"><b>{sign}</b>{words}</p>\n<h3>{name}</h3>'
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    return page.replace(entry, marked).replace("</style>", f"{style}</style>")


def _photographed(page: Path) -> bytes:
    """Return a PNG of the page, at twice its size for sharp screens."""
    browser = find_installed()  # an unpacked one ignores --screenshot and waits
    if browser is None:
        sys.exit("Chromium is needed to draw the picture: install it (as root: make browser) and try again.")
    with tempfile.TemporaryDirectory(prefix="hlf-browser-") as folder:
        made = Path(folder) / "picture.png"
        subprocess.run(
            [
                *(str(browser.executable), *browser.flags, "--headless", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}/profile", f"--window-size={_WIDTH},{_HEIGHT}"),
                *("--force-device-scale-factor=2", f"--screenshot={made}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return made.read_bytes()


def main() -> None:
    """Write the page and its picture, or report that the picture is up to date."""
    page = rendered()
    if PICTURE.exists() and stamp(PICTURE.read_bytes()) == checksum(page):
        print(f"{PICTURE.relative_to(ROOT)} shows the website as it is.")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    PICTURE.write_bytes(stamped(_photographed(PAGE), page))
    print(f"{PICTURE.relative_to(ROOT)} was drawn from {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
