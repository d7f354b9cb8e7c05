"""Documents that can go stale are compared with what they are about."""

import re
from pathlib import Path

import pytest

from gonogo.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "samples/README.md"])


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = set(
        re.findall(r"^\| `(GONOGO_\w+)`", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    )

    assert documented == {f"GONOGO_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]

    assert missing == []


def test_one_submission_can_be_followed_through_the_eight_files_of_the_map() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    files = re.findall(r"^\d\. \[`([^`]+)`\]", page, re.MULTILINE)

    assert len(files) <= 8
    assert [f for f in files if not (ROOT / f).exists()] == []


def test_adrs_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("[0-9]*.md"))

    assert numbers == list(range(1, len(numbers) + 1))
