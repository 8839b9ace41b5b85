import json

import pandas as pd
import pytest

from chestnut.cli.shared.data_options import DataOptions
from chestnut.data.public import collections as fetching
from chestnut.errors import DataError


@pytest.fixture
def run(chestnut):
    return chestnut


@pytest.fixture
def data(tmp_path):
    for row in range(60):
        for label, image in (("NORMAL", f"IM-{row:04}-0001"), ("PNEUMONIA", f"person{row}_virus_{row}")):
            (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / label / f"{image}.jpeg").touch()
    return tmp_path / "data"


def test_split_prints_counts_and_writes_a_manifest(run, data, tmp_path):
    status, out, err = run("split", data)
    assert status == 0
    assert "NORMAL" in out and "60 (60)" in out and "written to data-split.csv" in out
    assert "note: patients by the Kermany file-name rule: 120 patients in 120 images" in err
    written = pd.read_csv(tmp_path / "data-split.csv")
    assert written["path"][0] == "data/NORMAL/IM-0000-0001.jpeg"
    assert set(written["split"]) == {"train", "val", "test"}
    status, _, err = run("split", data)
    assert status == 2
    assert err.startswith("error: data-split.csv exists already") and err.count("\n") == 1
    assert run("split", data, "--force", "--seed", 1)[0] == 0
    assert not pd.read_csv(tmp_path / "data-split.csv").equals(written)


def test_split_as_json(run, data):
    status, out, _ = run("split", data, "--fractions", "0.5,0.5,0", "--out", "m.csv", "--json", "-")
    result = json.loads(out)
    assert status == 0
    assert list(result["parts"]) == ["train", "val", "total"]
    assert result["parts"]["total"]["all"] == {"images": 120, "patients": 120}
    assert result["manifest"] == "m.csv"


def test_folds_leave_the_own_test_split_out(run, data, tmp_path):
    assert run("split", data, "--out", "own.csv")[0] == 0
    status, out, err = run("split", "own.csv", "--folds", 4, "--out", "folds.csv")
    assert status == 0
    assert "fold 3" in out and "the data's own test split is in no fold" in err
    folds = pd.read_csv(tmp_path / "folds.csv")
    assert (folds["fold"].isna() == (folds["split"] == "test")).all()
    assert set(folds["fold"].dropna()) == {0, 1, 2, 3}
    assert run("split", "own.csv", "--folds", 4, "--resplit", "--out", "folds.csv", "--force")[0] == 0
    assert pd.read_csv(tmp_path / "folds.csv")["fold"].notna().all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "error: there is no nowhere"),
        (["data", "--fractions", "a,b"], "error: --fractions 'a,b': give three numbers"),
        (
            ["data", "--fractions", "0.5,0.5"],
            "error: fractions 0.5, 0.5: give three that sum to 1, for train, val and test",
        ),
        (["data", "--folds", "61"], "error: 61 folds; give 2 to 60"),
        (["data", "--patient-regex", "("], "error: the patient pattern '(' is not a regular expression"),
        (["data", "--positive", "COVID"], "error: positive class 'COVID' is not in the data; known: NORMAL, PNEUMONIA"),
        (["data", "--column", "label"], "error: --column 'label': write PART=NAME"),
        (["data", "--column", "lable=x"], "error: --column 'lable=x': no part 'lable'; did you mean label?"),
        (["data", "--column", "label=x"], "error: columns apply to a CSV, but data is a folder"),
    ],
)
def test_split_refuses_in_one_line_and_writes_nothing(run, data, tmp_path, words, said):
    status, out, err = run("split", *words)
    assert (status, out) == (2, "")
    assert err.startswith(said) and err.count("\n") == 1
    assert list(tmp_path.glob("*.csv")) == []


def test_options_reach_the_data(data, tmp_path):
    (tmp_path / "labels.csv").write_text("who,what\n" + "".join(f"IM-{row:04},x{row % 2}\n" for row in range(60)))
    options = DataOptions(tmp_path / "labels.csv", ["patient=who", "label=what"], None, None, skip_bad=False)
    with pytest.raises(DataError, match="no row of their own for 120 of 120"):
        options.load(data)
    (tmp_path / "labels.csv").write_text("file,what\n" + "".join(f"IM-{row:04}-0001,x{row % 2}\n" for row in range(60)))
    options = DataOptions(
        tmp_path / "labels.csv", ["label=what"], patient_regex=r"IM-(\d{3})", positive="x0", skip_bad=True
    )
    made = options.load(data)
    assert (len(made), made.positive, made.frame["patient"].nunique()) == (60, "x0", 6)


def test_fetch_says_size_and_licence_before_it_fetches(run, monkeypatch, tmp_path):
    said = []

    def refuse(collection, folder, *, progress):
        said.append(folder)
        progress(1, 2)
        return folder / collection.target

    monkeypatch.setattr(fetching, "fetch", refuse)
    status, out, err = run("fetch", "pneumoniamnist", "somewhere")
    assert (status, [str(folder) for folder in said]) == (0, ["somewhere"])
    assert "size 4.2 MB, licence CC BY 4.0, cite Yang" in err
    assert out == "somewhere/pneumoniamnist.npz is ready\n"
    assert "Next: chestnut audit somewhere/pneumoniamnist.npz" in err
    assert json.loads(run("fetch", "pneumoniamnist", "x", "--json", "-")[1])["bytes"] == 4_170_669


def test_fetch_without_a_network_says_how_to_bring_it_by_hand(run, monkeypatch):
    from chestnut.data.public import download

    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("CHESTNUT_FETCH_URL", "http://127.0.0.1:9")
    status, _, err = run("fetch", "pneumoniamnist", "here")
    assert status == 2
    assert "you can also download pneumoniamnist.npz from https://zenodo.org/records/10519652" in err
    assert run("fetch", "cifar", "here")[2].startswith("error: no public data set 'cifar'; known: kaggle-pneumonia")
