import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from chestnut.config import InputSpec
from chestnut.data.decoding import npz_rows
from chestnut.data.decoding.decode import decode, quiet, render
from chestnut.data.decoding.frame import framed
from chestnut.data.decoding.raw import Raw
from chestnut.errors import ImageError

RULES = ("stretch", "fit", "crop")
FULL_SIZE = Path(__file__).parents[4] / "shared" / "data" / "full-size"


def scene(height=60, width=80):
    """Return a smooth picture without symmetry, uint8."""
    y, x = np.mgrid[:height, :width] / [[[height]], [[width]]]
    return (40 + 120 * x + 60 * y * y + 20 * np.sin(5 * x)).round().astype(np.uint8)


def encoded(image, **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, **options)
    return file.getvalue()


def png(width, height, depth, colour, rows):
    """Return a PNG file made from raw scan lines, for kinds that Pillow does not write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def grey_of(data, height=60, width=80, resize="stretch"):
    with quiet():
        return render(Raw("x", data), InputSpec(height=height, width=width, resize=resize)).image.astype(int)


def area_mean(image, height, width):
    """Return the exact mean over each result pixel's area, computed slowly."""

    def weights(size, target):
        edges = np.linspace(0, size, target + 1)
        pixels = np.arange(size)
        shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        return np.clip(shared, 0, None) * target / size

    down, across = weights(image.shape[0], height), weights(image.shape[1], width)
    return (down.astype(np.float32) @ image.astype(np.float32)) @ across.T


def expected(image, height, width, resize):
    """Resize as the rule is documented: shape of the part, mean over areas, black around it."""
    rows, columns = image.shape
    if resize == "stretch":
        return area_mean(image, height, width)
    if resize == "crop":
        scale = max(height / rows, width / columns)
        top, left = round((rows - height / scale) / 2), round((columns - width / scale) / 2)
        return area_mean(image[top : rows - top, left : columns - left], height, width)
    scale = min(height / rows, width / columns)
    inner = round(rows * scale), round(columns * scale)
    result = np.zeros((height, width))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    result[top : top + inner[0], left : left + inner[1]] = area_mean(image, *inner)
    return result


@pytest.mark.parametrize("resize", RULES)
@pytest.mark.parametrize("shape", [(400, 600), (600, 400), (250, 1000), (90, 90)])
def test_rules_are_the_mean_over_areas(shape, resize):
    image = scene(*shape)
    found = grey_of(encoded(image, format="PNG"), 64, 64, resize)
    assert np.abs(found - expected(image, 64, 64, resize)).max() <= 2


@pytest.mark.parametrize("resize", RULES)
def test_scaled_jpeg_decoding_agrees_with_full_decoding(resize):
    rng = np.random.default_rng(0)
    image = np.clip(scene(1003, 1397) + rng.normal(0, 5, (1003, 1397)), 0, 255).astype(np.uint8)
    data = encoded(image, format="JPEG", quality=90)
    found = grey_of(data, 96, 96, resize)
    assert np.abs(found - expected(np.asarray(Image.open(io.BytesIO(data))), 96, 96, resize)).max() <= 3


def test_shrinking_is_antialiased():
    stripes = np.tile(np.array([[0, 255]], dtype=np.uint8), (512, 256))
    assert np.ptp(grey_of(encoded(stripes, format="PNG"), 64, 64)) <= 8  # 4 at either edge


def test_growing_is_bilinear():
    small = np.array([[0, 200], [0, 200]], dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    row = grey_of(encoded(small, format="PNG"), 32, 32)[16]
    assert row.tolist()[12:20] == [0, 0, 0, 50, 150, 200, 200, 200]


def test_one_axis_may_grow_while_the_other_shrinks():
    image = scene(40, 2000)
    assert np.abs(grey_of(encoded(image, format="PNG"), 64, 64)[::8] - area_mean(image, 64, 64)[::8]).max() <= 4


@pytest.mark.parametrize("resize", RULES)
@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (60, 3000), (3000, 60), (1, 1)])
def test_extreme_shapes(shape, resize):
    image = np.full(shape, 90, dtype=np.uint8)
    found = grey_of(encoded(image, format="PNG"), 32, 48, resize)
    assert found.shape == (32, 48)
    assert found.max() == 90


COLOURS = np.array([[[250, 10, 10], [10, 250, 10]], [[10, 10, 250], [200, 180, 40]]], dtype=np.uint8)
COLOURS = COLOURS.repeat(32, 0).repeat(32, 1)
LUMA = np.rint(COLOURS @ np.array([0.299, 0.587, 0.114])).astype(int)


