"""What each condition of certification.troubles means to a person, and what to do about it first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape

from local.operations import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from local.operations.alerts import Alert


@dataclass(frozen=True)
class Words:
    """`short` and `do` may name {n}, {subject}, {organisation} and what the alert's facts hold."""

    short: str
    do: str


# The most urgent first: what endangers somebody, what stops everything, what waits for a person, what is only late.
_WORDS = {
    "listed_but_invalid": Words(
        "{n} shown who must not be", "hide them in Dynamics by hand if python -m local reconcile --full does not"
    ),
    "website_refuses_us": Words(
        "Dynamics refuses us", 'put the credential right: docs/operations.md, "Dynamics refuses us"'
    ),
    "run_missing": Words("{subject} does not run", 'docs/operations.md, "A run never came"'),
    "run_failed": Words("{subject} failed", 'docs/operations.md, "A run failed"'),
    "brake": Words(
        "a brake is on in {organisation}",
        "is it right that {n} of {of} change? Then python -m local release-brake --org … --actor … --reason …",
    ),
    "website_answer_small": Words(
        "the website showed hardly anything",
        "look at it; if it is true: python -m local reconcile --full --accept-small --actor … --reason …",
    ),
    "website_unreachable": Words("the website cannot be reached", "is Dynamics down? It is tried again by itself"),
    "none_sent": Words("{n} notices due and none sent", 'docs/operations.md, "The mail service refuses"'),
    "unsynced_too_old": Words(
        "{n} changes wait for too long", 'docs/operations.md, "The website is not being updated"'
    ),
    "dead_letters": Words("{n} messages given up in {subject}", "python -m local dlq list"),
    "not_converging": Words("{n} repairs do not hold", "python -m local proof; who changes them in Dynamics?"),
    "orphan_listed": Words("{n} shown of no mentor we know", "python -m local proof; hide them in Dynamics by hand"),
    "listings_set_aside": Words("{n} set aside", "python -m local set-aside list"),
    "claim_stuck": Words("{n} {subject} stuck in a claim", 'docs/operations.md, "A notice is stuck or in doubt"'),
    "duplicates": Words("{n} done twice", "python -m local duplicates list"),
    "pending_secret_refused": Words(
        "the next secret is refused", 'docs/operations.md, "Changing the secret of Dataverse"'
    ),
    "secret_ending": Words("the secret ends in {n} days", 'docs/operations.md, "Changing the secret of Dataverse"'),
    "run_degraded": Words("{subject} set something aside", 'docs/operations.md, "Degraded: what each code means"'),
    "secret_without_end_date": Words(
        "the secret does not say when it ends", 'docs/operations.md, "Changing the secret of Dataverse"'
    ),
}
CONDITIONS = tuple(_WORDS)


def most_urgent_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Of equal urgency the oldest first. One that is not known here comes first of all."""
    return sorted(alerts, key=lambda a: (CONDITIONS.index(a.condition) if a.condition in _WORDS else -1, a.since))


def short(alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    """A few words."""
    return _filled(_words(alert).short, alert, organisations)


def what_to_do(alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    """The first thing to do: a command, or a page of the runbook."""
    return _filled(_words(alert).do, alert, organisations)


def line(alert: Alert, organisations: Mapping[UUID | None, str], now: datetime) -> str:
    """What, since when, and why if a reason is known."""
    why = words.reason(alert.facts.get("reason"))
    since = f"since {words.moment(alert.since, now)}"
    return f"{escape(short(alert, organisations))}, {since}" + (f": {escape(why)}" if why else "")


def _words(alert: Alert) -> Words:
    return _WORDS.get(alert.condition, Words(alert.condition, "docs/operations.md"))


def _filled(text: str, alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    named = str(alert.facts.get("organisation_id", ""))
    organisation = next((name for key, name in organisations.items() if str(key) == named), named)
    facts = {"of": "", **{name: str(fact) for name, fact in alert.facts.items()}}
    return text.format_map(facts | {"n": f"{alert.n:,}", "subject": alert.subject, "organisation": organisation})
