"""All that is measured on one test pair."""

from collections.abc import Callable

import numpy as np

from film_core.benchmarking.steering.judging import Shown, can_be_seen, does_what_it_says
from film_core.fusion import SteeringResult
from film_core.instructions import STRENGTHS, Sentence, Span, load_wording, region_planes
from film_core.instructions.meaning import OPERATIONS
from film_core.training.steer.damage import REPAIRS, damage_pair
from film_core.training.steer.sentences import draw_sentence, trained_on

GREY = 255.0
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


class PairMeasurement:
    """Measures one pair.

    Args:
        fuser: from `load_fuser`, with the pair set.
        shown: the pair with its neutral picture.
        draw: decides sentences.
        size: how many cases of each kind.
        others: descriptions of other pictures.
    """

    def __init__(self, fuser, shown: Shown, draw, size: int, others: tuple[str, str]) -> None:
        self.fuser, self.shown, self.draw, self.size = fuser, shown, draw, size
        self.others = others
        self.wordings = {split: load_wording(split) for split in ("seen", "held_out")}
        self.values: dict[str, list[float]] = {}

    def note(self, key: str, value: float) -> None:
        """Add a value under a key of `GOALS`."""
        self.values.setdefault(key, []).append(float(value))

    def fused(self, text: str) -> np.ndarray:
        """Return the picture under an instruction and no descriptions."""
        return self.fuser.render("", "", text)[0]

    def change(self, fused: np.ndarray) -> np.ndarray:
        """Return the change from the neutral picture in grey levels, (H, W)."""
        return GREY * np.abs(fused - self.shown.neutral)

    def sentence(self, split: str, make: Callable) -> Sentence:
        """Return a sentence of `make(wording)` that was never trained on."""
        while True:
            found = make(self.wordings[split])
            if split == "held_out" or not trained_on(found.text):
                return found

    def meaning(self, split: str, everywhere: bool = True) -> tuple[str, str]:
        """Return an operation and a region in which it can be seen."""
        for _ in range(200):
            operation = str(self.draw.choice(list(OPERATIONS)))
            region = str(self.draw.choice(self.wordings[split].places))
            if everywhere and self.draw.random() < 0.2:
                region = "all"
            if can_be_seen(self.shown, operation, region):
                return operation, region
        return "brighter", "left"

    def edits(self) -> None:
        """Single instructions: right or wrong, strength, leak."""
        for number in range(2 * self.size):
            split, key = (("seen", "seen"), ("held_out", "unseen"))[number % 2]
            operation, region = self.meaning(split)
            degree = str(self.draw.choice(["plainly", "strongly"]))
            said = self.sentence(
                split, lambda w, m=(operation, degree, region): w.instruction(self.draw, *m)
            )
            fused = self.fused(said.text)
            self.note(key, does_what_it_says(fused, self.shown, operation, region))
            change, inside = self.change(fused), self.shown.inside(region)
            if degree == "strongly" and operation not in REPAIRS.values():
                self.note("strong", change[inside].mean())
            if region != "all":
                within = change[inside].mean()
                self.note("leak", min(1.0, change[~inside].mean() / within) if within > 0.5 else 1)

    def degrees(self) -> None:
        """The three degrees of one operation, each in a wording of its own."""
        for number in range(self.size // 2):
            split = ("seen", "held_out")[number % 2]
            operation, region = self.meaning(split)
            inside = self.shown.inside(region)
            sizes = []
            for degree in STRENGTHS:
                said = self.sentence(
                    split, lambda w, m=(operation, degree, region): w.instruction(self.draw, *m)
                )
                sizes.append(self.change(self.fused(said.text))[inside].mean())
            self.note("ordered", sizes[0] < sizes[1] < sizes[2])

    def paraphrases(self) -> None:
        """Two wordings of one meaning, and other meanings."""
        firsts = []
        for number in range(self.size // 2):
            split = ("seen", "held_out")[number % 2]
            meant = self.meaning(split)
            made = [
                self.fused(
                    self.sentence(
                        split,
                        lambda w, m=(meant[0], "strongly", meant[1]): w.instruction(self.draw, *m),
                    ).text
                )
                for _ in range(2)
            ]
            self.note("same", GREY * np.abs(made[0] - made[1]).mean())
            for other in firsts:
                self.note("other", GREY * np.abs(made[0] - other).mean())
            firsts.append(made[0])

    def inert(self) -> None:
        """Facts, gibberish, another picture's description, random vectors, invented edges.

        Gibberish may have been trained on; see docs/text-guidance.md.
        """
        for number in range(self.size // 2):
            said = draw_sentence(self.draw, self.wordings["held_out"], "fact").text
            place = ["a", "b", "instruction"][number % 3]
            texts = {"a": "", "b": "", "instruction": "", place: said}
            fused = self.fuser.render(texts["a"], texts["b"], texts["instruction"])[0]
            self.note("facts", self.change(fused).mean())
            self.note("invented", _steepest_new_edge(fused, self.shown))
            nonsense = draw_sentence(self.draw, self.wordings["seen"], "nonsense").text
            self.note("gibberish", self.change(self.fused(nonsense)).mean())
        fused = self.fuser.render(*self.others, "")[0]
        self.note("another", self.change(fused).mean())
        features = self.fuser.encoder.encode(self.others[0]).features
        drawn = self.draw.normal(features.mean(0), features.std(), features.shape)
        fused = self.fuser.fuse_features(drawn.astype(np.float32))
        self.note("random", self.change(fused).mean())

    def negations(self) -> None:
        """What a sentence says to leave alone stays; what it asks for elsewhere is done."""
        for number in range(self.size // 2):
            split = ("seen", "held_out")[number % 2]
            kept = self.meaning(split, everywhere=False)[1]
            inside = self.shown.inside(kept)
            operation = str(self.draw.choice(["brighter", "darker", "sharper", "smoother"]))
            if number % 3 == 2:
                said = self.sentence(
                    split, lambda w, o=operation, k=kept: w.forbidding(self.draw, o, k)
                )
                self.note("negation", self.change(self.fused(said.text))[inside].mean() < 1)
                continue
            said = self.sentence(
                split,
                lambda w, o=operation, k=kept: w.keeping(
                    self.draw, (o, "strongly", "all"), "brighter", k
                ),
            )
            change = self.change(self.fused(said.text))
            stays = change[inside].mean() < max(1.0, 0.1 * change[~inside].mean())
            self.note("negation", stays and change[~inside].mean() > 1)

    def order(self) -> None:
        """Two clauses at opposite places, then with the places swapped, then shuffled.

        Those of kinds seen may have been trained on; see docs/text-guidance.md.
        """
        for number in range(max(1, self.size // 3)):
            split = ("seen", "held_out")[number % 2]
            place = ("left", "top")[number % 2]
            other = _OPPOSITE[place]
            if not all(can_be_seen(self.shown, "darker", p) for p in (place, other)):
                continue
            state = self.draw.bit_generator.state
            right = []
            for first, second in ((place, other), (other, place)):
                self.draw.bit_generator.state = state  # the same wording both times
                clauses = (("brighter", "strongly", first), ("darker", "strongly", second))
                text = self.wordings[split].pair(self.draw, clauses).text
                right.append(self._two_done(self.fused(text), first, second))
            self.note("swapped", all(right))
            words = list(self.draw.permutation(text.split()))
            self.note("shuffled", self._two_done(self.fused(" ".join(words)), other, place))

    def _two_done(self, fused: np.ndarray, brighter: str, darker: str) -> bool:
        difference = GREY * (fused - self.shown.neutral)
        up, down = (difference[self.shown.inside(p)].mean() for p in (brighter, darker))
        return bool(up > 1 and down < -1)

    def maps(self) -> None:
        """Where place words look."""
        for number in range(self.size // 2):
            split = ("seen", "held_out")[number % 2]
            operation, region = self.meaning(split, everywhere=False)
            said = self.sentence(
                split, lambda w, m=(operation, "plainly", region): w.instruction(self.draw, *m)
            )
            spans = [span for span in said.spans if span.kind == "place"]
            looked = self.fuser.render("", "", said.text, maps=True)[1]
            found = self.looks(looked, said.text, spans[0]) if spans else None
            if found is None or found.sum() <= 0:
                continue
            inside = self.shown.inside(region)
            self.note("map_share", found[inside].sum() / found.sum() / inside.mean())
            self.note("map_peak", inside[np.unravel_index(found.argmax(), found.shape)])

    def looks(self, looked, text: str, span: Span) -> np.ndarray | None:
        """Return where the words of a span of the instruction look, (H, W), or None."""
        tokens = self.fuser.encoder.encode(text).tokens
        if isinstance(looked, SteeringResult):
            tokens = looked.words["instruction"]
        there = [
            n for n, token in enumerate(tokens)
            if token.end > token.start and span.start <= token.start and token.end <= span.end
        ]  # fmt: skip
        if isinstance(looked, SteeringResult):
            maps = [looked.map("instruction", n) for n in there]
        else:  # exact FILM: mean of the heads, last stage, source A; two empty texts come before
            before = 2 * len(self.fuser.encoder.encode("").tokens)
            maps = [looked.map(3, "a", token=before + n) for n in there]
        return np.mean(maps, axis=0) if maps else None

    def repairs(self, task: str, neutral_of: Callable) -> None:
        """Damage one source, ask for the repair, and compare with the undamaged pair's fusion."""
        clean = self.shown.neutral
        for number, kind in enumerate(("noise", "under", "blur")):
            a, b = damage_pair(self.shown.a, self.shown.b, kind, self.draw)
            without = neutral_of(a, b, task)
            split = ("seen", "held_out")[(number + int(self.draw.integers(2))) % 2]
            said = self.sentence(
                split,
                lambda w, k=kind: w.instruction(self.draw, REPAIRS[k], "strongly", "all"),
            )
            gain = _psnr(self.fused(said.text), clean) - _psnr(without, clean)
            self.note(kind, gain > 0)
            self.note(f"{kind}_db", gain)


def measure_pair(fuser, pair, task: str, seed: int, size: int, others: tuple[str, str]) -> dict:
    """Return {key of `GOALS`: values} of one pair.

    Args:
        fuser: from `load_fuser`.
        pair: luminance of both sources, (H, W) float32.
        task: of the pair.
        seed: of everything that is drawn.
        size: cases of each kind; 6 gives 12 single edits.
        others: descriptions of another picture.
    """

    def neutral_of(a: np.ndarray, b: np.ndarray, of: str) -> np.ndarray:
        fuser.set_images(a, b, of)
        return fuser.render("", "", "")[0]

    a, b = pair
    neutral = neutral_of(a, b, task)
    shown = Shown(a, b, neutral, region_planes(a, b, neutral))
    measured = PairMeasurement(fuser, shown, np.random.default_rng(seed), size, others)
    for part in (measured.edits, measured.degrees, measured.paraphrases, measured.inert,
                 measured.negations, measured.order, measured.maps):  # fmt: skip
        part()
    measured.repairs(task, neutral_of)
    return measured.values


def _psnr(x: np.ndarray, clean: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean(np.square(x - clean)) + 1e-12))


def _steepest_new_edge(fused: np.ndarray, shown: Shown) -> float:
    """Largest step to a neighbour that neither source, nor the neutral picture, has as steep."""

    def steps(x: np.ndarray) -> np.ndarray:
        return np.maximum(np.abs(np.diff(x, axis=0))[:, :-1], np.abs(np.diff(x, axis=1))[:-1])

    known = np.maximum(np.maximum(steps(shown.a), steps(shown.b)), steps(shown.neutral))
    return float(GREY * np.clip(steps(fused) - known, 0, None).max())
