"""Each function may do what it can call, and nothing else: in AWS by its role, in the database by its login's role.

What a function can call is derived from its code (tests/support/reachable.py), what it may from the translated template
and from the GRANT statements. Both are compared both ways: a right too many fails as a missing one does.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local.stack.database import ROLES
from local.stack.parameters import local_template
from operations.database_commands import commands_of
from operations.mounting import ForDatabase, Group
from operations.through_function import Entry
from shared.adapters.postgres.grants import granted_in_files
from tests.support.iam import actions_of, calls_in, clients_in, own_statements, statements_of
from tests.support.reachable import Definition, imported, reachable

ROOT = Path(__file__).parents[2]
TEMPLATE = local_template()
FUNCTIONS = {function.logical_id: function.handler.removesuffix(".handler") for function in TEMPLATE.functions}

# A name stands for every definition that has it. These cannot happen, each for the reason beside it.
NEVER_CALLED = {
    ("DynamicsSync", "sqs:SendMessage"): "`send` is the website's there; the worker only gives messages back",
    ("VerifyIntegration", "block_website_for"): "`_OnlyRead` stands before the state, and records nothing",
}
# A person types these as SQL: docs/privacy.md.
BY_HAND = {"personal_columns"}


@cache
def code_of(function: str) -> frozenset[Definition]:
    """Return what the function can run. Those of operations run some of the commands only."""
    module = FUNCTIONS[function]
    if function not in Entry:
        return frozenset(reachable(module))
    commands = [
        one.command if isinstance(one, ForDatabase) else one
        for mounted in commands_of(Entry(function)).values()
        for one in (mounted.commands.values() if isinstance(mounted, Group) else [mounted])
    ]
    entries = [(command.__module__, command.__name__) for command in commands]  # type: ignore[union-attr]
    ports = "command_ports" if function == Entry.OPERATOR else "reader_ports"
    return frozenset(reachable(module, *entries, ("shared.bootstrap.operations", ports)))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_the_calls_of_its_code(function: str) -> None:
    called = {action for call in calls_in(code_of(function)) for action in actions_of(call)}
    excused = {action for name, action in NEVER_CALLED if name == function}
    allowed = {action for one in own_statements(TEMPLATE, function) for action in one.actions}
    assert allowed == called - excused
    assert {action for action in excused if ":" in action} <= called


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_lambda_what_its_triggers_need(function: str) -> None:
    """Its own log group and no other; for a queue, to receive from it; for a failed event, where it goes."""
    statements = statements_of(TEMPLATE, function)
    logs = [one for one in statements if any(action.startswith("logs:") for action in one.actions)]
    assert [(one.actions, one.resources) for one in logs] == [
        ({"logs:CreateLogStream", "logs:PutLogEvents"}, [{"Fn::GetAtt": [f"{function}Logs", "Arn"]}])
    ]
    queues = [mapping for mapping in TEMPLATE.event_source_mappings if mapping.function == function]
    received = [one for one in statements if "sqs:ReceiveMessage" in one.actions]
    assert [(one.actions, len(one.resources), one.condition) for one in received] == (
        [
            (
                {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
                len(queues),
                {"Null": {"lambda:SourceFunctionArn": "true"}},
            )
        ]
        if queues
        else []
    )
    destinations = [
        resource["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
        for resource in TEMPLATE.resources.values()
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig"
        and resource["Properties"]["FunctionName"] == {"Ref": function}
        and "OnFailure" in resource["Properties"].get("DestinationConfig", {})
    ]
    dead = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    sent = [one.resources for one in statements if one.actions == {"sqs:SendMessage"} and dead in one.resources]
    assert sent == [[one] for one in destinations]


def test_no_role_has_a_policy_that_is_not_ours() -> None:
    """AWSLambdaBasicExecutionRole makes log groups and writes to any; the others of AWS are as wide."""
    roles = {name: one for name, one in TEMPLATE.resources.items() if one["Type"] == "AWS::IAM::Role"}
    assert len(roles) > len(FUNCTIONS)
    for name, role in roles.items():
        attached = role["Properties"].get("ManagedPolicyArns", [])
        assert "arn:" not in str(attached), name
        assert attached in ([], {"Fn::If": ["InVpc", [{"Ref": "NetworkInterfaces"}], {"Ref": "AWS::NoValue"}]}), name


NOTHING = {"Ref": "AWS::NoValue"}


def test_only_a_function_in_the_vpc_has_network_interfaces() -> None:
    """And its code has not: Lambda makes them."""
    vpc = local_template({"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"})
    (statement,) = vpc.resources["NetworkInterfaces"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}
    for function in FUNCTIONS:
        role = vpc.resources[f"{function}Role"]["Properties"]
        network = vpc.resources[function]["Properties"].get("VpcConfig", NOTHING)
        attached = role.get("ManagedPolicyArns", NOTHING) != NOTHING
        assert attached == (network != NOTHING), function


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_resource_is_one_that_the_function_is_told_of(function: str) -> None:
    """Each secret, queue and topic of its policy is in its environment, and each of the environment in its policy."""
    told = TEMPLATE.resources[function]["Properties"]["Environment"]["Variables"]
    kinds = {"AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::SNS::Topic"}
    known = {name for name, one in TEMPLATE.resources.items() if one["Type"] in kinds}
    allowed = {
        name
        for one in own_statements(TEMPLATE, function)
        for name in re.findall(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'", str(one.resources))
        if name in known
    }
    named = set(re.findall(r"'Ref': '(\w+)'", str(told))) | set(re.findall(r"\$\{(\w+)\}", str(told)))
    looked_up = {"SyncRequests", "RepairRequests", "SyncDeadLetters", "DeadLetters"}  # by the stack's own description
    extra = looked_up if function == "VerifyIntegration" else set()
    assert allowed - extra == named & known


@pytest.mark.parametrize("function", ROLES)
def test_a_login_may_call_the_functions_of_its_code(function: str) -> None:
    """EXECUTE on what the adapters' statements call, by the role or by the one that it is a member of."""
    role = ROLES[function]
    granted = set(granted_in_files()[role])
    if function in {"ExpiryCheck", "SendNotices", "Reconciliation"}:
        granted |= granted_in_files()["certification_scheduled"]
    may = {right.rpartition(".")[2] for right in granted if right.startswith("EXECUTE")}
    never = {name for one, name in NEVER_CALLED if one == function and ":" not in name}
    called = sql_functions(code_of(function))
    if function == Entry.OPERATOR:  # its role is that of people with --database-url too
        called = sql_functions(frozenset(one for one in reachable("operations.cli") if not of_the_owner(one.module)))
        called |= BY_HAND
    assert may == called - never
    assert never <= called


