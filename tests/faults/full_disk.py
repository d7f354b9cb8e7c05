"""Runs inside a disk of its own: what the API says when it is full, and afterwards.

python -m tests.faults.full_disk FOLDER

Its last line is one object of JSON: status and problem of every step, what lies in the object
store, and what the record says at the end.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from api.app import build, create_app
from gonogo.audit.installation import verify_here
from gonogo.settings import Settings
from tests.api.store import files_of, manifest

# The knowledge is larger than what is left of the disk in `full`.
KNOWLEDGE = "A fact about stars.\n" * 20_000


def fill(folder: Path) -> Path:
    """Take all the room there is, to the last byte."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return path


async def story(folder: Path) -> dict[str, Any]:
    settings = Settings(data=folder, temporal_address="127.0.0.1:9", log_level="CRITICAL")
    app = create_app(settings)
    services = app.state.services = await build(settings)
    publisher = services.identity.add_publisher("Lumen", verified=True)
    tokens = {
        name: services.identity.issue_token(
            services.identity.add_person(name, (role,), (publisher,) if name == "ada" else ()),
            "test",
        )
        for name, role in (("ada", "developer"), ("sam", "safety_oncall"))
    }
    told: dict[str, Any] = {}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://store", timeout=60) as http:

        async def give(name: str, path: str, by: str, body: Any, key: str) -> None:
            headers = {"Authorization": f"Bearer {tokens[by]}", "Idempotency-Key": key}
            answer = await http.post(path, json=body, headers=headers)
            told[name] = [answer.status_code, answer.json().get("type", "")]

        value = manifest(knowledge=["facts.txt"])
        bundle = {"files": files_of(value, **{"facts.txt": KNOWLEDGE})}
        stop = {"scope": "store", "reason": "harm"}
        filler = fill(folder)
        await give("upload, full", "/v1/submissions", "ada", bundle, "upload")
        await give("stop, full", "/v1/stops", "sam", stop, "stop")
        told["read, full"] = [(await http.get("/v1/catalogue")).status_code, ""]
        told["objects, full"] = sorted(path.name for path in (folder / "objects").rglob("*.*"))
        filler.unlink()
        await give("stop, after", "/v1/stops", "sam", stop, "stop")
        await give("upload, after", "/v1/submissions", "ada", bundle, "upload")
    told["record"] = verify_here(settings, services.engine).ok
    services.feed.close()
    services.engine.dispose()
    return told


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(asyncio.run(story(Path(sys.argv[1])))))
