"""What code calls of AWS, by its syntax, and what a role of the template allows."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name

from tests.support.reachable import Definition, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from emulators.lambda_host.template.template import Template

type Call = tuple[str, str]
"""A service as boto3 names it, and an operation."""

PREFIXES = {"sesv2": "ses"}
# Where the right has another name than the operation: "Actions, resources, and condition keys" of each service.
ACTIONS = {
    ("sqs", "SendMessageBatch"): {"sqs:SendMessage"},
    ("sqs", "DeleteMessageBatch"): {"sqs:DeleteMessage"},
    ("sqs", "ChangeMessageVisibilityBatch"): {"sqs:ChangeMessageVisibility"},
    ("lambda", "Invoke"): {"lambda:InvokeFunction"},
    # A mail that is given whole is sent raw.
    ("sesv2", "SendEmail"): {"ses:SendEmail", "ses:SendRawEmail"},
    # The role that is assumed names those who may, of its own account: no policy of theirs is asked.
    ("sts", "AssumeRole"): set(),
    # Called as that role.
    ("sts", "GetWebIdentityToken"): set(),
}
_STUBS = "mypy_boto3_"
# Powertools calls for us.
PROVIDERS = {"SecretsProvider": ("secretsmanager", "GetSecretValue")}


@dataclass(frozen=True)
class Statement:
    """A statement that allows."""

    actions: set[str]
    resources: list[Any]
    condition: Mapping[str, Any] | None


def actions_of(call: Call) -> set[str]:
    """Return the rights that a call needs."""
    service, operation = call
    return ACTIONS.get(call, {f"{PREFIXES.get(service, service)}:{operation}"})


@cache
def operations_of(service: str) -> Mapping[str, str]:
    """Return the operations of a service by the names of a client's methods."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@cache
def clients_in(module: str) -> frozenset[str]:
    """Return the services that a module makes clients of, or is given. Raises ValueError where it cannot be told."""
    found = set[str]()
    for node in ast.walk(tree(module) or ast.Module([], [])):
        match node:
            case ast.Call(func=ast.Attribute(attr="client" | "resource"), args=[first, *_]):
                pass
            case ast.Call(func=ast.Name(id="client"), args=[first, *_]):
                pass
            case ast.Name(id=name) if name in PROVIDERS:
                found.add(PROVIDERS[name][0])
                continue
            case ast.ImportFrom(module=str(name)) if name.startswith(_STUBS) and "." not in name:
                found.add(name.removeprefix(_STUBS))  # a client is given to it
                continue
            case _:
                continue
        match first:
            case ast.Constant(value=str(service)):
                found.add(service)
            case ast.Name(id="service"):  # a function of ours that passes it on; its callers name it
                pass
            case _:
                raise ValueError(f"{module}:{node.lineno} makes a client of a service that only it knows")
    return frozenset(found)


def calls_in(code: Iterable[Definition]) -> set[Call]:
    """Return every operation of AWS that this code calls, looked for in the modules that make clients."""
    found = set[Call]()
    for one in code:
        methods = {
            method: (service, operation)
            for service in clients_in(one.module)
            for method, operation in operations_of(service).items()
        }
        for node in ast.walk(one.node):
            match node:
                case ast.Attribute(attr="get_paginator" | "get_waiter"):
                    pass
                case ast.Call(func=ast.Attribute(attr="get_paginator" | "get_waiter"), args=[ast.Constant(value=name)]):
                    found.add(methods[str(name)])
                case ast.Attribute(attr=name) if name in methods:
                    found.add(methods[name])
                case ast.Name(id=name) if name in PROVIDERS:
                    found.add(PROVIDERS[name])
                case _:
                    pass
    return found


def statements_of(template: Template, function: str) -> list[Statement]:
    """Return what the function's role allows in policies of its own, and in those beside it."""
    role = template.resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    documents = [policy["PolicyDocument"] for policy in template.resources[role]["Properties"].get("Policies", [])]
    documents += [
        one["Properties"]["PolicyDocument"]
        for one in template.resources.values()
        if one["Type"] == "AWS::IAM::Policy" and {"Ref": role} in one["Properties"]["Roles"]
    ]
    made = [one for document in documents for one in document["Statement"]]
    assert all(one["Effect"] == "Allow" for one in made)
    return [Statement(set(_list(one["Action"])), _list(one["Resource"]), one.get("Condition")) for one in made]


def own_statements(template: Template, function: str) -> list[Statement]:
    """Return those for the function's own code: not its log, its queue's messages and its failed events."""
    dead = [{"Fn::GetAtt": ["DeadLetters", "Arn"]}]
    return [
        one
        for one in statements_of(template, function)
        if not any(action.startswith("logs:") for action in one.actions)
        and one.condition != {"Null": {"lambda:SourceFunctionArn": "true"}}
        and not (one.actions == {"sqs:SendMessage"} and one.resources == dead)
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
