"""Exit codes, the same for every command; docs/cli.md documents them."""

OK = 0  # done; for `submit --wait`: approved
REFUSED = 1  # the rules or the checks said no; nothing was changed
USAGE = 2  # the command line makes no sense
UNAVAILABLE = 3  # the API, the database or the orchestrator gave no answer; try again
STRANGER = 4  # no token, or one that does not hold
UNDECIDED = 5  # --timeout passed first; everything goes on without us
INTERRUPTED = 130  # Ctrl-C, as shells count it


class Failure(Exception):
    """Ends a command: `title`, `detail` and `remedy` are shown, `exit_code` is returned.

    `value` is what `--json` prints instead.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        remedy: str = "",
        *,
        exit_code: int = REFUSED,
        value: dict[str, object] | None = None,
    ) -> None:
        super().__init__(title)
        self.title, self.detail, self.remedy, self.exit_code = title, detail, remedy, exit_code
        self.value = value or {"title": title, "detail": detail, "remedy": remedy}
