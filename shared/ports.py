"""The ports of the use cases: what they need from outside. Each port has one adapter.

All ports stand in one module, longer than others, so that a reader sees the whole boundary at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from uuid import UUID

    from shared.domain.alerts import Alert, AlertMessage
    from shared.domain.break_glass.changes import AppListing, MassLimits, PlannedChange, Taken
    from shared.domain.comparison import Acceptance, ComparisonOutcome, PastTrigger, Proof, Repairs
    from shared.domain.coordinator_views import ListingState, MentorDetails, MentorPage, Overview
    from shared.domain.credentials.credential import Health, PendingSecret
    from shared.domain.credentials.examination import Finding
    from shared.domain.force_sync import BegunForceSync, ForcedListing, ForceSyncResult, Limits
    from shared.domain.integration.deployments import Deployment
    from shared.domain.keeping import ChainEnd
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
    from shared.domain.mail.events import DrillEvent, DrillOutcome, MailEvent, RecordOutcome
    from shared.domain.mail.notices import Notice, Outcome
    from shared.domain.runs import Count, Organisation, Step, Verdict
    from shared.domain.website_rows import SeenRow, Site


class Runs(Protocol):
    """The record of runs (certification.runs and its organisations)."""

    def start(self, function: str, scheduled_at: datetime, request_id: str) -> UUID: ...
    def latest_scheduled_time(self, *, by_the_clock_too: bool) -> datetime:
        """Return the latest scheduled time that a run may have now; a run for a time that has not come is refused."""

    def organisations(self) -> Sequence[Organisation]: ...
    def start_organisation(self, run_id: UUID, organisation_id: UUID, as_of: date | None) -> None: ...
    def finish_organisation(self, run_id: UUID, organisation_id: UUID, verdict: Verdict) -> None: ...
    def finish(self, run_id: UUID, verdict: Verdict) -> None: ...


class NightlyCheck(Protocol):
    """The three set-based steps. Each call is one transaction and returns every count of its step, zeros included."""

    def run_step(
        self, step: Step, organisation_id: UUID, as_of: date, run_id: UUID, *, everyone: bool
    ) -> Sequence[Count]: ...


class Outbox(Protocol):
    """The notices to send. `claim` is committed when it returns."""

    def claim(self, run_id: UUID, organisation_id: UUID, today: date, *, digests: bool) -> Notice | None: ...
    def settle(self, notice_id: int, run_id: UUID, outcome: Outcome) -> None: ...
    def complete_digests(self, run_id: UUID, organisation_id: UUID) -> None: ...
    def count(self, run_id: UUID, organisation_id: UUID, *, stuck_before: datetime) -> Sequence[Count]: ...


class MailEvents(Protocol):
    """The record of what became of each mail. Every call is committed when it returns."""

    def record(self, event: MailEvent) -> RecordOutcome: ...
    def record_drill(self, event: DrillEvent) -> DrillOutcome: ...


class Mailer(Protocol):
    """The sender of one notice to its one recipient."""

    def send(self, notice: Notice) -> Outcome: ...


class Listings(Protocol):
    """The listings, with their desired and synced versions. Every call is committed when it returns."""

    def claim(self, mentor_ids: Sequence[UUID], worker: UUID, lease: timedelta) -> Claim: ...
    def settle(
        self,
        worker: UUID,
        outcomes: Sequence[tuple[Change, PushOutcome]],
        outcome_unknown: Container[tuple[UUID, int]] = (),
    ) -> SettleOutcome: ...
    def unsynced(self, after: UUID | None, limit: int) -> Sequence[SyncRequest]: ...
    def tables(self) -> Sequence[ListingTable]:
        """Return the tables of the website that are in use."""


class Backoff(Protocol):
    """The backoff of the website, one for all workers (I9). Never called by two threads at a time."""

    def seconds_left(self) -> float:
        """Return the seconds until a request may be sent; 0.0 means now. Called right before every request."""

    def block_for(self, seconds: float, reason: str) -> None:
        """Start a backoff that the website named. Called before its reply is used for anything else."""


class SyncState(Backoff, Protocol):
    """The state of the website that all workers share."""

    def stopped(self) -> StopRecord | None: ...
    def stop(self, reason: str, *, secret_ended: bool = False) -> None: ...
    def resume(self) -> None: ...
    def record_check(self, health: Health) -> bool:
        """Record what a health check found, and stop or resume sending. Return whether this has ended a stop."""


class Website(Protocol):
    """The listings as visitors see them. An error that concerns all changes is raised, with the outcome of each."""

    def push(self, changes: Sequence[Change]) -> Sequence[PushOutcome]:
        """Push the changes and return the outcome of each, in order. One change never stops the others (I13).

        Raises WebsiteRefusedError when the website refuses us altogether.
        """

    def read(self, changes: Sequence[Change]) -> Sequence[RowState | None]:
        """Read the row of each change now, by its key. None means that it could not be read."""

    def writable(self, tables: Sequence[ListingTable]) -> Sequence[PushOutcome]:
        """Return Accepted for each table whose rows may be written, found out without writing any."""

    def check(self, tables: Sequence[ListingTable]) -> Mapping[str, str]:
        """Sign in again, ask who we are, read each table and test whether it may be written, without creating a row.

        Return the tables that refuse us, each with the code, as long as another does not. Raises WebsiteRefusedError
        when all of them refuse us, WebsiteUnavailableError when that cannot be determined.
        """


class CredentialExaminer(Protocol):
    """The questions of an examination of a credential. All raise WebsiteRefusedError or WebsiteUnavailableError."""

    def sign_in(self) -> None: ...
    def account(self) -> UUID:
        """Return the website's own user for our application."""

    def examine_table(self, table: ListingTable, account: UUID) -> Sequence[Finding]:
        """Return what is wrong with this table, or could not be determined. Nothing is written and no row read."""


