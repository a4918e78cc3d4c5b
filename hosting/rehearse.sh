#!/bin/sh
# Run what install.sh has put into FOLDER as a container would, where there is no Docker: without
# network (loopback alone), everything read-only but FOLDER/cache and /tmp, no capability, no root.
# Needs root or user namespaces. Usage: hosting/rehearse.sh FOLDER
# Prints the seconds until the page answers and until a visitor can fuse, and stops it.
set -eu
folder="$(cd "$1" && pwd)"
exec unshare --mount --net --pid --fork --kill-child sh -eu -c '
  folder="$1"
  ip link set lo up
  mount --make-rprivate /
  mount -t tmpfs -o size=2g,mode=1777 tmpfs "$folder/cache"
  # Everything else, FOLDER among it, can only be read.
  mount --bind / /mnt
  mount --bind "$folder/cache" "/mnt$folder/cache"
  mount -o remount,bind,ro /mnt
  mount -t proc proc /mnt/proc
  mount --rbind /dev /mnt/dev
  exec unshare --root=/mnt --user --map-user=1000 --map-group=1000 \
    "$folder/venv/bin/python" "$folder/app/hosting/rehearsal.py" "$folder"
' rehearse "$folder"
