"""Schemathesis against the whole API: no server error, nothing that the document does not say.

Coverage, fuzzing and stateful phases, by its own program against a real port, seeded. Path
parameters take ids that exist as well as any that fit, so that requests get past “not found”.
"""

import asyncio
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from tests.api.store import Store, manifest
from tests.browser.api_server import ApiServer

# Event streams stay open for minutes; tests/api/test_streams.py reads them.
STREAMS = "stream$"
# “A request that fits the schema must be accepted” cannot hold: cursors, checklists and bundles
# have rules that no JSON schema says.
NOT_CHECKED = "positive_data_acceptance"


def _value(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _config(ids: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """The program's settings: which ids exist, by the beginning of the path and the parameter."""
    lines: list[str] = []
    for prefix, named in ids.items():
        lines += ["[[operations]]", f"include-path-regex = {_value('^' + prefix + '/')}"]
        pairs = [
            f"{_value('path.' + name)} = [{', '.join(map(_value, values))}]"
            for name, values in named.items()
        ]
        lines += [f"parameters = {{ {', '.join(pairs)} }}"]
    return "\n".join(lines) + "\n"


async def _existing(store: Store) -> dict[str, dict[str, list[str]]]:
    """Something of everything: a listing, a ready release, a case in review, a stop, a person."""
    listing = await store.released()
    ready = await store.approved(manifest("Tide Table"))
    claimed = await store.claimed(manifest("Knot Teacher"))
    queued = await store.submitted(manifest("Bird Caller"))
    stop = await store.post(
        "/v1/stops",
        {"scope": "revision", "target": queued["digest"], "reason": "as a precaution"},
        by="sam",
    )
    assert stop.status_code == 201, stop.text
    cases = [claimed["id"], queued["id"], ready["id"], "sub_none"]
    gpts = [listing["gpt"], ready["gpt"], "gpt_none"]
    return {
        "/v1/submissions": {"subject": cases},
        "/v1/reviews": {"subject": cases},
        "/v1/releases": {"subject": [ready["release"], "rel_none"]},
        "/v1/listings": {"gpt": gpts},
        "/v1/catalogue": {"gpt": gpts},
        "/v1/stops": {"subject": [stop.json()["subject"], "stp_none"]},
        "/v1/people": {"person": [store.id_of("ben"), "per_none"]},
        "/v1/publishers": {"publisher": [store.publishers["lumen"], "pub_none"]},
    }


def _run(
    url: str, folder: Path, token: str, seed: int, examples: int, phases: str
) -> tuple[int, str]:
    program = Path(sysconfig.get_path("scripts")) / "schemathesis"
    command: list[Any] = [program, "--config-file", folder / "schemathesis.toml", "run"]
    command += [f"{url}/openapi.json", "--seed", str(seed), "--max-examples", str(examples)]
    command += ["--phases", phases]
    command += ["--header", f"Authorization: Bearer {token}", "--exclude-path-regex", STREAMS]
    command += ["--exclude-checks", NOT_CHECKED, "--request-timeout", "30", "--no-color"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def _holds(
    store: Store, folder: Path, by: str, examples: int, phases: str = "coverage,fuzzing,stateful"
) -> None:
    (folder / "schemathesis.toml").write_text(_config(await _existing(store)))
    token = store.token_of(by)

    with ApiServer(create_app(store.settings)) as api:
        services = api.serve(store.settings)
        code, said = await asyncio.to_thread(_run, api.url, folder, token, 7, examples, phases)
        api.close(services)

    assert code == 0, said
    assert " passed" in said, said


@pytest.mark.slow
async def test_any_request_gets_a_documented_answer(store: Store, tmp_path: Path) -> None:
    await _holds(store, tmp_path, "adam", 1, "fuzzing")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["ada", "rita", "lea", "adam"])
async def test_every_role_gets_documented_answers(store: Store, tmp_path: Path, by: str) -> None:
    await _holds(store, tmp_path, by, 10)


async def test_a_path_that_is_no_text_is_told_as_a_uri(store: Store) -> None:
    told = await store.get("/v1/listings/%C3%97%C2%9B", by="ada")

    assert told.status_code == 422
    assert told.json()["instance"] == "/v1/listings/%C3%97%C2%9B"


async def test_a_wrong_method_is_told_all_the_right_ones(store: Store) -> None:
    told = await store.http.request("PATCH", "/v1/stops", headers=store.headers("sam"))

    assert told.status_code == 405
    assert told.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("text", ["é", "a", "====", "\x00"])
async def test_base64_that_is_none_is_malformed(store: Store, text: str) -> None:
    body = {"files": [{"path": "gpt.yaml", "base64": text}]}

    told = await store.post("/v1/submissions", body, by="ada")

    assert (told.status_code, told.json()["type"]) == (422, "/problems/malformed")


@pytest.mark.parametrize("at", [0, 1767225600, "1767225600", "-1.5", True])
async def test_a_number_is_no_time(store: Store, at: object) -> None:
    ready = await store.approved()
    release = (await store.get(f"/v1/releases/{ready['release']}", by="lea")).json()

    told = await store.post(
        f"/v1/releases/{ready['release']}/schedule",
        {"at": at},
        by="lea",
        version=release["version"],
    )

    assert (told.status_code, told.json()["type"]) == (422, "/problems/malformed")
