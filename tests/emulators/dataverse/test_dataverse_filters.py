"""`$filter` at the emulator over HTTP, as Microsoft's page "Filter rows using OData" has it, and what it refuses."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dataverse_queries import ask, counts, listed
from tests.support.dataverse_service import EXAMPLES, MENTORS

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

FILTERS = {
    "hlf_count eq 3": "3",
    "3 eq hlf_count": "3",
    "hlf_count ne 3": "0124",
    "hlf_count gt 1 and hlf_count le 3": "23",
    "1 lt hlf_count": "234",
    "1 ge hlf_count": "01",
    "3 le hlf_count": "34",
    "1 gt hlf_count": "0",
    "hlf_count eq 0 or hlf_count eq 2 and hlf_active eq true": "0",
    "(hlf_count eq 0 or hlf_count eq 2) and hlf_active eq null": "2",
    "not (hlf_count eq 0 or hlf_count eq 2)": "134",
    "not contains(hlf_name,'o') and not (hlf_name eq null)": "",
    "hlf_name eq 'OSLO'": "0",
    "hlf_name ne 'oslo'": "1234",
    "hlf_name eq null": "2",
    "null ne hlf_name": "0134",
    "hlf_name eq ''": "",
    "hlf_name eq 'o''brian_X'": "4",
    "hlf_name gt 'OSLO'": "1",
    "hlf_amount gt 1": "134",
    "hlf_amount eq 4.25": "4",
    "hlf_amount lt 1e0": "0",
    "hlf_count gt -1": "01234",
    "hlf_active eq true": "03",
    "hlf_active ne true": "124",
    "hlf_active eq null": "2",
    "hlf_kind eq 100000001": "12",
    "statecode eq 0": "01234",
    "hlf_when ge 2026-03-29T02:30:00Z": "234",
    "hlf_when ge 2026-03-29T04:30:00+02:00": "234",
    "hlf_when gt 2026-03-29T02:30:00.001Z": "34",
    "hlf_when lt 2026-03-29": "",
    "hlf_day le 2026-03-22": "012",
    "hlf_name eq hlf_code": "0",
    "hlf_count eq hlf_year": "3",
    "hlf_count lt hlf_year": "0124",
    "contains(hlf_name,'SLO')": "01",
    "startswith(hlf_name,'o')": "014",
    "endswith(hlf_name,'ø')": "3",
    "contains(hlf_name,'o''b')": "4",
    "contains(hlf_name,'o_l')": "01",
    "contains(hlf_name,'o%0')": "1",
    "contains(hlf_name,'100[%]')": "1",
    "contains(hlf_name,'n[_]x')": "4",
    "startswith(hlf_name,'[ab]')": "3",
    "startswith(hlf_name,'[^b]')": "014",
    "endswith(hlf_name,'%lo')": "0",
    "not endswith(hlf_name,'lo')": "1234",
    "hlf_Mentor/hlf_name eq 'åse'": "0",
    "hlf_Mentor/hlf_name eq null": "234",
    "_hlf_mentor_value ne null": "01",
    'Microsoft.Dynamics.CRM.In(PropertyName=\'hlf_count\',PropertyValues=["1","4"])': "14",
    "Microsoft.Dynamics.CRM.In(PropertyName='hlf_name',PropertyValues=['oslo','bodø'])": "03",
    "Microsoft.Dynamics.CRM.In(PropertyName='hlf_name',PropertyValues=[\"O'Brian_x\"])": "4",
    'Microsoft.Dynamics.CRM.NotIn(PropertyName=\'hlf_code\',PropertyValues=["b","C"])': "034",
    "Microsoft.Dynamics.CRM.In(PropertyName='hlf_active',PropertyValues=[\"1\"])": "03",
    'Microsoft.Dynamics.CRM.Between(PropertyName=\'hlf_count\',PropertyValues=["1","3"])': "123",
    'Microsoft.Dynamics.CRM.NotBetween(PropertyName=\'hlf_amount\',PropertyValues=["1","3.5"])': "04",
    "Microsoft.Dynamics.CRM.Between(PropertyName='hlf_when',PropertyValues=[\"2026-03-29T01:00:00Z\","
    '"2026-03-29T02:30:00Z"])': "12",
    'Microsoft.Dynamics.CRM.ContainValues(PropertyName=\'hlf_kind\',PropertyValues=["100000000","100000002"])': "04",
    "Microsoft.Dynamics.CRM.DoesNotContainValues(PropertyName='hlf_kind',PropertyValues=[\"100000001\"])": "04",
    "not Microsoft.Dynamics.CRM.In(PropertyName='hlf_count',PropertyValues=[\"1\"]) and hlf_count lt 3": "02",
}


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_the_rows_that_hold(examples: RunningEmulator, text: Any) -> None:
    assert counts(examples, filter=text) == FILTERS[text]


def test_lookups_and_ids_are_compared_with_guids(examples: RunningEmulator) -> None:
    (first, *_) = listed(examples, EXAMPLES, orderby="hlf_count")
    assert counts(examples, filter=f"_hlf_mentor_value eq {first['_hlf_mentor_value'].upper()}") == "0"
    assert counts(examples, filter=f"_hlf_mentor_value eq '{first['_hlf_mentor_value']}'") == "0"
    assert counts(examples, filter=f"hlf_exampleid ne {first['hlf_exampleid']}") == "1234"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"filter": "@p1 ne @p3", "p1": "hlf_name"}, "0134"),
        ({"filter": "@p1 eq @p2", "p1": "hlf_code", "p2": "hlf_name"}, "0"),
        ({"filter": "@p2 lt @p1", "p1": "hlf_count", "p2": "2"}, "34"),
        ({"filter": "contains(@p1,@p2)", "p1": "hlf_name", "p2": "'OSLO'"}, "01"),
        ({"filter": "@p1 eq 'berit'", "p1": "hlf_Mentor/hlf_name"}, "1"),
        ({"filter": "@p1 eq null", "p1": " hlf_Mentor "}, "234"),
    ],
)
def test_parameter_aliases_stand_for_columns(examples: RunningEmulator, options: Any, found: str) -> None:
    """Microsoft's own sample has `$filter=@p1 ne @p3&@p1=revenue` ("Query data using the Web API")."""
    assert counts(examples, **options) == found


