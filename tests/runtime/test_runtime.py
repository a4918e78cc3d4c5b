"""Starting Jittor where machines differ: each case runs in a process of its own."""

import os
import stat
import subprocess
import sys

import pytest

from film_core.errors import RuntimeStartError, UnknownNameError
from film_core.runtime import cache_home, processor_count, processor_features
from film_core.runtime.cache import build_key
from film_core.runtime.device import choose_device
from film_core.runtime.onednn import link_onednn


def run_python(code: str, repository, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, timeout=900,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_starting_twice_is_one_start_and_computes(repository):
    code = (
        "from film_core.runtime import start; seen = [];"
        "first = start(progress=lambda stage, done, detail: seen.append(stage));"
        "assert start() is first and start('cpu') is first;"
        "import jittor as jt; assert (jt.ones((2, 3)) @ jt.ones((3, 2))).numpy().sum() == 12;"
        "print(first.device, seen[0], seen[-1], sep=',')"
    )
    ended = run_python(code, repository)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.strip().splitlines()[-1] == "cpu,device,ready"


def test_certificate_checks_survive_jittor(repository):
    code = (
        "import ssl; before = ssl._create_default_https_context;"
        "from film_core.runtime import start; start();"
        "assert ssl._create_default_https_context is before; print('kept')"
    )
    assert run_python(code, repository).stdout.strip().endswith("kept")


def test_a_killed_child_does_not_take_the_process_with_it(repository):
    done = run_python(
        "import subprocess, film_core.runtime as r; r.start('cpu')\n"
        "child = subprocess.Popen(['sleep', '60']); child.kill(); print('child', child.wait())",
        repository,
    )
    assert done.stdout.split()[-2:] == ["child", "-9"], done.stderr


def test_importing_jittor_first_is_named(repository):
    code = (
        "import sys, types; sys.modules['jittor'] = types.ModuleType('jittor');"
        "from film_core.runtime import start;\n"
        "try: start()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    assert "RuntimeStartError Jittor was imported before" in run_python(code, repository).stdout


def test_a_missing_compiler_names_the_package(repository):
    ended = run_python(
        "from film_core.runtime import start; start()", repository, cc_path="no-such-compiler"
    )
    assert ended.returncode != 0
    assert "apt-get install g++" in ended.stderr.strip().splitlines()[-1]


def test_a_home_that_cannot_be_written_is_replaced_and_said(tmp_path, monkeypatch):
    blocked = tmp_path / "home"
    blocked.write_text("a file where a folder is needed")  # root may write any folder
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.delenv("FILM_CACHE", raising=False)
    monkeypatch.delenv("JITTOR_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(elsewhere))
    home, remark = cache_home()
    assert home == elsewhere
    assert str(blocked) in remark
    assert "FILM_CACHE" in remark


def test_film_cache_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("FILM_CACHE", str(tmp_path))
    assert cache_home() == (tmp_path, "")


@pytest.mark.parametrize("asked, first", [("", "~"), ("~/kept", "~/kept")])
def test_without_a_home_no_folder_called_tilde_is_made(tmp_path, monkeypatch, asked, first):
    def nobody(_):
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("JITTOR_HOME", raising=False)
    monkeypatch.setenv("FILM_CACHE", asked)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    home, remark = cache_home()
    assert home == tmp_path / "elsewhere"
    assert remark.startswith(f"{first} (") and "HOME" in remark and "FILM_CACHE" in remark
    assert [p.name for p in tmp_path.iterdir()] == ["elsewhere"]
    (tmp_path / "blocked").write_text("a file where a folder is needed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "blocked"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "blocked"))
    with pytest.raises(RuntimeStartError, match="set HOME"):
        cache_home()


def test_ctrl_c_stays_with_who_asked_for_it(repository):
    """Jittor's own handler would end the process at once, whatever there is to finish."""
    code = (
        "import signal\nfrom film_core.runtime import start\n"
        "def mine(*_): print('told')\n"
        "signal.signal(signal.SIGINT, mine)\nstart('cpu')\n"
        "assert signal.getsignal(signal.SIGINT) is mine\n"
        "signal.raise_signal(signal.SIGINT)\nprint('goes on')"
    )
    ended = run_python(code, repository)
    assert ended.stdout.split("\n")[-3:] == ["told", "goes on", ""], ended.stderr


def test_onednn_is_linked_from_its_packages_and_a_dead_link_is_mended(tmp_path):
    assert link_onednn(tmp_path) == ""
    folder = tmp_path / ".cache/jittor/mkl/dnnl_lnx_2.2.0_cpu_gomp"
    assert (folder / "lib" / "libmkldnn.so").exists()
    assert (folder / "include" / "dnnl.h").exists()
    (folder / "lib").unlink()
    (folder / "lib").symlink_to(tmp_path / "an environment that was deleted")
    assert link_onednn(tmp_path) == ""
    assert (folder / "lib" / "libmkldnn.so").exists()


def test_the_cache_key_holds_the_processor(monkeypatch):
    from film_core.runtime import cache

    here = build_key("g++", "native")
    monkeypatch.setattr(cache, "feature_key", lambda: "another")
    assert build_key("g++", "native") != here
    assert build_key("g++", "x86-64-v3") != here


def test_a_mistyped_device_is_answered():
    with pytest.raises(UnknownNameError, match="did you mean 'cuda'"):
        choose_device("cdua")


def test_cuda_by_name_without_a_card_is_refused_with_the_remedy(monkeypatch):
    from film_core.runtime import device

    monkeypatch.setattr(device, "count_cuda_cards", lambda: 0)
    with pytest.raises(RuntimeStartError, match=r"no CUDA card.*--device cpu"):
        choose_device("cuda")
    assert choose_device("auto") == ("cpu", "", "")


def test_a_card_that_does_not_work_falls_back_with_one_sentence(monkeypatch, tmp_path):
    from film_core.runtime import device

    broken = tmp_path / "nvcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(device, "count_cuda_cards", lambda: 1)
    monkeypatch.setattr(device, "find_nvcc", lambda: str(broken))
    chosen, nvcc, remark = choose_device("auto")
    assert (chosen, nvcc) == ("cpu", "")
    assert remark.startswith("The CPU is used because a trial computation on the card failed")


def test_the_processor_is_described():
    assert processor_count() >= 1
    assert list(processor_features()) == sorted(processor_features())


def test_onednn_is_linked_by_many_at_once_over_whatever_lies_there(tmp_path):
    """Found by reading: a cut-off download, a dangling link and a race were tracebacks."""
    from concurrent.futures import ThreadPoolExecutor

    folder = tmp_path / ".cache" / "jittor" / "mkl" / "dnnl_lnx_2.2.0_cpu_gomp"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "half").write_text("a download that was cut off")
    (folder / "include").symlink_to(tmp_path / "an environment that was deleted")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(link_onednn, [tmp_path] * 32)) == {""}
    assert (folder / "lib" / "libmkldnn.so").exists()
    assert (folder / "include" / "dnnl.h").exists()


@pytest.mark.parametrize(
    ("said", "threads"), [("4,2", 4), (" 3", 3), ("", 0), ("²", 0), ("many", 0), ("-1", 0)]
)
def test_openmp_s_list_of_threads_is_read_by_its_first_number(said, threads):
    from film_core.runtime.start import _first_number

    assert _first_number(said) == threads


def test_compile_processes_end_although_the_command_keeps_sigterm_for_itself(repository):
    """Found as a hang: `batch` waited for ever for compile processes that took it as it does."""
    code = (
        "import signal, types\n"
        "from multiprocessing import Pool\n"
        "from film_core.runtime.start import _let_compile_pool_end\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "jittor_utils = types.SimpleNamespace(pool_initializer=lambda: None)\n"
        "_let_compile_pool_end(jittor_utils)\n"
        "pool = Pool(3, initializer=jittor_utils.pool_initializer)\n"
        "pool.map(abs, range(9)); pool.terminate(); pool.join(); print('ended')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, timeout=60
    )
    assert ended.stdout.strip() == "ended", ended.stderr
