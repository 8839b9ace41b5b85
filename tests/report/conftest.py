"""A run folder written by hand, and a reader that holds a page to what every page must be."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from PIL import Image

from chestnut.config import load_recipe
from chestnut.report.sections.evaluations import METRICS
from chestnut.runs.folder import RunFolder

INLINE = {"a", "strong", "code"}
VOID = {"meta", "img", "br", "line", "circle", "link", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """A page's text, and what its tags say."""

    html: str
    tags: list = field(default_factory=list)
    open: list = field(default_factory=list)
    words: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.feed(self.html)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag not in INLINE and dict(attrs).get("class") not in ("whole", "word"):
            self.words.append(" ")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).replace("\xa0", " ").split())

    def all(self, tag, name):
        return [attrs[name] for found, attrs in self.tags if found == tag and name in attrs]

    def check(self):
        """Offline, safe, accessible: what holds for every page."""
        addresses = [
            attrs[name] for _, attrs in self.tags for name in ("src", "href", "action", "data") if name in attrs
        ]
        ids = [attrs["id"] for _, attrs in self.tags if "id" in attrs]
        assert all(re.match(r"data:image/(png|jpeg|svg\+xml);base64,|#", address) for address in addresses)
        assert {address[1:] for address in addresses if address.startswith("#")} <= set(ids)
        assert len(ids) == len(set(ids))
        assert not any(word in self.html for word in ("url(", "@import", "<script", "<link", "javascript:", "srcset"))
        assert not any(name.startswith("on") for _, attrs in self.tags for name in attrs)
        assert self.all("html", "lang") == ["en"]
        assert all(self.all("img", "alt"))
        assert len(self.all("img", "alt")) == len(self.all("img", "src"))
        levels = [int(tag[1]) for tag, _ in self.tags if tag in ("h1", "h2", "h3", "h4", "h5")]
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
        assert "Not a medical device" in self.text
        return self


@pytest.fixture
def read_page():
    """Read a page and hold it to what every page must be."""
    return lambda path: Page(path.read_text(encoding="utf-8")).check()


def estimate(value, width=0.03):
    return {"value": value, "low": round(value - width, 4), "high": round(min(value + width, 1), 4), "undefined": 0}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def picture(path, size=(648, 750)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 128).save(path)


def finding(name, severity, title, **more):
    return {"name": name, "severity": severity, "title": title, "evidence": f"Evidence of {name}.", "files": [],
            "figures": {}, "remedy": f"Remedy of {name}."} | more  # fmt: skip


@pytest.fixture
def audit():
    """What `Audit.to_dict` may give."""
    copies = [{"files": ["/data/chest/a.png", "/data/chest/b.png"], "correlation": 1},
              {"files": ["/data/chest/c.png", "/data/chest/d.png"], "correlation": 0.93}]  # fmt: skip
    return {
        "version": 1,
        "data": {
            "root": "/data/chest", "images": 1200, "patients": 400, "unreadable": 1, "synthetic": False,
            "classes": {"NORMAL": {"images": 500, "patients": 170}, "PNEUMONIA": {"images": 700, "patients": 230}},
            "splits": {"train": {"images": 840, "patients": 280}, "val": {"images": 360, "patients": 120}},
        },
        "findings": [
            finding("duplicates-across-splits", "error", "4 images have a copy", figures={"copies": copies}),
            finding("probe-border", "error", "The border tells", figures={"auroc": 0.94, "low": 0.93, "high": 0.95}),
            finding("probe-facts", "warning", "Facts tell", figures={"auroc": 0.75, "low": 0.7, "high": 0.8}),
            finding("unusual-images", "info", "27 odd", files=[f"/data/chest/odd{i:02}.png" for i in range(27)]),
        ],
        "passed": ["blank-images", "inverted-images"],
    }  # fmt: skip


