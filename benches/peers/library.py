"""libtrimtab.so through ctypes: the structs and calls of include/trimtab.h that the table needs."""

import ctypes as c
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
F32, WEIGHT, SCOPE_GLOBAL = 0, 0, 1


class Moments(c.Structure):
    _fields_ = [("count", c.c_uint64), ("sum", c.c_double), ("sum_sq", c.c_double), ("abs_max", c.c_double)]


class Affine(c.Structure):
    _fields_ = [("center", c.c_double), ("scale", c.c_double), ("limit", c.c_double)]


class Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("len", c.c_size_t),
        ("dtype", c.c_uint32),
        ("role", c.c_uint32),
        ("moments", Moments),
        ("affine", Affine),
    ]


class Slot(c.Structure):
    _fields_ = [
        ("param", c.c_void_p),
        ("first", c.c_void_p),
        ("second", c.c_void_p),
        ("dtype", c.c_uint32),
        ("reserved", c.c_uint32),
    ]


class NormState(c.Structure):
    _fields_ = [("m", c.c_double), ("v", c.c_double), ("steps", c.c_uint64), ("skipped", c.c_uint64)]


class StepState(c.Structure):
    _fields_ = [("steps", c.c_uint64)]


class AdamConfig(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("decoupled", c.c_uint32),
        ("lr", c.c_double),
        ("beta1", c.c_double),
        ("beta2", c.c_double),
        ("eps", c.c_double),
        ("weight_decay", c.c_double),
    ]


class Library:
    """One call a pass; every refusal is an exception."""

    def __init__(self):
        self.lib = c.CDLL(str(ROOT / "target" / "release" / "libtrimtab.so"))
        for name in ("version", "cpu_level", "status_message"):
            getattr(self.lib, f"trimtab_{name}").restype = c.c_char_p
        tensors, adam = c.POINTER(Tensor), c.POINTER(AdamConfig)
        steps, slots, norms = c.POINTER(StepState), c.POINTER(Slot), c.POINTER(NormState)
        self.lib.trimtab_observe.argtypes = [tensors, c.c_size_t]
        self.lib.trimtab_apply.argtypes = [tensors, c.c_size_t]
        self.lib.trimtab_clip_norm.argtypes = [c.c_double, c.c_uint32, tensors, c.c_size_t]
        self.lib.trimtab_stable_grad.argtypes = [c.c_void_p, c.c_double, tensors, c.c_size_t]
        self.lib.trimtab_gradient_stabilizer.argtypes = [c.c_void_p, norms, tensors, c.c_size_t]
        self.lib.trimtab_adam_step.argtypes = [adam, steps, tensors, slots, c.c_size_t]

    def call(self, name, *arguments):
        status = getattr(self.lib, "trimtab_" + name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name}: {self.lib.trimtab_status_message(status).decode()}")

    def version(self):
        return f"{self.lib.trimtab_version().decode()} ({self.lib.trimtab_cpu_level().decode()})"


class Network:
    """numpy gradients, parameters and moments, and the structs that point to them."""

    def __init__(self, library, gradients, params):
        self.call, self.n = library.call, len(gradients)
        self.gradients = [aligned(g) for g in gradients]
        self.params = [aligned(w) for w in params]
        self.first = [aligned(np.zeros_like(w)) for w in params]
        self.second = [aligned(np.zeros_like(w)) for w in params]
        self.tensors = (Tensor * self.n)(
            *(Tensor(g.ctypes.data, g.size, F32, WEIGHT) for g in self.gradients)
        )
        buffers = zip(self.params, self.first, self.second)
        self.slots = (Slot * self.n)(*(Slot(*(a.ctypes.data for a in three), F32, 0) for three in buffers))
        self.state, self.norms = StepState(), (NormState * self.n)()
        self.adam = AdamConfig(c.sizeof(AdamConfig), 1, 1e-3, 0.9, 0.999, 1e-8, 1e-2)

    def adamw(self):
        self.call("adam_step", self.adam, self.state, self.tensors, self.slots, self.n)

    def stable_grad_adamw(self):
        self.call("observe", self.tensors, self.n)
        self.call("stable_grad", None, 0.5, self.tensors, self.n)
        self.adamw()

    def clip_adamw(self):
        self.call("observe", self.tensors, self.n)
        self.call("clip_norm", 1.0, SCOPE_GLOBAL, self.tensors, self.n)
        self.adamw()

    def gradient_stabilizer(self):
        self.call("observe", self.tensors, self.n)
        self.call("gradient_stabilizer", None, self.norms, self.tensors, self.n)
        self.call("apply", self.tensors, self.n)


def aligned(array):
    """A copy that starts at a cache line, as the allocators of torch and jax have it."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
