"""What can go wrong here, each with the reason in its docstring."""

from __future__ import annotations


class LambdaHostError(Exception):
    """When the local Lambda host cannot do what it was asked; base of the others."""


class TemplateError(LambdaHostError):
    """When the template says something that AWS would refuse, or that cannot be run here. Says what and where."""


class TooManyRequestsException(LambdaHostError):  # noqa: N818 - the name the Lambda API gives it
    """When every environment the function may have is busy. Lambda answers HTTP 429 with this name."""


class HostClosedError(LambdaHostError):
    """When the host was closed before or during the invocation."""
