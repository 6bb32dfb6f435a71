"""From the SAM template's text to plain CloudFormation, by AWS's own translator.

Globals, implicit resources, events and connectors are expanded by the code that AWS itself runs, so they mean here
what they mean there. What stays in the result are CloudFormation's intrinsic functions (see intrinsics.py).
"""

from __future__ import annotations

import copy
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from emulators.lambda_host.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ANY_ARTIFACT = "s3://local/artifact.zip"
_ARTIFACT_PROPERTY = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _CloudFormationLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref x`). A class of its own, so that SafeLoader stays as it is."""


def _short_form(loader: _CloudFormationLoader, tag: str, node: yaml.Node) -> dict[str, object]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: str(text).split(".", 1) if tag == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise TypeError(node)


yaml.add_multi_constructor("!", _short_form, Loader=_CloudFormationLoader)


class _AwsManagedPolicies:
    """Stands for the loader that queries IAM: roles are not run here, so any managed policy's ARN will do."""

    def load(self) -> Mapping[str, str]:
        return _AnyPolicy()


class _AnyPolicy(dict[str, str]):
    def __bool__(self) -> bool:
        return True

    def get(self, name: object, default: object = None) -> str:
        del default
        return f"arn:aws:iam::aws:policy/{name}"


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the template as written. Raises TemplateError with the line when it is no template."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_CloudFormationLoader)  # noqa: S506 - a SafeLoader
    except OSError as exc:
        raise TemplateError(f"{path}: {exc.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise TemplateError(f"{path}: not valid YAML: {exc}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path}: a template needs a Resources section")
    return document


def to_cloudformation(document: Mapping[str, Any], parameters: Mapping[str, object], region: str) -> dict[str, Any]:
    """Return the template as CloudFormation would receive it after the SAM transform."""
    # Half a second of imports, needed only to read a template.
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.translator.transform import transform  # noqa: PLC0415

    # It collects metrics for AWS's own service and warns, when it is garbage-collected, that they were not published.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    # It warns that a feature of AWS's own service has no setting here, which is the default.
    logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
    with _region_of_translator(region):
        try:
            translated = transform(_with_artifacts_in_s3(document), dict(parameters), _AwsManagedPolicies())
        except InvalidDocumentException as exc:
            causes = [str(cause.message) for cause in exc.causes] or [str(exc.message)]
            raise TemplateError("The SAM transform refuses the template: " + " | ".join(causes)) from None
        except Exception as exc:
            # The translator trusts the shape of many values; on a wrong one it raises any exception.
            raise TemplateError(f"The SAM transform cannot read the template: {type(exc).__name__}: {exc}") from exc
    result: dict[str, Any] = translated
    return result


def _with_artifacts_in_s3(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy in which every artifact is an S3 address, as after `sam package`."""
    packaged = copy.deepcopy(dict(document))
    for resource in packaged["Resources"].values():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if kind in _ARTIFACT_PROPERTY:
            properties = resource.setdefault("Properties", {})
            if isinstance(properties, dict) and not {"InlineCode", "ImageUri"} & properties.keys():
                properties[_ARTIFACT_PROPERTY[kind]] = _ANY_ARTIFACT
    return packaged


@contextmanager
def _region_of_translator(region: str) -> Iterator[None]:
    """Set the region of boto3's default session, which the translator uses; a person's profile must not set it."""
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    wanted = {"AWS_DEFAULT_REGION": region, "AWS_PROFILE": None, "AWS_DEFAULT_PROFILE": None, **files}
    before = {name: os.environ.get(name) for name in wanted}
    try:
        _set_environment(wanted)
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
