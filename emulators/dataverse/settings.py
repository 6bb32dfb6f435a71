"""The settings of an emulator that can be changed while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class EmulatorSettings:
    """The defaults are the service's own."""

    batch_limit: int = 1000
    """Operations a `$batch` may hold; some environments were seen to allow 250."""
    dop_hint: int = 4
    """x-ms-dop-hint: how many parallel requests the service advises."""
    races_to_lose: int = 0
    """How many of the next upserts that would create a row find that another client has just created it: 412."""
    administration: bool = False
    """Whether an administrator's set-up is served: new tables, columns and keys, roles and application users."""
