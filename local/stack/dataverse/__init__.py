"""The tables that this system needs of a Dataverse environment, and the public page over them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TABLES: Final = Path(__file__).with_name("tables.json")
"""A schema file of the Dataverse emulator."""
