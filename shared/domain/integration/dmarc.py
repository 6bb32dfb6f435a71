"""What a DMARC record says: how recipients' servers are to treat mail that is signed by nobody.

RFC 7489, with the walk through the domains above of its successor (draft-ietf-dmarc-dmarcbis, 4.10), which needs no
list of public suffixes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_RECORD: Final = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
_POLICIES: Final = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Dmarc:
    """The policy for the sender's domain, and the name whose record says it. Without a policy, `problem` says why."""

    name: str = ""
    policy: str = ""
    problem: str = ""


def dmarc_of(domain: str, texts_of: Callable[[str], Sequence[str]]) -> Dmarc:
    """Return the policy for mail from this domain: by its own record, or that of the highest domain above with one."""
    own, *above = _names(domain)
    for name in (own, *reversed(above)):
        records = [text for text in texts_of(name) if _RECORD.match(text)]
        if len(records) > 1:
            return Dmarc(name, problem=f"{name} has {len(records)} records, so recipients obey none")
        if records:
            return _read(name, records[0], of_parent=name != own)
    return Dmarc(problem=f"there is no record at {' or '.join((own, *above))}")


def _names(domain: str) -> Iterator[str]:
    """Yield the names of the records: of the domain itself, and of those above it down to two labels."""
    labels = domain.lower().rstrip(".").split(".")
    for n in range(max(len(labels) - 1, 1)):
        yield "_dmarc." + ".".join(labels[n:])


def _read(name: str, record: str, *, of_parent: bool) -> Dmarc:
    tags = {
        tag.strip().lower(): value.strip().lower()
        for tag, is_pair, value in (part.partition("=") for part in record.split(";"))
        if is_pair
    }
    policy = (tags.get("sp") if of_parent else None) or tags.get("p", "")
    if policy not in _POLICIES and tags.get("rua"):
        return Dmarc(name, "none")  # whoever asks for reports is taken to want nothing else
    if policy not in _POLICIES:
        return Dmarc(name, problem=f"the record at {name} has no policy p=none, p=quarantine or p=reject")
    return Dmarc(name, policy)
