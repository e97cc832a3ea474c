"""The libraries that peers.py can measure, by name. peers.py makes one of them in each process. A module that calls a
library in C is only imported when that library is made."""

from peer_arrays import CuPy, Jax, NumPy, Torch


def cublas():
    from peer_cublas import CuBlas
    return CuBlas()


def openblas():
    from peer_openblas import OpenBlas
    return OpenBlas()


def clblast():
    from peer_clblast import ClBlast
    return ClBlast()


LIBRARIES = {"numpy": NumPy, "openblas": openblas, "clblast": clblast, "torch": Torch, "jax": Jax, "cupy": CuPy,
             "cublas": cublas}
