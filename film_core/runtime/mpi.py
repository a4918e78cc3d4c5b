"""Whether this process was started by Open MPI's mpirun, and as which one. Needs no Jittor."""

import os


def inside_mpi() -> bool:
    """Whether mpirun started this process; Jittor decides by the same variable."""
    return "OMPI_COMM_WORLD_SIZE" in os.environ


def launched_rank() -> int:
    """Return this process's number among those of mpirun, from 0; 0 without it."""
    return int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))


def launched_here() -> int:
    """Return how many of mpirun's processes share this machine; 1 without it."""
    return int(os.environ.get("OMPI_COMM_WORLD_LOCAL_SIZE", "1"))
