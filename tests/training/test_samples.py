"""The sample grid shows the original beside what the network sees, where the two differ."""

import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.inference.pictures.samples import find_originals


@pytest.mark.parametrize(
    ("size", "fields", "drawn"),
    [
        ((300, 300), {}, False),
        ((305, 300), {}, False),
        ((300, 200), {"resize": "stretch"}, True),
        ((300, 200), {"resize": "crop"}, True),
        ((300, 200), {"resize": "fit"}, False),
        ((300, 300), {"intensity": "clahe"}, True),
    ],
)
def test_originals_are_drawn_where_the_network_sees_other(tmp_path, size, fields, drawn):
    Image.fromarray(np.full(size[::-1], 77, np.uint8)).save(tmp_path / "a.png")
    found = find_originals([str(tmp_path / "a.png")], InputSpec(height=32, width=32, **fields))
    assert (found is not None) == drawn
    if drawn:
        assert found[0].shape == tuple(round(256 * side / 300) for side in size[::-1])
        assert (found[0] == 77).all()
