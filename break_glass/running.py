"""`hlf-break-glass run`: make the website right, or only hide; with the database, or by an export."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from break_glass import confirming, showing, work
from break_glass.arguments import typed_program
from break_glass.errors import GlassError, NotKnownError, NotUnderstoodError
from break_glass.interrupts import Interrupts
from break_glass.offline import FileBreakGlass, FileListings, JournalFile, read_file, tables_of
from break_glass.state import LocalBackoff
from shared.adapters.postgres.break_glass import PostgresBreakGlass
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.use_cases.break_glass import Progress, change_listings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from break_glass.access import Access
    from break_glass.arguments import Arguments
    from break_glass.terminal import Terminal
    from shared.domain.break_glass.changes import Plan, PlannedChange

_LONGEST = {"--actor": 200, "--reason": 2000}  # the limits of certification.audit


def run(said: Arguments, access: Access, terminal: Terminal) -> int:
    """Compare, ask, change, and read the website once more."""
    terminal.say("what_this_is")
    actor, reason = ("", "") if said.dry_run else _who_and_why(said, terminal)
    with _opened(said, access, terminal) as opened:
        hide_only = said.hide_only or said.from_csv is not None or confirming.only_hides(said, terminal)
        terminal.say("reading")
        plan = opened.plan(hide_only=hide_only)
        showing.plan(plan, terminal, every_id=said.dry_run)
        if said.dry_run:
            limits = opened.glass.limits()
            confirming.explain(plan, limits, terminal)
            terminal.say("dry_run")
            _print_json(said, showing.plan_as_json(plan) | {"confirm": confirming.phrases(plan, limits, terminal)})
            return 0
        if plan.is_empty and not plan.settles:
            _print_json(said, showing.plan_as_json(plan) | {"done": 0})
            return 0
        if not plan.is_empty:
            confirming.confirm(plan, opened.glass.limits(), said, terminal)
        return _Run(opened, plan, hide_only, said, terminal).make(actor, reason)


@dataclass(slots=True)
class _Run:
    """A plan that a person has confirmed."""

    work: work.Work
    plan: Plan
    hide_only: bool
    said: Arguments
    terminal: Terminal

    def make(self, actor: str, reason: str) -> int:
        mode = "hide_only" if self.hide_only else "everything"
        self.work.glass.begin(actor, reason, mode, self.plan.counts())
        try:
            return self._phases()
        except KeyboardInterrupt:
            self.terminal.say("broken_off")
            return NotKnownError.exit_code

    def _phases(self) -> int:
        interrupts = Interrupts(lambda: self.terminal.say("stopping"))
        done: list[Progress] = []
        with interrupts.watched():
            for phase, changes in (
                ("phase_urgent", self.plan.urgent_hides),
                ("phase_hide", self.plan.other_hides),
                ("phase_publish", self.plan.publishes),
                ("", self.plan.settles),
            ):
                if changes and not interrupts.asked() and not any(one.stopped_by for one in done):
                    done.append(self._phase(phase, changes, interrupts))
        return self._ended(done, stopped=interrupts.asked())

    def _phase(self, phase: str, changes: Sequence[PlannedChange], interrupts: Interrupts) -> Progress:
        if phase:
            self.terminal.say(phase, n=len(changes))

        def wait(seconds: float, left: int) -> None:
            self.terminal.say("waiting", n=left, seconds=round(seconds))
            interrupts.wait(seconds)

        def progress(so_far: Progress) -> None:
            if phase:
                self.terminal.show(self.terminal.words("progress", done=so_far.done, n=so_far.planned), indent="  ")

        return change_listings(
            changes,
            glass=self.work.glass,
            sync=lambda mentors: self.work.sync(mentors, interrupts.asked, interrupts.wait),
            batch_size=work.BATCH_SIZE,
            patience=self.said.patience,
            wait=wait,
            stopping=interrupts.asked,
            progress=progress,
        )

    def _ended(self, done: Sequence[Progress], *, stopped: bool) -> int:
        total = Progress(len(self.plan.hides) + len(self.plan.publishes) + len(self.plan.settles))
        for one in done:
            total.results |= one.results
            total.changed |= one.changed
            total.reasons |= one.reasons
            total.stopped_by = total.stopped_by or one.stopped_by
        outcome, code = self._outcome(total, stopped=stopped)
        self.work.glass.end(outcome, total.counts())
        if outcome == "done":
            outcome, code = self._read_again(code)
        _print_json(self.said, {"outcome": outcome, "counts": total.counts(), "rejected": total.rejected})
        return code

    def _outcome(self, total: Progress, *, stopped: bool) -> tuple[str, int]:
        codes = self.terminal.meaning(total.reasons)
        if total.rejected:
            self.terminal.say("rejected", n=len(total.rejected), codes=codes)
            showing.ids(total.rejected, self.terminal)
        if total.stopped_by:
            self.terminal.say(
                "refused_midway", code=self.terminal.meaning([total.stopped_by]), done=total.done, n=total.planned
            )
            return "refused", GlassError.exit_code
        if stopped:
            self.terminal.say("stopped", done=total.done, n=total.planned)
            return "stopped", NotKnownError.exit_code
        if total.unfinished:
            self.terminal.say("unfinished", n=len(total.unfinished), codes=codes)
            return "unfinished", NotKnownError.exit_code
        return ("rejected", GlassError.exit_code) if total.rejected else ("done", 0)

    def _read_again(self, code: int) -> tuple[str, int]:
        """Return the outcome by what visitors see now, which alone counts (I14)."""
        self.terminal.say("checking_result")
        left = self.work.plan(hide_only=self.hide_only)
        if not left.is_empty:
            self.terminal.say("still_wrong", n=len(left.hides) + len(left.publishes))
            showing.ids([change.mentor_id for change in (*left.hides, *left.publishes)], self.terminal)
            return "still_wrong", NotKnownError.exit_code
        self.terminal.say("hidden_now" if self.hide_only else "right_now")
        self.terminal.say("portal_lag")
        return "done", code


@contextmanager
def _opened(said: Arguments, access: Access, terminal: Terminal) -> Iterator[work.Work]:
    if said.from_csv is None:
        terminal.say("connecting")
        with work.database(access) as connection:
            listings, state = PostgresListings(connection), PostgresSyncState(connection)
            with work.dynamics(access, listings.tables(), state, terminal) as service:
                yield work.Work(PostgresBreakGlass(connection), listings, state, service)
        return
    export = read_file(said.from_csv, now := datetime.now(UTC))
    confirming.confirm_export(export.exported_at, now, said, terminal)
    backoff = LocalBackoff()
    with work.dynamics(access, tables_of(export), backoff, terminal) as service:
        journal = JournalFile(said.journal or Path(f"{now:hlf-break-glass-%Y%m%d-%H%M%S}.jsonl"))
        try:
            with closing(journal):
                yield work.Work(FileBreakGlass(export, journal), FileListings(export, journal), backoff, service)
        finally:
            if journal.is_begun:
                terminal.say("journal_at", path=journal.path, program=typed_program())


def _who_and_why(said: Arguments, terminal: Terminal) -> tuple[str, str]:
    actor = said.actor.strip() or terminal.ask("ask_actor", option="--actor")
    reason = said.reason.strip() or terminal.ask("ask_reason", option="--reason")
    for option, value in (("--actor", actor), ("--reason", reason)):
        if len(value) > _LONGEST[option] or not value.isprintable():
            raise NotUnderstoodError("not_one_line", option=option, longest=_LONGEST[option])
    if actor.lower().startswith("system:"):
        raise NotUnderstoodError("not_system")
    return actor, reason


def _print_json(said: Arguments, result: object) -> None:
    if said.json:
        print(json.dumps(result, default=str))
