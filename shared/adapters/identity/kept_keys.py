"""The keys that a container keeps, and when it asks for them again.

The first token ten minutes after the keys were fetched has them fetched again, and what the provider has withdrawn is
accepted no longer. While the provider cannot be reached, the known keys stay in use: a key that was withdrawn meanwhile
is accepted until the provider can be reached again, at most for 24 hours. Where a cache stands before the keys, as
Supabase's does, its ten minutes come on top.
"""

from __future__ import annotations

import math
import time
from threading import Lock
from typing import TYPE_CHECKING

from shared.domain.errors import ConnectionLostError, KeysUnavailableError
from shared.domain.sign_in import SHARED_SECRET_ALGORITHM
from shared.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.adapters.identity.keys import VerifyingKey

RENEW_SECONDS = 600.0
REST_SECONDS = 60.0
"""The least time between two attempts, whatever tokens come and however the last one ended."""
LONGEST_SECONDS = 24 * 3600.0
"""How long keys are used that could not be asked for again."""


class KeptKeys:
    """Keys of one source. Threads share them: one of them asks, the others wait for it.

    It uses the wall clock, because a container may have been frozen between two invocations.
    """

    def __init__(
        self,
        load: Callable[[], Sequence[VerifyingKey]],
        *,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`load` returns the keys as they are now. `report` is told of each attempt that failed: a type or a code."""
        self._load = load
        self._report = report
        self._clock = clock
        self._lock = Lock()
        self._keys: Sequence[VerifyingKey] = ()
        self._loaded_at = self._tried_at = -math.inf
        self._misconfigured: SettingsError | None = None

    @property
    def available(self) -> bool:
        """Return whether the source has said what its keys are, less than a day ago."""
        return self._age(self._loaded_at) < LONGEST_SECONDS

    def find(self, algorithm: str, kid: str | None) -> Sequence[VerifyingKey]:
        """Return the keys that may have made a signature with this algorithm, as known now.

        That is the key named `kid`; without a name the only key for the algorithm, if it is the only one; the shared
        secrets always. Raises SettingsError if no key is known because of a setting.
        """
        if self._age(self._loaded_at) >= RENEW_SECONDS:
            self.renew()
        if not self.available:
            if self._misconfigured:
                raise SettingsError(str(self._misconfigured))
            return ()
        keys = [key for key in self._keys if key.algorithm == algorithm]
        if algorithm == SHARED_SECRET_ALGORITHM:
            return keys
        if kid is None:
            return keys if len(keys) == 1 else ()
        return [key for key in keys if key.kid == kid]

    def renew(self) -> None:
        """Ask for the keys again, unless that was done less than a minute ago. If it fails, the known keys stay."""
        with self._lock:
            if self._age(self._tried_at) < REST_SECONDS:
                return
            self._tried_at = self._clock()
            self._misconfigured = None
            try:
                self._keys = self._load()
            except SettingsError as error:
                self._misconfigured = error
                self._report(type(error).__name__)
                return
            except (KeysUnavailableError, ConnectionLostError) as error:
                self._report(str(error))
                return
            self._loaded_at = self._clock()

    def _age(self, moment: float) -> float:
        """Return the seconds since then. A clock that was put back makes nothing younger."""
        return abs(self._clock() - moment)
