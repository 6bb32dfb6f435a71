"""Who is signed in: the identity provider of the settings. No database is used."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.adapters.aws.secrets import read_secret
from shared.adapters.identity.fetch import fetch_keys
from shared.adapters.identity.kept_keys import KeptKeys
from shared.adapters.identity.keys import VerifyingKey, published_keys, secret_keys
from shared.adapters.identity.tokens import Expected, TokenSignIn
from shared.observability import logger
from shared.settings import SignInSettings, sign_in_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.ports import SignIn


@cache
def sign_in() -> SignIn:
    """Return the container's check of tokens, which keeps the keys. Raises SettingsError."""
    settings = sign_in_settings()
    expected = Expected(settings.issuer, settings.audience, settings.algorithms)
    published = KeptKeys(
        partial(_published, settings), report=partial(_log, urlsplit(settings.keys_address).hostname or "")
    )
    secrets = KeptKeys(partial(_secrets, settings), report=partial(_log, "secretsmanager"))
    return TokenSignIn(expected, published, secrets if settings.secret_arn else None)


def _published(settings: SignInSettings) -> Sequence[VerifyingKey]:
    return published_keys(fetch_keys(settings.keys_address), settings.algorithms)


def _secrets(settings: SignInSettings) -> Sequence[VerifyingKey]:
    return secret_keys(read_secret(settings.secret_arn, settings.region, fresh=True))


def _log(host: str, error: str) -> None:
    """Log an attempt that failed: at most one a minute, and nothing of the token that caused it."""
    logger().warning("keys_unavailable", host=host, error=error)
