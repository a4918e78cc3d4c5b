"""What a batch made: one line of JSON for each file, so that a person's files are told apart."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from film_core.checkpoints.writing import output_error, write_atomically

_NAME = "made.jsonl"


@dataclass
class Report:
    """What a batch did.

    Attributes:
        folder: where the files are.
        written: names that were made now.
        kept: names that were there already, made from the same.
        foreign: names whose file a person wrote or edited; left as they are.
        failed: {name: sentence} of what couldn't be made.
    """

    folder: Path
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Ledger:
    """The files of one folder that a batch made, and what from."""

    def __init__(self, folder: Path) -> None:
        """Read the ledger of `folder`, which is made if it isn't there. Raises OutputError."""
        self._path = folder / _NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(folder, error) from None
        self._entries: dict[str, dict] = {}
        self._torn = False
        if self._path.is_file():
            content = self._path.read_text(encoding="utf-8", errors="replace")
            self._torn = bool(content) and not content.endswith("\n")
            for line in content.split("\n"):  # JSON leaves other ends of lines as they are
                try:
                    entry = json.loads(line)
                    self._entries[entry["name"]] = entry
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # a line that a kill cut short: its file is made again

    def state(self, name: str, file: Path, key: str) -> str:
        """Return "missing", "current", "outdated" (ours, made from something else) or "foreign"."""
        if not file.is_file():
            return "missing"
        entry = self._entries.get(name)
        if entry is None or entry.get("sha256") != _sha256(file.read_bytes()):
            return "foreign"
        return "current" if entry.get("key") == key else "outdated"

    def write(self, name: str, file: Path, content: bytes, key: str, **facts: object) -> None:
        """Write `file` atomically, and note it with what it was made from.

        Raises:
            OutputError: no room, no permission.
        """
        entry = {"name": name, "key": key, "sha256": _sha256(content), **facts}
        # Noted first: a kill in between leaves a note without file, which is made again. The other
        # way round the file would pass for a person's.
        try:
            # A name that isn't UTF-8 is written as the escapes that JSON has for it.
            with open(self._path, "a", encoding="utf-8", errors="backslashreplace") as opened:
                opened.write("\n" * self._torn + json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            raise output_error(self._path, error) from None
        self._torn = False
        self._entries[name] = entry
        write_atomically(file, content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
