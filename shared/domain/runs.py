"""Runs and their counts, and what a run is said to be when it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.errors import (
    CertificationError,
    PermanentError,
    SecretMalformedError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


class RunFailedError(PermanentError):
    """When a run left work that another try may do; raised so that the function fails and is tried again."""


class RunState(StrEnum):
    """How a run ended. degraded: something failed, the rest was done."""

    SUCCEEDED = "succeeded"
    DEGRADED = "degraded"
    FAILED = "failed"


class Step(StrEnum):
    """The nightly check's steps in their order: who is renewed comes back before anybody is reminded or expired."""

    REACTIVATE = "reactivate"
    REMIND = "remind"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Organisation:
    """What a run needs to know of an organisation. The flags are logged with every run."""

    id: UUID
    timezone: str
    thresholds: tuple[int, ...]
    org_thresholds: bool
    reactivate_renewed: bool


@dataclass(frozen=True, slots=True)
class Count:
    """One number of a run. `detail` is a threshold, a kind of notice with its language, or a step."""

    measure: str
    detail: str
    n: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run, or a run for one organisation, ended; the reason is a code, or the codes of all that failed."""

    state: RunState
    reason: str | None = None
    incomplete: bool = False
    """Something was left that another try may well do: the function ends with an error so that there is one."""
    website_codes: frozenset[str] = frozenset()
    """Those of the codes that say that the website did not respond, or did not authorise us."""


# What makes a run degraded: somebody has to look. A mentor without an address does not, the coordinator is told.
DEGRADING = frozenset(
    {
        "step_failures",
        "unnotified",
        "expiries_skipped_manual_edit",
        "expiries_skipped_busy",
        "expiries_braked",
        "reminders_braked",
        "reactivations_skipped_manual_edit",
        "reactivations_skipped_busy",
        "notices_undeliverable",
        "notices_given_back",
        "notices_outcome_unknown",
        "notices_stuck",
    }
)


_OF_WEBSITE = (WebsiteUnavailableError, WebsiteRefusedError, SecretMalformedError)


def judge(counts: Iterable[Count]) -> Verdict:
    """Degraded if anything failed, and by what."""
    reasons = sorted({count.measure for count in counts if count.n and count.measure in DEGRADING})
    return Verdict(RunState.DEGRADED, ",".join(reasons)) if reasons else Verdict(RunState.SUCCEEDED)


def failed_verdict(error: Exception) -> Verdict:
    """The verdict on an organisation whose part raised. An error nobody foresaw may pass, as a transient one does."""
    reason = str(error) if isinstance(error, CertificationError) else f"unexpected_{type(error).__name__}"
    of_website = frozenset({reason}) if isinstance(error, _OF_WEBSITE) else frozenset()
    return Verdict(RunState.FAILED, reason, incomplete=not isinstance(error, PermanentError), website_codes=of_website)


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """The whole run's verdict from its organisations': failed only if every one of them failed (I13)."""
    verdicts = list(verdicts)
    reasons = sorted({reason for verdict in verdicts for reason in (verdict.reason or "").split(",") if reason})
    states = {verdict.state for verdict in verdicts}
    if states <= {RunState.SUCCEEDED}:
        return Verdict(RunState.SUCCEEDED)
    state = RunState.FAILED if states == {RunState.FAILED} else RunState.DEGRADED
    return Verdict(
        state,
        ",".join(reasons),
        incomplete=any(verdict.incomplete for verdict in verdicts),
        website_codes=frozenset[str]().union(*(verdict.website_codes for verdict in verdicts)),
    )


def degrade(verdict: Verdict, codes: Iterable[str], website_codes: Iterable[str] = ()) -> Verdict:
    """Return the verdict on a run that found these codes as well: no success, and no failure by them alone.

    `website_codes`: those of them that say that the website did not respond, or did not authorise us.
    """
    codes = set(codes)
    if not codes:
        return verdict
    reasons = codes | set(filter(None, (verdict.reason or "").split(",")))
    state = RunState.DEGRADED if verdict.state is RunState.SUCCEEDED else verdict.state
    return replace(
        verdict,
        state=state,
        reason=",".join(sorted(reasons)),
        website_codes=verdict.website_codes.union(website_codes),
    )


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a function answers."""

    run_id: UUID
    verdict: Verdict
    organisations: int

    def as_json(self) -> dict[str, str | int | None]:
        """The answer as JSON: ids, codes and numbers only."""
        return {
            "run_id": str(self.run_id),
            "state": self.verdict.state.value,
            "reason": self.verdict.reason,
            "organisations": self.organisations,
        }
