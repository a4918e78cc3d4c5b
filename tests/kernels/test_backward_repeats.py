"""Training kernels give the same bits again, whatever the number of threads, and on every width."""

import ctypes
import itertools
import shutil
import subprocess

import numpy as np
import pytest


def set_threads(number):
    ctypes.CDLL("libgomp.so.1").omp_set_num_threads(number)


@pytest.fixture
def kernels(jittor):
    """Inputs, results and gradients of the four fused operators on one odd size, by name."""
    from test_backward_gradients import BLOCK_SHAPES, GATE_SHAPES, OUTPUT_SHAPES, draw

    from film_core.kernels import training

    shape = (2, 50, 47, 32)
    cases = {
        "block": (training.restormer_block, [shape], BLOCK_SHAPES[32]),
        "gate": (training.text_gate, [shape, (2, 5, 256)], GATE_SHAPES),
        "output": (training.gated_output, [shape, (2, 256)], OUTPUT_SHAPES),
        "convolution": (
            lambda x, weights: training.convolution_prelu(x, *weights),
            [shape],
            [(32, 32, 3, 3), (1,)],
        ),
    }

    def run():
        found = {}
        for name, (kernel, inputs, weights) in cases.items():
            inputs = [jittor.array(value) for value in draw(inputs, 1)]
            weights = [jittor.array(value) for value in draw(weights, 2)]
            result = kernel(*inputs, weights)
            gradients = jittor.grad((result * result).sum(), inputs + weights)
            found[f"{name}, input"] = [value.numpy() for value in (*inputs, *weights)]
            found[name] = [value.numpy() for value in (result, *gradients)]
        return found

    yield run
    set_threads(2)


def apart(found, expected):
    """Return where two runs differ: name, number, count of places, the first, by how much."""
    differences = []
    for name, values in found.items():
        for index, (value, other) in enumerate(zip(values, expected[name], strict=True)):
            places = np.flatnonzero(value.view(np.int32) != other.view(np.int32))
            if places.size:
                most = float(np.abs(value - other).max())
                differences.append((name, index, places.size, int(places[0]), most))
    return differences


def test_the_same_bits_for_any_number_of_threads(kernels):
    set_threads(2)
    first = kernels()
    for threads in (2, 1, 4):
        set_threads(threads)
        found = kernels()
        differences = apart(found, first)
        if differences:  # which of them is the odd one?
            runs = {"first": first, f"{threads} threads": found, f"{threads} again": kernels()}
            set_threads(2)
            runs["2 again"] = kernels()
            alike = [
                f"{one} = {other}"
                for one, other in itertools.combinations(runs, 2)
                if not apart(runs[one], runs[other])
            ]
            raise AssertionError(f"{threads} threads: {differences}; alike: {alike or 'none'}")


def test_numbers_too_small_are_zero_on_every_thread(jittor, keeping_subnormals):
    from test_backward_gradients import GATE_SHAPES, draw

    from film_core.kernels import training

    inputs = draw([(2, 50, 47, 32), (2, 5, 256)], 1)
    inputs[1] *= 300  # one run takes all of the attention, and the others' weights are subnormal
    weights = [jittor.array(value) for value in draw(GATE_SHAPES, 2)]
    inputs = [jittor.array(value) for value in inputs]

    def run(threads):
        set_threads(threads)
        gate = training.text_gate(*inputs, weights)
        gradients = jittor.grad((gate * gate).sum(), inputs + weights)
        return [value.numpy().view(np.int32) for value in (gate, *gradients)]

    found = {1: run(1), 2: run(2)}
    with keeping_subnormals():
        found |= {"a fresh one": run(1), "five, three of them fresh": run(5)}
    set_threads(2)
    for name, values in found.items():
        for index, (value, expected) in enumerate(zip(values, found[1], strict=True)):
            assert np.array_equal(value, expected), (name, index)


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width", "tokens"), [(16, 16, 1), (131, 61, 33), (25, 389, 7)])
def test_training_and_inference_fuse_alike(jittor, small, draw, height, width, tokens):
    from film_core.kernels import fused_forward
    from film_core.kernels.training import training_forward

    inputs = draw(1, height, width, tokens)
    parameters = dict(small.named_parameters())
    trained = training_forward(parameters, *inputs).numpy()
    with jittor.no_grad():
        expected = fused_forward(parameters, *inputs).numpy()
    assert np.abs(trained - expected).max() <= 1e-5


def build_driver(repository, folder, flags):
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++")
    driver = folder / "driver"
    subprocess.run(
        [compiler, "-std=c++14", "-fopenmp", *flags,
         "-I", repository / "film_core/kernels/cpp/training",
         repository / "tests/kernels/cpp/backward_driver.cpp", "-o", driver],
        check=True,
    )  # fmt: skip
    return driver


@pytest.mark.slow
def test_sanitizers_find_nothing(repository, tmp_path):
    flags = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-march=native"]
    subprocess.run([build_driver(repository, tmp_path, flags)], check=True, capture_output=True)


@pytest.mark.slow
def test_instruction_sets_agree(repository, tmp_path):
    from film_core.runtime.processor import processor_features

    needs = {
        "AVX512": ({"avx512f", "avx512dq"}, ["-march=native"]),
        "AVX2": ({"avx2", "fma"}, ["-march=native", "-mno-avx512f"]),
        "PORTABLE": (set(), []),
    }
    results = {}
    for name, (features, flags) in needs.items():
        if features.issubset(processor_features()):
            flags = ["-Ofast", f"-DFILM_ISA_{name}", *flags]
            driver = build_driver(repository, tmp_path, flags)
            lines = subprocess.run([driver], check=True, capture_output=True, text=True).stdout
            results[name] = [line.rsplit(" ", 2) for line in lines.splitlines()]
    for name, rows in results.items():
        for row, expected in zip(rows, results["PORTABLE"], strict=True):
            size = max(float(expected[2]), 1e-6)
            for found, wanted in zip(row[1:], expected[1:], strict=True):
                assert abs(float(found) - float(wanted)) <= 5e-5 * size, (name, row, expected)
