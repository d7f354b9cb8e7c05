"""The GPTs of the story: real ones if there are any beside the project, else its samples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gonogo.demo.launch.cast import BRICK, LUMEN, NORTH
from policies.bundle.importing import as_yaml, read_record
from policies.bundle.manifest import read_bundle
from policies.bundle.parts import MANIFEST, Bundle
from policies.pack import PolicyPack

PROJECT = Path(__file__).resolve().parents[3]
SAMPLES = PROJECT / "samples"
REAL = PROJECT.parent / "shared" / "data" / "gpts" / "gpts.jsonl"
CLEAN = ("maths-tutor", "site-builder", "recipe-archivist", "weather-desk", "parcel-desk")
LEAKY, POISONED = "leaky-vault", "poisoned-helper"
LEAST = 30  # GPTs that are meant to open together
PUBLISHERS = (LUMEN, BRICK)


@dataclass(frozen=True)
class Candidate:
    """One GPT that its publisher wants to be part of the launch."""

    name: str
    publisher: str
    bundle: Bundle


def real_records() -> Path | None:
    """The records of real GPTs, where the project's shared folder lies beside it."""
    return REAL if REAL.is_file() else None


def candidates(pack: PolicyPack, records: Path | None) -> list[Candidate]:
    """At least `LEAST` GPTs, the last of them Northlight's. Raises `BundleRefused`."""
    bundles = _recorded(pack, records) if records else _samples(pack)
    found = [
        Candidate(bundle.manifest.name, PUBLISHERS[number % len(PUBLISHERS)], bundle)
        for number, bundle in enumerate(bundles)
    ]
    last = found[-1]
    return [*found[:-1], Candidate(last.name, NORTH, last.bundle)]


def sample(pack: PolicyPack, folder: str, publisher: str = BRICK) -> Candidate:
    bundle = _read(pack, _files(folder))
    return Candidate(bundle.manifest.name, publisher, bundle)


def _recorded(pack: PolicyPack, records: Path) -> Iterator[Bundle]:
    with records.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield _read(pack, read_record(line.rstrip(b"\r\n")).files)


def _samples(pack: PolicyPack) -> Iterator[Bundle]:
    """The clean ones again and again, each time under another name."""
    for number in range(LEAST):
        turn, folder = number // len(CLEAN) + 1, CLEAN[number % len(CLEAN)]
        yield _read(pack, _files(folder, f" {turn}" if turn > 1 else ""))


def _files(folder: str, suffix: str = "") -> dict[str, bytes]:
    root = SAMPLES / folder
    files = {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }
    if suffix:
        lines = files[MANIFEST].decode().splitlines(keepends=True)
        named = [
            f"name: {as_yaml(line.removeprefix('name:').strip() + suffix)}\n"
            if line.startswith("name:")
            else line
            for line in lines
        ]
        files[MANIFEST] = "".join(named).encode()
    return files


def _read(pack: PolicyPack, files: Mapping[str, bytes]) -> Bundle:
    return read_bundle(files, pack.limits, pack.static.categories)
