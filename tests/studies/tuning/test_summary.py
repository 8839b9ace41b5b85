"""The sentences that describe the result of a search."""

from chestnut.config import Recipe
from chestnut.studies.tuning import summary
from chestnut.studies.tuning.plan import TunePlan
from chestnut.studies.tuning.result import Trial


def test_the_most_important_fields_are_named_with_their_shares():
    plan = TunePlan(Recipe(name="mine"), "random", "auroc", 1, 1, "0", 1)
    best = Trial(0, "finished", {"model.dropout": 0.2}, 0.9, (0.9,), 1, 1.0, ())
    shares = {"model.dropout": 0.6, "optim.learning_rate": 0.3, "model.depth": 0.07, "model.l2": 0.03}
    sentences = summary.describe_result(plan, best, None, None, shares, "it died")
    assert "no result: it died." in sentences[0]
    assert sentences[-1].endswith(": model.dropout 60%, optim.learning_rate 30%, model.depth 7%.")
