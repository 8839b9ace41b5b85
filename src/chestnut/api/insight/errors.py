"""Show what the network of a run decided wrongly, and what such images have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.errors import ExplanationError, suggest

if TYPE_CHECKING:
    from chestnut.explain.methods import Choice
    from chestnut.mistakes.mistakes import Mistakes
    from chestnut.runs.folder import RunFolder


def errors(run: RunFolder, split: str, method: Choice, identities: bool, **options: Unpack[DisplayOptions]) -> Mistakes:
    """Show what a run decided wrongly in an evaluation; see `Run.errors`."""
    from chestnut.explain.methods import CHOICES
    from chestnut.explain.opening import open_explainer
    from chestnut.files.folders import replacement_folder
    from chestnut.inference.engine_choice import open_engine
    from chestnut.inference.run_bundle import read_run_bundle
    from chestnut.mistakes.decisions import list_decisions
    from chestnut.mistakes.evaluated import read_evaluated
    from chestnut.mistakes.files import write_mistakes
    from chestnut.mistakes.insight import look_into
    from chestnut.mistakes.pictures import draw_pictures
    from chestnut.mistakes.ranking import rank_mistakes
    from chestnut.mistakes.summary import summarise
    from chestnut.report.pages.errors import write_errors_page

    bars = read_options(DisplaySettings, options).shown.bar
    if method not in CHOICES:
        raise ExplanationError(f"method={method!r} is unknown; {suggest(method, CHOICES)}")
    bundle = read_run_bundle(run)
    evaluated = read_evaluated(run, bundle, split)
    engine = open_engine(bundle)
    explainer = engine if method == "auto" else open_explainer(bundle, method)
    insight = look_into(run, bundle, engine, evaluated, bars)
    found = summarise(evaluated, insight, bundle, synthetic=bool(run.metrics(split).get("synthetic", False)))
    pictures = draw_pictures(found, bundle, explainer, method, bars)
    found = replace(found, notes=(*found.notes, *filter(None, [pictures.note])))
    every = list_decisions(evaluated, rank_mistakes(evaluated).tolist(), insight.neighbourhoods, insight.groups)
    with replacement_folder(run.errors(split)) as draft:
        write_mistakes(draft, found, every, pictures)
        write_errors_page(run, draft, draft / "errors.html", identities=identities)
    return found
