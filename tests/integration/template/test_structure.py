"""What template.yaml becomes: who waits for whom, what may be called what, and what survives."""

from __future__ import annotations

import copy
import json
from graphlib import TopologicalSorter
from typing import Any

import pytest

from tests.integration.template.translated import WRITTEN, of_kind, references, resources, translated

FUNCTIONS = sorted(of_kind("AWS::Serverless::Function", WRITTEN["Resources"]))
# The hook of the others, and what a person looks with into a deployment that was stopped.
NOT_SHIFTED = {"VerifyIntegration", "Operations", "OperationsReader"}


def statements(role: str) -> list[dict[str, Any]]:
    policies = resources()[role]["Properties"]["Policies"]
    return [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]


def test_nothing_waits_for_itself() -> None:
    """Also with the update policies, by which an alias needs the hook and the deployment group."""
    found = resources()
    graph = {
        name: set(references({key: one.get(key) for key in ("Properties", "UpdatePolicy")})) & found.keys()
        for name, one in found.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(found)


def test_the_public_webhook_makes_no_network_interfaces() -> None:
    """It needs no database and is in no VPC, so its role may not touch the network's interfaces.

    The others may where the stack is in a VPC. SAM would add its own policy wherever VpcConfig is written, on whatever
    condition, so their roles are not SAM's.
    """
    assert "VpcConfig" not in resources()["StatusChanged"]["Properties"]
    assert "ManagedPolicyArns" not in resources()["StatusChangedRole"]["Properties"]
    assert "ec2:" not in json.dumps(resources()["StatusChangedRole"])
    for name in set(FUNCTIONS) - {"StatusChanged"}:
        assert resources()[name]["Properties"]["VpcConfig"]["Fn::If"][0] == "InVpc"
        assert resources()[f"{name}Role"]["Properties"]["ManagedPolicyArns"]["Fn::If"][0] == "InVpc"


# The longest that AWS takes; a stack's name may be 128 characters long.
LONGEST = {
    "Name": 64,
    "QueueName": 80,
    "TopicName": 256,
    "RoleName": 64,
    "FunctionName": 64,
    "LogGroupName": 512,
    "LayerName": 140,
}


def test_no_name_grows_too_long_with_the_stacks() -> None:
    for logical_id, resource in resources().items():
        for key, longest in LONGEST.items():
            name = json.dumps(resource.get("Properties", {}).get(key, ""))
            if "AWS::StackName" in name:
                assert len(name.replace("${AWS::StackName}", "x" * 128)) <= longest + len('{"Fn::Sub": ""}'), (
                    logical_id,
                    key,
                )


def test_the_schedules_have_one_role_in_their_own_group() -> None:
    """Only this account's schedules of this group; only the live versions, and the dead letters."""
    schedules = of_kind("AWS::Scheduler::Schedule")
    assert len(schedules) >= 5
    for schedule in schedules.values():
        properties = schedule["Properties"]
        assert properties["GroupName"] == {"Ref": "Schedules"}
        assert properties["Target"]["RoleArn"] == {"Fn::GetAtt": ["SchedulerRole", "Arn"]}
    (trust,) = resources()["SchedulerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": {"Fn::GetAtt": ["Schedules", "Arn"]},
        }
    }
    invoke, send = statements("SchedulerRole")
    targets = {schedule["Properties"]["Target"]["Arn"]["Ref"] for schedule in schedules.values()}
    allowed = {one["Fn::Sub"] for one in invoke["Resource"]}
    assert allowed == {f"${{{target.removesuffix('Aliaslive')}.Arn}}:live" for target in targets}
    assert send["Resource"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    queues = [schedule["Properties"]["Target"].get("DeadLetterConfig", {}) for schedule in schedules.values()]
    assert {json.dumps(one["Arn"]) for one in queues if one} == {json.dumps(send["Resource"])}


def test_whatever_calls_a_function_calls_its_alias() -> None:
    """A trigger on the function itself would run a version that a deployment has stopped."""
    found = resources()
    targets = [one["Properties"]["Target"]["Arn"] for one in of_kind("AWS::Scheduler::Schedule").values()]
    targets += [one["Properties"]["FunctionName"] for one in of_kind("AWS::Lambda::EventSourceMapping").values()]
    targets += [one["Properties"]["TargetFunctionArn"] for one in of_kind("AWS::Lambda::Url").values()]
    targets += [one["Arn"] for rule in of_kind("AWS::Events::Rule").values() for one in rule["Properties"]["Targets"]]
    assert len(targets) >= 11
    assert {found[target["Ref"]]["Type"] for target in targets} == {"AWS::Lambda::Alias"}
    configs = of_kind("AWS::Lambda::EventInvokeConfig").values()
    assert {one["Properties"]["Qualifier"] for one in configs} == {"live"}
    assert {one["Properties"]["Name"] for one in of_kind("AWS::Lambda::Alias").values()} == {"live"}
    assert len(of_kind("AWS::Lambda::Alias")) == len(FUNCTIONS)


def test_a_version_goes_with_its_deployment() -> None:
    """One that a stopped deployment leaves behind would make Lambda refuse the same version at the next try."""
    assert {one["DeletionPolicy"] for one in of_kind("AWS::Lambda::Version").values()} == {"Delete"}


def versions(found: dict[str, Any]) -> dict[str, str]:
    return {
        one["Properties"]["FunctionName"]["Ref"]: name for name, one in of_kind("AWS::Lambda::Version", found).items()
    }


def test_a_new_layer_is_a_new_version_of_every_function() -> None:
    """Our code is in the layer; without it `live` would go on with the layer before."""
    changed = copy.deepcopy(WRITTEN)
    changed["Resources"]["SharedLayer"]["Properties"]["Description"] = "another"
    before, after = versions(resources()), versions(translated(changed))
    assert before.keys() == after.keys() == set(FUNCTIONS)
    assert all(before[name] != after[name] for name in before)


def test_a_new_parameter_is_a_new_version_of_every_function() -> None:
    """SAM does not see a parameter's value, so a number that CloudFormation makes of all of them stands in both.

    In the version's description, which replaces it, and in the environment, without which Lambda would refuse to
    publish a version of a function that has not changed.
    """
    number = {"Fn::GetAtt": ["SettingsVersion", "VersionNumber"]}
    for version, name in ((one, name) for name, one in versions(resources()).items()):
        described = resources()[version]["Properties"]["Description"]
        assert set(references(described)) == {"SettingsVersion"}
        assert resources()[name]["Properties"]["Environment"]["Variables"]["SETTINGS_VERSION"] == number
    given = {
        need
        for name in FUNCTIONS
        for need in references(
            {
                key: value
                for key, value in resources()[name]["Properties"].items()
                if key not in {"Tags", "ReservedConcurrentExecutions"}  # neither is of a version
            }
        )
        if need in WRITTEN["Parameters"]
    }
    noted = set(references(resources()["SettingsVersion"]["Properties"]["Content"]))
    assert noted == given


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in NOT_SHIFTED])
def test_a_deployment_asks_the_checkpoint_first(name: str) -> None:
    policy = resources()[f"{name}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert policy["BeforeAllowTrafficHook"] == {"Ref": "VerifyIntegration"}
    group = resources()[policy["DeploymentGroupName"]["Ref"]]["Properties"]
    assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["DeploymentRole", "Arn"]}
    assert group["AutoRollbackConfiguration"]["Enabled"]
    config = json.dumps(group["DeploymentConfigName"])
    assert ("Canary10Percent10Minutes" in config) == responds(name)
    assert ("AllAtOnce" in config) != responds(name)
    assert bool(group.get("AlarmConfiguration")) == responds(name)


