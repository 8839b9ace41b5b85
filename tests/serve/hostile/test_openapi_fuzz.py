"""Requests made from the document at /openapi.json, valid and not: the answers are as the document says."""

import contextlib

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.slow

PHASES = [Phase.explicit, Phase.generate]
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def operations(document):
    """Every route of the service with its method."""
    found = [one.ok() for one in document.get_all_operations()]
    assert len(found) > 8
    return found


@pytest.mark.parametrize("mode", MODES, ids=["valid", "invalid"])
def test_answers_are_as_the_document_says(steady, mode):
    document = schemathesis.openapi.from_url(f"http://127.0.0.1:{steady}/openapi.json")
    tried = set()
    for operation in operations(document):

        @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=PHASES)
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            tried.add(case.path)
            answer = case.call(timeout=30)
            case.validate_response(answer, checks=CHECKS)
            assert answer.headers["x-content-type-options"] == ["nosniff"]
            assert b"Traceback" not in answer.content

        with contextlib.suppress(Unsatisfiable):  # some routes take nothing that could be wrong
            ask()
    assert "/v1/predict" in tried
