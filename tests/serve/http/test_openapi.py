"""The OpenAPI document, and docs/serving.md: both say what the service does."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from chestnut.serve.http.answers import Prediction
from chestnut.serve.http.protocol import MOST_HEADER_BYTES
from chestnut.serve.http.settings import Limits
from chestnut.serve.http.tokens import Tokens
from chestnut.serve.scoring.upload import MOST_DECODED_BYTES

PAGE = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")


def table(heading):
    """Return the rows of the first table below a heading of the page."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", part, re.M)[2:]]


@pytest.fixture(scope="module")
def document(shared):
    return shared[1]("GET", "/openapi.json").json()


def operations(document):
    """Yield every operation with the words that name it."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_says_what_it_does_and_how_it_fails(document):
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        statuses = set(operation["responses"])
        assert {"200", "400", "408", "413"} <= statuses, name
        assert ("403" in statuses) == (not name.startswith("GET")), name
        for status in statuses - {"200"}:
            content = operation["responses"][status]["content"]["application/json"]["schema"]
            assert "Fault" in str(content), (name, status)


def test_the_example_of_an_answer_is_one(document, shared):
    (example,) = document["components"]["schemas"]["Prediction"]["examples"]
    assert Prediction.model_validate(example).model_dump() == example
    for name in ("Result", "Decider", "Timing", "ModelAnswer", "Fault"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert "examples" in schema or field == "guard" or "$ref" in str(schema), (name, field)


def test_how_images_are_sent(document):
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]
    assert set(body["content"]) >= {"multipart/form-data", "application/dicom", "image/png", "image/jpeg"}
    files = body["content"]["multipart/form-data"]["schema"]["properties"]["files"]
    assert files["maxItems"] == Limits().files


def test_the_document_says_how_to_sign_in_where_that_is_needed(document, serve):
    assert "securitySchemes" not in document["components"]
    _, ask = serve(tokens=Tokens({"ward": "w" * 32}))
    for _ in range(2):  # it is made once
        guarded = ask("GET", "/openapi.json").json()
        assert guarded["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        needed = {name for name, operation in operations(guarded) if operation["security"]}
        assert "POST /v1/predict" in needed
        assert not needed & {"GET /healthz", "GET /readyz", "POST /v1/session"}


def test_the_guide_lists_every_route_and_status(document):
    routes = {row[0].replace("ID", "{prediction}") for row in table("Send images")}
    for name, _ in operations(document):
        method, path = name.split()
        assert [route for route in routes if f"{path}`" in route and method in route], name
    statuses = {status for _, operation in operations(document) for status in operation["responses"]}
    assert {row[0] for row in table("Errors")} == statuses - {"200"}


def test_the_guide_has_the_limits_of_the_code():
    limits = asdict(Limits()) | {"header_bytes": MOST_HEADER_BYTES, "decoded_bytes": MOST_DECODED_BYTES}
    order = [
        "request_bytes",
        "file_bytes",
        "decoded_bytes",
        "small_bytes",
        "header_bytes",
        "files",
        "waiting",
        "connections",
        "header_seconds",
    ]
    order += ["body_seconds", "answer_seconds", "drain_seconds"]
    assert set(order) == set(limits)
    figures = [float(row[1].split()[0].replace(",", "")) for row in table("Limits")]
    assert figures == [limits[name] for name in order]


def test_the_guide_lists_every_metric(shared):
    text = shared[1]("GET", "/metrics").text
    assert {row[0].strip("`") for row in table("Metrics")} == set(re.findall(r"^# HELP (\S+)", text, re.M))
