"""The samples are what their README says: clean ones pass, built-to-fail ones fail as promised."""

import re
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.intake import Intake, ScanReport, ScanRequest
from gonogo.objects import Objects
from gonogo.packs import load_pack
from policies.bundle.manifest import Bundle, secret_names
from tests.policies.bundles import read

SAMPLES = Path(__file__).parent.parent / "samples"
TIERS = {
    "maths-tutor": "low",
    "site-builder": "medium",
    "recipe-archivist": "medium",
    "weather-desk": "medium",
    "parcel-desk": "high",
    "leaky-vault": "medium",
    "poisoned-helper": "high",
}
CLEAN = [name for name in TIERS if name not in ("leaky-vault", "poisoned-helper")]


def sample(name: str) -> Bundle:
    folder = SAMPLES / name
    return read(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    )


async def scan(tmp_path: Path, name: str) -> ScanReport:
    objects = Objects(tmp_path)
    request = ScanRequest("default", "sub_1", objects.put_bundle(sample(name)), "default")
    return await ActivityEnvironment().run(Intake(objects, load_pack).static_scan, request)


def test_every_sample_is_listed_in_the_readme_with_its_tier() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+)", (SAMPLES / "README.md").read_text(), re.M)

    assert dict(rows) == TIERS
    assert {path.name for path in SAMPLES.iterdir() if path.is_dir()} == set(TIERS)


@pytest.mark.parametrize("name", TIERS)
async def test_a_sample_has_the_tier_it_is_said_to_have(name: str, tmp_path: Path) -> None:
    assert (await scan(tmp_path, name)).tier == TIERS[name]


@pytest.mark.parametrize("name", CLEAN)
async def test_a_clean_sample_has_no_finding(name: str, tmp_path: Path) -> None:
    assert (await scan(tmp_path, name)).rules == ()


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_sample_suits_a_small_model(name: str) -> None:
    manifest = sample(name).manifest

    assert 60 <= len(manifest.instructions.split()) <= 200
    assert 3 <= len(manifest.starters) <= 4


async def test_the_leaky_vault_passes_the_static_scan_with_its_secret_marked(
    tmp_path: Path,
) -> None:
    report = await scan(tmp_path, "leaky-vault")

    assert (report.blocking, report.secrets_marked) == (0, 1)
    assert secret_names(sample("leaky-vault").manifest.instructions) == ("vault_phrase",)


async def test_the_poisoned_helper_is_refused_for_several_reasons_at_once(tmp_path: Path) -> None:
    report = await scan(tmp_path, "poisoned-helper")

    assert report.rules == (
        "action-host-ip",
        "action-host-loopback",
        "action-not-https",
        "action-privacy-missing",
        "hidden-tag-characters",
        "secret",
    )
    assert report.blocking == len(report.rules)
