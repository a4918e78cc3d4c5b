"""Inside the rehearsed container: start the page, time it, try to write where nobody may, stop."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_SECONDS = 1800.0


def main(folder: Path) -> int:
    """Print one JSON object; status 1 where something can be written or the page doesn't come."""
    cache = folder / "cache"
    told: dict = {"user": os.geteuid(), "written": _writable(folder)}
    environment = {"TMPDIR": str(cache), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    begun = time.monotonic()
    page = subprocess.Popen([folder / "app" / "hosting" / "start.sh"], env=environment)
    try:
        told["answers_after_seconds"] = _until(page, begun, lambda health: True)
        told["ready_after_seconds"] = _until(page, begun, lambda h: h["state"] == "ready")
        told["health"] = _health()
        check = [sys.executable, folder / "app" / "hosting" / "healthy.py"]
        told["health_check_status"] = subprocess.run(check, env=environment).returncode
    finally:
        begun = time.monotonic()
        page.terminate()
        page.wait(60)
    told["stopped_after_seconds"] = round(time.monotonic() - begun, 1)
    print(json.dumps(told, indent=1))
    fine = not told["written"] and told["user"] != 0 and told["health_check_status"] == 0
    return int(not fine)


def _writable(folder: Path) -> list[str]:
    """Return where a file could be made, of the places where it must not be."""
    found = []
    for place in (folder, folder / "app", folder / "app" / "demo", folder / "venv", Path("/etc")):
        path = place / "written-by-rehearsal"
        try:
            path.touch()
        except OSError:
            continue
        path.unlink()
        found.append(str(place))
    return found


def _until(page: subprocess.Popen, begun: float, wanted) -> float:
    while time.monotonic() < begun + _SECONDS and page.poll() is None:
        try:
            if wanted(_health()):
                return round(time.monotonic() - begun, 1)
        except OSError:
            pass  # not up yet
        time.sleep(0.2)
    raise TimeoutError("the page did not come up")


def _health() -> dict:
    with urllib.request.urlopen("http://127.0.0.1:7860/health", timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