@pytest.mark.parametrize(
    ("mode", "options", "tolerance"),
    [
        ("RGB", {"format": "JPEG", "quality": 95, "subsampling": 0}, 3),
        ("RGB", {"format": "JPEG", "quality": 95, "progressive": True, "subsampling": 0}, 3),
        ("RGB", {"format": "JPEG", "quality": 95, "keep_rgb": True}, 3),
        ("CMYK", {"format": "JPEG", "quality": 95}, 3),
        ("RGB", {"format": "PNG"}, 1),
        ("RGBA", {"format": "PNG"}, 1),
        ("P", {"format": "PNG"}, 1),
        ("RGB", {"format": "WEBP", "lossless": True}, 1),
        ("RGB", {"format": "BMP"}, 1),
        ("P", {"format": "BMP"}, 1),
        ("RGB", {"format": "TIFF", "compression": "tiff_lzw"}, 1),
        ("CMYK", {"format": "TIFF"}, 1),
    ],
)
def test_colour_becomes_luma(mode, options, tolerance):
    image = Image.fromarray(COLOURS)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    assert np.abs(grey_of(encoded(image, **options), 64, 64) - LUMA).max() <= tolerance


def test_ycck_jpeg_of_adobe():
    grey = scene(64, 64)
    # Pillow stores CMYK inverted, as Adobe does. Stored as YCCK, black of Y=0, Cb=Cr=128 and an inverted K is grey
    planes = [np.full_like(grey, 255), np.full_like(grey, 127), np.full_like(grey, 127), 255 - grey]
    data = encoded(Image.merge("CMYK", [Image.fromarray(plane) for plane in planes]), format="JPEG", quality=98)
    transform = data.index(b"Adobe") + 11
    ycck = data[:transform] + b"\x02" + data[transform + 1 :]
    assert np.abs(grey_of(ycck, 64, 64) - grey).max() <= 4


@pytest.mark.parametrize("resize", RULES)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind, orientation, resize):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = encoded(scene(240, 330), format=kind, exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("L")
    found = grey_of(data, 40, 60, resize)
    assert np.abs(found - grey_of(encoded(upright, format="PNG"), 40, 60, resize)).max() <= 3


def test_12_bits_in_16_are_not_black_and_8_and_16_bits_look_alike():
    grey = scene().astype(np.uint16)
    twelve = grey_of(encoded(grey * 16, format="PNG"))
    sixteen = grey_of(encoded(grey * 257, format="TIFF"))
    assert np.abs(twelve - grey).max() <= 1
    assert np.array_equal(sixteen, grey)


def test_a_hot_pixel_does_not_darken_a_deep_image():
    grey = scene().astype(np.uint16) * 16
    grey[3, 3] = 65535
    assert np.abs(grey_of(encoded(grey, format="PNG")) - scene()).max() > 100  # the pixel itself
    assert np.median(np.abs(grey_of(encoded(grey, format="PNG")) - scene())) <= 1


@pytest.mark.parametrize(("colour", "samples"), [(2, 3), (6, 4), (4, 2)])
def test_12_bits_in_16_of_colour(colour, samples):
    values = np.repeat(scene().astype(">u2")[..., None] * 16, samples, axis=2).astype(">u2")
    if samples in (2, 4):
        values[..., -1] = 65535
    assert np.abs(grey_of(png(80, 60, 16, colour, [row.tobytes() for row in values])) - scene()).max() <= 1


def test_floating_and_signed_tiff_spread_their_percentiles():
    real = encoded(Image.fromarray(scene().astype(np.float32) / 1000 - 3), format="TIFF")
    found = grey_of(real)
    assert (found.min(), found.max()) == (0, 255)
    assert np.corrcoef(found.ravel(), scene().ravel())[0, 1] > 0.999


def test_one_bit_and_white_is_zero():
    bits = scene() > 128
    assert np.array_equal(grey_of(encoded(Image.fromarray(bits), format="PNG")), bits * 255)
    tiff = encoded(scene().astype(np.uint16) * 257, format="TIFF", tiffinfo={262: 0})
    assert np.abs(grey_of(tiff) - (255 - scene())).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_are_black(mode):
    opacity = np.zeros((60, 80), dtype=np.uint8)
    opacity[:, 40:] = 255
    image = Image.fromarray(scene()).convert("LA")
    image.putalpha(Image.fromarray(opacity))
    image = image.convert("RGBA") if mode != "LA" else image
    if mode == "P":
        image = Image.fromarray(np.where(opacity, 1, 0).astype(np.uint8)).convert("P")
        image.putpalette([255, 255, 255, 120, 120, 120])
        image.info["transparency"] = 0
    found = grey_of(encoded(image, format="PNG"))
    assert found[:, :40].max() == 0
    assert np.abs(found[:, 40:] - (120 if mode == "P" else scene()[:, 40:])).max() <= 1


@pytest.fixture
def medmnist(tmp_path):
    path = tmp_path / "small.npz"
    rng = np.random.default_rng(0)
    arrays = {
        "train_images": rng.integers(0, 255, (5, 28, 28)).astype(np.uint8),
        "val_images": np.broadcast_to(COLOURS, (2, 64, 64, 3)),
        "test_images": np.zeros((2, 28, 28, 28), dtype=np.uint8),
        "train_labels": np.zeros((5, 1)),
    }
    np.savez_compressed(path, **arrays)
    return path, arrays


def test_rows_of_an_archive(medmnist):
    path, arrays = medmnist
    assert np.array_equal(decode(f"{path}#train/3", InputSpec(height=28, width=28)), arrays["train_images"][3])
    assert np.abs(decode(f"{path}#val/1", InputSpec(height=64, width=64)).astype(int) - LUMA).max() <= 1


def test_an_archive_is_loaded_once(medmnist, monkeypatch):
    path, _ = medmnist
    loads = []
    read = np.lib.format.read_array
    monkeypatch.setattr(npz_rows.np.lib.format, "read_array", lambda *a, **k: loads.append(1) or read(*a, **k))
    for row in range(5):
        decode(f"{path}#train/{row}", InputSpec())
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("train/5", "rows 0 to 4 of train"),
        ("test/0", "not grey or RGB images"),
    ],
)
def test_bad_rows_of_an_archive(medmnist, row, reason):
    with pytest.raises(ImageError, match=reason):
        decode(f"{medmnist[0]}#{row}", InputSpec())


