"""The chapter `windows:` of a policy pack."""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from policies.chapters import Chapter
from policies.errors import Incomplete
from policies.rules.windows import Window, window_of


class PackWindow(Chapter):
    """A window that every case under this pack observes; `policies.rules.windows` says what its
    fields mean. One that is not enabled is there to be switched on by a pack that extends this."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    title: str
    enabled: bool = True
    kind: Literal["deny", "allow"]
    tz: str
    begins: str
    ends: str | None = None
    rrule: str | None = None
    duration_s: int | None = None
    scope: str = "store"
    applies_to: Literal["start", "increase", "full"] = "increase"
    overrun: Literal["finish_step", "hold"] = "finish_step"
    override_role: str | None = None

    @model_validator(mode="after")
    def _can_be_kept(self) -> "PackWindow":
        try:
            self.window()
            ZoneInfo(self.tz)
        except Incomplete as fault:
            raise ValueError(fault.because) from fault
        except (OSError, LookupError, ValueError) as fault:
            raise ValueError(f"unknown time zone {self.tz!r}") from fault
        return self

    def window(self) -> Window:
        return window_of(self.model_dump(exclude={"id", "title", "enabled"}), f"pack:{self.id}")
