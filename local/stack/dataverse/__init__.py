"""The Dataverse tables that this system needs, and the public page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TABLES: Final = Path(__file__).with_name("tables.json")
"""The schema file for the Dataverse emulator."""
