"""`/v1/predictions` and `/v1/verdicts.csv`: what was predicted before, and what reviewers say of it."""

import csv
import io

import numpy as np
from PIL import Image

from chestnut.serve.http.tokens import Tokens
from chestnut.serve.store.kept_images import KeptImages
from serve_client import png

IMAGE = {"headers": {"content-type": "image/png"}}


def predict(ask, grey=200, **options):
    answer = ask("POST", "/v1/predict", content=png(grey), **IMAGE, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"][0]


def judge(ask, result, **verdict):
    return ask("POST", f"/v1/predictions/{result['id']}/verdict", json=verdict)


def test_what_was_predicted_is_listed_from_the_newest_on(serve):
    _, ask = serve()
    results = [predict(ask, grey) for grey in (10, 120, 240)]
    listed = ask("GET", "/v1/predictions?limit=2").json()
    assert [row["id"] for row in listed["predictions"]] == [results[2]["id"], results[1]["id"]]
    assert listed["next"] == results[1]["id"]
    rest = ask("GET", f"/v1/predictions?limit=2&before={listed['next']}").json()
    assert [row["id"] for row in rest["predictions"]] == [results[0]["id"]]
    assert rest["next"] is None
    row = rest["predictions"][0]
    same = ("pixels", "bundle", "probabilities", "decision", "threshold", "guard", "lungs", "kept")
    assert {name: row[name] for name in same} == {name: results[0][name] for name in same}
    assert (row["source"], row["client"], row["verdict"], row["verdicts"]) == ("http", "this computer", None, [])
    assert ask("GET", f"/v1/predictions/{row['id']}").json() == row


def test_a_verdict_is_told_with_its_prediction_and_found_by_it(serve):
    _, ask = serve()
    one, two = predict(ask, 10), predict(ask, 240)
    assert judge(ask, one, verdict="unsure").status_code == 200
    answer = judge(ask, one, verdict="disagree", label="PNEUMONIA", note="left base", reviewer="Dr A")
    row = answer.json()
    assert [verdict["verdict"] for verdict in row["verdicts"]] == ["unsure", "disagree"]
    said = ("verdict", "label", "note", "reviewer", "client", "bundle")
    expected = ("disagree", "PNEUMONIA", "left base", "Dr A", "this computer", one["bundle"])
    assert tuple(row["verdict"][name] for name in said) == expected
    for verdict, found in (("disagree", [one]), ("unsure", []), ("none", [two])):
        listed = ask("GET", f"/v1/predictions?verdict={verdict}").json()["predictions"]
        assert [row["id"] for row in listed] == [result["id"] for result in found]


def test_who_judges_is_the_holder_of_the_token(serve, tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"ward-3 {'x' * 40}\n")
    _, ask = serve(tokens=Tokens.read(path))
    key = {"authorization": f"Bearer {'x' * 40}"}
    answer = ask("POST", "/v1/predict", content=png(9), headers={**IMAGE["headers"], **key})
    (result,) = answer.json()["results"]
    answer = ask("POST", f"/v1/predictions/{result['id']}/verdict", json={"verdict": "agree"}, headers=key)
    assert (answer.json()["client"], answer.json()["verdict"]["client"]) == ("ward-3", "ward-3")
    for path in ("predictions", f"predictions/{result['id']}", f"predictions/{result['id']}/picture", "verdicts.csv"):
        assert ask("GET", f"/v1/{path}").status_code == 401


def test_a_verdict_that_is_not_valid_is_refused(serve):
    _, ask = serve()
    result = predict(ask)
    for verdict, words in (
        ({"verdict": "maybe"}, "body.verdict"),
        ({"verdict": "agree", "label": "COVID"}, "give a class of the model, NORMAL, PNEUMONIA"),
        ({"verdict": "agree", "note": "x" * 2001}, "body.note"),
        ({"verdict": "agree", "reviewer": "x" * 101}, "body.reviewer"),
        ({"verdict": "agree", "more": 1}, "body.more"),
        ({}, "body.verdict"),
    ):
        answer = judge(ask, result, **verdict)
        assert (answer.status_code, words in answer.json()["error"]) == (422, True), verdict
    assert ask("GET", f"/v1/predictions/{result['id']}").json()["verdicts"] == []


def test_null_stands_for_nothing(serve):
    _, ask = serve()
    row = judge(ask, predict(ask), verdict="agree", label=None, note=None, reviewer=None).json()
    assert (row["verdict"]["label"], row["verdict"]["note"], row["verdict"]["reviewer"]) == (None, "", "")


def test_a_prediction_that_is_not_there(serve):
    _, ask = serve()
    for name in ("6f0f3f2e-6f4e-4d0e-9d1c-3f0f5b0a7f11", "x", "%00", "%ff", "a" * 3000):
        for answer in (
            ask("GET", f"/v1/predictions/{name}"),
            ask("GET", f"/v1/predictions/{name}/picture"),
            ask("POST", f"/v1/predictions/{name}/verdict", json={"verdict": "agree"}),
        ):
            assert answer.status_code == 404
            assert answer.json()["error"].startswith("no prediction ")
            assert len(answer.json()["error"]) < 200


def test_a_query_that_is_not_valid_is_refused(serve):
    _, ask = serve()
    for query, status in (
        ("limit=0", 422),
        ("limit=501", 422),
        ("limit=x", 422),
        ("verdict=maybe", 422),
        ("before=x", 404),
    ):
        assert ask("GET", f"/v1/predictions?{query}").status_code == status, query


def test_kept_images_are_shown_again_and_their_verdicts_are_labels(serve, tmp_path):
    _, ask = serve(images=KeptImages(tmp_path / "kept"))
    dark, bright, unsure = (predict(ask, grey) for grey in (10, 240, 120))
    judge(ask, dark, verdict="disagree", note="=1+1")
    judge(ask, bright, verdict="agree")
    judge(ask, unsure, verdict="unsure")
    answer = ask("GET", "/v1/verdicts.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["x-chestnut-left-out"] == "1 unsure"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["prediction"], row["label"]) for row in rows] == [
        (bright["id"], "PNEUMONIA"),
        (dark["id"], "PNEUMONIA"),
    ]
    assert (tmp_path / "kept" / rows[0]["path"]).read_bytes() == png(240)
    shown = ask("GET", f"/v1/predictions/{bright['id']}/picture")
    assert shown.headers["content-type"] == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(shown.content))) == 240).all()
    (tmp_path / "kept" / rows[0]["path"]).write_bytes(b"damaged")
    answer = ask("GET", f"/v1/predictions/{bright['id']}/picture")
    assert (answer.status_code, str(tmp_path) in answer.text) == (422, False)
    (tmp_path / "kept" / rows[0]["path"]).unlink()
    answer = ask("GET", f"/v1/predictions/{bright['id']}/picture")
    assert (answer.status_code, answer.json()["error"]) == (404, "the image is no longer kept")


def test_without_kept_images_verdicts_are_listed_all_the_same(serve):
    _, ask = serve()
    result = predict(ask, 10)
    judge(ask, result, verdict="unsure", note="rotated")
    answer = ask("GET", f"/v1/predictions/{result['id']}/picture")
    assert (answer.status_code, "start the service with --keep-images" in answer.text) == (404, True)
    assert ask("GET", "/v1/verdicts.csv").headers["x-chestnut-left-out"] == "1 not kept"
    answer = ask("GET", "/v1/verdicts.csv?all=true")
    assert "x-chestnut-left-out" not in answer.headers
    (row,) = csv.DictReader(io.StringIO(answer.text))
    cells = (row["path"], row["label"], row["verdict"], row["decision"], row["note"])
    assert cells == ("", "", "unsure", "NORMAL", "rotated")
