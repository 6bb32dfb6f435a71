"""The commands that operations is told to type, complete for where this system runs."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = "python -m local"
# These ask the stack; all others the database.
_OF_THE_STACK = ("dlq", "reconcile")


@dataclass(frozen=True, slots=True)
class Target:
    """What a command works on: a deployed stack, a database by its address, or the local stack."""

    stack: str = ""
    by_address: bool = False
    """The database was given by its address. That is not repeated: a password may stand in it."""
    program: str = PROGRAM

    def command(self, words: str) -> str:
        """The whole line for a command such as `set-aside list`, to be pasted as it stands."""
        if self.stack:
            return f"{self.program} {words} --stack {self.stack}"
        if not self.by_address:
            return f"{self.program} {words}"
        if words.startswith(_OF_THE_STACK):
            return f"{self.program} {words} --stack STACK"
        return f'{self.program} {words} --database-url "$DATABASE_URL"'

    def function(self, name: str, event: str) -> str:
        """The whole line that runs a function with an event."""
        if self.stack or self.by_address:
            return f"sam remote invoke {name} --stack-name {self.stack or 'STACK'} --event '{event}'"
        return f"{self.program} nightly"
