"""report.md: tables of medians over seeds."""

import math

from runs import distinct, figures, median, quartiles, recoveries, text, values

ERROR = (
    "Relative L2 error against the exact solution after the last step: median over the seeds, quartiles in "
    "parentheses. A run whose loss or gradients stop being finite numbers has diverged and counts as an infinite "
    "error; † gives the number of such runs in a cell, ∞ a median or quartile that falls on one. An error of 1 is "
    "what predicting zero everywhere gives. The smallest median of each column is bold."
)
USABLE = (
    "The width, in decades, of the range of learning rates around the best one in which the median error stays below "
    "a limit. The range begins and ends where the straight line between neighbouring medians, with both axes "
    "logarithmic, crosses the limit; towards a neighbour with an infinite median it ends at the last finite one, and "
    "it never goes beyond the rates that were tried (then marked ≥). The first limit is twice the smallest median of "
    "the same method, the second twice the smallest of all methods with the same optimizer: the first tells how "
    "carefully the rate has to be chosen, the second also whether the method is worth it."
)
# The numbers are those of examples/pinn/src/recovery.rs.
RECOVERY = (
    "A run has recovered from a corrupted step with the first 11 losses in a row after it whose median is at most 1.1"
    " times the level before it, which is the median of the 50 losses before, or the level before an earlier "
    "corrupted step from which the run has not recovered, if that is lower. The number of steps to recover is the "
    "number of steps before the first of those losses: 0 if the loss never left its level. A run that had not "
    "recovered when the next corrupted step or its end came counts as infinite (∞). Median over all corrupted steps "
    "of all seeds, quartiles in parentheses, and the part of the corrupted steps that was not recovered from. A small"
    " number does not mean that no harm was done: an optimizer that remembers a huge squared gradient takes tiny "
    "steps for long, which shows in the error."
)
SKIPPED = (
    "Steps that the loss scale of half precision skipped because a gradient had overflowed: median over the seeds."
)
TIME = (
    "Medians over the steps of a run and over all runs of a method, measured while the study ran: microseconds of a "
    "step, those of them inside trimtab (observing, deciding, the optimizer's update), and by how much a step is "
    "longer than the optimizer alone makes it. The last is the difference of the medians inside trimtab, relative to "
    "the whole step of the optimizer alone, where both were run on the same thing."
)
FAILED = "Diverged, and those that finished with an error of 1 or more, which predicting zero everywhere beats."


