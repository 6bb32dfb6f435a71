"""`$batch` of the emulator, as Microsoft documents it and as it was captured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from emulators.dataverse.model import defaults
from tests.support.dataverse_service import API, EXAMPLES, MENTORS, change_set, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

TOO_LONG = {"hlf_name": "x" * 201}


def mentor(key: str = "m-1") -> str:
    return f"{MENTORS}(hlf_mentorid='{key}')"


def names(service) -> list[str]:
    return sorted(row["hlf_name"] for row in service.rows(MENTORS))


def refused_whole(response, status: int, code: str, message: str = "") -> None:
    """A batch that is refused as a whole is answered by plain JSON."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["error"]["code"] == code
    assert message in response.json()["error"]["message"]


def unreadable(response) -> None:
    """What the page on client errors shows: a batch reply with one part, nothing done."""
    assert response.status_code == 400
    (failed,) = parts(response)
    assert (failed.status, failed.code) == (400, "0x80048d19")
    assert "System.ArgumentException: Stream was not readable." in failed.json()["error"]["message"]
    assert "req_id" in failed.headers


def test_operations_are_done_and_reported_in_order(service: Any) -> None:
    """Operations are carried out in order, and their responses come in that order."""
    response = service.batch(
        operation("PATCH", mentor("a"), {"hlf_name": "Kari"}),
        operation("POST", MENTORS, {"hlf_mentorid": "b", "hlf_name": "Åse"}),
        operation("GET", f"{mentor('b')}?$select=hlf_name"),
        operation("PATCH", mentor("b"), {"hlf_name": "Siri"}),
        operation("DELETE", mentor("a")),
    )
    assert response.status_code == 200
    assert response.headers["odata-version"] == "4.0"
    upserted, created, read, updated, deleted = parts(response)
    assert [part.status for part in (upserted, created, read, updated, deleted)] == [204, 204, 200, 204, 204]
    assert upserted.headers["odata-entityid"] == f"{service.environment.api_url}{mentor('a')}"
    assert upserted.headers["location"] == upserted.headers["odata-entityid"]
    assert re.search(r"hlf_peermentors\([0-9a-f-]{36}\)$", created.headers["odata-entityid"])
    assert read.json()["hlf_name"] == "Åse"
    assert read.headers["odata-version"] == "4.0"
    assert names(service) == ["Siri"]


@pytest.mark.parametrize("before", ["", "/api/data/v9.2/", "http://127.0.0.1:1/api/data/v9.2/"])
def test_an_operations_address_may_be_relative_or_absolute(service: Any, before: str) -> None:
    """An operation's address may be relative to the service, relative to the host, or absolute."""
    text = operation("PATCH", mentor(), {"hlf_name": "Kari"}).replace(f" {API}", f" {before}")
    assert [part.status for part in parts(service.batch(text))] == [204]
    assert names(service) == ["Kari"]


@pytest.mark.parametrize(
    "before", ["/api/data/v9.1/", "http://127.0.0.1:1/api/data/v9.0/", "https://x.crm4.dynamics.com/api/data/v9.1/"]
)
def test_an_operation_of_another_version_says_so(service: RunningEmulator, before: str) -> None:
    """An operation of another version says so, whichever way it is addressed.

    The host of an address is no segment of it.
    """
    (part,) = parts(service.batch(operation("GET", "WhoAmI").replace(f" {API}", f" {before}")))
    assert part.status == 501
    assert "does not serve version v9." in part.json()["error"]["message"]


@pytest.mark.parametrize(
    "kind", ["Multipart/Mixed; Boundary=batch_1", 'multipart/mixed;charset=utf-8;boundary="batch_1"']
)
def test_a_content_type_is_read_without_case(service: RunningEmulator, kind: str) -> None:
    """RFC 9110, 8.3.1."""
    assert [
        part.status for part in parts(service.batch(operation("GET", "WhoAmI"), go_on=False, **{"Content-Type": kind}))
    ] == [200]


