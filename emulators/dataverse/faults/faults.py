"""Faults on request: the rules in force, and which request each of them hits."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.dataverse.faults.rules import Rule, Where
    from emulators.dataverse.model.messages import Request


class ActiveRule:
    """A rule in force, and how many requests it saw and hit."""

    __slots__ = ("contains", "hits", "number", "path", "rule", "seen", "until")

    def __init__(self, number: int, rule: Rule, now: float) -> None:
        self.number = number
        self.rule = rule
        self.path = re.compile(rule.path) if rule.path else None
        self.contains = rule.contains.encode() if rule.contains else None
        self.until = None if rule.for_seconds is None else now + rule.for_seconds
        self.seen = 0
        self.hits = 0

    def spent(self, now: float) -> bool:
        """Return whether the rule can hit nothing any more."""
        return self.hits == self.rule.count or (self.until is not None and now >= self.until)

    def hit(self, request: Request) -> bool:
        """Return whether the rule hits this request, and count it."""
        rule = self.rule
        if rule.method is not None and rule.method != request.method:
            return False
        if self.path is not None and not self.path.search(request.path):
            return False
        if self.contains is not None and not (
            self.contains in request.body or self.contains in request.path.encode("latin-1")
        ):
            return False
        self.seen += 1
        ordinal = self.seen - rule.skip
        if ordinal <= 0 or ordinal % rule.every:
            return False
        self.hits += 1
        return True

    def described(self) -> dict[str, object]:
        """Return the rule and its counts as JSON."""
        rule = self.rule.model_dump(mode="json", exclude_defaults=True)
        return {"id": self.number, **rule, "seen": self.seen, "hits": self.hits}


class Faults:
    """The rules in force. The first one that hits a request is the one that happens to it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove every rule."""
        self.all: list[ActiveRule] = []
        self.requests: list[ActiveRule] = []
        self.operations: list[ActiveRule] = []
        self.lists: list[ActiveRule] = []
        self.tokens: list[ActiveRule] = []

    def add(self, rule: Rule) -> ActiveRule:
        """Set a rule."""
        live = ActiveRule(len(self.all) + 1, rule, time.time())
        self.all.append(live)
        self._live(rule.where).append(live)
        return live

    def remove(self, number: int) -> None:
        """Remove one rule. Raises LookupError."""
        found = [live for live in self.all if live.number == number]
        if not found:
            raise LookupError(f"there is no rule {number}")
        rules = self._live(found[0].rule.where)
        rules[:] = [other for other in rules if other is not found[0]]

    def pick(self, where: Where, request: Request, now: float) -> Rule | None:
        """Return the rule that hits this request, None if none does."""
        rules = self._live(where)
        found = None
        for live in rules:
            if not live.spent(now) and live.hit(request):
                found = live.rule
                break
        if any(live.spent(now) for live in rules):
            rules[:] = [live for live in rules if not live.spent(now)]  # with none left, the next request skips this
        return found

    def _live(self, where: Where) -> list[ActiveRule]:
        return {
            "request": self.requests,
            "operation": self.operations,
            "list": self.lists,
            "token": self.tokens,
        }[where]
