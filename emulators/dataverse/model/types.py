"""The types of a row and of a condition on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

type Row = dict[str, Any]
"""Column (JSON name) to JSON value, every column of the table; `_x_value` for a lookup."""

type Predicate = Callable[[Row], bool]
"""Whether a row fits a `$filter`."""
