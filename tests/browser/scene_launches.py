"""A launch in every state that a board looks different in, with items where there are some."""

from datetime import UTC, datetime, timedelta

from tests.api.store import Store
from tests.launch_stories import DAY, Told, bind


def launches(store: Store, ready: list[str]) -> dict[str, str]:
    """Ids of launches by what is going on in them. `ready` are releases to be bound: at least
    seven."""
    soon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hour = timedelta(hours=1)
    found = {
        "draft": Told(store, "Something later", soon + 60 * DAY),
        "planned": Told(store, "Harvest of the month", soon + 30 * DAY).planned(),
        "gating": _gating(store, soon + 9 * DAY, ready),
        "poll": _poll(store, soon + 40 * hour, ready),
        "countdown": Told(store, "Teachers’ corner", soon + 20 * hour).counting(),
        "hold": _held(store, soon + 22 * hour, ready[6]),
        "live": Told(store, "First opening", soon - 2 * DAY).live(ready[4]),
        "postponed": _postponed(store, soon + 20 * DAY, ready[5]),
    }
    return {name: told.subject for name, told in found.items()}


def _gating(store: Store, opening: datetime, ready: list[str]) -> Told:
    """Red, missing and green gates, an item that needs another, one of the second wave."""
    told = Told(store, "Opening of the Lantern store", opening, "Europe/Berlin").gating()
    told.now = datetime.now(UTC) - timedelta(hours=5)
    evidence = told.say("Published as version 7, in four languages.")
    told.give("attest", "pia", {"gate": "policy_published", "evidence": evidence})
    reason = told.say("Two leaks of last week are still open.")
    told.give("sign", "sam", {"gate": "safety_review", "verdict": "no", "reason": reason})
    bind(store, ready[0], told.subject)
    bind(store, ready[1], told.subject, importance="should", requires=[ready[0]])
    bind(store, ready[2], told.subject, importance="optional", wave=2)
    return told


def _poll(store: Store, opening: datetime, ready: list[str]) -> Told:
    """One go, one no-go, one silent."""
    told = Told(store, "Spring collection", opening).polled()
    told.vote("pia", "policy_editor", "NO_GO", "The French text is not published yet.")
    told.vote("lou", "product_lead", "GO", "Everything we promised is in.")
    bind(store, ready[3], told.subject)
    return told


def _held(store: Store, opening: datetime, ready: str) -> Told:
    told = Told(store, "Games room", opening)
    bind(store, ready, told.subject)
    told.counting()
    told.now = datetime.now(UTC) - timedelta(minutes=30)
    told.give("hold", "sam", told.why("A report of last night has to be read first."))
    return told


def _postponed(store: Store, opening: datetime, ready: str) -> Told:
    """To a date beyond the life of its evidence, so that its forecast has chances to draw."""
    told = Told(store, "Night owls", opening).gating()
    bind(store, ready, told.subject)
    told.now = datetime.now(UTC) - timedelta(hours=3)
    later = told.target(f"early {opening.year + 1}")
    why = {
        **told.why("Two reviewers left, and the appeals of November wait."),
        "reason": "unexpected",
    }
    told.give("postpone", "lea", {**why, "target": later})
    return told
