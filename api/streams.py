"""Events as lists and streams, with the texts that people wrote beside them."""

from typing import Any

from fastapi.sse import ServerSentEvent

from api.deps import Services
from api.erased import erased
from api.views import event_view
from gonogo.db import queries
from gonogo.db.prose import read_prose
from gonogo.db.session import reading
from gonogo.db.tables import EventRow

# A stream ends after an hour: whoever reconnects proves anew that they may listen.
STREAM_S = 3_600.0
# The last a stream says before its process ends: come back in a second, to the next one.
GOODBYE = ServerSentEvent(comment="restarting", retry=1_000)


# What reviewers say to each other before two of them agree: not for the publisher.
INTERNAL = frozenset({"submission:review:held", "submission:review:disagreed"})


def events_after(
    svc: Services, subject: str | None, after: int, limit: int, *, inside: bool = False
) -> dict[str, Any]:
    """Events of one subject above `seq`, or of the store above `position`; `next` goes on.

    `inside`: the reader is of the store's staff and not of the publisher, and reads all prose.
    """
    with reading(svc.engine) as session:
        rows = queries.events(session, svc.store, subject=subject, after=after, limit=limit)
    full = len(rows) == limit
    wanted = notes_in([row for row in rows if inside or row.type not in INTERNAL])
    prose = read_prose(svc.engine, wanted)
    return {
        "items": [event_view(row) for row in rows],
        "prose": prose,
        "erased": erased(svc, wanted - prose.keys()),
        "next": (rows[-1].seq if subject else rows[-1].position) if rows and full else None,
    }


def notes_in(rows: list[EventRow]) -> set[str]:
    """The digests of prose that bodies of these events name."""
    return {
        value
        for row in rows
        for value in row.body.values()
        if isinstance(value, str) and value.startswith("prose:")
    }
