"""The journal of requests and writes, for tests and benchmarks. Bounded, and nearly free to keep."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emulators.dataverse.model.write_log import Write

_SIZE: Final = 1_000_000
_LISTED: Final = 1_000


class Entry(NamedTuple):
    """One HTTP request to the Web API or the token endpoint. Times are time.time()."""

    n: int
    """1 for the first since the start."""
    arrived: float
    responded: float
    """When the reply was given to the connection; for a lost reply, when the work was done."""
    method: str
    path: str
    operations: int
    """The number of operations in it."""
    user: str | None
    """The caller's application id; None without a valid token."""
    status: int
    """0: the connection was reset before anything was done. A lost reply's status is the one it would have had."""
    bytes: int
    """Length of the reply's body."""
    in_retry_after: bool
    """Whether it came while a Retry-After given to this user had not yet run out."""
    after_refusal_ms: float | None
    """For such a request: how long after the reply that opened that window was sent. Little: it was on its way."""
    fault: str | None
    """The kind of the rule that hit it."""


class Written(NamedTuple):
    """One committed write. `at` is time.time() at the commit."""

    at: float
    n: int
    """The HTTP request it came by; 0 for a manual edit."""
    set: str
    key: Any
    """The value of the table's first alternate key; a list, if it has several columns."""
    id: str
    verb: str
    """create, update or delete"""
    columns: tuple[str, ...]


class Journal:
    """The newest requests and writes, and totals of all since the last clear()."""

    def __init__(self, size: int = _SIZE) -> None:
        self.n = 0
        """Number of the newest request."""
        self.executed = 0
        """Operations carried out since the start."""
        self.life = 0
        """Grows with each reset(): a request that began in an earlier life does not count in this one."""
        self.resize(size)

    def resize(self, size: int) -> None:
        """Keep a number of requests and of writes from now on, and forget the ones so far. Raises ValueError."""
        if size < 0:
            raise ValueError("the journal cannot keep less than nothing")
        self.size = size
        self.clear()

    def clear(self) -> None:
        """Forget everything except the numbering and the Retry-After windows that are running."""
        self._entries: deque[Entry] = deque(maxlen=self.size)
        self._writes: deque[Written] = deque(maxlen=self.size)
        self.operations: Counter[int] = Counter()
        """Operations by status, alone and inside a `$batch`."""
        self._statuses: Counter[int] = Counter()
        self._verbs: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._after_refusal: list[float] = []
        self._columns: dict[tuple[str, ...], tuple[str, ...]] = {}
        if not hasattr(self, "_windows"):
            self._windows: dict[str, tuple[float, float]] = {}

    def reset(self) -> None:
        """Forget the Retry-After windows too, and every request under way."""
        self.life += 1
        self._windows.clear()
        self.clear()

    def next_number(self) -> int:
        """Return the number of a request that has just arrived."""
        self.n += 1
        return self.n

    def since_refusal(self, user: str | None, now: float) -> float | None:
        """Return the milliseconds since the reply that opened the Retry-After window of this user.

        None outside of a window.
        """
        window = self._windows.get(user) if user is not None else None
        if window is None or now >= window[1]:
            return None
        return max(0.0, (now - window[0]) * 1_000)

    def promised(self, user: str, now: float, seconds: float) -> None:
        """Record that a reply with Retry-After goes out now. A window that is still running becomes longer."""
        opened, until = self._windows.get(user, (0.0, 0.0))
        self._windows[user] = (opened, max(until, now + seconds)) if now < until else (now, now + seconds)

    def record(self, entry: Entry) -> None:
        """Keep a request; its `n` came from next_number()."""
        self._entries.append(entry)
        self._statuses[entry.status] += 1
        totals = self._totals
        totals["token_requests" if entry.path.endswith("/oauth2/v2.0/token") else "requests"] += 1
        totals["operations"] += entry.operations
        if entry.fault is not None:
            self._faults[entry.fault] += 1
        if entry.after_refusal_ms is not None:
            totals["in_retry_after"] += 1
            if len(self._after_refusal) < _LISTED:
                self._after_refusal.append(round(entry.after_refusal_ms, 3))

    def wrote(self, n: int, writes: Iterable[Write]) -> None:
        """Keep what one request committed; n = 0 for a manual edit."""
        known, verbs = self._columns, self._verbs
        for at, schema, row, verb, columns in writes:
            shape = tuple(columns)
            key = [row[column] for column in schema.keys[0].columns] if schema.keys else None
            if key is not None and len(key) == 1:
                key = key[0]
            self._writes.append(
                Written(at, n, schema.set_name, key, row[schema.primary_id], verb, known.setdefault(shape, shape))
            )
            verbs[verb] += 1

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """Return the requests numbered above `since`, the oldest first."""
        return (entry for entry in self._entries if entry.n > since)

    def writes(self, since: float = 0.0) -> Iterator[Written]:
        """Return the writes committed at or after a time, the oldest first."""
        return (written for written in self._writes if written.at >= since)

    def summary(self) -> dict[str, Any]:
        """Return totals since the last clear(), including entries that have left the bounded lists."""
        names = ("requests", "token_requests", "operations", "in_retry_after")
        return {
            **{name: self._totals[name] for name in names},
            "after_refusal_ms": self._after_refusal,
            "by_status": {str(status): count for status, count in sorted(self._statuses.items())},
            "operations_by_status": {str(status): count for status, count in sorted(self.operations.items())},
            "writes": {verb: self._verbs[verb] for verb in ("create", "update", "delete")},
            "faults": dict(self._faults),
        }