@pytest.mark.parametrize(("p1", "said"), [("hlf_nme", "hlf_nme"), ("hlf_name desc", "position 0")])
def test_an_alias_for_no_column_is_refused_like_the_column(examples: RunningEmulator, p1: str, said: str) -> None:
    """An alias for no column is refused as the column would be."""
    response = ask(examples, EXAMPLES, filter="@p1 eq 'x'", p1=p1)
    assert response.status_code == 400
    assert said in response.json()["error"]["message"]


def test_parameter_aliases_stand_for_values(examples: RunningEmulator) -> None:
    text = "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2) and hlf_count lt @p3"
    assert counts(examples, filter=text, p1="'hlf_name'", p2='["Oslo","O\'Brian_x"]', p3="4") == "0"
    assert counts(examples, filter="hlf_name eq @p1") == "2"  # an alias that is not given is null


def test_a_filter_may_be_long_if_it_is_not_deep(examples: RunningEmulator) -> None:
    assert counts(examples, filter=" or ".join(["(hlf_count eq 1)"] * 300)) == "1"


def test_spaces_may_be_written_as_plus(examples: RunningEmulator) -> None:
    body = examples.get(f"{EXAMPLES}?$filter=hlf_name+eq+'oslo+100%25'").json()
    assert [row["hlf_count"] for row in body["value"]] == [1]


