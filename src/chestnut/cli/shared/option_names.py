"""Say in options what a library message says in arguments and recipe fields.

The library writes `epochs=0: give 1 or more` and `skip_bad=True`, as a caller of the Python API would; a user of the
command line reads `--epochs 0: give 1 or more` and `--skip-bad`. A recipe field such as `train.epochs=3` becomes
`--set train.epochs=3`.
"""

from __future__ import annotations

import re

#: The option of each argument whose option is not the argument's own name with dashes.
_OTHERS = {
    "audited": "--audit",
    "columns": "--column",
    "format": "--format",
    "identities": "--identities",
    "mapping": "--map",
    "metrics": "--metric",
    "of": "--class",
    "settings": "--set",
    "shifts": "--shift",
}

#: The arguments whose option is their name with dashes for underscores.
_SAME = frozenset(
    [
        "address",
        "ae_title",
        "allow",
        "attributes",
        "auroc",
        "batch_size",
        "batches",
        "brightness",
        "by",
        "channels",
        "classes",
        "colour",
        "coordinator",
        "changed",
        "checklist",
        "copies",
        "coverage",
        "database",
        "devices",
        "each",
        "engine",
        "epochs",
        "executions",
        "external",
        "false_alarms",
        "fine_tune_best",
        "folds",
        "force",
        "forward",
        "forward_tls",
        "fraction",
        "grid",
        "high",
        "host",
        "hosts",
        "icc",
        "images",
        "images_per_patient",
        "jobs",
        "keep",
        "keep_days",
        "keep_dicom",
        "keep_images",
        "labels",
        "layers",
        "learning_rate",
        "leave_one_source_out",
        "loss",
        "low",
        "margin",
        "member",
        "method",
        "methods",
        "most_waiting",
        "objective",
        "older_than",
        "on",
        "on_outlier",
        "only_class",
        "operating_point",
        "other",
        "patient_regex",
        "patients",
        "per_class",
        "pneumonia",
        "port",
        "positive",
        "precision",
        "prevalence",
        "recipe",
        "recipes",
        "reference",
        "repeats",
        "resample",
        "resize",
        "resplit",
        "resume",
        "retrain",
        "rotation",
        "rule",
        "runs",
        "scale",
        "search",
        "seed",
        "seeds",
        "sensitivity",
        "shear",
        "shift",
        "size",
        "skip_bad",
        "source_regex",
        "specificity",
        "split",
        "spool",
        "threads",
        "threshold",
        "tls_ca",
        "tls_cert",
        "tls_key",
        "to",
        "token_file",
        "track",
        "trials",
        "unfreeze",
        "wait",
        "width",
        "zoom",
    ]
)

_ARGUMENT = re.compile(
    r"(?P<before>--set )?(?<![\w./\-'\"])(?P<name>[a-z_][a-z_0-9]*(?:\.[a-z_0-9]+)*)="
    r"(?P<value>\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|'[^']*'|[^\s,;:)]*)"
)

#: A column of a CSV, as a caller of the Python API names it.
_COLUMN = re.compile(r"Columns\((\w+)=(\w+)\)")


def name_options(text: str) -> str:
    """Replace the arguments and recipe fields in a message by the options that set them.

    >>> name_options("epochs=0: give 1 or more")
    '--epochs 0: give 1 or more'
    >>> name_options("3 images cannot be read; leave them out by skip_bad=True")
    '3 images cannot be read; leave them out by --skip-bad'
    >>> name_options("try train.batch_size=8, or engine=ray")
    'try --set train.batch_size=8, or --engine ray'
    >>> name_options("name one, as in Columns(path=NAME)")
    'name one, as in --column path=NAME'
    >>> name_options("set WANDB_MODE=offline; see --set model.dropout=0.3")
    'set WANDB_MODE=offline; see --set model.dropout=0.3'
    """
    return _ARGUMENT.sub(_name_option, _COLUMN.sub(r"--column \1=\2", text))


def _name_option(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if match["before"]:
        return match[0]
    if "." in name:
        field = f"{name}={value}"
        return f"--set '{field}'" if value.startswith(("{", "[")) else f"--set {field}"
    option = f"--{name.replace('_', '-')}" if name in _SAME else _OTHERS.get(name)
    if option is None:
        return match[0]
    return option if value in ("True", "") else f"{option} {value}"
