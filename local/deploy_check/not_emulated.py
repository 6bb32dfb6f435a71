"""What the two local CloudFormations cannot make. Everything else in the template has to be made by both of them.

Two emulators that know nothing of each other read the same template: what one takes carelessly the other may refuse.
tests/local/test_deploy_check.py holds that each entry still is as it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MINISTACK: Final = frozenset(
    {
        "AWS::CloudWatch::Alarm with Metrics",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
    }
)
MOTO: Final = frozenset(
    {
        "AWS::AppConfig::Application",
        "AWS::AppConfig::ConfigurationProfile",
        "AWS::AppConfig::HostedConfigurationVersion",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Alarm with Metrics",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Url",
        "AWS::SES::ConfigurationSet",
        "AWS::SES::ConfigurationSetEventDestination",
        "AWS::SNS::Subscription",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::Secret",
    }
)


def kind(resource: Mapping[str, Any]) -> str:
    """Return the type of a resource; an alarm on several metrics is a kind of its own."""
    found = str(resource["Type"])
    return f"{found} with Metrics" if "Metrics" in resource.get("Properties", {}) else found
