import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(random.uniform(0, 255, (6, 40, 48)), (0, 2, 2))
    return np.clip((smooth - 127) * 6 + 127, 0, 255).astype(np.uint8)[..., None]
