"""Status 0 while the page answers and its network is ready or getting ready; for health checks."""

import json
import os
import sys
import urllib.request


def main() -> int:
    """Ask the health endpoint on this machine."""
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            state = json.load(answer)["state"]
    except (OSError, ValueError, KeyError) as failure:
        print(f"no health report: {failure}")
        return 1
    print(state)
    return int(state == "unable")


if __name__ == "__main__":
    sys.exit(main())
