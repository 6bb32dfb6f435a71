"""What the use cases need from the world. Each port has one adapter; tests run the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from shared.domain.notices import Notice, Outcome
    from shared.domain.runs import Count, Organisation, Step, Verdict


class Runs(Protocol):
    """The record of runs (certification.runs and its organisations)."""

    def start(self, function: str, scheduled_at: datetime, request_id: str) -> UUID: ...
    def organisations(self) -> Sequence[Organisation]: ...
    def start_organisation(self, run_id: UUID, organisation_id: UUID, as_of: date | None) -> None: ...
    def finish_organisation(self, run_id: UUID, organisation_id: UUID, verdict: Verdict) -> None: ...
    def finish(self, run_id: UUID, verdict: Verdict) -> None: ...


class Night(Protocol):
    """The three set-based steps. Each call is one transaction and answers every count of its step, zeros included."""

    def carry_out(
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


class Report(Protocol):
    """Logs and metrics: ids, codes and numbers only (I11)."""

    def organisation(
        self, run_id: UUID, organisation: Organisation, as_of: date | None, counts: Sequence[Count], verdict: Verdict
    ) -> None: ...
    def trouble(self, run_id: UUID, organisation: Organisation, error: Exception) -> None: ...
    def run(self, function: str, run_id: UUID, verdict: Verdict) -> None: ...
