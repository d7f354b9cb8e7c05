"""What a client is told when the database is down, or cannot keep what it was sent."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from api.errors import install
from gonogo.db.prose import keep_prose
from gonogo.db.session import engine_of, reading
from gonogo.db.tables import StoreRow
from gonogo.ports import free_ports
from tests.databases import PostgresDatabases, migrated


async def answer_of(work: Callable[[], object]) -> httpx.Response:
    """What the application's table of errors makes of what `work` raises."""
    app = FastAPI()
    install(app)
    app.get("/")(lambda: work())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://store") as http:
        return await http.get("/")


async def test_a_server_that_is_down_is_said_to_be_down_and_when_to_try_again() -> None:
    (port,) = free_ports(1)
    engine = engine_of(f"postgresql://gonogo:s3cret@127.0.0.1:{port}/none")

    def work() -> None:
        with reading(engine) as session:
            session.connection().execute(select(StoreRow))

    told = await answer_of(work)

    assert (told.status_code, told.headers["retry-after"]) == (503, "5")
    assert told.json()["type"].endswith("/database-unavailable")
    assert "s3cret" not in told.text


async def test_text_that_cannot_be_stored_is_the_senders_fault(postgres: PostgresDatabases) -> None:
    url = postgres.like(migrated)
    engine = engine_of(url)

    told = await answer_of(lambda: keep_prose(engine, "a\x00b"))

    assert told.status_code == 422
    assert told.json()["type"].endswith("/malformed")
    engine.dispose()
    postgres.drop(url)


@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/d", "s3cret", "postgresql+asyncpg://h/d"])
def test_another_database_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql") as caught:
        engine_of(url)

    assert "s3cret" not in str(caught.value)
