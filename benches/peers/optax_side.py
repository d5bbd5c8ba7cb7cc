"""The same work in optax on XLA's CPU backend, one thread, compiled as one step."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import optax  # noqa: E402


class Network:
    """A jitted step that may reuse the memory of its parameters and state."""

    def __init__(self, gradients, params):
        clip = optax.clip_by_global_norm(1.0)
        self.rule = optax.chain(clip, optax.adamw(1e-3, weight_decay=1e-2))
        self.params = [jax.numpy.array(w) for w in params]
        self.gradients = [jax.numpy.array(g) for g in gradients]
        self.state = self.rule.init(self.params)
        self.step = jax.jit(self._step, donate_argnums=(0, 1))

    def _step(self, params, state, gradients):
        updates, state = self.rule.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    def clip_adamw(self):
        self.params, self.state = self.step(self.params, self.state, self.gradients)
        jax.block_until_ready(self.params)

    def results(self):
        return [jax.device_get(param) for param in self.params]


def version():
    return f"{optax.__version__} on jax {jax.__version__}"
