"""Labels for codes, and what to do about a refusal, as the command line says it."""

from collections.abc import Mapping

STAGES: Mapping[str, str] = {
    "validating": "being scanned",
    "testing": "being tested",
    "queued": "waiting for review",
    "in_review": "in review",
    "info_requested": "question asked",
    "changes_requested": "changes requested",
    "held": "waiting for a second person",
    "escalated": "escalated",
    "approved": "approved",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "expired": "expired",
}
PHASES: Mapping[str, str] = {
    "ready": "ready to start",
    "scheduled": "scheduled",
    "bound": "bound to a launch",
    "blocked": "blocked",
    "rolling": "rolling out",
    "baking": "baking",
    "paused": "paused",
    "held": "held",
    "halted": "halted",
    "rolled_back": "rolled back",
    "completed": "completed",
    "cancelled": "cancelled",
    "superseded": "superseded",
}
TURNS: Mapping[str, str] = {"system": "the store"}
_STYLES: Mapping[str, str] = {
    "approved": "green",
    "completed": "green",
    "rolling": "green",
    "rejected": "red",
    "halted": "red",
    "blocked": "red",
    "held": "yellow",
    "paused": "yellow",
    "info_requested": "yellow",
    "changes_requested": "yellow",
}
_REMEDIES: Mapping[str, str] = {
    "unauthenticated": "gonogo login, or set GONOGO_TOKEN",
    "not-claimed": "gonogo review claim SUBMISSION",
    "stale-decision": "gonogo review show SUBMISSION, then decide on what is there now",
    "precondition-failed": "look at it again, then repeat the command",
    "illegal-move": "gonogo status or release show says what is possible now",
    "self-approval": "somebody outside the publisher has to decide",
    "same-voice": "ask a colleague who has not spoken yet",
    "over-limit": "gonogo review release one of yours first",
    "evidence-blocks": "remove what the reasons name, then try again",
    "orchestrator-unavailable": "nothing is lost: repeat the command; stops work meanwhile",
    "not-found": "check the id; what you may not see does not exist for you",
    "incomplete": "give the option that is missing; --help lists them",
}


def stage_of(code: str) -> str:
    return STAGES.get(code, code)


def phase_of(code: str) -> str:
    return PHASES.get(code, code)


def turn_of(code: str) -> str:
    return TURNS.get(code, code)


def style_of(code: str) -> str:
    return _STYLES.get(code, "")


def remedy_of(problem: str) -> str:
    """What to do about a problem, by the last part of its type; empty when nothing helps."""
    return _REMEDIES.get(problem, "")
