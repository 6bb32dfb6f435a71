"""Deploy the translated template into a local CloudFormation, and see what it has made of it."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.deploy_check.not_emulated import kind
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Client = Callable[[str], Any]
"""Return boto3's client of a service."""

_BUCKET: Final = "local"  # where the translator says that every artifact is
_PLACEHOLDER: Final = "arn:aws:sns:eu-north-1:000000000000:not-emulated"  # policies take it for a resource
_IN_TEXT: Final = re.compile(r"\$\{(\w+)(?:\.\w+)?\}")  # of Fn::Sub
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Emulator:
    """A local CloudFormation, by its name, and the kinds of resources that it is known not to make."""

    name: str
    client: Client
    not_emulated: frozenset[str]
    template_url: str

    def deploy(self, stack: str, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Deployed:
        """Create the stack of what is emulated. Raises OperationsError with the emulator's reason if it refuses."""
        body = without(template, {name for name, one in template["Resources"].items() if self._leaves_out(one)})
        body["Parameters"] = {name: _as_whole(one) for name, one in template["Parameters"].items()}
        self._upload(json.dumps(body, default=str))
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation = self.client("cloudformation")
        try:
            cloudformation.create_stack(
                StackName=stack,
                TemplateURL=self.template_url,
                Parameters=given,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
            status, reason = self._await(stack)
        # moto runs in this process, and what it does not know ends in an error of its own code.
        except (ClientError, BotoCoreError, AttributeError, NotImplementedError, KeyError, TypeError) as error:
            status, reason = "REFUSED", f"{type(error).__name__}: {error}"
        if status != "CREATE_COMPLETE":
            raise OperationsError(f"{self.name} does not deploy {stack} ({status}): {reason[:300]}")
        return Deployed(self, stack, body, _resources(cloudformation, stack))

    def makes(self, template: Mapping[str, Any], name: str, parameters: Mapping[str, str]) -> bool:
        """Return whether the emulator makes this one resource, with what it refers to."""
        wanted = closure(template, name)
        alone = without(template, set(template["Resources"]) - wanted)
        alone = {**alone, "Outputs": {}}
        try:
            made = Emulator(self.name, self.client, frozenset(), self.template_url).deploy(
                f"only-{name}", alone, parameters
            )
        except OperationsError:
            return False
        return name in made.resources

    def _leaves_out(self, resource: Mapping[str, Any]) -> bool:
        return kind(resource) in self.not_emulated

    def _upload(self, body: str) -> None:
        """Put template and artifact where `sam deploy` puts them: a template of this size goes through S3."""
        storage = self.client("s3")
        try:
            storage.head_bucket(Bucket=_BUCKET)
        except ClientError:
            storage.create_bucket(
                Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": storage.meta.region_name}
            )
            with zipfile.ZipFile(content := io.BytesIO(), "w") as file:
                file.writestr("functions/handler.py", "")
            storage.put_object(Bucket=_BUCKET, Key="artifact.zip", Body=content.getvalue())
        storage.put_object(Bucket=_BUCKET, Key="template.json", Body=body.encode())

    def _await(self, stack: str) -> tuple[str, str]:
        cloudformation, ends = self.client("cloudformation"), time.monotonic() + _SECONDS
        while True:
            found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if not found["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > ends:
                break
            time.sleep(0.05)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
            for one in events
            if one["ResourceStatus"].endswith("_FAILED")
        ]
        return found["StackStatus"], "; ".join(failed) or found.get("StackStatusReason", "")


@dataclass(frozen=True)
class Deployed:
    """A stack as an emulator has it: what was asked for, and the id of each resource that was made."""

    emulator: Emulator
    stack: str
    template: Mapping[str, Any]
    resources: Mapping[str, str]

    def missing(self, present: frozenset[str]) -> tuple[str, ...]:
        """Return the resources that the emulator passed over without a word, of those whose condition holds."""
        absent = (self.template["Resources"].keys() & present) - self.resources.keys()
        return tuple(sorted(f"{name} ({kind(self.template['Resources'][name])})" for name in absent))


def without(template: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Return the template without these resources. What refers to one of them gets a word in its place."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            attribute = value.get("Fn::GetAtt") if len(value) == 1 else None
            owner = attribute.split(".")[0] if isinstance(attribute, str) else (attribute or [None])[0]
            left_out = owner if owner in names else value.get("Ref") if len(value) == 1 else None
            if left_out in names:
                return plain(_in_place_of(template["Resources"][left_out]))
            return {name: plain(one) for name, one in value.items()}
        if isinstance(value, str):
            return _IN_TEXT.sub(lambda found: "not-emulated" if found[1] in names else found[0], value)
        return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value

    def independent(resource: Mapping[str, Any]) -> dict[str, Any]:
        depends = resource.get("DependsOn", [])
        depends = [depends] if isinstance(depends, str) else depends
        left = [name for name in depends if name not in names]
        rest = {name: part for name, part in resource.items() if name != "DependsOn"}
        return rest | ({"DependsOn": left} if left else {})

    kept = {name: independent(one) for name, one in template["Resources"].items() if name not in names}
    found: dict[str, Any] = plain({**template, "Resources": kept})
    return found


def _as_whole(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a list's declaration without what holds for each of its items: the emulators compare the whole text.

    The translation has checked the items, as CloudFormation does.
    """
    if "List" not in parameter["Type"]:
        return parameter
    return {name: part for name, part in parameter.items() if name not in {"AllowedPattern", "AllowedValues"}}


def _in_place_of(resource: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is named instead of a resource: of a function's alias the function."""
    if resource.get("Type") != "AWS::Lambda::Alias":
        return _PLACEHOLDER
    return {"Fn::GetAtt": [resource["Properties"]["FunctionName"]["Ref"], "Arn"]}


def closure(template: Mapping[str, Any], name: str) -> set[str]:
    """Return a resource and all that it needs."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            text = json.dumps(template["Resources"][one], default=str)
            waiting += [other for other in template["Resources"] if f'"{other}"' in text or f"${{{other}" in text]
    return found


def _resources(cloudformation: Any, stack: str) -> dict[str, str]:  # noqa: ANN401 - boto3's client
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
        for page in pages
        for one in page["StackResourceSummaries"]
        if one.get("ResourceType")  # moto lists what it has not made without a type
    }
