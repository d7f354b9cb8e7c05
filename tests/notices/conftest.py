"""A record without an orchestrator, its people, and the fan-out by hand."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from gonogo.db.notices import DeliveryRow
from gonogo.db.session import reading
from gonogo.notices.fanout import Fanout
from tests.builders import PUBLISHER, STORE
from tests.db.conftest import both, database, desk
from tests.db.desk import Desk

__all__ = ["both", "database", "desk"]
PEOPLE = {
    "per_ada": (("developer",), (PUBLISHER,)),
    "per_alf": (("developer",), (PUBLISHER,)),
    "per_rui": (("reviewer",), ()),
    "per_sena": (("senior_reviewer",), ()),
    "per_lea": (("product_lead",), ()),
    "per_sol": (("safety_oncall",), ()),
}


@pytest.fixture
def peopled(desk: Desk) -> Desk:
    for person, (roles, publishers) in PEOPLE.items():
        desk.identity.add_person(person, roles, publishers, person)
    return desk


@pytest.fixture
def fan_out(peopled: Desk) -> Callable[[], int]:
    """Turn the whole outbox into deliveries; how many rows it held."""

    def run() -> int:
        fanout, done = Fanout(peopled.engine, STORE, "Europe/London", mail=True), 0
        while taken := fanout.batch():
            done += taken
        return done

    return run


def deliveries(desk: Desk, **wanted: str) -> list[DeliveryRow]:
    with reading(desk.engine) as session:
        rows = session.exec(select(DeliveryRow)).all()
    return [row for row in rows if all(getattr(row, k) == v for k, v in wanted.items())]
