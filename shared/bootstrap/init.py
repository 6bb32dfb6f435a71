"""What a container makes in Lambda's init phase, when it has a whole processor whatever its memory. No network."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - every connection looks up a host's name by it
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Lambda sets it in every container, and nothing else does.
_IN_LAMBDA = "AWS_LAMBDA_RUNTIME_API"


def in_init(*make: Callable[[], object]) -> None:
    """Make what the first event surely needs, and what is kept for all events.

    What cannot be made is left to the event that needs it, whose error is reported in our form.
    """
    if _IN_LAMBDA not in os.environ:
        return
    for each in make:
        with suppress(Exception):
            each()
