"""``python -m demo.worker MODULE DESCRIPTOR BLOB_BYTES``: what the supervisor starts."""

import sys

from demo.worker.process import main

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
