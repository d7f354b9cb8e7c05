"""One lane of deliveries: as soon as one is done the next is claimed, one at a time per recipient.

So a receiver that keeps us waiting delays its own messages and nobody else's, and every recipient
gets its messages in the order in which things happened.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from gonogo.logs import log
from gonogo.notices.deliveries import Deliveries, Outgoing, Result

Send = Callable[[Outgoing], Awaitable[Result]]
Done = Callable[[Outgoing, Result, str], Awaitable[None]]
AT_ONCE = 10


async def pump(
    deliveries: Deliveries,
    send: Send,
    *,
    seconds: float,
    alive: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
    done: Done | None = None,
    at_once: int = AT_ONCE,
) -> int:
    """Deliver what is due for at most `seconds`, then finish what is on its way; how many ended.

    `alive` is called at least every second. Raises what the database raises.
    """
    until, ended = time.monotonic() + seconds, 0
    running: dict[asyncio.Task[None], str] = {}
    try:
        while True:
            open_ = time.monotonic() < until and not stopping()
            if open_ and len(running) < at_once:
                claimed = await asyncio.to_thread(
                    deliveries.claim, frozenset(running.values()), limit=at_once - len(running)
                )
                for out in claimed:
                    task = asyncio.create_task(_one(deliveries, out, send, done))
                    running[task] = out.row.recipient
            if not running:
                return ended
            finished, _ = await asyncio.wait(
                running, timeout=1, return_when=asyncio.FIRST_COMPLETED
            )
            for task in finished:
                del running[task]
                ended += 1
                task.result()
            alive()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _one(deliveries: Deliveries, out: Outgoing, send: Send, done: Done | None) -> None:
    began = time.monotonic()
    try:
        result = await send(out)
    except Exception as fault:  # one poisoned message must not end the lane
        log.error("delivery_failed", delivery=out.row.id, error=type(fault).__name__)
        spent = int((time.monotonic() - began) * 1000)
        result = Result(False, f"error:{type(fault).__name__}", None, spent)
    state = await asyncio.to_thread(deliveries.finish, out, result)
    log.info(
        "delivery",
        delivery=out.row.id,
        channel=deliveries.channel.value,
        state=state,
        outcome=result.outcome,
        attempt=out.row.attempts,
    )
    if done is not None:
        await done(out, result, state)
