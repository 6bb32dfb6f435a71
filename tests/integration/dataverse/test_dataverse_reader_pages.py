"""Pages that cannot be what Dataverse meant to say: an error each, never the end of the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shared.adapters.dataverse.reader import DataverseReader
from shared.domain.errors import WebsiteMisconfiguredError, WebsiteUnavailableError
from tests.support.website_wire import KEY, TABLE, ScriptedWebsite, WebsiteRig, error, http

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW = {"@odata.etag": 'W/"1"', KEY: "m1", "hlf_area": None, "hlf_peermentorid": "p1"}
AREA = "$select=hlf_mentorid,hlf_area"


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        rig.seconds = 5.2  # for one try
        yield rig


def read(rig):
    reader = DataverseReader(rig.service, rig.backoff, time_left=lambda: rig.seconds, batch_size=100, parallel=1)
    return list(reader.pages(TABLE, (KEY, "hlf_area")))


def page(*rows, link=None, **other):
    return http(200, json.dumps({"value": rows, **({"@odata.nextLink": link} if link else {}), **other}))


def link(rig, number=2):
    return f"{rig.site.url}/api/data/v9.2/{TABLE}?{AREA}&$skiptoken=%3ccookie%20pagenumber=%22{number}%22%20/%3e"


def test_a_link_is_used_as_it_came(rig: WebsiteRig) -> None:
    """A link is used as it came, with the same preference and no cookie."""
    first = page(ROW, link=link(rig))
    rig.site.replies += [first.replace(b"\r\n", b"\r\nset-cookie: ARRAffinity=a; path=/\r\n", 1), page(ROW)]
    assert read(rig) == [[ROW], [ROW]]
    assert [asked.target for asked in rig.site.asked] == [
        f"/api/data/v9.2/{TABLE}?{AREA}",
        link(rig).removeprefix(rig.site.url),
    ]
    assert [asked.headers["prefer"] for asked in rig.site.asked] == ["odata.maxpagesize=5000"] * 2
    assert not any("cookie" in asked.headers for asked in rig.site.asked)


@pytest.mark.parametrize("space", ["", " ", "\n\t "])
def test_a_link_is_found_wherever_it_stands(rig: WebsiteRig, space: str) -> None:
    target = json.dumps(link(rig)).replace("/", "\\/")
    rig.site.replies += [http(200, f'{{"@odata.nextLink"{space}:{space}{target},"value":[]{space}}}'), page(ROW)]
    assert read(rig) == [[], [ROW]]


def test_a_text_that_reads_like_a_link_is_none(rig: WebsiteRig) -> None:
    said = ROW | {"hlf_area": f'", "@odata.nextLink":"{link(rig)}'}
    rig.site.replies += [page(said)]
    assert read(rig) == [[said]]


def test_half_a_character_spoils_one_text_and_not_the_page(rig: WebsiteRig) -> None:
    """I13. A text may have been cut within a character; JSON can say so, PostgreSQL cannot hold it."""
    rig.site.replies += [page(ROW | {"hlf_area": "Moss \ud83d"}, ROW | {"hlf_area": "Moss \U0001f600"})]
    assert [row["hlf_area"] for row in read(rig)[0]] == ["Moss \ufffd", "Moss \U0001f600"]


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (http(200, b""), "dataverse_page_not_json"),
        (http(200, "<html>Åse</html>"), "dataverse_page_not_json"),
        (page(ROW)[:-10] + b" " * 10, "dataverse_page_not_json"),
        (http(200, b'{"value": [\xff]}'), "dataverse_page_not_json"),
        (http(200, b"[" * 100_000), "dataverse_page_not_json"),
        (http(200, "[]"), "dataverse_page_not_an_object"),
        (http(200, "{}"), "dataverse_page_without_value"),
        (http(200, '{"value": null}'), "dataverse_page_without_value"),
        (http(200, '{"value": {}}'), "dataverse_page_without_value"),
        (http(200, '{"value": [1]}'), "dataverse_row_without_a_column"),
        (page({KEY: "m1"}), "dataverse_row_without_a_column"),
        (page(ROW, **{"@odata.nextLink": None}), "dataverse_next_link_unclear"),
        (page(ROW, **{"@odata.nextLink": 7}), "dataverse_next_link_unclear"),
        (page({**ROW, "@odata.nextLink": "http://127.0.0.1:1/"}), "dataverse_next_link_unclear"),
        (http(204), "dataverse_204"),
        (http(302, location="http://127.0.0.1:1/"), "dataverse_302"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
def test_a_page_that_says_something_else_is_an_error(rig: WebsiteRig, before: int, response: Any, code: str) -> None:
    rig.site.replies += [page(ROW, link=link(rig))] * before + [response] * 3
    with pytest.raises((WebsiteUnavailableError, WebsiteMisconfiguredError)) as caught:
        read(rig)
    assert str(caught.value) == code


@pytest.mark.parametrize("numbers", [(2, 2), (2, 3, 2)])
def test_a_link_that_was_followed_before_is_an_error(rig: WebsiteRig, numbers: Any) -> None:
    rig.site.replies += [page(ROW, link=link(rig, number)) for number in numbers]
    with pytest.raises(WebsiteUnavailableError, match="dataverse_next_link_repeated"):
        read(rig)
    assert len(rig.site.asked) == len(numbers)


def test_a_link_to_the_first_page_is_an_error(rig: WebsiteRig) -> None:
    rig.site.replies += [page(ROW, link=f"/api/data/v9.2/{TABLE}?{AREA}")]
    with pytest.raises(WebsiteUnavailableError, match="dataverse_next_link_repeated"):
        read(rig)


def test_no_token_goes_to_a_link_that_leads_elsewhere(rig: WebsiteRig) -> None:
    with ScriptedWebsite() as elsewhere:
        rig.site.replies += [page(ROW, link=f"{elsewhere.url}/api/data/v9.2/{TABLE}?{AREA}")]
        with pytest.raises(WebsiteMisconfiguredError, match="link_leads_elsewhere"):
            read(rig)
        assert elsewhere.asked == []


def test_a_refusal_is_a_setting_and_that_of_a_link_a_fault(rig: WebsiteRig) -> None:
    """A refusal of our question is a setting and one of their link is a fault."""
    rig.site.replies += [error(400, "0x80060888")]
    with pytest.raises(WebsiteMisconfiguredError):
        read(rig)
    rig.site.replies += [page(ROW, link=link(rig)), error(400, "0x80060888")]
    with pytest.raises(WebsiteUnavailableError, match="dataverse_400_0x80060888"):
        read(rig)


def test_an_error_says_no_more_than_a_code(rig: WebsiteRig) -> None:
    """I11."""
    rig.site.replies += [http(200, json.dumps({"value": ["Åse Bjørnå, ase@example.no"]}))]
    with pytest.raises(WebsiteUnavailableError) as caught:
        read(rig)
    assert str(caught.value) == "dataverse_row_without_a_column"
