"""Write the OpenAPI document: `python -m api.export` (a test compares it with the application)."""

import json
import tempfile
from pathlib import Path

from api.app import create_app
from api.schema import document
from gonogo.settings import Settings

FILE = Path(__file__).parent / "openapi.json"


def text() -> str:
    """The document as it is committed. Nothing is opened or started for it."""
    app = create_app(Settings(data=Path(tempfile.gettempdir()) / "unused"))
    return json.dumps(document(app), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
