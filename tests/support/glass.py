"""A person with the login of break-glass and new credentials of Dynamics, on the test's database and website."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from break_glass.cli import main
from emulators.dataverse.model import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NEW_SECRET = "new~secret.of-a-person"


@dataclass(frozen=True)
class Said:
    """The end of one command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that a person saw, unfolded."""
        return " ".join((self.out + " " + self.err).split())

    @property
    def result(self) -> Any:
        """The JSON."""
        return json.loads(self.out)


@dataclass
class Glass:
    """Runs commands as a script does: everything is in files and options, nothing is asked."""

    folder: Path
    login: Mapping[str, Any]
    url: str
    credentials: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.credentials = {"client_secret": NEW_SECRET, "database_password": self.login["password"]}
        self.write_settings()
        self.write_credentials()

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.json"

    @property
    def credentials_file(self) -> Path:
        return self.folder / "credentials.json"

    def write_settings(self, **dynamics: str) -> None:
        database = {name: self.login[name] for name in ("host", "port", "dbname", "username", "sslmode")}
        how = {"url": self.url, "authority": self.url, "tenant_id": defaults.TENANT_ID, "client_id": defaults.CLIENT_ID}
        self.settings_file.write_text(json.dumps({"database": database, "dynamics": how | dynamics}), encoding="utf-8")

    def write_credentials(self, **other: Any) -> None:
        self.credentials |= other
        self.credentials_file.write_text(json.dumps(self.credentials), encoding="utf-8")
        self.credentials_file.chmod(0o600)

    @property
    def files(self) -> list[str]:
        return ["--settings", str(self.settings_file), "--credentials", str(self.credentials_file)]

    def says(self, *words: str) -> Said:
        """One command with both files, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*words, *self.files])
        return Said(code, out.getvalue(), err.getvalue())

    def run(self, *words: str) -> Said:
        """Run without questions, as Turid."""
        return self.says("run", "--actor", "Turid Vik", "--reason", "AWS er nede", "--yes", *words)
