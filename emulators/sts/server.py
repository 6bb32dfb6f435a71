"""A local STS with outbound identity federation: sessions of roles, signed tokens, and the account's own issuer.

ministack's STS has no GetWebIdentityToken. Point AWS_ENDPOINT_URL_STS at `url`; a service that trusts `issuer` reads
its keys there. Other calls of STS are not served.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, override

from emulators.local_server import LocalServer
from emulators.sts.calls import Account, TokenPolicy
from emulators.sts.errors import StsError
from emulators.sts.http import ISSUER_PATH, StsServer
from emulators.sts.signing import Issuer, SigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCOUNT = "000000000000"


class LocalSts(LocalServer):
    """The server: a context manager, or start() and stop(). Listens on 127.0.0.1, on a free port.

    `roles` are the roles that may be assumed, by ARN, each with its policy. `calls` are the actions that were called,
    `key_fetches` counts who read the issuer's keys.
    """

    def __init__(self, roles: Mapping[str, TokenPolicy] | None = None, *, port: int = 0) -> None:
        super().__init__(port)
        self.calls: list[str] = []
        self.key_fetches = 0
        self._roles = dict(roles or {})
        self._account: Account | None = None
        self._failures: deque[StsError | None] = deque()
        self._fails_metadata = False
        self._hang_seconds = 0.0
        self._skew = 0.0

    @property
    def issuer(self) -> str:
        """Return the account's issuer, as its tokens name it. AWS gives each account one of its own."""
        return f"{self.url}{ISSUER_PATH}"

    @property
    def account(self) -> Account:
        """Return the account, whose state tests may change."""
        if self._account is None:
            raise RuntimeError("the server has not been started")
        return self._account

    @override
    def _listen(self, address: tuple[str, int]) -> StsServer:
        server = StsServer(address, self)
        self._port = server.server_address[1]
        if self._account is None:  # before the first request is read; its issuer names the port
            clock = lambda: time.time() + self._skew  # noqa: E731
            self._account = Account(Issuer(self.issuer, _ACCOUNT), self._roles, clock=clock)
        return server

    def allow(self, role_arn: str, policy: TokenPolicy | None = None) -> None:
        """Let a role be assumed, with this policy."""
        self.account.roles[role_arn] = policy or TokenPolicy()

    def deny(self, role_arn: str) -> None:
        """Let a role no longer be assumed; its sessions end."""
        self.account.roles.pop(role_arn, None)

    def enable_federation(self, *, enabled: bool = True) -> None:
        """Switch the feature on or off for the account, as aws iam enable-outbound-web-identity-federation does."""
        self.account.federation_enabled = enabled

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on. The old one stays published until it is withdrawn. Return the old one."""
        old = self.account.issuer.keys[-1]
        self.account.issuer.keys.append(SigningKey.new())
        return old

    def withdraw(self) -> None:
        """Publish only the key that signs."""
        del self.account.issuer.keys[:-1]

    def skew(self, seconds: float) -> None:
        """Let the account's clock be ahead of this machine's, or behind it."""
        self._skew = seconds

    def fail_next(self, n: int, code: str = "ServiceUnavailable", status: int = HTTPStatus.SERVICE_UNAVAILABLE) -> None:
        """Refuse the next n calls with this error."""
        self._failures.extend([StsError(code, "as a test asked for", status)] * n)

    def drop_reply_next(self, n: int) -> None:
        """Close the connection of the next n calls without a reply."""
        self._failures.extend([None] * n)

    def hide_metadata(self, *, hidden: bool = True) -> None:
        """Give nobody the issuer's documents, as if it could not be reached."""
        self._fails_metadata = hidden

    def hang(self, seconds: float = 30.0) -> None:
        """Let every call wait, and then close the connection without a reply."""
        self._hang_seconds = seconds

    def refuse_connections(self) -> None:
        """Stop listening, so that the operating system refuses; start() undoes it."""
        self.stop()

    def heal(self) -> None:
        """Forget every requested fault. Keys, roles and counts stay."""
        self._failures.clear()
        self._fails_metadata, self._hang_seconds, self._skew = False, 0.0, 0.0
        self._released.set()
        self._released = threading.Event()

    def call(self, form: Mapping[str, str], authorization: str) -> Mapping[str, object] | None:
        """Return the result of a call, or the requested fault."""
        action = form.get("Action", "")
        self.calls.append(action)
        if self._hang_seconds:
            self._released.wait(self._hang_seconds)
            return None
        if self._failures:
            failure = self._failures.popleft()
            if failure is not None:
                raise failure
            return None
        match action:
            case "AssumeRole":
                return self.account.assume_role(form)
            case "GetWebIdentityToken":
                return self.account.get_web_identity_token(form, authorization)
        raise StsError("InvalidAction", f"the emulator has no action {action}")

    def metadata(self, path: str) -> Mapping[str, object] | None:
        """Return the issuer's discovery document or its keys (OpenID Connect Discovery 1.0)."""
        if self._fails_metadata:
            return None
        keys_path = "/.well-known/jwks.json"
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}{keys_path}",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES384"],
            }
        if path == keys_path:
            self.key_fetches += 1
            return {"keys": [key.published() for key in self.account.issuer.keys]}
        raise StsError("NotFound", "there is nothing at this address", HTTPStatus.NOT_FOUND)
