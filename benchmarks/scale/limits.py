"""What gives way first: each limit, how much of it a number of mentors uses, and from how many on it does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.scale.measuring import PAGE_SECONDS
from emulators.lambda_host.template.sam import read_yaml
from local.costs.model import WORKLOAD
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.scale.measuring import Figures

PAGE_ROWS: Final = 5000
SLOW_PAGE_SECONDS: Final = 3.0
_DAYS: Final = 365.25 / 12
_SES_MILLISECONDS: Final = 60.0  # one SendEmail in the same region: a guess
_RESERVE_SECONDS: Final = 40.0  # what send_notices leaves of its time (shared/use_cases/send_notices.py)
_SENDINGS: Final = 5
_LISTING_SECONDS: Final = 0.025  # of Dataverse's execution time, as in docs/performance.md
_MENTORS_A_MESSAGE: Final = 100
_SES_A_DAY: Final = 50_000
_SQS_IN_FLIGHT: Final = 120_000
_SQS_SECONDS: Final = 4 * 86_400
_DATAVERSE_SECONDS: Final = 1_200 / 300  # of execution in each second, for one user
_SUPABASE_GB: Final = 8.0
_GB: Final = 1e9


@dataclass(frozen=True)
class Limit:
    """One limit, and how much of it `used` mentors take. `measured` says whether the benchmark has seen it."""

    name: str
    of: str
    limit: float
    used: Callable[[float], float]
    remedy: str
    measured: bool = True

    def share(self, mentors: float) -> float:
        """Return the part of the limit that so many mentors use."""
        return self.used(mentors) / self.limit

    def gives_way_at(self) -> float | None:
        """Return the number of mentors that uses all of it; None if none does, up to a thousand million."""
        low, high = 1.0, 1e9
        if self.share(high) < 1:
            return None
        while high / low > 1.001:  # noqa: PLR2004 - a tenth of a per cent is exact enough
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self.share(middle) >= 1 else (middle, high)
        return high


def limits(measured: Sequence[Figures]) -> tuple[Limit, ...]:
    """Return every limit, worked out from the measured sizes by straight lines through the two largest."""
    resources = read_yaml(ROOT / "template.yaml")["Resources"]
    night, compare, send = (resources[name]["Properties"] for name in ("ExpiryCheck", "Reconciliation", "SendNotices"))
    along = _Lines(measured)
    mail = along("mail_milliseconds")
    mails_a_day = WORKLOAD["mails_per_mentor"] / _DAYS
    fan_out, parts, partitions = "the nightly check per organisation", "the comparison in parts", "partitioned tables"
    sending = "several senders at once"
    check_seconds, check_mb = _timeout(night), _memory(night)
    served, size = along("compare_served_seconds"), along("database_bytes")
    slower = (SLOW_PAGE_SECONDS - PAGE_SECONDS) / PAGE_ROWS
    return (
        Limit("the nightly check after six weeks of outage", "s", check_seconds, along("busy_check_seconds"), fan_out),
        Limit("Monday's nightly check, a full scan", "s", check_seconds, along("monday_check_seconds"), fan_out),
        Limit("an ordinary nightly check", "s", check_seconds, along("ordinary_check_seconds"), fan_out),
        Limit("memory of the nightly check", "MB", check_mb, along("check_peak_mb"), fan_out),
        Limit(f"the comparison, {PAGE_SECONDS:g} s a page", "s", _timeout(compare), served, parts),
        Limit(
            f"the comparison, {SLOW_PAGE_SECONDS:g} s a page",
            "s",
            _timeout(compare),
            lambda n: served(n) + n * slower,
            parts,
            measured=False,
        ),
        Limit("memory of the comparison", "MB", _memory(compare), along("compare_peak_mb"), parts),
        Limit("the database", "GB of Supabase Pro", _SUPABASE_GB, lambda n: size(n) / _GB, partitions),
        Limit(
            "mails of an average day, one by one",
            "s",
            _SENDINGS * (_timeout(send) - _RESERVE_SECONDS),
            lambda n: n * mails_a_day * (mail(n) + _SES_MILLISECONDS) / 1000,
            sending,
            measured=False,
        ),
        Limit(
            "mails of an average day",
            "mails, SES's first quota",
            _SES_A_DAY,
            lambda n: n * mails_a_day,
            "a higher quota, on request",
            measured=False,
        ),
        Limit(
            "everybody published for the first time",
            "s until SQS forgets",
            _SQS_SECONDS,
            lambda n: n * _LISTING_SECONDS / _DATAVERSE_SECONDS,
            "nothing: the sweep asks again",
            measured=False,
        ),
        Limit(
            "the same, in messages",
            "in flight",
            _SQS_IN_FLIGHT,
            lambda n: n / _MENTORS_A_MESSAGE,
            "nothing: SQS gives fewer at a time",
            measured=False,
        ),
    )


def _timeout(function: Mapping[str, Any]) -> float:
    return float(function["Timeout"])


def _memory(function: Mapping[str, Any]) -> float:
    default = read_yaml(ROOT / "template.yaml")["Globals"]["Function"]["MemorySize"]
    return float(function.get("MemorySize", default))


@dataclass(frozen=True)
class _Lines:
    """Straight lines through what was measured; below the smallest size the value of the smallest."""

    measured: Sequence[Figures]

    def __call__(self, name: str) -> Callable[[float], float]:
        points = sorted((one.mentors, float(getattr(one, name))) for one in self.measured)

        def value(mentors: float) -> float:
            if mentors <= points[0][0] or len(points) == 1:
                return points[0][1]
            upper = next((i for i, (n, _) in enumerate(points) if mentors <= n), len(points) - 1)
            (n0, y0), (n1, y1) = points[upper - 1], points[upper]
            return max(y0 + (y1 - y0) * (mentors - n0) / (n1 - n0), min(y0, y1))

        return value
