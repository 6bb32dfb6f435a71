"""The refusals of STS, by the codes of its API reference."""

from __future__ import annotations

from http import HTTPStatus


class StsError(Exception):
    """A refused call. It becomes the reply."""

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def access_denied(action: str) -> StsError:
    """Return the refusal of a call that no policy allows."""
    return StsError("AccessDenied", f"The caller is not authorized to perform: sts:{action}", HTTPStatus.FORBIDDEN)


def federation_disabled() -> StsError:
    """Return the refusal in an account without the feature. Its code and status are in the API reference."""
    message = "The outbound web identity federation feature is not enabled for this account."
    return StsError("OutboundWebIdentityFederationDisabled", message, HTTPStatus.FORBIDDEN)
