"""One benchmark, one object: `{name, figures, aims, met}`, as a table or as JSON."""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
}


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """A parser with the option every benchmark has."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def report(
    name: str, figures: Mapping[str, float], aims: Mapping[str, str], *, as_json: bool
) -> int:
    """Print the result. An aim is `<= 1.5` or `>= 0.8`; one that is not met is a result as well,
    so the exit code stays 0."""
    met = {figure: holds(figures[figure], aim) for figure, aim in aims.items()}
    if as_json:
        print(json.dumps({"name": name, "figures": figures, "aims": aims, "met": met}))
        return 0
    print(f"{name}   {datetime.now(UTC):%Y-%m-%d %H:%M} UTC   {platform.machine()}")
    for figure, value in figures.items():
        aim = f"aim {aims[figure]}: {'met' if met[figure] else 'NOT MET'}" if figure in aims else ""
        print(f"  {figure:34} {value:12,.3f}   {aim}".rstrip())
    return 0


def holds(value: float, aim: str) -> bool:
    sign, limit = aim.split()
    return _HOLDS[sign](value, float(limit))


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured. `share` in (0, 1]."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * share // 1) - 1).__int__()]


def say(text: str) -> None:
    """Progress, on stderr: stdout holds the result alone."""
    print(text, file=sys.stderr, flush=True)