def report(table, pictures):
    """The whole document; pictures are pairs of a file and a caption."""
    study = table.study
    blocks = [f"# {study.title}", study.about, *_preface(table)]
    blocks += [f"![{caption}]({file})" for file, caption in pictures]
    blocks += ["## Error", ERROR, *_panels(table, lambda panel: error_grid(table, panel), notes=True)]
    if study.columns == "lr":
        blocks += ["## Usable learning rates", USABLE, *_panels(table, lambda panel: _usable(table, panel))]
    if any(recoveries([run]) for run in table.runs):
        recovered = _panels(table, lambda panel: grid(table, panel, _recovery))
        blocks += ["## Steps to recover", RECOVERY, *recovered]
    if any(run.line["skipped"] for run in table.runs):
        blocks += ["## Skipped steps", SKIPPED, *_panels(table, lambda panel: _skipped(table, panel))]
    blocks += ["## Time", TIME, *_time(table)]
    blocks += ["## Runs that failed", FAILED, _failed(table)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def markdown(head, rows, rule="--:"):
    """A table; all columns but the first are aligned to the right."""
    lines = [head, ["---"] + [rule] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _preface(table):
    sizes = sorted({len(cell) for cell in table.cells()})
    seeds = f"{sizes[0]} in each cell" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} in each cell of the tables"
    constants = "; ".join(f"{key.replace('-', ' ')} {text(value)}" for key, value in table.constants.items())
    return [f"{len(table.runs)} runs, {seeds}.", f"The same in all runs: {constants}."]


def _panels(table, told, notes=False):
    """Blocks for all panels that have something to tell."""
    for panel in table.panels:
        if block := told(panel):
            yield f"### {panel.title}" if panel.title else ""
            yield from _notes(table, panel) if notes else ()
            yield block


def _notes(table, panel):
    """`lr: 1e-3 for StableGrad, Z-norm; 0.01 for AGC.`, or `lr: 1e-3.` if all rows agree."""
    for key in table.study.ignore:
        rows = {}
        for row in panel.rows(table.rows):
            runs = [run for column in panel.columns for run in panel.cell(row, column)]
            for value in distinct(run.setup[key] for run in runs):
                rows.setdefault(value, []).append(row.label)
        told = [f"{text(value)} for {', '.join(labels)}" for value, labels in sorted(rows.items())]
        yield f"{key.replace('-', ' ')}: {'; '.join(told) if len(rows) > 1 else text(*rows)}."


def grid(table, panel, told):
    """One row for each that has runs, without the columns that `told` leaves empty; nothing if it leaves all."""
    rows = panel.rows(table.rows)
    cells = {column: [told(panel.cell(row, column)) for row in rows] for column in panel.columns}
    cells = {column: column_cells for column, column_cells in cells.items() if any(column_cells)}
    if not cells:
        return ""
    lines = [[row.label, *line] for row, *line in zip(rows, *cells.values(), strict=True)]
    return markdown([table.columns_name, *map(text, cells)], lines)


def error_grid(table, panel, best=min):
    """Medians, quartiles and failures; the best median of each column, by `best`, is bold."""
    bests = {}
    for column in panel.columns:
        cells = [cell for row in table.rows if (cell := panel.cell(row, column))]
        bests |= dict.fromkeys(map(id, cells), best(median(values(cell)) for cell in cells))
    return grid(table, panel, lambda cell: _error(cell, bests[id(cell)]) if cell else "")


def _error(cell, best):
    lower, middle, upper = quartiles(values(cell))
    told = f"**{figures(middle)}**" if middle == best and math.isfinite(middle) else figures(middle)
    failed = sum(run.failed for run in cell)
    return f"{told} ({figures(lower)}–{figures(upper)})" + (f" †{failed}" if failed else "")


def _recovery(cell):
    steps = recoveries(cell)
    if not steps:
        return ""
    lost = 100 * sum(map(math.isinf, steps)) / len(steps)
    lower, middle, upper = ("∞" if math.isinf(x) else f"{x:.0f}" for x in quartiles(steps))
    return f"{middle} ({lower}–{upper}), {lost:.0f} % not"


def _skipped(table, panel):
    if not any(run.line["skipped"] for cell in panel.cells.values() for run in cell):
        return ""
    return grid(table, panel, lambda cell: text(median(run.line["skipped"] for run in cell)) if cell else "")


def _usable(table, panel):
    curves = {row: curve(panel, row) for row in panel.rows(table.rows)}
    best_of_all = min(error for points in curves.values() for _, error in points)
    head = ["method", "best rate", "its median error", "decades below twice its own best",
            "decades below twice the best of all"]  # fmt: skip
    return markdown(head, [[row.label, *_usable_row(points, best_of_all)] for row, points in curves.items()])


def _usable_row(points, best_of_all):
    rate, error = min(points, key=lambda point: point[1])
    if math.isinf(error):
        return ["none", "∞", "0", "0"]
    widths = (width(points, 2 * limit) for limit in (error, best_of_all))
    return [f"{rate:.10f}".rstrip("0"), figures(error), *(f"{'≥ ' * open_}{decades:.1f}" for decades, open_ in widths)]


def curve(panel, row):
    """Median errors by learning rate, ascending."""
    return [(column, median(values(cell))) for column in panel.columns if (cell := panel.cell(row, column))]


def width(points, limit):
    """Decades of learning rate around the best with an error of at most `limit`; whether an end was not reached."""
    best = min(range(len(points)), key=lambda index: points[index][1])
    if points[best][1] > limit:
        return 0.0, False
    down, left = _reach(points[best::-1], limit)
    up, right = _reach(points[best:], limit)
    return abs(up - down), left or right


def _reach(points, limit):
    """From the best point outwards: where the limit is crossed, and whether that is the end of all points."""
    place, height = points[0]
    for rate, error in points[1:]:
        if error > limit:
            slope = (math.log10(limit / height) / math.log10(error / height)) if math.isfinite(error) else 0.0
            return math.log10(place) + slope * math.log10(rate / place), False
        place, height = rate, error
    return math.log10(place), True


def _time(table):
    head = ["method", "µs per step", "in trimtab", "share", "longer than the optimizer alone"]
    yield markdown(head, [_time_row(table, row) for row in table.rows])
    if table.numeric and table.study.columns != "lr":
        yield f"Microseconds of a step, and of them inside trimtab, by {table.columns_name}:"
        columns = sorted({column for panel in table.panels for column in panel.columns})
        lines = [[row.label, *(_time_cell(table, row, column) for column in columns)] for row in table.rows]
        yield markdown([table.columns_name, *map(text, columns)], lines)


def step_time(runs):
    """Median microseconds of a step: the network's part and trimtab's."""
    return (median(run.line[f"{part}-us"] for run in runs) for part in ("network", "trimtab"))


def _time_row(table, row):
    network, trimtab = step_time(table.row(row))
    cells = [f"{network + trimtab:.0f}", f"{trimtab:.2f}"]
    return [row.label, *cells, _percent(trimtab / (network + trimtab)), _percent(_overhead(table, row))]


def _time_cell(table, row, column):
    runs = [run for panel in table.panels for run in panel.cell(row, column)]
    if not runs:
        return ""
    network, trimtab = step_time(runs)
    return f"{network + trimtab:.0f}, {trimtab:.2f}"


def _overhead(table, row):
    """Median over all cells of (trimtab's time - that of the optimizer alone) / step of the optimizer alone."""
    alone = next((row for row in table.rows if row.is_baseline), None)
    parts = []
    for panel in table.panels if alone else []:
        for column in panel.columns:
            if (own := panel.cell(row, column)) and (other := panel.cell(alone, column)):
                (network, base), (_, trimtab) = step_time(other), step_time(own)
                parts.append((trimtab - base) / (network + base))
    return median(parts)


def _percent(part):
    return f"{100 * part:.2f} %" if math.isfinite(part) else ""


def _failed(table):
    head = ["method", "runs", "diverged", "finished with an error ≥ 1"]
    return markdown(head, [[row.label, *map(str, _failures(table.row(row)))] for row in table.rows])


def _failures(runs):
    return len(runs), sum(run.failed for run in runs), sum(run.value >= 1 and not run.failed for run in runs)
