"""The table and the figure, made from the results of all runs with the help of examples/report."""

import pathlib
import sys

import numpy as np
from train import EXPERIMENTS

sys.path.append(str(pathlib.Path(__file__).parents[1] / "report"))
import figures
import tables
from runs import Run, Study, Table, values

COLLAPSED = 0.2  # ten classes: guessing reaches 0.1

# Names in tables and legend, in their order.
NAMES = {
    "none": "AdamW alone",
    "stable-grad": "StableGrad",
    "gradient-stabilizer": "GradientStabilizer",
    "autoscale": "autoscale",
    "clip-norm": "clip by global norm",
    "none, eps 1e-16": "AdamW, eps 1e-16",
}
STUDY = Study("Networks without BatchNorm", columns="rate", names=NAMES)


def collapsed(result):
    """Whether a run has failed: hardly better than guessing, or its gradients became NaN or infinite."""
    return not result["finite"] or result["accuracy"] < COLLAPSED


def sorted_runs(results):
    """The results in their places: a panel for each experiment."""
    keys = ("experiment", "method", "rate", "seed")
    order = {name: number for number, name in enumerate(EXPERIMENTS)}
    results = sorted(results, key=lambda result: order[result["experiment"]])
    return Table(STUDY, [
        Run({key: result[key] for key in keys}, result["accuracy"], collapsed(result), result) for result in results
    ])  # fmt: skip


def titles(table):
    """Of the panels: only what varies makes the title, and each experiment has a longer name."""
    return [EXPERIMENTS[panel.first().setup["experiment"]].title for panel in table.panels]


def table(results):
    """Markdown: a table for each experiment, a row for each method, a column for each learning rate."""
    sorted_ = sorted_runs(results)
    first, seeds = results[0], len({result["seed"] for result in results})
    steps = f"{first['steps']} steps of {first['batch']} images, {seeds} seed{'s' * (seeds > 1)}"
    blocks = [
        f"Test accuracy after {steps}: median (quartiles), the largest median of each column in bold. † counts the "
        f"runs of a cell that collapsed: below {COLLAPSED:g}, or no longer finite."
    ]
    for title, panel in zip(titles(sorted_), sorted_.panels, strict=True):
        blocks += [f"**{title}**", tables.error_grid(sorted_, panel, best=max)]
    return "\n\n".join(blocks) + "\n"


def figure(results, path):
    """A panel of accuracies for each experiment, and one of the gradients' sizes before training."""
    sorted_ = sorted_runs(results)
    panels = len(sorted_.panels)
    sheet, axes = figures.sheet("Accuracy on the test images, without BatchNorm", panels + 1, 2, (5.6, 3.6))
    for ax, title, panel in zip(axes, titles(sorted_), sorted_.panels, strict=False):
        figures.dots(ax, sorted_, panel, lambda cell: figures.quartiles(values(cell)), values)
        ax.axvline(COLLAPSED, color="#8c8c8c", lw=1, ls=":")
        ax.set(title=title, xlabel="accuracy", xlim=(0, 1))
    _gradients(axes[-1], sorted_)
    note = f"{figures.DOTS} Small dots: single runs. Left of the dotted line: collapsed."
    figures.legend(sheet, figures.column_handles(sorted_, lambda _: True), note)
    figures.save(sheet, path)


def _gradients(ax, sorted_):
    """How large each layer's gradient is before training, over the seeds, beside AdamW's eps."""
    for title, panel, marker in zip(titles(sorted_), sorted_.panels, "osv", strict=False):
        runs = [run.line["gradient_rms_before"] for cell in panel.cells.values() for run in cell]
        middle = np.median(np.array(runs, float), axis=0)
        ax.plot(range(1, len(middle) + 1), middle, marker=marker, ms=4, color="#444444", lw=1, label=title)
    ax.axhline(1e-8, color="#b2182b", lw=1.2, ls="--", label="AdamW's eps")
    ax.set(title="Gradients before training", xlabel="layer, from the input", ylabel="rms of dL/dW", yscale="log")
    ax.legend(loc=(0.3, 0.1), fontsize=9, frameon=False)  # between eps and the small gradients
