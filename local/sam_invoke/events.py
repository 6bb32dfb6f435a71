"""events/ as a running stack takes them: with a token that is good, a signature of now, and notices that were sent."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg

from emulators.lambda_host.template.provision import local_clients
from local.demo.website import WebsiteBehindError, wait_until_synced
from local.mentors_file.loading import MENTORS, store
from local.mentors_file.mentors import read_mentors
from local.stack.database import publish_again
from local.stack.stack import ROOT
from shared.domain.webhook import signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from local.stack.stack import LocalStack

_DATA = Path(__file__).with_name("data.sql")
# In the order of a day, so that each finds something to do. What is not named comes last.
_DAY = ("expiry_check", "send_notices", "status_changed", "dynamics_sync", "force_sync", "mail_events")
_MENTORS = 60  # enough for every event to find something to do
_TRIES, _PATIENCE_SECONDS = 5, 20.0
_HEADERS = ("x-certification-timestamp", "x-certification-signature")


def load_people(dsn: str) -> None:
    """Load the synthetic mentors and those of events/ into an empty database."""
    mentors = read_mentors(MENTORS)
    store(dsn, replace(mentors, rows=mentors.rows[:_MENTORS]))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_DATA.read_bytes())


def settle(stack: LocalStack) -> None:
    """Wait until what an event set off is over. A webhook that a busy machine lost is sent again."""
    for _ in range(_TRIES):
        try:
            wait_until_synced(stack.dsn, _PATIENCE_SECONDS)
        except WebsiteBehindError:
            publish_again(stack.dsn)
        else:
            return
    wait_until_synced(stack.dsn)


def event_names() -> Sequence[str]:
    """Return the names of all events, without `.json`, in the order in which they are sent."""
    names = sorted(path.stem for path in (ROOT / "events").glob("*.json"))
    return sorted(names, key=lambda name: (_DAY.index(_module(name)) if _module(name) in _DAY else len(_DAY), name))


def function_of(name: str, stack: LocalStack) -> str:
    """Return the logical id of the function that the event is for."""
    handler = f"functions.{_module(name)}.handler"
    return next(function.logical_id for function in stack.stack.functions if function.handler == handler)


def event_for(name: str, stack: LocalStack) -> Any:  # noqa: ANN401 - any JSON
    """Return the event as this stack takes it now."""
    text = (ROOT / "events" / f"{name}.json").read_text(encoding="utf-8")
    if "Bearer TOKEN" in text:
        text = text.replace("Bearer TOKEN", f"Bearer {stack.identity.token(_coordinator(stack))}")
    event = json.loads(text)
    if "scheduled_time" in event:  # today, because no run evaluates a day far ahead of the clock (I15)
        event["scheduled_time"] = f"{datetime.now(UTC).date()}{event['scheduled_time'][10:]}"
    if _HEADERS[1] in event.get("headers", {}):
        now = str(int(time.time()))
        event["headers"] |= dict(zip(_HEADERS, (now, signature(_key(stack), now, event["body"].encode())), strict=True))
    if "mail" in event.get("detail", {}):
        event["detail"]["mail"]["tags"]["notice_id"] = [str(_sent_notice(name, stack))]
    return event


def _module(name: str) -> str:
    return name.partition(".")[0]


def _coordinator(stack: LocalStack) -> UUID:
    """Return the coordinator of the mentors of events/."""
    with psycopg.connect(stack.dsn) as connection:
        query = "SELECT coordinator_id FROM public.peer_mentors WHERE first_name = 'Ådne' AND last_name = 'Øye'"
        row = connection.execute(query).fetchone()
    assert row  # noqa: S101 - load_people put them there
    return cast("UUID", row[0])


def _key(stack: LocalStack) -> str:
    secrets = local_clients(stack.aws_url).secretsmanager
    value = secrets.get_secret_value(SecretId=stack.stack.physical_id("WebhookSecret"))["SecretString"]
    return str(json.loads(value)["current"])


def _sent_notice(name: str, stack: LocalStack) -> int:
    """Return a notice that was sent, another for each kind of mail event while there are enough."""
    with psycopg.connect(stack.dsn) as connection:
        rows = connection.execute("SELECT id FROM certification.notices WHERE state = 'sent' ORDER BY id").fetchall()
    kinds = [other for other in event_names() if _module(other) == _module(name)]
    return int(rows[kinds.index(name) % len(rows)][0]) if rows else 0
