"""The networks in plain jax.numpy, on images [batch, height, width, channels]; none has a normalization."""

import math

import jax
import jax.numpy as jnp

import trimtab

CHANNELS, CLASSES = 16, 10


def convolve(x, layer, stride=1):
    """A 3x3 convolution with zero padding."""
    # As one matrix product: with so few channels several times as fast in a compiled loop on the CPU as XLA's own.
    _, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shifted = [padded[:, i : i + height : stride, j : j + width : stride] for i in range(3) for j in range(3)]
    columns = jnp.concatenate(shifted, axis=-1)
    return columns @ layer["w"].reshape(9 * channels, -1) + layer["b"]


def classify(x, layer):
    """Class logits from the average over the image."""
    return jnp.mean(x, axis=(1, 2)) @ layer["w"] + layer["b"]


def plain(layers, x):
    """Convolutions and ReLUs one after the other, nothing else; the first has stride 2."""
    x = jax.nn.relu(convolve(x, layers[0], stride=2))
    for layer in layers[1:-1]:
        x = jax.nn.relu(convolve(x, layer))
    return classify(x, layers[-1])


def resnet(layers, x):
    """Pre-activation residual blocks x + conv(relu(conv(relu(x)))), each BatchNorm left out."""
    x = convolve(x, layers[0], stride=2)
    for first, second in zip(layers[1:-1:2], layers[2:-1:2], strict=True):
        x = x + convolve(jax.nn.relu(convolve(jax.nn.relu(x), first)), second)
    return classify(jax.nn.relu(x), layers[-1])


def init(key, convolutions, gain):
    """Weights of standard deviation gain * sqrt(2 / fan_in): gain 1 is He's, which goes with StableGrad, too.

    Biases are zero.
    """
    shapes = [(3, 3, 1, CHANNELS)] + [(3, 3, CHANNELS, CHANNELS)] * (convolutions - 1) + [(CHANNELS, CLASSES)]
    layers = []
    for shape, now in zip(shapes, jax.random.split(key, len(shapes)), strict=True):
        std = gain * trimtab.init_std("relu", math.prod(shape[:-1]))
        layers.append({"w": std * jax.random.normal(now, shape), "b": jnp.zeros(shape[-1])})
    return layers
