"""The errors of this system. A message may be logged, so it never holds personal data (I11)."""


class CertificationError(Exception):
    """When something this system foresees went wrong. The subclass says what to do about it."""


class TransientError(CertificationError):
    """When the same call may succeed later: give the work back and try again."""


class PermanentError(CertificationError):
    """When the same call will fail every time: set the record aside with its reason, alert, go on (I13)."""


class UnusableAddressError(PermanentError):
    """When a name or an address cannot stand in a mail header, or SES cannot send to it."""


class IncompleteNoticeError(PermanentError):
    """When a notice lacks what its kind of message has to say."""


class StoreUnavailableError(TransientError):
    """When the database refuses for now: a deadlock, a lock that was not to be had, no connection free."""


class StoreRefusedError(PermanentError):
    """When the database refuses a call: a constraint, a missing privilege, a missing function."""


class ConnectionLostError(TransientError):
    """When the connection to the database is gone or cannot be made; the run cannot go on."""


class WebsiteUnavailableError(TransientError):
    """When the website, or who issues tokens for it, cannot be reached or says that it cannot serve now."""


class WebsiteRefusesUsError(PermanentError):
    """When the website refuses all that we send: the credential, the application user, a privilege (I10)."""


class WebsiteAuthError(WebsiteRefusesUsError):
    """When our credential is refused: a wrong or expired secret, an unknown application, no such user there."""


class WebsiteMisconfiguredError(WebsiteRefusesUsError):
    """When where to send to is set wrongly: not https, another host than the configured one, no such environment."""


class QueueUnavailableError(TransientError):
    """When the queue did not take, or give back, every message."""
