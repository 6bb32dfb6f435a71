"""Read the current state of the system in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from operations.commands.alert_tests import AlertTest, last_test
from operations.commands.alerts import Alert, read_current_conditions
from operations.commands.brakes import Brake, read_brakes
from operations.commands.proofs.proof import ProofHead, read_head
from operations.wording.speech import say
from shared.domain.comparison import ProofVerdict

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    import psycopg

    from shared.adapters.aws.recipients import Recipients


@dataclass(frozen=True)
class OrganisationStatus:
    """Count an organisation's listings: live, waiting (without the rejected ones), rejected, differing."""

    id: UUID | None
    name: str
    live: int
    waiting: int
    rejected: int
    differences: int


@dataclass(frozen=True)
class WebsiteStatus:
    """Hold the sync state that all workers share (I9, I10), and the oldest waiting change. Reasons are codes."""

    oldest_waiting_at: datetime | None
    backoff_until: datetime | None
    backoff_reason: str | None
    stopped_since: datetime | None
    stopped_reason: str | None
    checked_at: datetime | None
    check_reason: str | None
    healthy_at: datetime | None
    failing_since: datetime | None
    secret_ends_on: date | None
    pending_secret: str
    credential_form: str | None


@dataclass(frozen=True)
class QueueDepth:
    """Hold how many messages the last sweep counted in a queue."""

    queue: str
    n: int
    seen_at: datetime


@dataclass(frozen=True)
class LastRun:
    """Describe the last run of a function, which may still be running."""

    function: str
    scheduled_at: datetime
    started_at: datetime
    ended_at: datetime | None
    state: str
    reason: str | None
    run_id: UUID


@dataclass(frozen=True)
class MailCounts:
    """Count the mails that SES accepted in the last 30 days, and what became of them (I17). Drills are left out."""

    sent: int
    delivered: int
    bounced: int
    complained: int
    unknown: int
    waiting: int
    """Not known yet."""

    @property
    def bounce_rate(self) -> float:
        """Return the percentage that bounced."""
        return 100 * self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        """Return the percentage that was complained of."""
        return 100 * self.complained / self.sent if self.sent else 0.0


@dataclass(frozen=True)
class Status:
    """Collect everything that `status` shows, as of one moment."""

    at: datetime
    organisations: tuple[OrganisationStatus, ...]
    website: WebsiteStatus
    brakes: tuple[Brake, ...]
    queues: tuple[QueueDepth, ...]
    alerts: tuple[Alert, ...]
    runs: tuple[LastRun, ...]
    proof: ProofHead | None
    mail: MailCounts
    alert_test: AlertTest | None = None
    """The last test alert; None: there was never one."""
    recipients: Recipients | None = None
    """Who hears the alerts of the deployed stack; None: not known."""
    webhook_concurrency: int | None = None
    """The deployed stack's limit of concurrent calls to the public address; 0 means no limit."""

    @property
    def differences(self) -> int:
        """Count the open differences of all organisations, and those without one."""
        return sum(organisation.differences for organisation in self.organisations)

    @property
    def names(self) -> dict[UUID | None, str]:
        """Return the organisations' names by id."""
        return {organisation.id: organisation.name for organisation in self.organisations}

    @property
    def verdict(self) -> ProofVerdict:
        """Return NO if something is wrong, NOT_YET if the last proof was undecided and no sweep has succeeded since."""
        unsettled = self.proof is not None and self.proof.verdict is ProofVerdict.NO and not self.proof.is_over
        if self.alerts or self.differences or unsettled:
            return ProofVerdict.NO
        if self.proof is None or self.proof.verdict is not ProofVerdict.NOT_YET:
            return ProofVerdict.YES
        known = self.proof.moment("known_at")
        return ProofVerdict.YES if known and self._was_read_back(known) else ProofVerdict.NOT_YET

    def _was_read_back(self, known: datetime) -> bool:
        """Return whether a sweep has succeeded since then, and no change is waiting."""
        waits = any(organisation.waiting for organisation in self.organisations)
        return not waits and any(
            run.function == "reconciliation_sweep" and run.state == "succeeded" and run.started_at >= known
            for run in self.runs
        )


