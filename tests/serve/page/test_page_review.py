"""Reviewing on the page: order, filters, verdicts, history and tables of labels."""

import csv
import io
from pathlib import Path

import pytest

from chestnut.data.sources.load import load_dataset
from page_service import TOKEN, card, choose, picture, wait_for, wait_until_scored

pytestmark = pytest.mark.slow

IMAGES = {"a.png": picture(140), "b.png": picture(120), "c.png": picture(60)}


def names(page):
    return page.locator(".card").evaluate_all("(cards) => cards.map((one) => one.querySelector('[title]').title)")


def saved(page, button):
    """Click a button and return the text of the file that it gives."""
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_text()


def test_a_verdict_is_stored_and_found_in_the_history_after_a_reload(service, open_page):
    page = open_page(service)
    choose(page, IMAGES)
    wait_until_scored(page, 3)
    card(page, "a.png").locator("button").click()
    page.locator(".verdicts").get_by_text("Disagree").click()
    assert page.locator("#label").input_value() == "NORMAL"
    page.locator("#note").fill("the left base is clear")
    page.locator("#reviewer").fill("AB")
    page.get_by_role("button", name="Save, next image").click()
    wait_for(page, "$('image-name') === 'b.png'")  # the most suspicious one without a verdict
    card(page, "a.png").locator(".mark.verdict").wait_for()
    assert names(page) == ["b.png", "c.png", "a.png"]
    assert page.locator("#note").input_value() == ""
    assert page.locator("input[name=verdict]:checked").count() == 0
    assert page.locator("#verdict-save").is_disabled()
    assert page.evaluate("document.activeElement.id") == "image-name"
    assert page.locator("#list-done").inner_text() == "1 of 3 reviewed"
    page.reload()
    page.wait_for_selector("#empty", state="visible")
    assert page.locator("#reviewer").input_value() == "AB"
    page.get_by_role("button", name="History").click()
    row = page.locator("#history-table tbody tr", has_text="Disagree").first
    row.wait_for()
    assert row.locator(".note").inner_text() == "NORMAL · AB · the left base is clear"
    (found,) = [one for one in service.service.store.judged() if one.id == row.get_attribute("data-id")]
    assert (found.decision, found.verdicts[-1].label) == ("PNEUMONIA", "NORMAL")


def test_a_begun_verdict_stays_with_its_image(service, open_page):
    page = open_page(service)
    choose(page, IMAGES)
    wait_until_scored(page, 3)
    card(page, "a.png").locator("button").click()
    page.keyboard.press("u")
    page.locator("#note").fill("blurred")
    card(page, "b.png").locator("button").click()
    wait_for(page, "$('image-name') === 'b.png' && !document.getElementById('note').value")
    card(page, "a.png").locator("button").click()
    wait_for(page, "document.getElementById('note').value === 'blurred'")
    assert page.locator("input[value=unsure]").is_checked()


def test_a_verdict_that_cannot_be_stored_is_not_shown_as_saved(service, open_page):
    page = open_page(service)
    choose(page, {"a.png": IMAGES["a.png"]})
    wait_until_scored(page, 1)
    page.route("**/verdict", lambda route: route.fulfill(status=422, json={"error": "the note is too long"}), times=1)
    page.keyboard.press("a")
    page.keyboard.press("s")
    wait_for(page, "$('verdict-said') === 'Not saved. the note is too long'")
    assert page.locator(".mark.verdict").count() == 0
    page.keyboard.press("s")
    page.wait_for_selector(".mark.verdict")


def test_an_image_rises_while_it_waits(service, open_page):
    page = open_page(service)
    page.clock.install()
    choose(page, {"low.png": picture(80)})
    page.clock.run_for(2000)
    wait_until_scored(page, 1)
    page.clock.run_for(50 * 60_000)  # the longest wait is an hour
    choose(page, {"high.png": picture(104)})
    page.clock.run_for(2000)
    wait_until_scored(page, 2)
    assert names(page) == ["low.png", "high.png"]
    assert "50 min" in card(page, "low.png").inner_text()
    page.keyboard.press("f")
    page.locator("#limit").select_option("240")
    page.clock.run_for(100)
    assert names(page) == ["high.png", "low.png"]


