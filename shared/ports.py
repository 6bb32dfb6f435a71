"""What the use cases need from the world. Each port has one adapter; tests run the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from uuid import UUID

    from shared.domain.alerts import Alert, AlertMessage
    from shared.domain.comparison import Acceptance, ComparisonOutcome, PastTrigger, Proof, Repairs
    from shared.domain.credential import Health
    from shared.domain.listings import (
        Change,
        Claim,
        ListingTable,
        PushOutcome,
        RowState,
        SettleOutcome,
        StopRecord,
        SyncRequest,
    )
    from shared.domain.notices import Notice, Outcome
    from shared.domain.runs import Count, Organisation, Step, Verdict
    from shared.domain.website_rows import SeenRow, Site


class Runs(Protocol):
    """The record of runs (certification.runs and its organisations)."""

    def start(self, function: str, scheduled_at: datetime, request_id: str) -> UUID: ...
    def latest_scheduled_time(self, *, by_the_clock_too: bool) -> datetime:
        """The latest scheduled time that a run may have now: what has not come is refused."""

    def organisations(self) -> Sequence[Organisation]: ...
    def start_organisation(self, run_id: UUID, organisation_id: UUID, as_of: date | None) -> None: ...
    def finish_organisation(self, run_id: UUID, organisation_id: UUID, verdict: Verdict) -> None: ...
    def finish(self, run_id: UUID, verdict: Verdict) -> None: ...


class NightlyCheck(Protocol):
    """The three set-based steps. Each call is one transaction and answers every count of its step, zeros included."""

    def run_step(
        self, step: Step, organisation_id: UUID, as_of: date, run_id: UUID, *, everyone: bool
    ) -> Sequence[Count]: ...


class Outbox(Protocol):
    """The notices to send. `claim` is committed when it returns."""

    def claim(self, run_id: UUID, organisation_id: UUID, today: date, *, digests: bool) -> Notice | None: ...
    def settle(self, notice_id: int, run_id: UUID, outcome: Outcome) -> None: ...
    def complete_digests(self, run_id: UUID, organisation_id: UUID) -> None: ...
    def count(self, run_id: UUID, organisation_id: UUID, *, stuck_before: datetime) -> Sequence[Count]: ...


class Mailer(Protocol):
    """Sends one notice to its one recipient."""

    def send(self, notice: Notice) -> Outcome: ...


class Listings(Protocol):
    """What the website should show and was last made to show. Every call is committed when it returns."""

    def claim(self, mentor_ids: Sequence[UUID], worker: UUID, lease: timedelta) -> Claim: ...
    def settle(
        self,
        worker: UUID,
        outcomes: Sequence[tuple[Change, PushOutcome]],
        outcome_unknown: Container[tuple[UUID, int]] = (),
    ) -> SettleOutcome: ...
    def unsynced(self, after: UUID | None, limit: int) -> Sequence[SyncRequest]: ...
    def tables(self) -> Sequence[ListingTable]:
        """The tables of the website that are in use."""


class Backoff(Protocol):
    """When requests may go to the website: one answer for all workers (I9). Never called by two threads at a time."""

    def seconds_left(self) -> float:
        """Asked right before every request. 0.0: it may go now."""

    def block_for(self, seconds: float, reason: str) -> None:
        """The website named a time to wait: told before anything else is done with its reply."""


class SyncState(Backoff, Protocol):
    """What all workers share."""

    def stopped(self) -> StopRecord | None: ...
    def stop(self, reason: str, *, secret_ended: bool = False) -> None: ...
    def resume(self) -> None: ...
    def record_check(self, health: Health) -> bool:
        """Write down what a health check found; stops or resumes. Return whether a stop has ended by this."""


class Website(Protocol):
    """The listings as visitors see them. What concerns all changes at once is raised, with what became of each."""

    def push(self, changes: Sequence[Change]) -> Sequence[PushOutcome]:
        """What the website answers to each change, in order; one never stops the others (I13).

        Raises WebsiteRefusedError when the website lets nothing in.
        """

    def read(self, changes: Sequence[Change]) -> Sequence[RowState | None]:
        """Read the row of each change now, by its key. None: it could not be read."""

    def writable(self, tables: Sequence[ListingTable]) -> Sequence[PushOutcome]:
        """Whether rows of each table may be written, found out without writing any. Accepted: yes."""

    def check(self, tables: Sequence[ListingTable]) -> Mapping[str, str]:
        """Sign in anew, ask who we are, read each table and see whether it may be written. Creates nothing.

        Return the tables that are closed to us, while another is not, each with the code. Raises WebsiteRefusedError
        when nothing is authorised, WebsiteUnavailableError when that cannot be told.
        """


class WebsiteReader(Protocol):
    """The listing tables as the website has them. Both raise WebsiteUnavailableError or WebsiteRefusedError."""

    def pages(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Every row, shown or hidden, a page at a time. It ends only where the website says that there is no more."""

    def rows(
        self, table: str, key: str, keys: Sequence[str], columns: Sequence[str]
    ) -> Sequence[Mapping[str, Any] | None]:
        """The rows of these values of the alternate key, read now; None where there is none."""


