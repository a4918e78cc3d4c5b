"""The numbers that define the steering branch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SteerConfig:
    """Sizes of the branch.

    Attributes:
        text_width: width of the encoder's features.
        width: width of a word's state.
        heads: heads of the words' attention to each other.
        blocks: transformer blocks over the words.
        match_width: width of the queries of image positions and of the words' keys; training
            gives each component the meaning of one place.
        query_width: hidden width of the queries.
        grid: cells along either side of the picture, in which words find their place.
        edits: kinds of edit whose strength is formed for each pixel (`instructions.CHANNELS`).
        near_width, far_width, hidden: channels of the full-resolution part.
        smooth: learnt linear filters of the full-resolution part.
        sources: texts that a word can come from: description A, description B, instruction.
    """

    text_width: int = 384
    width: int = 128
    heads: int = 4
    blocks: int = 2
    match_width: int = 23
    query_width: int = 96
    grid: int = 48
    edits: int = 9
    near_width: int = 16
    far_width: int = 24
    hidden: int = 32
    smooth: int = 8
    sources: int = 3
