"""docs/scale.md, written from the measured figures: no figure in it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benchmarks.scale.limits import PAGE_ROWS, Limit, limits
from benchmarks.scale.measuring import DELAY_SECONDS, PAGE_SECONDS, Figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIZES: Final = (600, 600_000, 1_000_000, 6_000_000)
HALF: Final = 0.5
MILLION: Final = 1_000_000

_DESIGN: Final = """## When a limit gives way

Nothing is done wrong, and it is said. A night that is cut off goes on at 01:15 and 05:15 where it stopped, and until
then the website's day has not turned for the organisations that are left. A comparison that runs out of its time proves
nothing and says so (exit code 3 of `reconcile`, `…MissingAlarm`); the sweeps go on. Mails that no run could send wait
for the next one. **The least certain figure is Dataverse's time for a page**: half a second on a good day, and users
report up to three. So look at how long the comparison takes (`runs`) once there are a few hundred thousand mentors.

## The designs that remove each limit

None of them is built, for the reason above. Each keeps every invariant, and needs no change of a table that is there.

**The nightly check per organisation.** `expiry_check` does its work organisation by organisation already, each step one
transaction that is safe to repeat, and a run that was cut off goes on where it stopped, because what is done is done.
So the scheduled run would only start the run, put one message for each organisation into a queue of its own
(`{"run_id", "organisation_id", "as_of"}`), and end; a function with the same code does one organisation a message,
`MaximumConcurrency` bounds the connections, and the last to finish an organisation finishes the run.
The claim is the row of `run_organisations`. A lost message is found by the tries at 01:15 and 05:15, as today.
What remains is the largest organisation: its steps can go by ranges of mentor ids, because nothing in a step looks at
two mentors, except the brake, which counts first.

**The comparison in parts.** The rows that were read stand in `comparison_rows` with the comparison's id, so an
invocation that has read for ten minutes can store the link to the next page in `comparisons`, ask for itself by SQS,
and end; the next one goes on with that page, and the last compares. The proof states from when to when it read, as now.
The comparison itself is one statement in PostgreSQL; it goes by ranges of ids, whose fingerprints are added up.

**Partitioned tables.** `notices`, `run_counts` and `mail_events` by month of their first day: retention then drops a
partition in place of deleting rows, and the indexes of the present month stay in memory.
The mentors' tables are the app's.

**Sending.** `claim_notice` takes one notice a statement, on purpose: a crash leaves one mail of unknown outcome, not a
hundred ([decision 0005](decisions/0005-claim-one-at-a-time.md)). Several senders at once each take different notices
already (`SKIP LOCKED`); so the remedy is a second schedule beside the first.
"""


def write(figures: Mapping[str, Any]) -> str:
    """Return the document for the content of figures.json."""
    measured = [Figures(**one) for one in figures["measured"]]
    found = limits(measured)
    return "\n".join(
        [
            "# Scale",
            "",
            "For developers who ask how far it carries. Written by `make bench-scale`; do not edit it.",
            "",
            f"Measured on {figures['measured_on']}, {figures['machine']}.",
            f"Every statement of a function takes {DELAY_SECONDS * 1000:g} ms longer than PostgreSQL needs,",
            "by a TCP proxy (`benchmarks/scale/latency.py`), as between two zones of a region.",
            f"A page of {PAGE_ROWS:,} rows takes Dataverse {PAGE_SECONDS:g} s where that is said.",
            "The functions are the real ones, started from `template.yaml`, with their cold start.",
            *figures.get("notes", ()),
            "",
            _verdict(found, measured),
            "",
            "## What gives way first",
            "",
            "The share of each limit. Beyond what was measured: straight lines through the two largest sizes.",
            "",
            *_limits_table(found),
            "",
            "What is worked out comes from what was measured and from the figures that AWS and Microsoft document.",
            "",
            "## What was measured",
            "",
            *_measured_table(measured),
            "",
            "Statements are the messages that the function has sent to the database, `COPY` among them.",
            "They do not grow with the mentors in the night, and with the pages in the comparison.",
            "",
            _DESIGN.rstrip(),
            "",
        ]
    )


def _verdict(found: Sequence[Limit], measured: Sequence[Figures]) -> str:
    largest = max(one.mentors for one in measured)
    seen = max((one for one in found if one.measured), key=lambda limit: limit.share(largest))
    share = seen.share(largest)
    built = "so nothing is fanned out" if share <= HALF else "so that has to be removed before there are that many"
    return (
        f"**At {largest:,} mentors, measured, the most that is used of any limit is {share:.0%}: {seen.name}.**\n"
        f"That is {'less' if share <= HALF else 'more'} than half, {built}."
    )


def _limits_table(found: Sequence[Limit]) -> list[str]:
    head = ["limit", "is", *(f"{n:,}" for n in SIZES), "gives way at", "then"]
    rows = [
        [
            f"{one.name}{'' if one.measured else ' (worked out)'}",
            f"{one.limit:,.0f} {one.of}",
            *(_percent(one.share(n)) for n in SIZES),
            _mentors(one.gives_way_at()),
            one.remedy,
        ]
        for one in sorted(found, key=lambda limit: -limit.share(SIZES[-1]))
    ]
    return _table(head, rows)


def _measured_table(measured: Sequence[Figures]) -> list[str]:
    names = {
        "busy_check_seconds": "the nightly check after six weeks of outage, s",
        "busy_check_statements": "statements of it",
        "monday_check_seconds": "Monday's nightly check, s",
        "ordinary_check_seconds": "an ordinary nightly check, s",
        "check_peak_mb": "memory of the nightly check, MB",
        "mail_milliseconds": "the database's part of one mail, ms",
        "compare_seconds": "the comparison, the emulator as quick as it is, s",
        "compare_served_seconds": f"the comparison, {PAGE_SECONDS:g} s a page, s",
        "compare_statements": "statements of it",
        "compare_peak_mb": "memory of the comparison, MB",
        "database_bytes": "the database after the checks, bytes",
    }
    rows = [[label, *(f"{getattr(one, name):,.6g}" for one in measured)] for name, label in names.items()]
    return _table(["", *(f"{one.mentors:,} mentors" for one in measured)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    heading, *written = (f"| {' | '.join(row)} |" for row in (head, *rows))
    return [heading, "|" + "---|" * len(head), *written]


def _percent(share: float) -> str:
    shown = f"{share:.1%}" if share < 0.1 else f"{share:.0%}"  # noqa: PLR2004 - one digit below a tenth
    return f"**{shown}**" if share > HALF else shown


def _mentors(found: float | None) -> str:
    if found is None:
        return "never"
    return f"{found / MILLION:,.3g} million" if found >= MILLION else f"{found:,.0f}"
