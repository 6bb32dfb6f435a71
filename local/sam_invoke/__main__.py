"""Invoke every function with every event both ways, on stacks of the same content, and print whether they agree.

    make sam-invoke        # python -m local.sam_invoke [EVENT...]

Exit status: 0 all agree, 1 some differ, 3 containers cannot be run here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from rich.table import Table

from local.sam_invoke import ways
from local.sam_invoke.comparing import comparable, first_difference
from local.sam_invoke.events import event_for, event_names, function_of, load_people, settle
from local.stack.stack import HOME, LocalStack, local_stack
from operations import console

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from local.sam_invoke.ways import Invoke

type Way = Callable[[LocalStack], AbstractContextManager[Invoke]]


_WAYS: dict[str, Way] = {"sam local invoke": ways.in_container, "start-lambda, boto3": ways.started}


def results(way: Way, names: Sequence[str], title: str) -> dict[str, tuple[str, str]]:
    """Return by event the function and its comparable result, from a fresh stack with the same people."""
    found = {}
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sam-", dir=HOME) as folder, local_stack(Path(folder), fresh=True) as stack:
        load_people(stack.dsn)
        settle(stack)
        with psycopg.connect(stack.dsn) as connection:
            known = {str(row[0]) for row in connection.execute("SELECT id FROM public.peer_mentors").fetchall()}
        with way(stack) as invoke:
            for name in names:
                function = function_of(name, stack)
                console.errors.print(f"[dim]{title}: {function}, {name}[/dim]")
                result: Any = invoke(function, event_for(name, stack))
                found[name] = function, comparable(result, known)
                settle(stack)
    return found


def main() -> int:
    """Compare, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.sam_invoke", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    parser.add_argument("events", nargs="*", metavar="EVENT", help="a name in events/ without .json; otherwise all")
    asked = parser.parse_args()
    names = [name for name in event_names() if name in asked.events or not asked.events]
    try:
        ways.require_containers()
        ways.build()
        here = results(lambda stack: nullcontext(ways.here(stack)), names, "the local host")
        there = {title: results(way, names, title) for title, way in _WAYS.items()}
    except ways.NoContainersError as error:
        print(error, file=sys.stderr)
        return 3
    rows = [
        (function, name, [_difference(result, found[name][1]) for found in there.values()])
        for name, (function, result) in here.items()
    ]
    if asked.json:
        said = [
            {"function": function, "event": name, "difference": dict(zip(there, differences, strict=True))}
            for function, name, differences in rows
        ]
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        table = Table("Function", "Event", *there)
        for function, name, differences in rows:
            table.add_row(function, name.partition(".")[2], *(difference or "equal" for difference in differences))
        console.out.print(table)
    return int(any(any(differences) for *_, differences in rows))


def _difference(here: str, there: str) -> str:
    return "" if here == there else first_difference(here, there)


if __name__ == "__main__":
    sys.exit(main())
