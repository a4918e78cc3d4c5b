"""Times the Q-Former's text branch against transformers on torch, by turns in one run.

    python benchmarks/qformer.py [--tokens 149] [--rounds 7] [--threads 2]

BERT-base size with random weights. torch runs in a process of its own, because two OpenMP pools in
one process disturb each other; the rounds alternate, so that other load on the machine meets both.
The processor time counts all threads; on a machine that does nothing else, a run on two takes about
half of it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def reference(folder: str, threads: int) -> None:
    """Run transformers: write its weights and answer, then time a run for each line of input."""
    import torch
    from safetensors.torch import save_file
    from transformers import Blip2QFormerConfig
    from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel, Blip2TextEmbeddings

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = Blip2QFormerConfig(use_qformer_text_input=True)
    embeddings, network = Blip2TextEmbeddings(config), Blip2QFormerModel(config).eval()
    state = {f"qformer.{name}": value for name, value in network.state_dict().items()}
    state |= {
        f"embeddings.{name}": value
        for name, value in embeddings.state_dict().items()
        if value.dtype == torch.float32
    }
    save_file(state, Path(folder) / "model.safetensors")
    ids = torch.from_numpy(np.load(Path(folder) / "ids.npy"))[None]
    mask = torch.ones(ids.shape)

    def run():
        with torch.inference_mode():
            return network(
                query_embeds=embeddings(input_ids=ids), query_length=0, attention_mask=mask
            ).last_hidden_state

    np.save(Path(folder) / "expected.npy", run()[0].numpy())
    print("ready", flush=True)
    for _ in sys.stdin:
        print(*timed(run), flush=True)


def timed(run) -> tuple[float, float]:
    """Return the seconds that `run` takes, and those of all processors together."""
    wall, processors = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processors


def compare(tokens: int, rounds: int, threads: int) -> None:
    """Print the times of both and how far their results are apart."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # Jittor's, before it starts
    from film_core.text.qformer import QFormer

    with tempfile.TemporaryDirectory() as folder:
        ids = np.random.default_rng(0).integers(0, 30_522, tokens)
        np.save(Path(folder) / "ids.npy", ids)
        with subprocess.Popen(
            [sys.executable, __file__, "--reference", folder, "--threads", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        ) as other:  # fmt: skip
            while (line := other.stdout.readline()).strip() != "ready":
                if not line:
                    raise SystemExit("the reference needs torch")
            encoder = QFormer(Path(folder) / "model.safetensors")
            found = encoder.features(ids.tolist())
            apart = np.abs(found - np.load(Path(folder) / "expected.npy")).max()
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(timed(lambda: encoder.features(ids.tolist())))
                other.stdin.write("\n")
                theirs.append(tuple(map(float, other.stdout.readline().split())))
            other.stdin.close()
    print(f"{tokens} tokens, {rounds} rounds by turns, {threads} threads; largest difference "
          f"{apart:.1e}")  # fmt: skip
    for name, times in (("film_core on Jittor", ours), ("transformers on torch", theirs)):
        seconds, processors = np.array(times).T
        print(
            f"{name:<24} best {seconds.min():.3f} s   median {np.median(seconds):.3f} s   "
            f"processor time {processors.min():.3f} s"
        )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=149)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reference", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.reference:
        reference(args.reference, args.threads)
    else:
        compare(args.tokens, args.rounds, args.threads)


if __name__ == "__main__":
    main()