def test_a_batch_is_posted(service: RunningEmulator) -> None:
    """Nothing else is a batch, and none is inside another here."""
    response = service.get("$batch")
    assert (response.status_code, response.json()["error"]["code"]) == (405, "")
    assert "does not support http method 'GET'" in response.text


def test_each_operation_has_headers_of_its_own(service: Any) -> None:
    service.patch(mentor("there"), {"hlf_name": "x"})
    if_match = {"If-Match": "*"}
    response = service.batch(
        operation("PATCH", mentor("there"), {"hlf_name": "y"}, **if_match),
        operation("PATCH", mentor("away"), {"hlf_name": "y"}, **if_match),
        operation("PATCH", f"{mentor('new')}?$select=hlf_name", {"hlf_name": "z"}, Prefer="return=representation"),
        go_on=True,
    )
    there, away, new = parts(response)
    assert [there.status, away.status, new.status] == [204, 404, 201]
    assert new.json()["hlf_name"] == "z"
    assert names(service) == ["y", "z"]


def test_a_batch_stops_at_the_first_error_with_its_status(
    service: Any,
) -> None:
    """Without continue-on-error the batch stops at the first error, and the outer status is that of the failure."""
    response = service.batch(
        operation("PATCH", mentor("a"), {"hlf_name": "Kari"}),
        operation("PATCH", mentor("b"), TOO_LONG),
        operation("PATCH", mentor("c"), {"hlf_name": "Åse"}),
    )
    assert response.status_code == 400
    done, failed = parts(response)
    assert (done.status, failed.status, failed.code) == (204, 400, "0x80044331")
    assert re.fullmatch(r"[0-9a-f-]{36}", failed.headers["req_id"])
    assert failed.headers["content-type"] == "application/json; odata.metadata=minimal"
    assert names(service) == ["Kari"]  # what came before stays


def test_the_outer_status_of_a_batch_of_reads_that_stops_is_404(service: Any) -> None:
    service.patch(mentor("a"), {"hlf_name": "Kari"})
    response = service.batch(*(operation("GET", mentor(key)) for key in ("a", "nobody", "a")))
    assert response.status_code == 404
    assert [part.status for part in parts(response)] == [200, 404]


@pytest.mark.parametrize(
    "prefer",
    ["odata.continue-on-error", "return=minimal, odata.continue-on-error=true", 'OData.Continue-On-Error="true"'],
)
def test_with_continue_on_error_all_are_done_and_it_is_200(service: Any, prefer: str) -> None:
    """With continue-on-error all operations are carried out, and the outer status is 200."""
    response = service.batch(
        operation("PATCH", mentor("a"), TOO_LONG), operation("PATCH", mentor("b"), {"hlf_name": "Åse"}), Prefer=prefer
    )
    assert response.status_code == 200
    assert [part.status for part in parts(response)] == [400, 204]
    assert names(service) == ["Åse"]


def test_a_preference_to_stop_is_one(service: Any) -> None:
    items = [operation("PATCH", mentor(key), TOO_LONG) for key in "ab"]
    response = service.batch(*items, Prefer="odata.continue-on-error=false")
    assert [part.status for part in parts(response)] == [400]


# change sets


def test_a_change_set_has_one_response_with_content_ids(service: Any) -> None:
    """A change set gets one response, with the Content-IDs of its operations."""
    response = service.batch(
        change_set(
            operation("POST", MENTORS, {"hlf_name": "Kari"}, content_id="1"),
            operation("PATCH", mentor("b"), {"hlf_name": "Åse"}, content_id="2"),
        ),
        operation("GET", mentor("b")),
    )
    (first, second), read = parts(response)
    assert [(first.status, first.content_id), (second.status, second.content_id)] == [(204, "1"), (204, "2")]
    assert read.status == 200


