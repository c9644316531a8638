"""Decodes the file names in a zip. Newer programs mark them as UTF-8; others use the code page of their computer."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from course_grader.submissions.filenames import IGNORED

IS_UTF8 = 0x800
# Info-ZIP's Unicode path: version, checksum of the undecoded name, the name in UTF-8.
UNICODE_PATH = 0x7075
# The usual code pages of zips without the mark: Korean, Japanese, Chinese, Western. The last one decodes any bytes.
CODE_PAGES = ("cp949", "cp932", "gbk", "big5", "cp1252", "cp437")
# A student may submit thousands of files: at most this many names are examined.
MOST_NAMES = 2000


def names_of(infos: Sequence[zipfile.ZipInfo], fits: Callable[[str], int]) -> list[str]:
    """Return the names of a zip's members, with `/` between folders.

    fits: returns how many names of the class a text contains. The same code page is used for all names that are not
    marked as UTF-8.
    """
    raw = [_raw(info) for info in infos]
    chosen = _code_page([name for name in raw if isinstance(name, bytes) and not name.isascii()], raw, fits)
    names = [name if isinstance(name, str) else name.decode(chosen, "backslashreplace") for name in raw]
    # .NET before 4.6.1 separated folders by backslashes; in any other zip a backslash is part of a name.
    if not any("/" in name for name in names) and 2 * sum("\\" in name for name in names) > len(names):
        return [name.replace("\\", "/") for name in names]
    return names


def _raw(info: zipfile.ZipInfo) -> str | bytes:
    """Return a name as text if the zip says how it is encoded, else as bytes."""
    if info.flag_bits & IS_UTF8:
        return info.orig_filename.split("\0")[0]
    raw = info.orig_filename.encode("cp437")
    return _unicode_path(info.extra, raw) or raw.split(b"\0")[0]


def _unicode_path(extra: bytes, raw: bytes) -> str:
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(field) > 5 and struct.unpack("<I", field[1:5])[0] == zlib.crc32(raw):
            return field[5:].decode("utf-8", "ignore")
    return ""


def _code_page(odd: Sequence[bytes], everything: Sequence[str | bytes], fits: Callable[[str], int]) -> str:
    """Return the encoding of the names: UTF-8 if most of them are valid UTF-8, else the code page that fits the class
    best, else the one in which they look most like a language."""
    if not odd:
        return "utf-8"
    heads = _heads(odd, everything)[:MOST_NAMES]
    readable = {page: [name for name in heads if _is_valid_in(name, page)] for page in ("utf-8", *CODE_PAGES)}
    if 2 * len(readable.pop("utf-8")) > len(heads):
        return "utf-8"
    guesses = _ranked_pages(b"\n".join(heads))
    fit = {page: fits("\n".join(name.decode(page) for name in names)) for page, names in readable.items()}
    return min(CODE_PAGES, key=lambda page: (-fit[page], -len(readable[page]), guesses.index(page)))


def _heads(odd: Sequence[bytes], everything: Sequence[str | bytes]) -> list[bytes]:
    """Return the parts of paths that name students, each once, so that a student with many files counts once."""
    paths = [(name.encode() if isinstance(name, str) else name).split(b"/") for name in everything]
    paths = [path for path in paths if path[0].decode(errors="ignore") not in IGNORED]
    depth = 0
    while paths and all(len(path) > depth + 1 and path[depth] == paths[0][depth] for path in paths):
        depth += 1
    heads = {path[depth] for path in paths if len(path) > depth and not path[depth].isascii()}
    return sorted(heads & {part for name in odd for part in name.split(b"/")}) or sorted(set(odd))


def _is_valid_in(name: bytes, page: str) -> bool:
    try:
        name.decode(page)
    except UnicodeDecodeError:
        return False
    return True


def _ranked_pages(text: bytes) -> list[str]:
    """Return the code pages, the likeliest first."""
    # Imported here, because only zips with undeclared encodings need it.
    from charset_normalizer import from_bytes

    ranked = [guess.encoding for guess in from_bytes(text, cp_isolation=list(CODE_PAGES), threshold=1.0)]
    return list(dict.fromkeys([*(page for page in ranked if page in CODE_PAGES), *CODE_PAGES]))
