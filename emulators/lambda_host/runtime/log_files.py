"""One log file per function."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from emulators.lambda_host.runtime.logs import LogLine


class LogFiles:
    """The files of a folder, which is made if it is not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files: dict[str, TextIO] = {}

    def write(self, line: LogLine) -> None:
        """Append a line to the file of its function."""
        if line.function not in self._files:
            path = self._folder / f"{line.function}.log"
            self._files[line.function] = path.open("a", encoding="utf-8", buffering=1)
        self._files[line.function].write(line.text + "\n")

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()
