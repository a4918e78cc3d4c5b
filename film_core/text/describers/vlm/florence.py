"""Florence-2 isn't asked in words but by task names (Xiao et al., CVPR 2024, table 13)."""

TASKS = {
    "description": "<MORE_DETAILED_CAPTION>",
    "caption": "<CAPTION>",
    "objects": "<OD>",
    "regions": "<DENSE_REGION_CAPTION>",
}
"""The task for each kind of question."""


def as_text(parsed: str | dict, size: tuple[int, int]) -> str:
    """Return a parsed answer as text.

    Args:
        parsed: a caption, or {"bboxes": [(left, top, right, bottom) in pixels], "labels": [...]}.
        size: width and height of the image in pixels.

    Returns:
        The caption, or a line for each box: name (left, top, right, bottom), in percent.
    """
    if isinstance(parsed, str):
        return parsed.strip()
    width, height = size
    lines = []
    for (left, top, right, bottom), label in zip(parsed["bboxes"], parsed["labels"], strict=True):
        box = (left / width, top / height, right / width, bottom / height)
        lines.append(f"{label} ({', '.join(f'{100 * side:.0f}' for side in box)})")
    return "\n".join(lines)
