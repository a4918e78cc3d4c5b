"""Our side of the benchmarks: `python -m film_core.benchmarking.worker`, driven by `running`."""

import numpy as np

from film_core.benchmarking.serving import serve
from film_core.runtime import start


def _images(task: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    size = (task["batch"], 1, task["height"], task["width"])
    text = draw.standard_normal((task["batch"], task["rows"], 768)).astype(np.float32)
    return draw.random(size, np.float32), draw.random(size, np.float32), text


def _film():
    from film_core.net import Film

    return Film(text_width=768, kernels="fused")


def _forward(task: dict):
    import jittor as jt

    film = _film()
    a, b, text = (jt.array(value) for value in _images(task))

    def work() -> None:
        with jt.no_grad():
            film(a, b, text).sync()

    return work


def _edit(task: dict):
    import jittor as jt

    film = _film()
    a, b, text = (jt.array(value) for value in _images(task))
    with jt.no_grad():
        features = film.source_features(a, b)

    def work() -> None:
        with jt.no_grad():
            film.fuse_features(features, text).sync()

    return work


def _train(task: dict):
    import jittor as jt

    from film_core.training.losses import LossInput, compute_losses
    from film_core.training.optimiser import Adam, FlatParameters

    film = _film()
    a, b, text = (jt.array(value) for value in _images(task))
    parameters = FlatParameters(film)
    flat = parameters.read()
    adam = Adam(flat.size)
    known = jt.array(np.zeros((task["batch"], 1, 1), np.float32))
    weights = {"intensity": 1.0, "gradient": 20.0}
    steps = iter(range(1, 1_000_000))

    def work() -> None:
        fused = film(a, b, text)
        planes = [value[:, 0] for value in (fused, a, b)]
        loss, _ = compute_losses(LossInput(*planes, planes[1], known), weights)
        adam.update(flat, parameters.gradient(loss), 1e-5, next(steps))
        parameters.write(flat)

    return work


def _metrics(task: dict):
    from film_core.metrics import Sources

    a, b, _ = (255 * value for value in _images(task))
    sources = Sources(a[0, 0], b[0, 0])
    fused = 0.5 * (a[0, 0] + b[0, 0])

    def work() -> None:
        sources.measure(fused)

    return work


def _peak() -> dict:
    from film_core.kernels.peak import peak_gflops

    return {"gflops": peak_gflops()}


def _prepare(task: dict):
    return {"forward": _forward, "edit": _edit, "train": _train, "metrics": _metrics}[task["kind"]](
        task
    )


if __name__ == "__main__":
    start("cpu")
    import film_core.net  # noqa: F401 - imports belong to the interpreter's memory

    serve(_prepare, {"peak": _peak})
