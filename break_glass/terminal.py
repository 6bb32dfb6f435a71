"""Talk to the person: one question at a time, and secrets without showing them."""

from __future__ import annotations

import getpass
import sys
import textwrap
from typing import TYPE_CHECKING

from break_glass.errors import NotUnderstoodError
from break_glass.wording import SENTENCES
from shared.domain.alerts import Language
from shared.domain.wording.languages import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TextIO

_WIDTH = 78


class Terminal:
    """The person's terminal. Where there is none, nothing is asked: what is missing ends the program."""

    def __init__(self, language: Language, *, to_stderr: bool = False) -> None:
        """`to_stderr`: standard output is for JSON."""
        self.language = language
        self._out: TextIO = sys.stderr if to_stderr else sys.stdout
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a console of Windows lacks some letters

    @property
    def is_there(self) -> bool:
        """Return whether a person can be asked."""
        return sys.stdin is not None and sys.stdin.isatty()

    def words(self, sentence: str, **facts: object) -> str:
        """Return a sentence in the person's language."""
        nb, en = SENTENCES[sentence]
        return (nb if self.language is Language.NB else en).format(**facts)

    def meaning(self, codes: Iterable[str]) -> str:
        """Return what codes mean, each beside its meaning."""
        return TEXTS[self.language].meaning(",".join(sorted(codes))) or "-"

    def say(self, sentence: str, **facts: object) -> None:
        """Print a sentence."""
        self.show(self.words(sentence, **facts))

    def show(self, text: str, *, indent: str = "") -> None:
        """Print text, folded."""
        for line in text.split("\n"):
            folded = textwrap.wrap(
                line,
                _WIDTH,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            print("\n".join(folded), file=self._out, flush=True)

    def show_as_is(self, text: str) -> None:
        """Print a line that is not folded, such as an id."""
        print(text, file=self._out, flush=True)

    def ask(
        self, question: str, *, default: str = "", option: str = "", facts: Mapping[str, object] | None = None
    ) -> str:
        """Return the answer to a question; ask again until there is one. `option`: what says it without a terminal."""
        return self._until_said(question, self._line, default, option, facts or {})

    def ask_secret(self, question: str) -> str:
        """Return an answer that is not shown while it is typed."""
        return self._until_said(question, getpass.getpass, "", "--credentials", {})

    def _until_said(
        self, question: str, read: Callable[[str], str], default: str, option: str, facts: Mapping[str, object]
    ) -> str:
        if not self.is_there:
            raise NotUnderstoodError("no_terminal", question=self.words(question, **facts), option=option)
        suffix = f" [{default}]" if default else ""
        while True:
            self.show_as_is("")
            self.say(question, **facts)
            try:
                said = read(f"{suffix.strip()}> ".lstrip()).strip() or default
            except EOFError:
                raise KeyboardInterrupt from None
            if said:
                return said

    def _line(self, prompt: str) -> str:
        print(prompt, end="", file=self._out, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")
