"""The faults of the control API in Python: one method for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from emulators.dataverse.faults.rules import FaultKind, Rule


class FaultControl(ABC):
    """Sets the rules of faults. Each method returns the rule's number.

    `count` None lets a rule hold until it is removed. `where` are more fields of rules.Rule, such as path, contains,
    skip, every.
    """

    @abstractmethod
    def fault(self, rule: Rule) -> int:
        """Set any rule."""

    @abstractmethod
    def settings(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the environment's settings after a change of these fields."""

    def fail_next(self, count: int | None = 1, *, status: int = 503, **where: Any) -> int:  # noqa: ANN401
        """Refuse the next requests with a status, without carrying them out."""
        return self.fault(Rule(kind=FaultKind.STATUS, count=count, status=status, **where))

    def fail_after_commit(self, count: int | None = 1, *, status: int = 504, **where: Any) -> int:  # noqa: ANN401
        """Carry out the next requests, and respond to them with a status of failure all the same."""
        return self.fault(Rule(kind=FaultKind.STATUS_AFTER, count=count, status=status, **where))

    def poison(self, contains: str, *, status: int = 400, code: str = "0x80048d19", count: int | None = None) -> int:
        """Refuse every operation, alone or in a `$batch`, whose path or body holds this text, such as a key."""
        return self.fault(
            Rule(kind=FaultKind.STATUS, where="operation", contains=contains, status=status, code=code, count=count)
        )

    def slow(self, seconds: float, count: int | None = None, **where: Any) -> int:  # noqa: ANN401
        """Carry out requests and respond to them so many seconds late, whether or not the client still waits."""
        return self.fault(Rule(kind=FaultKind.DELAY, seconds=seconds, count=count, **where))

    def reset_before(self, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Reset the connection before anything is done."""
        return self.fault(Rule(kind=FaultKind.RESET_BEFORE, count=count, **where))

    def reset_after(self, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Reset the connection after the writes were committed."""
        return self.fault(Rule(kind=FaultKind.RESET_AFTER, count=count, **where))

    def truncate_replies(self, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Send half of the reply and hang up; the writes are committed."""
        return self.fault(Rule(kind=FaultKind.TRUNCATE, count=count, **where))

    def lose_replies(self, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Commit the writes and never respond."""
        return self.fault(Rule(kind=FaultKind.LOSE_REPLY, count=count, **where))

    def lose_races(self, count: int = 1) -> None:
        """Let the next upserts that would create a row find that another client has just created it: 412."""
        self.settings(races_to_lose=count)

    def empty_lists(self, count: int | None = None, **where: Any) -> int:  # noqa: ANN401
        """Return lists as if the table were empty."""
        return self.fault(Rule(kind=FaultKind.EMPTY_LIST, where="list", count=count, **where))

    def first_rows_only(self, rows: int, count: int | None = None, **where: Any) -> int:  # noqa: ANN401
        """Let lists end after a number of rows."""
        return self.fault(Rule(kind=FaultKind.FIRST_ROWS, where="list", rows=rows, count=count, **where))

    def repeat_page(self, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Return the rows of the page before once more, in place of the next page, and then go on."""
        return self.fault(Rule(kind=FaultKind.REPEAT_PAGE, where="list", count=count, **where))

    def skip_rows(self, rows: int, count: int | None = 1, **where: Any) -> int:  # noqa: ANN401
        """Begin a page a number of rows too late."""
        return self.fault(Rule(kind=FaultKind.SKIP_ROWS, where="list", rows=rows, count=count, **where))
