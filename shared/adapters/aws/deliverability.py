"""Whether recipients' servers trust our mail, and whether SES tells what became of it.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetConfigurationSetEventDestinations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters.aws.call import aws_call
from shared.adapters.aws.deployment import client
from shared.adapters.dns import texts_of
from shared.domain.errors import OperationsUnreachableError
from shared.domain.integration.dmarc import dmarc_of
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS: Final = 10.0

_DKIM: Final = "dependencies.mail.dkim"
_MAIL_FROM: Final = "dependencies.mail.mail_from"
_DMARC: Final = "dependencies.mail.dmarc"
_SET: Final = "dependencies.mail.configuration_set"
POINTS: Final = {
    _DKIM: "SES signs the mails of the sender's domain (DKIM)",
    _MAIL_FROM: "bounces go to a MAIL FROM of the sender's own domain, so that SPF holds for it",
    _DMARC: "the sender's domain, or the one above it, has a DMARC record",
    _SET: "SES publishes what becomes of each mail, and tracks no reader",
}
EVENT_TYPES: Final = ("BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "REJECT")
_TRACKING: Final = {"OPEN", "CLICK"}
_RECORDS: Final = "add the DNS records that SES shows for the domain (docs/operations/hlf-it.md, DNS for e-posten)"
_REDEPLOY: Final = "deploy again, or undo what was changed by hand"


def deliverability_findings(
    region: str, sender: str, configuration_set: str, dns_server: str = ""
) -> Iterator[Finding]:
    """Yield a finding for each of POINTS. `dns_server`: instead of the system's name servers."""
    ses = client("sesv2", region)
    checks: dict[str, Callable[[], Finding]] = {
        _DKIM: lambda: _asked(lambda: _dkim(nearest_identity(ses, sender))),
        _MAIL_FROM: lambda: _asked(lambda: _mail_from(nearest_identity(ses, sender))),
        _DMARC: lambda: _dmarc(sender, dns_server),
        _SET: lambda: _asked(lambda: _configuration_set(ses, configuration_set)),
    }
    for point, check in checks.items():
        try:
            yield check()
        except OperationsUnreachableError as error:
            yield unchecked(point, POINTS[point], str(error))


def _asked(check: Callable[[], Finding]) -> Finding:
    return aws_call("aws", _SECONDS, check, OperationsUnreachableError)


def identities_of(ses: Any, sender: str) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - as `client`
    """Yield the identities that stand behind a sender, the nearest first: the address, its domain, those above."""
    domain = sender.rpartition("@")[2]
    for name in (sender, *(domain.split(".", n)[-1] for n in range(domain.count(".")))):
        try:
            yield name, ses.get_email_identity(EmailIdentity=name)
        except ses.exceptions.NotFoundException:
            continue


def nearest_identity(ses: Any, sender: str) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    """Return the identity that SES sends with. A verified one is nearer than one that is not."""
    found = list(identities_of(ses, sender))
    verified = [one for one in found if one[1].get("VerifiedForSendingStatus")]
    return next(iter(verified or found), ("", {}))


def _dkim(identity: tuple[str, dict[str, Any]]) -> Finding:
    name, found = identity
    attributes = found.get("DkimAttributes", {})
    status = attributes.get("Status", "NOT_STARTED")
    if not name:
        return broken(_DKIM, POINTS[_DKIM], "the sender is no identity of this region", _RECORDS)
    if not attributes.get("SigningEnabled"):
        return broken(
            _DKIM, POINTS[_DKIM], f"signing is switched off for {_domain(name)}", "switch Easy DKIM on in SES"
        )
    if status != "SUCCESS":
        return broken(_DKIM, POINTS[_DKIM], f"the DKIM records of {_domain(name)} are {status}", _RECORDS)
    return holds(_DKIM, POINTS[_DKIM], f"signed as {_domain(name)}")


def _mail_from(identity: tuple[str, dict[str, Any]]) -> Finding:
    name, found = identity
    attributes = found.get("MailFromAttributes", {})
    domain, status = attributes.get("MailFromDomain", ""), attributes.get("MailFromDomainStatus", "unknown")
    if not domain:
        there = f"{_domain(name)} has none: SES uses amazonses.com" if name else "the sender is no identity here"
        return broken(_MAIL_FROM, POINTS[_MAIL_FROM], there, f"set a custom MAIL FROM domain in SES, and {_RECORDS}")
    if status != "SUCCESS":
        return broken(_MAIL_FROM, POINTS[_MAIL_FROM], f"the records of {domain} are {status}", _RECORDS)
    return holds(_MAIL_FROM, POINTS[_MAIL_FROM], domain)


def _dmarc(sender: str, server: str) -> Finding:
    found = dmarc_of(sender.rpartition("@")[2], lambda name: texts_of(name, server))
    if found.problem:
        return broken(_DMARC, POINTS[_DMARC], found.problem, _RECORDS)
    return holds(_DMARC, POINTS[_DMARC], f"{found.name}: p={found.policy}")


def _configuration_set(ses: Any, name: str) -> Finding:  # noqa: ANN401
    if not name:
        return broken(_SET, POINTS[_SET], "mails are sent with no configuration set", _REDEPLOY)
    try:
        found = ses.get_configuration_set(ConfigurationSetName=name)
        there = ses.get_configuration_set_event_destinations(ConfigurationSetName=name).get("EventDestinations", [])
    except ses.exceptions.NotFoundException:
        return broken(_SET, POINTS[_SET], f"{name} is missing", _REDEPLOY)
    problems = list(_problems(found, there))
    if problems:
        return broken(_SET, POINTS[_SET], "; ".join(problems), _REDEPLOY)
    return holds(_SET, POINTS[_SET], f"{name}, with {len(EVENT_TYPES)} types of events")


def _problems(found: dict[str, Any], destinations: list[dict[str, Any]]) -> Iterator[str]:
    if not found.get("SendingOptions", {}).get("SendingEnabled", True):
        yield "sending is switched off for it"
    to_bus = [one for one in destinations if "EventBridgeDestination" in one]
    enabled = [one for one in to_bus if one.get("Enabled")]
    if not enabled:
        yield "its destination in EventBridge is switched off" if to_bus else "it has no destination in EventBridge"
    else:
        published = {kind for one in enabled for kind in one.get("MatchingEventTypes", [])}
        if missing := [kind for kind in EVENT_TYPES if kind not in published]:
            yield f"it does not publish {', '.join(missing)}"
    # SES puts a picture or other links into mails once a destination asks for these.
    tracked = {kind for one in destinations if one.get("Enabled") for kind in one.get("MatchingEventTypes", [])}
    if tracked := tracked & _TRACKING:
        yield f"it tracks readers ({', '.join(sorted(tracked))})"
    if domain := found.get("TrackingOptions", {}).get("CustomRedirectDomain"):
        yield f"links lead over {domain}"


def _domain(identity: str) -> str:
    """Return an identity without what stands before the @: a report names no address (I11)."""
    return identity.rpartition("@")[2]
