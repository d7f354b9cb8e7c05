"""What forms and fragments have in common: keys that make a double click one command, and what
has to be filled in."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Form, Query, Request

from api.deps import PLAIN
from api.errors import Problem
from gonogo.ids import new_id

Said = Annotated[str, Query(max_length=40)]
Short = Annotated[str, Query(max_length=80)]
Key = Annotated[str, Form(min_length=1, max_length=200, pattern=PLAIN)]
Line = Annotated[str, Form(max_length=8_000)]
Version = Annotated[int, Form(ge=0)]  # of the subject, as the page showed it


def fresh_key() -> str:
    """The key of a form as it is rendered."""
    return new_id("form")


async def key_of(request: Request, key: str) -> str:
    """The Idempotency-Key of a sent form: its own key and what was filled in.

    The same form sent twice is one command; filled in differently it is another.
    """
    form = await request.form()
    filled = sorted((name, str(value)) for name, value in form.multi_items())
    return f"{key}-{hashlib.sha256(repr(filled).encode()).hexdigest()[:16]}"


def needed(text: str, otherwise: str) -> str:
    """What was filled in, without space around it. Raises `incomplete`, in the words of
    `otherwise`, where that is nothing."""
    if not text.strip():
        raise Problem("incomplete", otherwise)
    return text.strip()


def is_plain(text: str) -> bool:
    """Whether it may be an id."""
    return re.fullmatch(PLAIN, text) is not None


def plain_id(text: str, otherwise: str) -> str:
    """The id itself. Raises `not-found`, in the words of `otherwise`, for what no id can be."""
    if not is_plain(text):
        raise Problem("not-found", otherwise)
    return text


def outcome(answer: dict[str, Any], done: str) -> str:
    """The code of what a person is told after a command."""
    return "pending" if answer.get("status") == "pending" else done


def moment_of(seq: int, now: datetime) -> str:
    """What a live part has shown: its newest event, and the minute, since distances change."""
    return f"{seq}-{int(now.timestamp()) // 60}"
