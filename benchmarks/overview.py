"""The overview at the top of docs/performance.md, made of the blocks below it by every `--write`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "overview"
_ROW: Final = re.compile(r"^\| (`[^`]+`) \| ([^|]+) \| ([<>]= [^|]+) \| ([^|]+) \|", re.MULTILINE)
_TOOK: Final = re.compile(r"\btook ([^.]+)\.")


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark measures, and the heading under which its blocks stand."""

    measures: str
    heading: str


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "bench-nightly": Benchmark("the nightly check, against the least that PostgreSQL can do", "the-nightly-check"),
    "bench-sync": Benchmark("the way to the website: one change, and thousands at once", "the-way-to-the-website"),
    "bench-reconcile": Benchmark("the full comparison, and live changes beside repairs", "proving-the-website"),
    "bench-force-sync": Benchmark("one forced sync, fifty coordinators at once, their page", "the-forced-sync"),
    "bench-verify": Benchmark("the integration checkpoint", "the-integration-checkpoint"),
    "bench-sign-in": Benchmark("what each form of the credential costs a new container", "signing-in"),
    "bench-cold": Benchmark("cold starts of every function, and by memory", "cold-starts"),
    "bench-dataverse": Benchmark("the Dataverse emulator alone", "the-dataverse-emulator"),
}


def overview(document: str) -> str:
    """Return the table of the benchmarks and that of all figures with an aim, as the document's blocks have them."""
    lines = ["| command | what it measures | how long the last run took |", "|---|---|---|"]
    aims = ["| figure | last value | aim | met | section |", "|---|---|---|---|---|"]
    for name, benchmark in BENCHMARKS.items():
        blocks = "\n".join(_blocks(document, rf"{name} [^\n]+"))
        took = _TOOK.search(blocks)
        section = f"[{benchmark.heading.replace('-', ' ')}](#{benchmark.heading})"
        lines.append(f"| `make {name}` | {benchmark.measures} | {took[1] if took else 'not known'} |")
        aims += [f"| {' | '.join(found)} | {section} |" for found in _ROW.findall(blocks)]
    return "\n".join([*lines, "", *aims]) if len(aims) > 2 else "\n".join(lines)  # noqa: PLR2004 - its head


def block_of(document: str, name: str) -> str:
    """Return what stands in a block, or nothing where the document has none of this name."""
    return next(iter(_blocks(document, re.escape(name))), "")


def _blocks(document: str, pattern: str) -> list[str]:
    return re.findall(rf"^<!-- {pattern}, written by a run -->\n(.*?)^<!-- end -->", document, re.DOTALL | re.MULTILINE)
