"""However a kept array is damaged, it counts as damaged."""

import io

import numpy as np

from film_core.npz import DAMAGED


def test_every_damage_is_known_as_one():
    """Found by flipping bytes: zlib, the zip's reader and Python's tokenizer have their own."""
    content = io.BytesIO()
    np.savez_compressed(content, values=np.arange(600.0), text=np.array("facts"))
    whole, seen = content.getvalue(), set()
    for at in range(len(whole)):
        for flip in (0x01, 0x80):
            broken = bytearray(whole)
            broken[at] ^= flip
            try:
                with np.load(io.BytesIO(bytes(broken)), allow_pickle=False) as file:
                    for name in file.files:
                        file[name]
            except (KeyError, *DAMAGED) as error:
                seen.add(type(error).__name__)
    assert {"BadZipFile", "error"} <= seen
