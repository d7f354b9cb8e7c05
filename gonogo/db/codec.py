"""Between stored rows and the values of the rules: events, states, pictures."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlmodel import SQLModel

from gonogo.db.erasures import HoldPicture, PurgePicture
from gonogo.db.launches import LaunchPicture
from gonogo.db.memos import MemoPicture, memo_columns
from gonogo.db.publishers import PublisherPicture
from gonogo.db.tables import (
    EventRow,
    ListingPicture,
    ReleasePicture,
    StopPicture,
    SubmissionPicture,
)
from gonogo.db.timing import EmbargoPicture, WindowPicture
from gonogo.db.transfers import TransferPicture
from policies.lifecycle.embargo import Embargo
from policies.lifecycle.hold import Hold
from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.listing import Listing
from policies.lifecycle.machines import MACHINES
from policies.lifecycle.publisher_state import Publisher
from policies.lifecycle.purge import Purge
from policies.lifecycle.release_state import FINAL, Release
from policies.lifecycle.stop import Stop
from policies.lifecycle.submission_state import Submission
from policies.lifecycle.transfer import Transfer
from policies.lifecycle.window import DeclaredWindow

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind: TypeAdapter(machine.state) for kind, machine in MACHINES.items()
}


def state_json(kind: str, state: Any) -> dict[str, Any]:
    value: dict[str, Any] = _ADAPTERS[kind].dump_python(state, mode="json")
    return value


def state_of(kind: str, value: dict[str, Any]) -> Any:
    return _ADAPTERS[kind].validate_python(value)


def event_of(row: EventRow | Row[Any]) -> Event:
    return Event(
        store=row.store_id,
        position=row.position,
        subject=row.subject,
        seq=row.seq,
        type=row.type,
        actor_id=row.actor_id,
        command_id=row.command_id,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        pack=row.pack,
        rules=row.rules,
        body=row.body,
        evidence=tuple(row.evidence),
        on_behalf_of=row.on_behalf_of,
        caused_by=row.caused_by,
        prev=row.prev,
        schema=row.schema_version,
    )


def _submission(s: Submission) -> dict[str, Any]:
    return {
        "gpt": s.gpt,
        "publisher": s.publisher,
        "stage": s.stage.value,
        "is_open": s.is_open,
        "digest": s.digest,
        "tier": s.tier,
        "claimant": s.claimant,
        "due_at": s.due_at,
        "opened_at": s.opened_at,
    }


def _release(s: Release) -> dict[str, Any]:
    return {
        "gpt": s.gpt,
        "publisher": s.publisher,
        "submission": s.submission,
        "digest": s.digest,
        "phase": s.phase.value,
        "is_open": s.phase not in FINAL,
        "launch": s.launch,
        "wave": s.wave,
        "importance": s.importance,
        "opens_as": s.plan[-1].visibility if s.launch and s.plan else None,
        "chosen_launch": s.chosen.launch if s.chosen else None,
        "chosen_nth": s.chosen.nth if s.chosen else None,
        "choice": s.chosen.choice.value if s.chosen else None,
    }


def _listing(s: Listing) -> dict[str, Any]:
    return {
        "gpt": s.gpt,
        "publisher": s.publisher,
        "status": s.status.value,
        "stable": s.exposure.stable,
        "candidate": s.exposure.candidate,
        "weight_bp": s.exposure.weight_bp,
        "visibility": s.exposure.visibility,
    }


def _stop(s: Stop) -> dict[str, Any]:
    return {"scope": s.scope, "target": s.target, "status": s.status}


def _publisher(s: Publisher) -> dict[str, Any]:
    return {
        "standing": s.standing.value,
        "founder": s.founder,
        "domain": s.domain,
        "recheck_at": s.recheck_at if s.holds else None,
    }


def _purge(s: Purge) -> dict[str, Any]:
    return {"scope": s.scope, "target": s.target, "step": s.step.value}


def _hold(s: Hold) -> dict[str, Any]:
    return {"scope": s.scope, "target": s.target, "status": s.status}


def _launch(s: Launch) -> dict[str, Any]:
    return {
        "name": s.name,
        "status": s.status.value,
        "opens_at": s.opens_at,
        "opened_at": s.opened_at,
        "wave": s.wave,
        "tz": s.tz,
    }


def _window(s: DeclaredWindow) -> dict[str, Any]:
    w = s.window
    return {"scope": w.scope, "kind": w.kind, "status": s.status, "over_at": s.over_at}


def _transfer(s: Transfer) -> dict[str, Any]:
    return {
        "gpt": s.gpt,
        "publisher": s.publisher,
        "receiver": s.to,
        "step": s.step.value,
        "until": s.until,
    }


def _embargo(s: Embargo) -> dict[str, Any]:
    return {
        "gpt": s.gpt,
        "publisher": s.publisher,
        "status": s.status,
        "set_at": s.set_at,
        "not_before": s.not_before,
    }


PICTURES: dict[str, type[SQLModel]] = {
    "submission": SubmissionPicture,
    "release": ReleasePicture,
    "listing": ListingPicture,
    "stop": StopPicture,
    "publisher": PublisherPicture,
    "purge": PurgePicture,
    "hold": HoldPicture,
    "launch": LaunchPicture,
    "memo": MemoPicture,
    "window": WindowPicture,
    "transfer": TransferPicture,
    "embargo": EmbargoPicture,
}
_COLUMNS: dict[str, Any] = {
    "submission": _submission,
    "release": _release,
    "listing": _listing,
    "stop": _stop,
    "publisher": _publisher,
    "purge": _purge,
    "hold": _hold,
    "launch": _launch,
    "memo": memo_columns,
    "window": _window,
    "transfer": _transfer,
    "embargo": _embargo,
}


def picture_values(kind: str, state: Any) -> dict[str, Any]:
    """All columns of a picture row: a function of the folded state alone."""
    return {
        "store_id": state.store,
        "id": state.id,
        "seq": state.seq,
        "version": state.version,
        "state": state_json(kind, state),
        **_COLUMNS[kind](state),
    }
