"""Bodies of the commands of a release."""

from typing import Annotated

from pydantic import Field, model_validator

from api.bodies import Body, Flag, Instant, LocalTime, Note


class Override(Body):
    """Why somebody whom the windows in the way name goes ahead inside them."""

    reason: Note
    note: Note | None = None


class StartBody(Body):
    override: Override | None = None


class ScheduleBody(Body):
    """Either `at`, an instant with its offset, or `local` and `zone` (IANA), a civil time."""

    at: Instant | None = None
    local: LocalTime | None = None
    zone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    strict: Flag = Field(default=False, description="refuse times a clock change skips or repeats")
    override: Override | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "ScheduleBody":
        if (self.at is None) == (self.local is None) or (self.local is None) != (self.zone is None):
            raise ValueError("send either `at`, or `local` and `zone`")
        return self


class PauseBody(Body):
    reason: Note | None = None
    note: Note | None = None
    until: Instant | None = None
