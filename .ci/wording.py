"""Names each phrase in the text of the project that a reader would have to decode, and what to write instead.

    python .ci/wording.py [FOLDER]

The phrases and the files are in wording.toml. Ends with 1 if there is one. A line with `wording: ignore` is left
out, and the line below it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent


def found(text: str, phrases: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the phrase and its remedy for each phrase in a text, also where a line ends within it."""
    lines = text.splitlines()
    for phrase, better in phrases.items():
        pattern = r"\b" + phrase.replace(" ", r"[\s#>*]+") + r"\b"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            number = text.count("\n", 0, match.start()) + 1
            if not any("wording: ignore" in line for line in lines[max(0, number - 2) : number]):
                yield number, " ".join(match[0].split()), better


def main(root: Path) -> int:
    rules = tomllib.loads((HERE / "wording.toml").read_text(encoding="utf-8"))
    files = {path for pattern in rules["where"]["files"] for path in root.glob(pattern) if path.is_file()}
    count = 0
    for path in sorted(files - {HERE / "wording.toml"}):
        for number, phrase, better in found(path.read_text(encoding="utf-8"), rules["phrases"]):
            print(f"{path.relative_to(root)}:{number}: {phrase!r}: write {better}")
            count += 1
    return count > 0


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2]).resolve() if sys.argv[1:] else HERE.parent))
