"""How a command ends: 0 yes or done, 1 no or wrong, 2 the command line was not understood, 3 not yet or not known."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from operations import console
from operations.errors import OperationsError
from shared.domain.comparison import ProofVerdict
from shared.domain.errors import CertificationError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXIT_CODES: Final[Mapping[ProofVerdict, int]] = {ProofVerdict.YES: 0, ProofVerdict.NO: 1, ProofVerdict.NOT_YET: 3}
NOT_YET = 3


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except (OperationsError, CertificationError, OSError) as error:
        console.failure(str(error))
        raise typer.Exit(code_of(error)) from None


def code_of(error: Exception) -> int:
    """Return the exit code of an error that is expected."""
    match error:
        case OperationsError():
            return error.exit_code
        case PermanentError():
            return 1
        case _:
            return NOT_YET
