"""Query options of an address: their names, their form, and those that the service refuses.

Dataverse documents `$select $expand $orderby $filter $apply $top $count`, and neither `$skip` nor `$search` nor
`$format` (learn.microsoft.com, "Query data using the Web API"). How one row is addressed is in addresses.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN: Final = frozenset({"$select", "$expand", "$orderby", "$filter", "$top", "$count", "$skiptoken", "$deltatoken"})
_NOT_SERVED: Final = frozenset({"$apply", "fetchxml", "sql", "savedquery", "userquery"})
"""Options that the service has and the emulator has not; lower case."""
_IGNORED: Final = frozenset({"tag"})
"""A value for plug-ins, of which there are none here."""
_unquote: Final = unquote_plus if choices.PLUS_IS_A_SPACE else unquote


class Options(dict[str, str]):
    """Query options by name, percent-encoding removed; parameter aliases by theirs, `@p1`."""

    @property
    def aliases(self) -> dict[str, str]:
        """Return each alias with its value, `@p1` with `'lastname'`."""
        return {name: value for name, value in self.items() if name.startswith("@")}

    def only(self, *names: str) -> None:
        """Raise DataverseError unless every option (aliases aside) is one of `names`."""
        for name in self:
            if name not in names and not name.startswith("@"):
                raise refused(f"The query parameter {name} is not supported")


def options(query: str, *also: str) -> Options:
    """Read the query as it was sent. A `+` is a space, as .NET reads it. `also` are further names.

    Raises DataverseError for options the service does not have, one that is given twice, and 501 for those which only
    the emulator does not have.
    """
    return Options(_options(query, also))


@lru_cache(maxsize=256)  # all operations of a batch have the same
def _options(query: str, also: tuple[str, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in query.split("&"):
        if not part:
            continue
        encoded_name, _, value = part.partition("=")
        name = _unquote(encoded_name)
        if name in _IGNORED:
            continue
        if name not in _KNOWN and name not in also and not name.startswith("@"):
            raise _unknown(name)
        if name in found:
            raise refused(f"Query option '{name}' was specified more than once, but it must be specified at most once.")
        found[name] = _unquote(value)
    return found


def whole_number(options: Options, name: str) -> int | None:
    """Return the value of `$top`, None without it. Raises DataverseError."""
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise refused(
            f"Invalid value '{text}' for {name} query option found. The {name} query option requires a non-negative"
            " integer value."
        )
    return int(text)


def yes_or_no(options: Options, name: str) -> bool:
    """Return the value of `$count`, no without it. Raises DataverseError."""
    text = options.get(name, "false")
    if text not in {"true", "false"}:
        raise refused(f"Invalid value '{text}' for {name} query option found. Valid values are 'true' or 'false'.")
    return text == "true"


def refused(message: str) -> DataverseError:
    """Return 400 for an address that the service cannot read."""
    return DataverseError(400, choices.BAD_QUERY_CODE, message)


def not_implemented() -> DataverseError:
    """Return 501, with the words of the captured reply to `x in (…)`."""
    return DataverseError(choices.NOT_IMPLEMENTED_STATUS, "0x0", "The method or operation is not implemented.")


def _unknown(name: str) -> DataverseError:
    if name == "$skip":
        return refused("Skip Clause is not supported in CRM")
    if name.lower() in _NOT_SERVED:
        return DataverseError.not_served(f"{name} queries")
    return refused(f"The query parameter {name} is not supported")
