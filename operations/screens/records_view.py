"""Print what is kept how long, and what a file of proofs holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import console
from operations.screens import printing
from operations.screens.tables import new_table
from operations.wording.retention import KEPT, WHY
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.commands.proofs.proof_export import ProofExport
    from operations.commands.proofs.proof_file import Verification
    from operations.commands.retention import Retention


def retention(found: Sequence[Retention]) -> None:
    """Print each kind with the number that would go and the number that stays, and why any stays for longer."""
    table = new_table(say("What the next full comparison deletes"))
    for name in ("Kind", "Table", "Days", "Goes", "Stays"):
        table.add_column(say(name), justify="right" if name in {"Days", "Goes", "Stays"} else "left")
    for one in found:
        table.add_row(say(KEPT[one.name]), one.relation, f"{one.days:,}", f"{one.goes:,}", f"{one.stays:,}")
    console.out.print(table)
    console.out.print(say("What stays for longer, and why:"), style="bold")
    for text in dict.fromkeys(WHY[one.name] for one in found if one.name in WHY):
        printing.text(say(text), indent=2)
    printing.text(say("The periods are settings of the standard. Nothing was deleted now."))


def exported(made: ProofExport) -> None:
    """Print what the file holds, and how it is verified."""
    printing.text(many(made.links, "{n} link written to {file}.", "{n} links written to {file}.", file=made.file))
    if made.unlinked:
        printing.text(
            many(
                made.unlinked,
                "{n} record has no link yet; the next sweep makes it.",
                "{n} records have no link yet; the next sweep makes them.",
            )
        )
    if made.last_position is not None:
        printing.text(say("The last link is {position}, with the hash", position=f"{made.last_position:,}"))
        printing.text(str(made.last_hash), indent=2)
    printing.text(say("It holds what people have written as reasons: treat it as such."))


def verified(found: Verification) -> None:
    """Print whether the chain is whole, and each fault."""
    if found.problems:
        console.out.print(f"[red]{many(len(found.problems), '{n} fault.', '{n} faults.')}[/red]")
        for problem in found.problems:
            printing.text(problem, indent=2)
    else:
        console.out.print(f"[green]{say('The chain is whole, and every record is as it was linked.')}[/green]")
    if found.first is not None:
        printing.text(
            say("Links {first} to {last}; the last has the hash", first=f"{found.first:,}", last=f"{found.last:,}")
        )
        printing.text(found.end, indent=2)
    if found.no_longer_kept:
        printing.text(
            many(
                found.no_longer_kept,
                "{n} record is older than it is kept, and only its link is there.",
                "{n} records are older than they are kept, and only their links are there.",
            )
        )
    printing.text(
        say(
            "Somebody with the database owner's login could have made all of it anew: compare the hash with the log of"
            " that night."
        )
    )
