"""The trust of the local Dataverse in the functions: a local STS, and a federated credential for its tokens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from emulators.dataverse.client import EmulatorControl
from emulators.sts.calls import TokenPolicy
from emulators.sts.server import LocalSts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from emulators.lambda_host.template.provision import Stack

ROLE = "DataverseIdentity"


@contextmanager
def local_sts(stack: Stack) -> Iterator[LocalSts]:
    """Yield a local STS that knows the role of template.yaml, with the conditions of its policy."""
    with LocalSts({stack.attribute(ROLE, "Arn"): policy_of(stack)}) as sts:
        yield sts


def trust(dataverse_url: str, sts: LocalSts, stack: Stack) -> None:
    """Let the application of the local Dataverse trust the stack's role, as HLF IT does in Entra."""
    with EmulatorControl(dataverse_url) as dataverse:
        dataverse.trust(sts.issuer, stack.attribute(ROLE, "Arn"))


def policy_of(stack: Stack) -> TokenPolicy:
    """Return what the template allows the role to ask a token for."""
    (policy,) = stack.template.properties(ROLE).values["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    if statement["Action"] != "sts:GetWebIdentityToken" or statement["Effect"] != "Allow":
        raise ValueError(f"{ROLE} has another policy than is understood here")
    conditions: Mapping[str, Mapping[str, str]] = statement["Condition"]
    return TokenPolicy(
        audiences=frozenset({conditions["ForAllValues:StringEquals"]["sts:IdentityTokenAudience"]}),
        algorithms=frozenset({conditions["StringEquals"]["sts:SigningAlgorithm"]}),
        longest_seconds=int(conditions["NumericLessThanEquals"]["sts:DurationSeconds"]),
    )
