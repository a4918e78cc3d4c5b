"""What a text may be made of."""

from film_core.errors import TextError


def check_characters(text: str) -> None:
    """Raise TextError if `text` holds half a character, which can't be encoded."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise TextError(
            "text.half_character",
            "The description has half a character (U+{point}) at position {position}: remove it "
            "or paste the text again.",
            point=f"{ord(text[failure.start]):04X}", position=failure.start + 1,
        ) from None  # fmt: skip


def check_storable(*texts: str | None) -> None:
    """Raise TextError if one can't be stored beside a picture: half a character, or a null."""
    for text in filter(None, texts):
        check_characters(text)
        if "\0" in text:
            raise TextError(
                "text.null",
                "The description has a null character at position {position}: remove it or paste "
                "the text again.",
                position=text.index("\0") + 1,
            )