def test_a_failed_change_set_is_undone_with_one_response(service: Any) -> None:
    """A change set that fails is taken back, and its response is the failure alone."""
    service.patch(mentor("old"), {"hlf_name": "old", "hlf_area": "Oslo"})
    service.patch(mentor("gone"), {"hlf_name": "gone"})
    before = [dict(row) for row in service.rows(MENTORS)]
    response = service.batch(
        change_set(
            operation("PATCH", mentor("new"), {"hlf_name": "new"}, content_id="1"),
            operation("PATCH", mentor("old"), {"hlf_name": "changed", "hlf_area": None}, content_id="2"),
            operation("DELETE", mentor("gone"), content_id="3"),
            operation("PATCH", mentor("bad"), TOO_LONG, content_id="4"),
            operation("PATCH", mentor("after"), {"hlf_name": "after"}, content_id="5"),
        ),
        operation("GET", mentor("old")),
        go_on=True,
    )
    assert response.status_code == 200
    (failed,), read = parts(response)
    assert (failed.status, failed.code, failed.content_id) == (400, "0x80044331", "4")
    assert read.json()["hlf_name"] == "old"
    assert sorted(service.rows(MENTORS), key=str) == sorted(before, key=str)
    assert service.patch(mentor("new"), {"hlf_name": "new"}, **{"If-None-Match": "*"}).status_code == 204
    assert service.patch(mentor("gone"), {"hlf_name": "x"}, **{"If-Match": "*"}).status_code == 204


def test_a_change_set_taken_back_is_no_change_to_track(service: RunningEmulator) -> None:
    """What a failed change set took back is no change to track."""
    table = service.environment.store.tables_by_set[MENTORS]
    service.patch(mentor("a"), {"hlf_name": "a"})
    changes = list(table.changes)
    bad = operation("PATCH", mentor("b"), TOO_LONG)
    service.batch(change_set(operation("PATCH", mentor("a"), {"hlf_name": "b"}), operation("DELETE", mentor("a")), bad))
    assert table.changes == changes
    assert len(list(service.environment.journal.writes())) == 1


def test_a_failed_change_set_ends_the_batch_unless_asked_not_to(service: Any) -> None:
    """A change set that fails ends the batch unless continue-on-error is asked for."""
    failing = change_set(operation("PATCH", mentor("a"), TOO_LONG))
    following = change_set(operation("PATCH", mentor("b"), {"hlf_name": "Åse"}))
    stopped = service.batch(failing, following)
    assert stopped.status_code == 400
    assert [[part.status for part in item] for item in parts(stopped)] == [[400]]
    assert names(service) == []
    went_on = service.batch(failing, following, go_on=True)
    assert [[part.status for part in item] for item in parts(went_on)] == [[400], [204]]
    assert names(service) == ["Åse"]


def test_operations_of_a_change_set_refer_to_those_before_them(service: Any) -> None:
    """The examples of the batch page: a reference in a body, in an address, and in both."""
    response = service.batch(
        change_set(
            operation("POST", MENTORS, {"hlf_mentorid": "a", "hlf_name": "Kari"}, content_id="1"),
            operation("POST", EXAMPLES, {"hlf_name": "x", "hlf_Mentor@odata.bind": "$1"}, content_id="2"),
            operation("PUT", "$1/hlf_name", {"value": "Åse"}, content_id="3"),
            operation("PATCH", "$2", {"hlf_code": "c"}, content_id="4"),
            operation("PUT", "$2/hlf_Mentor/$ref", {"@odata.id": "$1"}, content_id="5"),
        )
    )
    (made, *others), = parts(response)  # fmt: skip
    assert {part.status for part in (made, *others)} == {204}
    mentor_id = service.row(mentor("a"))["hlf_peermentorid"]
    (row,) = service.rows(EXAMPLES)
    assert (row["_hlf_mentor_value"], row["hlf_code"]) == (mentor_id, "c")
    assert names(service) == ["Åse"]


