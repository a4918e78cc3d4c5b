#!/bin/sh
# Start the page that install.sh has put beside this script. Writes to FOLDER/cache and TMPDIR alone,
# so everything else may be read-only; needs no home folder and no rights.
set -eu
folder="$(cd "$(dirname "$0")/../.." && pwd)"
cp -a --update=none "$folder/seed/." "$folder/cache/" 2>/dev/null ||
  cp -a --no-clobber "$folder/seed/." "$folder/cache/"
cd "$folder/app"
export HOME="${HOME:-/nonexistent}" FILM_CACHE="$folder/cache"
export FILM_MARCH="${FILM_MARCH:-x86-64-v3}" FILM_KERNELS_ISA="${FILM_KERNELS_ISA:-avx2}"
export GRADIO_SERVER_NAME="${GRADIO_SERVER_NAME:-0.0.0.0}"
export PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR="${TMPDIR:-/tmp}/matplotlib"
exec "$folder/venv/bin/python" app.py
