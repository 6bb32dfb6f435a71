"""The rules and the forms of parameters, held as CloudFormation holds them."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.parameters import parameter_values
from emulators.lambda_host.template.rules import check_rules

GIVEN: dict[str, object] = {"Stage": "prod", "Subnets": ["a", "b"], "None": [""], "Limit": "0"}


def rule(assertion: object, condition: object | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"Assertions": [{"Assert": assertion, "AssertDescription": "it is so"}]}
    return {"One": made if condition is None else made | {"RuleCondition": condition}}


IS_PROD = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
NO = {"Fn::Not": [IS_PROD]}


@pytest.mark.parametrize(
    "assertion",
    [
        IS_PROD,
        {"Fn::And": [IS_PROD, {"Fn::Equals": [{"Ref": "Limit"}, "0"]}]},
        {"Fn::Or": [NO, IS_PROD]},
        {"Fn::Contains": [["dev", "prod"], {"Ref": "Stage"}]},
        {"Fn::Contains": [{"Ref": "Subnets"}, "b"]},
        {"Fn::EachMemberEquals": [{"Ref": "None"}, ""]},
        {"Fn::EachMemberIn": [{"Ref": "Subnets"}, ["a", "b", "c"]]},
    ],
)
def test_an_assertion_is_silent_and_its_negation_is_not(assertion: dict[str, Any]) -> None:
    check_rules(rule(assertion), GIVEN)
    with pytest.raises(TemplateError, match=r"Rules\.One: it is so"):
        check_rules(rule({"Fn::Not": [assertion]}), GIVEN)


def test_a_rule_whose_condition_does_not_hold_asserts_nothing() -> None:
    check_rules(rule(NO, NO), GIVEN)
    with pytest.raises(TemplateError):
        check_rules(rule(NO, IS_PROD), GIVEN)


@pytest.mark.parametrize(
    "assertion",
    [{"Fn::If": ["A", "b", "c"]}, {"Fn::Equals": [{"Fn::Join": ["", []]}, ""]}, {"Fn::Contains": ["text", "t"]}, "yes"],
)
def test_what_a_rule_may_not_hold_is_refused(assertion: object) -> None:
    """CloudFormation takes neither a condition nor other functions here, so a value is never guessed."""
    with pytest.raises(TemplateError, match=r"Rules\.One"):
        check_rules(rule(assertion), GIVEN)


@pytest.mark.parametrize(
    ("declaration", "good", "bad"),
    [
        ({"AllowedPattern": "[a-z]+"}, "abc", "abc1"),  # the whole value
        ({"AllowedPattern": "[a-z]*", "Type": "CommaDelimitedList"}, "abc, d", "abc,1"),
        ({"AllowedValues": ["a", "b"], "Type": "CommaDelimitedList"}, "a,b", "a,c"),
        ({"AllowedValues": [True]}, "true", "yes"),
        ({"Type": "Number", "MinValue": 0, "MaxValue": 10}, "10", "11"),
        ({"Type": "Number", "MinValue": 0}, "0", "-1"),
        ({"Type": "Number"}, "1.5", "many"),
        ({"MinLength": 2, "MaxLength": 3}, "ab", "a"),
        ({"MinLength": 2, "MaxLength": 3}, "abc", "abcd"),
    ],
)
def test_a_value_has_the_form_of_its_parameter(declaration: dict[str, Any], good: str, bad: str) -> None:
    assert parameter_values({"A": declaration}, {"A": good})
    with pytest.raises(TemplateError, match=r"Parameters\.A"):
        parameter_values({"A": declaration}, {"A": bad})
