"""The emulator's collections over HTTP: columns, filters, order, pages, counts, as Microsoft's query pages have them.

"Query data using the Web API" and its pages on selecting, filtering, ordering, paging and counting rows.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from emulators.dataverse.model.ordering import Order, guid_of, place_of, sql_order
from tests.support.dataverse_queries import ask, follow, listed, many
from tests.support.dataverse_service import API, EXAMPLES, MENTORS, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

FORMATTED = "OData.Community.Display.V1.FormattedValue"


# Columns


@pytest.mark.parametrize("address", [f"{EXAMPLES}/", f"/{EXAMPLES}", f"{EXAMPLES}//$count", f"//{EXAMPLES}/$count/"])
def test_empty_segments_of_an_address_are_passed_over(examples: RunningEmulator, address: str) -> None:
    """As Microsoft's OData library splits an address; a base address and a path often have a slash each."""
    assert examples.get(address).status_code == 200


def test_a_row_has_every_column_of_the_table_and_its_etag(examples: RunningEmulator) -> None:
    body = ask(examples, EXAMPLES).json()
    assert body["@odata.context"] == f"{examples.environment.api_url}$metadata#hlf_examples"
    for row in body["value"]:
        assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'
        assert row.keys() - {"@odata.etag"} == examples.environment.store.tables_by_set[EXAMPLES].schema.columns.keys()
    assert list(body) == ["@odata.context", "value"]


def test_select_gives_what_it_names_and_always_the_primary_id(examples: RunningEmulator) -> None:
    response = ask(examples, EXAMPLES, select="hlf_name, _hlf_mentor_value")
    assert response.json()["@odata.context"].endswith("$metadata#hlf_examples(hlf_name,_hlf_mentor_value)")
    for row in response.json()["value"]:
        assert list(row) == ["@odata.etag", "hlf_name", "_hlf_mentor_value", "hlf_exampleid"]


@pytest.mark.parametrize("option", ["select", "filter", "orderby", "expand"])
def test_a_column_that_is_not_there_is_named(examples: RunningEmulator, option: str) -> None:
    response = ask(examples, EXAMPLES, **{option: "Hlf_name" if option != "filter" else "Hlf_name eq 1"})
    assert response.status_code == 400
    assert response.json()["error"] == {
        "code": "0x0",
        "message": "Could not find a property named 'Hlf_name' on type 'Microsoft.Dynamics.CRM.hlf_example'.",
    }


def test_expand_of_a_lookup_puts_the_other_row_inside(examples: RunningEmulator) -> None:
    body = ask(
        examples, EXAMPLES, select="hlf_count", expand="hlf_Mentor($select=hlf_name)", orderby="hlf_count"
    ).json()
    assert body["@odata.context"].endswith("#hlf_examples(hlf_count,hlf_Mentor(hlf_name))")
    others = [row["hlf_Mentor"] for row in body["value"]]
    assert [other and other["hlf_name"] for other in others] == ["Åse", "Berit", None, None, None]
    assert set(others[0]) == {"@odata.etag", "hlf_name", "hlf_peermentorid"}


def test_expand_needs_the_privilege_to_read_the_other_table(examples: RunningEmulator) -> None:
    examples.environment.tokens.users[next(iter(examples.environment.tokens.users))].denied.add(
        ("hlf_peermentor", "read")
    )
    assert ask(examples, EXAMPLES).status_code == 200
    assert ask(examples, EXAMPLES, expand="hlf_Mentor").status_code == 403
    row_id = next(iter(examples.environment.store.tables_by_set[EXAMPLES].rows))
    assert ask(examples, f"{EXAMPLES}({row_id})").status_code == 200
    assert ask(examples, f"{EXAMPLES}({row_id})", expand="hlf_Mentor").status_code == 403
    assert ask(examples, MENTORS).status_code == 403