def test_filters_show_what_they_say(service, open_page):
    page = open_page(service)
    choose(page, {**IMAGES, "dark.png": picture(20)})
    wait_until_scored(page, 4)
    page.keyboard.press("f")

    def shown(name, value):
        page.locator(f"#filter-{name}").select_option(value)
        page.wait_for_timeout(60)
        found = sorted(names(page))
        page.get_by_role("button", name="Clear the filters").click()
        return found

    assert shown("decision", "NORMAL") == ["c.png", "dark.png"]
    assert shown("guard", "unusual") == ["dark.png"]
    assert shown("verdict", "agree") == []
    assert shown("verdict", "none") == ["a.png", "b.png", "c.png", "dark.png"]
    page.keyboard.press("/")
    page.keyboard.type("DARK")
    page.wait_for_timeout(60)
    assert names(page) == ["dark.png"]
    assert page.locator("#list-count").inner_text() == "1 of 4"
    page.locator("#filter-text").fill("nothing like it")
    page.wait_for_selector("#nothing", state="visible")


def test_the_labels_of_the_worklist_are_a_table_that_training_takes(service, open_page, tmp_path):
    page = open_page(service)
    choose(page, IMAGES)
    wait_until_scored(page, 3)
    for name, keys in (("a.png", "a"), ("b.png", "d"), ("c.png", "u")):
        card(page, name).locator("button").click()
        wait_for(page, f"$('image-name') === '{name}'")
        page.wait_for_timeout(60)
        page.keyboard.press(keys)
        page.keyboard.press("n")
        page.keyboard.type('=1+1, "so"')
        page.keyboard.press("Control+Enter")
        card(page, name).locator(".mark.verdict").wait_for()
    text = saved(page, "#save-labels")
    assert page.locator("#toast").inner_text() == "2 labels saved; 1 unsure verdict left out."
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["path"]: row["label"] for row in rows} == {"a.png": "PNEUMONIA", "b.png": "NORMAL"}
    assert {row["note"] for row in rows} == {'\'=1+1, "so"'}
    for name, content in IMAGES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "labels.csv").write_text(text)
    manifest = load_dataset(tmp_path / "labels.csv")
    assert sorted(manifest.frame["label"]) == ["NORMAL", "PNEUMONIA"]


def test_the_history_goes_back_page_by_page_and_gives_all_verdicts(service, open_page):
    page = open_page(service)
    choose(page, {f"{number}.png": picture(100 + number) for number in range(55)})
    wait_until_scored(page, 55)
    page.keyboard.press("y")
    rows = page.locator("#history-table tbody tr")
    page.wait_for_selector("#history-more", state="visible")
    assert rows.count() == 50
    page.get_by_role("button", name="Show earlier answers").click()
    page.wait_for_function("() => document.querySelectorAll('#history-table tbody tr').length >= 55")
    ids = rows.evaluate_all("(rows) => rows.map((row) => row.dataset.id)")
    assert len(set(ids)) == len(ids)
    page.locator("#network").select_option("strict")
    rows.nth(10).get_by_role("button", name="Open").click()
    page.wait_for_selector("#reading", state="visible")
    assert page.locator("#network").input_value() == "bright"
    page.keyboard.press("a")
    page.keyboard.press("s")
    page.wait_for_selector(".mark.verdict")
    page.keyboard.press("y")
    page.locator("#history-verdict").select_option("agree")
    page.wait_for_function("() => document.querySelector('#history-table tbody tr .mark')")
    assert ids[10] in {row["prediction"] for row in csv.DictReader(io.StringIO(saved(page, "#history-csv")))}


def test_a_kept_image_is_opened_again_from_the_history(keeping_service, open_page):
    page = open_page(keeping_service)
    choose(page, {"a.png": IMAGES["a.png"]})
    wait_until_scored(page, 1)
    page.reload()
    page.keyboard.press("y")
    page.locator("#history-table").get_by_role("button", name="Open").first.click()
    wait_for(page, "document.getElementById('canvas').ariaLabel.startsWith('Chest X-ray kept')")
    wait_for(page, "$('decision') === 'PNEUMONIA'")
    page.keyboard.press("a")
    page.keyboard.press("s")
    page.wait_for_selector(".mark.verdict")
    page.keyboard.press("y")
    (label,) = csv.DictReader(io.StringIO(saved(page, "#history-labels")))
    assert label["label"] == "PNEUMONIA"


def test_a_service_with_tokens_is_signed_in_to_once(guarded_service, open_page):
    page = open_page(guarded_service)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Token").fill("a guess of thirty-two letters or more")
    dialog.get_by_role("button", name="Continue").click()
    wait_for(page, "$('token-hint').startsWith('The service does not know that token.')")
    dialog.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    choose(page, {"a.png": IMAGES["a.png"]})
    wait_until_scored(page, 1)
    assert TOKEN not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    page.reload()
    page.get_by_role("button", name="History").click()
    page.locator("#history-table tbody tr").first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    dialog.wait_for(state="visible")
