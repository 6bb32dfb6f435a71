"""A call to an AWS service that is bounded in time and fails in one way only: with a code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.within import DeadlineExceededError, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.errors import CertificationError

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._]{2,99}")


def aws_call[Result](
    service: str, seconds: float, call: Callable[[], Result], error: Callable[[str], CertificationError]
) -> Result:
    """Return what `call` returns. Raises `error` with a code when it fails or takes longer than `seconds`.

    `call` must also read the reply. For a reply that no service should send, such as the login page of a proxy,
    botocore raises whatever error its parsers hit; it becomes a code only if the reply is read inside `call`.
    """
    try:
        return within(seconds, call)
    except ClientError as refused:
        found = refused.response.get("Error")
        word = found.get("Code") if isinstance(found, dict) else None
    except (BotoCoreError, DeadlineExceededError) as failed:
        word = type(failed).__name__
    except Exception:  # noqa: BLE001 - see above
        word = "reply_unreadable"
    raise error(as_code(service, word))


def as_code(service: str, word: object) -> str:
    """Return a code for the log. A word that is no code, such as a sentence, is left out (I11)."""
    known = isinstance(word, str) and _CODE.fullmatch(word)
    return f"{service}_{word}" if known else f"{service}_refused"
