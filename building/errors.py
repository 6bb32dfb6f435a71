"""The error of a build."""

from __future__ import annotations


class BuildError(Exception):
    """Raised when an artifact cannot be built. The message says why, and what to do."""