class WebsiteReader(Protocol):
    """The listing tables as the website has them. Both calls raise WebsiteUnavailableError or WebsiteRefusedError."""

    def pages(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield every row, shown or hidden, a page at a time. End only when the website says that there are no more."""

    def rows(
        self, table: str, key: str, keys: Sequence[str], columns: Sequence[str]
    ) -> Sequence[Mapping[str, Any] | None]:
        """Read the rows with these values of the alternate key now; None where there is none."""


class Secrets(Protocol):
    """The application user's secret for the website.

    Both calls raise ConnectionLostError, of which SecretMalformedError is one kind.
    """

    def current(self) -> Mapping[str, Any]:
        """Return the version in use."""

    def pending(self) -> PendingSecret | None:
        """Return the pending version, which comes into use next, if there is one."""


class IdentityTokens(Protocol):
    """The identity provider of where we run, which another service may trust."""

    def token(self, audience: str, seconds: float, /) -> str:
        """Return a signed token that says who we are, for `audience`; take at most `seconds`.

        Raises WebsiteAuthError where it is refused to us, and WebsiteUnavailableError.
        """


class SyncQueue(Protocol):
    """The queue of sync requests."""

    def send(self, requests: Iterable[SyncRequest]) -> None:
        """Queue sync requests. Raises QueueUnavailableError unless every request was taken."""

    def return_later(self, seconds: Mapping[str, float]) -> None:
        """Have messages delivered again after a time; `seconds` gives it by receipt handle.

        A message for which this fails comes again anyway.
        """


class QueueDepths(Protocol):
    """The depths of the queues."""

    def read(self) -> Mapping[str, int]:
        """Return the number of waiting messages by the queue's name in template.yaml. Raises QueueUnavailableError."""


class Keys(Protocol):
    """The keys that sign the webhook: two while they are rotated. Both calls raise ConnectionLostError."""

    def known(self) -> Sequence[str]: ...
    def afresh(self) -> Sequence[str]:
        """Read the keys again, in case they were rotated. Return none if that was done a moment ago."""


class SignIn(Protocol):
    """The check of the app's sign-in token."""

    def subject(self, authorization: str | None) -> UUID:
        """Return who is signed in, by the value of the header `Authorization`. Raises NotSignedInError."""


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
    def prepare_meanwhile(self) -> None:
        """Prepare the app's side while rows are added, for a comparison of everything."""

    def add(self, rows: Iterable[SeenRow]) -> None: ...
    def forget_others(self, site: int, columns: Sequence[str]) -> None:
        """Forget unpublished columns of a site that are gone from the website."""

    def compare(self, mentors: Sequence[UUID] | None = None) -> ComparisonOutcome:
        """Compare everything, or these mentors once more (I14)."""

    def to_verify(self, limit: int) -> Sequence[UUID]:
        """Return mentors with a difference that was seen only once, those that must not be listed first."""

    def forget(self, mentors: Sequence[UUID]) -> None: ...
    def forget_repeated(self) -> int: ...
    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> Mapping[str, int]:
        """Record the verified findings of all mentors, or of these, and close those that are over."""

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        """Raise the desired version of the listings that differ, except in organisations whose brake holds."""


class Reconciliation(Protocol):
    """The records of reconciliation, except those of a comparison. Every call is committed when it returns."""

    def record_queue_depths(self, depths: Mapping[str, int]) -> None: ...
    def count_waiting(self) -> Mapping[str, int]: ...
    def overdue(self, older_than: timedelta, limit: int) -> Sequence[SyncRequest]:
        """Return requests for changes that should have reached the website by now and that no worker is sending."""

    def take_up_missed_changes(self, limit: int) -> Sequence[SyncRequest]:
        """Record the changes that the triggers could not record. Return the requests to sync them."""

    def retry_due_rejected(self, limit: int) -> int: ...
    def settle_mail_events(self, limit: int) -> Mapping[str, int]:
        """Apply the mail events whose sender is gone, and mark what stays silent for a day as unknown (I17)."""

    def find_past_triggers(self, run_id: UUID, limit: int) -> Sequence[PastTrigger]:
        """Raise the desired version of listings whose change in the app no trigger saw, those to hide first (I7)."""

    def to_recheck(self, settling: timedelta, limit: int) -> Sequence[UUID]:
        """Return the mentors whose rows to read back: open findings, and syncs that were not read back since."""

    def write_proof(self, run_id: UUID, proof: Proof) -> None: ...
    def record_acceptance(self, run_id: UUID, acceptance: Acceptance) -> None: ...
    def find_duplicates(self, run_id: UUID) -> Mapping[str, int]: ...
    def delete_old_records(self, run_id: UUID, limit: int) -> Mapping[str, int]:
        """Delete what is older than it is kept, at most `limit` rows of each kind. Return the counts."""

    def link_records(self, *, everything: bool) -> ChainEnd:
        """Link the records that are not in the chain yet, those of the last days or all. Return the chain's end."""


class BreakGlass(Protocol):
    """What a person compares and prepares while nothing else runs. Every call is committed when it returns."""

    def sites(self) -> Sequence[Site]:
        """Return the tables of the website to read, without their published columns."""

    def listings(self) -> Iterable[AppListing]:
        """Return every mentor by the calendar."""

    def limits(self) -> Sequence[MassLimits]: ...
    def begin(self, actor: str, reason: str, mode: str, planned: Mapping[str, int]) -> None:
        """Write down who begins, why and what is planned. The calls below need it."""

    def take(self, changes: Sequence[PlannedChange]) -> Mapping[UUID, Taken]:
        """Make these listings ready to be synced, and write the audit. All hide, or all publish."""

    def end(self, outcome: str, counts: Mapping[str, int]) -> None: ...


class Coordinators(Protocol):
    """What a coordinator may read: the coordinator's own organisation. Every call raises NotACoordinatorError."""

    def mentors(
        self, coordinator_id: UUID, state: ListingState | None, after: UUID | None, limit: int
    ) -> MentorPage: ...
    def mentor(self, coordinator_id: UUID, mentor_id: UUID) -> MentorDetails:
        """Return one mentor. Raises NoSuchMentorError for those of other organisations too."""

    def overview(self, coordinator_id: UUID) -> Overview: ...


class ForcedSyncs(Protocol):
    """The forced syncs: their limits, their audit, and the listing to read back. Every call is committed."""

    def begin(self, coordinator_id: UUID, mentor_id: UUID, reason: str, limits: Limits) -> BegunForceSync:
        """Write the audit and raise the listing's version, if the coordinator may force this mentor now.

        Raises NotACoordinatorError, NoSuchMentorError, ForceSyncLimitError.
        """

    def listing(self, coordinator_id: UUID, mentor_id: UUID) -> ForcedListing | None:
        """Return the listing as it is now; None if it is gone."""

    def end(
        self, begun: BegunForceSync, mentor_id: UUID, result: ForceSyncResult, *, outcome: str, equal: bool
    ) -> bool:
        """Write the outcome into the audit. Return whether the website equals the listing as it still is (I14)."""


class Alerts(Protocol):
    """The alerts, sent and unsent. Every call is committed when it returns."""

    def record(self) -> Mapping[str, int]:
        """Open an alert for each new problem and close those that are over. Return the counts."""

    def claim_unsent(self) -> Sequence[Alert]: ...
    def mark_sent(self, alert: Alert) -> None: ...


class HookStatus(Protocol):
    """The deployment service, which waits for the word of its hook."""

    def report(self, deployment: Deployment, *, succeeded: bool) -> bool:
        """Say whether the new version may get traffic; return False where that was said before.

        Raises OperationsUnreachableError where neither is so.
        """


class AlertPublisher(Protocol):
    """The way to operations, the people who run the system."""

    def publish(self, message: AlertMessage) -> None:
        """Publish the message. Raises OperationsUnreachableError unless it was taken."""
