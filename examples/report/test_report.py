"""The report on runs that were made by hand: what it says must be what mathematics says."""

import copy
import json
import math
import pathlib

import pytest

import figures
import report
import runs
import tables

STUDIES = pathlib.Path(__file__).parents[1] / "pinn" / "studies"


def line(error, trimtab=1.0, **setup):
    """A line of runs.jsonl."""
    setup = {"problem": "helmholtz", "depth": 4, "method": "none", "lr": 1e-3, "spikes": "none", "seed": 0} | setup
    curve = {"every": 100, "loss": [0.5] * 3, "error": [0.5, None, 0.5]}
    scales = [{"step": 0, "before": [0.5] * 3, "after": [0.25] * 3}]
    end = {"diverged": None, "error": error} if math.isfinite(error) else {"diverged": "the loss is inf", "error": None}
    times = {"network-us": 100 - trimtab, "trimtab-us": trimtab}
    return {"setup": setup, "steps": 300, "loss": 1.0, "skipped": 0, "curve": curve, "scales": scales} | end | times


def write(folder, columns, lines, torn=""):
    """Writes a study and its runs, makes the report and gives its lines."""
    folder = folder / "hand"
    folder.mkdir()
    head = "title = 'By hand'\nabout = 'A question.'"
    folder.with_suffix(".toml").write_text(f"{head}\n[report]\ncolumns = '{columns}'\n")
    (folder / "runs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + torn)
    for name in report.write(folder):
        content = (folder / name).read_bytes()
        assert content.startswith(b"\x89PNG\r\n" if name.endswith("png") else b"# By hand\n\nA question.\n\n"), name
    return (folder / "report.md").read_text().splitlines()


def test_medians_quartiles_and_diverged_runs_are_counted_right(tmp_path):
    inf = math.inf
    errors = {("none", 4): [0.5, 0.1, 0.4, 0.2, 0.3], ("none", 8): [inf, 0.2, 0.1, inf, 2.0],
              ("agc", 4): [0.05, 0.01, 0.04, 0.02, 0.03], ("agc", 8): [inf, inf, 0.1, inf, 1.0]}  # fmt: skip
    # Trimtab's time of AGC is 3 of 100 us at depth 4 and 5 at depth 8, that of the optimizer alone 1 of 100.
    times = {("none", 4): 1.0, ("none", 8): 1.0, ("agc", 4): 3.0, ("agc", 8): 5.0}
    lines = [line(error, times[method, depth], method=method, depth=depth, seed=seed)
             for (method, depth), cell in errors.items() for seed, error in enumerate(cell)]  # fmt: skip
    told = write(tmp_path, "depth", lines, torn='{"setup":')
    for expected in [
        "20 runs, 5 in each cell.",
        "| depth | 4 | 8 |",
        "| optimizer alone | 0.300 (0.200–0.400) | **2.00** (0.200–∞) †2 |",
        "| AGC | **0.0300** (0.0200–0.0400) | ∞ (1.00–∞) †3 |",
        # The median over ten runs is between 3 and 5; over the two depths, (2 % + 4 %)/2 longer.
        "| AGC | 100 | 4.00 | 4.00 % | 3.00 % |",
        "| AGC | 100, 3.00 | 100, 5.00 |",
        "| optimizer alone | 10 | 2 | 1 |",
        "| AGC | 10 | 3 | 1 |",
    ]:
        assert expected in told


def test_cells_with_fewer_runs_are_told(tmp_path):
    told = write(tmp_path, "depth", [line(1.0, seed=0), line(2.0, seed=1), line(3.0, depth=8)])
    assert "3 runs, 1 to 2 in each cell of the tables." in told
    assert "| optimizer alone | **1.50** (1.25–1.75) | **3.00** (3.00–3.00) |" in told


def test_the_usable_range_is_measured_between_crossings(tmp_path):
    # Alone: 8 times worse on both sides, so that the factor of 2 is crossed after a third of a decade. AGC: 4 times the
    # optimum of the optimizer alone, and flat.
    errors = {"none": [0.08, 0.01, 0.08], "agc": [0.04] * 3}
    rates = [1e-3, 1e-2, 1e-1]
    lines = [
        line(cell[place], method=method, lr=lr) for method, cell in errors.items() for place, lr in enumerate(rates)
    ]
    told = write(tmp_path, "lr", lines)
    assert "| optimizer alone | 0.01 | 0.0100 | 0.7 | 0.7 |" in told
    assert "| AGC | 0.001 | 0.0400 | ≥ 2.0 | 0.0 |" in told


@pytest.mark.parametrize(("errors", "limit", "decades", "is_open"), [
    # From 0.1 at 1e-2 to 10 at the neighbours: 1 is crossed half way in logarithms.
    ([10.0, 10.0, 0.1, 10.0, 10.0], 1.0, 1.0, False),
    # An infinite neighbour ends the range at the last finite point.
    ([10.0, 10.0, 0.1, math.inf, math.inf], 1.0, 0.5, False),
    ([1.0, 0.5, 0.1, 0.1, 1.0], 2.0, 4.0, True),
    ([1.0, 0.5, 0.1, 100.0, 1.0], 10.0, 2 + 2 / 3, True),
    ([math.inf] * 5, 1.0, 0.0, False),
    ([5.0, 4.0, 3.0, 4.0, 5.0], 1.0, 0.0, False),
])  # fmt: skip
def test_ends_are_where_the_limit_is_crossed(errors, limit, decades, is_open):
    points = list(zip([1e-4, 1e-3, 1e-2, 1e-1, 1.0], errors, strict=True))
    assert tables.width(points, limit) == (pytest.approx(decades, abs=1e-12), is_open)


def test_recovery_counts_spikes_of_all_seeds(tmp_path):
    spiked = []
    for seed in range(5):
        steps = (2 * seed, None if seed == 0 else 5)
        spikes = [{"step": 10, "factor": 100.0, "tensor": None, "steps": step} for step in steps]
        spiked += [line(0.1, seed=seed), line(0.1, seed=seed, spikes="batch") | {"spikes": spikes, "skipped": seed}]
    told = write(tmp_path, "spikes", spiked)
    # Sorted: 0 2 4 5 5 5 5 6 8 ∞. Median 5; quartiles at places 2.25 and 6.75: 4.25 and 5.75.
    assert "| optimizer alone | 5 (4–6), 10 % not |" in told
    assert "| optimizer alone | 0 | 2 |" in told  # steps skipped


def test_a_run_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="twice"):
        write(tmp_path, "depth", [line(1.0), line(2.0)])


