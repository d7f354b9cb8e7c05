"""Legal holds in force: what they cover, asked for many things at once."""

from dataclasses import dataclass

from sqlmodel import Session, select

from gonogo.db.erasures import HoldPicture


@dataclass(frozen=True)
class Held:
    """Targets of all holds in force in one store, by scope."""

    ids: frozenset[str]
    targets: frozenset[tuple[str, str]]

    def keeps(self, case: str, gpt: str, publisher: str) -> bool:
        """Whether a case, its GPT or its publisher is held."""
        wanted = {("submission", case), ("gpt", gpt), ("publisher", publisher)}
        return not wanted.isdisjoint(self.targets)

    @property
    def persons(self) -> frozenset[str]:
        return frozenset(target for scope, target in self.targets if scope == "person")


def holds(session: Session, store: str) -> Held:
    rows = session.exec(
        select(HoldPicture.id, HoldPicture.scope, HoldPicture.target).where(
            HoldPicture.store_id == store, HoldPicture.status == "held"
        )
    ).all()
    return Held(
        frozenset(row[0] for row in rows), frozenset((scope, target) for _, scope, target in rows)
    )
