"""Whom the page serves: those who use keys alone, see little, hear the page, or hold a phone."""

import pytest

from page_service import choose, picture, wait_for, wait_until_scored

pytestmark = pytest.mark.slow

IMAGES = {"a.png": picture(140), "b.png": picture(120), "dark.png": picture(20), "torn.png": picture(140)[:200]}

#: What has less contrast than WCAG asks for: 4.5 for text, 3 for large text.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
  const light = (colour) => colour.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    if (!element) return [1, 1, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { parentElement: element, textContent } = walk.currentNode;
    if (!textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(".unseen, .stage, option, :disabled, [inert], dialog:not([open])")) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [one, two] = [light(over(parse(style.color), ground)), light(ground)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

#: What can be operated, but has no name for those who do not see it; and ids that stand twice.
NAMELESS = """() => {
  const named = (element) => element.ariaLabel || element.getAttribute("aria-labelledby") || element.title
    || element.labels?.length || element.textContent.trim();
  const kinds = "button, input, select, textarea, canvas[tabindex], dialog, nav, progress";
  const bare = [...document.querySelectorAll(kinds)]
    .filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  const lost = [...document.querySelectorAll("[aria-labelledby], [aria-describedby], [aria-controls]")]
    .flatMap((element) => ["labelledby", "describedby", "controls"].map((kind) => element.getAttribute(`aria-${kind}`)))
    .filter((id) => id && !document.getElementById(id));
  return [...bare, ...twice, ...lost];
}"""

#: What is wider than the window, or less high than a finger needs.
NARROW = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  small: [...document.querySelectorAll("button, select, .switch, .verdicts span")]
    .filter((element) => element.checkVisibility() && !element.closest("dialog"))
    .filter((element) => element.getBoundingClientRect().height < 28)
    .map((element) => element.outerHTML.slice(0, 80)),
})"""


def test_faint_text_and_controls_without_a_name_are_noticed(service, open_page):
    page = open_page(service)
    page.evaluate("document.querySelector('#empty h1').style.color = '#909090'")
    page.evaluate("document.querySelector('#theme').removeAttribute('aria-label')")
    (faint,) = page.evaluate(CONTRAST)
    assert faint.startswith("Drop chest X-rays here: 3.")
    (nameless,) = page.evaluate(NAMELESS)
    assert 'id="theme"' in nameless


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_has_contrast_and_all_controls_have_names(service, open_page, dark):
    page = open_page(service, dark=dark)
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    assert page.evaluate(CONTRAST) == []
    choose(page, IMAGES)
    wait_until_scored(page, 4)
    page.keyboard.press("f")
    for name in ("a.png", "dark.png", "torn.png"):
        page.locator(".card", has=page.locator(f'[title="{name}"]')).locator("button").click()
        wait_for(page, f"$('image-name') === '{name}'")
        page.wait_for_timeout(100)
        assert page.evaluate(CONTRAST) == []
    page.locator(".card button").first.click()
    page.wait_for_timeout(100)
    page.keyboard.press("d")
    page.locator(".facts summary").click()
    page.keyboard.press("h")
    page.wait_for_selector("#corner-map", state="visible")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    page.keyboard.press("?")
    assert page.evaluate(CONTRAST) == []
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    page.locator("#history-table tbody tr").first.wait_for()
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []


def test_light_and_dark_follow_the_system_until_somebody_chooses(service, open_page):
    page = open_page(service, dark=True)
    theme = "document.documentElement.dataset.theme"
    page.emulate_media(color_scheme="light")
    wait_for(page, f"{theme} === 'light'")
    page.keyboard.press("t")
    assert page.evaluate(theme) == "dark"
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(60)
    assert page.evaluate(theme) == "dark"
    page.reload()
    assert page.evaluate(theme) == "dark"


def test_an_image_is_reviewed_with_keys_alone(service, open_page):
    page = open_page(service)
    choose(page, IMAGES)
    wait_until_scored(page, 4)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the images"
    seen = []
    while "card-open" not in (seen[-1] if seen else ""):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className || document.activeElement.id"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", seen
        assert len(seen) < 20, seen
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for(page, "$('image-name') === 'b.png'")
    page.wait_for_timeout(60)
    assert page.locator('.card-open[aria-current="true"]').count() == 1
    page.keyboard.press("h")
    page.wait_for_selector("#corner-map", state="visible")
    page.keyboard.press("d")
    page.keyboard.press("n")
    page.keyboard.type("a d u s h ? do nothing here")
    page.keyboard.press("Control+Enter")
    wait_for(page, "$('list-done').startsWith('1 of 4 reviewed')")
    assert page.locator(".mark.verdict").get_attribute("title") == "Your verdict: Disagree"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "card-open"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    keys = page.locator("#keys kbd").all_inner_texts()
    assert {"J", "K", "A", "D", "U", "S", "H", "?", "+", "0"} <= set(keys)
    page.get_by_text("Keys of one letter work everywhere").click()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_what_happens_is_told_to_screen_readers(service, open_page):
    page = open_page(service)
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    choose(page, {"a.png": picture(140)})
    wait_for(page, "$('said') === '1 image done'")
    assert page.locator("#canvas").get_attribute("role") == "img"
    page.keyboard.press("h")
    wait_for(page, "$('said') === 'Heat map on'")
    page.keyboard.press("h")
    wait_for(page, "$('said') === 'Heat map off'")
    page.keyboard.press("s")
    wait_for(page, "$('said').startsWith('Choose a verdict first')")


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_no_view_is_wider_than_the_window(service, open_page, width):
    page = open_page(service, width=width, height=780, has_touch=True)

    def check():
        page.wait_for_timeout(60)
        assert page.evaluate(NARROW) == {"wide": 0, "small": []}
        notice = page.locator(".notice")
        box = notice.bounding_box()
        assert notice.inner_text().startswith("Not a medical device.")
        assert box["y"] + box["height"] <= 780

    check()
    choose(page, {"a name that is much too long for any telephone.png": picture(140), **IMAGES})
    wait_until_scored(page, 5)
    check()
    page.locator("#filter-open").click()
    check()
    page.locator(".card button").first.click()
    page.wait_for_selector("#reading", state="visible")
    check()
    page.locator(".switch", has=page.locator("#map-on")).click()
    page.wait_for_selector("#corner-map", state="visible")
    page.locator(".verdicts").get_by_text("Disagree").click()
    check()
    page.get_by_role("button", name="Save, next image").click()
    page.wait_for_selector(".mark.verdict", state="attached")
    if width < 900:
        page.get_by_role("button", name="Worklist").last.click()
        page.wait_for_selector("#cards", state="visible")
    page.locator("#to-history").click()
    page.locator("#history-table tbody tr").first.wait_for()
    check()


def test_two_fingers_enlarge_the_picture(service, open_page):
    page = open_page(service, width=390, height=780, has_touch=True)
    choose(page, {"a.png": picture(140)})
    wait_until_scored(page, 1)
    page.wait_for_selector("#stage-note", state="hidden")
    box = page.locator("#canvas").bounding_box()
    session = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind, apart):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 40)
    for apart in (60, 80):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    wait_for(page, "Math.abs(parseInt($('corner-view')) - 200) < 8")
