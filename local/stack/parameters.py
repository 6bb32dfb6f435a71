"""template.yaml with parameters for this machine.

They have the form that a deployed stack's have, and pass its rules. Where something is of this machine, at an http
address that no deployed stack would accept, a variable of the functions' environment says it instead (`provision`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulators.lambda_host.template.load import load_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.lambda_host.template.template import Template

ROOT: Final = Path(__file__).parents[2]
LOCAL_PARAMETERS: Final[Mapping[str, str]] = {
    "Stage": "dev",
    "MailSender": "ikke-svar@example.no",
    "DataverseUrl": "https://example.crm4.dynamics.com",
    "TokenIssuer": "https://example.supabase.co/auth/v1",
}
"""What template.yaml has no default for. Nothing is at these addresses."""


def local_template(
    parameters: Mapping[str, str] | None = None, region: str = "eu-north-1", stack_name: str = "local"
) -> Template:
    """Read template.yaml with these parameters, and LOCAL_PARAMETERS for the others that must be given."""
    return load_template(
        ROOT / "template.yaml", {**LOCAL_PARAMETERS, **(parameters or {})}, region=region, stack_name=stack_name
    )


def website_at(url: str) -> dict[str, str]:
    """Return the variables that lead the functions to a Dataverse, and to the tokens for it, at this address."""
    return {"DATAVERSE_URL": url, "ENTRA_AUTHORITY": url}
