"""How large a zip's directory is, from its end, before the directory itself is parsed.

APPNOTE.TXT of PKWARE, 4.3.14 to 4.3.16: the end of central directory record, and where numbers need
more than 32 bits, a record of Zip64 and its locator before it. It is looked for where `zipfile`
looks for it.
"""

import os
import struct
from typing import BinaryIO

_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
_MOST_COMMENT = 1 << 16


def directory_size(file: BinaryIO) -> tuple[int, int]:
    """Return how many entries the directory of a zip claims to have, and how many bytes.

    Both are 0 where `file` has no end of a zip.
    """
    size = file.seek(0, os.SEEK_END)
    begin = file.seek(max(0, size - _MOST_COMMENT - _END_BYTES - _LOCATOR_BYTES))
    tail = file.read()
    end = len(tail) - _END_BYTES
    if end < 0 or not (tail.startswith(_END, end) and tail.endswith(b"\0\0")):
        end = tail.rfind(_END)  # before a comment
    if not 0 <= end <= len(tail) - _END_BYTES:
        return 0, 0
    locator = end - _LOCATOR_BYTES
    found = []
    if locator >= 0 and tail.startswith(_LOCATOR, locator):
        # Some readers take the record before the locator, others the one that it points to.
        (pointed,) = struct.unpack_from("<Q", tail, locator + 8)
        for place in (begin + locator - _END_64_BYTES, pointed):
            if 0 <= place <= size - _END_64_BYTES:
                file.seek(place)
                record = file.read(_END_64_BYTES)
                if record.startswith(_END_64):
                    entries, length = struct.unpack_from("<QQ", record, 32)
                    found.append((length, entries))
    if not found:
        entries, length = struct.unpack_from("<HL", tail, end + 10)
        found.append((length, entries))
    length, entries = max(found)
    return entries, length
