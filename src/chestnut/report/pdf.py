"""Turn a page of chestnut's into a PDF: paginated, tagged, with contents, bookmarks and page numbers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from chestnut.errors import DataError, MissingExtraError
from chestnut.files.atomic import replacing
from chestnut.files.reading import read_text
from chestnut.runs.places import is_same_name, require_outside_runs

#: The pages that lie in the folder of a run, a study or an audit.
PAGES = ("report.html", "comparison.html", "crossval.html", "tune.html", "audit.html")

_MARK = '<meta name="generator" content="chestnut">'


def write_pdf(page: str | Path, path: str | Path | None = None) -> Path:
    """Write a PDF of a page that chestnut wrote.

    It has page numbers, the contents, bookmarks, and what is folded on the screen; it is tagged after PDF/UA, has the
    page's title and language, and refers to nothing outside itself.

    Args:
        page: The HTML file, or the folder of a run or a study that has one.
        path: The PDF to write; None for a file beside the page, of the same name with the ending .pdf.

    Returns:
        The PDF.

    Raises:
        DataError: The page is missing, or it is not one of chestnut's.
        MissingExtraError: WeasyPrint or Pango is not installed.
        RunError: The PDF would be another file inside a run or a study.
        DiskError: The disk is full or not writable.
    """
    source = find_page(Path(page))
    beside = source.with_suffix(".pdf")
    target = beside if path is None or is_same_name(Path(path), beside) else Path(path)
    if target != beside:
        require_outside_runs(target)
    content = _draw(source)
    with replacing(target, follow=path is not None) as temporary:
        temporary.write_bytes(content)
    return target


def find_page(place: Path) -> Path:
    """Return the page in the folder of a run or a study; any other path is returned as it is.

    Raises:
        DataError: It is a folder without a page.
    """
    if not place.is_dir():
        return place
    for name in PAGES:
        if (place / name).is_file():
            return place / name
    raise DataError(f"{place} has none of {', '.join(PAGES)}; give the folder of a run or a study, or an HTML file")


def _draw(page: Path) -> bytes:
    """Return the PDF of a page."""
    html = read_text(page, "write it again")
    if _MARK not in html:
        raise DataError(f"{page} is not a page that chestnut wrote, so no PDF of it was made; give such a page")
    weasyprint = _load()
    style = files("chestnut.report").joinpath("templates/pdf.css").read_text(encoding="utf-8")
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=["data"])
    # WeasyPrint 70 fails where a page ends inside a grid. One that is inline moves to the next page as a whole; pdf.css
    # lays out in another way what may be longer than a page. Its rules come after the page's own, so that they count.
    styled = html.replace("display: grid", "display: inline-grid; width: 100%").replace(
        "</style>", f"{style}</style>", 1
    )
    pdf: bytes = weasyprint.HTML(string=styled, url_fetcher=fetcher).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def _load() -> Any:
    """Import WeasyPrint, and with it Pango.

    It has Pillow read torn files, in the whole process. A report holds none, so that is taken back.
    """
    from PIL import ImageFile

    lenient = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        import weasyprint
    except ImportError:
        raise MissingExtraError(
            "a PDF needs weasyprint, which is not installed; run pip install 'chestnut[pdf]', or "
            "pip install '.[pdf]' in chestnut's source folder"
        ) from None
    except OSError:
        raise MissingExtraError(
            "a PDF needs the library Pango, which is not installed; on Debian and Ubuntu run apt-get install "
            "libpango-1.0-0 libpangoft2-1.0-0, on macOS brew install pango"
        ) from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    return weasyprint
