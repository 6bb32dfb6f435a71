"""The meaning of a failed SendEmail: whether the message was accepted, and whether it may be sent again (I4).

This is decided by error code, HTTP status and exception class, never by message text. Sources: the errors of
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, the common errors of AWS, and the
exceptions that botocore's HTTP session raises. A reason is a code or a class name: it holds no personal data (I11).
"""

import re
import ssl
from http import HTTPStatus

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    EndpointProviderError,
    LoginError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from shared.domain.mail.notices import Outcome, ServiceRefused, Throttled, Undeliverable, Unknown

_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# SES also returns MessageRejected for an unverified sender, and for every recipient while the account is in the sandbox
# (https://repost.aws/knowledge-center/ses-554-400-message-rejected-error). Only the text tells these cases apart, so
# such a refusal is `ambiguous`, and the use case settles it as undeliverable only once SES has accepted a message.
_UNDELIVERABLE = frozenset({"BadRequestException", "MessageRejected"})
_SERVICE_REFUSED = frozenset(
    {
        # SES refuses the account, its quota for the day, the sender's domain or the configuration set.
        "AccountSuspendedException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "SendingPausedException",
        # AWS refuses our identity or our permissions. Some of these codes come with status 400.
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

# These are raised before a single octet of the request is sent.
_NEVER_REACHED_SES = (
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    EndpointProviderError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSOError,
    TokenRetrievalError,
)


def outcome_of(error: Exception) -> Outcome:
    """Return the outcome of a SendEmail that raised `error`. It is Unknown unless a known rule decides."""
    if isinstance(error, ClientError):
        return _outcome_of_reply(error)
    reason = type(error).__name__
    if isinstance(error, ParamValidationError):
        return Undeliverable(reason)
    if isinstance(error, _NEVER_REACHED_SES) or _certificate_refused(error):
        return ServiceRefused(reason)
    return Unknown(reason)


def _outcome_of_reply(error: ClientError) -> Outcome:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "")
    reason = code if re.fullmatch(r"[A-Za-z][A-Za-z0-9._]{2,63}", code) else f"http_{status}"
    if code in _THROTTLED:
        return Throttled()
    if code in _UNDELIVERABLE:
        return Undeliverable(reason, ambiguous=True)
    if code in _SERVICE_REFUSED:
        return ServiceRefused(reason)
    return _outcome_of_status(status, reason)


def _outcome_of_status(status: int, reason: str) -> Outcome:
    """Return the outcome for a code in no list, such as a proxy's or one that is newer than this module."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled()
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
        # Undeliverable, not a refusal of the service, so that one odd message cannot hold up all others (I13).
        return Undeliverable(reason, ambiguous=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceRefused(reason)
    return Unknown(reason)


def _certificate_refused(error: Exception) -> bool:
    """Return whether TLS failed because we do not trust the peer; then no part of the request was sent."""
    if not isinstance(error, SSLError):
        return False
    cause = error.kwargs.get("error")
    return isinstance(cause, Exception) and any(isinstance(arg, ssl.SSLCertVerificationError) for arg in cause.args)
