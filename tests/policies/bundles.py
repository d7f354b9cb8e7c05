"""Uploads for tests: a small valid one, and ways to change it."""

from typing import Any

import rfc8785

from gonogo.packs import load_pack
from policies.bundle.manifest import Bundle, read_bundle

PACK = load_pack("default")


def manifest(**changes: Any) -> dict[str, Any]:
    """A valid manifest's value; a change to None takes the key away."""
    value: dict[str, Any] = {
        "schema": 1,
        "name": "Tutor",
        "description": "Explains things.",
        "category": "education",
        "instructions": "You explain things.",
        "model": "gpt-4o-mini",
        **changes,
    }
    return {key: inner for key, inner in value.items() if inner is not None}


def upload(value: Any = None, **files: bytes) -> dict[str, bytes]:
    """`{path: bytes}` with `gpt.yaml` of `value`. A keyword `a__b_md` is the path `a/b.md`."""
    named = {
        path.replace("__", "/").replace("_", "."): data for path, data in sorted(files.items())
    }
    return {"gpt.yaml": rfc8785.dumps(manifest() if value is None else value), **named}


def read(files: dict[str, bytes]) -> Bundle:
    """Read by the default pack."""
    return read_bundle(files, PACK.limits, PACK.static.categories)


OPENAPI = b"""openapi: 3.1.0
info: {title: Weather, version: "1"}
servers:
  - url: https://api.weather.example
paths:
  /now: {get: {operationId: now}}
"""


def with_action(document: bytes = OPENAPI, **changes: Any) -> dict[str, bytes]:
    """An upload with one action whose document is `document`."""
    action = {
        "name": "weather",
        "openapi": "weather.yaml",
        "auth": "none",
        "privacy_policy_url": "https://weather.example/privacy",
        **changes,
    }
    action = {key: inner for key, inner in action.items() if inner is not None}
    return {**upload(manifest(actions=[action])), "weather.yaml": document}