@pytest.mark.parametrize("expand", ["hlf_Mentor($filter=hlf_name eq 'x')", "hlf_Mentor($select=hlf_name;$top=1)"])
def test_more_of_expand_than_the_emulator_has_is_501(examples: RunningEmulator, expand: str) -> None:
    assert ask(examples, EXAMPLES, expand=expand).status_code == 501


def test_annotations_come_if_asked_for_before_their_columns(examples: RunningEmulator) -> None:
    """Annotations come only if asked for, and before their columns."""
    assert not any("@OData" in name for row in listed(examples, EXAMPLES) for name in row)
    prefer = f'odata.include-annotations="{FORMATTED}"'
    response = ask(examples, EXAMPLES, prefer=prefer, orderby="hlf_count desc")
    assert response.headers["Preference-Applied"] == prefer
    row = response.json()["value"][0]
    assert row[f"hlf_kind@{FORMATTED}"] == "Third"
    assert row[f"hlf_active@{FORMATTED}"] == "No"
    assert row[f"hlf_when@{FORMATTED}"] == "3/29/2026 4:30 AM"
    assert row[f"hlf_amount@{FORMATTED}"] == "4.25"
    assert row[f"statecode@{FORMATTED}"] == "Active"
    assert not any("Microsoft.Dynamics" in name for name in row)
    assert list(row).index(f"hlf_kind@{FORMATTED}") < list(row).index("hlf_kind")
    everything = listed(examples, EXAMPLES, prefer='odata.include-annotations="*"', orderby="hlf_count")[0]
    assert everything["_hlf_mentor_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "hlf_peermentor"
    assert everything["_hlf_mentor_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "hlf_Mentor"
    assert everything[f"_hlf_mentor_value@{FORMATTED}"] == "Åse"
    assert everything[f"hlf_when@{FORMATTED}"] == "3/29/2026 12:30 AM"
    less = listed(examples, EXAMPLES, prefer='odata.include-annotations="*,-OData.*"', orderby="hlf_count")[0]
    assert not any(FORMATTED in name for name in less)
    assert "_hlf_mentor_value@Microsoft.Dynamics.CRM.lookuplogicalname" in less


# Order


def test_order_is_by_column_empty_first_without_case(examples: RunningEmulator) -> None:
    """Rows are ordered by each column in turn, empty values first, without regard to case."""
    assert [row["hlf_count"] for row in listed(examples, EXAMPLES, orderby="hlf_name")] == [2, 3, 4, 0, 1]
    assert [row["hlf_count"] for row in listed(examples, EXAMPLES, orderby="hlf_name desc")] == [1, 0, 4, 3, 2]
    assert [row["hlf_count"] for row in listed(examples, EXAMPLES, orderby="hlf_kind desc,hlf_count asc")] == [
        4,
        1,
        2,
        0,
        3,
    ]


def test_lookups_are_ordered_by_the_name_of_the_other_row(examples: RunningEmulator) -> None:
    found = listed(examples, EXAMPLES, orderby="_hlf_mentor_value desc,hlf_count")  # by their ids, Berit would be first
    assert [row["hlf_count"] for row in found] == [0, 1, 2, 3, 4]  # å is the last letter


def test_an_order_that_is_neither_up_nor_down_is_refused(examples: RunningEmulator) -> None:
    assert ask(examples, EXAMPLES, orderby="hlf_count up").status_code == 400


def test_without_an_order_rows_come_as_sql_server_orders_guids(service: RunningEmulator) -> None:
    """The last group of a guid counts first, and each of the first three from its last byte on."""
    many(service, 300)
    found = [uuid.UUID(row["hlf_peermentorid"]) for row in listed(service, MENTORS)]
    order = (10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3)
    assert found == sorted(found, key=lambda guid: [guid.bytes_le[byte] for byte in order])
    assert all(guid_of(sql_order(str(guid))) == str(guid) for guid in found)


# Pages


def test_a_next_link_is_absolute_and_has_the_documented_cookie(service: RunningEmulator) -> None:
    """A next link is absolute and carries the cookie of Microsoft's documentation."""
    many(service, 5)
    response = ask(service, MENTORS, prefer="odata.maxpagesize=2", select="hlf_name")
    assert response.headers["Preference-Applied"] == "odata.maxpagesize=2"
    body = response.json()
    first, last = (row["hlf_peermentorid"].upper() for row in body["value"])
    link = body["@odata.nextLink"]
    prefix, _, cookie = link.partition("&$skiptoken=")
    assert unquote(prefix) == f"{service.environment.api_url}hlf_peermentors?$select=hlf_name"
    assert cookie.startswith(
        "%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page%253d%25221%2522%253e"
    )
    assert cookie.endswith("%22%20istracking=%22False%22%20/%3E")
    marks = f'<hlf_peermentorid last="{{{last}}}" first="{{{first}}}" />'
    assert unquote(unquote(unquote(cookie))) == (
        f'<cookie pagenumber="2" pagingcookie="<cookie page="1">{marks}</cookie>" istracking="False" />'
    )


@pytest.mark.parametrize("orderby", [None, "hlf_name", "hlf_name desc,modifiedon", "versionnumber desc"])
@pytest.mark.parametrize("text", [None, "hlf_name ne '3'"])
def test_every_row_is_on_one_page(service: RunningEmulator, orderby: str | None, text: str | None) -> None:
    many(service, 60)
    options = {name: value for name, value in (("orderby", orderby), ("filter", text)) if value}
    pages = follow(service, ask(service, MENTORS, prefer="odata.maxpagesize=7", **options))
    rows = [row for page in pages for row in page.json()["value"]]
    assert rows == listed(service, MENTORS, **options)
    assert len(rows) == (51 if text else 60)
    assert {len(page.json()["value"]) for page in pages[:-1]} == {7}
    assert len({row["hlf_peermentorid"] for row in rows}) == len(rows)


def test_a_page_that_takes_exactly_the_rest_is_the_last(service: RunningEmulator) -> None:
    many(service, 6)
    assert len(follow(service, ask(service, MENTORS, prefer="odata.maxpagesize=3"))) == 2


@pytest.mark.parametrize("orderby", [None, "hlf_name"])
def test_rows_that_come_and_go_between_pages_move_no_other_row(service: RunningEmulator, orderby: str | None) -> None:
    """A page goes on behind the last row of the page before it, whatever became of that row."""
    table = many(service, 40)
    options = {"orderby": orderby} if orderby else {}
    before = listed(service, MENTORS, **options)
    first = ask(service, MENTORS, prefer="odata.maxpagesize=10", **options).json()
    for row in [before[3], before[9], before[10], before[25]]:
        table.delete(row["hlf_peermentorid"])
    table.insert({"hlf_mentorid": "new", "hlf_name": "3"})
    link = first["@odata.nextLink"]
    seen = list(first["value"])
    while link:
        body = service.http.get(link, headers={"Prefer": "odata.maxpagesize=10"}).json()
        seen += body["value"]
        link = body.get("@odata.nextLink")
    kept = [
        row
        for row in before
        if row["hlf_peermentorid"] not in {before[10]["hlf_peermentorid"], before[25]["hlf_peermentorid"]}
    ]
    assert [row for row in seen if row["hlf_mentorid"] != "new"] == kept


def test_a_page_reads_its_own_rows_and_no_others() -> None:
    """So the last page of a million rows costs what the first one does."""

    class Counting(dict[str, Any]):
        asked = 0

        def get(self, key, default=None):
            self.asked += 1
            return super().get(key, default)

    rows = Counting()
    order = Order(rows)
    for _ in range(20_000):
        row_id = str(uuid.uuid4())
        rows[row_id] = {"id": row_id}
        order.added(row_id)
    everything = list(order.after(None))
    assert len(everything) == 20_000
    for position in (0, 9_999, 19_900):
        rows.asked = 0
        behind = order.after(place_of(everything[position], sql_order(everything[position]["id"]), []))
        assert [next(behind) for _ in range(99)] == everything[position + 1 : position + 100]
        assert rows.asked == 99


def test_a_row_that_comes_back_with_its_old_id_is_there_once(service: RunningEmulator) -> None:
    table = many(service, 10)
    row_id = next(iter(table.rows))
    listed(service, MENTORS)
    table.delete(row_id)
    table.insert({"hlf_peermentorid": row_id, "hlf_mentorid": "again"})
    assert [row["hlf_peermentorid"] for row in listed(service, MENTORS)].count(row_id) == 1


def test_a_page_holds_5000_rows_and_no_more(service: RunningEmulator) -> None:
    many(service, 5_003)
    for prefer in ("", "odata.maxpagesize=9000", "odata.maxpagesize=0"):
        pages = follow(service, ask(service, MENTORS, prefer=prefer, select="hlf_name"))
        assert [len(page.json()["value"]) for page in pages] == [5_000, 3]
    assert len(listed(service, MENTORS, top=4_999, select="hlf_name")) == 4_999
    pages = follow(service, ask(service, MENTORS, top=5_002, select="hlf_name"))
    assert [len(page.json()["value"]) for page in pages] == [5_000, 2]


def test_top_counts_only_where_no_page_size_is_asked_for(service: RunningEmulator) -> None:
    many(service, 5)
    response = ask(service, MENTORS, top=2)
    assert len(response.json()["value"]) == 2
    assert "@odata.nextLink" not in response.json()
    assert listed(service, MENTORS, top=0) == []
    pages = follow(service, ask(service, MENTORS, top=1, prefer="odata.maxpagesize=3"))
    assert [len(page.json()["value"]) for page in pages] == [3, 2]


@pytest.mark.parametrize(
    "token", ["x", '<cookie pagenumber="2" pagingcookie="" istracking="False" />', '<cookie pagenumber="x" />']
)
def test_a_cookie_of_ones_own_is_refused(service: RunningEmulator, token: str) -> None:
    assert ask(service, MENTORS, skiptoken=token).status_code == 400


def test_a_cookie_of_another_order_is_refused(service: RunningEmulator) -> None:
    many(service, 3)
    link = ask(service, MENTORS, prefer="odata.maxpagesize=2", orderby="hlf_name").json()["@odata.nextLink"]
    assert service.http.get(link.replace("$orderby=hlf_name", "$orderby=hlf_area")).status_code == 400


def test_pages_can_be_asked_for_in_a_batch(service: RunningEmulator) -> None:
    many(service, 3)
    path = f"{MENTORS}?$filter=hlf_name ne 'x'&$select=hlf_name"
    (part,) = parts(service.batch(operation("GET", path, Prefer="odata.maxpagesize=2")))
    assert part.status == 200
    assert part.headers["preference-applied"] == "odata.maxpagesize=2"
    link = part.json()["@odata.nextLink"]
    assert " " not in link
    assert len(service.http.get(link).json()["value"]) == 1


# Counts


def test_counts_stop_at_5000_and_annotations_say(service: RunningEmulator) -> None:
    table = many(service, 5_000)
    asked = 'odata.maxpagesize=1,odata.include-annotations="Microsoft.Dynamics.CRM.*"'
    names = (
        "@odata.count",
        "@Microsoft.Dynamics.CRM.totalrecordcount",
        "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded",
    )

    def reported(**options):
        body = ask(service, MENTORS, prefer=asked, **options).json()
        return tuple(body.get(name) for name in names)

    assert reported(count="true") == (5_000, 5_000, False)
    table.insert({"hlf_mentorid": "one more", "hlf_name": "x"})
    assert reported(count="true") == (5_000, 5_000, True)
    assert reported(count="true", filter="hlf_name eq 'x'") == (1, 1, False)
    assert reported() == (None, -1, False)
    response = service.get(f"{MENTORS}/$count")
    assert (response.headers["content-type"], response.text) == ("text/plain", "5000")
    assert service.get(f"{MENTORS}/$count?$filter=hlf_name eq 'x'").text == "1"


def test_preferences_may_come_in_one_header_or_in_several(service: RunningEmulator) -> None:
    """The sample of "Count rows using OData" sends two."""
    many(service, 4)
    asked = ["odata.maxpagesize=3", 'odata.include-annotations="Microsoft.Dynamics.CRM.*"']
    for headers in ([("Prefer", item) for item in asked], [("Prefer", ", ".join(asked))]):
        response = service.ask("GET", f"{MENTORS}?$count=true", headers=headers)
        assert response.headers.get_list("Preference-Applied") == asked
        assert response.json()["@Microsoft.Dynamics.CRM.totalrecordcount"] == 4
        assert len(response.json()["value"]) == 3


# Options


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("$skip=1", 400, "Skip Clause is not supported in CRM"),
        ("$search=x", 400, "The query parameter $search is not supported"),
        ("$format=json", 400, "The query parameter $format is not supported"),
        ("$Select=hlf_name", 400, "The query parameter $Select is not supported"),
        ("nothing=1", 400, "The query parameter nothing is not supported"),
        ("$top=1&$top=2", 400, "Query option '$top' was specified more than once"),
        ("$top=-1", 400, "Invalid value '-1' for $top query option found."),
        ("$top=x", 400, "Invalid value 'x' for $top query option found."),
        ("$count=1", 400, "Invalid value '1' for $count query option found."),
        ("$apply=aggregate($count as n)", 501, "The emulator does not serve $apply queries."),
        ("fetchXml=x", 501, "The emulator does not serve fetchXml queries."),
        ("sql=x", 501, "The emulator does not serve sql queries."),
    ],
)
def test_an_option_the_service_does_not_have_is_refused(
    service: RunningEmulator, query: str, status: int, message: str
) -> None:
    response = service.get(f"{MENTORS}?{query}")
    assert response.status_code == status
    assert response.json()["error"]["message"].startswith(message)


