"""The lungs of real images are found, and odd ones are flagged; skipped where the images are not at hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import chestnut as cn
from chestnut.lungfield.find import find_many

SHARED = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here"),
]


def grey(path):
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def test_every_hundredth_child_has_lungs_where_the_masks_have_them():
    archive = np.load(SHARED / "lungs" / "kermany_train_lung_masks_224.npz", allow_pickle=False)
    rows = np.flatnonzero(archive["soft_dice"] > 0.9)[::50]
    masks = np.unpackbits(archive["masks_packed"][rows], axis=1)[:, : 224 * 224].reshape(-1, 224, 224) > 0
    paths = {path.name: path for path in (SHARED / "chest-xray-224").rglob("*.jpeg")}
    found = find_many([grey(paths[str(name)]) for name in archive["filename"][rows]])
    assert all(lungs.found for lungs in found)
    overlaps = [
        2 * (lungs.mask & mask).sum() / (lungs.mask.sum() + mask.sum())
        for lungs, mask in zip(found, masks, strict=True)
    ]
    assert np.mean(overlaps) > 0.94


def test_of_adults_an_upside_down_image_and_a_white_lung_are_flagged():
    paths = sorted(path for path in (SHARED / "covid-512").rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
    paths = [path for path in paths if path.name in ("00001986_011.jpg", "00003490_011.jpg")] + paths[::8]
    found = dict(zip([path.name for path in paths], find_many([grey(path) for path in paths]), strict=True))
    assert {name for name, lungs in found.items() if not lungs.found} == {"00001986_011.jpg", "00003490_011.jpg"}


@pytest.mark.parametrize("name", ["CR-MONO1-10-chest.dcm", "pydicom-data_RG1_J2KI.dcm", "nhsx_nih_sample.dcm"])
def test_dicom_files_inverted_and_of_16_bits(name):
    lungs = cn.lungs(SHARED / "dicom" / name)
    assert lungs.found and lungs.confidence > 0.8
    assert 0.7 < lungs.geometry["aspect"] < 1.6


def test_full_size_files_and_their_stretched_copies_have_the_same_box():
    for path in sorted((SHARED / "full-size").iterdir())[:8]:
        whole = grey(path)
        small = cv2.resize(whole, (224, 224), interpolation=cv2.INTER_AREA)
        one, other = find_many([whole, small])
        assert one.found and one.shares == pytest.approx(other.shares, abs=0.05)