class Secrets(Protocol):
    """The application user's secret of the website. Both raise ConnectionLostError, also as SecretMalformedError."""

    def current(self) -> Mapping[str, Any]:
        """The version in use."""

    def pending(self) -> Mapping[str, Any] | None:
        """The version that is to come into use next, if there is one."""


class SyncQueue(Protocol):
    """The queue of sync requests."""

    def send(self, requests: Iterable[SyncRequest]) -> None:
        """Ask for a sync. Raises QueueUnavailableError unless every request was taken."""

    def return_later(self, seconds: Mapping[str, float]) -> None:
        """Have messages, by receipt handle, delivered again after so many seconds. What fails comes again anyway."""


class QueueDepths(Protocol):
    """How full the queues are."""

    def read(self) -> Mapping[str, int]:
        """Messages waiting, by the queue's name in template.yaml. Raises QueueUnavailableError."""


class Keys(Protocol):
    """The keys that sign the webhook: two while they are rotated. Both raise ConnectionLostError."""

    def known(self) -> Sequence[str]: ...
    def afresh(self) -> Sequence[str]:
        """Read again, in case they were rotated; none if that was done a moment ago."""


class Report(Protocol):
    """Logs and metrics: ids, codes and numbers only (I11)."""

    def organisation(
        self, run_id: UUID, organisation: Organisation, as_of: date | None, counts: Sequence[Count], verdict: Verdict
    ) -> None: ...
    def organisation_failed(self, run_id: UUID, organisation: Organisation, error: Exception) -> None: ...
    def run(self, function: str, run_id: UUID, verdict: Verdict) -> None: ...
    def work(self, function: str, counts: Mapping[str, int], **facts: object) -> None: ...


class Comparison(Protocol):
    """One comparison of the website with the app. Every call is committed when it returns."""

    @property
    def at(self) -> datetime: ...
    @property
    def sites(self) -> Sequence[Site]: ...
    def add(self, rows: Iterable[SeenRow]) -> None: ...
    def forget_others(self, site: int, columns: Sequence[str]) -> None:
        """These columns of the site, which are not published, are gone from the website."""

    def compare(self, mentors: Sequence[UUID] | None = None) -> ComparisonOutcome:
        """Compare everything, or these mentors once more (I14)."""

    def to_verify(self, limit: int) -> Sequence[UUID]:
        """Mentors with a difference that was seen once only, those that must not be listed first."""

    def forget(self, mentors: Sequence[UUID]) -> None: ...
    def forget_repeated(self) -> int: ...
    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> Mapping[str, int]:
        """Write down what was verified, and close what is over: of everybody, or of these mentors."""

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        """Raise the listings that differ, but for organisations whose brake holds."""


class Reconciliation(Protocol):
    """What reconciliation sees and remembers besides. Every call is committed when it returns."""

    def record_queue_depths(self, depths: Mapping[str, int]) -> None: ...
    def count_waiting(self) -> Mapping[str, int]: ...
    def overdue(self, older_than: timedelta, limit: int) -> Sequence[SyncRequest]:
        """Changes that should have reached the website by now and that nobody is sending."""

    def take_up_missed_changes(self, limit: int) -> Sequence[SyncRequest]:
        """Record what the triggers could not. Return what is to be synced."""

    def retry_due_rejected(self, limit: int) -> int: ...
    def find_past_triggers(self, run_id: UUID, limit: int) -> Sequence[PastTrigger]:
        """Raise the listings whose change in the app no trigger has seen, those that must be hidden first (I7)."""

    def to_recheck(self, settling: timedelta, limit: int) -> Sequence[UUID]:
        """Whose rows to read back: open findings, and what was synced and has not been read back since."""

    def write_proof(self, run_id: UUID, proof: Proof) -> None: ...
    def record_acceptance(self, run_id: UUID, acceptance: Acceptance) -> None: ...
    def find_duplicates(self, run_id: UUID) -> Mapping[str, int]: ...
    def forget_old_sweeps(self) -> None: ...


class Alerts(Protocol):
    """The alerts that were sent to operations, and those that were not yet. Every call is committed when it returns."""

    def record(self) -> Mapping[str, int]:
        """Open an alert for what is newly wrong, close what is over. Return the counts."""

    def claim_unsent(self) -> Sequence[Alert]: ...
    def mark_sent(self, alert: Alert) -> None: ...


class AlertPublisher(Protocol):
    """The people who look after the system."""

    def publish(self, message: AlertMessage) -> None:
        """Raises OperationsUnreachableError unless the message was taken."""
