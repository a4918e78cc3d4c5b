"""Mutated images and odd texts, the same ones for the same seed."""

import numpy as np

from benchmarks.fuzzing.seeds import images

_EXTREMES = (b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\x01")
_OTHERS = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    "gif": b"GIF89a\x01\0\x01\0\0\0\0;",
    "html": b"<html><script>alert(1)</script></html>",
    "text": b"just words\n",
    "nothing": b"",
}
_ALPHABETS = (
    (0x20, 0x7F), (0, 0x20), (0x80, 0x250), (0x300, 0x370), (0x590, 0x700), (0x2000, 0x2070),
    (0x4E00, 0x9FFF), (0xD800, 0xE000), (0xE000, 0xE100), (0xFFF0, 0x10000), (0x1F300, 0x1F700),
    (0xE0000, 0xE0080), (0x10FFF0, 0x110000),
)  # fmt: skip
_FRAGMENTS = (
    "A person stands by the wall.", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "{0} {error} {seen!r:>1000000000}", "%s%n%x", "$(id)", "`id`", "'; DROP TABLE x; --",
    "../../etc/passwd", "\r\nSet-Cookie: a=b", "\x1b[2J\x1b[31m", "\x00", "[CLS] [SEP] [MASK]",
    "##ing", "e\u0301" * 40, "\u202etxt.exe", "\ufeff", "\ufdfa" * 50, "\U0001d56c" * 30,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 20, "\u200b" * 99, '=HYPERLINK("http://x")',
    "data:image/png;base64,AAAA", "null", "NaN", "\ud83d", "\udc00x", "mailto:x",
    "人 行走 在 街道", "שלום", "مرحبا",
)  # fmt: skip


def mutated_images(count: int, seed: int = 0) -> list[tuple[str, bytes]]:
    """Return (kind, file) of `count` mutated images, every kind of `seeds.images` equally often."""
    draw = np.random.default_rng(seed)
    whole = images()
    kinds = list(whole)
    made = [(name, data) for name, data in _OTHERS.items()][: max(0, count // 50)]
    while len(made) < count:
        kind = kinds[len(made) % len(kinds)]
        other = whole[kinds[draw.integers(len(kinds))]]
        made.append((kind, _mutated(bytearray(whole[kind]), other, draw)))
    return made


def odd_texts(count: int, most: int, seed: int = 0) -> list[str]:
    """Return `count` texts of every alphabet, with markup, controls and lone surrogates.

    Args:
        most: characters that the page accepts; some texts have exactly as many, some one more.
    """
    draw = np.random.default_rng(seed)
    made = []
    for number in range(count):
        if number % 100 == 99:
            made.append("long " * (most // 5 + 1))
        elif number % 100 == 49:
            made.append(("x " * most)[:most])
        elif number % 3 == 0:
            parts = draw.choice(len(_FRAGMENTS), draw.integers(1, 6))
            made.append(" ".join(_FRAGMENTS[part] for part in parts))
        else:
            first, end = _ALPHABETS[draw.integers(len(_ALPHABETS))]
            length = int(draw.choice([1, 5, 40, 300, 2000]))
            made.append("".join(map(chr, draw.integers(first, end, length))))
    return made


def _mutated(data: bytearray, other: bytes, draw: np.random.Generator) -> bytes:
    for _ in range(draw.integers(1, 6)):
        # Half the changes in the header, where they matter most.
        reach = max(1, len(data) if draw.random() < 0.5 else min(120, len(data)))
        at = int(draw.integers(reach))
        length = int(draw.integers(1, 40))
        kind = draw.integers(7)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = draw.integers(256)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = draw.bytes(length)
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif kind == 4:
            data[at : at + 4] = _EXTREMES[draw.integers(len(_EXTREMES))]
        elif kind == 5:
            data[at : at + length] = other[at : at + length]
        elif len(data) > 1:
            del data[int(draw.integers(1, len(data))) :]
    return bytes(data)
