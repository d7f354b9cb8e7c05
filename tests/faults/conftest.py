"""The real world of tests/api, for requests nobody would send on purpose."""

from tests.api.conftest import store

__all__ = ["store"]
