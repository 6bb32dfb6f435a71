"""Measure how far the night, the sending and the comparison carry, and write docs/scale.md: `make bench-scale`.

`python -m benchmarks.scale [--sizes 10000 100000 1000000] [--only-write]`. The figures are kept in figures.json beside
this file, with the load of the machine. Prints one line per figure: `figure NAME VALUE`. Exits with 1 when something
could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reconcile.site import NotEqualError
from benchmarks.scale.document import write
from benchmarks.scale.measuring import NotMeasuredError, measure
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

FIGURES = Path(__file__).with_name("figures.json")
DOCUMENT = ROOT / "docs" / "scale.md"
_QUIET = 0.5  # of the cores


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, keep the figures and write the document. Return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="how many mentors")
    parser.add_argument("--only-write", action="store_true", help="measure nothing; write the document anew")
    options = parser.parse_args(arguments)
    if not options.only_write:
        load = os.getloadavg()[0]
        try:
            measured = [measure(size, lambda said: print(said, file=sys.stderr)).as_json() for size in options.sizes]
        except (NotMeasuredError, NotEqualError) as error:
            print(f"not measured: {error}", file=sys.stderr)
            return 1
        FIGURES.write_text(json.dumps(_with_machine(measured, load), indent=2) + "\n", encoding="utf-8")
        for one in measured:
            for name, value in one.items():
                print(f"figure scale_{name}_{one['mentors']} {value:g}")
    DOCUMENT.write_text(write(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


def _with_machine(measured: list[dict[str, Any]], load: float) -> dict[str, Any]:
    cores = os.process_cpu_count() or 1
    busy = "quiet" if load <= _QUIET * cores else f"busy with other work (load {load:.1f} before)"
    return {
        "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"on {cores} cores, {platform.machine()}, {busy}",
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "measured": measured,
    }


if __name__ == "__main__":
    sys.exit(main())
