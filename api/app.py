"""The application: one visible place where services are built and routes are mounted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from temporalio.client import Interceptor

from api import errors, schema
from api.attempts import Attempts
from api.commands import Gateway
from api.deps import Services
from api.live import Feed
from api.middleware import install_middleware
from api.origins import require_own_page
from api.pages import PAGES
from api.provider import Provider
from api.routes import ROUTERS
from gonogo.db.adoption import adopt
from gonogo.db.browser_sessions import BrowserSessions, Lifetimes
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate
from gonogo.logs import configure_logs, log
from gonogo.objects import Objects
from gonogo.packs import PackStore, load_pack
from gonogo.settings import Settings
from gonogo.telemetry.exporter import exported
from gonogo.telemetry.meters import SWEEPS, SWEPT
from gonogo.telemetry.standing import Standing
from gonogo.telemetry.tracing import traced
from gonogo.temporal import connect

SWEEP_S = 10.0
STATIC = Path(__file__).parent / "static"


async def build(settings: Settings, interceptors: Sequence[Interceptor] = ()) -> Services:
    """Connect nothing eagerly but the database: reads and stops work while Temporal is down."""
    engine = engine_of(settings.database)
    migrate(engine)
    packs, pack = PackStore(engine), load_pack(settings.pack, settings.packs)
    packs.install(pack)
    identity = Identity(engine, settings.store)
    identity.ensure_store(settings.store)
    adopt(engine, settings.store)
    key = settings.mac_key()
    client = await connect(settings, lazy=True, interceptors=interceptors)
    return Services(
        settings=settings,
        engine=engine,
        ledger=Ledger(engine, key),
        identity=identity,
        objects=Objects(settings.objects),
        packs=packs,
        pack=pack,
        gateway=Gateway(
            engine,
            client,
            key,
            store=settings.store,
            task_queue=settings.task_queue,
            answer_s=settings.answer_s,
        ),
        feed=Feed(engine, settings.store),
        sessions=BrowserSessions(
            engine,
            settings.store,
            Lifetimes(
                timedelta(seconds=settings.session_s), timedelta(seconds=settings.session_idle_s)
            ),
        ),
        attempts=Attempts(),
        provider=Provider(settings) if settings.oidc_issuer else None,
    )


async def _sweep(gateway: Gateway) -> None:
    """Now and then bring to an end what a kill left half-way."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            SWEPT.inc(await gateway.sweep())
            SWEEPS.labels("done").inc()
        except Exception as fault:  # the database may be away; the next round looks again
            SWEEPS.labels("failed").inc()
            log.warning("sweep", error=type(fault).__name__)


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logs(settings.log_level, settings.secrets(), "api")
        with traced(settings, "api") as interceptors:
            svc = app.state.services = await build(settings, interceptors)
            standing = Standing(svc.engine, settings.store)
            with exported(settings.metrics_host, settings.metrics_api_port, standing):
                sweeper = asyncio.create_task(_sweep(svc.gateway))
                yield
                sweeper.cancel()
                await svc.gateway.close()
        svc.feed.close()
        svc.engine.dispose()

    app = FastAPI(
        title="gonogo",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # api/pages/reference.py: no scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=schema.operation_id,
        description="Governance and release management for a GPT store.",
        dependencies=[Depends(require_own_page)],
    )
    errors.install(app)
    install_middleware(app)
    for router in (*ROUTERS, *PAGES):
        app.include_router(router)
    schema.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
