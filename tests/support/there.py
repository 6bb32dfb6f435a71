"""What must be there."""

from __future__ import annotations


def there[T](value: T | None) -> T:
    """Return a value that may be None by its type, and is not in this test."""
    assert value is not None
    return value
