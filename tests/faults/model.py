"""What the store should do, said a second time and smaller: stages, voices, who may, what is shown.

It shares no code with `policies/`. `refusals` is what may be answered to a command; nothing in it
means that the command has to succeed.
"""

from dataclasses import dataclass, field

PUBLISHER = {"ada": "lumen", "twin": "lumen", "ben": "marrow"}
REVIEWERS = ("rita", "rolf", "twin")
DEVELOPERS = ("ada", "ben", "twin")
PEOPLE = ("ada", "ben", "twin", "rita", "rolf", "lea", "sam")
OPEN = ("queued", "in_review", "info_requested", "changes_requested", "held")
CLAIMS = 3

STAGES = {
    "claim": ("queued",),
    "release_claim": ("in_review",),
    "ask": ("in_review",),
    "request_changes": ("in_review",),
    "approve": ("in_review",),
    "reject": ("in_review",),
    "confirm": ("held",),
    "disagree": ("held",),
    "undo": ("approved", "rejected"),
    "answer": ("info_requested",),
    "withdraw": OPEN,
    "submit": OPEN,
}
ROLE = {"release_claim": (*REVIEWERS, "lea"), "answer": DEVELOPERS, "withdraw": DEVELOPERS}


@dataclass
class Case:
    """One submission as an onlooker would keep it on paper."""

    id: str
    gpt: str
    publisher: str
    digest: str
    high: bool
    stage: str = "queued"
    round: int = 1
    claimant: str | None = None
    spoken: list[str] = field(default_factory=list)
    voice: str | None = None  # the verdict that waits for a second person
    decided_by: tuple[str, ...] = ()
    released: bool = False

    def refusals(self, command: str, by: str, held: int = 0) -> set[str]:
        """The codes that `command` by this person may be refused with; none: it must succeed."""
        found: set[str] = set()
        owner = PUBLISHER.get(by) == self.publisher
        if self.stage not in STAGES[command]:
            found.add("illegal-move")
        if command in ("answer", "withdraw", "submit"):
            return found if owner else found | {"not-allowed"}
        if command == "release_claim" and by == "lea":
            return found
        if owner:
            found.add("self-approval" if command not in ("undo", "release_claim") else "")
            found |= {"not-allowed", "not-claimed"}
        if by not in REVIEWERS:
            found |= {"not-allowed"}
        elif command in ("claim", "confirm", "disagree"):
            if by in self.spoken or by in self.decided_by:
                found.add("same-voice")
            if by == self.claimant:
                found.add("not-allowed")
        elif command == "undo":
            if by not in self.decided_by:
                found |= {"not-allowed", "same-voice"}
        elif by != self.claimant:
            found |= {"not-claimed", "not-allowed", "same-voice"}
        if command == "claim" and held >= CLAIMS:
            found.add("over-limit")
        return found - {""}

    def take(self, command: str, by: str) -> None:
        """What an accepted command does."""
        match command:
            case "claim":
                self.stage, self.claimant = "in_review", by
            case "release_claim":
                self.stage, self.claimant = "queued", None
            case "ask":
                self.stage, self.claimant = "info_requested", None
            case "answer":
                self.stage = "queued"
            case "withdraw":
                self.stage, self.claimant, self.voice = "withdrawn", None, None
            case "approve" if self.high:
                self._speak(by, "held")
                self.voice = "approve"
            case "approve" | "reject" | "request_changes":
                self._speak(by, _AFTER[command])
                self.decided_by = (by,) if command != "request_changes" else ()
            case "confirm":
                first = self.spoken[-1]
                self._speak(by, _AFTER[self.voice or ""])
                self.voice, self.decided_by = None, (first, by)
            case "disagree":
                self._speak(by, "queued")
                self.voice = None
            case "undo":
                self.stage, self.claimant = "in_review", by
                self.spoken.pop()
                self.decided_by = ()

    def new_round(self, digest: str) -> None:
        """Another digest: the same place, nobody has spoken, a claim comes along."""
        self.digest, self.round = digest, self.round + 1
        self.spoken, self.voice = [], None
        self.stage = "in_review" if self.claimant else "queued"

    def _speak(self, by: str, stage: str) -> None:
        self.spoken.append(by)
        self.stage, self.claimant = stage, None


_AFTER = {"approve": "approved", "reject": "rejected", "request_changes": "changes_requested"}


@dataclass
class Order:
    """A stop that is in force."""

    id: str
    scope: str
    target: str
    by: str

    def covers(self, gpt: str, publisher: str, digest: str) -> bool:
        named = {"gpt": gpt, "publisher": publisher, "revision": digest}
        return self.scope == "store" or named[self.scope] == self.target


@dataclass
class Listed:
    """A GPT that everyone is served, unless somebody took it away."""

    gpt: str
    publisher: str
    digest: str
    status: str = "listed"

    def may(self, kind: str, by: str) -> bool:
        owner = PUBLISHER.get(by) == self.publisher
        match kind:
            case "unlist":
                return owner and self.status == "listed"
            case "relist":
                return owner and self.status == "unlisted"
            case "quarantine":
                return by == "sam" and self.status in ("listed", "unlisted")
            case _:
                return by == "sam" and self.status == "quarantined"

    def take(self, kind: str) -> None:
        before = self.status
        self.status = {
            "unlist": "unlisted",
            "relist": "listed",
            "quarantine": "quarantined",
            "lift-quarantine": self.before if before == "quarantined" else before,
        }[kind]
        self.before = before if kind == "quarantine" else self.before

    before: str = "listed"
