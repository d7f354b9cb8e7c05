"""Look at every part of an installation and say what is wrong, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from gonogo.cli.doctor import database, endpoints, machine, orchestrator, telling
from gonogo.cli.doctor.check import Check, foreseen
from gonogo.db.session import engine_of
from gonogo.settings import Settings

__all__ = ["Check", "examine", "mended"]


def examine(settings: Settings) -> list[Check]:
    """Every check. One that raises something unforeseen is a failed check, never a traceback."""
    try:
        engine = engine_of(settings.database)
    except ValueError as fault:
        return [Check("fail", "database", str(fault), "set GONOGO_DATABASE_URL")]
    parts: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("versions", machine.versions),
        ("settings", machine.settings_known),
        ("machine", lambda: machine.disk_and_keys(settings)),
        ("database", lambda: database.database(settings, engine)),
        ("record", lambda: database.record(settings, engine)),
        ("waiting", lambda: database.waiting(settings, engine)),
        ("objects", lambda: endpoints.objects(settings)),
        ("policy pack", lambda: endpoints.pack(settings)),
        ("orchestrator", lambda: orchestrator.orchestrator(settings, engine)),
        ("model", lambda: endpoints.model(settings)),
        ("API", lambda: endpoints.api(settings)),
        ("notices", lambda: telling.telling(settings, engine)),
        ("identity provider", lambda: endpoints.provider(settings)),
        ("cases", lambda: database.cases(settings, engine)),
    ]
    found: list[Check] = []
    for name, part in parts:
        try:
            found += part()
        except Exception as fault:
            found.append(foreseen(name, fault))
    engine.dispose()
    return found


def mended(checks: list[Check]) -> list[Check]:
    """The same checks after doing what is safe to do; what failed stays as it was found."""
    return [_mend(check) for check in checks]


def _mend(check: Check) -> Check:
    if check.mend is None or check.state == "ok":
        return check
    try:
        did = check.mend()
    except Exception as fault:
        return replace(check, found=f"{check.found}; not mended: {foreseen('', fault).found}")
    return replace(check, state="ok", found=f"{check.found}; mended: {did}", remedy="")
