"""Remarks for people: plain sentences that a page can also say in its own language."""


class Note(str):
    """A sentence that remembers what it was made of.

    It is the English text wherever text is expected; `code` and `values` are for translating it,
    as those of `film_core.errors.FilmError`.

    Args:
        code: stable dotted name such as ``"image.turned"``.
        sentence: English template, filled with `values` by `str.format`.
        values: numbers and names in it.
    """

    code: str
    sentence: str
    values: dict[str, object]

    def __new__(cls, code: str, sentence: str, **values: object) -> "Note":
        note = super().__new__(cls, sentence.format(**values))
        note.code, note.sentence, note.values = code, sentence, values
        return note

    def __reduce__(self):  # keyword arguments survive pickling
        return _rebuild, (self.code, self.sentence, self.values)


def as_message(note: str) -> dict[str, object] | str:
    """Return `note` as JSON keeps it: what it was made of, or the text where it is only that."""
    if not isinstance(note, Note):
        return note
    return {"code": note.code, "sentence": note.sentence, "values": note.values}


def from_message(message: dict[str, object] | str) -> str:
    """Return the note that `as_message` made `message` of."""
    if isinstance(message, str):
        return message
    return Note(message["code"], message["sentence"], **message["values"])


def _rebuild(code: str, sentence: str, values: dict[str, object]) -> Note:
    return Note(code, sentence, **values)
