"""What a host reads: the Space's header, the lock, the images' ingredients, the health check."""

import http.server
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub.utils import filter_repo_objects

from tests.hosting.tracked import tracked

LFS = b"version https://git-lfs"
PIN = re.compile(r"^([A-Za-z0-9_.\[\]-]+)==([^\s\\;]+)", re.M)


def pins(path: Path) -> dict[str, str]:
    found = PIN.findall(path.read_text(encoding="utf-8"))
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_the_lock_holds_every_requirement_at_its_version_with_hashes(repository):
    wanted, locked = (pins(repository / f"requirements.{kind}") for kind in ("txt", "lock"))
    assert wanted and wanted.items() <= locked.items()
    text = (repository / "requirements.lock").read_text()
    for entry in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_header_of_the_space_names_what_is_installed(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    header = dict(
        line.split(": ", 1) for line in text.split("---\n")[1].splitlines() if ": " in line
    )
    assert header["sdk"] == "gradio"
    assert header["sdk_version"] == pins(repository / "requirements.txt")["gradio"]
    assert header["python_version"].strip('"') == "3.11"
    assert (repository / header["app_file"]).is_file()
    assert len(header["short_description"]) <= 60, "the Hub refuses longer ones"
    assert (repository / "packages.txt").read_text().split() == ["g++", "python3-dev"]


def test_the_upload_of_the_readme_leaves_out_what_is_built_and_nothing_else(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    words = shlex.split(re.search(r"^hf upload .*$", text, re.M)[0])
    excluded = [words[at + 1] for at, word in enumerate(words) if word == "--exclude"]
    built = [".venv/bin/python", "film_core/__pycache__/errors.cpython-311.pyc"]
    names = tracked(repository)
    assert list(filter_repo_objects([*names, *built], ignore_patterns=excluded)) == names
    pointers = [name for name in names if (repository / name).read_bytes().startswith(LFS)]
    assert not pointers, "a clone without LFS must be whole"
    assert "huggingface-hub" in (repository / "requirements.lock").read_text()


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.cuda"])
def test_an_image_runs_without_rights_and_says_whether_it_is_well(repository, name):
    lines = (repository / name).read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users[-1] == "film"
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    kept = (repository / ".dockerignore").read_text().split("\n")
    assert "*" in kept, "an image gets what is named, not what happens to lie around"
    copied = re.search(r"for part in (.*); do", (repository / "hosting/install.sh").read_text())
    parts = copied[1].replace('"$lock"', "requirements.lock").split()
    assert {f"!{part}" for part in parts} <= set(kept)
    assert all((repository / part).exists() for part in parts)


@pytest.mark.parametrize(("state", "status"), [("ready", 0), ("starting", 0), ("unable", 1)])
def test_the_health_check_passes_on_what_the_page_says(repository, state, status):
    assert ask_health(repository, state, "127.0.0.1", "0.0.0.0") == (status, state)


def test_the_health_check_asks_at_the_address_that_the_page_was_given(repository):
    assert ask_health(repository, "ready", "127.0.0.2", "127.0.0.2") == (0, "ready")


def ask_health(repository: Path, state: str, served: str, name: str) -> tuple[int, str]:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"state": state}).encode())

        def log_message(self, *_):
            pass

    with http.server.HTTPServer((served, 0), Health) as server:
        server.timeout = 10
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = subprocess.run(
            [sys.executable, repository / "hosting" / "healthy.py"],
            env={"GRADIO_SERVER_NAME": name, "GRADIO_SERVER_PORT": str(server.server_port)},
            capture_output=True, text=True,
        )  # fmt: skip
    return done.returncode, done.stdout.strip()


def test_the_health_check_fails_where_nobody_answers(repository):
    done = subprocess.run(
        [sys.executable, repository / "hosting" / "healthy.py"],
        env={"GRADIO_SERVER_PORT": "9"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "no health report" in done.stdout


@pytest.mark.parametrize("script", ["install.sh", "start.sh", "rehearse.sh"])
def test_the_scripts_are_shell(repository, script):
    subprocess.run(["sh", "-n", repository / "hosting" / script], check=True)


@pytest.mark.parametrize(
    ("python", "installed"),
    [("exit 1", ["python3-dev", "python3-venv"]), ('[ "$1" = -c ]', [])],
)
def test_the_checks_install_what_a_bare_machine_lacks(repository, tmp_path, python, installed):
    places = [tmp_path / ".ci", tmp_path / "bin"]
    for place in places:
        place.mkdir()
    script = shutil.copy(repository / ".ci" / "run", places[0])
    asked = tmp_path / "asked"
    commands = {"id": "echo 0", "g++": "", "chromium": "", "python3": python,
                "apt-get": f'echo "$@" >> {asked}'}  # fmt: skip
    for name, body in commands.items():
        (places[1] / name).write_text(f"#!/bin/sh\n{body}\n")
        (places[1] / name).chmod(0o755)
    path = f"{places[1]}:/usr/bin:/bin"
    done = subprocess.run(["bash", script], env={"PATH": path}, capture_output=True)
    assert done.returncode == 1, "this Python makes no venv"
    words = asked.read_text().split() if asked.exists() else []
    assert [word for word in words if word.startswith("python3")] == installed
