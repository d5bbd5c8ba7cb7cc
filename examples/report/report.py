"""Report on a study of examples/pinn: report.md and its figures, from the runs that are stored in a folder.

    python examples/report/report.py examples/pinn/studies/depth

reads depth/runs.jsonl, and title, question and layout from depth.toml beside it.
"""

import argparse
import pathlib

import figures
import runs
import tables


def write(folder, study_file=None):
    """Writes report.md and the figures into the folder; their names."""
    table = runs.Table(*runs.read(folder, study_file))
    pictures = figures.draw(table, folder)
    (folder / "report.md").write_text(tables.report(table, pictures))
    return ["report.md", *(file for file, _ in pictures)]


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="holds runs.jsonl; the report goes there, too")
    parser.add_argument("--study", type=pathlib.Path, help="the study file (default: the folder's name and .toml)")
    arguments = parser.parse_args()
    for name in write(arguments.folder, arguments.study):
        print(arguments.folder / name)


if __name__ == "__main__":
    main()
