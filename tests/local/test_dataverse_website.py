"""/website is what a visitor sees, in bokmål, for everybody who reads it."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.website.sorting import norwegian_order
from local.stack.dataverse import TABLES
from tests.support.dataverse_process import fresh, process
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

_VOID = {"meta", "input", "link", "br", "hr", "img", "wbr"}
_INTERACTIVE = {"a", "input", "button", "select", "textarea"}


class ElementTree(HTMLParser):
    """The page as an element tree in the order of reading; an end tag that does not fit is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", " ".join(data.split())))

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


def mentor(key, name, area="Oslo", **more):
    values = {"hlf_mentorid": key, "hlf_name": name, "hlf_area": area, "hlf_published": True}
    return values | {"hlf_organisation": "HLF Oslo", "hlf_phone": "+47 900 00 000", "hlf_email": "m@example.org"} | more


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with process(tmp_path_factory.mktemp("dataverse"), schema=TABLES) as running:
        yield running


@pytest.fixture
def caller(emulator: Any) -> Iterator[Any]:
    with fresh(emulator) as client:
        yield client


@pytest.fixture
def control(caller: Any) -> Any:
    return caller.control


def visit(caller, **query):
    reply = caller.http.get("/website", params=query)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    return ElementTree(reply.text)


def test_a_visitor_sees_who_is_active_and_published_alone(caller: Any, control: Any) -> None:
    """I5: a row that is inactive, or whose published column says no, is not on the page; one that says nothing is."""
    control.create(
        [
            mentor("m1", "Kari Nordmann"),
            mentor("m2", "Withdrawn", hlf_published=False),
            mentor("m3", "Inactive", statecode=1, statuscode=2),
            mentor("m4", "Ola Nordmann", hlf_published=None),
        ]
    )
    page = visit(caller)
    assert page.text("h2") == ["2 likepersoner"]
    assert page.text("h3") == ["Kari Nordmann", "Ola Nordmann"]
    assert [listing["key"] for listing in control.website()] == ["m1", "m4"]


def test_an_entry_has_what_the_schema_file_names_and_no_more(caller: Any, control: Any) -> None:
    control.create([mentor("m1", "Kari Nordmann", hlf_lastname="Internal", hlf_firstname="Only", hlf_phone=None)])
    page = visit(caller)
    assert page.text("dt") == ["Område", "Organisasjon", "E-post"]
    assert page.text("dd") == ["Oslo", "HLF Oslo"]
    assert [link["href"] for link in page.all("a")][1:] == ["mailto:m@example.org"]
    assert "Internal" not in caller.http.get("/website").text
    assert set(control.website()[0]) == {
        "key", "hlf_name", "hlf_area", "hlf_organisation", "hlf_phone", "hlf_email",
    }  # fmt: skip


def test_a_telephone_number_can_be_called(caller: Any, control: Any) -> None:
    control.create([mentor("m1", "Kari Nordmann")])
    assert {"href": "tel:+4790000000"} in visit(caller).all("a")


@pytest.mark.parametrize(
    ("names", "heading"),
    [([], "Ingen likepersoner"), (["Kari"], "1 likeperson"), (["Kari", "Ola"], "2 likepersoner")],
)
def test_the_heading_says_how_many(caller: Any, control: Any, names: Any, heading: str) -> None:
    control.create([mentor(f"m{number}", name) for number, name in enumerate(names)])
    assert visit(caller).text("h2") == [heading]


def test_names_are_in_norwegian_order(caller: Any, control: Any) -> None:
    control.create([mentor(name, name) for name in ("Åse", "Ørjan", "Ærlig", "Zakarias", "anna")])
    assert visit(caller).text("h3") == ["anna", "Zakarias", "Ærlig", "Ørjan", "Åse"]


