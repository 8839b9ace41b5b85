"""Replace the names of images, patients and folders on a page by numbers, so that the page can be passed on.

File names often contain a patient's identity, and folders the name of a user. A page shows "image 17" and "patient 4"
in their place. identities.csv, in the folder that the page belongs to, says which image or patient is meant by each
number on it. Whoever has the folder can look the numbers up; whoever has the page alone cannot.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel

from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.errors import DataError
from chestnut.files.csv_files import parse_csv
from chestnut.files.reading import read_content
from chestnut.report.paths import file_name, is_absolute, last_part, shorten
from chestnut.runs.predictions import write_rows

#: The name of the file that says what the numbers mean.
IDENTITIES = "identities.csv"

_COLUMNS = ("image", "path", "patient", "patient_id")
# Words of the pages themselves: they are not replaced even where a file or a patient has such a name.
_COMMON = {"train", "val", "test", "image", "images", "patient", "patients", "file", "files", "none", "all", "data"}
_SHORTEST, _SHORTEST_NUMBER = 2, 5
# A name is what is between spaces, quotes and punctuation; names that contain such characters are sought as a whole.
_SEPARATORS = r"\s,;()\[\]{}'\"“”‘’`|<>="
_TOKEN = re.compile(f"[^{_SEPARATORS}]+")
_ODD = re.compile(f"[{_SEPARATORS}]")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
# In a list of patients, and after the word "patient", even a number of one digit is a name.
_LIST = re.compile(r"(?<=: )[^.:;]+")
_MORE = re.compile(r" and [\d,]+ more$")
_PATIENT = re.compile(r"\bpatient ([^\s,;:()]+)")
# What is replaced is marked by these characters, which no text contains, so that it is not searched again.
_MARK = re.compile("\ue000(\\d+)\ue001")

_SUFFIXES = PICTURE_SUFFIXES | DICOM_SUFFIXES

Kind = Literal["image", "patient"]


class Replaced(str):
    """A text in which names have been replaced already."""

    __slots__ = ()


class Identities:
    """The numbers that stand for the images and patients of a page.

    Args:
        folder: The folder that the page belongs to, for identities.csv.
        patients: The patient of every image, by the path of the image; numbers follow this order.
        roots: Folders and files whose whole path is replaced by its last part.
        common: Names that are not replaced, such as those of the classes.
        shown: Whether to show the names, so that nothing is replaced.

    >>> names = Identities(Path("run"), {"/data/smith.png": "smith", "/data/jones1.png": "jones"})
    >>> names.image("/data/jones1.png"), names.patient("jones"), names.hide("cannot read /data/smith.png")
    ('image 2', 'patient 2', 'cannot read image 1')
    """

    def __init__(
        self,
        folder: Path,
        patients: Mapping[str, str] | None = None,
        roots: Iterable[str] = (),
        common: Iterable[str] = (),
        *,
        shown: bool = False,
    ) -> None:
        self.shown = shown
        self._file, self._own = folder / IDENTITIES, folder.absolute()
        cut = [root for root in roots if last_part(root) != root]
        self._roots = [root for root in cut if _ODD.search(root) or not is_absolute(root)]
        self._common = _COMMON | {name.casefold() for name in common}
        self._numbers: dict[Kind, dict[str, int]] = {"image": {}, "patient": {}}
        self._last: dict[Kind, int] = {"image": 0, "patient": 0}
        self._patient_of: dict[str, str] = {}
        self._known: dict[str, tuple[Kind, str]] = {}
        self._odd: list[str] = []
        self._sorted = True
        self._done: list[str] = []
        self._used: set[tuple[Kind, str]] = set()
        for path, patient in (patients or {}).items():
            self._add_image(path, patient)
        if not shown:
            self._read_earlier()

    @classmethod
    def of_folder(
        cls, folder: Path, facts: Mapping[str, Any], frame: pd.DataFrame | None, *, shown: bool = False
    ) -> Identities:
        """Number the images and patients of the manifest.csv in a folder.

        Args:
            folder: The folder of a run, a comparison, a cross-validation or a search.
            facts: The content of its data.json.
            frame: The rows of its manifest.csv as text; None if there is none.
            shown: Whether to show the names, so that nothing is replaced.

        Raises:
            DataError: identities.csv is damaged.
        """
        patients = {}
        if frame is not None and not shown:
            base = (folder / "manifest.csv").resolve().parent
            patients = {str(base / path): who for path, who in zip(frame["path"], frame["patient"], strict=True)}
        return cls(folder, patients, [str(facts.get("root", ""))], map(str, facts.get("classes", ())), shown=shown)

    def image(self, path: str, patient: str = "") -> str:
        """Return what to call an image: a number, or its file name where names are shown."""
        if self.shown:
            return file_name(path)
        self._add_image(path, patient)
        return self._use("image", path)

    def patient(self, identity: str) -> str:
        """Return what to call a patient: a number, or the identity where names are shown."""
        if self.shown or not identity:
            return identity
        self._add("patient", identity)
        return self._use("patient", identity)

    def learn(self, patients: Iterable[str]) -> None:
        """Number patients, so that `hide` recognises them."""
        for patient in patients:
            self._add("patient", patient)

    def folder(self, path: str) -> str:
        """Return what to call a data set: the last part of its path, or the whole path where names are shown."""
        return path if self.shown else last_part(path)

    def facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of a data.json with the names replaced in its root and its skipped images."""
        if self.shown:
            return dict(facts)
        skipped = [str(line).partition(": ") for line in facts.get("skipped", ())]
        return {
            **facts,
            "root": self.folder(str(facts.get("root", "not known"))),
            "skipped": [f"{self.image(path)}{colon}{reason}" for path, colon, reason in skipped],
        }

    def command(self, line: str) -> str:
        """Return a command line with its names replaced and its absolute paths cut to their last parts."""
        if self.shown:
            return line
        try:
            words = shlex.split(line)
        except ValueError:
            return self.hide(line)
        return Replaced(" ".join(self._hide_word(word) for word in words))

    def hide(self, text: str) -> str:
        """Return a text with its names replaced and its absolute paths cut to their last parts."""
        if self.shown or not text:
            return text
        self._done.clear()
        for name in self._longest_first():
            if name in text:
                text = text.replace(name, self._mark(*self._known[name]))
        for root in self._roots:
            text = re.sub(rf"(?<![\w/\\]){re.escape(root)}(?![\w.-])", self._protect(f"…/{last_part(root)}"), text)
        text = _QUOTED.sub(self._hide_quoted, text)
        if "patient" in text.casefold():
            text = _LIST.sub(self._hide_list, text)
            text = _PATIENT.sub(self._hide_patient, text)
        text = _TOKEN.sub(self._hide_token, text)
        return Replaced(_MARK.sub(lambda mark: self._done[int(mark[1])], text))

    def hide_all(self, value: Any) -> Any:
        """Return a value with all its texts hidden as `hide` does: those of tables, lists, tuples and dataclasses."""
        if self.shown:
            return value
        hidden = value
        if type(value) is str:
            hidden = self.hide(value)
        elif isinstance(value, Mapping):
            hidden = {key: self.hide_all(item) for key, item in value.items()}
        elif isinstance(value, list):
            hidden = [self.hide_all(item) for item in value]
        elif isinstance(value, tuple):
            hidden = tuple(self.hide_all(item) for item in value)
        elif isinstance(value, BaseModel):
            parts = {name: self.hide_all(getattr(value, name)) for name in type(value).model_fields}
            hidden = value.model_copy(update=parts)
        elif is_dataclass(value) and not isinstance(value, type):
            hidden = replace(value, **{part.name: self.hide_all(getattr(value, part.name)) for part in fields(value)})
        return hidden

    def save(self) -> None:
        """Write the numbers that this page and earlier ones use to identities.csv; if there are none, do nothing.

        Raises:
            DiskError: The disk is full or not writable.
        """
        images = sorted((self._numbers["image"][name], name) for kind, name in self._used if kind == "image")
        patients = sorted((self._numbers["patient"][name], name) for kind, name in self._used if kind == "patient")
        owners = [self._patient_of.get(path, "") for _, path in images]
        rows: list[tuple[int | str, ...]] = [
            (number, path, *self._patient_cells(owner)) for (number, path), owner in zip(images, owners, strict=True)
        ]
        rows += [("", "", number, name) for number, name in patients if name not in set(owners)]
        if rows:
            write_rows(pd.DataFrame(rows, columns=list(_COLUMNS)), self._file)

    def _add(self, kind: Kind, name: str, number: int | None = None) -> None:
        """Give an image or a patient a number, unless it has one."""
        numbers = self._numbers[kind]
        if name and name not in numbers:
            numbers[name] = number or self._last[kind] + 1
            self._last[kind] = max(self._last[kind], numbers[name])
            spellings = {name, file_name(name), Path(name).stem} if kind == "image" else {name}
            for spelling in spellings:
                self._known[spelling] = (kind, name)
                if _ODD.search(spelling):
                    self._odd.append(spelling)
                    self._sorted = False

    def _add_image(self, path: str, patient: str) -> None:
        self._add("image", path)
        self._add("patient", patient)
        self._patient_of.setdefault(path, patient)
        if patient:
            self._known[patient] = ("patient", patient)

    def _read_earlier(self) -> None:
        """Read the numbers that earlier pages used, so that they keep their meaning."""
        if not self._file.exists():
            return
        remedy = f"restore {IDENTITIES} from a copy, or remove it: pages then have new numbers"
        frame = parse_csv(read_content(self._file, remedy), self._file, _COLUMNS, remedy)
        numbers = pd.concat([frame["image"], frame["patient"]])
        if not numbers.str.fullmatch("[0-9]{0,9}").all():
            raise DataError(f"{self._file} has text where a number belongs; {remedy}")
        for image, path, patient, identity in frame[list(_COLUMNS)].itertuples(index=False):
            self._add("image", path, int(image or 0))
            self._add("patient", identity, int(patient or 0))
            self._patient_of.setdefault(path, identity)
            self._used.add(("image", path) if path else ("patient", identity))

    def _patient_cells(self, identity: str) -> tuple[int | str, str]:
        return (self._numbers["patient"][identity], identity) if identity else ("", "")

    def _use(self, kind: Kind, name: str) -> Replaced:
        self._used.add((kind, name))
        return Replaced(f"{kind} {self._numbers[kind][name]}")

    def _mark(self, kind: Kind, name: str) -> str:
        return self._protect(self._use(kind, name))

    def _protect(self, text: str) -> str:
        """Return a mark for a text that `hide` puts in its place at the end."""
        self._done.append(text)
        return f"\ue000{len(self._done) - 1}\ue001"

    def _longest_first(self) -> list[str]:
        """Return the names that contain separators, so that a path is found before its file's name."""
        if not self._sorted:
            self._odd.sort(key=len, reverse=True)
            self._sorted = True
        return self._odd

    def _hide_word(self, word: str) -> str:
        """Replace the names in a word of a command line, and quote the word again where it must be."""
        option, equals, value = word.rpartition("=")
        hidden = f"{option}{equals}{shorten(value, self._own)}" if is_absolute(value) else self.hide(word)
        return hidden if re.fullmatch(r"[\w@%+=:,./…-]+", hidden) else shlex.quote(hidden)

    def _hide_quoted(self, found: re.Match[str]) -> str:
        quote, inner = found[0][0], found[0][1:-1]
        if inner in self._known or not is_absolute(inner):
            return found[0]
        return quote + self._protect(shorten(inner, self._own)) + quote

    def _hide_list(self, found: re.Match[str]) -> str:
        """Replace the patients of a list, if all that it lists are patients."""
        more = _MORE.search(found[0])
        listed = found[0][: more.start()] if more else found[0]
        if not all(name in self._numbers["patient"] for name in listed.split(", ")):
            return found[0]
        return ", ".join(self._mark("patient", name) for name in listed.split(", ")) + (more[0] if more else "")

    def _hide_patient(self, found: re.Match[str]) -> str:
        """Replace the name after the word "patient", if it is a patient's."""
        return self._mark("patient", found[1]) if found[1] in self._numbers["patient"] else found[0]

    def _hide_token(self, found: re.Match[str]) -> str:
        token = found[0].rstrip(".:")
        end = found[0][len(token) :]
        for name in (token, file_name(token), last_part(token)):
            if name in self._known and self._is_name(name):
                return self._mark(*self._known[name]) + end
        if Path(token).suffix.lower() in _SUFFIXES:
            return self.image(token) + end
        return (shorten(token, self._own) if is_absolute(token) else token) + end

    def _is_name(self, word: str) -> bool:
        """Tell a name from a word or a number that the pages use themselves."""
        if word.casefold() in self._common:
            return False
        return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST)
