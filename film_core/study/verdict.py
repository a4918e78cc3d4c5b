"""Whether the text did anything: one number against two stated limits, and what to hold it to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from film_core.study.result import Row

NOTHING_VISIBLE = 0.05
"""Mean change in grey levels below which two 8-bit images differ in fewer than one pixel of 20."""
HARDLY_ANYTHING = 0.5
"""Mean change in grey levels below which it is under the step of an 8-bit image."""

LEVELS = {
    "nothing": "The text did nothing visible: of {count} other texts, “{label}” changed the fused "
    "image most, by {mean:.3f} grey levels of 255 on average and {most:.2f} at one pixel (below "
    "{nothing} counts as nothing visible).",
    "hardly": "The text did hardly anything: of {count} other texts, “{label}” changed the fused "
    "image most, by {mean:.2f} grey levels of 255 on average and {most:.1f} at one pixel (below "
    "{hardly} counts as hardly anything).",
    "something": "The text did something: of {count} other texts, “{label}” changed the fused "
    "image most, by {mean:.2f} grey levels of 255 on average and {most:.1f} at one pixel ({hardly} "
    "or more counts as something).",
    "unknown": "No other text has been compared yet, so nothing can be said about the text.",
}


@dataclass(frozen=True)
class Finding:
    """One sentence with its number; `code` and `values` let a page say it in another language."""

    code: str
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.format(**self.values)


@dataclass(frozen=True)
class Verdict:
    """What a study found.

    Attributes:
        level: ``nothing``, ``hardly``, ``something`` or ``unknown``.
        mean, most: the change of the text that changed most, in grey levels; 0 where unknown.
        findings: sentences, the answer first.
    """

    level: str
    mean: float
    most: float
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return " ".join(str(finding) for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "level": self.level,
            "mean_change": self.mean,
            "largest_change": self.most,
            "sentence": str(self),
            "findings": [
                {"code": f.code, "sentence": str(f), "values": f.values} for f in self.findings
            ],
        }


def level_of(mean: float) -> str:
    """Return how much a mean change of `mean` grey levels is, as a key of `LEVELS`."""
    if mean < NOTHING_VISIBLE:
        return "nothing"
    return "hardly" if mean < HARDLY_ANYTHING else "something"


def judge(rows: Sequence["Row"]) -> Verdict:
    """Return the verdict on the rows of a study.

    Random numbers are no text: they don't decide, they are what the texts are held to. A text
    whose meaning guides the fusion should do more than noise does.
    """
    texts = [row for row in rows if row.variant.kind not in ("base", "random")]
    if not texts:
        return Verdict("unknown", 0.0, 0.0, (Finding("study.unknown", LEVELS["unknown"]),))
    strongest = max(texts, key=lambda row: row.change.mean)
    mean, most = strongest.change.mean, strongest.change.most
    level = level_of(mean)
    values = {
        "count": len(texts), "label": strongest.variant.label, "mean": mean, "most": most,
        "kind": strongest.variant.kind, "name": strongest.variant.name,
        "nothing": NOTHING_VISIBLE, "hardly": HARDLY_ANYTHING,
    }  # fmt: skip
    findings = [Finding(f"study.{level}", LEVELS[level], values)]
    findings += _word_finding(texts) + _random_finding(rows, mean)
    return Verdict(level, mean, most, tuple(findings))


def _word_finding(texts: list["Row"]) -> list[Finding]:
    words = [row for row in texts if row.variant.kind == "without"]
    if not words:
        return []
    first = max(words, key=lambda row: row.change.mean)
    return [
        Finding(
            "study.word",
            "Of its {count} words, leaving out “{word}” mattered most: {mean:.3f} grey levels.",
            {"count": len(words), "word": first.variant.name, "mean": first.change.mean},
        )
    ]


def _random_finding(rows: Sequence["Row"], text_mean: float) -> list[Finding]:
    drawn = [row.change.mean for row in rows if row.variant.kind == "random"]
    if not drawn:
        return []
    mean = sum(drawn) / len(drawn)
    if mean >= text_mean:
        return [
            Finding(
                "study.random_stronger",
                "Random numbers in place of the text changed it by {mean:.3f} grey levels, no less "
                "than any text: what the text says is not what matters.",
                {"mean": mean},
            )
        ]
    return [
        Finding(
            "study.random_weaker",
            "Random numbers in place of the text changed it by {mean:.3f} grey levels, less than "
            "that text did.",
            {"mean": mean},
        )
    ]
