"""Images on the page: how they come in, what is shown of them, and how they can be looked at."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hostile_images import dataset, dicom
from page_service import card, choose, colours_of, picture, wait_for, wait_until_scored

pytestmark = pytest.mark.slow


def drop(page, paths):
    """Drop files and folders of this computer on the page, as the mouse does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})


def test_a_dropped_file_becomes_a_card_with_its_score_its_threshold_and_its_meaning(service, open_page, tmp_path):
    (tmp_path / "chest one.png").write_bytes(picture(140))
    page = open_page(service)
    assert page.locator("#list").is_hidden()
    drop(page, [tmp_path / "chest one.png"])
    wait_until_scored(page, 1)
    name = "chest one.png Score for PNEUMONIA: 0.88 PNEUMONIA"
    assert page.get_by_role("button", name=name, exact=True).is_visible()
    assert page.locator("#decision").inner_text() == "PNEUMONIA"
    assert "threshold 0.40" in page.locator("#gauge").inner_text()
    assert page.locator("#words").inner_text() == "The score for PNEUMONIA is above the threshold of 0.40."
    tick = page.locator(".card .tick").bounding_box()
    bar = page.locator(".card .meter").bounding_box()
    assert (tick["x"] + tick["width"] / 2 - bar["x"]) / bar["width"] == pytest.approx(0.4, abs=0.02)
    assert page.locator("#drop-veil").is_hidden()


def test_of_a_dropped_folder_the_images_are_taken_wherever_they_lie(service, open_page, tmp_path):
    deep = tmp_path / "study" / "series"
    deep.mkdir(parents=True)
    (deep / "a.png").write_bytes(picture(140))
    (deep / "b.jpg").write_bytes(picture(60, form="JPEG"))
    (deep.parent / "notes.txt").write_text("no image")
    (deep.parent / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    page = open_page(service)
    drop(page, [tmp_path / "study"])
    wait_until_scored(page, 2)
    assert page.locator("#toast").inner_text() == "2 files of the folder are no image, and left out."
    assert card(page, "study/series/b.jpg").locator(".decision").inner_text() == "NORMAL"


def test_dicom_and_deep_files_are_drawn_by_the_service_and_others_by_the_browser(service, open_page):
    page = open_page(service)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "explain" in request.url else None)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    page.wait_for_selector("#stage-note", state="hidden")
    assert asked == []
    choose(page, {"b.dcm": dicom(dataset())})
    wait_until_scored(page, 2)
    card(page, "b.dcm").locator("button").click()
    wait_for(page, "document.getElementById('canvas').ariaLabel.startsWith('Chest X-ray b.dcm')")
    assert {url.split("form=")[1] for url in asked} == {"picture"}
    deep = io.BytesIO()
    Image.fromarray(np.linspace(0, 60000, 96 * 120, dtype=np.uint16).reshape(96, 120)).save(deep, "PNG")
    asked.clear()
    choose(page, {"c.png": deep.getvalue()})
    wait_until_scored(page, 3)
    card(page, "c.png").locator("button").click()
    wait_for(page, "document.getElementById('canvas').ariaLabel.startsWith('Chest X-ray c.png')")
    assert len(asked) >= 1


def test_the_picture_is_windowed_inverted_enlarged_and_reset(service, open_page):
    page = open_page(service)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    page.wait_for_selector("#stage-note", state="hidden")
    seen = page.locator("#corner-view")
    whole = colours_of(page)
    page.locator("#level").fill("80")
    wait_for(page, "$('corner-view').includes('L 80')")
    assert colours_of(page)[0] < whole[0] - 20
    page.locator("#window").fill("200")
    page.keyboard.press("Tab")
    page.keyboard.press("i")
    wait_for(page, "$('corner-view').endsWith('W 200 · inverted')")
    assert page.locator("#invert").get_attribute("aria-pressed") == "true"
    page.locator("#canvas").hover()
    page.mouse.wheel(0, -400)
    wait_for(page, "parseInt($('corner-view')) > 150")
    page.keyboard.press("0")
    wait_for(page, "$('corner-view') === '100 % · L 50 · W 100'")
    assert colours_of(page) == pytest.approx(whole, abs=0.5)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 260, box["y"] + 240)
    page.mouse.up(button="right")
    wait_for(page, "$('corner-view') === '100 % · L 60 · W 130'")
    assert seen.is_visible()


def test_an_enlarged_picture_follows_the_mouse_and_the_arrow_keys_and_stays_in_sight(service, open_page):
    page = open_page(service)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    page.wait_for_selector("#stage-note", state="hidden")
    page.locator("#zoom-in").click(click_count=1)
    for _ in range(5):
        page.keyboard.press("+")
    wait_for(page, "parseInt($('corner-view')) > 300")
    before = colours_of(page)
    page.locator("#canvas").focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    assert colours_of(page) != pytest.approx(before, abs=0.3)
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    assert colours_of(page)[0] > 100  # the picture is still there


def test_the_heat_map_is_off_until_it_is_asked_for_and_as_strong_as_the_slider_says(service, open_page):
    page = open_page(service)
    choose(page, {"a.png": picture(140, spot=110), "b.png": picture(60)})
    wait_until_scored(page, 2)
    page.wait_for_selector("#stage-note", state="hidden")
    assert not page.locator("#map-on").is_checked()
    plain = colours_of(page)
    assert plain[0] == pytest.approx(plain[2], abs=0.1)
    page.keyboard.press("h")
    wait_for(page, "$('corner-map') === 'Heat map for PNEUMONIA'")
    assert page.locator("#map-words").inner_text().startswith("Occlusion: how much the score for PNEUMONIA falls")
    coloured = colours_of(page)
    assert coloured[0] > coloured[2] + 5
    page.locator("#strength").fill("10")
    assert page.locator("#strength-value").inner_text() == "10 %"
    weak = colours_of(page)
    assert 0 < weak[0] - weak[2] < (coloured[0] - coloured[2]) / 2
    page.keyboard.press("j")
    wait_for(page, "$('image-name') === 'b.png'")
    assert not page.locator("#map-on").is_checked()


