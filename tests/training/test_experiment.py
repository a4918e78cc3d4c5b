"""A run's folder on a full or read-only disk: a sentence, and nothing that hangs."""

import subprocess
import sys

import pytest

from film_core.errors import OutputError
from film_core.training.experiment import Experiment

LIMITED = """
import resource, sys
from pathlib import Path
from film_core.errors import OutputError
from film_core.training.experiment import Experiment
experiment = Experiment(Path(sys.argv[1]))
events = experiment.events()
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
try:
    for step in range(1000):
        if sys.argv[2] == "log":
            experiment.log.info("step %d", step)
        else:
            events.add({"total": 1.0}, step)
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["log", "events"])
def test_a_disk_that_becomes_full_ends_with_a_sentence(tmp_path, repository, what):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path, what], cwd=repository, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "can't be written (File too large)" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_cannot_be_opened_is_a_sentence(tmp_path):
    (tmp_path / "train.log").mkdir()
    with pytest.raises(OutputError, match=r"train\.log"):
        Experiment(tmp_path)
    (tmp_path / "file").write_text("")
    silent = Experiment.followed(tmp_path / "file" / "x")
    with pytest.raises(OutputError):
        silent.events()


def test_tensorboard_reads_the_events(tmp_path):
    from tensorboardX.proto.event_pb2 import Event

    events = Experiment.followed(tmp_path).events()
    events.add({"held_out/kept A": 0.5, "train/total": 2.0}, 7)
    events.close()
    (path,) = tmp_path.glob("events.out.tfevents*")
    content, found = path.read_bytes(), []
    while content:  # length, its checksum, event, its checksum
        size = int.from_bytes(content[:8], "little")
        found.append(Event.FromString(content[12 : 12 + size]))
        content = content[16 + size :]
    told = [(e.step, e.summary.value[0].tag, e.summary.value[0].simple_value) for e in found[1:]]
    assert told == [(7, "held_out/kept_A", 0.5), (7, "train/total", 2.0)]
