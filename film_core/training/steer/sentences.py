"""A pool of sentences with their meaning and the encoder's features, made once before training."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from film_core.checkpoints.writing import write_atomically
from film_core.errors import SettingError
from film_core.instructions import STRENGTHS, Clause, Sentence, Wording, load_wording
from film_core.instructions.meaning import EVERYWHERE
from film_core.instructions.regions import GEOMETRIC_PLACES, SEEN_PLACES
from film_core.instructions.wording import ALL_OPERATIONS
from film_core.npz import DAMAGED
from film_core.text import Encoder

KINDS = {"one": 0.36, "two": 0.17, "rest": 0.05, "except": 0.07, "negated": 0.15, "fact": 0.1,
         "prose": 0.07, "nonsense": 0.03}  # fmt: skip
"""How often each kind of sentence is drawn."""
_OTHER_LANGUAGES = (
    "Mach das Bild links heller.", "Ein Mann steht vor einem Haus.", "Rends l'image plus claire.",
    "Une rue sombre la nuit.", "Haz la imagen más nítida.", "Una persona camina por la calle.",
    "把左边变亮", "一条黑暗的街道", "右側を暗くして", "Сделай ярче", "더 밝게",
    "اجعلها أكثر إشراقا", "Questa è una fotografia.", "Det är en bil på vägen.", "😀 🚗 🌃",
    "🔆🔆🔆", "❤️", "->", "...", "???",
)  # fmt: skip
MOST_WORDS = 128
SURROUNDED = 0.25
"""Share of instructions that begin or end with words that ask for nothing, or follow a fact."""


def trained_on(text: str) -> bool:
    """Whether a sentence may be trained on: one in eight never is, and measures seen wordings."""
    return hashlib.sha256(text.lower().strip(" .!?").encode()).digest()[0] % 8 != 0


def draw_trained_sentence(draw: np.random.Generator, wording: Wording) -> Sentence:
    """Return a sentence to train on: as `draw_sentence`, some among words that ask for nothing."""
    sentence = draw_sentence(draw, wording)
    if not sentence.spans or draw.random() > SURROUNDED:
        return sentence
    before = after = ""
    chance = draw.random()
    if chance < 0.3:
        before = wording.fact(draw).text.rstrip(" .!?") + ". "
    elif chance < 0.7:
        before = str(draw.choice(wording.content["openings"]))
    if chance > 0.5 and sentence.text[-1] not in "?.!":
        after = str(draw.choice(wording.content["closings"]))
    moved = tuple(
        replace(span, start=span.start + len(before), end=span.end + len(before))
        for span in sentence.spans
    )
    return replace(sentence, text=before + sentence.text + after, spans=moved)


def draw_sentence(draw: np.random.Generator, wording: Wording, kind: str = "") -> Sentence:
    """Return a sentence of any kind (`KINDS`), or of the one given."""
    kind = kind or str(draw.choice(list(KINDS), p=list(KINDS.values())))
    if kind == "fact":
        return _facts(draw, wording)
    if kind == "prose":
        return _prose(draw)
    if kind == "nonsense":
        return _nonsense(draw, wording)
    first = _clause(draw, wording)
    if kind == "one":
        return wording.instruction(draw, *first)
    if kind == "two":
        return wording.pair(draw, (first, _other_clause(draw, wording, first)))
    place = first[2] if first[2] != EVERYWHERE else _region(draw, wording, 0.0)
    if kind == "rest":
        second = _clause(draw, wording)[:2]
        if first[0].startswith("source") and draw.random() < 0.8:
            second = ({"source-a": "source-b", "source-b": "source-a"}[first[0]], "strongly")
        return wording.with_rest(draw, (*first[:2], place), second)
    if kind == "except":
        return wording.excluding(draw, *first[:2], place)
    if draw.random() < 0.4:
        return wording.forbidding(draw, first[0], first[2])
    kept = _region(draw, wording, 0.0)
    if draw.random() < 0.5 or kept == first[2] or not apart(first[2], kept):
        first = (*first[:2], EVERYWHERE)
    operation = first[0] if draw.random() < 0.6 else str(draw.choice(ALL_OPERATIONS))
    return wording.keeping(draw, first, operation, kept)


_APART = {frozenset(pair) for pair in (
    ("left", "right"), ("top", "bottom"), ("left-third", "right-third"),
    ("top-third", "bottom-third"), ("top-left", "bottom-right"), ("top-right", "bottom-left"),
    ("top-left", "top-right"), ("bottom-left", "bottom-right"), ("top-left", "bottom-left"),
    ("top-right", "bottom-right"), ("bright", "dark"), ("hot", "cold"), ("near", "far"),
    ("sky", "road"), ("centre", "border"),
)}  # fmt: skip


def apart(one: str, other: str) -> bool:
    """Whether two places have nothing in common."""
    return frozenset((one, other)) in _APART


def _clause(draw, wording: Wording) -> tuple[str, str, str]:
    operation = str(draw.choice(ALL_OPERATIONS))
    degree = str(draw.choice(list(STRENGTHS), p=[0.3, 0.35, 0.35]))
    if operation.startswith("source") and draw.random() < 0.6:
        degree = "strongly"
    return operation, degree, _region(draw, wording, 0.25)


def _other_clause(draw, wording: Wording, first: tuple) -> tuple[str, str, str]:
    """Return a second clause, often at the opposite place: order alone tells them apart."""
    second = _clause(draw, wording)
    opposite = [place for place in wording.places if apart(place, first[2])]
    if opposite and draw.random() < 0.6:
        second = (*second[:2], str(draw.choice(opposite)))
    return second


def _region(draw, wording: Wording, everywhere: float) -> str:
    chance = draw.random()
    if chance < everywhere:
        return EVERYWHERE
    geometric = [p for p in GEOMETRIC_PLACES if p in wording.places]
    seen = [p for p in SEEN_PLACES if p in wording.places]
    if chance > 0.92:
        return f"{draw.choice(seen)}&{draw.choice(['left', 'right', 'top', 'bottom'])}"
    return str(draw.choice(geometric if draw.random() < 0.6 else seen))


def _facts(draw, wording: Wording) -> Sentence:
    count = 1 if draw.random() < 0.5 else int(draw.integers(2, 13))
    return Sentence(" ".join(wording.fact(draw).text for _ in range(count)), kind="fact")


@cache
def _prose_sentences() -> list[str]:
    """Sentences about programming, from the help that comes with Python: words of all kinds."""
    from pydoc_data.topics import topics

    text = " ".join(" ".join(topic.split()) for topic in topics.values())
    found = re.split(r"(?<=[.!?]) (?=[A-Z])", text)
    return [s for s in found if re.fullmatch(r"[A-Za-z][\w ,.;:'()-]{20,200}[.!?]", s)]


def _prose(draw) -> Sentence:
    sentences = _prose_sentences()
    start, count = int(draw.integers(len(sentences) - 4)), int(draw.integers(1, 5))
    return Sentence(" ".join(sentences[start : start + count]), kind="fact")


def _nonsense(draw, wording: Wording) -> Sentence:
    chance = draw.random()
    if chance < 0.3:
        text = str(draw.choice(_OTHER_LANGUAGES))
    elif chance < 0.7:
        letters = "abcdefghijklmnopqrstuvwxyz"
        words = ["".join(draw.choice(list(letters), draw.integers(1, 9)))
                 for _ in range(draw.integers(1, 12))]  # fmt: skip
        text = " ".join(words)
    elif chance < 0.85:
        text = "".join(chr(draw.integers(33, 126)) for _ in range(draw.integers(1, 30)))
    else:
        words = " ".join(wording.fact(draw).text for _ in range(2)).split()
        text = " ".join(draw.permutation(words))
    return Sentence(text, kind="nonsense")


@dataclass(frozen=True)
class SentencePool:
    """Sentences with what the encoder makes of their words.

    Attributes:
        sentences: what was drawn.
        features: for each, (T, width) float16, special tokens left out.
        marks: for each, (T,) int16: the number of the token's span, or -1.
    """

    sentences: list[Sentence]
    features: list[np.ndarray]
    marks: list[np.ndarray]


def encode_words(encoder: Encoder, text: str) -> tuple[np.ndarray, list]:
    """Return features (T, width) float32 and tokens of the words alone, in order."""
    encoded = encoder.encode(text)
    inner = [n for n, token in enumerate(encoded.tokens) if token.end > token.start]
    return encoded.features[inner], [encoded.tokens[n] for n in inner]


def make_pool(
    encoder: Encoder,
    count: int,
    path: Path,
    seed: int = 0,
    progress: Callable[[str, float | None, str], None] | None = None,
    descriptions: Sequence[str] = (),
) -> SentencePool:
    """Make a pool of `count` sentences, encode them, and write them to `path` (.npz).

    Args:
        descriptions: of training pictures, which ask for nothing; they come first.
        seed: of what is drawn from the seen wordings for the rest.
    """
    wording, report = load_wording("seen"), progress or (lambda stage, done, detail: None)
    sentences, features, marks = [], [], []
    draw = np.random.default_rng([seed, 7])
    given = [Sentence(text, kind="fact") for text in descriptions]
    while len(sentences) < count:
        sentence = given.pop() if given else draw_trained_sentence(draw, wording)
        if not trained_on(sentence.text):
            continue
        words, tokens = encode_words(encoder, sentence.text)
        if not 0 < len(words) <= MOST_WORDS:
            continue
        sentences.append(sentence)
        features.append(words.astype(np.float16))
        marks.append(token_marks(sentence, tokens))
        if len(sentences) % 500 == 0:
            report("sentences", len(sentences) / count, sentence.text)
    content = io.BytesIO()
    np.savez(
        content,
        features=np.concatenate(features), marks=np.concatenate(marks),
        lengths=np.array([len(words) for words in features]),
        sentences=np.array(json.dumps([_as_list(s) for s in sentences])),
    )  # fmt: skip
    write_atomically(path, content.getvalue())
    return SentencePool(sentences, features, marks)


def token_marks(sentence: Sentence, tokens: list) -> np.ndarray:
    """Return for each token the number of the span that it lies in, or -1, (T,) int16."""
    marks = np.full(len(tokens), -1, np.int16)
    for number, span in enumerate(sentence.spans):
        for index, token in enumerate(tokens):
            if token.start >= span.start and token.end <= span.end:
                marks[index] = number
    return marks


def read_pool(path: Path) -> SentencePool:
    """Read what `make_pool` wrote.

    Raises:
        SettingError: it is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            bounds = np.cumsum(file["lengths"])[:-1]
            features = np.split(file["features"], bounds)
            marks = np.split(file["marks"], bounds)
            sentences = [_from_list(entry) for entry in json.loads(str(file["sentences"]))]
    except (KeyError, *DAMAGED) as error:
        raise SettingError(
            "steer.sentences", "'{path}' is no pool of sentences ({reason}); delete it.",
            path=str(path), reason=str(error)[:100],
        ) from None  # fmt: skip
    return SentencePool(sentences, features, marks)


def _as_list(sentence: Sentence) -> list:
    return [
        sentence.text,
        [[c.operation, c.strength, c.region] for c in sentence.clauses],
        [[s.start, s.end, s.kind, s.region] for s in sentence.spans],
        sentence.kind,
    ]


def _from_list(entry: list) -> Sentence:
    from film_core.instructions import Span

    text, clauses, spans, kind = entry
    return Sentence(text, tuple(Clause(*c) for c in clauses), tuple(Span(*s) for s in spans), kind)
