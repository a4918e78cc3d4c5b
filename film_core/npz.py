"""What reading a `.npz` file can raise where the file is damaged: numpy says so in many ways."""

import tokenize
import zipfile
import zlib

DAMAGED = (
    OSError, ValueError, EOFError, NotImplementedError, SyntaxError, RuntimeError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