# A deleted organisation is shown as long as the website may still have its rows.
_ORGANISATIONS = """
WITH names AS MATERIALIZED (
    SELECT n.id, n.name FROM certification.organisation_names() AS n
), listed AS (
    SELECT l.organisation_id AS id,
           count(*) FILTER (WHERE l.state = 'live') AS live,
           count(*) FILTER (WHERE l.synced_version < l.desired_version AND l.state <> 'rejected') AS waiting,
           count(*) FILTER (WHERE l.state = 'rejected') AS rejected
      FROM certification.listings AS l GROUP BY l.organisation_id
), differing AS (
    SELECT f.organisation_id AS id, count(*) AS n
      FROM certification.findings AS f WHERE f.closed_at IS NULL GROUP BY f.organisation_id
)
SELECT k.id,
       coalesce(o.name, CASE WHEN k.id IS NULL THEN %(of_none)s ELSE %(deleted)s END) AS name,
       coalesce(l.live, 0) AS live, coalesce(l.waiting, 0) AS waiting, coalesce(l.rejected, 0) AS rejected,
       coalesce(d.n, 0) AS differences
  FROM (SELECT o.id FROM names AS o
        UNION SELECT l.id FROM listed AS l WHERE l.live + l.waiting + l.rejected > 0
        UNION SELECT d.id FROM differing AS d) AS k
  LEFT JOIN names AS o ON o.id = k.id
  LEFT JOIN listed AS l ON l.id = k.id
  LEFT JOIN differing AS d ON d.id IS NOT DISTINCT FROM k.id
 ORDER BY o.name, k.id
"""
_WEBSITE = """
SELECT (SELECT min(l.changed_at) FROM certification.listings AS l
         WHERE l.synced_version < l.desired_version AND l.state <> 'rejected') AS oldest_waiting_at,
       CASE WHEN s.backoff_until > clock_timestamp() THEN s.backoff_until END AS backoff_until,
       CASE WHEN s.backoff_until > clock_timestamp() THEN s.backoff_reason END AS backoff_reason,
       s.stopped_since, s.stopped_reason, s.checked_at, s.check_reason, s.healthy_at, s.failing_since,
       s.secret_ends_on, s.pending_secret, s.credential_form
  FROM certification.sync_state AS s
"""
_MAIL = "SELECT * FROM certification.mail_outcomes(clock_timestamp() - interval '30 days')"
_RUNS = """
SELECT DISTINCT ON (r.function) r.function, r.scheduled_at, r.started_at, r.ended_at, r.state, r.reason, r.id AS run_id
  FROM certification.runs AS r ORDER BY r.function, r.started_at DESC
"""


def read_status(connection: psycopg.Connection) -> Status:
    """Read the status. Call this in a transaction on one snapshot."""
    with connection.cursor(row_factory=class_row(OrganisationStatus)) as cursor:
        called = {"of_none": say("of no organisation"), "deleted": say("deleted organisation")}
        organisations = cursor.execute(_ORGANISATIONS, called).fetchall()
    with connection.cursor(row_factory=class_row(WebsiteStatus)) as cursor:
        website = cursor.execute(_WEBSITE).fetchone()
    with connection.cursor(row_factory=class_row(QueueDepth)) as cursor:
        queues = cursor.execute(
            "SELECT q.queue, q.n, q.seen_at FROM certification.queue_depths AS q ORDER BY q.queue"
        ).fetchall()
    with connection.cursor(row_factory=class_row(LastRun)) as cursor:
        runs = cursor.execute(_RUNS).fetchall()
    with connection.cursor(row_factory=class_row(MailCounts)) as cursor:
        mail = cursor.execute(_MAIL).fetchone()
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert website is not None  # noqa: S101 - for the type checker: the table has one row
    assert now is not None  # noqa: S101
    assert mail is not None  # noqa: S101
    return Status(
        now[0],
        tuple(organisations),
        website,
        read_brakes(connection),
        tuple(queues),
        read_current_conditions(connection),
        tuple(runs),
        read_head(connection),
        mail,
        last_test(connection),
    )
