"""Methods as runs name them, `centralize + clip-norm(max-norm=0.5)`: labels, order and colours."""

import re

# Name, label and colour in the order of tables and legends: Okabe and Ito's palette, which people with any colour
# vision can tell apart, its yellow replaced by olive, which shows on white. The main job's pictures have these, too.
METHODS = {
    "none": ("optimizer alone", "#000000"),
    "stable-grad": ("StableGrad", "#0072b2"),
    "gradient-stabilizer": ("GradientStabilizer", "#d55e00"),
    "autoscale": ("Autoscale", "#009e73"),
    "znorm": ("Z-norm", "#cc79a7"),
    "centralize": ("mean removal", "#6e3cbe"),
    "clip-norm": ("norm clipping", "#e69f00"),
    "clip-value": ("value clipping", "#783c14"),
    "agc": ("AGC", "#56b4e9"),
    "zclip": ("ZClip", "#8c8228"),
    "scale": ("scaling", "#8c8c8c"),
}

# Options in words of their own; none: the usual value, which is not told. Others are told as they are.
WORDS = {
    ("stable-grad", "reference", "prediction"): None,
    ("clip-norm", "max-norm", "1"): None,
    ("clip-norm", "scope", "tensor"): "each tensor",
    ("autoscale", "center", "off"): "mean kept",
}
SHORT = {("stable-grad", "reference"): "{}", ("clip-norm", "max-norm"): "at {}", ("scale", "factor"): "by {}"}


def links(method):
    """The methods of a chain, each a name and its options."""
    calls = re.findall(r"([\w-]+)(?:\(([^)]*)\))?", method)
    return [(name, [tuple(option.split("=")) for option in inside.split(", ") if option]) for name, inside in calls]


def leader(method):
    """The method that gives a chain its colour: the first that does more than remove means."""
    names = [name for name, _ in links(method)]
    return next((name for name in names if name != "centralize"), names[0])


def label(method):
    """The name for tables and pictures."""
    return " + ".join(_label(name, options) for name, options in links(method))


def _label(name, options):
    usual = METHODS[name][0]
    told = [_words(name, key, value) for key, value in options]
    told = [word for word in told if word]
    return f"{usual} ({', '.join(told)})" if told else usual


def _words(name, key, value):
    short = SHORT.get((name, key), f"{key} {{}}").format(value).replace("-", " ")
    return WORDS.get((name, key, value), short)


def place(method):
    """Sorts methods: as METHODS has them, variants of one by their labels."""
    return list(METHODS).index(leader(method)), label(method)
