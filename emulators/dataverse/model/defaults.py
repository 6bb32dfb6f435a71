"""The environment a fresh emulator has: plainly local words, no secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TENANT_ID: Final = "10ca1000-0000-4000-8000-000000000001"
TENANT_DOMAIN: Final = "local.example"
CLIENT_ID: Final = "10ca1000-0000-4000-8000-000000000002"
CLIENT_SECRET: Final = "local-client-secret"
APPLICATION_USER_ID: Final = "10ca1000-0000-4000-8000-000000000003"
BUSINESS_UNIT_ID: Final = "10ca1000-0000-4000-8000-000000000004"
ORGANISATION_ID: Final = "10ca1000-0000-4000-8000-000000000005"
PRIVILEGE_ID: Final = "10ca1000-0000-4000-8000-000000000006"
"""Named when a privilege is missing."""

SCHEMA: Final = Path(__file__).with_name("schema.json")
PORT: Final = 8765
API: Final = "/api/data/v9.2/"
