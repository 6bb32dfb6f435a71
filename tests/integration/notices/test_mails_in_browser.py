"""The page of a mail in a real browser: any eyes, any window, and a mail program that changes it, can be read.

Mail programs show a page in one of three ways: by the reader's own choice of light or dark, with colours of their own
(they turn light to dark by themselves), or without its style. Each is looked at here.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from shared.adapters.email.rendering import render
from shared.domain.mail.notices import Locale, Notice
from tests.support.every_mail import every_mail, the_longest_mail

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.support.browser.visit import Visit

MAILS = dict(every_mail())
# In one language: the others have the same structure, and each is looked at in its longest mail.
EVERY_MAIL = [pytest.param(notice, id=called) for called, notice in MAILS.items() if notice.locale is Locale.NB]
FEW = [MAILS["reminder nb long"], MAILS["digest nb every reason"]]


def show(visit: Visit, notice: Notice, *, styled: bool = True) -> None:
    html = render(notice).html
    visit.page.set_content(
        html if styled else re.sub(r"<style>.*?</style>|<meta name=[^>]*>", "", html, flags=re.DOTALL)
    )


def look_at(visit: Visit, notice: Notice) -> None:
    """Light in a wide window, dark at 360 pixels, and at 200 per cent: axe finds nothing, and all is in the window."""
    show(visit, notice)
    visit.assert_accessible()
    assert not visit.scrolls_sideways()
    visit.width(360)
    visit.dark()
    visit.assert_accessible()
    assert not visit.scrolls_sideways()
    visit.zoom(200)
    assert not visit.scrolls_sideways()


@pytest.mark.parametrize("notice", FEW, ids=["reminder", "digest"])
def test_a_mail_can_be_read_in_any_window(notice: Notice, visit: Visit) -> None:
    """WCAG 2.2 AA: two of the mails; the slow tests look at them all."""
    look_at(visit, notice)


@pytest.mark.slow
@pytest.mark.parametrize("notice", EVERY_MAIL)
def test_every_mail_can_be_read_in_any_window(notice: Notice, visit: Visit) -> None:
    """WCAG 2.2 AA, for each message and state."""
    look_at(visit, notice)


@pytest.mark.slow
@pytest.mark.parametrize("locale", list(Locale))
def test_the_longest_mail_can_be_read(locale: Locale, visit: Visit) -> None:
    """A hundred lines in each section, among them names of one word and of a hundred letters."""
    look_at(visit, the_longest_mail(locale))


@pytest.mark.parametrize("notice", FEW, ids=["reminder", "digest"])
def test_a_mail_without_its_style_can_be_read(notice: Notice, visit: Visit) -> None:
    """Some programs take the style away: black on white, and still nothing beside a narrow window."""
    show(visit, notice, styled=False)
    visit.width(360)
    assert not visit.scrolls_sideways()
    visit.assert_accessible()


@pytest.mark.parametrize("notice", FEW, ids=["reminder", "digest"])
def test_every_link_of_a_mail_can_be_reached(notice: Notice, visit: Visit) -> None:
    """WCAG 2.1.1 and 2.4.7: by the keyboard, in the order of the page, each with a focus that is seen."""
    show(visit, notice)
    expected = [link.get_attribute("href") for link in visit.page.get_by_role("link").all()]
    reached = []
    for _ in expected:
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.getAttribute('href')"))
        assert visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == expected
    assert expected


def test_a_number_is_there_to_copy_and_to_send_to(visit: Visit) -> None:
    """The number is text, the text message comes first, and a landline has no link to one."""
    show(visit, MAILS["digest nb every reason"])
    lines = visit.page.get_by_role("listitem")
    mobile, landline = (lines.filter(has_text=number).first for number in ("900 00 000 (eller ring)", "22 33 44 55"))
    links = [(one.inner_text(), one.get_attribute("href")) for one in mobile.get_by_role("link").all()]
    assert links[:2] == [("900 00 000", "sms:+4790000000"), ("ring", "tel:+4790000000")]
    assert landline.get_by_role("link", name="22 33 44 55").get_attribute("href") == "tel:+4722334455"
    assert landline.locator("a[href^='sms:']").count() == 0


# The ground is the commonest colour of a picture, the ink the one that differs most from it. WCAG 2.2, 1.4.3.
CONTRAST = """async address => {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
  const linear = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const shade = 0.2126 * linear(data[at]) + 0.7152 * linear(data[at + 1]) + 0.0722 * linear(data[at + 2]);
    counts.set(shade, (counts.get(shade) || 0) + 1);
  }
  const [ground] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
  const ratio = ink => (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  return { ground, contrast: Math.max(...[...counts.keys()].map(ratio)) };
}"""


def contrast_of(shown: Locator) -> tuple[float, float]:
    """Return how light the ground is, from 0 to 1, and the contrast of what is written there, both as painted."""
    picture = "data:image/png;base64," + base64.b64encode(shown.screenshot()).decode()
    seen = shown.page.evaluate(CONTRAST, picture)
    return seen["ground"], seen["contrast"]


@pytest.mark.parametrize("way", ["the reader chooses dark", "the program darkens", "the program inverts", "no style"])
def test_a_darkened_mail_has_its_contrast(way: str, visit: Visit) -> None:
    """As painted: by the page's own colours, by Chromium's own darkening, inverted, and darkened without its style."""
    if way == "the reader chooses dark":
        visit.dark()
    if way in {"the program darkens", "no style"}:
        session = visit.context.new_cdp_session(visit.page)
        session.send("Emulation.setAutoDarkModeOverride", {"enabled": True})
    mail = MAILS["digest nb every reason"]
    html = re.sub(r"@media \(prefers-color-scheme: dark\) \{.*?\n\}\n", "", render(mail).html, flags=re.DOTALL)
    html = re.sub(r".*color-scheme.*\n", "", html)
    match way:
        case "the reader chooses dark":
            show(visit, mail)
        case "no style":
            show(visit, mail, styled=False)
        case _:
            visit.page.set_content(html)
    if way == "the program inverts":
        visit.page.add_style_tag(content="html { background: #fff; filter: invert(1) hue-rotate(180deg); }")
    for shown in ("h1", "li", "li a"):
        ground, contrast = contrast_of(visit.page.locator(shown).first)
        assert ground < 0.1, "the page is not dark"
        assert contrast >= 4.5
