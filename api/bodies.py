"""Bodies that several routes share. A reason is a code; a sentence is kept as erasable prose."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    StrictBool,
)
from starlette.concurrency import run_in_threadpool

from api.deps import Services
from gonogo.db.prose import keep_prose, prose_of
from gonogo.db.tables import ProseRow
from policies.rules.target_text import LONGEST

# A date as people write it: `2026-05-04 09:00`, `2026-05`, `early 2026`, `tbd by 2026-05-31`.
TargetText = Annotated[str, Field(min_length=1, max_length=LONGEST)]
NOTE_CHARS = 8_000
Note = Annotated[str, Field(min_length=1, max_length=NOTE_CHARS)]
Zone = Annotated[str, Field(min_length=1, max_length=64)]  # of the IANA database
# Years outside this overflow somewhere when zones are added, and nobody plans there.
YEARS = range(2000, 2200)


def _sensible(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(f"the year is not between {YEARS[0]} and {YEARS[-1]}")
    return at


def written(value: object) -> object:
    """The schema says text: a number must not pass for seconds since 1970."""
    if isinstance(value, str) and not value.strip().lstrip("+-").replace(".", "").isdigit():
        return value
    if isinstance(value, datetime):
        return value
    raise ValueError("write it as in 2026-03-08T09:30:00+01:00")


Instant = Annotated[AwareDatetime, AfterValidator(_sensible), BeforeValidator(written)]
LocalTime = Annotated[NaiveDatetime, AfterValidator(_sensible), BeforeValidator(written)]
Flag = StrictBool  # the schema says boolean: 0 and "no" are none
CODE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
STATED = "stated"  # the code of a reason that was given as a sentence: see the note


class Body(BaseModel):
    """Unknown keys are an error: a misspelt `untill` must not pass for an endless pause."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """What makes a repeat the same."""
        return self.model_dump(mode="json", exclude_none=True)


class ReasonBody(Body):
    """`reason`: a code such as `error_rate`, or a sentence."""

    reason: Note
    note: Note | None = None


class NoteBody(Body):
    note: Note


def worded(reason: str | None, note: str | None) -> tuple[dict[str, Any], tuple[ProseRow, ...]]:
    """`{reason, note}` for a command's body, and the texts to be stored together with it.

    Codes stay, sentences become `prose:<digest>`.
    """
    code, text = _coded(reason, note)
    texts = (prose_of(text),) if text else ()
    return {"reason": code, "note": texts[0].digest if texts else None}, texts


async def reasoned(svc: Services, reason: str | None, note: str | None) -> dict[str, Any]:
    """The same, with the text stored already."""
    code, text = _coded(reason, note)
    kept = await run_in_threadpool(keep_prose, svc.engine, text)
    return {"reason": code, "note": kept}


def _coded(reason: str | None, note: str | None) -> tuple[str | None, str | None]:
    if reason is None or CODE.fullmatch(reason):
        return reason, note
    return STATED, reason if note is None else f"{reason}\n\n{note}"
