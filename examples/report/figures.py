"""The figures of a report, each a sheet of panels with one legend."""

import functools
import math

import matplotlib
import numpy as np

import methods
from runs import figures as three_figures
from runs import median, quartiles, recoveries, text, values, words

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

LARGEST = 10.0  # an error above this is drawn at the edge
MANY_ROWS, ROWS_IN_A_GROUP = 10, 6  # more rows are split into families
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (7, 2)), (0, (2, 3)), (0, (7, 2, 1, 2)))
SHAPES = "os^DvP"
FILLS = ("full", "none", "dotted")
LINES = "Lines: median over the seeds. Bands: quartiles. × at the upper edge: median beyond the axis, or diverged."
CURVES = (
    "Lines: median over the seeds. Bands: quartiles; a diverged run counts as infinite. At the upper edge: beyond the "
    "axis."
)
DOTS = "Dots: median over the seeds. Bars: from the lower to the upper quartile."
SCALES = (
    "Median over the seeds. At the first step all methods have the same gradient. ▾: below the axis, which has 12 "
    "decades at most. ▴: not finite, an overflow of half precision."
)
MOMENTS = (
    ("first step, as backpropagated", 0, "before"),
    ("first step, to the optimizer", 0, "after"),
    ("near the end, as backpropagated", -1, "before"),
    ("near the end, to the optimizer", -1, "after"),
)

plt.rcParams |= {"font.size": 10, "axes.titlesize": 10.5, "axes.titleweight": "bold", "legend.fontsize": 10,
                 "axes.grid": True, "grid.color": "#dddddd", "axes.axisbelow": True, "figure.dpi": 110,
                 "savefig.dpi": 110}  # fmt: skip


def draw(table, folder):
    """Draws all figures that the study has something to show in; their files and captions."""
    name, drawn = table.columns_name, []
    if table.numeric:
        drawn.append(("error.png", f"Relative L2 error against {name}, one line for each method", lines(table)))
    else:
        drawn.append(("error.png", "Relative L2 error of every method", errors(table)))
    if table.study.columns == "lr":
        drawn.append(("heatmap.png", "Heat map of the error over learning rate and method", heat_map(table)))
    if any(map(recoveries, table.cells())):
        drawn.append(("recovery.png", "Steps to recover from corrupted gradients", recovery(table)))
    drawn.append(("curves.png", "Error over the training steps", curves(table)))
    drawn.append(("scales.png", "Scale of each layer's gradient before and after the method", scales(table)))
    for file, _, figure in drawn:
        save(figure, folder / file)
    return [(file, caption) for file, caption, _ in drawn]


def save(figure, file):
    """Writes a figure and forgets it. Without the version of matplotlib, so that equal pictures are equal files."""
    figure.savefig(file, metadata={"Software": None})
    plt.close(figure)


def sheet(title, count, across, size, **shared):
    """A figure of so many panels in rows of at most `across`, each of the given size in inches, and the panels."""
    across = min(across, count)
    down = math.ceil(count / across)
    figure, axes = plt.subplots(
        down, across, figsize=(size[0] * across, size[1] * down), layout="constrained", squeeze=False, **shared
    )
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=13)
    for ax in axes.flat[count:]:
        ax.set_axis_off()
    return figure, list(axes.flat[:count])


def legend(figure, handles, note, columns=4):
    """Below the panels, with a line on what is shown. The figure grows by as much."""
    figure.set_figheight(figure.get_figheight() + 0.3 + 0.2 * math.ceil(len(handles) / columns))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, frameon=False, title=note, title_fontsize=9,
                  alignment="left")  # fmt: skip


def color(row):
    """The method's; later variants of one are lighter, which helps where marks overlap."""
    base = np.array(to_rgb(methods.METHODS.get(methods.leader(row.method), (0, "#8c8c8c"))[1]))
    return tuple(base + (1 - base) * 0.15 * min(row.variant, 4))


