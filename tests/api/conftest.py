"""`store`: one test's own store over the session's real Temporal, worker, model and database."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.api.signing_in import Visit, configure, lie
from tests.api.store import Store, opened
from tests.api.world import World
from tests.names import NameServer
from tests.provider import running


@pytest.fixture
def names(world: World) -> NameServer:
    """The name server that this world's worker asks."""
    return world.names


@pytest_asyncio.fixture
async def store(world: World) -> AsyncIterator[Store]:
    """A store of its own: other tests' cases are not in its lists, its stops darken nobody else."""
    async with opened(world.settings, world.app) as built:
        yield built


@pytest_asyncio.fixture
async def cut_off(world: World, store: Store) -> AsyncIterator[Store]:
    """The same store through a second app, whose orchestrator does not answer."""
    nowhere = store.settings.model_copy(update={"temporal_address": "127.0.0.1:9"})
    async with opened(nowhere, world.cut_off_app, like=store) as built:
        yield built


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The URL of an identity provider."""
    with running() as url:
        yield url


@pytest_asyncio.fixture
async def visit(store: Store, issuer: str) -> Visit:
    """A browser before a store that signs people in with an honest provider."""
    await lie(issuer, "")
    configure(store, issuer)
    return Visit(store, issuer)
