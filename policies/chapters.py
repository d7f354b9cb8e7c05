"""What every chapter of a policy pack shares: it is frozen, and knows no field it does not name."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Chapter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def once(what: str, ids: Iterable[str]) -> None:
    """Raises `ValueError` that names every id given twice."""
    listed = list(ids)
    twice = sorted({one for one in listed if listed.count(one) > 1})
    if twice:
        raise ValueError(f"{what} given twice: {', '.join(twice)}")
