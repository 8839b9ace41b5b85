"""`chestnut demo`: do the whole job, from images to a report, on synthetic images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, say
from chestnut.cli.shared.recipe_options import complete_recipe
from chestnut.errors import RunError
from chestnut.files.folders import remove_folder
from chestnut.files.temporary import sweep


def command(
    folder: Annotated[
        Path, typer.Option("--out", help="A new folder for the images and the run."), Output(folder=True)
    ] = Path("demo"),
    patients: Annotated[
        int, typer.Option("--patients", min=40, max=100_000, help="The number of synthetic patients.")
    ] = 800,
    recipe: Annotated[
        str, typer.Option("--recipe", autocompletion=complete_recipe, help="The recipe to train.")
    ] = "cnn-small",
    seed: Annotated[int, typer.Option("--seed", help="The seed of the images, the split and the training.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Remove an earlier demo in that folder first, and overwrite FILE.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Draw synthetic radiographs, audit and split them, train, evaluate on the test split, and write the report."""
    from chestnut.api.data import phantom
    from chestnut.api.training import train
    from chestnut.cli.tables.result_tables import metrics_table
    from chestnut.config import load_recipe

    chosen = load_recipe(recipe, [f"seed={seed}"])
    _make_room(folder, force)
    images, display = folder / "images", TerminalDisplay()
    say(f"1 of 4  Drawing {patients} synthetic patients")
    phantom(images, patients, seed=seed, display=display)
    say("2 of 4  Auditing, splitting by patient and training")
    run = train(images, chosen, path=folder / "run", display=display, command=command_line())
    say("3 of 4  Evaluating the best epoch on the test split")
    result = run.evaluate("test", display=display, command=command_line())
    say("4 of 4  Writing the report")
    report = run.report()
    if emit({"run": str(run.path), "report": str(report), **result.to_dict()}, json):
        title = f"Test split: {result.images} synthetic images of {result.patients} patients that the network never saw"
        out.print(metrics_table(title, result.to_dict()))
        out.print(f"AUROC {result.summary('auroc')}, accuracy {result.summary('accuracy')} on synthetic images")
        out.print(f"Report: {report.resolve()}", markup=False, soft_wrap=True)
        print_next_for(run.folder)


def _make_room(folder: Path, force: bool) -> None:
    """Remove an earlier demo, and nothing else but what a killed one was still drawing."""
    if folder.is_dir():
        sweep(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    ours = (folder / "images" / "phantom.json").is_file()
    if not (force and ours):
        way = "remove it with --force" if ours else "give another folder with --out"
        raise RunError(f"{folder} exists already; {way}")
    remove_folder(folder)
