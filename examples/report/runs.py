"""Runs read from runs.jsonl and sorted into panels, rows and columns; runs in one cell differ only in their seed.

What the study names as rows and columns tells rows and columns apart; whatever else varies makes panels.
"""

import dataclasses
import json
import math
import pathlib
import tomllib

import numpy as np

import methods


@dataclasses.dataclass(frozen=True)
class Run:
    """What a report needs of a line: the choices, and what came out."""

    setup: dict
    value: float
    failed: bool
    line: dict


@dataclasses.dataclass(frozen=True)
class Study:
    """How to tell of runs."""

    title: str = ""
    about: str = ""
    columns: str = "lr"
    rows: tuple = ("method",)
    ignore: tuple = ()
    names: dict = dataclasses.field(default_factory=dict)  # labels that differ from methods.label


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the tables, a line of the figures."""

    key: tuple
    label: str
    method: str
    variant: int  # rows before it that have the same colour

    @property
    def is_baseline(self):
        """Whether it is the optimizer alone, which the others are compared with."""
        return self.method == "none"


@dataclasses.dataclass(frozen=True)
class Panel:
    """A table of its own: its runs by row and column."""

    title: str
    columns: list
    cells: dict

    def cell(self, row, column):
        """The runs of a cell, perhaps none."""
        return self.cells.get((row.key, column), [])

    def first(self):
        """One of its runs."""
        return next(iter(self.cells.values()))[0]

    def rows(self, rows):
        """Those rows that have any runs here."""
        return [row for row in rows if any(self.cell(row, column) for column in self.columns)]


def read(folder, study_file=None):
    """The study of a folder, from the TOML file beside it, and its runs."""
    folder = pathlib.Path(folder)
    text = (study_file or folder.with_suffix(".toml")).read_text()
    told = tomllib.loads(text)
    layout = told["report"]
    study = Study(
        told["title"], told["about"].strip() if "about" in told else "", layout["columns"],
        tuple(layout.get("rows", ["method"])), tuple(layout.get("ignore", [])),
    )  # fmt: skip
    return study, [of_pinn(line) for line in lines(folder / "runs.jsonl")]


def lines(path):
    """The lines of runs.jsonl; one that a killed program has left unfinished at the end does not count."""
    text = path.read_text()
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def of_pinn(line):
    """A run of examples/pinn: the relative error, infinite where it diverged."""
    failed = line["diverged"] is not None
    return Run(line["setup"], math.inf if failed or line["error"] is None else line["error"], failed, line)


class Table:
    """All runs in their places."""

    def __init__(self, study, runs):
        setups = [run.setup for run in runs]
        varying = [key for key in setups[0] if any(setup[key] != setups[0][key] for setup in setups)]
        self.study, self.runs = study, runs
        self.constants = {key: value for key, value in setups[0].items() if key not in varying}
        self.panel_keys = [key for key in varying if key not in (*study.rows, *study.ignore, study.columns, "seed")]
        self.rows = self._rows(setups)
        self.panels = [self._panel(key) for key in distinct(pick(setup, self.panel_keys) for setup in setups)]
        self.numeric = all(isinstance(setup[study.columns], int | float) for setup in setups)
        if len(self.runs) > len({json.dumps(setup) for setup in setups}):
            raise ValueError("the same run is there twice")

    def _rows(self, setups):
        keys = {pick(setup, self.study.rows): setup["method"] for setup in setups}
        places = {key: number for number, key in enumerate(keys)}
        rows, names = [], self.study.names
        order = list(names).index if names else methods.place
        for key, method in sorted(keys.items(), key=lambda item: (order(item[1]), places[item[0]])):
            leader = methods.leader(method)
            variant = sum(methods.leader(row.method) == leader for row in rows)
            label = [names.get(method) or methods.label(method)] if "method" in self.study.rows else []
            others = [words(name, value) for name, value in zip(self.study.rows, key, strict=True) if name != "method"]
            rows.append(Row(key, ", ".join(label + others), method, variant))
        return rows

    def _panel(self, key):
        cells = {}
        for run in self.runs:
            if pick(run.setup, self.panel_keys) == key:
                cells.setdefault((pick(run.setup, self.study.rows), run.setup[self.study.columns]), []).append(run)
        columns = distinct(column for _, column in cells)
        columns = sorted(columns) if all(isinstance(column, int | float) for column in columns) else columns
        title = ", ".join(words(name, value) for name, value in zip(self.panel_keys, key, strict=True))
        return Panel(title, columns, cells)

    @property
    def columns_name(self):
        """What the columns are, in words."""
        return {"lr": "learning rate", "rate": "learning rate"}.get(self.study.columns, _spaced(self.study.columns))

    def row(self, row):
        """All runs of a row."""
        return [run for panel in self.panels for column in panel.columns for run in panel.cell(row, column)]

    def cells(self):
        """The runs of every cell that has any."""
        return [cell for panel in self.panels for cell in panel.cells.values()]


def pick(setup, keys):
    """The values of these keys."""
    return tuple(setup[key] for key in keys)


def distinct(values):
    """Each once, in the order in which they come first."""
    return list(dict.fromkeys(values))


def quartiles(values):
    """Lower quartile, median, upper quartile, by straight lines between neighbours as numpy has them.

    Infinity stands for what has no value; what lies next to it is infinite, too. NaN counts as infinity.
    """
    values = sorted(math.inf if math.isnan(value) else value for value in values)
    return tuple(_quantile(values, part) for part in (0.25, 0.5, 0.75))


def _quantile(values, part):
    below, rest = divmod(part * (len(values) - 1), 1)
    neighbours = values[int(below) : int(below) + 2]
    if rest == 0 or math.isinf(neighbours[1]):
        return neighbours[-1 if rest else 0]
    return neighbours[0] + rest * (neighbours[1] - neighbours[0])


def median(values):
    """The median; infinite if there are no values."""
    values = list(values)
    return quartiles(values)[1] if values else math.inf


def values(cell):
    """What came out of the runs of a cell."""
    return [run.value for run in cell]


def recoveries(cell):
    """Steps to recover from each spike of these runs; infinite where a run did not."""
    spikes = [spike for run in cell for spike in run.line.get("spikes", [])]
    return [math.inf if spike["steps"] is None else spike["steps"] for spike in spikes]


def figures(x):
    """Three significant figures, without an exponent where that is short; ∞ for infinity."""
    if not math.isfinite(x):
        return "∞"
    mantissa, exponent = f"{x:.2e}".split("e")
    return f"{x:.{2 - int(exponent)}f}" if -3 <= int(exponent) <= 2 else f"{mantissa}e{int(exponent)}"


def text(value):
    """A value as a study file writes it."""
    if value is None:
        return "the problem's own"
    if isinstance(value, str):
        return value
    if value != 0 and not 1e-2 <= abs(value) < 1e5:
        return np.format_float_scientific(value, trim="-", exp_digits=1).replace("e+", "e")
    return np.format_float_positional(value, trim="-")


def words(key, value):
    """A choice in words."""
    told = text(value)
    match key:
        case "problem" | "experiment":
            return told
        case "optimizer":
            return told.replace("(", " (").replace("=", " ")
        case "method":
            return methods.label(told)
        case "init":
            return f"{told} init"
        case "precision":
            return f"{told} gradients"
        case "spikes":
            return "no spikes" if told == "none" else f"spikes: {told}"
    return f"{_spaced(key)} {told}"


def _spaced(key):
    return key.replace("-", " ")
