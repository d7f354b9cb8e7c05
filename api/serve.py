"""Run the API: `python -m api.serve`. Settings come from the environment."""

import uvicorn

from api.app import create_app
from gonogo.settings import Settings


def main() -> None:
    settings = Settings()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
