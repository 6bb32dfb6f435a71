"""What nobody knows of the service, and the emulator therefore chose (local/dataverse/choices.py).

These say what it does, so that a change is made on purpose; nothing of ours may depend on them.
"""

from __future__ import annotations

import pytest

from tests.dataverse_service import EXAMPLES, MENTORS, running

EXAMPLE = f"{EXAMPLES}(hlf_code='a',hlf_year=2026)"


@pytest.fixture(scope="module")
def service_process():
    with running() as service:
        yield service


@pytest.fixture
def service(service_process):
    service_process.reset()
    return service_process


def test_text_in_a_key_is_compared_without_case(service):
    service.patch(f"{MENTORS}(hlf_mentorid='ÅSE')", {"hlf_name": "x"})
    assert service.patch(f"{MENTORS}(hlf_mentorid='åse')", {"hlf_name": "y"}).status_code == 204
    assert [(row["hlf_mentorid"], row["hlf_name"]) for row in service.rows(MENTORS)] == [("ÅSE", "y")]


def test_rows_with_an_empty_key_column_do_not_clash(service):
    for _ in range(2):
        assert service.post(MENTORS, {"hlf_name": "x"}).status_code == 204
        assert service.post(EXAMPLES, {"hlf_code": "a"}).status_code == 204


def test_a_401_has_no_body(service):
    response = service.get("WhoAmI", Authorization="Bearer x")
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize(
    ("column", "text", "kept"),
    [("hlf_count", "5", 5), ("hlf_kind", "100000000", 100000000), ("hlf_active", "True", True)],
)
def test_text_for_a_whole_number_or_a_boolean_is_converted(service, column, text, kept):
    assert service.patch(EXAMPLE, {column: text}).status_code == 204
    assert service.row(EXAMPLE)[column] == kept


def test_text_for_a_decimal_is_not(service):
    response = service.patch(EXAMPLE, {"hlf_amount": "5"})
    assert response.status_code == 400
    assert "'IEEE754Compatible'" in response.json()["error"]["message"]


@pytest.mark.parametrize(("column", "value"), [("hlf_amount", -100000000001), ("hlf_amount", 1e12)])
def test_a_number_outside_its_range_is_400(service, column, value):
    response = service.patch(EXAMPLE, {column: value})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "0x80044330")


def test_a_row_may_be_created_inactive(service):
    service.patch(EXAMPLE, {"statecode": 1, "statuscode": 2})
    assert service.row(EXAMPLE)["statecode"] == 1


def test_the_length_of_a_text_counts_letters_outside_the_basic_plane_twice(service):
    assert service.patch(EXAMPLE, {"hlf_name": "𝄞" * 100}).status_code == 204
    assert service.patch(EXAMPLE, {"hlf_name": "𝄞" * 101}).status_code == 400