def style(row):
    """Colour, dash and shape of a row's line; the optimizer alone is thin and on top, so that others show beside it."""
    thin = row.is_baseline
    return {"color": color(row), "ls": DASHES[row.variant % 6], "marker": SHAPES[row.variant % 6],
            "lw": 1.2 if thin else 2, "ms": 3.5 if thin else 5.5, "zorder": 4 if thin else 3}  # fmt: skip


def row_handles(rows):
    """Entries of a legend."""
    return [Line2D([], [], label=row.label, **style(row)) for row in rows]


def groups(rows):
    """Rows that share a panel, with a title: all, or families of one leading method where all would be too many.

    Small families share a group; the optimizer alone is in every one.
    """
    if len(rows) <= MANY_ROWS:
        return [("", rows)]
    baseline = [row for row in rows if row.is_baseline]
    families, parts = {}, []
    for row in rows:
        if not row.is_baseline:
            families.setdefault(methods.leader(row.method), []).append(row)
    for leader, family in families.items():
        title = methods.METHODS[leader][0]
        room = next((part for part in parts if len(part[1]) + len(family) <= ROWS_IN_A_GROUP), None)
        if room:
            room[0].append(title)
            room[1].extend(family)
        else:
            parts.append(([title], list(family)))
    return [(", ".join(titles), family + baseline) for titles, family in parts]


def decades(numbers):
    """Whole decades around the numbers, at most 12, counted from above."""
    places = [math.log10(x) for x in numbers if 0 < x < math.inf]
    top = math.ceil(max(places, default=0))
    return 10.0 ** np.clip(math.floor(min(places, default=-1)), top - 12, top - 1), 10.0**top


def error_range(table):
    """Decades around all medians and quartiles up to the largest that is drawn."""
    numbers = [x for cell in table.cells() for x in quartiles(values(cell)) if math.isfinite(x)]
    return decades(min(x, LARGEST) for x in numbers)


def titled(panel, group):
    """A panel's title, with the families in it."""
    return "\n".join(part for part in (panel, group) if part)


def lines(table):
    """Error against depth, learning rate, or whatever number runs along the columns."""
    low, high = error_range(table)
    parts = groups(table.rows)
    figure, axes = sheet(f"{table.study.title}: relative L2 error after the last step", len(table.panels) * len(parts),
                         len(parts) if len(parts) > 1 else 2, (5, 3.7), sharey=True)  # fmt: skip
    places = ((panel, part) for panel in table.panels for part in parts)
    for ax, (panel, (group, rows)) in zip(axes, places, strict=True):
        ax.set(xscale="log", yscale="log", ylim=(low, high), title=titled(panel.title, group))
        crosses = {}
        for row in panel.rows(rows):
            columns = [column for column in panel.columns if panel.cell(row, column)]
            errors = [quartiles(values(panel.cell(row, column))) for column in columns]
            inside = [number for number, (_, middle, _) in enumerate(errors) if middle <= high]
            banded(ax, row, columns, errors, high, markevery=inside)
            for column in (column for number, column in enumerate(columns) if number not in inside):
                crosses.setdefault(column, []).append(row)
        for column, crossed in crosses.items():
            _crosses(ax, column, high, crossed)
        ax.set_xticks(panel.columns, [text(column) for column in panel.columns])
        ax.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        ax.set_xlabel(table.columns_name)
    _outer_labels(axes, "relative L2 error")
    legend(figure, row_handles(table.rows), LINES, 4 if len(parts) == 1 else 5)
    return figure


def banded(ax, row, x, summaries, high, **more):
    """A line of medians in a band of quartiles; what is beyond the axis is at its edge."""
    lower, middle, upper = (np.minimum(part, high) for part in np.array(summaries).T)
    ax.fill_between(x, lower, upper, color=color(row), alpha=0.12, lw=0, zorder=2)
    ax.plot(x, middle, **style(row) | {"clip_on": False} | more)


