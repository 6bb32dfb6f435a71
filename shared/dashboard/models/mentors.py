"""Mentors as coordinators read them."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from shared.dashboard.models.base import Moment, Reply, Why
from shared.domain.coordinator_views import ListingState, MentorDetails, MentorPage, MentorView, Tally
from shared.domain.mail.phone_numbers import phone_number


class Website(Reply):
    """What the website was last seen to show."""

    shown: Annotated[bool | None, Field(description="Whether visitors see the mentor; null: not known")]
    seen_at: Moment | None
    differs: Annotated[list[str], Field(description="The app's names of the fields that differ")]


class Mentor(Reply):
    """A mentor, the listing's state, and what the website was last seen to show."""

    id: UUID
    name: str
    mine: Annotated[bool, Field(description="Whether the caller is this mentor's coordinator")]
    status: Annotated[str, Field(description="active, paused, certification_expired or inactive")]
    valid_to: Annotated[date | None, Field(description="The last valid day of the certification")]
    consent: bool
    listed: Annotated[bool, Field(description="What the app says: whether visitors should see the mentor today")]
    state: ListingState
    website: Website
    verified_at: Annotated[Moment | None, Field(description="When the website was last read and found equal")]
    why: Why | None
    version: int

    @classmethod
    def of(cls, view: MentorView) -> Self:
        return cls(**_mentor(view))


class MentorWithContact(Mentor):
    """A mentor with the phone number and addresses of the app."""

    phone: Annotated[str | None, Field(description="As the app has it, whether it is a number or not")]
    phone_dialled: Annotated[str | None, Field(description="The number as a phone dials it; null: not one number")]
    phone_takes_sms: Annotated[
        bool | None, Field(description="Whether it takes text messages; a landline does not; null: not known")
    ]
    email: str | None
    email_problem: Annotated[
        str | None,
        Field(
            description="Why we send no mail to it: malformed_email, reserved_domain, unusable_address,"
            " address_bounced, address_bounces_repeatedly or address_complained; null: nothing is against it"
        ),
    ]
    area: str | None
    synced_at: Moment | None
    try_at: Annotated[Moment | None, Field(description="When Dynamics may be asked again")]

    @classmethod
    def of_details(cls, details: MentorDetails, now: datetime) -> Self:
        wait = details.seconds_to_wait
        number = phone_number(details.phone) if details.phone else None
        return cls(
            **_mentor(details.mentor),
            phone=details.phone,
            phone_dialled=number.dialled if number else None,
            phone_takes_sms=number.takes_sms if number else None,
            email=details.email,
            email_problem=details.email_problem,
            area=details.area,
            synced_at=details.synced_at,
            try_at=now + timedelta(seconds=wait) if wait else None,
        )


class Counts(Reply):
    """How many mentors have each state."""

    verified: int
    unverified: int
    waiting: int
    rejected: int
    differs: int


class Summary(Reply):
    """A number of mentors, counted."""

    counts: Counts
    total: int
    listed: Annotated[int, Field(description="How many visitors should see today")]
    verified_since: Annotated[
        Moment | None, Field(description="All were verified then or later; null: at least one never was")
    ]

    @classmethod
    def of(cls, tally: Tally) -> Self:
        return cls(**_tally(tally))


class Mentors(Summary):
    """A page of mentors in the order of their ids. The counts are of the whole organisation."""

    mentors: list[Mentor]
    next_cursor: str | None
    mine: Summary

    @classmethod
    def of_page(cls, page: MentorPage) -> Self:
        return cls(
            **_tally(page.organisation),
            mentors=[Mentor.of(view) for view in page.mentors],
            next_cursor=str(page.mentors[-1].id) if page.has_more else None,
            mine=Summary.of(page.mine),
        )


def _mentor(view: MentorView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "mine": view.mine,
        "status": view.status,
        "valid_to": view.valid_to,
        "consent": view.consent,
        "listed": view.listed,
        "state": view.state,
        "website": Website(shown=view.website_shown, seen_at=view.website_seen_at, differs=list(view.website_differs)),
        "verified_at": view.verified_at,
        "why": Why.of(view.why, view.code, view.since) if view.why else None,
        "version": view.version,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "counts": Counts(**{state.value: n for state, n in tally.counts.items()}),
        "total": tally.total,
        "listed": tally.listed,
        "verified_since": tally.verified_since,
    }
