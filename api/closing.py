"""The report on a launch, made of the record; what is filed, and how it is scored, on closing."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from api.deps import Services
from api.errors import Problem
from api.subjects import launch_named
from gonogo.db import forecasts
from gonogo.db.launch_pressed import pressed
from gonogo.db.people import PersonRow
from gonogo.db.prose import prose_of, read_prose
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow
from gonogo.notices.reports import report_html
from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_state import Launch, Status
from policies.rules.launch_report import Index, LaunchReport, as_json, index_in, index_of, report


@dataclass(frozen=True)
class Closing:
    """`body` of the command, and the texts to be stored together with it."""

    body: dict[str, Any]
    texts: tuple[ProseRow, ...]


def made_of(
    svc: Services, launch: str, lessons: str | None = None, *, weighs: bool = True
) -> LaunchReport:
    """The report as it stands; of a closed launch, as of its closing. `lessons`: a digest.
    `weighs`: with the pressure on it, which takes a look at every item."""
    state = launch_named(svc, launch)
    until = state.since if state.status is Status.CLOSED else datetime.now(UTC)
    events = svc.ledger.events(svc.store, launch)
    learnt = lessons or state.lessons
    with reading(svc.engine) as session:
        return report(
            events,
            incidents=forecasts.incidents(session, svc.store, launch, state.opened_at, until),
            foretold=forecasts.foretold(session, svc.store, launch),
            approved_at=forecasts.approved_at(session, svc.store, launch),
            lessons=(learnt,) if learnt else (),
            pressure=_weight(svc, session, state, events) if weighs else None,
            now=until,
        )


def _weight(
    svc: Services, session: Session, state: Launch, events: tuple[Event, ...]
) -> Index | None:
    """Of a closed launch what was filed: what is usual has moved on since."""
    if state.status is Status.CLOSED:
        return index_in(_filed(svc, state))
    return index_of(pressed(session, state, events, svc.packs(state.terms.pack)).told)


def closing_of(svc: Services, launch: str, lessons: str | None) -> Closing:
    """What closing files: the report as it stands, in words what was learnt, and the score."""
    learnt = prose_of(lessons) if lessons else None
    made = made_of(svc, launch, learnt.digest if learnt else None)
    filed = prose_of(json.dumps(as_json(made), ensure_ascii=False, sort_keys=True))
    body = {
        "report": filed.digest,
        "lessons": learnt.digest if learnt else None,
        "score": made.score.brier,
        "unscored": made.score.unscored,
    }
    return Closing(body, (filed, learnt) if learnt else (filed,))


def filed_of(svc: Services, launch: str) -> dict[str, Any]:
    """What was filed on closing: its digest, and the report (None: it is erased, or was written by
    hand before reports were filed by the store). Raises `not-found`."""
    state = launch_named(svc, launch)
    if state.report is None:
        raise Problem("not-found", "nothing is filed yet: a launch's report is filed on closing")
    return {
        "digest": state.report,
        "report": _filed(svc, state),
        "score": state.score,
        "unscored": state.unscored,
    }


def _filed(svc: Services, state: Launch) -> dict[str, Any] | None:
    if state.report is None:
        return None
    text = read_prose(svc.engine, {state.report}).get(state.report)
    try:
        told = json.loads(text) if text else None
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def page_of(svc: Services, launch: str) -> str:
    """The report for people, with names and what they wrote, in one HTML file."""
    made = made_of(svc, launch)
    by = {one.by for one in made.timeline} | {one.by for one in made.dates}
    by |= {one.by for one in made.dissent}
    by |= {one.overridden_by for one in made.dissent if one.overridden_by}
    with reading(svc.engine) as session:
        names = dict(
            session.exec(
                select(PersonRow.id, PersonRow.name).where(
                    PersonRow.store_id == svc.store, col(PersonRow.id).in_(sorted(by))
                )
            ).all()
        )
    said = {*made.lessons, *(one.statement for one in made.dissent if one.statement)}
    return report_html(made, names, svc.pack.calendar.zone, read_prose(svc.engine, said))