def test_a_file_that_cannot_be_read_is_a_card_with_the_reason(service, open_page):
    page = open_page(service)
    choose(page, {"good.png": picture(140), "torn.png": picture(140)[:300], "notes.txt": b"hello"})
    wait_until_scored(page, 3)
    torn = card(page, "torn.png")
    assert torn.get_attribute("data-state") == "failed"
    reason = torn.locator(".card-error").inner_text()
    assert "torn" not in reason and len(reason) > len("Not scored: ") + 10
    torn.locator("button").click()
    assert page.locator("#failure strong").inner_text() == "Not scored"
    assert page.locator("#answer-body").is_hidden()
    page.get_by_role("button", name="Remove").click()
    wait_until_scored(page, 2)
    assert "1 not scored" in page.locator("#list-done").inner_text()


def test_a_busy_service_is_asked_again_after_the_time_it_names(service, open_page):
    page = open_page(service)
    refused = []

    def refuse(route):
        refused.append(route.request.url)
        route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": "256 images are waiting"})

    page.route("**/v1/predict*", refuse, times=2)
    choose(page, {"a.png": picture(140)})
    page.wait_for_selector('.card[data-state="paused"]')
    assert "the service is busy, again in 1 s" in page.locator("#sending-text").inner_text()
    wait_until_scored(page, 1)
    assert len(refused) == 2
    assert page.locator("#decision").inner_text() == "PNEUMONIA"


def test_an_image_is_sent_again_by_hand_when_the_service_could_not_be_reached(service, open_page):
    page = open_page(service)
    page.route("**/v1/predict*", lambda route: route.abort(), times=1)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    assert page.locator("#failure p").first.inner_text().startswith("The service cannot be reached.")
    page.get_by_role("button", name="Try again", exact=True).click()
    wait_for(page, "$('decision') === 'PNEUMONIA'")
    assert page.locator("#failure").is_hidden()


def test_the_guard_warns_before_the_answer(service, open_page):
    page = open_page(service)
    choose(page, {"usual.png": picture(140), "dark.png": picture(20)})
    wait_until_scored(page, 2)
    assert "Unusual" in card(page, "dark.png").inner_text()
    assert "Unusual" not in card(page, "usual.png").inner_text()
    card(page, "dark.png").locator("button").click()
    warning = page.locator("#guard")
    warning.wait_for(state="visible")
    assert warning.inner_text().split("\n")[0] == "Unusual image"
    assert warning.inner_text().endswith("It is very dark.")
    assert warning.bounding_box()["y"] < page.locator("#decision").bounding_box()["y"]
    page.keyboard.press("k")
    wait_for(page, "$('image-name') === 'usual.png'")
    assert warning.is_hidden()


def test_another_network_scores_the_same_images(service, open_page):
    page = open_page(service)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    page.locator("#network").select_option("strict")
    wait_for(page, "$('decision') === 'NORMAL'")
    assert "just below the threshold of 0.90. A small change" in page.locator("#words").inner_text()
    page.locator("#network").select_option("bright")
    wait_for(page, "$('decision') === 'PNEUMONIA'")


def test_forty_images_are_scored_four_at_a_time(service, open_page):
    page = open_page(service)
    choose(page, {f"image {number}.png": picture(60 + number) for number in range(40)})
    wait_until_scored(page, 40)
    assert page.locator("#list-count").inner_text() == "40"
    numbers = page.locator(".card-number").all_inner_texts()
    assert numbers == sorted(numbers, reverse=True)


def test_nothing_of_an_image_is_kept_by_the_browser(service, open_page):
    page = open_page(service)
    sent = []
    page.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    choose(page, {"Doe^Jane 1970.png": picture(140)})
    wait_until_scored(page, 1)
    page.keyboard.press("t")
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])") == (
        '[{"theme":"dark"},{},""]'
    )
    assert not any(b"Jane" in body for body in sent)
    assert page.evaluate("(async () => (await indexedDB.databases()).length + (await caches.keys()).length)()") == 0
    assert Path(service.service.store.place).read_bytes().find(b"Jane") == -1


def test_numbers_are_explained_in_words(service, open_page):
    page = open_page(service)
    above = "above the threshold of 0.40."
    turn = "A small change of the picture could turn the decision."
    for probability, calibrated, words, share in [
        (0.42, False, f"just {above} {turn}", None),
        (0.7, False, above, None),
        (0.999, True, f"far {above}", 99),
        (0.01, True, "far below the threshold of 0.40.", 1),
    ]:
        said = page.evaluate(SAY, [probability, calibrated])
        assert said[0] == f"The score for PNEUMONIA is {words}"
        first = f"About {share} of 100 validation images with this score" if share else "The score ranks images."
        assert said[1].startswith(first)
        assert said[2] == ("> 0.99" if probability > 0.99 else f"{probability:.2f}")


SAY = """async ([probability, calibrated]) => {
  const { explainDecision, explainScore, shownNumber } = await import("/page/js/words.js");
  const decision = probability >= 0.4 ? "PNEUMONIA" : "NORMAL";
  const result = { probabilities: { NORMAL: 1 - probability, PNEUMONIA: probability }, threshold: 0.4, decision };
  const model = { positive: "PNEUMONIA", calibrated };
  return [explainDecision(result, model), explainScore(result, model), shownNumber(probability)];
}"""
