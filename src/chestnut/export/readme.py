"""Say in words, beside an exported network, how a stranger uses it."""

from __future__ import annotations

from chestnut.export.exported import Exported
from chestnut.export.forms.form import Form
from chestnut.inference.bundle import Bundle

_PAGE = """\
# {run} as {title}

Written by chestnut. {positive} Not a medical device.

- `{file}`: the network.
- `bundle.json`: the classes, the input, the temperature and the threshold.
- `export.json`: the size, the speed, the largest difference to the network in Keras, and the versions.

`images` is an array of grey values, uint8, of shape (n, {height}, {width}), for any n: whole files, resized by
`{resize}`{more}. All else is done inside.

```python
{example}
```

`logits` has shape (n, {logits}). Probabilities are

```python
{formula}
```

for the classes {classes}.{decision}
"""

_SOFTMAX = """\
import numpy as np

scaled = np.asarray(logits, dtype=np.float64) / {temperature!r}
powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
probabilities = powers / powers.sum(axis=1, keepdims=True)"""

_SIGMOID = """\
import numpy as np

second = 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)[:, 0] / {temperature!r}))
probabilities = np.stack([1 - second, second], axis=1)"""


def write_readme(run: str, form: Form, exported: Exported, bundle: Bundle, logits: int) -> str:
    """Return the text of README.md.

    Args:
        run: The name of the run.
        form: The form.
        exported: What is known of the network.
        bundle: The bundle that it was made of.
        logits: The number of logits of an image.
    """
    spec = bundle.spec
    formula = (_SIGMOID if logits == 1 else _SOFTMAX).format(temperature=bundle.temperature)
    decision = ""
    if bundle.positive is not None:
        decision = f" The decision is {bundle.positive} from a probability of {bundle.threshold!r}."
    trained = " It was trained on synthetic images." if bundle.synthetic else ""
    given = {key: value for key, value in spec.model_dump(mode="json").items() if key in _BESIDES}
    besides = [f"`{key}={given[key]}`" for key in _BESIDES if given[key] != _BESIDES[key]]
    return _PAGE.format(
        run=run,
        title=form.title,
        positive=f"A classifier of chest X-rays, made by the recipe {bundle.recipe}.{trained}",
        file=form.file,
        height=spec.height,
        width=spec.width,
        resize=spec.resize,
        more=f", with {', '.join(besides)} as chestnut does it" if besides else "",
        example=form.example.strip(),
        logits=logits,
        formula=formula,
        classes=", ".join(bundle.classes),
        decision=decision,
    )


#: What may be done to images before the network sees them, and its value where nothing is.
_BESIDES = {"intensity": "none", "variants": "none", "frame": "whole", "outside": "keep", "inside": "keep"}
