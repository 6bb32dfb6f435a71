"""The commands that alerts and screens print, complete for the system that they work on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

DEPLOYED = "hlf-operations"
LOCAL = "python -m local"
# These ask the stack; all others the database. The first of them can do nothing with its address.
_WITHOUT_DATABASE = ("dlq list", "dlq replay")
_OF_THE_STACK = (*_WITHOUT_DATABASE, "dlq", "mail-drill", "test-alert", "reconcile", "rotate-credential")


@dataclass(frozen=True, slots=True)
class Target:
    """The system that a command works on: a deployed stack, a database by its address, both, or the local stack."""

    stack: str = ""
    database_url: str = ""
    """Given by a person beside the database, and without a password."""
    local_program: str = LOCAL

    @property
    def is_local(self) -> bool:
        """Return whether it is the local stack."""
        return not self.stack and not self.database_url

    def command(self, words: str) -> str:
        """Return the whole line for a command such as `rejected list`, to be pasted as it stands."""
        if self.is_local:
            return f"{self.local_program} {words}"
        found = [DEPLOYED, words]
        if self.stack or words.startswith(_OF_THE_STACK):
            found.append(f"--stack {self.stack or 'STACK'}")
        if self.database_url and not words.startswith(_WITHOUT_DATABASE):
            found.append(f"--database-url {shlex.quote(self.database_url)}")
        return " ".join(found)

    def function(self, name: str, event: str) -> str:
        """Return the whole line that runs a function with an event."""
        if self.is_local:
            return f"{self.local_program} nightly"
        return f"sam remote invoke {name} --stack-name {self.stack or 'STACK'} --event '{event}'"
