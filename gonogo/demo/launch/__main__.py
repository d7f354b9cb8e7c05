"""`python -m gonogo.demo.launch --write FILE`: the reference story as a page, from the samples."""

import argparse
import sys
import tempfile
from pathlib import Path

from gonogo.demo.launch.page import page_of
from gonogo.demo.launch.performance import perform


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gonogo.demo.launch", description=__doc__)
    parser.add_argument("--write", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="gonogo-story-") as folder:
        play = perform(Path(folder) / "data", None)
    options.write.write_text(page_of(play), "utf-8")
    return 1 if any(not one.held for one in play.expectations) else 0


if __name__ == "__main__":
    sys.exit(main())
