"""Where a command of operations works: on a deployed stack, on a database by its address, or on the local stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from operations import deployed, surroundings
from operations.errors import OperationsError
from operations.wording import speech
from shared.domain.commands import Target
from shared.domain.wording.texts import Language

if TYPE_CHECKING:
    from operations.deployed import Deployment

_LANGUAGE = "OperationsLanguage"


@dataclass(frozen=True)
class Place:
    """What the options `--stack` and `--database-url` name; neither: the local stack."""

    stack: str | None
    database_url: str | None

    @cached_property
    def deployment(self) -> Deployment:
        """The stack. Raises StackNotFoundError."""
        return deployed.find(self.stack)

    def database(self) -> str | None:
        """The address of the database, None for the local one: as it was given, or by the secret of the stack.

        Raises StackNotFoundError, also where the secret holds no login.
        """
        if self.database_url is not None or self.stack is None:
            return self.database_url
        return deployed.database_of(self.deployment)

    def language(self) -> Language:
        """That of the stack; English where there is none, or it cannot be asked and need not be."""
        if self.stack is None:
            return Language.EN
        try:
            return Language(self.deployment.parameters.get(_LANGUAGE, Language.EN))
        except OperationsError:
            if self.database_url is None:
                raise
            return Language.EN


def at(stack: str | None, database_url: str | None, language: Language | None = None) -> Place:
    """The place, and from now on its language and its commands. Raises StackNotFoundError."""
    place = Place(stack, database_url)
    target = Target(stack or "", by_address=database_url is not None, program=surroundings.this_program())
    speech.use(language or place.language(), target)
    return place
