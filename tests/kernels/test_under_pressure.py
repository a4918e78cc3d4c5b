"""Threads, kept sources, temporary files, bad input, cancelling, and too little memory."""

import errno
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from film_core.errors import (
    Cancelled,
    FilmError,
    ImageError,
    SettingError,
    TextError,
    UnknownNameError,
)


@pytest.fixture
def fuse(jittor, small):
    from film_core.kernels import fused_forward

    def run(*arguments, **options):
        with jittor.no_grad():
            return fused_forward(dict(small.named_parameters()), *arguments, **options)

    return run


def test_the_result_does_not_depend_on_the_number_of_threads(fuse, draw, monkeypatch):
    inputs = draw(1, 150, 110, 30)
    results = {}
    for threads in (1, 2, 4, 2):
        monkeypatch.setenv("FILM_KERNELS_THREADS", str(threads))
        fused = fuse(*inputs).numpy()
        assert np.array_equal(results.setdefault(threads, fused), fused)
    assert np.array_equal(results[1], results[2])  # stronger than the 1e-6 that is promised
    assert np.array_equal(results[1], results[4])


def test_numbers_too_small_are_zero_on_every_thread(fuse, draw, monkeypatch, keeping_subnormals):
    a, b, text = draw(1, 150, 110, 30)
    text = text * 1000  # one key takes all of the attention, and the others' weights are subnormal

    def run(threads):
        monkeypatch.setenv("FILM_KERNELS_THREADS", str(threads))
        fused, maps = fuse(a, b, text, attention="full")
        values = [fused]
        for stage in maps:
            for source in "ab":
                found = stage[source]
                values += [found.mean, found.spatial, found.tokens, found.gate]
        return [value.numpy().view(np.int32) for value in values]

    results = {1: run(1), 2: run(2)}
    with keeping_subnormals():
        results |= {"a fresh one": run(1), "five, three of them fresh": run(5)}
    for name, values in results.items():
        for index, (value, expected) in enumerate(zip(values, results[1], strict=True)):
            assert np.array_equal(value, expected), (name, index)
            assert not np.any((value & 0x7F800000 == 0) & (value & 0x7FFFFF != 0)), (name, index)


@pytest.mark.parametrize(("height", "width"), [(50, 70), (288, 384)])
def test_kept_sources_give_what_a_whole_pass_gives(jittor, small, draw, fuse, height, width):
    from film_core.kernels import fuse_prepared, prepare_sources

    parameters = dict(small.named_parameters())
    a, b, _ = draw(2, height, width, 1)
    with jittor.no_grad():
        state = prepare_sources(parameters, a, b)
        assert state.kept
        for seed in (1, 2):
            _, _, text = draw(2, height, width, 5, seed)
            edited, maps = fuse_prepared(parameters, state, text, "spatial")
            whole, whole_maps = fuse(a, b, text, attention="spatial")
            assert np.array_equal(edited.numpy(), whole.numpy())
            assert np.array_equal(maps[0]["a"].gate.numpy(), whole_maps[0]["a"].gate.numpy())


