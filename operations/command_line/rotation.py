"""Define `rotate-credential`: walk a person through a change of the website's credential."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from operations import console
from operations.commands.credential import new_credential
from operations.commands.credential.new_credential import NewCredential
from operations.commands.credential.rotation import FirstSync, RefusedError, Rotating, Rotation, State, TakenError
from operations.commands.credential.secret_versions import SecretVersions
from operations.console import Progress
from operations.dates import OSLO
from operations.errors import NothingToDoError, OperationsError
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import printing
from operations.target import System
from operations.wording import speech, words
from operations.wording.speech import say
from shared.domain.credentials.forms import CredentialForm
from shared.domain.wording.credential_faults import in_words

_AGAIN = "rotate-credential --actor YOU --reason WHY"
_UNDO = "rotate-credential --undo --actor YOU --reason WHY"


@dataclass(frozen=True)
class RotationOutcome:
    """What `--json` prints."""

    rotation: UUID
    state: State
    form: str
    previous_version: str
    current_at: datetime | None
    old_needed_until: datetime | None
    first_synced_at: datetime | None = None
    waiting: int | None = None


def rotate_credential(
    system: System,
    *,
    actor: Actor,
    reason: Reason,
    file: Annotated[
        Path | None,
        typer.Option(help="The new credential as JSON, in a file that only you can read.", show_default=False),
    ] = None,
    form: Annotated[
        CredentialForm, typer.Option(help="How the new one signs in. A certificate needs --file.")
    ] = CredentialForm.SECRET,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the rotation that is open, or the last one.")] = False,
    take_over: Annotated[bool, typer.Option("--take-over", help="Go on with the rotation of another person.")] = False,
    wait_minutes: Annotated[
        int, typer.Option(min=0, max=60, help="How long Entra may need to know the new credential.")
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Change the credential of Dynamics: try the new one, put it in use, and watch the first sync.

    It asks for the new credential, or reads it from a file. Interrupted with Ctrl-C it goes on from where it was when
    it is run again. Nothing that is in use changes before the system itself says that the new one is good.
    """
    require_named(actor, reason)
    versions = SecretVersions.of(system.deployment)
    preparing = Rotating(system.step, versions, actor, reason, wait_minutes * 60.0)
    try:
        latest = _open_to(preparing, take_over=take_over)
        if latest is not None and latest.actor != actor:
            # Before a person is asked for anything: of two who take it over at once, one is told so at once.
            latest = preparing.take_over(latest)
        # A person is asked before the rotation begins, so that nobody else waits while a secret is looked for.
        asks = not undo and (latest is None or latest.state is State.BEGUN)
        credential = _credential(preparing, file, form) if asks else None
        _say_which_end_counts(credential)
        with console.steps(quiet=as_json) as progress, system.functions(progress) as invoke:
            rotating = replace(preparing, invoke=invoke, on_refusal=_waiting(progress))
            if undo:
                done, synced = _take_back(rotating, progress), None
            else:
                rotation = _stored(rotating, latest, credential, progress)
                done, synced = _carry_out(rotating, rotation, progress)
    except TakenError as error:
        _say_who(error.rotation)
        raise typer.Exit(TakenError.exit_code) from None
    except RefusedError as error:
        _explain(error)
        raise typer.Exit(1) from None
    if as_json:
        first = (synced.synced_at, synced.waiting) if synced else (None, None)
        words.print_json(
            RotationOutcome(
                done.id, done.state, done.form, done.previous_version, done.current_at, done.old_needed_until, *first
            )
        )
    else:
        _say(done, synced)


def _open_to(rotating: Rotating, *, take_over: bool) -> Rotation | None:
    """Return the rotation that is open, if there is one. Raises TakenError if it is another person's."""
    latest = rotating.latest()
    if latest is None or not latest.state.is_open:
        return None
    if latest.actor != rotating.actor and not take_over:
        raise TakenError(latest)
    return latest


def _stored(
    rotating: Rotating, latest: Rotation | None, credential: NewCredential | None, progress: Progress
) -> Rotation:
    """Return the open rotation, or a new one, with its credential stored as the next version."""
    rotation = rotating.begin(credential.form if credential else str(latest and latest.form))
    if credential is None or rotation.state is not State.BEGUN:
        return rotation
    progress(say("Storing the new credential as the next version"))
    return rotating.store(rotation, credential)


def _waiting(progress: Progress) -> Callable[[str], None]:
    def say_so(code: str) -> None:
        progress(say("Refused ({code}); Entra may not know it yet, so it is tried again", code=code))

    return say_so


