"""Give the webhook its address and its key, in the secret and in the database."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from operations.commands.setup.passwords import new_webhook_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from operations.commands.setup.owner import Owner
    from operations.commands.setup.secret_values import SecretValues

_KEY: Final = re.compile(r"^[!-~]{32,}$")  # as the database takes it


class WebhookChange(StrEnum):
    """What was done about the webhook."""

    AS_IT_WAS = "as_it_was"
    SET = "set"
    NO_WAY = "no_way"
    """The database has neither pg_net nor aws_lambda. Changes reach the website by the sweep."""


def settle_webhook(
    owner: Owner, values: SecretValues, secret_arn: str, url: str, function_arn: Callable[[], str]
) -> WebhookChange:
    """Make the secret and the row of the webhook fit each other. Whether it is enabled is a person's choice.

    pg_net posts to `url` and signs with the key. On RDS aws_lambda invokes the function, which needs no key.
    """
    with owner.turn():
        row = owner.connection.execute(
            "SELECT w.enabled, w.url, w.secret, w.function_arn FROM certification.webhook AS w"
        ).fetchone()
        enabled, known_url, known_key, known_arn = row or (True, None, None, None)
        value = values.read(secret_arn)
        key = _key_of(value)
        if key is None:
            # A key that the database signs with already is a good one.
            key = known_key if known_key and _KEY.match(known_key) else new_webhook_key()
            values.write(secret_arn, {**value, "current": key})
        posts, invokes = _ways(owner)
        if invokes and (known_arn or not posts):
            wanted: tuple[str | None, ...] = (None, None, function_arn())
        elif posts:
            wanted = (url, key, None)
        else:
            return WebhookChange.NO_WAY
        if wanted == (known_url, known_key, known_arn):
            return WebhookChange.AS_IT_WAS
        owner.connection.execute("DELETE FROM certification.webhook")
        # COPY, because the server's log may hold statements and their parameters, and never the data of a COPY.
        with (
            owner.connection.cursor() as cursor,
            cursor.copy("COPY certification.webhook (enabled, url, secret, function_arn) FROM STDIN") as copy,
        ):
            copy.write_row((enabled, *wanted))
        owner.record("webhook_set", form="aws_lambda" if wanted[2] else "pg_net")
        return WebhookChange.SET


def _key_of(value: Mapping[str, Any]) -> str | None:
    key = value.get("current")
    return key if isinstance(key, str) and _KEY.match(key) else None


def _ways(owner: Owner) -> tuple[bool, bool]:
    """Return whether the database can post by pg_net, and whether it can invoke a function by aws_lambda."""
    found = owner.connection.execute(
        "SELECT coalesce(bool_or(n.nspname = 'net' AND p.proname = 'http_post'), false),"
        "       coalesce(bool_or(n.nspname = 'aws_lambda' AND p.proname = 'invoke'), false)"
        "  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname IN ('net', 'aws_lambda')"
    ).fetchone()
    posts, invokes = found or (False, False)
    return posts, invokes
