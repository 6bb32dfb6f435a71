"""What a failed SendEmail means: was the message accepted, and may it be tried again (I4)?

Decided by error code, HTTP status and exception class, never by message text. Sources: the errors of
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

from shared.domain.notices import Outcome, ServiceRefused, Throttled, Undeliverable, Unknown

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
# SES says MessageRejected also of a sender that is not verified and of everybody while the account is in the sandbox
# (https://repost.aws/knowledge-center/ses-554-400-message-rejected-error): only the text tells them apart. So
# what SES refuses is `ambiguous`, and the use case writes it off only once SES has accepted something.
_UNDELIVERABLE = frozenset({"BadRequestException", "MessageRejected"})
_SERVICE_REFUSED = frozenset(
    {
        # SES: the account, its quota for the day, the sender's domain, the configuration set.
        "AccountSuspendedException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "SendingPausedException",
        # AWS: who we are and what we may do. Some of these come with status 400.
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

# Raised before a single octet of the request has left.
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
    """Return what `error`, raised by SendEmail, says of the message. What is not known to be safe is Unknown."""
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
    """For a code that is in no list: a proxy's, or one that came after this was written."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled()
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
        # Passed over rather than stopped at, so that one odd message cannot hold up all others (I13).
        return Undeliverable(reason, ambiguous=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceRefused(reason)
    return Unknown(reason)


def _certificate_refused(error: Exception) -> bool:
    """Whether TLS failed because we did not trust the other end: then nothing was said to it."""
    if not isinstance(error, SSLError):
        return False
    cause = error.kwargs.get("error")
    return isinstance(cause, Exception) and any(isinstance(arg, ssl.SSLCertVerificationError) for arg in cause.args)
