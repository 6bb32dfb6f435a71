"""The errors of the local Lambda host."""

from __future__ import annotations


class LambdaHostError(Exception):
    """A request that the local Lambda host cannot carry out; base of the others."""


class TemplateError(LambdaHostError):
    """A template that AWS would refuse, or that cannot be run here. The message says what and where."""


class TooManyRequestsException(LambdaHostError):  # noqa: N818 - the name the Lambda API gives it
    """Every environment that the function may have is busy. Lambda returns HTTP 429 with this name."""


class HostClosedError(LambdaHostError):
    """The host was closed before or during the invocation."""