def test_a_reference_to_a_later_operation_undoes_the_change_set(service: Any) -> None:
    """A reference to a later operation is 400 and undoes the change set."""
    response = service.batch(
        change_set(
            operation("POST", EXAMPLES, {"hlf_name": "x", "hlf_Mentor@odata.bind": "$1"}, content_id="2"),
            operation("POST", MENTORS, {"hlf_name": "Kari"}, content_id="1"),
        )
    )
    assert response.status_code == 400
    ((failed,),) = parts(response)
    assert failed.json()["error"]["message"] == "Content-ID Reference: '$1' does not exist in the batch context."
    assert (service.rows(EXAMPLES), service.rows(MENTORS)) == ([], [])


def test_reading_is_not_allowed_in_a_change_set(service: Any) -> None:
    response = service.batch(
        operation("PATCH", mentor("a"), {"hlf_name": "Kari"}), change_set(operation("GET", mentor("a")))
    )
    refused_whole(
        response, 400, "0x80048d19", "An invalid HTTP method 'GET' was detected for a request in a change set"
    )
    assert names(service) == []


# what is refused as a whole


def test_1000_operations_are_carried_out_and_1001_are_refused(service: Any) -> None:
    at_most = [operation("PATCH", mentor(str(number)), {"hlf_name": "x"}) for number in range(1_000)]
    refused_whole(service.batch(*at_most, at_most[0]), 400, "0x80048d19", "maximum number of '1000' query operations")
    refused_whole(service.batch(change_set(*at_most), at_most[0]), 400, "0x80048d19", "too many parts")
    assert names(service) == []
    assert [part.status for part in parts(service.batch(*at_most))] == [204] * 1_000


def test_the_number_of_operations_allowed_can_be_set(service: RunningEmulator) -> None:
    """The number of operations allowed can be that of other environments."""
    service.environment.settings.batch_limit = 2
    items = [operation("GET", "WhoAmI")] * 3
    refused_whole(service.batch(*items), 400, "0x80048d19", "with a maximum number of '2' query operations")
    assert len(parts(service.batch(*items[:2]))) == 2


def sent(service, text: str, prefer: str = ""):
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1"} | ({"Prefer": prefer} if prefer else {})
    return service.ask("POST", "$batch", content=text.encode(), headers=headers)


def written(*keys: str, end: str = "--batch_1--\r\n") -> str:
    """A batch that writes these keys, each into the name too."""
    items = [operation("PATCH", mentor(key), {"hlf_name": key}) for key in keys]
    return "".join(f"--batch_1\r\n{item}" for item in items) + end


