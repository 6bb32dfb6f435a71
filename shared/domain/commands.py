"""The commands that alerts print, complete for where this system runs."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = "python -m local"
# These ask the stack; all others the database. The first of them can do nothing with its address.
_WITHOUT_DATABASE = ("dlq list", "dlq replay")
_OF_THE_STACK = (*_WITHOUT_DATABASE, "dlq", "reconcile")
_ADDRESS = '--database-url "$DATABASE_URL"'


@dataclass(frozen=True, slots=True)
class Target:
    """What a command works on: a deployed stack, a database by its address, both, or the local stack."""

    stack: str = ""
    by_address: bool = False
    """The database was given by its address: the stack's secret may hold no login. It is not repeated: a password may
    stand in it."""
    program: str = PROGRAM

    def command(self, words: str) -> str:
        """The whole line for a command such as `rejected list`, to be pasted as it stands."""
        found = [self.program, words]
        if self.stack or (self.by_address and words.startswith(_OF_THE_STACK)):
            found.append(f"--stack {self.stack or 'STACK'}")
        if self.by_address and not words.startswith(_WITHOUT_DATABASE):
            found.append(_ADDRESS)
        return " ".join(found)

    def function(self, name: str, event: str) -> str:
        """The whole line that runs a function with an event."""
        if self.stack or self.by_address:
            return f"sam remote invoke {name} --stack-name {self.stack or 'STACK'} --event '{event}'"
        return f"{self.program} nightly"
