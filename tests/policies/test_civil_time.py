"""Civil times: gap means later, fold means earlier, and a person is told."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.civil_time import Resolved, resolve

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "dst_rfc5545_derived.json"
ZONES = ["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


def resolved(local: str, zone: str, *, strict: bool = False) -> Resolved:
    return resolve(
        datetime.fromisoformat(local), ZoneInfo(zone), name=zone, tzdata="x", strict=strict
    )


def test_clock_changes_follow_rfc_5545() -> None:
    if not VECTORS.exists():
        pytest.skip("the reference vectors are not beside the project")
    for case in json.loads(VECTORS.read_text("utf-8"))["cases"]:
        found = resolved(case["local"], case["zone"])

        assert found.at == datetime.fromisoformat(case["utc"]), case
        assert datetime.fromisoformat(found.means) == datetime.fromisoformat(case["resolved_local"])
        if case["kind"] in ("gap", "fold"):
            assert found.kind == case["kind"]


def test_a_skipped_time_is_told_with_what_is_meant() -> None:
    notice = resolved("2026-03-08T02:30", "America/New_York").notice

    assert notice is not None
    assert notice["means"] == "2026-03-08T03:30:00-04:00"
    assert "skipped" in notice["text"]


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)),
    st.sampled_from(ZONES),
    st.integers(0, 1),
)
def test_an_unusual_time_is_noticed_and_an_ordinary_one_reads_back(
    local: datetime, zone: str, fold: int
) -> None:
    found = resolve(local.replace(fold=fold), ZoneInfo(zone), name=zone, tzdata="x")

    read_back = found.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    if found.kind == "gap":
        assert read_back > local
    else:
        assert read_back == local
    assert (found.notice is None) == (found.kind == "plain")
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize("local", ["2026-03-08T02:30", "2026-11-01T01:30"])
def test_strict_refuses_what_is_not_one_time(local: str) -> None:
    with pytest.raises(Incomplete):
        resolved(local, "America/New_York", strict=True)


def test_a_time_with_an_offset_is_no_civil_time() -> None:
    local = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))

    with pytest.raises(Incomplete):
        resolve(local, UTC, name="UTC", tzdata="x")
