"""What made a fused picture, as text entries of its PNG: enough to make it again."""


def parameters(
    task: str, weights: str, device: str, texts: tuple[str, str], digests: tuple[str, str]
) -> dict[str, str]:
    """Return the entries of a result.

    Args:
        texts: the two descriptions.
        digests: SHA-256 of the two source files.
    """
    entries = {
        "Software": "FILM Studio",
        "film.task": task,
        "film.weights": weights,
        "film.device": device,
        "film.text_a": texts[0],
        "film.text_b": texts[1],
        "film.sha256_a": digests[0],
        "film.sha256_b": digests[1],
    }
    return {name: _storable(value) for name, value in entries.items()}


def _storable(text: str) -> str:
    """Return `text` without what a PNG can't hold: null and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
