"""Keeps what a process knows from its neighbours of the same user."""

import ctypes
import os
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def shut_memory() -> None:
    """Let no other process of this user read this one's memory or starting environment.

    A worker that a stranger's file has taken over runs as the same user as the page; without this
    it would find the page's secrets in ``/proc/<page>/environ``. The superuser isn't held by it.
    Nothing happens where the system isn't Linux.

    Raises:
        OSError: the system refuses.
    """
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