@pytest.mark.parametrize(
    ("text", "status", "code", "message"),
    [
        ("hlf_count in (1,2)", 501, "0x0", "The method or operation is not implemented."),
        ("tolower(hlf_name) eq 'x'", 501, "0x0", "The method or operation is not implemented."),
        ("hlf_active", 501, "0x0", "The method or operation is not implemented."),
        ("hlf_count add 1 eq 2", 501, "0x0", "The method or operation is not implemented."),
        ("Microsoft.Dynamics.CRM.LastXFiscalYears(PropertyName='hlf_when',PropertyValue=1)", 501, "0x0", None),
        (
            "hlf_name eq 'x",
            400,
            "0x80060888",
            "There is an unterminated string literal at position 14 in 'hlf_name eq 'x'.",
        ),
        ("hlf_name eq", 400, "0x80060888", "Expression expected at position 11 in 'hlf_name eq'."),
        ("hlf_count eq eq", 400, "0x0", "Could not find a property named 'eq'"),
        ("hlf_name = 'x'", 400, "0x80060888", "Syntax error at position 9 in 'hlf_name = 'x''."),
        ("hlf_name eq 'O'Brian'", 400, "0x80060888", "There is an unterminated string literal at position 21 in"),
        ("hlf_name eq 'x' hlf_name", 400, "0x80060888", "Syntax error at position 16 in"),
        ("(hlf_count eq 1", 400, "0x80060888", "')' or operator expected at position 15 in '(hlf_count eq 1'."),
        ("hlf_count eq 1)", 400, "0x80060888", "Syntax error at position 14 in 'hlf_count eq 1)'."),
        ("hlf_name eq 'a' & 1", 400, "0x80060888", "Syntax error: character '&' is not valid at position 16 in"),
        ("hlf_day eq 2026-02-30", 400, "0x80060888", "Unrecognized literal '2026-02-30'."),
        ("contains(hlf_count,'1')", 400, "0x80060888", "No function signature for the function with name 'contains'"),
        ("contains(hlf_name)", 400, "0x80060888", "Syntax error at position 17 in 'contains(hlf_name)'."),
        ("nothing(hlf_name)", 400, "0x0", "An unknown function with name 'nothing' was found."),
        ("hlf_Mentor/hlf_nothing eq 1", 400, "0x0", "Could not find a property named 'hlf_nothing'"),
        ("hlf_count eq 'x'", 400, "0x0", "A binary operator with incompatible types was detected."),
        ("hlf_name eq 5", 400, "0x0", "A binary operator with incompatible types was detected."),
        ("hlf_name eq hlf_count", 400, "0x0", "A binary operator with incompatible types was detected."),
        ("hlf_exampleid eq 'x'", 400, "0x0", "A binary operator with incompatible types was detected."),
        ("Microsoft.Dynamics.CRM.In(PropertyName='hlf_count',PropertyValues=[\"x\"])", 400, "0x80040203", None),
        ("Microsoft.Dynamics.CRM.In(PropertyName='hlf_count',PropertyValues=[1])", 400, "0x0", None),
        ("Microsoft.Dynamics.CRM.In(PropertyName='hlf_name',PropertyValues=['O'Brian'])", 400, "0x0", "Invalid JSON."),
        ("Microsoft.Dynamics.CRM.In(PropertyName='hlf_name'", 400, "0x80060888", "Syntax error at position"),
        ("Microsoft.Dynamics.CRM.In(PropertyName='hlf_no',PropertyValues=[\"1\"])", 400, "0x0", "Could not find"),
        ('Microsoft.Dynamics.CRM.In(PropertyValues=["1"])', 400, "0x0", "The required parameter 'PropertyName'"),
        ("(" * 200 + "hlf_count eq 1" + ")" * 200, 400, "0x80060888", "The recursion limit"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_with_where(
    examples: RunningEmulator, text: str, status: int, code: str, message: str | None
) -> None:
    response = ask(examples, EXAMPLES, filter=text)
    error = response.json()["error"]
    assert response.status_code == status, error
    assert code in {None, error["code"]}
    assert error["message"].startswith(message or ""), error


def test_a_filter_means_what_its_brackets_say(examples: RunningEmulator) -> None:
    """Expressions made at random, against the same thing said in Python."""
    rows = listed(examples, EXAMPLES)
    chance = random.Random(3)  # noqa: S311
    for _ in range(150):
        text, holds = expression(chance, 4)
        wanted = sorted(row["hlf_count"] for row in rows if holds(row))
        found = sorted(row["hlf_count"] for row in listed(examples, EXAMPLES, filter=text))
        assert found == wanted, text


def expression(chance, depth):
    """A filter, and what it should mean. `and` binds stronger than `or`, `not` stronger than both."""
    if depth == 0 or chance.random() < 0.2:
        number = chance.randrange(5)
        name, holds = chance.choice(
            [
                ("eq", lambda row: row["hlf_count"] == number),
                ("ne", lambda row: row["hlf_count"] != number),
                ("gt", lambda row: row["hlf_count"] > number),
                ("le", lambda row: row["hlf_count"] <= number),
            ]
        )
        return f"hlf_count {name} {number}", holds
    kind = chance.choice(["and", "or", "not", "brackets"])
    left, left_holds = expression(chance, depth - 1)
    if kind == "not":
        return f"not ({left})", lambda row: not left_holds(row)
    if kind == "brackets":
        return f"( {left} )", left_holds
    right, right_holds = expression(chance, depth - 1)
    if kind == "or":
        return f"({left} or {right})", lambda row: left_holds(row) or right_holds(row)
    third, third_holds = expression(chance, depth - 1)
    return (
        f"({third} or {left} and {right})",
        lambda row: third_holds(row) or (left_holds(row) and right_holds(row)),
    )


@pytest.mark.parametrize(
    "text",
    [
        "startswith(tolower(hlf_name),'o')",
        "contains(trim(hlf_name),'o')",
        "endswith(concat(hlf_name,'x'),'x')",
        "tolower(hlf_name) eq 'oslo'",
    ],
)
def test_an_odata_function_inside_another_is_501_as_alone(examples: RunningEmulator, text: str) -> None:
    """It was looked for among the columns."""
    response = ask(examples, EXAMPLES, filter=text)
    assert (response.status_code, response.json()["error"]["message"]) == (
        501,
        "The method or operation is not implemented.",
    )


def test_a_filter_by_the_number_of_related_rows_says_so(examples: RunningEmulator) -> None:
    """Good OData, and 1:N."""
    response = ask(examples, MENTORS, filter="hlf_peermentor_hlf_example_hlf_Mentor/$count gt 1")
    assert response.status_code == 501
    assert "The emulator does not serve the collection" in response.text