def _crosses(ax, x, y, rows):
    """At one place of the upper edge, side by side."""
    for number, row in enumerate(rows):
        shift = ScaledTranslation((number - (len(rows) - 1) / 2) * 0.11, 0, ax.figure.dpi_scale_trans)
        ax.plot([x], [y], "x", color=color(row), ms=7, mew=2.2, clip_on=False, zorder=5, transform=ax.transData + shift)


def _outer_labels(axes, name):
    for ax in axes:
        if ax.get_subplotspec().is_first_col():
            ax.set_ylabel(name)


def dots(ax, table, panel, summary, single=lambda cell: [], edge=math.inf):
    """Rows one below the other, a dot with quartiles for each column; × at `edge` for medians beyond it."""
    rows = panel.rows(table.rows)
    for number, row in enumerate(rows):
        shown = [(fill, cell) for fill, column in enumerate(panel.columns)
                 if (cell := panel.cell(row, column)) and summary(cell)]  # fmt: skip
        for place, (fill, cell) in enumerate(shown):
            y = number + (place + 1) / (len(shown) + 1)
            lower, middle, upper = np.minimum(summary(cell), edge)
            for value in single(cell):
                ax.plot([min(value, edge)], [y], "o", color=color(row), alpha=0.4, ms=3.5, mew=0, clip_on=False)
            ax.plot([lower, upper], [y, y], color=color(row), lw=2.2, clip_on=False)
            _dot(ax, middle, y, "cross" if summary(cell)[1] > edge else FILLS[fill % 3], color(row))
    ax.set_yticks(np.arange(len(rows)) + 0.5, [row.label for row in rows])
    ax.set_yticks(range(1, len(rows)), minor=True)
    ax.tick_params(axis="y", which="both", length=0)
    ax.grid(False, axis="y", which="major")
    ax.grid(True, axis="y", which="minor", color="#bbbbbb")
    ax.set(ylim=(len(rows), 0), title=panel.title)


def _dot(ax, x, y, fill, color):
    if fill == "cross":
        ax.plot([x], [y], "x", color=color, ms=7, mew=2.2, clip_on=False, zorder=5)
        return
    ax.plot(
        [x], [y], "o", color=color, mfc=color if fill == "full" else "white", ms=7, mew=1.6, clip_on=False, zorder=5
    )
    if fill == "dotted":
        ax.plot([x], [y], "o", color="#222222", ms=2.6, mew=0, clip_on=False, zorder=6)


def column_handles(table, shown):
    """Entries of a legend: how the columns of a dots panel are filled."""
    ink, widest = "#222222", max((panel.columns for panel in table.panels), key=len)
    entries = []
    for fill, column in enumerate(widest):
        if shown(column):
            label, kind = words(table.study.columns, column), FILLS[fill % 3]
            mark = {"mfc": ink if kind == "full" else "white", "mec": ink, "mew": 1.6, "ls": ""}
            dot = {"marker": "$\\odot$", "mec": ink, "mfc": ink, "ms": 9, "mew": 0.4} if kind == "dotted" else {}
            entries.append(Line2D([], [], **{"label": label, "marker": "o", "ms": 7} | mark | dot))
    return entries


def errors(table):
    """The error after the last step, where the columns are no numbers."""
    low, high = error_range(table)
    figure, axes = sheet(f"{table.study.title}: relative L2 error after the last step", len(table.panels), 3,
                         (4.9, 0.9 + 0.62 * len(table.rows)), sharey=True)  # fmt: skip
    for ax, panel in zip(axes, table.panels, strict=True):
        dots(ax, table, panel, lambda cell: quartiles(values(cell)), values, high)
        ax.set(xscale="log", xlim=(low, high), xlabel="relative L2 error")
    note = f"{DOTS} Small dots: single runs. × at the right edge: median beyond the axis, or diverged."
    legend(figure, column_handles(table, lambda _: True), note)
    return figure


