"""The two calls of STS that are served: AssumeRole, and GetWebIdentityToken by the session it gives."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING

from emulators.sts.errors import StsError, access_denied, federation_disabled
from emulators.sts.signing import ALGORITHM, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.sts.signing import Issuer

_ACCESS_KEY = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/\s]+)/")
_SHORTEST, _LONGEST = 60, 3600
_ALGORITHMS = {"RS256", "ES384"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """The conditions of a role's policy on sts:GetWebIdentityToken; an empty set allows everything."""

    audiences: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset()
    longest_seconds: int = _LONGEST

    def allows(self, asked: Request) -> bool:
        """Return whether the policy allows this token."""
        return (
            (not self.audiences or set(asked.audience) <= self.audiences)
            and (not self.algorithms or asked.algorithm in self.algorithms)
            and asked.seconds <= self.longest_seconds
        )


@dataclass(slots=True)
class Account:
    """The state of one account. `roles` are those that may be assumed, by ARN, each with its policy."""

    issuer: Issuer
    roles: dict[str, TokenPolicy]
    federation_enabled: bool = True
    clock: Callable[[], float] = time.time
    sessions: dict[str, str] = field(default_factory=dict)
    """The role of each session, by its access key."""

    def assume_role(self, form: Mapping[str, str]) -> Mapping[str, object]:
        """Return a session of a role. Who asks is not known here: local callers all have the same credentials."""
        role = form.get("RoleArn", "")
        if role not in self.roles:
            raise access_denied("AssumeRole")
        key, name = f"ASIA{token_hex(8).upper()}", form.get("RoleSessionName", "")
        self.sessions[key] = role
        ends_at = self.clock() + int(form.get("DurationSeconds", _LONGEST))
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": token_hex(20),
                "SessionToken": token_hex(40),
                "Expiration": _moment(ends_at),
            },
            "AssumedRoleUser": {
                "Arn": role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{name}",
                "AssumedRoleId": f"AROALOCAL:{name}",
            },
        }

    def get_web_identity_token(self, form: Mapping[str, str], authorization: str) -> Mapping[str, object]:
        """Return a token whose subject is the session's role."""
        asked = _request(form)
        found = _ACCESS_KEY.match(authorization)
        role = self.sessions.get(found[1]) if found else None
        if role is None or role not in self.roles or not self.roles[role].allows(asked):
            raise access_denied("GetWebIdentityToken")
        if not self.federation_enabled:
            raise federation_disabled()
        if asked.algorithm != ALGORITHM:
            raise StsError("InvalidAction", "the emulator signs with RS256 only")
        claims = self.issuer.claims(role, asked, self.clock())
        return {"WebIdentityToken": self.issuer.sign(claims), "Expiration": _moment(claims["exp"])}


def _request(form: Mapping[str, str]) -> Request:
    audience = tuple(value for name, value in sorted(form.items()) if name.startswith("Audience.member."))
    algorithm = form.get("SigningAlgorithm", "")
    seconds = int(form.get("DurationSeconds", "300"))
    if not audience or algorithm not in _ALGORITHMS or not _SHORTEST <= seconds <= _LONGEST:
        raise StsError("ValidationError", "Audience, SigningAlgorithm or DurationSeconds is not valid")
    return Request(audience=audience, algorithm=algorithm, seconds=seconds)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