def test_what_has_no_value_is_worse_than_any_other():
    inf, nan = math.inf, math.nan
    # Places 1, 2 and 3 of five; 0.75, 1.5 and 2.25 of four.
    assert runs.quartiles([5.0, 1.0, 4.0, 2.0, 3.0]) == (2.0, 3.0, 4.0)
    assert runs.quartiles([1.0, 2.0, 4.0, 8.0]) == (1.75, 3.0, 5.0)
    assert runs.quartiles([7.0]) == (7.0, 7.0, 7.0)
    assert runs.quartiles([nan, 1.0, 3.0, 2.0, nan]) == (2.0, 3.0, inf)
    assert runs.quartiles([1.0, inf]) == (inf, inf, inf)


def test_numbers_have_three_figures():
    numbers = [0.01234, 0.2, 1.016, 45.678, 1.5e-5, 0.9996, 999.9, math.inf]
    told = ["0.0123", "0.200", "1.02", "45.7", "1.50e-5", "1.00", "1.00e3", "∞"]
    assert list(map(runs.figures, numbers)) == told
    assert list(map(runs.text, [3e-5, 0.01, 0.3, 4, 1e5, "x", None])) == [
        "3e-5", "0.01", "0.3", "4", "1e5", "x", "the problem's own",
    ]  # fmt: skip


def test_labels_say_what_differs_from_the_usual():
    labels = {
        "none": "optimizer alone",
        "stable-grad(reference=prediction)": "StableGrad",
        "stable-grad(reference=last-layer)": "StableGrad (last layer)",
        "centralize + clip-norm(max-norm=1)": "mean removal + norm clipping",
        "clip-norm(max-norm=0.5, scope=tensor)": "norm clipping (at 0.5, each tensor)",
        "gradient-stabilizer(bias-correction=off)": "GradientStabilizer (bias correction off)",
        "autoscale(center=off) + scale(factor=2)": "Autoscale (mean kept) + scaling (by 2)",
    }
    assert {method: runs.methods.label(method) for method in labels} == labels
    assert runs.methods.leader("centralize + stable-grad") == "stable-grad"
    assert runs.methods.leader("centralize") == "centralize"


def test_many_rows_are_split_by_family_each_with_the_baseline():
    names = ["none", *(f"stable-grad(reference={n})" for n in range(1, 7)), "autoscale", "centralize", "agc", "zclip"]
    rows = [runs.Row((name,), name, name, 0) for name in names]
    assert figures.groups(rows[:10]) == [("", rows[:10])]
    parts = [(title, [row.method for row in part]) for title, part in figures.groups(rows)]
    assert parts == [("StableGrad", [*names[1:7], "none"]),
                     ("Autoscale, mean removal, AGC, ZClip", [*names[7:], "none"])]  # fmt: skip


def test_figures_are_drawn_of_what_is_not_finite(tmp_path):
    overflow = line(math.inf)
    for scales in (overflow["scales"][0][when] for when in ("before", "after")):
        scales[:] = [None, 0.0, 1e-300]
    write(tmp_path, "depth", [overflow, copy.deepcopy(overflow) | {"setup": overflow["setup"] | {"depth": 8}}])


@pytest.mark.parametrize("study", sorted(path.parent.name for path in STUDIES.glob("*/runs.jsonl")))
def test_committed_reports_are_those_of_their_runs(study):
    folder = STUDIES / study
    kept = (folder / "report.md").read_text()
    pictures = [tuple(reversed(part.split(")")[0].split("]("))) for part in kept.split("![")[1:]]
    assert len(pictures) >= 3
    assert all((folder / file).exists() for file, _ in pictures)
    # A report that says something else would have been made by other code, or by hand.
    assert kept == tables.report(runs.Table(*runs.read(folder)), pictures)
