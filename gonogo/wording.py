"""Words that pages and the command line share: how far away a moment is."""

_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def distance(seconds: float) -> str:
    """`in 25 min`, `3 days ago`, `now`. Whole units, the largest that fits."""
    size = abs(seconds)
    if size < 1:
        return "now"
    step, unit = next((step, unit) for step, unit in _UNITS if size >= step)
    count = round(size / step)
    name = "days" if unit == "day" and count != 1 else unit
    return f"in {count} {name}" if seconds > 0 else f"{count} {name} ago"
