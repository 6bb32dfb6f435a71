"""The documents' pictures are what the system shows."""

from __future__ import annotations

import pytest

from local.demo.dashboard_pictures import PICTURES, out_of_date
from local.demo.pictures import PAGE, PICTURE, checksum, rendered, stamp, stamped


def test_the_picture_was_drawn_from_the_page_beside_it() -> None:
    """`make pictures` draws it again."""
    assert stamp(PICTURE.read_bytes()) == checksum(PAGE.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_page_is_what_the_website_shows() -> None:
    """The real functions and the emulator, on the same four mentors; it needs no browser."""
    assert rendered() == PAGE.read_text(encoding="utf-8")


def test_a_picture_that_is_stamped_is_still_a_picture() -> None:
    """The chunk stands after the header, so the rest is as it was."""
    picture = PICTURE.read_bytes()
    again = stamped(picture, "another page")
    assert again.startswith(b"\x89PNG\r\n\x1a\n")
    assert stamp(again) == checksum("another page")
    assert again[:33] + again[33 + 12 + 14 + 64 :] == picture


def test_the_pictures_of_the_page_are_of_the_page_as_it_is() -> None:
    """`make pictures` draws them again: desktop, phone, dark, and a forced sync with its result."""
    assert len(PICTURES) == 4
    assert out_of_date() == []
