"""An outbox and a mail service in memory: who is due is the database's to say (tests/integration/notices)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.mail.notices import NoticeKind, Sent, ServiceRefused, Throttled, Undeliverable, Unknown
from shared.domain.runs import Count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from shared.domain.mail.notices import Notice, Outcome

_MEASURES = {
    Sent: "notices_sent",
    Undeliverable: "notices_undeliverable",
    Throttled: "notices_given_back",
    ServiceRefused: "notices_given_back",
    Unknown: "notices_outcome_unknown",
}


@dataclass
class FakeOutbox:
    """shared.ports.Outbox. A notice is claimed once in a run, whatever becomes of it (I4)."""

    pending: list[Notice] = field(default_factory=list)
    claimed: list[int] = field(default_factory=list)
    settled: list[tuple[int, Outcome]] = field(default_factory=list)
    digests_completed: int = 0

    def claim(self, run_id: UUID, organisation_id: UUID, today: date, *, digests: bool) -> Notice | None:  # noqa: ARG002
        for notice in self.pending:
            if (notice.kind is NoticeKind.DIGEST) is digests and notice.id not in self.claimed:
                self.claimed.append(notice.id)
                return notice
        return None

    def settle(self, notice_id: int, run_id: UUID, outcome: Outcome) -> None:  # noqa: ARG002
        self.settled.append((notice_id, outcome))

    def complete_digests(self, run_id: UUID, organisation_id: UUID) -> None:  # noqa: ARG002
        self.digests_completed += 1

    def count(self, run_id: UUID, organisation_id: UUID, *, stuck_before: datetime) -> Sequence[Count]:  # noqa: ARG002
        counts = dict.fromkeys((*_MEASURES.values(), "notices_stuck"), 0)
        for outcome in self.outcomes.values():
            counts[_MEASURES[type(outcome)]] += 1
        return [Count(measure, "", n) for measure, n in counts.items()]

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """What each notice was last settled as."""
        return dict(self.settled)


@dataclass
class FakeMailer:
    """shared.ports.Mailer: the outcomes in `script`, then accepts everything."""

    script: list[Outcome] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def send(self, notice: Notice) -> Outcome:
        self.sent.append(notice.id)
        return self.script.pop(0) if self.script else Sent(f"m-{notice.id}")
