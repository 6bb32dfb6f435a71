"""Notices: one message to one person, and what became of it.

Names and addresses are left out of every repr, so a notice that ends up in a log line shows ids only (I11).
"""

from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum

from shared.domain.errors import IncompleteNoticeError
from shared.domain.mail.phone_numbers import phone_number


class Locale(StrEnum):
    """The languages we write: bokmål, nynorsk, English (BCP 47, as in Content-Language and html lang)."""

    NB = "nb"
    NN = "nn"
    EN = "en"


class NoticeKind(StrEnum):
    """What a message says. Each has a file of that name under shared/email_templates.

    Who gets it, while which status it is true, and what writes it stand in certification.notice_kinds.
    """

    REMINDER = "reminder"
    EXPIRED = "expired"
    REACTIVATED = "reactivated"
    DIGEST = "digest"


class LineReason(StrEnum):
    """Why a mentor stands in a digest, as the database says it, where the message has words of its own for it.

    Any other reason (the name of a constraint, a code from SES) gets the general wording of its section.
    Of a mail that came back: no mail goes to the address any more, for one of three reasons; the recipient's server
    could not take this one mail, or did not say why; SES stopped the mail and asked no server; and, of an address that
    the app no longer has, a bounce or a complaint.
    """

    NO_EMAIL = "no_email"
    MALFORMED_EMAIL = "malformed_email"
    RESERVED_DOMAIN = "reserved_domain"
    UNUSABLE_ADDRESS = "unusable_address"
    ADDRESS_BOUNCED = "address_bounced"
    ADDRESS_BOUNCES_REPEATEDLY = "address_bounces_repeatedly"
    ADDRESS_COMPLAINED = "address_complained"
    BOUNCED_TRANSIENTLY = "bounced_transiently"
    BOUNCED_UNDETERMINED = "bounced_undetermined"
    BOUNCED_AT_FORMER_ADDRESS = "bounced_at_former_address"
    COMPLAINED_AT_FORMER_ADDRESS = "complained_at_former_address"
    STOPPED_BY_SES = "stopped_by_ses"
    MANUALLY_SET_ACTIVE = "manually_set_active"
    AWAITING_MANUAL_REACTIVATION = "awaiting_manual_reactivation"
    MANUALLY_SET_EXPIRED = "manually_set_expired"


_BAD_ADDRESS = frozenset(
    {
        LineReason.MALFORMED_EMAIL,
        LineReason.RESERVED_DOMAIN,
        LineReason.UNUSABLE_ADDRESS,
        LineReason.ADDRESS_BOUNCED,
        LineReason.ADDRESS_BOUNCES_REPEATEDLY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One mentor in a digest. `days_left` counts calendar days to expires_on, the last valid day.

    `phone` and `email` are as the app has them, whether they work or not.
    """

    mentor_name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    expires_on: date | None = None
    days_left: int | None = None
    reason: str | None = None

    @property
    def has_bad_address(self) -> bool:
        """Return whether no mail arrives at the e-mail address. After a complaint it does, and is not wanted."""
        return self.reason in _BAD_ADDRESS

    @property
    def can_be_written_to(self) -> bool:
        """Return whether a text message or a mail may reach the mentor. Where neither does, only a letter is left."""
        takes_mail = self.email and not self.has_bad_address and self.reason != LineReason.ADDRESS_COMPLAINED
        return bool(takes_mail or (self.phone and self.takes_sms is not False))

    @property
    def takes_sms(self) -> bool | None:
        """Return whether a text message can be sent to `phone`; None where that is not known."""
        number = phone_number(self.phone) if self.phone else None
        return number.takes_sms if number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything that one run reports to one coordinator, most urgent first.

    Each section is capped by the database; `omitted` counts the lines that were left out, over all sections.
    """

    expired: tuple[DigestLine, ...] = ()
    unreachable: tuple[DigestLine, ...] = ()
    undeliverable: tuple[DigestLine, ...] = ()
    needs_decision: tuple[DigestLine, ...] = ()
    reminded: tuple[DigestLine, ...] = ()
    reactivated: tuple[DigestLine, ...] = ()
    omitted: int = 0

    @property
    def to_follow_up(self) -> int:
        """Return the number of lines in the sections that need the coordinator to act."""
        return len(self.expired) + len(self.unreachable) + len(self.undeliverable) + len(self.needs_decision)


SECTIONS = tuple(each.name for each in fields(Digest) if each.name != "omitted")
"""The sections of a digest, as certification.digest_lines names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one person: about one certification, or a digest.

    `expires_on` is the last valid day; for `reactivated` it is the new one. The contact is the other side of a notice
    about a mentor, whom a reply goes to: for the mentor the coordinator, for the coordinator the mentor.
    `instead_of` is the name of the coordinator whose digest goes to the organisation's fall-back address; it may be
    empty, and is None for every other notice.
    """

    id: int
    kind: NoticeKind
    locale: Locale
    organisation_name: str = field(repr=False)
    recipient_name: str = field(repr=False)
    recipient_address: str = field(repr=False)
    expires_on: date | None = None
    days_left: int | None = None
    contact_name: str | None = field(default=None, repr=False)
    contact_email: str | None = field(default=None, repr=False)
    digest: Digest | None = None
    instead_of: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a notice that would read as nonsense, before it can be claimed or sent."""
        if (self.kind is NoticeKind.DIGEST) is not (self.digest is not None):
            raise IncompleteNoticeError(f"notice {self.id}: a digest, and only a digest, has sections")
        if self.instead_of is not None and self.digest is None:
            raise IncompleteNoticeError(f"notice {self.id}: only a digest goes to the fall-back address")
        if self.kind is not NoticeKind.DIGEST and self.expires_on is None:
            raise IncompleteNoticeError(f"notice {self.id}: {self.kind} without expires_on")
        if self.kind is NoticeKind.REMINDER and (self.days_left is None or self.days_left < 0):
            raise IncompleteNoticeError(f"notice {self.id}: a reminder has zero or more days left")


@dataclass(frozen=True, slots=True)
class Sent:
    """SES accepted the message. `message_id` is the one SES gave, and the one its bounce reports quote."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """Not accepted, and never will be: the fault lies in this recipient or this message.

    `ambiguous`: the service would respond the same if the fault lay in our account.
    """

    reason: str
    ambiguous: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not accepted: too many messages for now. The notice can be given back and tried again."""


@dataclass(frozen=True, slots=True)
class ServiceRefused:
    """Not accepted, and the next message will not be either: stop, give the notices back, alert."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The reply was lost: the message may or may not have been accepted. Never sent again by itself (I4)."""

    reason: str


type Outcome = Sent | Undeliverable | Throttled | ServiceRefused | Unknown
