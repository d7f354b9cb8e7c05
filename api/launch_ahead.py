"""Plans and previews of launches as JSON: values that pages render as they are."""

from typing import Any

from api.views import time_text
from policies.rules.launch_outlook import Outlook
from policies.rules.launch_path import CriticalPath
from policies.rules.launch_plan import Examined, Quorum
from policies.rules.launch_readiness import Holds, Matrix
from policies.rules.postponing import Preview
from policies.rules.postponing_difference import difference

SHOWN_MOST = 1_000  # of any list in a preview; counts tell the rest


def readiness_view(
    seen: Matrix,
    examined: Examined,
    count: Quorum,
    path: CriticalPath | None,
    offset: int,
    limit: int,
) -> dict[str, Any]:
    rows = sorted(seen.rows, key=lambda row: (row.ready, row.wave))
    return {
        "at": time_text(seen.at),
        "items": len(rows),
        "counts": {
            kind.value: {"planned": one.planned, "ready": one.ready}
            for kind, one in seen.counts.items()
        },
        "failing_by": {check.value: number for check, number in seen.failing_by.items()},
        "quorum": {"met": bool(count), "short": dict(count.short), "spare": count.spare},
        "faults": [
            {"code": one.code, "blocks": one.blocks, "text": str(one)}
            for one in examined.faults[:SHOWN_MOST]
        ],
        "critical_path": path
        and {
            "items": list(path.items[:SHOWN_MOST]),
            "total_s": path.total_s,
            "unknown": len(path.unknown),
        },
        "rows": [
            {
                "item": row.item,
                "wave": row.wave,
                "importance": row.importance.value,
                "ready": row.ready,
                "checks": {
                    check.value: {"holds": cell.holds.value}
                    | ({} if cell.holds is Holds.YES else {"why": cell.why})
                    for check, cell in row.cells.items()
                },
            }
            for row in rows[offset : offset + limit]
        ],
    }


def preview_view(made: Preview) -> dict[str, Any]:
    return {
        "plan_hash": made.plan_hash,
        "needs_role": made.needs_role,
        "nth": made.request.nth,
        "counts": {
            "moved": len(made.moved),
            "flagged": len({one.id for one in made.conflicts}),
            "lapses": len(made.lapses),
            "reviews": len(made.after.cases),
        },
        "moved": [
            {
                "item": one.item,
                "was": time_text(one.was),
                "becomes": time_text(one.becomes),
                "offset_s": one.offset_s,
            }
            for one in made.moved[:SHOWN_MOST]
        ],
        "answers": [
            {"item": one.item, "choice": one.choice.value, "source": one.source}
            for one in made.answers[:SHOWN_MOST]
        ],
        "conflicts": [
            {"code": one.code, "id": one.id, "other": one.other}
            for one in made.conflicts[:SHOWN_MOST]
        ],
        "newly": {kind: list(ids[:SHOWN_MOST]) for kind, ids in made.newly.items()},
        **_outlook(made.after),
        "difference": [
            {"what": one.what, "id": one.id, "before": one.before, "after": one.after}
            for one in difference(made.before, made.after)[:SHOWN_MOST]
        ],
    }


def _outlook(seen: Outlook) -> dict[str, Any]:
    return {
        "until": time_text(seen.until),
        "open_ended": seen.open_ended,
        "lapses": [
            {"what": one.what, "id": one.id, "at": time_text(one.at)}
            for one in seen.lapses[:SHOWN_MOST]
        ],
        "reviews": [
            {
                "item": one.item,
                "why": list(one.why),
                "begin_from": time_text(one.begin_from),
                "begin_by": time_text(one.begin_by),
                "late": one.late,
            }
            for one in seen.cases[:SHOWN_MOST]
        ],
        "capacity": {
            "fits": bool(seen.capacity),
            "needed_s": seen.capacity.needed_s,
            "available_s": seen.capacity.available_s,
            "short_s": max(0.0, seen.capacity.short_s),
        },
    }