def test_double_a_stands_with_its_letter(caller: Any, control: Any) -> None:
    """As a Norwegian index has it, in names and in areas, also of other languages and with accents."""
    names = (
        "Anna",
        "Édith",
        "Eva",
        "Máret",
        "Marte",
        "Öberg",
        "Østby",
        "Ås",
        "Aasen",
        "Aashild",
        "Åstad",
        "Ägir",
        "Zoë",
    )
    ordered = [
        "Anna",
        "Édith",
        "Eva",
        "Máret",
        "Marte",
        "Zoë",
        "Ägir",
        "Öberg",
        "Østby",
        "Ås",
        "Aasen",
        "Aashild",
        "Åstad",
    ]
    control.create([mentor(name, name, area=name) for name in names])
    page = visit(caller)
    assert page.text("h3") == ordered
    assert [option["value"] for option in page.all("option")] == ordered


@pytest.mark.parametrize("name", ["Kaja Aas", "Maria Anna", "KAARE", "A\u030ase", "aa", ""])
def test_an_order_does_not_depend_on_how_letters_are_written(name: str) -> None:
    """Capitals, decomposed letters."""
    assert norwegian_order(name)[0] == norwegian_order(name.lower())[0]
    assert norwegian_order("Aa") > norwegian_order("Ø")
    assert norwegian_order("Maria Anna") < norwegian_order("Maria Berg") < norwegian_order("Maria Aas")


def test_the_page_has_a_dark_mode(caller: Any) -> None:
    """The visitor's own choice; every colour of the light page has one in the dark."""
    page = caller.http.get("/website").text
    assert {"name": "color-scheme", "content": "light dark"} in visit(caller).all("meta")
    light, dark = (set(re.findall(r"(--\w+): #", part)) for part in page.split("@media (prefers-color-scheme: dark)"))
    assert light == dark
    used = page.partition("</style>")[0].partition("* { box-sizing")[2]
    assert set(re.findall(r"#\w+", used)) <= {"#fff"}, "a colour that does not follow the mode"


def test_an_address_cannot_add_to_its_link(caller: Any, control: Any) -> None:
    """& and ? are legal in an address."""
    control.create([mentor("m1", "Kari", hlf_email="a?cc=x&b@example.org")])
    assert {"href": "mailto:a%3Fcc%3Dx%26b@example.org"} in visit(caller).all("a")


def test_a_search_by_area_is_a_link_that_can_be_shared(caller: Any, control: Any) -> None:
    control.create([mentor("m1", "Kari", "Oslo vest"), mentor("m2", "Ola", "Bergen"), mentor("m3", "Siri", "OSLO øst")])
    page = visit(caller, omrade="oslo")
    assert page.text("h3") == ["Kari", "Siri"]
    assert page.text("h2") == ["2 likepersoner i «oslo»"]
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("get", "/website")
    (field,) = page.all("input")
    assert (field["name"], field["value"]) == ("omrade", "oslo")
    assert visit(caller, omrade="Tromsø").text("h2") == ["Ingen likepersoner i «Tromsø»"]
    assert [listing["key"] for listing in control.website(omrade="bergen")] == ["m2"]
    assert [option["value"] for option in page.all("option")] == ["Bergen", "Oslo vest", "OSLO øst"]


def test_what_is_in_a_row_or_address_is_text_and_not_markup(caller: Any, control: Any) -> None:
    """What is in a row or in the address is text and never markup."""
    evil = """<script>alert("x")</script>'\"&"""
    control.create([mentor("m1", evil, evil, hlf_phone='"><b>1', hlf_email="a'\"><i>@example.org")])
    page = visit(caller, omrade="<SCRIPT>alert")
    assert {"script", "b", "i"}.isdisjoint({tag for tag, _ in page.elements})
    assert page.text("h3") == [evil]
    assert page.all("input")[0]["value"] == "<SCRIPT>alert"
    assert set(page.all("input")[0]) == {"id", "name", "type", "value", "list", "autocomplete"}


