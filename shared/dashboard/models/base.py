"""What the models of requests and responses share."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.domain.force_sync import WhyNot
from shared.domain.wording.coordinators import WHY_NOT, Words


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class Reply(BaseModel):
    """A part of a response."""

    model_config = ConfigDict(frozen=True)


class Text(Reply):
    """A sentence or two for a coordinator, in bokmål, nynorsk and English."""

    nb: str
    nn: str
    en: str

    @classmethod
    def of(cls, words: Words) -> Self:
        return cls(**words._asdict())


class Why(Reply):
    """Why a listing is not on the website as the app has it."""

    kind: WhyNot
    code: Annotated[str | None, Field(description="What Dynamics or the system said last, for operations")]
    since: Moment | None = None
    text: Text

    @classmethod
    def of(cls, kind: WhyNot, code: str | None, since: datetime | None = None) -> Self:
        return cls(kind=kind, code=code, since=since, text=Text.of(WHY_NOT[kind]))
