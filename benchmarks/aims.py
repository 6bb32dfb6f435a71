"""What each figure of the benchmarks means, and what is aimed for: said once, for the terminal and for the document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

_LARGE: Final = 10_000
# The size that ends a figure's name, such as 10k and 1m; what is aimed for holds at each.
_SIZE: Final = re.compile(r"_\d+[km]?$")
# Figures whose names end with a function, or with a form of the credential.
_OF_EACH: Final = (
    *("init_ratio", "cold_total_ms"),
    *("sign_in_import_ms", "sign_in_first_token_ms", "sign_in_next_token_ms", "sign_in_mb"),
)


@dataclass(frozen=True)
class Figure:
    """One line of what a figure means, its unit ("" for a ratio or a number), and the aim if there is one."""

    means: str
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def aim(self) -> str:
        """The aim in words, such as "<= 3 ms", or nothing."""
        unit = f" {self.unit}" if self.unit else ""
        if self.at_most is not None:
            return f"<= {self.at_most:g}{unit}"
        return "" if self.at_least is None else f">= {self.at_least:g}{unit}"

    def verdict(self, value: float) -> str:
        """Return "met" or "not met", or nothing where there is no aim."""
        if not self.aim:
            return ""
        good = value <= self.at_most if self.at_most is not None else value >= (self.at_least or 0)
        return "met" if good else "not met"


FIGURES: Final[Mapping[str, Figure]] = {
    # bench-nightly; with the size
    "nightly_ratio": Figure("the busy nightly check : one bare INSERT … SELECT for each table", at_most=3),
    "nightly_shared_ratio": Figure("the same : one statement that finds the mentors once for all five tables"),
    "nightly_copy_ratio": Figure("the same : a copy of the finished rows"),
    "nightly_seconds": Figure("the busy nightly check", "s"),
    "quiet_check_ms": Figure("a nightly check in which nothing is due, the slower kind", "ms"),
    "quiet_check_best_ms": Figure("the same, the best", "ms"),
    "ordinary_check_ms": Figure("the nightly check of an ordinary day", "ms"),
    "monday_check_ms": Figure("the check of a Monday, which looks at everyone", "ms"),
    "nightly_wal_mb": Figure("write-ahead log of the busy nightly check, right after a checkpoint", "MB"),
    "function_peak_mb": Figure("peak memory of the function over the busy nightly check", "MB"),
    # bench-sync
    "commit_to_site_p50_ms": Figure("one change, from its commit until Dynamics has accepted it: median", "ms"),
    "commit_to_site_p99_ms": Figure("the same: 99 in a hundred are quicker", "ms", at_most=250),
    "bare_patch_p50_ms": Figure("one bare PATCH on a warm connection", "ms"),
    "push_vs_floor": Figure("the finished bodies alone : the worker; it divides by one core of the emulator"),
    "push_vs_patch": Figure("one PATCH for each listing : the worker", at_least=7.5),
    "push_vs_sdk": Figure("the official SDK's quickest message : the worker"),
    "push_vs_sdk_script_plain": Figure("a script of the SDK for the whole job, plain : the worker", at_least=0.95),
    "push_vs_sdk_script_best": Figure("the same script at its best : the worker", at_least=0.55),
    "push_paced_vs_possible": Figure(
        "within the service's limits, until all is settled : the least that they allow", at_most=1.15
    ),
    "cpu_ms_per_listing": Figure("processor time of a listing, over all processes", "ms", at_most=0.095),
    "requests_per_listing": Figure("requests to Dynamics for each listing"),
    "limit_share_used": Figure("the most that is used of any limit of the service"),
    "requests_in_retry_after": Figure("requests inside a Retry-After window", at_most=0),
    # bench-reconcile; with the size
    "reconcile_vs_paging": Figure("the full comparison : bare paging", at_most=1.75),
    "reconcile_vs_served_paging": Figure(
        "the same where a page takes half a second of the service's time", at_most=1.1
    ),
    "reconcile_peak_mb": Figure("peak memory of the function", "MB", at_most=130),
    "sdk_script_vs_reconcile": Figure("a script of the SDK, time : the full comparison's"),
    "sdk_script_vs_reconcile_100k": Figure("a script of the SDK, time : the full comparison's", at_least=1.3),
    "sdk_script_vs_reconcile_memory": Figure("the same script, memory : the full comparison's", at_least=1.5),
    "live_p99_under_repair_ratio": Figure("p99 of live changes beside repairs : without them", at_most=2),
    # bench-force-sync
    "force_sync_p50_ms": Figure("from the request to the verified response, warm, one at a time: median", "ms"),
    "force_sync_p99_ms": Figure("the same: 99 in a hundred are quicker", "ms"),
    "force_sync_vs_bare": Figure("the same, median : one bare PATCH and one bare GET of the same row", at_most=8),
    "force_sync_refused_per_s": Figure("forged signatures under a known key that one instance turns away", "a second"),
    "page_kb": Figure("the coordinators' page as it is sent", "kB"),
    "page_busy_ms": Figure("script, style and layout of the coordinators' page in Chromium; with the mentors", "ms"),
    "page_key_ms": Figure("the same for one key in its search; with the mentors", "ms"),
    "force_sync_at_once_p99_ms": Figure("fifty coordinators at once, cold starts among it", "ms"),
    "force_sync_at_once_lost_or_doubled": Figure("of those, without one audit row or wrong on the website", at_most=0),
    "force_sync_at_once_429": Figure("of those, refused as too many", at_most=0),
    "force_sync_at_once_5xx": Figure("of those, failed", at_most=0),
    # bench-verify; with the size
    "verify_floor_s": Figure("one count(*) for each table of the app", "s"),
    "verify_read-only_parts_s": Figure("all read-only points", "s", at_most=30),
    "verify_longest_statement_s": Figure("the longest statement, and so the longest lock on a table of the app", "s"),
    "verify_behaviour_s": Figure("the behaviour, on rows of its own", "s"),
    "verify_ratio_to_the_floor": Figure("all read-only points : the floor"),
    # bench-sign-in; with the form
    "sign_in_import_ms": Figure("to import, in a new container", "ms"),
    "sign_in_first_token_ms": Figure("until the first token", "ms"),
    "sign_in_next_token_ms": Figure("until the next token", "ms"),
    "sign_in_mb": Figure("memory of the container", "MB"),
    # bench-cold; with the function
    "init_ratio": Figure("init : the imports that it cannot avoid", at_most=1.2),
    "cold_total_ms": Figure("init and the first event, on a whole processor", "ms"),
    "layer_mb": Figure("the layer as it is unpacked", "MB"),
    # bench-dataverse
    "dataverse_batched_patches_per_s": Figure("PATCH by alternate key in batches of a hundred", "a second"),
    "dataverse_single_patches_per_s": Figure("PATCH by alternate key, one by one", "a second"),
    "dataverse_tokens_per_s": Figure("tokens", "a second"),
}
_UNKNOWN: Final = Figure("")


def figure(name: str) -> Figure:
    """Return what is known of a figure: by its name, or by its name without the size or the word at its end."""
    stem = next((one for one in _OF_EACH if name.startswith(f"{one}_")), _SIZE.sub("", name))
    return FIGURES.get(name) or FIGURES.get(stem, _UNKNOWN)


def with_aims(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that have an aim: for a section whose tables show the others."""
    return {name: value for name, value in figures.items() if figure(name).aim}


def figure_table(figures: Mapping[str, float]) -> str:
    """Return the figures as a Markdown table: the value, and the aim and whether it is met where there is one."""
    lines = ["| figure | value | aim | met | what it is |", "|---|---|---|---|---|"]
    for name, value in figures.items():
        known = figure(name)
        verdict = known.verdict(value).replace("not met", "**not met**")
        unit = f" {known.unit}" if known.unit else ""
        lines.append(f"| `{name}` | {_text(value)}{unit} | {known.aim} | {verdict} | {known.means} |")
    return "\n".join(lines)


def print_figures(console: Console, figures: Mapping[str, float]) -> None:
    """Print what is aimed for and whether it is met, and after it a line `figure NAME VALUE` for each figure."""
    for name, value in figures.items():
        if known := figure(name).aim:
            _print(console, f"aim {name} {known}: {figure(name).verdict(value)} ({_text(value)})")
    for name, value in figures.items():
        _print(console, f"figure {name} {_text(value)}")


def _print(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _text(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= _LARGE else f"{value:.4g}"
