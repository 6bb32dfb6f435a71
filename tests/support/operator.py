"""A person with a login of the role of operations, who types `hlf-operations`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from operations.cli import app

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Operator:
    """Beside the database: its name is the option, the rest and the password are where libpq finds them."""

    url: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, login: Mapping[str, str | int]) -> Operator:
        """Return who has this login, in the form of a secret."""
        named = {
            "PGHOST": "host",
            "PGPORT": "port",
            "PGUSER": "username",
            "PGPASSWORD": "password",
            "PGSSLMODE": "sslmode",
        }
        return cls(f"dbname={login['dbname']}", {name: str(login[field]) for name, field in named.items()})

    @classmethod
    def at(cls, dsn: str) -> Operator:
        """Return who has the login of a connection string, such as the owner."""
        given = conninfo_to_dict(dsn)
        fields = {name: str(given[name]) for name in ("host", "port", "dbname", "password")}
        return cls.of({**fields, "username": str(given["user"]), "sslmode": "disable"})

    @property
    def options(self) -> tuple[str, str]:
        """How the database is named."""
        return "--database-url", self.url

    def run(self, *words: str, expect: int | None = 0) -> str:
        """Run a command in this process on the database, and return what it printed."""
        return self.type(*words, *self.options, expect=expect)

    def type(self, *words: str, expect: int | None = 0) -> str:
        """Run a command in this process as it is typed, and return what it printed."""
        result = CliRunner().invoke(app, words, env=self.environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
        assert "Traceback" not in result.output
        assert expect is None or result.exit_code == expect, (words, result.output)
        return result.output

    def screen(self, columns: int, *words: str, expect: int = 0) -> str:
        """Run a command in a process of its own, so wide, and return what it printed on both streams."""
        done = subprocess.run(
            [sys.executable, "-m", "operations", *words],
            cwd=ROOT,
            env=os.environ | dict(self.environment) | {"COLUMNS": str(columns)},
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr
