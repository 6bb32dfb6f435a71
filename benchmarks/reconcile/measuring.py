"""The measuring of one size: bare paging, the full comparison and a script of the SDK take turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.reconcile.paging import page_to_nowhere, token_for
from benchmarks.reconcile.script import run_script
from benchmarks.reconcile.site import site
from emulators.dataverse.client import EmulatorControl

if TYPE_CHECKING:
    from benchmarks.reconcile.site import ReconciliationStack
    from benchmarks.sync.stack import Progress

# The time that Dataverse takes for a page of 5,000 rows on a good day; users report up to three seconds.
PAGE_SECONDS: Final = 0.5
# Up to this size Dataverse's own time is simulated too. Larger sizes would take minutes.
_LARGEST_SERVED: Final = 100_000
_SERVED_REPEATS: Final = 3
_LARGE: Final = 500_000
_LARGE_REPEATS: Final = 3


@dataclass
class ReconcileMeasurements:
    """Seconds and megabytes at one size, in the order in which they were measured."""

    paging: list[float] = field(default_factory=list)
    comparing: list[float] = field(default_factory=list)
    script: list[float] = field(default_factory=list)
    served_paging: list[float] = field(default_factory=list)
    served_comparing: list[float] = field(default_factory=list)
    peak_mb: list[int] = field(default_factory=list)
    script_peak_mb: list[int] = field(default_factory=list)

    @property
    def vs_paging(self) -> float:
        """The comparison's seconds divided by those of bare paging."""
        return median(self.comparing) / median(self.paging)

    @property
    def vs_served_paging(self) -> float:
        """The same where a page takes time of the service."""
        return median(self.served_comparing) / median(self.served_paging)

    @property
    def script_vs(self) -> float:
        """The script's seconds divided by the comparison's."""
        return median(self.script) / median(self.comparing)

    @property
    def script_vs_memory(self) -> float:
        """The script's peak memory divided by the largest of the comparison."""
        return median(self.script_peak_mb) / max(self.peak_mb)


def measure(size: int, repeats: int, progress: Progress) -> ReconcileMeasurements:
    """Measure one size. Raises NotEqualError when a way did not find the two sides equal."""
    found = ReconcileMeasurements()
    with site(size, progress) as here, EmulatorControl(here.dataverse.url) as control:
        token = token_for(here.dataverse)
        progress("Warming up")
        _turn(here, token, ReconcileMeasurements())
        for repeat in range(1, (min(repeats, _LARGE_REPEATS) if size >= _LARGE else repeats) + 1):
            _turn(here, token, found)
            progress(
                f"Repeat {repeat}: paging {found.paging[-1]:.2f} s, comparing {found.comparing[-1]:.2f} s,"
                f" script {found.script[-1]:.2f} s"
            )
        if size <= _LARGEST_SERVED:
            control.slow(PAGE_SECONDS, method="GET")
            for _ in range(min(repeats, _SERVED_REPEATS)):
                found.served_paging.append(_paging(here, token))
                found.served_comparing.append(_comparing(here, found))
                progress(
                    f"At the service's pace: paging {found.served_paging[-1]:.2f} s,"
                    f" comparing {found.served_comparing[-1]:.2f} s"
                )
    return found


def _turn(here: ReconciliationStack, token: str, found: ReconcileMeasurements) -> None:
    found.paging.append(_paging(here, token))
    found.comparing.append(_comparing(here, found))
    here.clean_up()
    ran = run_script(here, token)
    found.script.append(ran.seconds)
    found.script_peak_mb.append(ran.peak_mb)


def _paging(here: ReconciliationStack, token: str) -> float:
    here.clean_up()
    return page_to_nowhere(here.dataverse, token)[0]


def _comparing(here: ReconciliationStack, found: ReconcileMeasurements) -> float:
    here.clean_up()
    compared = here.compare()
    found.peak_mb.append(compared.peak_mb)
    return compared.seconds
