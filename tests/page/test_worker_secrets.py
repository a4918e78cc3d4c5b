"""The host's secret reaches the worker that asks the endpoint, and no other process."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.desk import Desk
from demo.settings import Settings

KEY = "sk-secret-of-the-host"


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setenv("FILM_ENDPOINT_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("FILM_ENDPOINT_MODEL", "some-model")
    monkeypatch.setenv("FILM_ENDPOINT_KEY", KEY)
    desk = Desk(Settings(describer="endpoint"), "tests.page.stand_in", "tests.page.stand_in")
    desk.open()
    yield desk
    desk.close()


def told(process_id: int) -> str:
    return Path(f"/proc/{process_id}/environ").read_bytes().decode()


def test_only_the_describing_worker_is_given_the_key(desk):
    workers = {"reading": desk.reading, "fusing": desk.fusing, "asking": desk.asking}
    while any(worker.process_id is None for worker in workers.values()):
        time.sleep(0.02)
    holders = {name for name, worker in workers.items() if KEY in told(worker.process_id)}
    assert holders == {"asking"}
    for worker in workers.values():
        assert "FILM_ENDPOINT_URL" in told(worker.process_id)  # it is the environment that we read


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_memory_that_is_shut_is_shut_to_the_same_user():
    program = "from demo.worker.secrecy import shut_memory; shut_memory(); print(1, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{program}; input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == b"1\n"
        with pytest.raises(PermissionError):
            told(process.pid)
        process.communicate(b"\n")


def test_memory_is_shut():
    program = (
        "import ctypes; from demo.worker.secrecy import shut_memory; shut_memory(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"0\n"
