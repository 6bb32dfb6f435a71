"""The names and ARNs that AWS gives to resources, as far as they can be known before the resource exists.

Source: the "Return values" section of each resource type in the AWS CloudFormation template reference. What AWS makes
up at random (a secret's suffix, a function URL's host) is a stand-in here until `provision` knows the real one.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import PhysicalId

NAME_PROPERTY = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
"""The property that sets the name of a resource of this type; without it AWS makes one up."""

_ARN_WITH_NAME = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{name}"),
    "AWS::Events::Rule": ("events", "rule/{name}"),
    "AWS::IAM::Role": ("iam", "role/{name}"),
    "AWS::Lambda::Function": ("lambda", "function:{name}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{name}:*"),
    "AWS::Scheduler::Schedule": ("scheduler", "schedule/default/{name}"),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "schedule-group/{name}"),
}
"""Types whose `Ref` is the name, and the only attribute that is known of them the ARN."""

_NAME_ALONE = frozenset(
    {
        "AWS::AppConfig::Application",
        "AWS::AppConfig::ConfigurationProfile",
        "AWS::CloudWatch::Dashboard",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::SES::ConfigurationSet",
    }
)
"""Types of which `Ref` alone is known: the name, or a made-up id."""


ALIAS, VERSION = "AWS::Lambda::Alias", "AWS::Lambda::Version"
ONLY_VERSION = "1"
"""A stack is made here once, so a function has one version beside `$LATEST`, and both run the same code."""


@dataclass(frozen=True)
class Account:
    """The account, region and stack name."""

    region: str
    account: str
    stack_name: str

    def pseudo_parameters(self) -> dict[str, object]:
        """Return the values of `AWS::Region` and its like."""
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self.region,
            "AWS::StackId": self.arn("cloudformation", f"stack/{self.stack_name}/00000000-0000-0000-0000-000000000000"),
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in this account and region (IAM has none)."""
        region = "" if service == "iam" else self.region
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def name_of(self, kind: str, logical_id: str) -> str:
        """Return the name of a resource that the template does not name: the stack's name and the logical id."""
        if kind == "AWS::Lambda::Function":
            return logical_id
        return f"{self.stack_name}-{logical_id}"

    def qualified_id(self, kind: str, function: str, alias: str) -> PhysicalId:
        """Return `Ref` and `Fn::GetAtt` of a function's version, of which there is one here, or of its alias."""
        if kind == ALIAS:
            arn = self.arn("lambda", f"function:{function}:{alias}")
            return PhysicalId(arn, {"AliasArn": arn})
        arn = self.arn("lambda", f"function:{function}:{ONLY_VERSION}")
        return PhysicalId(arn, {"FunctionArn": arn, "Version": ONLY_VERSION})

    def physical_id(self, kind: str, logical_id: str, name: str) -> PhysicalId:
        """Return `Ref` and `Fn::GetAtt` of a resource, by its type. Raises TemplateError for an unknown type."""
        if kind in _ARN_WITH_NAME:
            service, resource = _ARN_WITH_NAME[kind]
            return PhysicalId(name, {"Arn": self.arn(service, resource.format(name=name))})
        if kind in _NAME_ALONE:
            return PhysicalId(name)
        match kind:
            case "AWS::SQS::Queue":
                url = f"https://sqs.{self.region}.amazonaws.com/{self.account}/{name}"
                found = PhysicalId(url, {"Arn": self.arn("sqs", name), "QueueName": name, "QueueUrl": url})
            case "AWS::SNS::Topic":
                arn = self.arn("sns", name)
                found = PhysicalId(arn, {"TopicArn": arn, "TopicName": name})
            case "AWS::SecretsManager::Secret":
                arn = self.arn("secretsmanager", f"secret:{name}-000000")
                found = PhysicalId(arn, {"Id": arn})
            case "AWS::AppConfig::HostedConfigurationVersion":
                found = PhysicalId("1", {"VersionNumber": "1"})
            case "AWS::SES::ConfigurationSetEventDestination":
                found = PhysicalId(name, {"Id": name})
            case "AWS::IAM::ManagedPolicy" | "AWS::Lambda::LayerVersion":
                of = ("iam", f"policy/{name}") if "::IAM::" in kind else ("lambda", f"layer:{logical_id}:1")
                found = PhysicalId(self.arn(*of))
            case "AWS::Lambda::Url":
                found = PhysicalId(logical_id, {"FunctionUrl": f"https://{logical_id.lower()}.lambda-url.invalid/"})
            case _:
                message = f"{logical_id}: what Ref and Fn::GetAtt of an {kind} give is not known here"
                raise TemplateError(message)
        return found
