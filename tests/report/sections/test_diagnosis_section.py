"""The run report's paragraph on learning curves."""

import pytest

from chestnut.report.pages.run import write_run_page

HEADING = "What the curves say"


@pytest.fixture
def page_with(make_run, tmp_path, read_page):
    """A run's page, for losses of training and validation by epoch."""

    def page(losses, held):
        made = make_run()
        rows = "".join(f"{n},{loss},{val}\n" for n, (loss, val) in enumerate(zip(losses, held, strict=True), 1))
        made.run.history_file.write_text(f"epoch,loss,val_loss\n{rows}")
        made.environment(status="finished", epochs=len(losses), best_epoch=3, stopped_by="epochs")
        write_run_page(made.run, tmp_path / "page.html")
        return read_page(tmp_path / "page.html")

    return page


def test_advice_stands_with_its_evidence_and_what_to_try(page_with):
    page = page_with([0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05], [0.5, 0.4, 0.3, 0.4, 0.5, 0.6, 0.7])
    assert HEADING in page.text
    assert "info Overfitting from epoch 4 on" in page.text
    assert "train again with --set augment.rotation=5" in page.text


def test_before_the_first_epoch_there_is_nothing_to_say(make_run, tmp_path, read_page):
    made = make_run()
    made.run.history_file.unlink()
    write_run_page(made.run, tmp_path / "page.html")
    assert HEADING not in read_page(tmp_path / "page.html").text
