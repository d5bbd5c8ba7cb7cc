"""Checks what the main job has written into a folder: a report of all its methods, and the pictures."""

import json
import math
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
report = json.loads((folder / "report.json").read_text())

methods = [run["method"] for run in report["runs"]]
expected = ["none", "stable-grad(reference=prediction)", "gradient-stabilizer", "autoscale"]
assert methods == expected, f"the report has the methods {methods}, not {expected}"

for run in report["runs"]:
    name, losses = run["method"], run["history"]["loss"]
    assert run["status"] == "finished", f"{name}: {run['status']}: {run['reason']}"
    assert run["steps"] == report["configuration"]["steps"], f"{name}: {run['steps']} steps"
    assert math.isfinite(run["final_loss"]), f"{name}: final loss {run['final_loss']}"
    assert run["final_loss"] < losses[0], f"{name}: the loss went from {losses[0]} to {run['final_loss']}"
    assert 0 < run["relative_l2_error"] < 10, f"{name}: relative error {run['relative_l2_error']}"
    assert 0 < run["trimtab_share"] < 1, f"{name}: share of the step {run['trimtab_share']}"
    layers = {len(scales) for scales in run["history"]["scale_before"] + run["history"]["scale_after"]}
    assert layers == {report["configuration"]["depth"] + 1}, f"{name}: scales of {layers} layers"

pictures = sorted(folder.glob("*.png"))
assert len(pictures) == 3, f"pictures: {[picture.name for picture in pictures]}"
for picture in pictures:
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) > 10_000, f"{picture.name} is no picture"

print(f"report and pictures are in order: {', '.join(methods)}")
