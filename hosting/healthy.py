"""Status 0 while the page answers and its network is ready or getting ready; for health checks."""

import json
import os
import sys
import urllib.request


def main() -> int:
    """Ask the health endpoint on this machine, at the address that the page was given."""
    name = os.environ.get("GRADIO_SERVER_NAME", "")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    host = f"[{host}]" if ":" in host else host
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/health", timeout=5) as answer:
            state = json.load(answer)["state"]
    except (OSError, ValueError, KeyError) as failure:
        print(f"no health report: {failure}")
        return 1
    print(state)
    return int(state == "unable")


if __name__ == "__main__":
    sys.exit(main())