def recovery(table):
    """The steps to recover from spikes."""
    panels = [panel for panel in table.panels if any(map(recoveries, panel.cells.values()))]
    figure, axes = sheet(f"{table.study.title}: steps to recover from a spike", len(panels), 3,
                         (4.9, 0.9 + 0.5 * len(table.rows)), sharey=True)  # fmt: skip
    ticks, edge = [0, 1, 3, 10, 30, 100, 300, 1000], np.log1p(3000)

    def summary(cell):
        return recoveries(cell) and tuple(np.log1p(quartiles(recoveries(cell))))

    for ax, panel in zip(axes, panels, strict=True):
        dots(ax, table, panel, summary, edge=edge)
        ax.set(xlim=(0, edge), xlabel="steps to recover")
        ax.set_xticks(np.log1p(ticks), map(str, ticks))
    has = {column for panel in panels for (_, column), cell in panel.cells.items() if recoveries(cell)}
    note = f"{DOTS} × at the right edge: the median spike was not recovered from before the next one."
    legend(figure, column_handles(table, has.__contains__), note)
    return figure


def heat_map(table):
    """The error over learning rate and method, in colours and in numbers."""
    size = (9.5, 0.9 + 0.34 * len(table.rows))
    title = f"{table.study.title}: median relative L2 error after the last step"
    figure, axes = sheet(title, len(table.panels), 1, size)
    low, norm = min(error_range(table)[0], 0.1), matplotlib.colors.LogNorm
    for ax, panel in zip(axes, table.panels, strict=True):
        rows = panel.rows(table.rows)
        cells = [[panel.cell(row, column) for column in panel.columns] for row in rows]
        medians = [[min(median(values(cell)), 1e300) if cell else math.nan for cell in line] for line in cells]
        image = ax.imshow(medians, norm=norm(low, 1), cmap="viridis", aspect="auto")
        for y, x in np.ndindex(len(rows), len(panel.columns)):
            if cells[y][x]:
                shade = image.cmap(image.norm(medians[y][x]))
                ink = "black" if np.dot(shade[:3], (0.299, 0.587, 0.114)) > 0.55 else "white"
                ax.text(x, y, _cell_text(cells[y][x]), color=ink, ha="center", va="center", size=9)
        ax.set_xticks(range(len(panel.columns)), [text(column) for column in panel.columns])
        ax.set_yticks(range(len(rows)), [row.label for row in rows])
        ax.tick_params(length=0)
        ax.grid(False)
        ax.set(title=panel.title, xlabel=table.columns_name)
    figure.colorbar(image, ax=axes, extend="max", shrink=0.5, label="relative L2 error")
    legend(figure, [], "† so many of the runs diverged; ∞: the median run did.")
    return figure


def _cell_text(cell):
    failed = sum(run.failed for run in cell)
    return three_figures(median(values(cell))) + (f" †{failed}" if failed else "")


def views(table):
    """What a figure shows that has no room for all columns: titles, and a function from a row to its runs.

    The best learning rate of each row; or the last column in which some method works, its median error being below one
    half. Columns that are no numbers are shown one by one.
    """
    for panel in table.panels:
        if table.study.columns == "lr":
            yield panel, titled_with(panel, "each at its best lr"), functools.partial(_best, panel)
            continue
        working = [column for column in panel.columns if _works(table, panel, column)]
        for column in [(working or panel.columns)[-1]] if table.numeric else panel.columns:
            title = titled_with(panel, words(table.study.columns, column))
            yield panel, title, lambda row, panel=panel, column=column: panel.cell(row, column)


def _best(panel, row):
    cells = [panel.cell(row, column) for column in panel.columns]
    return min(filter(None, cells), key=lambda cell: median(values(cell)), default=[])


