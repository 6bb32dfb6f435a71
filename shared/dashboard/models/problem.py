"""Problem details, RFC 9457."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(BaseModel):
    """Problem details as of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    retry_after: Annotated[int | None, Field(description="Seconds, as in the header Retry-After")] = None
