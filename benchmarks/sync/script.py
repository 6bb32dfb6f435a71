"""What a user would write (sdk_script.py), with a table of its own that says which mentors are synced.

The listings themselves are no place for it: their constraints belong to the claims that it does not make.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.sync.pushes import UnfairComparisonError, check_rows, measured
from benchmarks.sync.senders import senders
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sync.pushes import Push, Work
    from benchmarks.sync.senders import Senders
    from benchmarks.sync.stack import Bench

RIVAL_PYTHON: Final = ROOT / ".rival-venv" / "bin" / "python"
_PROCESSES: Final = 4
_TABLE: Final = "rival.published"
_CREATE: Final = f"""
    CREATE SCHEMA rival;
    CREATE TABLE {_TABLE} (
        mentor_id       uuid PRIMARY KEY,
        version         bigint NOT NULL DEFAULT 1,
        synced_version  bigint NOT NULL DEFAULT 0,
        synced_at       timestamptz
    );
    INSERT INTO {_TABLE} (mentor_id) SELECT m.id FROM public.peer_mentors AS m
"""


class ScriptForm(NamedTuple):
    """How the script runs: so many processes, each with so many listings in a request."""

    processes: int
    size: int


PLAIN: Final = tuple(ScriptForm(1, size) for size in (250, 1000))
BEST: Final = tuple(ScriptForm(_PROCESSES, size) for size in (250, 500, 1000))


class Script:
    """The script's processes, started, signed in and connected, and its quickest forms."""

    def __init__(self, bench: Bench, programs: Senders) -> None:
        self._bench = bench
        self._programs = programs
        self.plain, self.best = PLAIN[0], BEST[0]

    def find_forms(self, work: Work) -> dict[ScriptForm, float]:
        """Try every form twice, keep the quickest plain one and the quickest of all, and return the median seconds."""
        taken: defaultdict[ScriptForm, list[float]] = defaultdict(list)
        self.push(work, BEST[0])  # the first run is cold and does not count
        check_rows(self._bench, work)
        for form in (PLAIN + BEST) * 2:
            taken[form].append(self.push(work, form).settled)
        medians = {form: median(seconds) for form, seconds in taken.items()}
        self.plain = min(PLAIN, key=medians.__getitem__)
        self.best = min(medians, key=medians.__getitem__)
        return medians

    def push(self, work: Work, form: ScriptForm) -> Push:
        """Have the script sync every listing."""
        self._bench.connection.execute(f"UPDATE {_TABLE} SET version = version + 1".encode())
        programs = self._programs.first(form.processes)

        def push() -> float:
            programs.send_parts(form.size)
            return self._settled()

        return measured(self._bench, work, push)

    def _settled(self) -> float:
        """Return when the last listing was marked, which is after its reply was read: as the consumer's is taken."""
        row = self._bench.connection.execute(
            "SELECT extract(epoch FROM max(synced_at))::double precision AS at,"
            f" count(*) FILTER (WHERE synced_version < version) AS left FROM {_TABLE}".encode()
        ).fetchone()
        if row is None or row["left"]:
            raise UnfairComparisonError(f"the script left {row and row['left']} listings unmarked")
        return float(row["at"])


@contextmanager
def script(bench: Bench, token: str) -> Iterator[Script]:
    """Yield the script's processes, and create its table."""
    bench.connection.execute(_CREATE.encode())
    bench.connection.execute(f"VACUUM ANALYZE {_TABLE}".encode())
    bench.vacuumed.append(_TABLE)
    command = [str(RIVAL_PYTHON), "-P", "-m", "benchmarks.sync.sdk_script", bench.url, token, bench.stack.dsn]
    with senders("script", command, _PROCESSES, bench.stack.home) as programs:
        programs.wait_until_ready()
        yield Script(bench, programs)
