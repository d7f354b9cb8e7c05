"""Tables for spreadsheets, in which no cell is a formula (CWE-1236).

Names of GPTs come from outside. A cell whose first character, blanks aside, makes a spreadsheet
calculate is set in an apostrophe, as OWASP says under “CSV Injection”; control characters go.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

# Full-width forms of the same are read as formulas in Japanese and Chinese locales.
_CALCULATES = frozenset("=+-@|%\t\r\n＝＋－＠")  # they are what is meant


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with a head; every cell in quotes, so that no separator of any locale splits it."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(one) for one in row])
    return out.getvalue()


def cell(value: object) -> str:
    """Numbers are ours and stay numbers; everything else is text that stays text."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{round(value, 4):.12g}"
    said = str(value)
    risky = said.lstrip(" \u00a0\u3000")[:1] in _CALCULATES if said.strip() else False
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Cf") else c for c in said)
    return f"'{clean}" if risky else clean
