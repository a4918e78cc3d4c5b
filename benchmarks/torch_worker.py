"""PyTorch's side of the benchmarks: `python -m benchmarks.torch_worker`, driven by the bench verb.

Modes: ``eager``; ``channels_last`` (with inference_mode, no compiler); ``compiled`` (both, and
torch.compile).
"""

import torch
import torch.nn.functional as functional

from benchmarks.torch_film import Film
from film_core.benchmarking.serving import serve
from film_core.runtime.processor import processor_count


def _inputs(task: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    size = (task["batch"], 1, task["height"], task["width"])
    return torch.rand(size), torch.rand(size), torch.randn(task["batch"], task["rows"], 768)


def _edges(x: torch.Tensor) -> torch.Tensor:
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([across, -across.T])[:, None]
    return functional.conv2d(x, kernels, padding=1).abs().sum(dim=1, keepdim=True)


def _train(task: dict):
    film = Film()
    if task["mode"] == "channels_last":
        film = film.to(memory_format=torch.channels_last)
    a, b, text = _inputs(task)
    adam = torch.optim.Adam(film.parameters(), lr=1e-5)

    def work() -> None:
        adam.zero_grad()
        fused = film(a, b, text)
        intensity = (fused - torch.maximum(a, b)).abs().mean()
        gradient = (_edges(fused) - torch.maximum(_edges(a), _edges(b))).abs().mean()
        (intensity + 20 * gradient).backward()
        adam.step()

    return work


def _forward(task: dict):
    film = Film().eval()
    a, b, text = _inputs(task)
    if task["mode"] != "eager":
        film = film.to(memory_format=torch.channels_last)
        a, b = (image.to(memory_format=torch.channels_last) for image in (a, b))
    if task["mode"] == "compiled":
        film = torch.compile(film)
    mode = torch.no_grad if task["mode"] == "eager" else torch.inference_mode

    def work() -> None:
        with mode():
            film(a, b, text)

    return work


def _prepare(task: dict):
    return _train(task) if task["kind"] == "train" else _forward(task)


if __name__ == "__main__":
    torch.set_num_threads(processor_count())
    serve(_prepare)
