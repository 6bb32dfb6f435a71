"""How many examples a property is tried with."""

from hypothesis import settings

from tests.support.there import there

_THOROUGH = 100


def examples(thorough: int) -> int:
    """Return the share of this number that the profile in use has of its own (see tests/conftest.py)."""
    return max(1, thorough * there(settings.default).max_examples // _THOROUGH)
