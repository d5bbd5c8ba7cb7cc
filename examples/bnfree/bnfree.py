"""Deep networks without BatchNorm on handwritten digits: AdamW alone, and behind each gradient method.

    python examples/bnfree/bnfree.py

trains every network with every method, learning rate and seed, and writes runs.jsonl (a line as each run ends),
table.md and accuracy.png into a folder. Runs that runs.jsonl has already are not made again: started a second time, it
goes on where it was stopped.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import time

# Before JAX is imported. Several runs at once with one thread each are faster than one run with several.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import report
from train import EPS, EXPERIMENTS, METHODS, Run, train

RATES = (1e-3, 3e-3, 1e-2)
# Small initial weights ask one question only, what a method does against AdamW's eps; one learning rate answers it.
SMALL_RATES = (1e-3,)


def plan(seeds, quick):
    """Every run to make."""
    if quick:
        return [
            Run(experiment, method, 1e-3, seed=0, steps=3) for experiment in ("plain", "small") for method in METHODS
        ]
    return [
        Run(experiment, method, rate, seed)
        for seed in range(seeds)
        for experiment in EXPERIMENTS
        for method in METHODS
        if experiment == "small" or method not in EPS
        for rate in (SMALL_RATES if experiment == "small" else RATES)
    ]


def finished(path):
    """The runs of earlier calls by their settings; a last line that was cut off does not count."""
    fields = [field.name for field in dataclasses.fields(Run)]
    done = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            result = json.loads(line)
        except ValueError:
            continue
        done[Run(*(result[field] for field in fields))] = result
    return done


def main():
    """Makes the runs that are missing, then the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/bnfree"), help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once; changes no result (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="of each run (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="few runs of three steps: whether all of it works")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    runs, path, start = plan(arguments.seeds, arguments.quick), arguments.out / "runs.jsonl", time.perf_counter()
    done = finished(path)
    missing = [run for run in runs if run not in done]
    print(f"{len(runs)} runs, {len(runs) - len(missing)} of them made before", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool, path.open("a") as file:
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write("\n")
        futures = {pool.submit(train, run): run for run in missing}
        try:
            for count, future in enumerate(concurrent.futures.as_completed(futures), 1):
                run, result = futures[future], future.result()
                done[run] = result
                print(json.dumps(result), file=file, flush=True)
                seconds = time.perf_counter() - start
                print(
                    f"{count}/{len(missing)}, {seconds:.0f} s: {run.experiment}, {run.method}, rate {run.rate:g}, "
                    f"seed {run.seed}: accuracy {result['accuracy']:.3f}",
                    flush=True,
                )
        finally:
            pool.shutdown(cancel_futures=True)
    results = [done[run] for run in runs]
    table = report.table(results)
    (arguments.out / "table.md").write_text(table)
    report.figure(results, arguments.out / "accuracy.png")
    print(f"\n{table}\n{arguments.out / 'accuracy.png'}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
