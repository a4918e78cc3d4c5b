#!/bin/sh
# Install FILM Studio into a folder and compile everything that its first visitor would wait for.
# Usage: hosting/install.sh FOLDER [LOCK]. The Dockerfiles run this; so can anybody on a bare folder.
#
# FOLDER/app is the program, FOLDER/venv its packages, FOLDER/seed the compiled code; start.sh puts
# a copy of the seed into FOLDER/cache, which is all that is written to later.
set -eu
source="$(cd "$(dirname "$0")/.." && pwd)"
folder="$1"
lock="${2:-requirements.lock}"
mkdir -p "$folder/app" "$folder/cache"
folder="$(cd "$folder" && pwd)"

for part in app.py demo film_core weights examples hosting "$lock" LICENSE README.md; do
  cp -R "$source/$part" "$folder/app/"
done
mkdir -p "$folder/app/docs"
cp "$source/docs/text-guidance.md" "$folder/app/docs/"  # the page shows it
"${PYTHON:-python3.11}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
  --require-hashes -r "$folder/app/$lock"

# Compiled for every x86-64 processor since 2013 rather than for this one: an image is built on one
# machine and runs on another. The paths of compiled code are part of what it is looked up by, so it
# is compiled where it will be used.
cd "$folder/app"
HOME=/nonexistent FILM_CACHE="$folder/cache" \
  FILM_MARCH="${FILM_MARCH:-x86-64-v3}" FILM_KERNELS_ISA="${FILM_KERNELS_ISA:-avx2}" \
  "$folder/venv/bin/python" -m film_core warmup
rm -rf "$folder/seed"
cp -a "$folder/cache" "$folder/seed"
find "$folder/app" "$folder/venv" "$folder/seed" -name '*.partial' -delete
