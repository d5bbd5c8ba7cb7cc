"""trimtab for JAX on the CPU: optax transformations, one XLA custom call a whole tree of gradients.

The call observes, decides and writes. It works under ``jax.jit``, ``jax.lax.scan`` and ``jax.vmap``, and
gives the same bits as the C library and :mod:`trimtab.numpy`, with 64-bit types switched on or off.
"""

try:
    import jax as _jax
    import optax as _optax
except ImportError as missing:
    raise ImportError(
        f"trimtab.stable_grad, gradient_stabilizer and autoscale are optax transformations, and "
        f'{missing.name} is not installed: pip install "trimtab[jax]" (trimtab.numpy works without)'
    ) from missing

del _jax, _optax

from ._states import AutoscaleState, GradientStabilizerState, StableGradState  # noqa: E402
from ._transformations import *  # noqa: E402, F403
from ._transformations import __all__ as _methods  # noqa: E402

__all__ = ["AutoscaleState", "GradientStabilizerState", "StableGradState", *_methods]