def test_damaged_archives(medmnist, tmp_path):
    path, _ = medmnist
    broken = tmp_path / "broken.npz"
    broken.write_bytes(path.read_bytes()[:-200])
    objects = tmp_path / "objects.npz"
    np.savez(objects, train_images=np.array([{"a": 1}], dtype=object))
    for bad in (broken, objects, tmp_path / "none.npz"):
        with pytest.raises(ImageError):
            decode(f"{bad}#train/0", InputSpec())


def write(folder, name, data):
    (folder / name).write_bytes(data)
    return str(folder / name)


JPEG = encoded(scene(), format="JPEG", quality=90)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.jpg", b"", r"is empty \(0 bytes\)"),
        ("text.jpg", b"<html>not found</html>\n", "not an image that chestnut reads .*it contains text"),
        ("noise.jpg", bytes(range(1, 200)), "is not an image that chestnut reads"),
        ("half.jpg", JPEG[: len(JPEG) // 2], "is truncated: the JPEG ends too early"),
        ("cut.jpg", JPEG[:-2], "is truncated"),
        ("half.png", encoded(scene(), format="PNG")[:400], "is truncated: the PNG"),
        ("half.bmp", encoded(scene(), format="BMP")[:3000], "is truncated: the BMP"),
        ("half.webp", encoded(scene(), format="WEBP")[:100], "truncated"),
        ("half.tif", encoded(scene(), format="TIFF", compression="tiff_lzw")[:1000], "truncated"),
        ("bomb.png", png(30000, 30000, 8, 0, [b""]), "declares 30,000×30,000 pixels, more than the limit of 100 mega"),
        (
            "frames.webp",
            encoded(scene(), format="WEBP", save_all=True, append_images=[Image.new("L", (80, 60))]),
            "several pages",
        ),
        (
            "pages.tif",
            encoded(scene(), format="TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]),
            "several pages",
        ),
        ("animation.gif", encoded(scene(), format="GIF"), "is not an image that chestnut reads"),
    ],
)
def test_bad_files_are_named_with_a_reason(tmp_path, name, data, reason):
    path = write(tmp_path, name, data)
    with pytest.raises(ImageError, match=reason) as caught:
        decode(path, InputSpec())
    assert caught.value.path == path
    assert "\n" not in str(caught.value)


def patched(data, offset, layout, *values):
    return data[:offset] + struct.pack(layout, *values) + data[offset + struct.calcsize(layout) :]


def test_bombs_of_other_formats_are_refused_from_the_header():
    start = JPEG.index(b"\xff\xc0") + 5
    bmp = encoded(scene(), format="BMP")
    for data in (patched(JPEG, start, ">HH", 30000, 30000), patched(bmp, 18, "<ii", 30000, 30000)):
        with pytest.raises(ImageError, match="30,000×30,000"):
            grey_of(data)
    webp = encoded(Image.new("RGBA", (80, 60), (1, 2, 3, 100)), format="WEBP")
    with pytest.raises(ImageError, match="limit of 100 megapixels"):
        grey_of(patched(webp, webp.index(b"VP8X") + 12, "6s", b"\xfe\x3f\x00" * 2))


def test_bad_paths(tmp_path, monkeypatch):
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        str(tmp_path / "none.jpg"): "no such file",
        str(tmp_path): "is a folder",
        str(loop): "is a symbolic link to itself",
        str(tmp_path / "pipe.jpg"): "not a regular file",
        str(tmp_path / ("x" * 300)): "name too long",
        "a\0b.jpg": "null",
    }
    for path, reason in reasons.items():
        with pytest.raises(ImageError, match=reason):
            decode(path, InputSpec())
    path = write(tmp_path, "secret.jpg", JPEG)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # tests may run as root, who may read anything
    with pytest.raises(ImageError, match="no permission to read it"):
        decode(path, InputSpec())


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("chestnut.data.decoding.raw.MOST_BYTES", 100)
    with pytest.raises(ImageError, match="more than the limit of 100"):
        decode(write(tmp_path, "large.jpg", JPEG), InputSpec())


