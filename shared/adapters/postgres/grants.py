"""The rights that each of our roles has, as the files of shared/database/functions grant them."""

from __future__ import annotations

import re
from functools import cache

from shared.adapters.postgres.migrate import read_functions

_GRANT = re.compile(r"^GRANT ([A-Z, ]+?) ON\s+(FUNCTION\s+)?(.+?)\s*\bTO ([a-z_,\s]+?);", re.DOTALL | re.MULTILINE)
_ARGUMENTS = re.compile(r"\([^)]*\)")
_USAGE = "USAGE ON schema certification"


@cache
def granted_in_files() -> dict[str, frozenset[str]]:
    """Return, for each of our roles, its rights such as `EXECUTE ON certification.start_run`.

    Functions of one name have one right: overloads are granted together.
    """
    granted: dict[str, set[str]] = {}
    for file in read_functions():
        for privileges, _, objects, roles in _GRANT.findall(file.sql):
            for role in map(str.strip, roles.split(",")):
                rights = granted.setdefault(role, {_USAGE})
                for name in map(str.strip, _ARGUMENTS.sub("", objects).split(",")):
                    rights.update(f"{privilege.strip()} ON {name}" for privilege in privileges.split(","))
    return {role: frozenset(rights) for role, rights in granted.items()}