def test_the_page_can_be_used_without_sight_mouse_or_javascript(caller: Any, control: Any) -> None:
    """Language, title, one h1, headings without gaps, landmarks, labels, a way past the header, no script, zoom."""
    control.create([mentor("m1", "Kari"), mentor("m2", "Ola")])
    page = visit(caller)
    assert page.all("html") == [{"lang": "nb"}]
    assert page.text("title")[0].startswith("Likepersoner ")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels == [1, 2, 3, 3]
    assert [tag for tag, _ in page.elements if tag in {"header", "main", "footer"}] == ["header", "main", "footer"]
    assert page.all("form")[0]["role"] == "search"
    labelled = {label["for"] for label in page.all("label")}
    assert {field["id"] for field in page.all("input")} == labelled
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    first = next(attributes for tag, attributes in page.elements if tag in _INTERACTIVE)
    assert first["href"].removeprefix("#") in targets
    assert page.all("script") == []
    assert "width=device-width" in page.all("meta")[1]["content"]
    assert "user-scalable" not in page.all("meta")[1]["content"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_colours_of_the_page_can_be_distinguished(caller: Any, mode: str) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11: 4.5 to 1 for text, 3 to 1 for the focus ring and the field's border."""
    style = there(re.search(r"<style>(.*?)</style>", caller.http.get("/website").text, re.DOTALL))[1]
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    colour = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", light if mode == "light" else dark))
    for ink in ("ink", "quiet", "link"):
        for ground in ("ground", "paper"):
            assert contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground)
    assert contrast("#fff", colour["deep"]) >= 4.5
    assert contrast(colour["focus"], colour["ground"]) >= 3
    assert contrast(colour["edge"], colour["paper"]) >= 3


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    digits = colour.lstrip("#")
    parts = [digit * 2 for digit in digits] if len(digits) == 3 else [digits[at : at + 2] for at in (0, 2, 4)]
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(part, 16) / 255 for part in parts)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_without_lag_a_change_is_seen_at_once(caller: Any, control: Any) -> None:
    caller.write("m1", name="Kari")
    assert visit(caller).text("h3") == ["Kari"]
    control.edit("m1", {"statecode": 1, "statuscode": 2})
    assert visit(caller).text("h3") == []


def test_with_the_portals_lag_a_visitor_sees_the_past(caller: Any, control: Any) -> None:
    """With the portal's lag a visitor sees the past until the lag is over.

    The portal may show a change up to 15 minutes late; here after half a second, or when told to recheck.
    """
    control.website_lag(0.5)
    assert control.website() == []
    seen = time.monotonic()
    caller.write("m1", name="Kari")
    assert control.website() == []
    assert visit(caller).text("h2") == ["Ingen likepersoner"]
    while not control.website():
        assert time.monotonic() - seen < 5
        time.sleep(0.02)
    assert time.monotonic() - seen >= 0.45
    control.website_lag(900)
    caller.write("m1", name="Siri")
    assert [listing["hlf_name"] for listing in control.website()] == ["Kari"]
    control.refresh_website()
    assert [listing["hlf_name"] for listing in control.website()] == ["Siri"]


def test_the_footer_says_when_the_list_was_refreshed(caller: Any, control: Any) -> None:
    control.website_lag(900)
    before = visit(caller).all("time")
    time.sleep(1.0)
    assert visit(caller).all("time") == before
    control.refresh_website()
    assert visit(caller).all("time") != before


def test_a_program_gets_json_when_it_asks_for_it(caller: Any, control: Any) -> None:
    control.create([mentor("m1", "Kari")])
    for reply in (
        caller.http.get("/website?format=json"),
        caller.http.get("/website", headers={"Accept": "application/json"}),
    ):
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert reply.json()["count"] == 1
        assert reply.json()["listings"][0]["hlf_name"] == "Kari"
        assert reply.json()["refreshed_at"] == pytest.approx(time.time(), abs=60)
