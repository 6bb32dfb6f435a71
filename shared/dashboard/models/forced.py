"""The forced sync: its request, and its two responses."""

import unicodedata
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.dashboard.models.base import Moment, Reply, Why
from shared.domain.force_sync import QueuedSync, VerifiedSync, WebsiteView


def _plain_text(text: str) -> str:
    # What certification.audit takes: no control characters except line ends, and none that turn the text around.
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} and letter not in "\n\t" for letter in text):
        raise PydanticCustomError("plain_text", "Input should be plain text without control characters")
    return text


Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_plain_text)
]


class ForceSync(BaseModel):
    """A request to sync one mentor now."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(description="Why; it is kept in the audit with the coordinator's id")]


class Seen(Reply):
    """What the website showed when it was read."""

    shown: Annotated[bool | None, Field(description="Whether visitors see the mentor; null: not every flag says so")]
    fields: Annotated[dict[str, str], Field(description="What the row holds, shown or hidden, by the app's names")]

    @classmethod
    def of(cls, view: WebsiteView) -> Self:
        return cls(shown=view.shown, fields=dict(view.fields))


class Verified(Reply):
    """The website was read after the write, and equals the app."""

    state: Literal["verified"] = "verified"
    mentor_id: UUID
    version: int
    before: Annotated[Seen | None, Field(description="What it showed before; null: it could not be read")]
    after: Seen
    verified_at: Moment
    shown_to_visitors_by: Annotated[Moment, Field(description="Then the website's own cache shows it at the latest")]

    @classmethod
    def of(cls, mentor_id: UUID, done: VerifiedSync) -> Self:
        return cls(
            mentor_id=mentor_id,
            version=done.version,
            before=Seen.of(done.before) if done.before else None,
            after=Seen.of(done.after),
            verified_at=done.verified_at,
            shown_to_visitors_by=done.shown_to_visitors_by,
        )


class QueuedVersion(Reply):
    """The listing's version that is to be synced."""

    mentor_id: UUID
    version: int


class Queued(Reply):
    """It could not be done now, and is done by itself later."""

    state: Literal["queued"] = "queued"
    mentor_id: UUID
    version: int
    before: Seen | None
    after: Annotated[Seen | None, Field(description="What it shows after the write, if that is something else")]
    why: Why
    queued: QueuedVersion
    try_at: Annotated[Moment, Field(description="When it is tried next")]

    @classmethod
    def of(cls, mentor_id: UUID, queued: QueuedSync) -> Self:
        return cls(
            mentor_id=mentor_id,
            version=queued.version,
            before=Seen.of(queued.before) if queued.before else None,
            after=Seen.of(queued.after) if queued.after else None,
            why=Why.of(queued.why, queued.code),
            queued=QueuedVersion(mentor_id=mentor_id, version=queued.version),
            try_at=queued.try_at,
        )
