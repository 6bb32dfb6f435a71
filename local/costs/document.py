"""docs/operations/costs.md, written from the figures so that it cannot be wrong by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.costs.figures import DAYS, Figures
from local.costs.model import PRICES, WORKLOAD, Month, database, network, runs_of, seconds_of, work_out

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHOLE_FROM = 100
HEAD = """# What it costs

For whoever pays the bill at HLF. Written by `make costs` from `template.yaml`; do not edit it.

In US dollars a month, without tax, in {region}; prices looked up on {looked_up}.
What people do in a month is a guess that stands in `local/costs/workload.json`;
every price, its source and how sure it is stands [below](#prices).

**The largest lines at {smallest:,} mentors:
{largest}.**
A thousand times as many mentors cost {times:.0f} times as much.
Functions in a VPC need a NAT gateway, because Dynamics and Entra are on the internet.
With Supabase, or any database that is reached over the internet, they need no VPC and no NAT gateway.
The metrics cost what they do because every run writes all of them, zeros included, and those of the sweep every hour.
"""


def write(figures: Figures, metrics_document: str) -> str:
    """Return the document."""
    sizes = WORKLOAD["sizes"]
    stacks = [work_out(figures, metrics_document, mentors) for mentors in sizes]
    networks = [network(mentors) for mentors in sizes]
    smallest = sorted([(networks[0].total(), "the NAT gateway"), *((u.usd(free=True), u.what) for u in stacks[0].uses)])
    head = HEAD.format(
        region=PRICES["region"],
        looked_up=PRICES["looked_up"],
        smallest=sizes[0],
        largest=", ".join(f"{what} ({_usd(usd)})" for usd, what in reversed(smallest[-3:])),
        times=stacks[-1].total() / stacks[0].total(),
    )
    return "\n".join(
        [
            head,
            "## In short",
            "",
            *_table(["", *(f"{n:,} mentors" for n in sizes)], _in_short(stacks, networks, sizes)),
            "",
            "The database is the app's, and costs the same without this system.",
            "A second zone doubles the database and the NAT gateway.",
            "Dynamics 365 and Entra are licensed by HLF already; the application user needs no licence of its own.",
            "",
            "## The stack, line by line",
            "",
            "The second figure of each pair is without what AWS gives every account for nothing.",
            "",
            *_table(["", *(f"{n:,}" for n in sizes), "unit"], _lines(stacks)),
            *_table_rows([["**together**", *(_pair(month.total(), month.total(free=False)) for month in stacks), ""]]),
            "",
            "## The NAT gateway",
            "",
            *_table(["", *(f"{n:,}" for n in sizes), "unit"], _lines(networks)),
            "",
            "## What the functions do in a month",
            "",
            *_table(["function", "MB", *(f"runs x seconds at {n:,}" for n in sizes), "from"], _functions(figures)),
            "",
            f"A month has {DAYS:.1f} days.",
            *WORKLOAD["basis"],
            f"Mails, {WORKLOAD['mails_per_mentor']} a mentor and month: {WORKLOAD['mails_basis']}.",
            "",
            "## Prices",
            "",
            *_table(
                ["price", "USD", "free a month", "of", "source", "how sure"],
                [
                    [p["per"], _price(p["usd"]), f"{p['free']:,}", p["of"], p["source"], p["sure"]]
                    for p in PRICES["prices"].values()
                ],
            ),
            "",
        ]
    )


def _in_short(stacks: Sequence[Month], networks: Sequence[Month], sizes: Sequence[int]) -> list[list[str]]:
    bases = {kind: [database(kind, n).total() for n in sizes] for kind in ("Supabase", "RDS")}
    totals = [month.total() for month in stacks]
    nets = [month.total() for month in networks]
    return [
        ["this stack, after the free tiers", *map(_usd, totals)],
        ["a NAT gateway, if the database is in a VPC", *map(_usd, nets)],
        ["Supabase, no VPC: **all**", *(_usd(a + b) for a, b in zip(totals, bases["Supabase"], strict=True))],
        ["RDS in a VPC: **all**", *(_usd(a + b + c) for a, b, c in zip(totals, nets, bases["RDS"], strict=True))],
    ]


def _lines(months: Sequence[Month]) -> list[list[str]]:
    return [
        [
            uses[0].what,
            *(_pair(use.usd(free=True), use.usd(free=False)) for use in uses),
            f"{' · '.join(_amount(use.amount) for use in uses)} x {PRICES['prices'][uses[0].price]['per']}",
        ]
        for uses in zip(*(month.uses for month in months), strict=True)
    ]


def _functions(figures: Figures) -> list[list[str]]:
    sizes = WORKLOAD["sizes"]
    runs = {n: runs_of(figures, n) for n in sizes}
    return [
        [
            f"`{name}`",
            str(figures.memory_mb[name.partition(":")[0]]),
            *(f"{_amount(runs[n][name])} x {seconds_of(name, n, runs[n][name]):.1f}" for n in sizes),
            WORKLOAD["functions"].get(name, WORKLOAD["functions"]["default"])["basis"],
        ]
        for name in sorted(runs[sizes[0]])
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [*_table_rows([head]), "|" + "---|" * len(head), *_table_rows(rows)]


def _table_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in rows]


def _price(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _pair(with_free: float, without: float) -> str:
    return f"{_usd(with_free)} ({_usd(without)})"


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= _WHOLE_FROM else f"{amount:,.1f}".rstrip("0").rstrip(".")
