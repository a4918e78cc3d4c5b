"""How FILM works, what its text can and can't do, and where everything comes from."""

import platform
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from demo.language import Language
from demo.panels.network import WORDS
from demo.settings import Settings

if TYPE_CHECKING:
    from film_core.checkpoints import Card

_PACKAGES = ("jittor", "gradio", "numpy", "onnxruntime", "transformers")
_CITATION = """@inproceedings{zhao2024film,
  title     = {Image Fusion via Vision-Language Model},
  author    = {Zhao, Zixiang and Deng, Lilun and Bai, Haowen and Cui, Yukun and Zhang, Zhipeng
               and Zhang, Yulun and Qin, Haotong and Chen, Dongdong and Zhang, Jiangshe
               and Wang, Peng and Van Gool, Luc},
  booktitle = {Proceedings of the 41st International Conference on Machine Learning},
  series    = {Proceedings of Machine Learning Research},
  volume    = {235},
  pages     = {60749--60765},
  year      = {2024}
}"""
_SHOWN_METRICS = ("EN", "SD", "SF", "AG", "VIFF", "Qabf", "SSIM")


def render_about(cards: "dict[str, Card]", device: str, settings: Settings, say: Language) -> str:
    """Return the panel.

    Args:
        cards: the weights that are installed, by name.
        device: what the network runs on, "" while that isn't known; `client/header.js` fills it in
            as soon as the server says it.
        settings: whose limits are stated.
    """
    weights = "".join(_card(card, say) for card in cards.values())
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    running = f"Python {platform.python_version()} · {versions}"
    return f"""<div class="about">
<h2>{say.html("about.how")}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="{say.html("about.how")}">
{_diagram(say)}</div>
<p>{say.html("about.how_text")}</p>
<h2>{say.html("about.words")}</h2><p>{say.html("about.words_text")}</p>
<h2>{say.html("about.weights")}</h2>{weights or f"<p>{say.html('about.no_weights')}</p>"}
<h2>{say.html("about.limits")}</h2>
<p>{say.html("about.limits_text", **_limits(settings))}</p>
<h2>{say.html("about.sources")}</h2>
<ul class="plain"><li>Zhao et al., <i>Image Fusion via Vision-Language Model</i>, ICML 2024
  (arXiv 2402.02235)</li>
<li>Zamir et al., <i>Restormer</i>, CVPR 2022</li>
<li>all-MiniLM-L6-v2, sentence-transformers (Apache-2.0)</li>
<li>Jittor: Hu et al., Science China Information Sciences 2020</li>
<li>{say.html("about.font")}</li></ul>
<h2>{say.html("about.cite")}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="{say.html("about.cite")}">
<pre lang="en">{escape(_CITATION)}</pre></div>
<p class="subdued"><span data-health="device">{escape(device.upper() or "…")}</span>
· {escape(running)}</p></div>"""


def _limits(settings: Settings) -> dict[str, str]:
    return {
        "megapixels": f"{settings.max_megapixels:g}",
        "megabytes": f"{settings.max_megabytes:g}",
        "characters": f"{settings.max_characters:,}",
        "minutes": f"{settings.fuse_seconds / 60:g}",
        "own": str(settings.waiting_per_visitor),
        "all": str(settings.waiting),
        "history": str(settings.history),
    }


def _card(card: "Card", say: Language) -> str:
    tables = "".join(
        f"<tr><th scope='row'>{escape(listed)}</th>"
        + "".join(f"<td>{_number(values.get(name))}</td>" for name in _SHOWN_METRICS)
        + "</tr>"
        for listed, values in card.results.items()
        if listed != WORDS
    )
    heads = "".join(f"<th scope='col'>{name}</th>" for name in _SHOWN_METRICS)
    table = (
        f"<div class='metrics scroll' tabindex='0' role='region' aria-label='{escape(card.name)}'>"
        f"<table><thead><tr><th scope='col'>{say.html('about.list')}</th>{heads}</tr></thead>"
        f"<tbody>{tables}</tbody></table></div>"
        if tables
        else ""
    )
    facts = " ".join(f"{part.rstrip('.')}." for part in (card.data, card.notes) if part)
    licence = f" {say.html('about.licence', licence=card.licence)}" if card.licence else ""
    return (
        f"<h3>{escape(card.name)}</h3><p>{escape(facts)}{licence}</p>"
        f"<p class='subdued'>SHA-256 {escape(card.sha256[:16])}…</p>{table}"
    )


def _diagram(say: Language) -> str:
    """Return the network as a drawing: two image paths, the text that gates them, one result."""
    boxes = [
        (10, 20, 118, "about.box.a", "a"), (10, 150, 118, "about.box.b", "b"),
        (10, 85, 118, "about.box.text", "t"),
        *((168 + 170 * stage, 20, 130, "about.box.block", "a") for stage in range(3)),
        *((168 + 170 * stage, 150, 130, "about.box.block", "b") for stage in range(3)),
        *((168 + 170 * stage, 85, 130, "about.box.gate", "t") for stage in range(3)),
        (690, 85, 130, "about.box.decoder", "n"), (850, 85, 100, "about.box.fused", "n"),
    ]  # fmt: skip
    drawn = "".join(
        f'<g class="box {kind}"><rect x="{x}" y="{y}" width="{width}" height="44" rx="8"/>'
        f'<text x="{x + width / 2}" y="{y + 27}">{say.html(key)}</text></g>'
        for x, y, width, key, kind in boxes
    )
    lines = []
    for y in (42, 172):
        for x in (128, 298, 468):
            lines.append(f"M{x} {y}h40")
        lines.append(f"M638 {y}h22L690 107")
    for stage in range(3):
        middle = 233 + 170 * stage
        lines += [f"M{middle} 85V64", f"M{middle} 129V150"]
    lines += ["M128 107H168", "M298 107H338", "M468 107H508", "M820 107H850"]
    path = f'<path class="flow" d="{" ".join(lines)}"/>'
    return (
        '<svg class="diagram" viewBox="0 0 960 214" role="img" '
        f'aria-label="{say.html("about.alt")}">'
        f"{path}{drawn}</svg>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"
