"""The table and the figure, made from the results of all runs."""

import matplotlib
import numpy as np
from train import EXPERIMENTS, METHODS

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLLAPSED = 0.2  # ten classes: guessing reaches 0.1

# Name in tables and legend, and colour: that of the method in the pictures of examples/pinn.
STYLES = {
    "none": ("AdamW alone", "#000000"),
    "stable-grad": ("StableGrad", "#0072b2"),
    "gradient-stabilizer": ("GradientStabilizer", "#d55e00"),
    "autoscale": ("autoscale", "#009e73"),
    "clip-norm": ("clip by global norm", "#e69f00"),
    "none, eps 1e-16": ("AdamW, eps 1e-16", "#8c8c8c"),
}


def collapsed(result):
    """Whether a run has failed: hardly better than guessing, or its gradients became NaN or infinite."""
    return not result["finite"] or result["accuracy"] < COLLAPSED


def _values(results, key):
    """Everything of this key, each once, smallest first."""
    return sorted({result[key] for result in results})


def _groups(results):
    """Results by experiment, method and rate; only those that there are, in the order of the plan."""
    groups = {}
    for result in results:
        groups.setdefault((result["experiment"], result["method"], result["rate"]), []).append(result)
    return groups


def table(results):
    """Markdown: a table for each experiment, a row for each method, a column for each learning rate."""
    groups, lines = _groups(results), []
    for name, experiment in EXPERIMENTS.items():
        chosen = [result for result in results if result["experiment"] == name]
        if not chosen:
            continue
        rates = _values(chosen, "rate")
        lines += ["", "| " + " | ".join([f"**{experiment.title}**", *(f"rate {rate:g}" for rate in rates)]) + " |"]
        lines += ["|---" * (len(rates) + 1) + "|"]
        for method in METHODS:
            if (name, method, rates[0]) in groups:
                cells = [_cell(groups[name, method, rate]) for rate in rates]
                lines += ["| " + " | ".join([STYLES[method][0], *cells]) + " |"]
    first = results[0]
    seeds = len(_values(results, "seed"))
    steps = f"{first['steps']} steps of {first['batch']} images, {seeds} seed{'s' * (seeds > 1)}"
    head = f"Test accuracy after {steps}: median (quartiles). Collapsed: below {COLLAPSED:g}, or no longer finite."
    return "\n".join([head, *lines]) + "\n"


def _cell(group):
    low, median, high = np.quantile([result["accuracy"] for result in group], [0.25, 0.5, 0.75])
    lost = sum(map(collapsed, group))
    note = f", **{lost} of {len(group)} collapsed**" if lost else ""
    return f"{median:.3f} ({low:.3f} to {high:.3f}){note}"


def figure(results, path):
    """A panel of accuracies for each experiment, and one of the gradients' sizes before training."""
    experiments = [name for name in EXPERIMENTS if any(result["experiment"] == name for result in results)]
    fig, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    panels = list(axes.flat)
    for name in experiments:
        _accuracies(panels.pop(0), name, [result for result in results if result["experiment"] == name])
    _gradients(panels.pop(0), experiments, results)
    for panel in panels:
        panel.set_axis_off()
    labels = {}
    for ax in axes.flat[: len(experiments)]:
        labels |= {label: handle for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    fig.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=len(labels), frameon=False)
    fig.savefig(path, dpi=110)
    plt.close(fig)


def _accuracies(ax, name, results):
    """Each run a dot, the methods of one learning rate side by side, a bar at each median."""
    groups, rates = _groups(results), _values(results, "rate")
    methods = [method for method in METHODS if (name, method, rates[0]) in groups]
    for offset, method in enumerate(methods):
        label, color = STYLES[method]
        for place, rate in enumerate(rates):
            accuracies = [result["accuracy"] for result in groups[name, method, rate]]
            x = place + (offset - (len(methods) - 1) / 2) * 0.8 / len(methods)
            spread = np.linspace(-0.04, 0.04, len(accuracies)) if len(accuracies) > 1 else [0]
            ax.scatter(x + np.asarray(spread), accuracies, s=16, color=color, label=label if place == 0 else None)
            ax.hlines(np.median(accuracies), x - 0.065, x + 0.065, color=color, lw=2)
    ax.axhline(COLLAPSED, color="#8c8c8c", lw=1, ls=":")
    ax.set(title=EXPERIMENTS[name].title, xlabel="Learning rate", ylabel="Accuracy on the test images", ylim=(0, 1.02))
    ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.set_xlim(-0.5, len(rates) - 0.5)


def _gradients(ax, experiments, results):
    """How large each layer's gradient is before training, over the seeds, beside AdamW's eps."""
    for name, marker in zip(experiments, "osv", strict=False):
        runs = [result["gradient_rms_before"] for result in results if result["experiment"] == name]
        values = np.array(runs, float)
        ax.plot(range(1, values.shape[1] + 1), np.median(values, axis=0), marker=marker, ms=4, color="#444444",
                lw=1, label=EXPERIMENTS[name].title)  # fmt: skip
    ax.axhline(1e-8, color="#b2182b", lw=1, ls="--", label="AdamW's eps")
    ax.set(title="Gradients before training", xlabel="Layer, from the input", ylabel="rms of dL/dW", yscale="log")
    ax.legend(loc=(0.36, 0.1), frameon=False)  # between eps and the small gradients
