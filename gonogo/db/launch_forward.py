"""What an earlier date of a launch would meet: `observed["forward"]` of its decider."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gonogo.db import queries
from gonogo.db.launch_around import gather
from gonogo.db.launch_items import WAITING
from gonogo.db.tables import ReleasePicture
from gonogo.db.timing import EmbargoPicture
from policies.lifecycle.launch_forward import WHY_MOST
from policies.pack import PolicyPack
from policies.rules.postponing_difference import may_come_forward
from policies.rules.target import Target


def look_forward(
    session: Session,
    store: str,
    launch: str,
    target: Target,
    now: datetime,
    *,
    pack: PolicyPack,
    in_force: PolicyPack,
) -> dict[str, Any]:
    """Every reason against opening `launch` at `target` instead, as `code:id`, at `now` (UTC); of
    more than `WHY_MOST` the rest is counted. A launch that is not there was not looked at."""
    state = queries.launch(session, store, launch)
    if state is None or state.target is None:
        return {}
    found = gather(session, state, pack, now, in_force=in_force)
    notice = state.terms.minimum_notice_s
    seen = may_come_forward(found.plan, state.target, target, found.around, notice, now)
    why = list(dict.fromkeys((*seen.why, *_embargoed(session, store, launch, target))))
    if len(why) > WHY_MOST:
        why = [*why[:WHY_MOST], f"more:{len(why) - WHY_MOST}"]
    return {"target": target.as_json(), "why": why}


def _embargoed(session: Session, store: str, launch: str, target: Target) -> list[str]:
    """Items whose GPT nobody may see yet at that moment."""
    if target.start is None:
        return []
    rows = session.exec(
        select(ReleasePicture.id)
        .join(
            EmbargoPicture,
            (col(EmbargoPicture.store_id) == col(ReleasePicture.store_id))
            & (col(EmbargoPicture.gpt) == col(ReleasePicture.gpt)),
        )
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(WAITING),
            EmbargoPicture.status == "active",
            col(EmbargoPicture.not_before) > target.start,
        )
        .distinct()
        .order_by(col(ReleasePicture.id))
        .limit(WHY_MOST + 1)
    )
    return [f"embargo_broken:{release}" for release in rows]