SEEDS = [
    JPEG,
    encoded(Image.fromarray(scene()).convert("RGB"), format="JPEG", progressive=True),
    encoded(Image.fromarray(scene()).convert("CMYK"), format="JPEG"),
    encoded(scene(), format="PNG"),
    encoded(scene().astype(np.uint16) * 16, format="PNG"),
    png(80, 60, 16, 2, [scene()[row].repeat(6).tobytes() for row in range(60)]),
    encoded(scene(), format="BMP"),
    encoded(scene(), format="WEBP"),
    encoded(scene(), format="TIFF"),
]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_decode_or_raise_image_error(data):
    seed = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 6))):
        where = data.draw(st.integers(0, min(len(seed), data.draw(st.sampled_from([64, 600, len(seed)]))) - 1))
        seed[where] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(seed)))
    for damaged in (bytes(seed), bytes(seed[:cut])):
        try:
            assert grey_of(damaged, 32, 32).shape == (32, 32)
        except ImageError as error:
            assert error.reason


@pytest.mark.skipif(not FULL_SIZE.is_dir(), reason="../shared/data/full-size is not here")
@pytest.mark.parametrize(
    ("resize", "step"), [("stretch", 4), *(pytest.param(rule, 1, marks=pytest.mark.slow) for rule in RULES)]
)
def test_images_as_published(resize, step):
    files = sorted(FULL_SIZE.iterdir())
    assert len(files) == 24
    for path in files[::step]:
        found = decode(str(path), InputSpec(height=128, width=128, resize=resize)).astype(int)
        with Image.open(path) as image:
            difference = np.abs(found - expected(np.asarray(image.convert("L")), 128, 128, resize))
        # Burnt-in letters are sharp; there, decoding at an eighth differs from averaging at full size
        assert difference.mean() < 1, path
        assert np.quantile(difference, 0.99) <= 8, path


@pytest.mark.parametrize("shape", [(240, 320), (60, 41)])
def test_other_programs_ways_of_resizing_are_theirs(shape):
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, shape, np.uint8))
    kinds = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    wanted = {name: np.asarray(image.resize((48, 64), kind)) for name, kind in kinds.items()}
    wanted["linear"] = cv2.resize(np.asarray(image), (48, 64), interpolation=cv2.INTER_LINEAR)
    found = {}
    for name, theirs in wanted.items():
        spec = InputSpec(height=64, width=48, resample=name)
        found[name] = render(Raw("x", encoded(image, format="PNG")), spec).image
        np.testing.assert_array_equal(found[name], theirs)
        np.testing.assert_array_equal(framed(np.asarray(image), spec).image, theirs)
    assert len({one.tobytes() for one in found.values()}) == 4


def test_a_jpeg_is_decoded_whole_before_other_programs_ways_of_resizing():
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (512, 512), np.uint8))
    data = encoded(image, format="JPEG", quality=95)
    spec = InputSpec(height=64, width=64, resample="bilinear")
    theirs = np.asarray(Image.open(io.BytesIO(data)).resize((64, 64), Image.BILINEAR))
    np.testing.assert_array_equal(render(Raw("x", data), spec).image, theirs)
