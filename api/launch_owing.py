"""Who owes what before a launch, as its board and its route tell it: publisher by publisher."""

from collections.abc import Collection, Mapping
from typing import Any

from api.deps import Services
from api.launch_board import Board, owing
from policies.errors import PackFault
from policies.lifecycle.launch_state import Launch


def duty_titles(svc: Services, s: Launch) -> Mapping[str, str]:
    """Titles of builders' duties, by id, in the order of the pack that the launch pins."""
    try:
        return {one.id: one.title for one in svc.packs(s.terms.pack).launch.duties}
    except PackFault:
        return {}


def owing_view(
    seen: Board,
    publishers: Collection[str] | None,
    titles: Mapping[str, str],
    *,
    start: int = 0,
    most: int,
) -> dict[str, Any]:
    """`most` of the publishers that owe something, from the one at `start` on, those with most that
    must open first; `of`: how many there are. Only `publishers`, None: everybody."""
    found = owing(seen, publishers)
    order = {duty: at for at, duty in enumerate(titles)}
    return {
        "of": len(found),
        "publishers": [
            {
                "publisher": one.publisher,
                "items": one.items,
                "musts": one.musts,
                "duties": [
                    {"id": duty, "title": titles.get(duty, duty)}
                    for duty in sorted(one.duties, key=lambda duty: order.get(duty, len(order)))
                ],
            }
            for one in found[start : start + most]
        ],
    }