def test_one_row_takes_select_and_expand_and_no_other_option(examples: RunningEmulator) -> None:
    row_id = next(iter(examples.environment.store.tables_by_set[EXAMPLES].rows))
    body = ask(examples, f"{EXAMPLES}({row_id})", select="hlf_count", expand="hlf_Mentor($select=hlf_name)").json()
    assert body["@odata.context"].endswith("#hlf_examples(hlf_count,hlf_Mentor(hlf_name))/$entity")
    assert body["hlf_Mentor"]["hlf_name"] == "Åse"
    for option in ("filter", "orderby", "top", "count"):
        assert ask(examples, f"{EXAMPLES}({row_id})", **{option: "1"}).status_code == 400


def test_a_value_for_plug_ins_is_taken_and_means_nothing(service: RunningEmulator) -> None:
    assert service.get(f"{MENTORS}?tag=x").status_code == 200


def test_sets_take_get_and_post_and_know_their_segments(service: RunningEmulator) -> None:
    assert service.ask("PUT", MENTORS).status_code == 405
    assert service.get(f"{MENTORS}/nothing").status_code == 404
    assert service.get("hlf_Peermentors").json()["error"]["code"] == "0x8006088a"
    assert service.http.get(f"{API}{MENTORS}", headers={"Authorization": ""}).status_code == 401


def test_an_order_by_parameter_aliases_goes_on_over_pages(examples: RunningEmulator) -> None:
    """An order may be given by parameter aliases and goes on over pages.

    `$orderby=@p1 asc,@p2 desc&@p1=revenue&@p2=name` is Microsoft's own sample.
    """
    plain = listed(examples, EXAMPLES, orderby="hlf_kind asc,hlf_name desc")
    options = {"orderby": "@p1 asc,@p2 desc", "p1": "hlf_kind", "p2": "hlf_name"}
    assert listed(examples, EXAMPLES, **options) == plain
    pages = follow(examples, ask(examples, EXAMPLES, prefer="odata.maxpagesize=2", **options))
    assert [row for page in pages for row in page.json()["value"]] == plain
    assert ask(examples, EXAMPLES, orderby="@p1", p1="nothing").status_code == 400
