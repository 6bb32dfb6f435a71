"""Write the lines of `status` on the website, its credential, the queues, the runs, the proof and the webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from operations.dates import OSLO
from operations.wording import proof_verdict, words
from operations.wording.speech import many, say
from shared.adapters.aws.recipients import RECOMMENDED
from shared.domain.comparison import ProofVerdict
from shared.domain.credentials.forms import CredentialForm

if TYPE_CHECKING:
    from datetime import datetime

    from operations.commands.status import Status

_SOON_DAYS = 30


def website(status: Status) -> str:
    """Return whether the website accepts requests, and how long the oldest change has waited."""
    state = status.website
    taking = say("accepts requests")
    if state.backoff_until:
        until, why = words.moment(state.backoff_until, status.at), words.reason(state.backoff_reason)
        asked = say("told us to wait until {until}: {why}", until=until, why=escape(why))
        taking = f"[yellow]{asked}[/yellow]"
    if state.stopped_since:
        since = say("nothing sent since {moment}", moment=words.moment(state.stopped_since, status.at))
        taking = f"[red]{since}[/red]"
    if state.oldest_waiting_at is None:
        return f"{taking}; {say('no change is waiting')}"
    age = words.age(state.oldest_waiting_at, status.at)
    return f"{taking}; {say('the oldest change has waited {age}', age=age)}"


def credential(status: Status) -> str:
    """Return whether the login works, and when its secret ends."""
    state, at = status.website, status.at
    if state.stopped_since:
        found = [_since("refused since {moment}", state.stopped_since, state.stopped_reason, status, "red")]
    elif state.failing_since:
        found = [_since("no response since {moment}", state.failing_since, state.check_reason, status, "yellow")]
    elif state.healthy_at:
        found = [say("valid, checked {age} ago", age=words.age(state.healthy_at, at))]
    else:
        found = [say("not checked yet")]
    if state.secret_ends_on:
        left = (state.secret_ends_on - at.astimezone(OSLO).date()).days
        style = "red" if left < 0 else "yellow" if left <= _SOON_DAYS else "none"
        of_certificate = state.credential_form == CredentialForm.CERTIFICATE
        found.append(f"[{style}]{_end_of_certificate(left) if of_certificate else _end_of_secret(left)}[/{style}]")
    elif state.credential_form == CredentialForm.FEDERATION:
        found.append(say("signs in without a secret"))
    elif state.healthy_at:
        found.append(f"[yellow]{say('secret has no end date')}[/yellow]")
    match state.pending_secret:
        case "none":
            pass
        case "good":
            found.append(say("next secret works"))
        case _:
            found.append(f"[red]{say('next secret refused')}[/red]")
    return " · ".join(found)


def _end_of_secret(days_left: int) -> str:
    if days_left == 0:
        return say("secret ends today")
    if days_left < 0:
        return many(-days_left, "secret ended {n} day ago", "secret ended {n} days ago")
    return many(days_left, "secret ends in {n} day", "secret ends in {n} days")


def _end_of_certificate(days_left: int) -> str:
    if days_left == 0:
        return say("certificate ends today")
    if days_left < 0:
        return many(-days_left, "certificate ended {n} day ago", "certificate ended {n} days ago")
    return many(days_left, "certificate ends in {n} day", "certificate ends in {n} days")


def _since(text: str, since: datetime, reason: str | None, status: Status, style: str) -> str:
    """Return the text with the reason's code. The alert explains the code."""
    return f"[{style}]{say(text, moment=words.moment(since, status.at))} ({reason})[/{style}]"


def queues(status: Status) -> str:
    """Return how many messages the last sweep counted in each queue."""
    if not status.queues:
        return say("not counted yet: the sweep counts them")
    counts = [
        f"[red]{queue.queue} {queue.n:,}[/red]" if queue.n and "Dead" in queue.queue else f"{queue.queue} {queue.n:,}"
        for queue in sorted(status.queues, key=lambda queue: "Dead" in queue.queue)
    ]
    oldest = min(queue.seen_at for queue in status.queues)
    return " · ".join([*counts, say("counted {age} ago", age=words.age(oldest, status.at))])