def test_features_in_files_give_the_same_result(jittor, small, draw, fuse, monkeypatch, tmp_path):
    from film_core.kernels import fuse_prepared, prepare_sources

    a, b, text = draw(1, 211, 300, 6)
    in_memory = fuse(a, b, text).numpy()
    monkeypatch.setenv("FILM_KERNELS_MEMORY_MB", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert np.array_equal(fuse(a, b, text).numpy(), in_memory)
    assert list(tmp_path.iterdir()) == []  # nothing stays behind
    with jittor.no_grad():
        parameters = dict(small.named_parameters())
        state = prepare_sources(parameters, a, b)
        assert not state.kept
        assert np.array_equal(fuse_prepared(parameters, state, text).numpy(), in_memory)


def test_a_folder_that_takes_no_file_is_named(fuse, draw, monkeypatch, tmp_path):
    monkeypatch.setenv("FILM_KERNELS_MEMORY_MB", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(FilmError) as caught:
        fuse(*draw(1, 211, 300, 6))
    assert caught.value.code == "kernels.temporary_file"
    assert caught.value.values["folder"] == str(tmp_path / "absent")
    assert "211" in str(caught.value) and "No such file or directory" in str(caught.value)


def test_too_large_a_file_is_a_full_disk(fuse, draw, monkeypatch, tmp_path):
    monkeypatch.setenv("FILM_KERNELS_MEMORY_MB", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    inputs = draw(1, 211, 300, 6)
    fuse(*inputs)  # Jittor has written what it compiles
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, limits[1]))
        with pytest.raises(FilmError) as caught:
            fuse(*inputs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert caught.value.code == "kernels.disk_full"
    assert list(tmp_path.iterdir()) == []


def test_reasons_of_the_system_become_errors_of_ours(jittor):
    from film_core.kernels.operator import _NO_FILE, _check_status

    for reason, code in (
        (errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EFBIG, "disk_full"),
        (errno.ENOMEM, "out_of_memory"), (errno.EACCES, "temporary_file"),
        (errno.EMFILE, "temporary_file"),
    ):  # fmt: skip
        with pytest.raises(FilmError) as caught:
            _check_status(_NO_FILE, reason, 211, 300, "/somewhere")
        assert caught.value.code == f"kernels.{code}"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_named(jittor, fuse, draw, bad):
    a, b, text = draw(1, 20, 20, 2)
    spoilt = b.numpy().copy()
    spoilt[0, 0, 3, 4] = bad
    with pytest.raises(ImageError, match="Image B"):
        fuse(a, jittor.array(spoilt), text)
    words = text.numpy().copy()
    words[0, 1, 5] = bad
    with pytest.raises(TextError, match="not numbers"):
        fuse(a, b, jittor.array(words))


def test_shapes_that_do_not_fit_are_named(fuse, draw):
    a, b, text = draw(1, 20, 20, 2)
    with pytest.raises(SettingError, match="shapes"):
        fuse(a, draw(1, 20, 21, 2)[1], text)
    with pytest.raises(SettingError, match="text features"):
        fuse(a, b, text[:, :, :11])
    with pytest.raises(UnknownNameError, match="did you mean 'spatial'"):
        fuse(a, b, text, attention="spacial")


def test_cancelling_stops_the_work(fuse, draw):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        fuse(*draw(1, 600, 700, 40), cancelled=cancelled)
    assert len(asked) == 2  # and not once more afterwards


def test_progress_grows_and_its_errors_come_through(fuse, draw):
    told = []
    fuse(*draw(1, 400, 500, 20), progress=lambda stage, done, detail: told.append(done))
    assert told == sorted(told)
    assert 0 < told[-1] <= 1

    def broken(stage, done, detail):
        raise ValueError("the listener is broken")

    with pytest.raises(ValueError, match="listener is broken"):
        fuse(*draw(1, 400, 500, 20), progress=broken)


def test_too_little_memory_is_refused_before_anything_is_allocated(fuse, draw, monkeypatch):
    monkeypatch.setattr("film_core.kernels.memory.available_bytes", lambda: 100_000_000)
    with pytest.raises(FilmError) as caught:
        fuse(*draw(1, 300, 300, 2))
    assert caught.value.code == "kernels.memory"


def test_an_edit_is_not_charged_for_what_is_kept_already(jittor, monkeypatch):
    from film_core.kernels.memory import check_memory, slab_folder

    height, width = 1000, 1200
    one_map = height * width * 32 * 4
    assert slab_folder(1, height, width) == ""
    monkeypatch.setattr("film_core.kernels.memory.available_bytes", lambda: 4 * one_map)
    check_memory("edit", 1, height, width, 0)
    check_memory("forward", 1, height, width, 0)
    with pytest.raises(FilmError) as caught:
        check_memory("prepare", 1, height, width, 4 * one_map)
    assert caught.value.code == "kernels.memory"


@pytest.mark.parametrize(("megabytes", "kept"), [(5.0, False), (7.0, True)])
def test_what_is_kept_is_edited_and_the_rest_fused_anew(
    jittor, small, draw, monkeypatch, megabytes, kept
):
    from film_core.kernels import fuse_prepared, operator, prepare_sources

    a, b, text = draw(1, 100, 100, 2)  # a map of 32 channels has 1.28 MB, and five are needed
    parameters = dict(small.named_parameters())
    monkeypatch.setenv("FILM_KERNELS_MEMORY_MB", str(megabytes))
    seen = []
    run = operator.run
    monkeypatch.setattr(
        operator,
        "run",
        lambda mode, *rest: (seen.append((mode, bool(rest[6]))), run(mode, *rest))[1],
    )
    with jittor.no_grad():
        state = prepare_sources(parameters, a, b)
        fuse_prepared(parameters, state, text)
    assert state.kept == kept
    assert seen == ([("prepare", False), ("edit", False)] if kept else [("forward", True)])


MB = 1_000_000
CONTAINERS = {
    "version 2": (
        {
            "memory.max": f"{900 * MB}\n",
            "memory.current": f"{850 * MB}\n",
            "memory.stat": f"anon {100 * MB}\ninactive_file {700 * MB}\nactive_file {50 * MB}\n",
        },
        750 * MB,
    ),
    "version 2 without a limit": ({"memory.max": "max\n", "memory.current": f"{850 * MB}\n"}, None),
    "version 2 without statistics": (
        {"memory.max": f"{900 * MB}\n", "memory.current": f"{850 * MB}\n"},
        50 * MB,
    ),
    "version 1": (
        {
            "memory/memory.limit_in_bytes": f"{900 * MB}\n",
            "memory/memory.usage_in_bytes": f"{850 * MB}\n",
            "memory/memory.stat": f"inactive_file {1 * MB}\ntotal_inactive_file {700 * MB}\n",
        },
        750 * MB,
    ),
    "version 1 without a limit": (
        {
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.usage_in_bytes": f"{850 * MB}\n",
        },
        None,
    ),
    "none": ({}, None),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_tells_what_is_free(jittor, monkeypatch, tmp_path, container):
    from film_core.kernels import memory

    files, free = CONTAINERS[container]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    assert memory._free_in_cgroup() == free


OUT_OF_MEMORY = """
import resource
from film_core.runtime import start
start("cpu")
import jittor as jt, numpy as np
from film_core.net import Film
from film_core.errors import FilmError
film = Film(text_width=12, kernels="fused")
a = jt.array(np.zeros((1, 1, 1000, 900), np.float32))
text = jt.array(np.zeros((1, 2, 12), np.float32))
small = jt.array(np.zeros((1, 1, 32, 32), np.float32))
with jt.no_grad():
    film(small, small, text).sync()
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 250_000_000,) * 2)
    try:
        film(a, a, text).sync()
    except FilmError as error:
        print("caught", error.code)
    film(small, small, text).sync()
    print("alive")
"""


def test_memory_that_runs_out_during_the_work_is_our_error(jittor):
    done = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["caught kernels.out_of_memory", "alive"], done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("FILM_KERNELS_MEMORY_MB", "lots"), ("FILM_KERNELS_MEMORY_MB", "nan")]
    + [("FILM_KERNELS_THREADS", value) for value in ("-1", "²", "٢", "1025", "9" * 5)],
)
def test_settings_that_make_no_sense_are_named(fuse, draw, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=name):
        fuse(*draw(1, 20, 20, 2))


def test_an_absent_instruction_set_is_never_chosen(jittor, monkeypatch):
    from film_core.kernels import isa

    monkeypatch.setattr(isa, "processor_features", lambda: ("avx", "avx2", "fma", "sse2"))
    monkeypatch.delenv("FILM_KERNELS_ISA", raising=False)
    assert isa.choose_instruction_set().name == "avx2"
    with pytest.raises(UnknownNameError, match="avx512"):
        isa.choose_instruction_set("avx512")
    monkeypatch.setattr(isa, "processor_features", lambda: ("asimd",))
    assert isa.choose_instruction_set().name == "portable"
    assert isa.compiler_flags(isa.choose_instruction_set()) == ""


def test_a_named_architecture_limits_the_choice(jittor, monkeypatch):
    from film_core.kernels import isa

    widest = ("avx", "avx2", "avx512dq", "avx512f", "fma", "sse2")
    monkeypatch.setattr(isa, "processor_features", lambda: widest)
    monkeypatch.delenv("FILM_KERNELS_ISA", raising=False)
    monkeypatch.delenv("FILM_MARCH", raising=False)
    assert isa.choose_instruction_set().name == "avx512"
    for march, name in (
        ("native", "avx512"), ("x86-64-v4", "avx512"), ("x86-64-v3", "avx2"),
        ("x86-64-v2", "portable"), ("x86-64", "portable"),
    ):  # fmt: skip
        monkeypatch.setenv("FILM_MARCH", march)
        assert isa.choose_instruction_set().name == name
        key = isa.build_key(isa.INSTRUCTION_SETS[name], Path("/a"))
        assert march in key or march == "native"
    with pytest.raises(UnknownNameError, match="avx2"):
        isa.choose_instruction_set("avx2")
    monkeypatch.setenv("FILM_MARCH", "znver3")
    with pytest.raises(SettingError, match=r"FILM_MARCH is znver3.*FILM_KERNELS_ISA"):
        isa.choose_instruction_set()
    assert isa.choose_instruction_set("avx2").name == "avx2"
    monkeypatch.setattr(isa, "processor_features", lambda: ("asimd",))
    monkeypatch.setenv("FILM_MARCH", "armv8-a")
    assert isa.choose_instruction_set().name == "portable"


def test_the_build_key_tells_processors_and_checkouts_apart(jittor, monkeypatch):
    from film_core.kernels import isa

    chosen = isa.INSTRUCTION_SETS["avx2"]
    keys = set()
    for features in ("a", "b"):
        monkeypatch.setattr(isa, "feature_key", lambda features=features: features)
        keys.update(isa.build_key(chosen, Path(folder)) for folder in ("/a/cpp", "/b/cpp"))
    assert len(keys) == 4