@pytest.mark.parametrize("end", ["\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\n\r\n", " \r\n", "\r\nnobody's"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_batch_with_line_feeds_needs_two_at_its_end(service: RunningEmulator, line_end: str, end: str) -> None:
    """The page on client errors: "add two non-CRLF line endings at the end"."""
    response = sent(service, written("a", "b", end="--batch_1--").replace("\r\n", line_end) + end)
    assert (response.status_code, [part.status for part in parts(response)]) == (200, [204, 204])
    assert names(service) == ["a", "b"]


def test_a_change_set_may_have_line_feeds_too(service: RunningEmulator) -> None:
    """With references, and a read behind it, all of it with LF."""
    inside = change_set(
        operation("POST", MENTORS, {"hlf_mentorid": "a", "hlf_name": "a"}, content_id="1"),
        operation("PUT", "$1/hlf_area", {"value": "Oslo"}, content_id="2"),
    )
    text = f"--batch_1\r\n{inside}--batch_1\r\n{operation('GET', mentor('a'))}--batch_1--\r\n\r\n"
    changed, read = parts(sent(service, text.replace("\r\n", "\n")))
    assert [part.status for part in changed] == [204, 204]
    assert read.json()["hlf_area"] == "Oslo"


@pytest.mark.parametrize("at", range(16))
def test_line_ends_may_differ_within_a_batch(service: RunningEmulator, at: Any) -> None:
    """A choice, LINE_ENDS_MAY_DIFFER."""
    text = written("a", "b")
    places = [found.start() for found in re.finditer("\r\n", text)]
    assert len(places) == 17
    response = sent(service, text[: places[at]] + text[places[at] + 1 :])
    assert [part.status for part in parts(response)] == [204, 204]
    assert names(service) == ["a", "b"]


CUT = {
    "no line end": "--batch_1--",
    "one line feed": "--batch_1--\n",
    "no end": "",
    "a delimiter that does not close": "--batch_1\r\n",
    "half a delimiter": "--bat",
    "half a closing delimiter": "--batch_1-",
}


@pytest.mark.parametrize("end", CUT.values(), ids=CUT)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_batch_that_ends_badly_loses_its_last_operation(service: RunningEmulator, line_end: str, end: Any) -> None:
    """Nothing else is lost; the reply for it has the words of the page on client errors."""
    text = written("a", "b", "c", end=end).replace("\r\n", line_end)
    response = sent(service, text)
    *done, failed = parts(response)
    assert (response.status_code, [part.status for part in done]) == (400, [204, 204])
    assert (failed.status, failed.code) == (400, "0x80048d19")
    assert "System.ArgumentException: Stream was not readable." in failed.json()["error"]["message"]
    assert names(service) == ["a", "b"]


@pytest.mark.parametrize("kept", range(1, 220, 7))
def test_a_batch_cut_anywhere_does_what_came_whole(service: RunningEmulator, kept: Any) -> None:
    """A body of which only the beginning arrived."""
    text = written("a", "b")
    second = text.index("--batch_1", 1)
    assert sent(service, text[: second + kept]).status_code == 400
    assert names(service) == (["a"] if kept > len("--batch_1\r\n") else [])


def test_a_badly_ended_batch_that_goes_on_is_200(service: RunningEmulator) -> None:
    """The lost operation is the last, so there is nothing to go on with."""
    response = sent(service, written("a", "b", end="--batch_1--"), "odata.continue-on-error")
    assert (response.status_code, [part.status for part in parts(response)]) == (200, [204, 400])
    assert "Entity :'hlf_peermentors'" in parts(response)[1].json()["error"]["message"]


@pytest.mark.parametrize("lost", ["batch", "change set"])
def test_a_change_set_that_ends_badly_is_taken_back(service: RunningEmulator, lost: str) -> None:
    """All or nothing, and its last operation is lost."""
    items = [operation("PATCH", mentor(key), {"hlf_name": key}, content_id=key) for key in "bc"]
    inside = change_set(*items)
    text = written("a", end=f"--batch_1\r\n{inside}--batch_1--")
    text = text if lost == "batch" else text.replace("--changeset_1--\r\n", "") + "\r\n"
    response = sent(service, text)
    done, (failed,) = parts(response)
    assert (response.status_code, done.status, failed.status, failed.content_id) == (400, 204, 400, "c")
    assert names(service) == ["a"]


def test_a_boundary_that_begins_another_is_not_it(service: RunningEmulator) -> None:
    """A change set's boundary may begin with the batch's."""
    inside = change_set(operation("PATCH", mentor("a"), {"hlf_name": "a"})).replace("changeset_1", "batch_12")
    (done,), = parts(sent(service, f"--batch_1\r\n{inside}--batch_1--\r\n"))  # fmt: skip
    assert (done.status, names(service)) == (204, ["a"])


def test_an_operation_without_an_empty_line_is_400(service: RunningEmulator) -> None:
    """The service reads the delimiter as a header then (derekfinlinson/xrm-webapi#23)."""
    bare = operation("GET", mentor("a")).removesuffix("\r\n\r\n\r\n")
    text = f"--batch_1\r\n{bare}\r\n{written('b')}"
    refused_whole(sent(service, text), 400, "0x80048d19", "The message header '--batch_1' is invalid.")
    assert names(service) == []


def test_json_inside_may_have_line_ends_of_its_own(service: Any) -> None:
    item = operation("PATCH", mentor(), {"hlf_name": "Kari"}).replace('{"', '{\n  "')
    assert [part.status for part in parts(service.batch(item))] == [204]


@pytest.mark.parametrize(
    "body",
    ["", "x", "--batch_1\r\n", "--batch_1\r\nContent-Type: application/http\r\n\r\n\r\n--batch_1--", "--other--\r\n"],
)
def test_what_cannot_be_read_at_all_is_400_too(service: Any, body: str) -> None:
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1"}
    unreadable(service.ask("POST", "$batch", content=body.encode(), headers=headers))


@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed", "text/plain; boundary=batch_1"])
def test_a_batch_needs_its_content_type(service: Any, kind: str) -> None:
    response = service.batch(operation("GET", "WhoAmI"), **{"Content-Type": kind})
    refused_whole(response, 400, "0x80048d19")


def test_a_batch_cannot_hold_a_batch(service: Any) -> None:
    inside = parts(service.batch(operation("POST", "$batch", {}), go_on=True))
    assert [part.status for part in inside] == [400]


def test_a_batch_without_a_token_is_refused_with_the_challenge(service: Any) -> None:
    """A batch without a token is refused as a whole, with the challenge."""
    del service.http.headers["Authorization"]
    response = service.batch(operation("PATCH", mentor(), {"hlf_name": "x"}))
    assert (response.status_code, names(service)) == (401, [])
    assert "www-authenticate" in response.headers


def test_a_missing_privilege_fails_only_what_needs_it(service: RunningEmulator) -> None:
    """A missing privilege concerns only the operations that need it."""
    service.environment.tokens.deny(defaults.CLIENT_ID, "hlf_example", "create")
    one, other = operation("POST", EXAMPLES, {"hlf_name": "x"}), operation("POST", MENTORS, {"hlf_name": "Kari"})
    assert [part.status for part in parts(service.batch(one, other, go_on=True))] == [403, 204]


def test_an_address_inside_may_have_65536_characters_and_no_more(service: Any) -> None:
    long = "x" * (65_536 - len(f"{API}WhoAmI?tag="))
    assert [part.status for part in parts(service.batch(operation("GET", f"WhoAmI?tag={long}")))] == [200]
    refused_whole(service.batch(operation("GET", f"WhoAmI?tag={long}x")), 413, "")


def test_letters_of_any_language_pass(service: Any) -> None:
    """Letters of any language pass in addresses, bodies and replies."""
    response = service.batch(
        operation("PATCH", f"{mentor('Åse Ł')}?$select=hlf_name", {"hlf_name": "Æ"}, Prefer="return=representation"),
        operation("PATCH", mentor("%C3%85se%20%C5%81"), {"hlf_area": "Ø"}),
    )
    created, updated = parts(response)
    assert created.json()["hlf_name"] == "Æ"
    assert created.headers["odata-entityid"].endswith("(hlf_mentorid='%C3%85se %C5%81')")
    assert updated.status == 204
    assert [(row["hlf_mentorid"], row["hlf_area"]) for row in service.rows(MENTORS)] == [("Åse Ł", "Ø")]


def test_a_fault_of_our_own_is_a_500_of_that_operation_alone(
    service: RunningEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the emulator's own is a 500 of that operation alone."""
    service.environment.store.tables_by_set["broken"] = cast("Any", object())
    response = service.batch(operation("GET", "broken"), operation("PATCH", mentor(), {"hlf_name": "Kari"}), go_on=True)
    failed, done = parts(response)
    assert (failed.status, failed.code, done.status) == (500, "0x80040216", 204)
    assert "AttributeError" in caplog.text
