"""No cell of a table is a formula, whatever it holds (CWE-1236)."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.csv_safe import cell, csv_text


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://evil.example","x")',
        "+1+1",
        "-2",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1",
        "  =1+1",
        "\u00a0=1",
        "|calc",
        "%0A",
        "＝1＋1",  # full width is what is meant
        '=cmd|"/C calc"!A0',
    ],
)
def test_what_a_spreadsheet_would_calculate_becomes_text(name: str) -> None:
    assert cell(name).startswith("'")


def test_numbers_plain_text_and_nothing_stay_what_they_are() -> None:
    assert [cell(one) for one in (None, "", 0, 12, 0.25, 3600.0, "Night Sky", "a=b")] == [
        "", "", "0", "12", "0.25", "3600", "Night Sky", "a=b",
    ]  # fmt: skip


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_table_is_read_back_in_the_same_shape_and_nothing_in_it_calculates(
    names: list[str],
) -> None:
    text = csv_text(("name", "seconds"), [(name, 1.5) for name in names])
    rows = list(csv.reader(io.StringIO(text, newline="")))

    assert len(rows) == len(names) + 1
    assert all(len(row) == 2 for row in rows)
    assert not any(row[0][:1] in tuple("=+-@\t\r") for row in rows[1:] if row[0])