def of_the_owner(module: str) -> bool:
    """`migrate`, `setup` and `verify-integration --behaviour` sign in as the schema's owner."""
    owners = ("operations.commands.migrations", "operations.commands.setup", "shared.adapters.postgres.migrate")
    return ".behaviour" in module or module.startswith(owners)


def sql_functions(code: frozenset[Definition]) -> set[str]:
    texts = [
        node.value
        for one in code
        for node in ast.walk(one.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {name for text in texts for name in re.findall(r"certification\.(\w+)\s*\(", text)}


def test_every_client_is_of_a_service_that_is_known_here() -> None:
    """A client that is made in another way, or of another service, is not looked through unnoticed."""
    services = set[str]()
    for module in set().union(*(imported(module) for module in FUNCTIONS.values())):
        if module.startswith("shared."):
            services |= clients_in(module)
    assert services == {
        "cloudformation", "codedeploy", "events", "lambda", "scheduler", "secretsmanager", "sesv2", "sns", "sqs", "sts"
    }  # fmt: skip
    assert services <= set(botocore.session.get_session().get_available_services())


def test_a_call_too_many_and_a_right_too_many_are_seen() -> None:
    """What the comparisons above rest on."""
    (definition,) = [one for one in code_of("StatusChanged") if one.name == "_send_once"]
    assert calls_in({definition}) == {("sqs", "SendMessageBatch")}
    assert actions_of(("sqs", "SendMessageBatch")) == {"sqs:SendMessage"}
    wrong: Any = Definition("shared.adapters.aws.sqs", "x", None, ast.parse("client.purge_queue(QueueUrl=url)"))
    assert calls_in({wrong}) == {("sqs", "PurgeQueue")}
