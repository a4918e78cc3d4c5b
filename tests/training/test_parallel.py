"""Two processes over MPI train as one process of the same total batch does."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from film_core.errors import SettingError

needs_mpi = pytest.mark.skipif(
    not (shutil.which("mpirun") and shutil.which("mpicc")),
    reason="no MPI here: apt-get install openmpi-bin libopenmpi-dev",
)


@pytest.fixture
def train(prepared, tmp_path, repository):
    """Runs three steps of the command line and returns (parameters, average, log)."""

    def run(name, *launcher, **settings):
        given = {"batch": 2, "crop": "48x64", "epochs": 1, "tokens": 5, "validation_share": 0,
                 "clip_norm": 0, "learning_rate": 1e-3, **settings}  # fmt: skip
        options = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
        done = subprocess.run(
            [*launcher, sys.executable, "-m", "film_core", "train", "--task", "ivf",
             "--preset", "film-studio", "--prepared", prepared, "--out", tmp_path / name, *options],
            env={**os.environ, "PYTHONPATH": str(repository)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        (folder,) = (tmp_path / name).iterdir()
        from safetensors.numpy import load_file

        state = load_file(folder / "model" / "state.safetensors")
        return state, (folder / "train.log").read_text(), done.stderr

    return run


@needs_mpi
@pytest.mark.slow
def test_two_processes_equal_one(train):
    flags = ["--oversubscribe", *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]
    alone, log_alone, _ = train("alone")
    together, log, shown = train("together", "mpirun", "-np", "2", *flags)
    assert alone["step"] == together["step"] == 3
    assert shown.count("training on") == 1  # one process reports
    assert [line.split("total ")[1].split()[0] for line in log.splitlines() if "total" in line] == [
        line.split("total ")[1].split()[0] for line in log_alone.splitlines() if "total" in line
    ]
    # Adam's moments are sums of gradients: they differ by the order of two additions. The
    # parameters are compared as wholes, for Adam turns a gradient that is nothing but rounding
    # into a step as long as any other.
    for name, limit in (("first", 1e-4), ("second", 1e-4), ("parameters", 1e-4)):
        difference = np.linalg.norm(together[name].astype(np.float64) - alone[name])
        assert difference <= limit * np.linalg.norm(alone[name].astype(np.float64)), name


def test_what_cannot_be_shared_is_refused(jittor_started, monkeypatch):
    from film_core.training.parallel import Ranks
    from film_core.training.recipe import make_recipe

    ranks = Ranks()
    assert (ranks.rank, ranks.count, ranks.leads) == (0, 1, True)
    ranks.check(make_recipe("published", {"losses": "lp_ssim=1"}))  # one process may
    ranks.count = 2
    with pytest.raises(SettingError, match="A batch of 3 can't be shared by 2 processes"):
        ranks.check(make_recipe("published", {"batch": 3}))
    with pytest.raises(SettingError, match="lp_ssim looks at a whole batch"):
        ranks.check(make_recipe("published", {"losses": "lp_ssim=1"}))
