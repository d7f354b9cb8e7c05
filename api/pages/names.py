"""Names of people and publishers, for pages: read by the ids a page shows, never all of them."""

from collections.abc import Iterable

from gonogo.db.identity import Identity


class Names:
    """Names by id. A page learns the ids of its rows at once; `get` asks for one that it forgot.

    Without an `Identity`, as for a visitor, nobody has a name.
    """

    def __init__(self, identity: Identity | None = None) -> None:
        self._identity = identity
        self._known: dict[str, str | None] = {}
        self._expected: set[str] = set()

    def expect(self, ids: Iterable[str]) -> None:
        """They are read with the next look, so that two parts of a page make one of it."""
        self._expected.update(ids)

    def learn(self, ids: Iterable[str | None]) -> None:
        """Read the names of `ids`, in two queries at most. None among them is passed over."""
        unknown = {one for one in ids if one} - self._known.keys()
        if not unknown or self._identity is None:
            return
        unknown |= self._expected - self._known.keys()
        self._expected = set()
        found = self._identity.names(unknown)
        self._known |= {one: found.get(one) for one in unknown}

    def get(self, one: str, otherwise: str) -> str:
        """The name of `one`, `otherwise` where it has none."""
        self.learn((one,))
        return self._known.get(one) or otherwise
