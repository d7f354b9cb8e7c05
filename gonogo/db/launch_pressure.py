"""What a launch's pressure is made of, as the record knows it: five queries, whatever its size."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy import Select, String, cast, select
from sqlmodel import Session, col

from gonogo.db.tables import EventRow, GptRow, ReleasePicture, SubmissionPicture
from policies.rules.case_time import APPROVED, READ, TESTED, CaseTime, case_time
from policies.rules.pressure import Spent
from policies.rules.shortened import Shortened

CASES_MOST = 500  # the newest decided ones of other launches, or of none
FEWEST = 5  # below that nothing is usual
ITEMS_MOST = 10_000
_PAST_A_FREEZE = ("release:stage:entered", "release:resumed", "release:scheduled")
_EXPEDITED = "submission:expedited"


@dataclass(frozen=True)
class Timed:
    """One item with the time its case took, and what is usual for its tier (seconds)."""

    release: str
    gpt: str
    name: str
    tier: str
    wave: int
    importance: str
    time: CaseTime
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Spent, ...]:
        """What is not approved yet was not hurried yet; what no person had to review neither."""
        if not self.time.approved:
            return ()
        found = [Spent(self.release, "testing", self.time.testing_s, self.usual.get("testing"))]
        if not self.time.by_rule:
            found.append(
                Spent(self.release, "review", self.time.review_s, self.usual.get("review"))
            )
        return tuple(found)


@dataclass(frozen=True)
class Looked:
    items: tuple[Timed, ...]
    shortened: tuple[Shortened, ...]


def look(session: Session, store: str, launch: str) -> Looked:
    """Every item of the launch, whatever became of it, the oldest release first."""
    rows = session.execute(
        select(ReleasePicture, GptRow, SubmissionPicture)
        .outerjoin(
            GptRow,
            (col(GptRow.store_id) == col(ReleasePicture.store_id))
            & (col(GptRow.id) == col(ReleasePicture.gpt)),
        )
        .outerjoin(
            SubmissionPicture,
            (col(SubmissionPicture.store_id) == col(ReleasePicture.store_id))
            & (col(SubmissionPicture.id) == col(ReleasePicture.submission)),
        )
        .where(col(ReleasePicture.store_id) == store, col(ReleasePicture.launch) == launch)
        .order_by(col(ReleasePicture.id))
        .limit(ITEMS_MOST)
    ).all()
    times = _times(session, store, launch)
    usual = _usual(session, store, launch)
    items = tuple(
        Timed(
            release=release.id,
            gpt=release.gpt,
            name=gpt.name if gpt else release.gpt,
            tier=(case.tier if case else None) or "high",
            wave=release.wave or 1,
            importance=release.importance or "should",
            time=times.get(release.submission, CaseTime()),
            usual=usual.get((case.tier if case else None) or "high", {}),
        )
        for release, gpt, case in rows
    )
    releases = {release.submission: release.id for release, _, _ in rows}
    return Looked(items, tuple(_shortened(session, store, launch, releases)))


def _cases(store: str, launch: str) -> Select[str]:
    return select(col(ReleasePicture.submission)).where(
        col(ReleasePicture.store_id) == store, col(ReleasePicture.launch) == launch
    )


def _times(session: Session, store: str, launch: str) -> dict[str, CaseTime]:
    rows = session.execute(
        select(col(EventRow.subject), col(EventRow.type), col(EventRow.occurred_at))
        .where(
            col(EventRow.store_id) == store,
            col(EventRow.subject).in_(_cases(store, launch)),
            col(EventRow.type).in_(sorted(READ)),
        )
        .order_by(col(EventRow.subject), col(EventRow.seq))
    )
    return {
        case: case_time((kind, at) for _, kind, at in found)
        for case, found in groupby(rows, key=lambda row: row[0])
    }


def _usual(session: Session, store: str, launch: str) -> dict[str, dict[str, float]]:
    """Tier → step → median seconds of the newest approved cases outside of this launch: a launch
    that was hurried as a whole is no norm for itself."""
    newest = (
        select(col(EventRow.subject))
        .where(
            col(EventRow.store_id) == store,
            col(EventRow.type).in_(sorted(APPROVED)),
            col(EventRow.subject).not_in(_cases(store, launch)),
        )
        .order_by(col(EventRow.position).desc())
        .limit(CASES_MOST)
    ).subquery()
    rows = session.execute(
        select(
            col(EventRow.subject),
            col(EventRow.type),
            col(EventRow.occurred_at),
            col(SubmissionPicture.tier),
        )
        .join(
            SubmissionPicture,
            (col(SubmissionPicture.store_id) == col(EventRow.store_id))
            & (col(SubmissionPicture.id) == col(EventRow.subject)),
        )
        .where(
            col(EventRow.store_id) == store,
            col(EventRow.subject).in_(select(newest.c.subject)),
            col(EventRow.type).in_(sorted(READ)),
        )
        .order_by(col(EventRow.subject), col(EventRow.seq))
    )
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _, events in groupby(rows, key=lambda row: row[0]):
        found = list(events)
        tier = found[0][3] or "high"
        time = case_time((kind, at) for _, kind, at, _ in found)
        for step, seconds in (("testing", time.testing_s), ("review", time.review_s)):
            if time.approved and seconds is not None:
                spent[tier, step].append(seconds)
    usual: dict[str, dict[str, float]] = defaultdict(dict)
    for (tier, step), known in spent.items():
        if len(known) >= FEWEST:
            usual[tier][step] = statistics.median(known)
    return usual


def _shortened(
    session: Session, store: str, launch: str, releases: Mapping[str, str]
) -> Iterator[Shortened]:
    """What was shortened for single items: tests that ended incomplete, a review that went before
    others, a start inside a freeze."""
    said = cast(col(EventRow.body), String)
    mine = select(col(ReleasePicture.id)).where(
        col(ReleasePicture.store_id) == store, col(ReleasePicture.launch) == launch
    )
    rows = session.execute(
        select(
            col(EventRow.subject),
            col(EventRow.type),
            col(EventRow.occurred_at),
            col(EventRow.actor_id),
            col(EventRow.body),
        )
        .where(
            col(EventRow.store_id) == store,
            (
                col(EventRow.subject).in_(_cases(store, launch))
                & col(EventRow.type).in_((TESTED, _EXPEDITED))
            )
            | (
                col(EventRow.subject).in_(mine)
                & col(EventRow.type).in_(_PAST_A_FREEZE)
                & said.like('%"override"%')
            ),
        )
        .order_by(col(EventRow.subject), col(EventRow.seq))
    ).all()
    tested: dict[str, tuple[datetime, bool]] = {}
    for subject, kind, at, by, body in rows:
        if kind == TESTED:
            tested[subject] = at, bool(body.get("incomplete"))
        elif kind == _EXPEDITED:
            yield Shortened("expedited", releases.get(subject, subject), at, by)
        elif body.get("override"):
            yield Shortened("past_a_freeze", subject, at, by)
    for subject, (at, incomplete) in tested.items():
        if incomplete:
            yield Shortened("tests_incomplete", releases.get(subject, subject), at)