def responds(name: str) -> bool:
    """To requests or messages: of these there are enough to try a tenth with."""
    kinds = ("AWS::Lambda::Url", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule")
    found = [one["Properties"] for kind in kinds for one in of_kind(kind).values()]
    return f"{name}Aliaslive" in references(found)


def test_a_deployment_may_call_nothing_but_the_checkpoint() -> None:
    """The role of SAM may call any function that is named as a hook, and move any alias of the account."""
    invoke, alias, alarms = statements("DeploymentRole")
    assert (invoke["Action"], invoke["Resource"]) == (
        "lambda:InvokeFunction",
        {"Fn::GetAtt": ["VerifyIntegration", "Arn"]},
    )
    assert set(references(alias["Resource"])) == set(FUNCTIONS) - NOT_SHIFTED
    assert "lambda:InvokeFunction" not in alias["Action"]
    assert alarms["Action"] == "cloudwatch:DescribeAlarms"
    (trust,) = resources()["DeploymentRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert set(references(trust["Condition"]["ArnLike"])) >= {"ServerlessDeploymentApplication"}


def test_gradual_deployment_is_switched_off_by_its_parameter() -> None:
    """What refers to the application of CodeDeploy still finds it."""
    found = translated(GradualDeployment="false")
    assert not of_kind("AWS::CodeDeploy::DeploymentGroup", found)
    assert not [name for name, one in found.items() if "UpdatePolicy" in one]
    assert resources()["ServerlessDeploymentApplication"] == found["ServerlessDeploymentApplication"]
    for one in found.values():
        needs = {name for name in references(one) if not name.startswith("AWS::")}
        assert needs <= found.keys() | WRITTEN["Parameters"].keys()


KEPT = {"AWS::SecretsManager::Secret", "AWS::SNS::Topic"}
KEPT_QUEUES = {"DeadLetters", "SyncDeadLetters"}


def test_what_a_loss_would_hurt_survives() -> None:
    """Values that people typed, subscriptions that people confirmed, and the evidence of what failed.

    A first deployment that is rolled back leaves nothing behind.
    """
    for name, one in WRITTEN["Resources"].items():
        kept = one["Type"] in KEPT or name in KEPT_QUEUES
        if kept:
            assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name
        elif one["Type"] == "AWS::SQS::Queue":
            assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("Delete", "Delete"), name
        else:
            assert one.get("DeletionPolicy", "Delete") == "Delete", name