def runs(status: Status) -> list[str]:
    """Return at most two lines: one for the nightly check and the mails, one for reconciliation."""
    lines: dict[bool, list[str]] = {False: [], True: []}
    for run in status.runs:
        style = {"succeeded": "green", "degraded": "yellow", "failed": "red"}.get(run.state, "none")
        when = words.moment(run.started_at, status.at)
        state = f"[{style}]{say(run.state)}[/{style}]"
        lines[run.function.startswith("reconciliation")].append(f"{run.function} {when} {state}")
    return [" · ".join(line) for line in lines.values() if line] or [say("none yet")]


def proof(status: Status) -> str | Text:
    """Return the first sentence of the last proof."""
    last = status.proof
    if last is None:
        return say("none yet")
    said = f"{words.moment(last.at, status.at)}: {proof_verdict.first_sentence(last)}"
    if last.verdict is ProofVerdict.NO and last.is_over and not status.differences:
        said += f" {say('All differences are gone by now.')}"
    # The text may wrap, because a figure must never be cut.
    return Text(said, style=proof_verdict.STYLES[last.verdict], no_wrap=False, overflow="fold")


def mail(status: Status) -> str:
    """Return what became of the mails of the last 30 days."""
    mail = status.mail
    if not mail.sent:
        return say("none in 30 days")
    return ", ".join(
        (
            say("{n} in 30 days: {delivered} delivered", n=f"{mail.sent:,}", delivered=f"{mail.delivered:,}"),
            say("{n} bounced", n=f"{mail.bounced:,}") + _rate(mail.bounce_rate),
            say("{n} complained", n=f"{mail.complained:,}") + _rate(mail.complaint_rate),
            say("{n} unknown", n=f"{mail.unknown:,}"),
        )
    )


def heard(status: Status) -> list[tuple[str, str]]:
    """Return a line on who hears the alerts, if anything is known of it: confirmed recipients, and the last test."""
    said = []
    if (found := status.recipients) is not None:
        counts = [say("{n} by e-mail", n=found.email), say("{n} by SMS", n=found.sms)]
        counts += [say("{n} otherwise", n=found.other)] if found.other else []
        counts += [say("{n} not confirmed", n=found.pending)] if found.pending else []
        counts += [say("{n} in the SMS sandbox, not reached", n=found.unheard)] if found.unheard else []
        style = "red" if not found.confirmed else "yellow" if found.confirmed < RECOMMENDED else "none"
        few = f" {say('(two are recommended)')}" if found.confirmed < RECOMMENDED else ""
        said.append(f"[{style}]{', '.join(counts)}{few}[/{style}]")
    if (test := status.alert_test) is not None:
        when = words.moment(test.started_at, status.at)
        if test.acknowledgements:
            said.append(say("test of {when} read by {n}", when=when, n=test.acknowledgements))
        elif test.is_unheard(status.at):
            said.append(f"[red]{say('test {code} of {when} read by nobody', code=test.code, when=when)}[/red]")
        else:
            said.append(say("test {code} of {when} not read yet", code=test.code, when=when))
    elif said:
        said.append(say("never tested"))
    return [(say("Alerts to"), " · ".join(said))] if said else []


def _rate(percent: float) -> str:
    whole, _, hundredths = f"{percent:.2f}".partition(".")
    return " " + say("({whole}.{hundredths} %)", whole=whole, hundredths=hundredths) if percent else ""


def webhook(status: Status) -> list[tuple[str, str]]:
    """Return a line on the limit of public calls, if it is known. Without one, strangers can use up the account."""
    match status.webhook_concurrency:
        case None:
            return []
        case 0:
            unlimited = say("no limit on public calls: set WebhookConcurrency to 10")
            return [(say("Webhook"), f"[yellow]{unlimited}[/yellow]")]
        case limit:
            return [(say("Webhook"), say("at most {n} calls at a time", n=limit))]
