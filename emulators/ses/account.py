"""What an account of SES has beside its messages: identities, configuration sets and a suppression list.

The shapes are those of GetEmailIdentity, GetConfigurationSet, GetConfigurationSetEventDestinations and
GetSuppressedDestination (https://docs.aws.amazon.com/ses/latest/APIReference-V2/).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DEFAULT_BUS = "arn:aws:events:eu-north-1:000000000000:event-bus/default"


@dataclass(frozen=True)
class Identity:
    """A domain as an identity. `mail_from_domain` None: SES's own domain is the MAIL FROM.

    The statuses of DKIM and MAIL FROM are PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE and, for DKIM, NOT_STARTED.
    """

    verified: bool = True
    dkim_signing: bool = True
    dkim_status: str = "SUCCESS"
    mail_from_domain: str | None = None
    mail_from_status: str = "SUCCESS"
    behavior_on_mx_failure: str = "USE_DEFAULT_VALUE"

    def shown(self) -> dict[str, object]:
        """Return the identity as GetEmailIdentity does."""
        mail_from: dict[str, object] = {"BehaviorOnMxFailure": self.behavior_on_mx_failure}
        if self.mail_from_domain:
            mail_from |= {"MailFromDomain": self.mail_from_domain, "MailFromDomainStatus": self.mail_from_status}
        return {
            "IdentityType": "DOMAIN",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": self.verified,
            "VerificationStatus": "SUCCESS" if self.verified else "PENDING",
            "DkimAttributes": {
                "SigningEnabled": self.dkim_signing,
                "Status": self.dkim_status,
                "Tokens": ["local1", "local2", "local3"],
                "SigningAttributesOrigin": "AWS_SES",
            },
            "MailFromAttributes": mail_from,
        }


@dataclass(frozen=True)
class EventDestination:
    """Where a configuration set publishes events, of these types."""

    name: str
    event_types: tuple[str, ...] = ("BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "REJECT")
    enabled: bool = True
    event_bus_arn: str = DEFAULT_BUS

    def shown(self) -> dict[str, object]:
        """Return the destination as GetConfigurationSetEventDestinations does."""
        return {
            "Name": self.name,
            "Enabled": self.enabled,
            "MatchingEventTypes": list(self.event_types),
            "EventBridgeDestination": {"EventBusArn": self.event_bus_arn},
        }


@dataclass(frozen=True)
class ConfigurationSet:
    """A configuration set. `suppressed_reasons` are those for which an address comes on the suppression list."""

    name: str
    destinations: tuple[EventDestination, ...] = ()
    sending: bool = True
    reputation_metrics: bool = True
    suppressed_reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")
    tracking_domain: str | None = None

    def publishes(self, event_type: str) -> bool:
        """Return whether an event of this type goes to any destination."""
        return any(one.enabled and event_type in one.event_types for one in self.destinations)

    def shown(self) -> dict[str, object]:
        """Return the set as GetConfigurationSet does."""
        found: dict[str, object] = {
            "ConfigurationSetName": self.name,
            "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
            "ReputationOptions": {"ReputationMetricsEnabled": self.reputation_metrics},
            "SendingOptions": {"SendingEnabled": self.sending},
            "SuppressionOptions": {"SuppressedReasons": list(self.suppressed_reasons)},
            "Tags": [],
        }
        if self.tracking_domain:
            found["TrackingOptions"] = {"CustomRedirectDomain": self.tracking_domain}
        return found


@dataclass(frozen=True)
class SuppressedAddress:
    """An address on the account's suppression list, for BOUNCE or COMPLAINT."""

    address: str
    reason: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shown(self) -> dict[str, Any]:
        """Return the address as GetSuppressedDestination does."""
        return {
            "SuppressedDestination": {
                "EmailAddress": self.address,
                "Reason": self.reason,
                "LastUpdateTime": self.since.timestamp(),
            }
        }
