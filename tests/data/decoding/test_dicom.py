import io
import struct
import warnings

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode, quiet, render
from chestnut.data.decoding.raw import Raw
from chestnut.errors import ImageError

Y, X = np.mgrid[:48, :64]
STORED = (300 + 40 * X + 10 * Y).astype(np.uint16)  # 300 to 3,290 of 4,095


def dataset(stored=STORED, **fields):
    """Return a digital radiograph with 12 bits."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = DigitalXRayImageStorageForPresentation
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.Rows, made.Columns = stored.shape[:2]
    made.BitsAllocated = 8 * stored.dtype.itemsize
    made.BitsStored = 12 if stored.dtype.itemsize == 2 else 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(stored.dtype.kind == "i")
    made.SamplesPerPixel = 1 if stored.ndim == 2 else 3
    made.PhotometricInterpretation = "MONOCHROME2" if stored.ndim == 2 else "RGB"
    if stored.ndim == 3:
        made.PlanarConfiguration = 0
    made.PixelData = stored.tobytes()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def saved(made, **options):
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True, **options)
    return file.getvalue()


def grey_of(made, size=STORED.shape):
    data = made if isinstance(made, bytes) else saved(made)
    with quiet():
        return render(Raw("x.dcm", data), InputSpec(height=size[0], width=size[1])).image.astype(int)


def by_pydicom(made):
    """Return the grey values 0..255 that pydicom computes, as an independent reading of the standard."""
    values = apply_voi_lut(apply_modality_lut(made.pixel_array, made), made)
    if made.get("VOILUTSequence"):
        low, high = 0, 2 ** made.VOILUTSequence[0].LUTDescriptor[2] - 1
    else:
        slope, intercept = float(made.get("RescaleSlope", 1)), float(made.get("RescaleIntercept", 0))
        signed = made.PixelRepresentation
        low = intercept - slope * 2 ** (made.BitsStored - 1) * signed
        high = slope * (2 ** (made.BitsStored - signed) - 1) + intercept
    scaled = (values - low) / (high - low) * 255
    return 255 - scaled if made.PhotometricInterpretation == "MONOCHROME1" else scaled


def lookup(first, values, bits):
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = list(values)
    item["LUTData"].VR = "US"
    return [item]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    "fields",
    [
        {"WindowCenter": 1800, "WindowWidth": 2000},
        {"WindowCenter": [1800, 40], "WindowWidth": [2000, 80]},
        {"WindowCenter": 1800, "WindowWidth": 2000, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 1800, "WindowWidth": 2000, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 0.5, "WindowWidth": 1.2, "RescaleSlope": 0.001, "RescaleIntercept": -1},
        {"WindowCenter": 600, "WindowWidth": 1000, "RescaleSlope": -1, "RescaleIntercept": 2000},
        {"VOILUTSequence": lookup(500, range(0, 1024, 1), 10), "WindowCenter": 1, "WindowWidth": 1},
        {"VOILUTSequence": lookup(0, range(255, -1, -1), 8), "RescaleSlope": 0.1, "RescaleIntercept": 0},
    ],
)
def test_windows_and_tables_are_those_of_pydicom(fields, photometric):
    made = dataset(**fields, PhotometricInterpretation=photometric)
    if fields.get("RescaleSlope") == 0.1:
        with warnings.catch_warnings():  # pydicom truncates rescaled values before the table, chestnut rounds them
            warnings.simplefilter("ignore")
            assert np.abs(grey_of(made) - by_pydicom(made)).max() <= 2
        return
    assert np.abs(grey_of(made) - by_pydicom(made)).max() <= 1


def test_modality_table():
    made = dataset(WindowCenter=128, WindowWidth=256, ModalityLUTSequence=lookup(0, [v >> 4 for v in range(4096)], 8))
    assert np.abs(grey_of(made) - (STORED >> 4)).max() <= 1


@pytest.mark.parametrize("width", [None, 0, -5, ""])
def test_no_usable_window_spreads_the_percentiles(width):
    fields = {} if width is None else {"WindowCenter": 1800, "WindowWidth": width}
    found = grey_of(dataset(**fields))
    low, high = np.quantile(STORED, [0.001, 0.999])
    assert np.abs(found - np.clip((STORED - low) / (high - low) * 255, 0, 255)).max() <= 1


def test_window_of_one_is_a_threshold():
    found = grey_of(dataset(WindowCenter=1800, WindowWidth=1))
    assert np.array_equal(found, np.where(STORED > 1799, 255, 0))


def test_signed_values():
    made = dataset(STORED.astype(np.int16) - 2048, WindowCenter=0, WindowWidth=2000)
    assert np.abs(grey_of(made) - by_pydicom(made)).max() <= 1


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1800, "WindowWidth": 4000}])
def test_padding_is_black(photometric, window):
    stored = STORED.copy()
    stored[:, :10] = 4095
    found = grey_of(dataset(stored, PixelPaddingValue=4095, PhotometricInterpretation=photometric, **window))
    rest = grey_of(dataset(STORED[:, 10:].copy(), PhotometricInterpretation=photometric, **window), (48, 54))
    assert found[:, :10].max() == 0
    assert np.abs(found[:, 10:] - rest).max() <= 1


def test_colour():
    colour = np.stack([STORED // 16, STORED // 32, STORED // 20], axis=2).astype(np.uint8)
    luma = colour @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey_of(dataset(colour)) - luma).max() <= 1
    from pydicom.pixels import convert_color_space

    ybr = dataset(convert_color_space(colour, "RGB", "YBR_FULL"), PhotometricInterpretation="YBR_FULL")
    assert np.abs(grey_of(ybr) - luma).max() <= 3


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_pixels_are_the_same(syntax):
    made = dataset(WindowCenter=1800, WindowWidth=3000)
    plain = grey_of(made)
    made.compress(syntax)
    assert made.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(grey_of(made), plain)


def test_files_without_preamble_or_meta_information():
    made = dataset(WindowCenter=1800, WindowWidth=3000)
    data = saved(made)
    assert np.array_equal(grey_of(data[132:]), grey_of(data))
    made.file_meta = FileMetaDataset()
    file = io.BytesIO()
    made.save_as(file, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert np.array_equal(grey_of(file.getvalue()), grey_of(data))


def bomb():
    made = dataset()
    made.Rows = made.Columns = 30000
    return saved(made)


def hidden_bomb():
    made = dataset()
    made.compress(JPEG2000Lossless)
    data = saved(made)
    start = data.index(b"\xff\x4f\xff\x51") + 8
    return data[:start] + struct.pack(">II", 30000, 30000) + data[start + 8 :]


def without_pixels():
    made = dataset()
    del made.PixelData
    return saved(made)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (without_pixels(), r"DICOM file \(Digital X-Ray Image Storage - For Presentation\) that has no pixels"),
        (saved(dataset(np.stack([STORED, STORED]).reshape(96, 64), Rows=48, NumberOfFrames=2)), "contains 2 frames"),
        (bomb(), "declares 30,000×30,000 pixels, more than the limit of 100 megapixels"),
        (hidden_bomb(), "declares 30,000×30,000 pixels"),
        (saved(dataset())[:-500], "is truncated: the DICOM ends too early"),
        (saved(dataset())[:400], "truncated"),
        (saved(dataset(Rows=0)), "declares 64×0 pixels"),
    ],
    ids=["no pixels", "frames", "bomb", "hidden bomb", "cut", "cut in the header", "no rows"],
)
def test_bad_files_are_named_with_a_reason(tmp_path, data, reason):
    path = tmp_path / "bad.dcm"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=reason) as caught:
        decode(str(path), InputSpec())
    assert "\n" not in str(caught.value)


def test_a_syntax_that_cannot_be_decoded_is_refused():
    made = dataset()
    made.compress(JPEG2000Lossless)
    data = saved(made).replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.70")
    with pytest.raises(ImageError, match=r"cannot be decoded from JPEG Lossless.*decompress it"):
        grey_of(data)


@pytest.mark.parametrize("name", ["CR1/6154", "CR2/6247", "CR3/6278"])
def test_radiographs_that_come_with_pydicom(name):
    path = get_testdata_file(f"dicomdirtests/77654033/{name}", download=False)
    made = pydicom.dcmread(path)
    assert made.PhotometricInterpretation == "MONOCHROME1"
    found = decode(path, InputSpec(height=made.Rows, width=made.Columns))
    assert np.abs(found - by_pydicom(made)).max() <= 1


SHIPPED = [
    "CT_small",
    "MR_small",
    "MR_small_RLE",
    "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless",
    "MR_small_bigendian",
]


@pytest.mark.parametrize("name", SHIPPED)
def test_files_that_come_with_pydicom(name):
    path = get_testdata_file(f"{name}.dcm", download=False)
    found = decode(path, InputSpec(height=64, width=64))
    assert found.std() > 20
    same = decode(get_testdata_file("MR_small.dcm", download=False), InputSpec(height=64, width=64))
    assert np.array_equal(found, same) == name.startswith("MR")


def damaged_seeds():
    compressed = []
    for syntax in (RLELossless, JPEG2000Lossless):
        made = dataset()
        made.compress(syntax)
        compressed.append(saved(made))
    deflated = dataset()
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    tables = dataset(VOILUTSequence=lookup(0, range(256), 8), ModalityLUTSequence=lookup(0, range(256), 8))
    return [*compressed, saved(deflated), saved(tables), saved(dataset())]


def test_damaged_files_decode_or_raise_image_error():
    random = np.random.default_rng(0)
    for seed in damaged_seeds():
        for _ in range(25):
            data = bytearray(seed)
            first = random.choice([0, seed.find(b"\xe0\x7f\x10\x00")])
            for place in random.integers(max(first, 0), min(len(seed), first + 600), random.integers(1, 7)):
                data[place] = random.choice([0, 1, 127, 128, 255, random.integers(256)])
            try:
                assert grey_of(bytes(data)).shape == STORED.shape
            except ImageError as error:
                assert error.reason
