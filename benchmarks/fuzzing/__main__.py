"""Coverage-guided fuzzing of one reader by Atheris (libFuzzer for Python).

    python -m benchmarks.fuzzing TARGET --seconds 300 [--corpus DIR]

Starts from the committed corpus, keeps what reaches new branches in DIR (a folder that is thrown
away if none is named) and ends with status 1 and the input at the first finding.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.fuzzing.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
_GUIDED = "benchmarks.fuzzing.guided"


def explore(target: str, seconds: int, runs: int = -1, corpus: Path | None = None) -> int:
    """Fuzz `target` in a process of its own; return its status, 0 where nothing was found.

    Args:
        target: a name in `TARGETS`.
        seconds: how long.
        runs: how many inputs at most; -1 for no limit.
        corpus: where inputs that reach new branches are kept; None throws them away.
    """
    with tempfile.TemporaryDirectory() as spare:
        kept = corpus or Path(spare)
        kept.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", _GUIDED, target, str(kept), str(CORPUS / target)]
        limits = ["-rss_limit_mb=3000", "-timeout=20", "-max_len=8192", "-print_final_stats=1"]
        limits += [f"-max_total_time={seconds}", f"-runs={runs}", f"-artifact_prefix={spare}/"]
        done = subprocess.run([*command, *limits], stdout=sys.stderr, check=False)
        for finding in Path(spare).glob("*-*"):
            if finding.name.startswith(("crash-", "timeout-", "oom-")):
                place = Path(f"finding-{target}-{finding.name}")
                place.write_bytes(finding.read_bytes())
                print(f"{target}: a finding lies in {place}")
        return done.returncode


def main() -> int:
    """Read the arguments and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--corpus", type=Path, default=None)
    args = parser.parse_args()
    return explore(args.target, args.seconds, args.runs, args.corpus)


if __name__ == "__main__":
    sys.exit(main())
