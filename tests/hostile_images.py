"""Image files that ask for far more than they are: small on disk, generated, one maker a kind."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

GREY = (np.arange(48 * 64).reshape(48, 64) % 251).astype(np.uint8)


@cache
def zeros(count):
    """A zlib stream of that many zeros, put together from blocks of a million."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(10**6)), packer.flush(zlib.Z_FULL_FLUSH)]
    first = b"".join(parts)
    block = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(count, 10**6)
    last = packer.compress(bytes(rest)) + packer.flush()
    body = (first + block * (whole - 1) if whole else b"\x78\xda") + last[:-4]
    return body + struct.pack(">HH", count % 65521, 1)


def png(width, height, body, depth=8, colour=0, extra=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    between = b"".join(chunk(name, data) for name, data in extra or ())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def black_png(width, height, depth=8, colour=0, **options):
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    return png(width, height, zeros(height * (1 + width * samples * depth // 8)), depth, colour, **options)


def exif_png():
    """EXIF whose orientation has 700,000 values."""
    entry = struct.pack(">HHHII", 1, 0x0112, 3, 700_000, 26) + bytes(4)
    exif = b"MM\0*" + struct.pack(">I", 8) + entry + bytes(1_400_000)
    return black_png(8, 8, extra=[(b"eXIf", exif)])


def saved(image, **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, **options)
    return file.getvalue()


def jpeg(width, height, mode="L", **options):
    """A JPEG that declares another size than that of its pixels."""
    data = saved(Image.fromarray(GREY).convert(mode), format="JPEG", **options)
    start = data.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def tiff(entries, body=b"", next_page=0):
    """A little-endian TIFF with these (tag, type, count, value)."""
    entries = sorted(entries)
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + table + struct.pack("<I", next_page) + body


def tiff_tags(width, height, **others):
    names = {"bits": 258, "compression": 259, "photometric": 262, "strips": 273, "rows": 278, "counts": 279}
    names |= {"tile_width": 322, "tile_height": 323, "tiles": 324, "tile_counts": 325}
    tags = {"bits": 8, "compression": 1, "photometric": 1, **others}
    return [(256, 4, 1, width), (257, 4, 1, height), *((names[name], 4, 1, value) for name, value in tags.items())]


def packed_tiff(width, height, samples=1, bits=8):
    """A deflated black TIFF in one strip."""
    body = zeros(width * height * samples * bits // 8)
    tags = [*tiff_tags(width, height, compression=8, rows=height, strips=0, counts=len(body)), (277, 3, 1, samples)]
    tags = [tag for tag in tags if tag[0] != 258] + [(258, 3, 1, bits)]
    start = 8 + 2 + 12 * len(tags) + 4
    if samples > 1:
        tags = [tag for tag in tags if tag[0] not in (258, 262)] + [(258, 3, samples, start), (262, 3, 1, 2)]
        body, start = struct.pack(f"<{samples}H", *[bits] * samples) + body, start + 2 * samples
    tags = [(tag, kind, count, start if tag == 273 else value) for tag, kind, count, value in tags]
    return tiff(tags, body)


def tiff_of_pages(count):
    """A TIFF of many pages, each of 1 by 1."""
    tags = tiff_tags(1, 1, rows=1, strips=8, counts=1)
    size = 2 + 12 * len(tags) + 4
    page = tiff(tags)[8:-4]
    pages = [page + struct.pack("<I", 8 + size * (number + 1)) for number in range(count)]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(pages)[:-4] + bytes(4)


def bmp(width, height, compression=0, body=b""):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(body), 0, 0, 256, 0)
    palette = b"".join(bytes((level, level, level, 0)) for level in range(256))
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


def webp(width, height):
    return saved(Image.new("RGB", (width, height)), format="WEBP", lossless=True, quality=0, method=0)


def webp_of(width, height):
    """A WebP that declares another canvas than that of its pixels."""
    data = saved(Image.new("RGBA", (80, 60), (1, 2, 3, 100)), format="WEBP")
    start = data.index(b"VP8X") + 12
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return data[:start] + size + data[start + 6 :]


def dataset(stored=GREY, **fields):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = fields.pop("syntax", ExplicitVRLittleEndian)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = DigitalXRayImageStorageForPresentation
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.Rows, made.Columns = stored.shape[:2]
    made.BitsAllocated = made.BitsStored = 8 * stored.dtype.itemsize
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = 0
    made.SamplesPerPixel = 1 if stored.ndim == 2 else stored.shape[2]
    made.PhotometricInterpretation = "MONOCHROME2" if stored.ndim == 2 else "RGB"
    if stored.ndim == 3:
        made.PlanarConfiguration = 0
    made.PixelData = stored.tobytes()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def dicom(made):
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def compressed(frame, syntax, **fields):
    made = dataset(syntax=syntax, **fields)
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return dicom(made)


def element(group, number, kind, value):
    """An element in Explicit VR Little Endian."""
    if kind in (b"OB", b"OW", b"SQ", b"UN"):
        return struct.pack("<HH2sHI", group, number, kind, 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, kind, len(value)) + value


def deflated(head, zeros_after):
    """A deflated file: some elements of its header, and then an element of so many zeros."""
    whole = dicom(dataset(syntax=DeflatedExplicitVRLittleEndian))
    end = 132 + 12 + struct.unpack_from("<I", whole, 140)[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(head + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, zeros_after))
    body += packer.flush(zlib.Z_FULL_FLUSH)
    return whole[:end] + body + zeros(zeros_after)[2:-4]


def size_elements(rows, columns, bits=8):
    number = lambda tag, value: element(0x0028, tag, b"US", struct.pack("<H", value))  # noqa: E731
    return (
        number(0x0002, 1)
        + element(0x0028, 0x0004, b"CS", b"MONOCHROME2 ")
        + b"".join(
            number(tag, value)
            for tag, value in (
                (0x0010, rows),
                (0x0011, columns),
                (0x0100, bits),
                (0x0101, bits),
                (0x0102, bits - 1),
                (0x0103, 0),
            )
        )
    )


def with_elements(between):
    """A plain file with raw elements before those of the image."""
    whole = dicom(dataset())
    end = 132 + 12 + struct.unpack_from("<I", whole, 140)[0]
    return whole[:end] + between + whole[end:]


ITEM, ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF), struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
SEQUENCE = struct.pack("<HH2sHI", 0x0008, 0x1111, b"SQ", 0, 0xFFFFFFFF)
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
EMPTY_ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0)


def nested(depth):
    return with_elements((SEQUENCE + ITEM) * depth + (ITEM_END + SEQUENCE_END) * depth)


def many_items(count):
    return with_elements(SEQUENCE + EMPTY_ITEM * count + SEQUENCE_END)


def many_elements(count):
    elements = (struct.pack("<HH2sH", 9 + 2 * (number >> 16), number & 0xFFFF, b"LO", 0) for number in range(count))
    return with_elements(b"".join(elements))


def jpeg_2000(width, height, samples=1):
    """A codestream that declares another size than that of its pixels."""
    data = saved(GREY, format="JPEG2000", no_jp2=True)
    start = data.index(b"\xff\x4f\xff\x51")
    data = data[: start + 8] + struct.pack(">II", width, height) + data[start + 16 :]
    return data[: start + 40] + struct.pack(">H", samples) + data[start + 42 :]


def jpeg_ls(width, height):
    made = dataset()
    made.compress(JPEGLSLossless)
    data = dicom(made)
    start = data.index(b"\xff\xf7") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def rle(segment, **fields):
    return compressed(struct.pack("<16I", 1, 64, *[0] * 14) + segment, RLELossless, **fields)


def black_dicom(syntax):
    made = dataset(np.zeros((4_000, 2_500), np.uint16))
    made.compress(syntax)
    return dicom(made)


def lookup(entries, bits):
    item = Dataset()
    item.LUTDescriptor = [entries, 0, bits]
    item.LUTData = bytes(2 * 256)
    item["LUTData"].VR = "OW"
    return [item]


#: What makes a file of each kind that is refused, and what is said of it.
REFUSED = {
    "png strip down": (lambda: black_png(1, 99_999_999), "declares 1×99,999,999 pixels, a strip narrower than"),
    "png strip across": (lambda: black_png(99_999_999, 1), "a strip narrower than the limit of 1:50"),
    "png pixels": (lambda: png(30_000, 30_000, zeros(10)), "more than the limit of 100 megapixels"),
    "png side": (lambda: png(2**31 - 1, 2**31 - 1, zeros(10)), "more than the limit of 100 megapixels"),
    "png profile": (
        lambda: black_png(8, 8, extra=[(b"iCCP", b"x\0\0" + zeros(2 * 10**9))]),
        "is a damaged, truncated or unusual PNG",
    ),
    "png text": (
        lambda: black_png(8, 8, extra=[(b"zTXt", b"x\0\0" + zeros(2 * 10**9))]),
        "is a damaged, truncated or unusual PNG",
    ),
    "png exif": (exif_png, "1,400,032 bytes of EXIF, more than the limit of 1,000,000"),
    "jpeg strip": (lambda: jpeg(64, 65_000), "a strip narrower"),
    "jpeg pixels": (lambda: jpeg(65_000, 65_000), "more than the limit of 100 megapixels"),
    "tiff strip": (lambda: tiff(tiff_tags(1, 99_999_999, rows=1, strips=8, counts=1)), "a strip narrower"),
    "tiff values": (
        lambda: tiff([*tiff_tags(64, 48), (273, 4, 50_000_000, 8)]),
        "50,000,000 values of the TIFF tag 273, more than the limit of 400,000",
    ),
    "tiff tags": (
        lambda: tiff([*tiff_tags(64, 48), *((1000 + number, 4, 1, 0) for number in range(5000))]),
        "declares 5,005 TIFF tags, more than the limit of 1,000",
    ),
    "tiff tile": (
        lambda: tiff(tiff_tags(64, 48, compression=8, tile_width=30_000, tile_height=30_000, tiles=8, tile_counts=9)),
        "declares tiles of 900,000,000 pixels",
    ),
    "tiff pages": (lambda: tiff_of_pages(200_000), "several pages"),
    "webp pixels": (lambda: webp_of(16_384, 16_384), "more than the limit of 100 megapixels"),
    "webp strip": (lambda: webp_of(100, 16_383), "a strip narrower"),
    "bmp pixels": (lambda: bmp(30_000, 30_000), "more than the limit of 100 megapixels"),
    "bmp strip": (lambda: bmp(1, 50_000_000, 1, b"\0\1"), "a strip narrower"),
    "dicom inflates": (
        lambda: deflated(size_elements(48, 64), 2_900_000_000),
        "inflates to more than 20,003,072 bytes",
    ),
    "dicom inflates without size": (lambda: deflated(b"", 2_900_000_000), "inflates to more than 20,000,000 bytes"),
    "dicom items": (lambda: many_items(2_000_000), "has more than 50,000 DICOM elements"),
    "dicom elements": (lambda: many_elements(1_000_000), "has more than 50,000 DICOM elements"),
    "dicom nested": (lambda: nested(20_000), "nests DICOM sequences too deeply"),
    "dicom rows": (
        lambda: with_elements(element(0x0028, 0x0008, b"OB", b"1\\" * 10_000_000)),
        r"has 20,000,000 bytes in the DICOM element \(0028,0008\)",
    ),
    "dicom pixels": (lambda: dicom(dataset(Rows=30_000, Columns=30_000)), "more than the limit of 100 megapixels"),
    "dicom strip": (lambda: dicom(dataset(Rows=48, Columns=48 * 64)), "a strip narrower"),
    "dicom more declared": (lambda: dicom(dataset(Rows=9_000, Columns=9_000)), "is truncated"),
    "dicom frames": (lambda: dicom(dataset(NumberOfFrames=2_000_000_000)), "contains 2000000000 frames"),
    "dicom frames unsaid": (lambda: dicom(dataset(Rows=4, Columns=64)), "the pixels of 12"),
    "dicom samples": (lambda: dicom(dataset(SamplesPerPixel=65_535)), "declares 65535 samples per pixel"),
    "dicom bits": (lambda: dicom(dataset(BitsAllocated=65_528)), "damaged, truncated or unusual DICOM"),
    "dicom table bits": (
        lambda: dicom(dataset(VOILUTSequence=lookup(256, 65_535))),
        "damaged, truncated or unusual DICOM",
    ),
    "dicom table entries": (
        lambda: dicom(dataset(ModalityLUTSequence=lookup(0, 16))),
        "damaged, truncated or unusual DICOM",
    ),
    "dicom slope": (
        lambda: with_elements(element(0x0028, 0x1052, b"DS", b"0 ") + element(0x0028, 0x1053, b"DS", b"nan ")),
        "a RescaleSlope of nan",
    ),
    "dicom jpeg": (
        lambda: compressed(jpeg(9_000, 9_000), JPEGBaseline8Bit),
        "declares 64×48 pixels, but the compressed picture in it 9,000×9,000",
    ),
    "dicom jpeg pixels": (lambda: compressed(jpeg(65_000, 65_000), JPEGBaseline8Bit), "declares 65,000×65,000"),
    "dicom jpeg in jpeg 2000": (lambda: compressed(jpeg(9_000, 9_000), JPEG2000Lossless), "in it 9,000×9,000"),
    "dicom jpeg 2000": (lambda: compressed(jpeg_2000(9_000, 9_000), JPEG2000Lossless), "in it 9,000×9,000"),
    "dicom jpeg 2000 samples": (
        lambda: compressed(jpeg_2000(64, 48, 16_384), JPEG2000Lossless),
        "64×48 pixels of 16384 samples",
    ),
    "dicom jpeg 2000 without end": (
        lambda: compressed(saved(GREY, format="JPEG2000").replace(b"jp2c", b"free"), JPEG2000Lossless),
        "the JPEG 2000 file in it has no picture",
    ),
    "dicom jpeg-ls": (lambda: jpeg_ls(9_000, 9_000), "in it 9,000×9,000"),
    "dicom rle": (lambda: rle(b"\x81\0" * 5_000_000), "unpacks to more than the 64×48 pixels that it declares"),
}

#: What makes a file of each kind that is large and accepted, and its pixels in millions.
ACCEPTED = {
    "png grey": (lambda: black_png(2_500, 4_000), 10),
    "png 16 bits": (lambda: black_png(2_500, 4_000, 16), 10),
    "png colour of 16 bits": (lambda: black_png(2_500, 4_000, 16, 6), 10),
    "png transparent": (lambda: black_png(2_500, 4_000, 8, 6), 10),
    "png narrow": (lambda: black_png(450, 22_500), 10),
    "jpeg progressive in four colours": (lambda: jpeg(2_500, 4_000, "CMYK", progressive=True), 10),
    "tiff": (lambda: packed_tiff(2_500, 4_000), 10),
    "tiff of 16 bits": (lambda: packed_tiff(2_500, 4_000, bits=16), 10),
    "tiff of 64 bits": (lambda: packed_tiff(2_500, 4_000, bits=32), 10),
    "tiff colour of 16 bits": (lambda: packed_tiff(2_500, 4_000, samples=3, bits=16), 10),
    "webp": (lambda: webp(2_500, 4_000), 10),
    "bmp": (lambda: bmp(2_500, 4_000, 1, (b"\xff\0" * 9 + b"\xcd\0\0\0") * 4_000 + b"\0\1"), 10),
    "dicom deflated": (lambda: deflated(size_elements(4_000, 2_500, 16), 20_000_000), 10),
    "dicom rescaled and padded": (
        lambda: deflated(
            size_elements(4_000, 2_500, 16)
            + element(0x0028, 0x0120, b"US", b"\7\0")
            + element(0x0028, 0x1052, b"DS", b"-1")
            + element(0x0028, 0x1053, b"DS", b"2 "),
            20_000_000,
        ),
        10,
    ),
    "dicom windowed": (
        lambda: deflated(
            size_elements(4_000, 2_500, 16)
            + element(0x0028, 0x1050, b"DS", b"1 ")
            + element(0x0028, 0x1051, b"DS", b"9 ")
            + element(0x0028, 0x1056, b"LO", b"SIGMOID "),
            20_000_000,
        ),
        10,
    ),
    "dicom in RLE": (lambda: rle(b"\x81\0" * 78_125, Rows=4_000, Columns=2_500), 10),
    "dicom in JPEG 2000": (lambda: black_dicom(JPEG2000Lossless), 10),
    "dicom in JPEG-LS": (lambda: black_dicom(JPEGLSLossless), 10),
}
