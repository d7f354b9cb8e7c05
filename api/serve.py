"""Run the API: `gonogo api`, or `python -m api.serve` with settings from the environment.

first SIGTERM or SIGINT   no new connection; streams end with a hint when to come back; commands
                          in flight are answered, for at most `DRAIN_S`
second                    now; what was in flight is carried out all the same, once it is asked
                          for again under its Idempotency-Key
"""

from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.live import Feed
from gonogo.logs import log
from gonogo.settings import Settings

# Longer than a command waits for its answer, shorter than supervisors wait for us.
DRAIN_S = 20


class DrainingServer(uvicorn.Server):
    """uvicorn's, whose streams hear of the end, and whose second signal of any kind is final."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        services = getattr(self._app.state, "services", None)
        if services is not None:
            feed: Feed = services.feed
            feed.drain()
        log.info("api_draining", tasks=len(self.server_state.tasks), now=self.force_exit)
        await super().shutdown(sockets)
        log.info("api_stopped")


def main(settings: Settings | None = None) -> None:
    settings = settings or Settings()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    DrainingServer(config, app).run()


if __name__ == "__main__":
    main()
