"""The stages of samconfig.toml, and a value for every parameter of the template."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import TYPE_CHECKING, Any, Final

from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TO_FILL_IN: Final = re.compile(r'^(\s*)# "(\w+)=[^"]*",', re.MULTILINE)
EVERY_PARAMETER: Final[Mapping[str, str]] = {
    "Architecture": "arm64",
    "DashboardOrigins": "https://app.example.no",
    "DataverseUrl": "https://hlf.crm4.dynamics.com",
    "EntraAuthority": "https://login.microsoftonline.us",
    "ForceSyncConcurrency": "30",
    "ForceSyncsPerCoordinator": "30",
    "ForceSyncsPerMentor": "3",
    "FrameAncestors": "https://app.example.no",
    "GradualDeployment": "true",
    "MailSender": "varsel@example.no",
    "OperationsEmail": "drift@example.no",
    "OperationsLanguage": "en",
    "OperationsPhone": "+4790000000",
    "SecurityGroupIds": "sg-0a1b2c3d",
    "SettlingSeconds": "60",
    "SignInUrl": "https://app.example.no/login?next={return_to}",
    "Stage": "staging",
    "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d",
    "SupportEmail": "hjelp@example.no",
    "SupportSms": "+47 900 00 000",
    "TimeZone": "Europe/Stockholm",
    "TokenAlgorithms": "HS256",
    "TokenAudience": "coordinators",
    "TokenIssuer": "https://abcdefghijklmnopqrst.supabase.co/auth/v1",
    "TokenKeysUrl": "https://app.example.no/keys.json",
    "TokenSecretArn": "arn:aws:secretsmanager:eu-north-1:000000000000:secret:token-a1b2c3",
    "WebhookConcurrency": "5",
}
"""A value that each parameter may have, and not its default where it has one. A new parameter needs one here."""


def stages(samconfig: Path) -> dict[str, dict[str, str]]:
    """Return the parameters that samconfig.toml gives each of its environments, when a person has filled it in.

    A person takes the # off the lines of what the template has no default for, and writes in a value.
    """

    def filled(line: re.Match[str]) -> str:
        return f'{line[1]}"{line[2]}={EVERY_PARAMETER.get(line[2], "")}",'

    environments = tomllib.loads(_TO_FILL_IN.sub(filled, samconfig.read_text(encoding="utf-8")))
    return {
        name: overrides(environments[name].get("deploy", {}).get("parameters", {}).get("parameter_overrides", []))
        for name in environments
        if isinstance(environments[name], dict)
    }


def stack_name(samconfig: Path, environment: str) -> str:
    """Return the name of the stack of an environment."""
    tables = tomllib.loads(samconfig.read_text(encoding="utf-8"))
    for table in (tables.get(environment, {}), tables["default"]):
        for command in ("deploy", "global"):
            if name := table.get(command, {}).get("parameters", {}).get("stack_name"):
                return str(name)
    raise OperationsError(f"samconfig.toml names no stack for {environment}")


def overrides(given: str | list[str]) -> dict[str, str]:
    """Return parameters as `sam deploy` reads them: Name=value, separated by blanks."""
    words = shlex.split(given) if isinstance(given, str) else given
    return dict(word.split("=", 1) for word in words)


def complete(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each parameter: what is given, the default, or one of ours where a person must choose."""
    declared = template["Parameters"]
    if unknown := sorted(given.keys() - declared.keys()):
        raise OperationsError(f"samconfig.toml gives {', '.join(unknown)}, which the template does not have")
    return {name: given.get(name, _default(name, one)) for name, one in declared.items()}


def _default(name: str, declaration: Mapping[str, Any]) -> str:
    if "Default" in declaration:
        return str(declaration["Default"])
    if name not in EVERY_PARAMETER:
        raise OperationsError(f"give the parameter {name} a value in local/deploy_check/stages.py")
    return EVERY_PARAMETER[name]


def unused(template: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters without a value above, and those that the template declares and does not use."""
    words = str({name: part for name, part in template.items() if name not in {"Parameters", "Rules"}})
    return tuple(
        sorted(
            name
            for name in template["Parameters"]
            if name not in EVERY_PARAMETER or (f"'Ref': '{name}'" not in words and f"${{{name}}}" not in words)
        )
    )
