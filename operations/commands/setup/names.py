"""Name what a stack needs in the database: the role behind each secret, and the two logins of each role."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OUTPUT: Final = re.compile(r"^(\w+)DatabaseSecretArn$")
_ARN: Final = re.compile(r"^arn:[^:]+:secretsmanager:([^:]+):([^:]+):secret:")
_LONGEST_NAME: Final = 63  # of a role in PostgreSQL; a longer one would be cut off without a word
SLOTS: Final = ("a", "b")
"""Of the two logins of a role one is in use; the other takes its place when the password is changed."""
ROTATED: Final = "rotated:"
"""How the mark of a login begins that a rotation has made."""
PRINTED: Final = "printed"
"""The mark of a login that a database administrator has made by the SQL of --print."""


@dataclass(frozen=True)
class Need:
    """A login that the stack needs: the output with its secret, and the role whose rights it has."""

    output: str
    arn: str
    function: str

    @property
    def role(self) -> str:
        """Return the role of the database that this secret's login belongs to."""
        return f"certification_{self.function}"


def needs(outputs: Mapping[str, str]) -> tuple[Need, ...]:
    """Return the logins that the outputs of a stack ask for: `XDatabaseSecretArn` is that of `certification_x`."""
    found = ((name, arn, _OUTPUT.match(name)) for name, arn in sorted(outputs.items()))
    return tuple(Need(name, arn, snake(match[1])) for name, arn, match in found if match)


def snake(name: str) -> str:
    """Return `ExpiryCheck` as `expiry_check`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def login_name(stack: str, function: str, slot: str) -> str:
    """Return the name of a login. It holds the stack's name, because the logins of a server are in one list.

    A stack's name that is too long is cut, and a part of its hash keeps it apart from others that begin alike.
    """
    plain = re.sub(r"[^a-z0-9]", "_", stack.lower())
    ending = f"_{function}_{slot}"
    room = _LONGEST_NAME - len(ending)
    if len(plain) > room:
        plain = f"{plain[: room - 7]}_{sha256(stack.encode()).hexdigest()[:6]}"
    return plain + ending


@dataclass(frozen=True)
class Belonging:
    """Whose a login is, as its comment in the database says, and since when it is what it is."""

    stack: str
    """Region, account and name: a stack of the same name in another account is another one."""
    database: str
    since: str = ""
    mark: str = ""
    """Of the run that made its password: another run that has made a new one meanwhile is noticed by it."""

    def comment(self) -> str:
        """Return the comment to put on the login."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def same_owner(self, other: Belonging | None) -> bool:
        """Return whether both are of one stack and one database."""
        return other is not None and (self.stack, self.database) == (other.stack, other.database)


def belonging_of(comment: str | None) -> Belonging | None:
    """Return whose a login is; None if its comment is not one of ours."""
    try:
        found = json.loads(comment or "")
        return Belonging(**{name: str(found[name]) for name in ("stack", "database", "since", "mark")})
    except (ValueError, KeyError, TypeError):
        return None


def whole_name(stack: str, needed: Iterable[Need]) -> str:
    """Return region, account and name of a stack, by the address of its first secret."""
    places = (_ARN.match(need.arn) for need in needed)
    place = next((f"{match[1]}/{match[2]}/" for match in places if match), "")
    return f"{place}{stack}"
