"""The static scan: what it finds, what it says, and that it fails closed."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.intake import Intake, ScanReport, ScanRequest
from activities.scanners import SCANNERS, Scanner
from gonogo.objects import ObjectMissing, Objects
from gonogo.packs import load_pack
from policies.bundle.findings import Finding
from policies.bundle.manifest import Bundle
from policies.pack import PolicyPack
from tests.activities.material import KEYS, office
from tests.conftest import require
from tests.policies.bundles import OPENAPI, PACK, manifest, read, upload, with_action

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
GPTS = Path(__file__).parents[2].parent / "shared" / "data" / "gpts" / "gpts.jsonl"


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path)


async def scan(
    objects: Objects, bundle: Bundle, scanners: Iterable[Scanner] = SCANNERS
) -> tuple[ScanReport, dict[str, Any]]:
    """The report, and the evidence it names."""
    intake = Intake(objects, load_pack, tuple(scanners), clock=lambda: NOON)
    request = ScanRequest("default", "sub_1", objects.put_bundle(bundle), "default")
    report = await ActivityEnvironment().run(intake.static_scan, request)
    return report, objects.get_json(report.evidence)


async def test_a_clean_bundle_has_evidence_and_no_finding(objects: Objects) -> None:
    bundle = read(upload())

    report, evidence = await scan(objects, bundle)

    assert (report.blocking, report.advisory, report.rules) == (0, 0, ())
    assert (report.tier, report.reasons) == ("low", ())
    assert evidence == {
        "kind": "static",
        "schema": 1,
        "bundle": objects.put_bundle(bundle),
        "pack": PACK.digest,
        "dated": "2026-01-05T12:00:00+00:00",
        "scanners": {scanner.id: scanner.version for scanner in SCANNERS},
        "findings": [],
        "tier": "low",
        "reasons": [],
        "secrets_marked": [],
        "unread": [],
    }


@pytest.mark.parametrize(
    "files",
    [
        upload(manifest(instructions=f"Use {KEYS['GitHub Token']}")),
        upload(manifest(starters=[KEYS["GitHub Token"]])),
        {
            **upload(manifest(instructions=None, instructions_file="i.md")),
            "i.md": KEYS["GitHub Token"].encode(),
        },
        {**upload(manifest(knowledge=["a.csv"])), "a.csv": KEYS["GitHub Token"].encode()},
        with_action(OPENAPI + b"# " + KEYS["GitHub Token"].encode()),
        with_action(OPENAPI + b'x: "\\x67' + KEYS["GitHub Token"][1:].encode() + b'"\n'),
    ],
    ids=["instructions", "starter", "instructions file", "knowledge", "comment", "escaped"],
)
async def test_a_secret_is_found_wherever_it_lies(
    objects: Objects, files: dict[str, bytes]
) -> None:
    report, evidence = await scan(objects, read(files))

    assert report.rules == ("secret",)
    assert report.blocking == 1
    assert KEYS["GitHub Token"] not in json.dumps(evidence)


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (upload(manifest(description="a\U000e0041b")), ("gpt.yaml", "/description")),
        (
            {**upload(manifest(knowledge=["a.txt"])), "a.txt": "a\U000e0041b".encode()},
            ("a.txt", ""),
        ),
        (with_action(OPENAPI + b'x: "a\\U000E0041b"\n'), ("weather.yaml", "/x")),
    ],
)
async def test_hidden_text_is_found_wherever_it_lies(
    objects: Objects, files: dict[str, bytes], place: tuple[str, str]
) -> None:
    report, evidence = await scan(objects, read(files))

    assert report.rules == ("hidden-tag-characters",)
    assert [(f["file"], f["pointer"]) for f in evidence["findings"]] == [place]


async def test_types_the_pack_does_not_allow_are_refused(objects: Objects) -> None:
    bundle = read({**upload(manifest(knowledge=["a.exe", "b.txt"])), "a.exe": b"MZ", "b.txt": b"b"})

    report, _ = await scan(objects, bundle)

    assert report.rules == ("file-type-mismatch", "file-type-not-allowed")


async def test_the_text_of_an_office_file_is_scanned_and_a_pdf_is_said_to_be_unread(
    objects: Objects,
) -> None:
    value = manifest(knowledge=["a.docx", "b.pdf"])
    document = office("word/document.xml", text=KEYS["Slack Token"])

    report, evidence = await scan(
        objects, read({**upload(value), "a.docx": document, "b.pdf": b"%PDF-1.7"})
    )

    assert report.rules == ("secret",)
    assert evidence["unread"] == ["b.pdf"]


async def test_a_scanner_that_raises_blocks_and_the_others_still_report(objects: Objects) -> None:
    def broken(bundle: Bundle, pack: PolicyPack) -> Iterable[Finding]:
        yield Finding("secret", "f", "", "seen before the fall")
        raise RuntimeError("quotes " + bundle.manifest.name)

    report, evidence = await scan(
        objects, read(with_action(privacy_policy_url=None)), [Scanner("x", "1", broken), *SCANNERS]
    )

    assert report.rules == ("action-privacy-missing", "scanner-failed", "secret")
    assert report.tier == "high"
    messages = {f["rule"]: f["message"] for f in evidence["findings"]}
    assert messages["scanner-failed"] == "the scanner x failed with RuntimeError"


async def test_a_pack_that_forgets_scanner_failed_is_not_heard(objects: Objects) -> None:
    def broken(bundle: Bundle, pack: PolicyPack) -> Iterable[Finding]:
        raise MemoryError

    lax = PACK.model_copy(update={"static": PACK.static.model_copy(update={"blocking": ()})})
    intake = Intake(objects, lambda name: lax, [Scanner("x", "1", broken)])
    request = ScanRequest("default", "sub_1", objects.put_bundle(read(upload())), "lax")

    report = await ActivityEnvironment().run(intake.static_scan, request)

    assert report.blocking == 1


async def test_a_rule_the_pack_does_not_list_is_advisory(objects: Objects) -> None:
    bundle = read({**upload(manifest(knowledge=["a.md"])), "a.md": "a\u200bb".encode()})

    report, _ = await scan(objects, bundle)

    assert (report.blocking, report.advisory, report.rules) == (0, 1, ("stray-zero-width",))


async def test_a_bundle_that_is_not_there_raises(objects: Objects) -> None:
    intake = Intake(objects, load_pack)

    with pytest.raises(ObjectMissing):
        await ActivityEnvironment().run(
            intake.static_scan, ScanRequest("default", "sub_1", "0" * 64, "default")
        )


async def test_the_report_holds_no_text_of_the_bundle(objects: Objects) -> None:
    value = manifest(instructions="Prose {{secret:vault}} " + KEYS["Google key"])

    report, evidence = await scan(objects, read(upload(value)))

    assert "vault" not in repr(report)
    assert report.secrets_marked == 1
    assert evidence["secrets_marked"] == ["vault"]


async def test_sixty_real_gpts_have_no_false_alarm(objects: Objects) -> None:
    require("gpts", GPTS.exists(), "../shared/data/gpts is not beside this checkout")
    found: dict[str, tuple[str, ...]] = {}
    tiers: set[str] = set()
    for line in GPTS.read_text("utf-8").splitlines():
        gpt = json.loads(line)
        report, _ = await scan(objects, read(real_upload(gpt)))
        tiers.add(report.tier)
        if report.rules:
            found[gpt["name"]] = report.rules

    assert found == {}
    assert tiers == {"low", "medium", "high"}


def real_upload(gpt: dict[str, Any]) -> dict[str, bytes]:
    """A real GPT as an upload. Its knowledge files are names only, so they are left out."""
    schemas = {f"action-{n}.yaml": text.encode() for n, text in enumerate(gpt["action_schemas"])}
    capabilities = gpt["capabilities"]
    category = (gpt["category"] or "other").lower().replace(" & ", "-")
    value = manifest(
        name=gpt["name"],
        description=gpt["description"],
        category=category,
        instructions=gpt["instructions"],
        starters=gpt["conversation_starters"],
        capabilities={
            "browsing": capabilities.get("Web Browsing", False),
            "images": capabilities.get("DALL·E Image Generation", False),
            "code": capabilities.get("Code Interpreter", False),
        },
        actions=[
            {
                "name": path,
                "openapi": path,
                "auth": "api_key",
                "privacy_policy_url": gpt["privacy_policy_url"],
            }
            for path in schemas
        ],
    )
    return {**upload(value), **schemas}
