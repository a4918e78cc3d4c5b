"""Draws sentences with known meaning from a file of wordings.

There are two files, and nothing of a sentence's shape is shared between them: ``seen`` is trained
on, ``held_out`` is only measured on. A file lists frames ("could you make {P} {c}?"), what can
stand in them, and the places. Slots: {P} a place as a noun, {@} as an adverb, {c} a comparative,
{v} {g} {p} a verb, its gerund and participle, {x} a phrase that says what to change, {n} what there
should be more of, {d} how much, {S} a source, {X} any imperative.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from film_core.errors import unknown_name
from film_core.instructions.meaning import (
    EVERYWHERE,
    OPERATIONS,
    STRENGTHS,
    Clause,
    Sentence,
    Span,
)

SPLITS = ("seen", "held_out")
_FOLDER = Path(__file__).parent / "wordings"
_FORMS = ("comparative", "verb", "change", "noun")
_SLOT = re.compile(r"\{([A-Za-z@])\}")
_TRUST = {"source-a": "a", "source-b": "b"}


@cache
def load_wording(split: str) -> "Wording":
    """Return the wordings of a split.

    Raises:
        UnknownNameError: another split.
    """
    if split not in SPLITS:
        raise unknown_name("split of wordings", split, SPLITS)
    return Wording(json.loads((_FOLDER / f"{split}.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class _Piece:
    """A filled slot: its text and, where it names a place or an operation, which."""

    text: str
    kind: str = ""
    region: str = ""


class Wording:
    """One file of wordings; every drawing is decided by the generator given.

    Attributes:
        content: the file.
        places: the places that can be named.
    """

    def __init__(self, content: dict) -> None:
        self.content = content
        self.places = tuple(content["places"])

    # -- whole sentences ---------------------------------------------------------------------

    def instruction(
        self, draw: np.random.Generator, operation: str, degree: str, region: str = EVERYWHERE
    ) -> Sentence:
        """Return one clause in any wording.

        Args:
            draw: decides the wording.
            operation: a name in `OPERATIONS`.
            degree: ``slightly``, ``plainly`` or ``strongly``.
            region: ``all``, a place, or two joined by &, the second of which can be an adverb.
        """
        frame, pieces = self._clause(draw, operation, degree, region)
        clause = Clause(operation, STRENGTHS[degree], region)
        return self._finished(draw, [(frame, pieces)], (clause,), "one")

    def pair(
        self, draw: np.random.Generator, clauses: tuple[tuple[str, str, str], ...]
    ) -> Sentence:
        """Return two clauses in one sentence; each is (operation, degree, region)."""
        parts = [self._clause(draw, *clause) for clause in clauses]
        meant = tuple(Clause(o, STRENGTHS[d], r) for o, d, r in clauses)
        return self._finished(draw, parts, meant, "two")

    def with_rest(
        self, draw: np.random.Generator, first: tuple[str, str, str], rest: tuple[str, str]
    ) -> Sentence:
        """Return "this here, and that for the rest"; `rest` is (operation, degree)."""
        operation, degree, region = first
        outside = _complement(region)
        parts = [self._clause(draw, operation, degree, region)]
        noun = _Piece(self._one(draw, "rests"), "place", outside)
        parts.append(self._clause(draw, *rest, outside, noun))
        meant = (
            Clause(operation, STRENGTHS[degree], region),
            Clause(rest[0], STRENGTHS[rest[1]], outside),
        )
        return self._finished(draw, parts, meant, "two")

    def excluding(
        self, draw: np.random.Generator, operation: str, degree: str, region: str
    ) -> Sentence:
        """Return "everything but this": the edit is meant outside `region`."""
        outside = _complement(region)
        place = self._noun(draw, region)
        listed = self.content["operations"].get(operation, {})
        if listed and draw.random() < 0.4:
            frame = self._one(draw, "except-comparatives")
            words = self._degree(
                draw, degree, "comparative", str(draw.choice(listed["comparative"]))
            )
            pieces = {"P": place, "@": self._adverb(draw, region)}
            pieces["c"] = _Piece(words, "operation", outside)
        else:
            frame = self._one(draw, "excepts")
            if listed:
                verb = listed["verb"][draw.integers(len(listed["verb"]))][0]
            else:
                verb = f"use {self._source(draw, operation)} for"
            verb = f"{self._degree(draw, degree, 'adverb')} {verb}" if degree != "plainly" else verb
            pieces = {"P": place, "@": self._adverb(draw, region)}
            pieces["X"] = _Piece(verb.strip(), "operation", outside)
        clause = Clause(operation, STRENGTHS[degree], outside)
        return self._finished(draw, [(frame, pieces)], (clause,), "except")

    def forbidding(self, draw: np.random.Generator, operation: str, region: str) -> Sentence:
        """Return a sentence that forbids an operation at a place: nothing is to change."""
        frame, pieces = self._forbidding(draw, operation, region)
        return self._finished(draw, [(frame, pieces)], (), "negated")

    def keeping(
        self, draw: np.random.Generator, clause: tuple[str, str, str], operation: str, kept: str
    ) -> Sentence:
        """Return an instruction that also says what is to stay: "… but leave {kept} alone".

        Where `clause` names no place, the edit is meant everywhere but there.
        """
        name, degree, region = clause
        parts = [self._clause(draw, *clause), self._forbidding(draw, operation, kept, name)]
        if draw.random() < 0.35:
            parts.reverse()
        meant = _complement(kept) if region == EVERYWHERE else region
        if region == EVERYWHERE:
            parts = [(frame, _moved(pieces, EVERYWHERE, meant)) for frame, pieces in parts]
        return self._finished(draw, parts, (Clause(name, STRENGTHS[degree], meant),), "negated")

    def fact(self, draw: np.random.Generator) -> Sentence:
        """Return a description, a remark, or a sentence about something else: nothing is asked."""
        facts = self.content["facts"]
        if draw.random() < 0.25:
            return Sentence(str(draw.choice(facts["plain"])), kind="fact")
        frame = str(draw.choice(facts["seen"] + facts["states"]))

        def filled(match: re.Match) -> str:
            slot = match[1]
            place = str(draw.choice(self.places))
            if slot in "P@":
                return str(
                    draw.choice(self.content["places"][place]["np" if slot == "P" else "at"])
                )
            if slot == "S":
                return str(draw.choice(self.content["sources"]["ab"[draw.integers(2)]]))
            if slot == "k":
                return str(draw.integers(5, 240))
            return str(draw.choice(facts["subjects" if slot == "s" else "qualities"]))

        text = _SLOT.sub(filled, frame)
        if draw.random() < 0.7:
            text = text[0].upper() + text[1:] + "."
        return Sentence(text, kind="fact")

    # -- parts of sentences ------------------------------------------------------------------

    def _clause(self, draw, operation, degree, region, noun: _Piece | None = None):
        """Return a frame and what fills its slots."""
        if operation in _TRUST:
            # "use the infrared" means all of it; less must be said.
            plain = degree == "strongly" and draw.random() < 0.75
            kind = "trust" if plain else "trust-degree"
        else:
            kind = str(draw.choice(_FORMS, p=[0.3, 0.3, 0.25, 0.15]))
        frames = self.content["frames"][kind]
        if noun is not None:
            frames = [frame for frame in frames if "{P}" in frame]
        if degree != "plainly" and kind in ("verb", "change"):
            frames = [frame for frame in frames if "{d}" in frame]
        frame = str(draw.choice(frames))
        pieces = self._operation(draw, kind, operation, degree, region)
        pieces["P"] = noun or self._noun(draw, region)
        pieces["@"] = self._adverb(draw, region)
        return frame, pieces

    def _operation(self, draw, kind, operation, degree, region) -> dict[str, _Piece]:
        if operation in _TRUST:
            source = _Piece(self._source(draw, operation), "operation", region)
            degrees = [word for word in self.content["degrees"][degree]["adverb"] if word]
            return {"S": source, "d": _Piece(str(draw.choice(degrees)), "degree", region)}
        listed = self.content["operations"][operation]
        if kind == "verb":
            base, gerund, participle = listed["verb"][draw.integers(len(listed["verb"]))]
            words = {"v": base, "g": gerund, "p": participle}
        else:
            word = str(draw.choice(listed[kind]))
            words = {"comparative": {"c": word}, "change": {"x": word}, "noun": {"n": word}}[kind]
        pieces = {slot: _Piece(word, "operation", region) for slot, word in words.items()}
        for slot, form in (("c", "comparative"), ("n", "noun")):
            if slot in pieces:
                worded = self._degree(draw, degree, form, pieces[slot].text)
                pieces[slot] = _Piece(worded, "operation", region)
        pieces["d"] = _Piece(self._degree(draw, degree, "adverb"), "degree", region)
        return pieces

    def _forbidding(self, draw, operation, region, said: str = ""):
        """Return a clause that forbids; `said` is what the sentence already asks for."""
        kind = str(draw.choice(["keep", "form"], p=[0.6, 0.4] if said else [0.25, 0.75]))
        if kind == "form":
            kind = "trust" if operation in _TRUST else str(draw.choice(_FORMS))
        frame = self._one(draw, "negations", kind)
        pieces = {"P": self._noun(draw, region), "@": self._adverb(draw, region)}
        if kind == "trust":
            pieces["S"] = _Piece(self._source(draw, operation))
        elif kind != "keep":
            degree = "plainly"
            made = self._operation(draw, kind, operation, degree, region)
            pieces |= {slot: _Piece(piece.text) for slot, piece in made.items()}
        return frame, pieces

    def _degree(self, draw, degree: str, form: str, word: str = "") -> str:
        phrase = str(draw.choice(self.content["degrees"][degree][form]))
        return phrase.replace("{c}", word).replace("{n}", word)

    def _source(self, draw, operation: str) -> str:
        return str(draw.choice(self.content["sources"][_TRUST[operation]]))

    def _noun(self, draw, region: str) -> _Piece:
        if region == EVERYWHERE:
            return _Piece(self._one(draw, "whole"))
        if "&" in region:
            thing, where = region.split("&")
            compound = self._one(draw, "compounds")
            text = compound.replace("{O}", self._one(draw, "places", thing, "np"))
            return _Piece(
                text.replace("{@}", self._one(draw, "places", where, "at")), "place", region
            )
        return _Piece(self._one(draw, "places", region, "np"), "place", region)

    def _adverb(self, draw, region: str) -> _Piece:
        if region == EVERYWHERE:
            return _Piece(self._one(draw, "whole-at"))
        if region.startswith("!"):
            return _Piece(self._one(draw, "rests"), "place", region)
        if "&" in region:
            thing, where = region.split("&")
            at = [self._one(draw, "places", name, "at") for name in (thing, where)]
            return _Piece(" ".join(at), "place", region)
        return _Piece(self._one(draw, "places", region, "at"), "place", region)

    def _one(self, draw, *path: str) -> str:
        found = self.content
        for key in path:
            found = found[key]
        return str(found[draw.integers(len(found))])

    def _finished(self, draw, parts, clauses, kind: str) -> Sentence:
        """Fill the frames, join them, and keep where each piece came to stand."""
        text, spans = "", []
        for number, (frame, pieces) in enumerate(parts):
            if number:
                text = text.rstrip("?.! ") + self._one(draw, "joins")
            text = _fill(text, frame, pieces, spans)
        if draw.random() < 0.5:
            text = text[0].upper() + text[1:]
        if draw.random() < 0.5 and text[-1] not in "?.!":
            text += "." if draw.random() < 0.85 else "!"
        return Sentence(text, clauses, tuple(spans), kind)


def _fill(text: str, frame: str, pieces: dict[str, _Piece], spans: list[Span]) -> str:
    """Append `frame` with its slots filled to `text`; empty pieces take their space with them."""
    place = 0
    for match in _SLOT.finditer(frame):
        text = _append(text, frame[place : match.start()])
        piece = pieces[match[1]]
        if piece.text:
            text = _append(text, piece.text)
            if piece.kind:
                spans.append(Span(len(text) - len(piece.text), len(text), piece.kind, piece.region))
        place = match.end()
    return _append(text, frame[place:]).rstrip()


def _append(text: str, more: str) -> str:
    if text.endswith(" ") or not text:
        more = more.lstrip(" ")
    if more[:1] in ("?", ",", ":") and text.endswith(" "):
        text = text.rstrip(" ")
    return text + more


def _complement(region: str) -> str:
    return f"!({region})" if "&" in region else f"!{region}"


def _moved(pieces: dict[str, _Piece], old: str, new: str) -> dict[str, _Piece]:
    return {
        slot: _Piece(piece.text, piece.kind, new) if piece.region == old else piece
        for slot, piece in pieces.items()
    }


ALL_OPERATIONS = tuple(OPERATIONS)