class RunMaker:
    """Writes a run folder file by file."""

    def __init__(self, path, classes=("NORMAL", "PNEUMONIA"), **facts):
        self.run = RunFolder(path)
        self.classes = list(classes)
        positive = self.classes[-1] if len(classes) == 2 else None
        write(self.run.recipe_file, load_recipe("cnn-small").to_toml())
        known = {"root": "/data/chest", "classes": self.classes, "positive": positive, "synthetic": False}
        write(self.run.facts_file, known | {"images": 6, "patients": 4, "notes": ["by the Kaggle rule"]} | facts)
        rows = ["path,label,patient,split,source,sha256"]
        for number, split in enumerate(("train", "train", "train", "val", "test", "test")):
            rows.append(f"/data/chest/{number}.png,{self.classes[number % 2]},p{number // 2},{split},,")
        write(self.run.manifest_file, "\n".join(rows) + "\n")
        self.environment(status="finished", epochs=2, best_epoch=1, stopped_by="early", parameters=3300482)
        write(self.run.history_file, "epoch,loss,accuracy,val_loss,val_auroc,learning_rate,seconds\n"
              "1,0.61,0.7,0.5,0.8,0.001,40\n2,0.31,0.9,0.55,,0.001,35\n")  # fmt: skip
        picture(self.run.figures / "samples.png", (1500, 600))
        picture(self.run.figures / "history.png", (2200, 600))

    def environment(self, **facts):
        write(self.run.environment_file, {"format": 1, "command": "chestnut train /data/chest", "backend": "tensorflow",
              "started": "2025-06-01T09:05:00+00:00", "device": "CPU, 2 cores", "python": "3.11.9", "commit": None,
              "versions": {"keras": "3.15.0"}} | facts)  # fmt: skip

    def evaluate(self, name, auroc=0.91, accuracy=0.88, **more):
        figures = {key: estimate(0.8) for key in METRICS} | {"auroc": estimate(auroc), "accuracy": estimate(accuracy)}
        several = len(self.classes) > 2
        overlap = None if more.get("data", "/data/chest") == "/data/chest" else {"train": 0, "val": 0, "test": 0}
        write(self.run.evaluation(name) / "metrics.json", {
            "when": "2025-06-01T10:00:00+00:00", "data": "/data/chest", "weights": "ab" * 32, "synthetic": False,
            "overlap": overlap, "images": 312, "patients": 120, "classes": self.classes,
            "positive": None if several else self.classes[-1],
            "threshold": None if several else 0.5, "counts": dict.fromkeys(self.classes, 104), "metrics": figures,
            "per_class": dict.fromkeys(self.classes, figures) if several else {},
            "confusion": [], "resamples": 2000, "seed": 0, "notes": [f"note on {name}"],
        } | more)  # fmt: skip
        for drawing in ("confusion", "roc", "precision_recall", "reliability"):
            picture(self.run.evaluation(name) / f"{drawing}.png")

    def predict(self, name, rows):
        """Rows of file, true class, decided class and probability of the positive class."""
        lines = [f"path,label,patient,split,probability_{self.classes[0]},probability_{self.classes[1]},decision"]
        lines += [f"/data/{file},{true},p,{name},{1 - share:.3f},{share},{made}" for file, true, made, share in rows]
        write(self.run.evaluation(name) / "predictions.csv", "\n".join(lines) + "\n")

    def look(self, *looks):
        write(self.run.ledger_file, [{"when": "2025-06-01T10:00:00+00:00", "command": "chestnut evaluate runs/a",
              "weights": "ab" * 32, "images": 312, "data": "/data/chest"} | look for look in looks])  # fmt: skip


@pytest.fixture
def make_run(tmp_path):
    """Start a run folder by hand."""
    return lambda **facts: RunMaker(tmp_path / "runs" / "cnn-small-1", **facts)


@pytest.fixture
def finished(make_run, audit):
    """A run with everything there can be."""
    made = make_run()
    made.evaluate("val", auroc=0.95, accuracy=0.92)
    made.evaluate("test")
    made.look({})
    write(made.run.audit_file, audit)
    made.predict("test", [
        ("right.png", "NORMAL", "NORMAL", 0.1), ("bad.png", "NORMAL", "PNEUMONIA", 0.7),
        ("worst.png", "NORMAL", "PNEUMONIA", 0.99), ("close.png", "PNEUMONIA", "NORMAL", 0.45),
    ])  # fmt: skip
    return made
