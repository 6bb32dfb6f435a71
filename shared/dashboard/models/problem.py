"""Problem details, RFC 9457."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.dashboard.problems import KINDS


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(BaseModel):
    """Problem details as of RFC 9457."""

    type: Annotated[str, Field(description="The kind, for a program", examples=[kind.type for kind in KINDS])]
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    retry_after: Annotated[int | None, Field(description="Seconds, as in the header Retry-After")] = None
