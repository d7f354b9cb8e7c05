"""A command as somebody asks for it of a launch that they see: by a route, or by a page's form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Response

from api.bodies import ReasonBody, worded
from api.deps import IdempotencyKey, IfMatch, Services, Svc, Who, answered
from api.launching import SeenLaunch, order
from gonogo.db.tables import ProseRow
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch


@dataclass(frozen=True)
class Asked:
    """`key` makes a repeat the same; `seen` is the ETag on which they decided. `response` gets
    what belongs into headers."""

    svc: Services
    who: Actor
    launch: Launch
    key: str | None
    seen: str | None = None
    response: Response = field(default_factory=Response)

    async def give(
        self,
        kind: str,
        wanted: Mapping[str, Any] | None = None,
        given: Mapping[str, Any] | None = None,
        texts: tuple[ProseRow, ...] = (),
        *,
        needs_seen: bool = False,
    ) -> dict[str, Any]:
        """Give `kind` with the values `wanted`; `given` is what makes a repeat the same. Raises
        what `order` does."""
        outcome = await order(
            self.svc,
            self.who,
            self.launch,
            kind,
            wanted,
            key=self.key,
            seen=self.seen,
            needs_seen=needs_seen,
            given=given,
            texts=texts,
        )
        return answered(outcome, self.response)

    async def because(
        self, kind: str, body: ReasonBody, *, needs_seen: bool = False
    ) -> dict[str, Any]:
        """Give what wants a reason and no more."""
        words, texts = worded(body.reason, body.note)
        return await self.give(kind, words, body.given(), texts, needs_seen=needs_seen)


async def _asked(
    svc: Svc, who: Who, launch: SeenLaunch, response: Response, key: IdempotencyKey = None
) -> Asked:
    return Asked(svc, who, launch, key, response=response)


async def _decided(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Asked:
    return Asked(svc, who, launch, key, if_match, response)


Asking = Annotated[Asked, Depends(_asked)]
Deciding = Annotated[Asked, Depends(_decided)]
