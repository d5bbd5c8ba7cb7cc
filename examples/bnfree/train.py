"""One run: a network, a method in front of AdamW, a learning rate and a seed."""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import networks
import numpy as np
import optax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import trimtab


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A network and the standard deviation of its first weights, in units of He's."""

    title: str
    network: str
    convolutions: int
    gain: float


EXPERIMENTS = {
    "plain": Experiment("24 convolutions, no skips", "plain", 24, 1.0),
    "resnet": Experiment("16 residual blocks", "resnet", 33, 1.0),
    "small": Experiment("24 convolutions, small initial weights", "plain", 24, 1 / math.sqrt(6)),
}

# What stands in front of AdamW.
METHODS = {
    "none": optax.identity,
    "stable-grad": trimtab.stable_grad,
    "gradient-stabilizer": trimtab.gradient_stabilizer,
    "autoscale": trimtab.autoscale,
    "clip-norm": functools.partial(optax.clip_by_global_norm, 1.0),
    "none, eps 1e-16": optax.identity,
}
EPS = {"none, eps 1e-16": 1e-16}  # AdamW's, where it is not 1e-8


@dataclasses.dataclass(frozen=True)
class Run:
    """What distinguishes one run from another."""

    experiment: str
    method: str
    rate: float
    seed: int
    steps: int = 200
    batch: int = 64


@functools.cache
def digits():
    """scikit-learn's 1797 handwritten digits of 8x8 pixels, zero mean and unit deviation: 1297 to train, 500 to test.

    Returns training images, test images, training labels, test labels; the same for every run.
    """
    images, labels = load_digits(return_X_y=True)
    images = ((images - images.mean()) / images.std()).astype(np.float32).reshape(-1, 8, 8, 1)
    return train_test_split(images, labels, test_size=500, random_state=0, stratify=labels)


def loss_of(logits, labels):
    """Mean cross-entropy."""
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))


def is_finite(tree):
    """Whether no number of a tree is NaN or infinite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


def weight_rms(layers):
    """The root mean square of each weight, input layer first."""
    return jnp.stack([jnp.sqrt(jnp.mean(jnp.square(layer["w"]))) for layer in layers])


@functools.partial(jax.jit, static_argnames=("network", "steps", "batch"))
def fit(network, method, steps, batch, rate, eps, layers, key, images, labels, test_images):
    """Trains.

    The number of the method is a value like any other, so that a network is compiled once for all of them.

    Returns the classes of the test images, whether everything stayed finite, and of each step the loss and the root
    mean square of each weight's gradient.
    """
    forward = getattr(networks, network)
    fronts = [optax.with_extra_args_support(front()) for front in METHODS.values()]
    adamw = optax.adamw(rate, eps=eps)

    def gradients(layers, key):
        chosen = jax.random.randint(key, (batch,), 0, len(images))
        logits, pull_back = jax.vjp(lambda layers: forward(layers, images[chosen]), layers)
        loss, dlogits = jax.value_and_grad(loss_of)(logits, labels[chosen])
        return loss, pull_back(dlogits)[0], jnp.std(dlogits, ddof=1)

    def behind(number):
        def rescale(grads, states, reference):
            grads, state = fronts[number].update(grads, states[number], reference=reference)
            return grads, (*states[:number], state, *states[number + 1 :])

        return rescale

    def update(layers, states, moments, grads, reference):
        # A loss of exactly 0 has no gradient, and 0 is no reference.
        reference = jnp.maximum(reference, 1e-30)
        choices = [behind(number) for number in range(len(fronts))]
        grads, states = jax.lax.switch(method, choices, grads, states, reference)
        updates, moments = adamw.update(grads, moments, layers)
        return optax.apply_updates(layers, updates), states, moments

    def stay(layers, states, moments, grads, reference):
        return layers, states, moments

    def step(carry, key):
        *trained, alive = carry
        loss, grads, reference = gradients(trained[0], key)
        # With every method alike, a run ends where its loss or gradients become NaN or infinite.
        alive = alive & is_finite((loss, grads))
        trained = jax.lax.cond(alive, update, stay, *trained, grads, reference)
        return (*trained, alive), (loss, weight_rms(grads))

    keys = jax.random.split(key, steps)
    start = layers, tuple(front.init(layers) for front in fronts), adamw.init(layers), jnp.array(True)
    (layers, _, _, alive), (losses, rms) = jax.lax.scan(step, start, keys)
    return jnp.argmax(forward(layers, test_images), axis=-1), alive, losses, rms


def train(run):
    """Trains and tests; a dict that JSON can hold. The same seed means the same first weights and batches."""
    experiment = EXPERIMENTS[run.experiment]
    images, test_images, labels, test_labels = digits()
    for_weights, for_batches = jax.random.split(jax.random.key(run.seed))
    layers = networks.init(for_weights, experiment.convolutions, experiment.gain)
    predicted, alive, losses, rms = fit(
        experiment.network, list(METHODS).index(run.method), run.steps, run.batch, run.rate, EPS.get(run.method, 1e-8),
        layers, for_batches, images, labels, test_images,
    )  # fmt: skip
    return {
        **dataclasses.asdict(run),
        "accuracy": int(np.sum(np.asarray(predicted) == test_labels)) / len(test_labels),
        "finite": bool(alive),
        "loss": [_short(losses[0]), _short(jnp.mean(losses[-10:]))],
        "gradient_rms_before": [_short(value) for value in rms[0]],
        "gradient_rms_after": [_short(value) for value in rms[-1]],
    }


def _short(value):
    """Three digits; null in JSON, which has no NaN, where the value is not finite."""
    return float(f"{value:.2e}") if math.isfinite(value) else None
