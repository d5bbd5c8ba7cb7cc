"""The library that carries the C ABI and XLA's custom calls, and what its calls return."""

import ctypes
import pathlib

from ._config import choice
from ._structs import ACTIVATION, FUNCTIONS, Status


def _load() -> ctypes.CDLL:
    # CDLL lets go of Python's lock while a function runs.
    library = ctypes.CDLL(str(pathlib.Path(__file__).with_name("_trimtab.so")))
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()


class Error(Exception):
    """A call that the C library refused. Nothing was changed.

    Attributes:
        status: which :class:`Status`.
        message: what was wrong, where, and what to do.
        function: the C function, such as ``"trimtab_apply"``.
    """

    def __init__(self, status: Status, message: str, function: str):
        super().__init__(status, message, function)
        self.status, self.message, self.function = status, message, function

    def __str__(self) -> str:
        return f"{self.function}: {self.message}"


def call(function: str, *arguments: object) -> Status:
    """The status that a function returns, refusals included."""
    return Status(getattr(library, function)(*arguments))


def refusal(status: Status, function: str, where: str = "", detail: str = "") -> Error:
    """The exception for a status: ``where: what it means and what to do (detail)``."""
    text = library.trimtab_status_message(status).decode()
    if status == Status.BAD_CONFIG and detail:
        text = text.partition(":")[0]  # What follows speaks of C and Rust.
    where, detail = where and f"{where}: ", detail and f" ({detail})"
    return Error(status, where + text + detail, function)


def version() -> str:
    """The version of the C library, "major.minor.patch"."""
    return str(library.trimtab_version().decode())


def cpu_level() -> str:
    """The instruction set in use: "avx512", "avx2", "sse2", "neon" or "scalar".

    It decides speed, never results. The environment variable ``TRIMTAB_LEVEL`` forces another that the
    processor has; it is read at the first call.
    """
    return str(library.trimtab_cpu_level().decode())


def set_threads(threads: int) -> None:
    """Lets the passes use up to this many threads, for every caller in this process, JAX included.

    It is 1 unless asked otherwise, and results are the same, to the bit, for any number.

    Raises:
        Error: BAD_CONFIG for 0 and for more than 1024; UNSUPPORTED if they cannot be started.
    """
    threads = int(threads)
    status = call("trimtab_set_threads", max(threads, 0))
    if status != Status.OK:
        raise refusal(status, "trimtab_set_threads", detail=f"threads={threads}, allowed are 1 to 1024")


def init_std(activation: str, fan_in: int) -> float:
    """Standard deviation to draw a layer's weights from, the one that goes with StableGrad.

    ``gain / sqrt(fan_in)`` with ``gain = 1 / sqrt(E[f(z)^2])`` for standard normal z.

    Args:
        activation: "relu", "tanh", "silu", "gelu", "sin" or "identity".
        fan_in: number of inputs of the layer, at least 1.
    """
    code = choice(ACTIVATION, activation, "activation")
    if fan_in < 1:
        raise ValueError(f"fan_in={fan_in!r} must be at least 1")
    return float(library.trimtab_init_std(code, int(fan_in)))