def _credential(rotating: Rotating, file: Path | None, form: CredentialForm) -> NewCredential:
    today = datetime.now(OSLO).date()
    if file is not None:
        return new_credential.checked(new_credential.read_file(file), today)
    known = rotating.secrets.value_in_use()
    if form is CredentialForm.FEDERATION and known.keys() >= {"tenant_id", "client_id"} and not sys.stdin.isatty():
        # Nothing secret is to be asked, and the application is the one in use.
        value = {name: known[name] for name in ("tenant_id", "client_id")} | {"federation": "aws"}
        return new_credential.checked(value, today)
    if not sys.stdin.isatty():
        raise OperationsError("run this at a terminal, which asks for the credential, or name a file with --file")
    return new_credential.checked(new_credential.asked(form, known, _ask), today)


def _say_which_end_counts(credential: NewCredential | None) -> None:
    if credential is not None and credential.typed_end is not None:
        text = say(
            "certificate_expires_on says {typed}, and the certificate itself ends on {own}: that day counts.",
            typed=credential.typed_end,
            own=str(credential.ends_on),
        )
        console.errors.print(text, markup=False)


def _ask(question: str, default: str, hidden: bool) -> str:
    answer: str = typer.prompt(question, default=default or None, hide_input=hidden, err=True)
    return answer


def _carry_out(rotating: Rotating, rotation: Rotation, progress: Progress) -> tuple[Rotation, FirstSync]:
    if rotation.state is State.PENDING:
        progress(say("Waiting until the system has signed in by it and tried every table"))
        try:
            rotating.examine(rotation)
        except RefusedError:
            rotating.give_up(rotation)
            raise
        progress(say("Putting it in use"))
        rotation = rotating.use(rotation)
    progress(say("Watching the first sync"))
    synced = rotating.watch(rotation)
    return rotating.finish(rotation), synced


def _take_back(rotating: Rotating, progress: Progress) -> Rotation:
    rotation = rotating.latest()
    if rotation is None or not rotation.state.is_open:
        progress(say("Taking back the next version, which nothing uses"))
        if (unknown := rotating.give_up_unknown(rotation)) is not None:
            return unknown
    if rotation is None or rotation.state in {State.UNDONE, State.GIVEN_UP}:
        raise NothingToDoError("no rotation is open, and the last one was taken back already: nothing was changed")
    if rotation.state.is_open:
        rotation = rotating.begin(rotation.form)
    if rotation.state in {State.BEGUN, State.PENDING} and not rotating.is_in_use(rotation):
        progress(say("Taking back the next version, which nothing uses"))
        return rotating.give_up(rotation)
    progress(say("Waiting until the system has signed in by the former credential"))
    return rotating.undo(rotation)


def _say(rotation: Rotation, synced: FirstSync | None) -> None:
    now = datetime.now(UTC)
    match rotation.state:
        case State.GIVEN_UP:
            printing.text(say("Taken back. The credential in use was never changed."))
        case State.UNDONE:
            printing.text(say("Taken back. The former credential is in use again."))
        case _:
            assert synced is not None  # noqa: S101 - for the type checker: a rotation that is done was watched
            printing.text(say("The new credential is in use, and the system works with it."))
            if synced.synced_at is not None:
                moment = words.moment(synced.synced_at, now)
                printing.text(say("The last change reached the website at {moment} (Oslo).", moment=moment))
            else:
                printing.text(say("Nothing had to be sent; every table was read, and the right to write was tried."))
            if synced.waiting:
                printing.text(say("Changes that wait still: {n}.", n=f"{synced.waiting:,}"))
            if rotation.old_needed_until is not None:
                until = words.moment(rotation.old_needed_until, now)
                printing.text(say("The old one may be deleted in Entra from {moment} (Oslo) on.", moment=until))
            printing.command(say("To take it back, before the old one is deleted:"), _UNDO)


def _say_who(rotation: Rotation) -> None:
    since = words.moment(rotation.started_at, datetime.now(UTC))
    console.failure(
        f"{rotation.actor} has rotated this credential since {since} (Oslo), and is not done ({rotation.state}):"
        f" {rotation.reason}. Speak with them. To go on in their place: {speech.command(_AGAIN)} --take-over"
    )


def _explain(error: RefusedError) -> None:
    language = speech.texts().language
    if error.in_use:
        console.failure(say("The credential in use is refused."))
    else:
        console.failure(say("The credential will not do; what is in use was not changed."))
    for finding in error.findings:
        text = in_words(finding, language)
        console.errors.print(f"  {text.what}", markup=False)
        console.errors.print(f"  {text.to_do}", markup=False, style="dim")
    if not error.findings:
        console.errors.print(f"  {words.reason(error.code)}", markup=False)
    if error.in_use:
        console.errors.print(f"  {say('To take it back:')} {speech.command(_UNDO)}", markup=False, soft_wrap=True)