def _works(table, panel, column):
    cells = [panel.cell(row, column) for row in table.rows]
    return any(median(values(cell)) < 0.5 for cell in cells if cell)


def titled_with(panel, more):
    """The panel's title with the column that is shown."""
    return f"{panel.title}, {more}" if panel.title else more


def curves(table):
    """The error over the training steps."""
    low, high = error_range(table)
    shown, parts = list(views(table)), groups(table.rows)
    across = len(parts) if len(parts) > 1 else 2 if len(shown) == len(table.panels) else 3
    figure, axes = sheet(f"{table.study.title}: relative L2 error over the training steps", len(shown) * len(parts),
                         across, (5, 3.7), sharey=True)  # fmt: skip
    places = ((view, part) for view in shown for part in parts)
    for ax, ((panel, title, cell), (group, rows)) in zip(axes, places, strict=True):
        for number, row in enumerate(panel.rows(rows)):
            steps, summary = history(cell(row))
            banded(ax, row, steps, summary, high, markevery=(number % 5, 5))
        ax.set(yscale="log", ylim=(low, high), xlabel="step", title=titled(title, group))
        ax.margins(x=0)
    _outer_labels(axes, "relative L2 error")
    legend(figure, row_handles(table.rows), CURVES, 4 if across < 3 else 5)
    return figure


def history(cell):
    """Steps, and quartiles of the error at each; a run that has ended counts as infinite."""
    errors = [[math.nan if error is None else error for error in run.line["curve"]["error"]] for run in cell]
    longest = max(map(len, errors))
    padded = [run + [math.nan] * (longest - len(run)) for run in errors]
    every = cell[0].line["curve"]["every"]
    return [every * point for point in range(longest)], [quartiles(at) for at in zip(*padded, strict=True)]


def layers(cell, moment, when):
    """Of every layer the median standard deviation of its gradient over the runs."""
    snapshots = [run.line["scales"][moment][when] for run in cell if run.line["scales"]]
    return [median(math.nan if x is None else x for x in layer) for layer in zip(*snapshots, strict=False)]


def scales(table):
    """Each layer's gradient at the first step and near the end, before and after the method."""
    shown = list(views(table)) if table.numeric else list(views(table))[:: len(table.panels[0].columns)]
    parts = groups(table.rows)
    title = f"{table.study.title}: standard deviation of each layer's weight gradient"
    figure, axes = sheet(title, 4 * len(shown) * len(parts), 4, (3.6, 2.9), sharey="row")
    places = [(view, part) for view in shown for part in parts]
    for number, ((panel, title, cell), (group, rows)) in enumerate(places):
        rows, strip = panel.rows(rows), axes[4 * number : 4 * number + 4]
        stds = {(row, moment): layers(cell(row), *moment[1:]) for row in rows for moment in MOMENTS}
        low, high = decades(x for numbers in stds.values() for x in numbers)
        for ax, moment in zip(strip, MOMENTS, strict=True):
            for shift, row in enumerate(rows):
                _layers(ax, row, stds[row, moment], (low, high), shift)
            ax.set(yscale="log", ylim=(low, high), xlabel="layer")
            ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
            ax.set_title(moment[0], weight="normal", size=9.5)
        strip[0].set(ylabel="standard deviation")
        strip[0].set_title(f"{titled(title, group)}\n", loc="left")
    legend(figure, row_handles(table.rows), SCALES, 5)
    return figure


def _layers(ax, row, stds, ends, shift):
    x, marks = np.arange(1, len(stds) + 1), style(row)
    ax.plot(x, np.clip(stds, *ends), **marks | {"clip_on": False, "markevery": (shift % 5, 5)})
    for place, std in zip(x, stds, strict=True):
        if not ends[0] <= std < math.inf:
            lost, y = ("^", ends[1]) if std == math.inf else ("v", ends[0])
            ax.plot([place], [y], lost, color=marks["color"], ms=6, clip_on=False, zorder=5)
