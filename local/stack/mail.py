"""The local mail service as template.yaml has it: its configuration sets, and the way of its events to the bus."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from emulators.lambda_host.triggers.event_rules import BusEvent
from emulators.ses.account import ConfigurationSet, EventDestination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.triggers.event_rules import EventRules
    from emulators.ses.events import MailEvent
    from emulators.ses.server import LocalSes

DNS_RECORDS = {"_dmarc.example.no": ["v=DMARC1; p=quarantine"]}
"""The TXT records of the domain that template.yaml's sender has, so that nothing here asks a real name server."""

_SOURCE = "aws.ses"


def create_configuration_sets(stack: Stack, ses: LocalSes) -> None:
    """Make the configuration sets of the template in the local SES, with their destinations."""
    for found in stack.template.configuration_sets:
        name = stack.physical_id(found.logical_id)  # as the functions and the rules know it
        destinations = tuple(
            EventDestination(one.name, one.event_types, one.enabled, one.event_bus_arn)
            for one in stack.template.mail_event_destinations
            if one.configuration_set == name
        )
        ses.create_configuration_set(
            ConfigurationSet(
                name=name,
                destinations=destinations,
                sending=found.sending,
                reputation_metrics=found.reputation_metrics,
                suppressed_reasons=found.suppressed_reasons or (),
                tracking_domain=found.tracking_domain,
            )
        )


@contextmanager
def publish_events(ses: LocalSes, bus: EventRules) -> Iterator[None]:
    """Have every event of the local SES put on the bus, as SES does it, until the block ends."""
    ses.publish_to(lambda event: bus.publish(on_the_bus(event)))
    try:
        yield
    finally:
        ses.publish_to(None)


def on_the_bus(event: MailEvent) -> BusEvent:
    """Return an event of SES as its source puts it on the bus."""
    return BusEvent(_SOURCE, event.detail_type, event.detail(), event.resources, event.at)
