"""The site in Chromium: every page loads in silence and asks no other host; search, panels, narrow screens, readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import NotebookNode
from playwright.sync_api import Page, Route, expect

from course_grader.authoring.lesson import Lesson, lesson_folders
from course_grader.authoring.project_url import address
from course_grader.site.build_site import build_site, site_path
from course_grader.site.run_solutions import executed
from tests.browser.lab import browser_page

ROOT = Path(__file__).parents[2]
EXECUTED = "00_start_here"
# Where the site's own server shows this page instead of one that is not there, its links begin here.
MISSING, TOP = "404.html", site_path(address(ROOT))
pytestmark = pytest.mark.needs("browser")


def solved(root: Path, lesson: Lesson, cache: Path) -> NotebookNode:
    """The first lesson runs; the others stand for the site's size, and running them is tested elsewhere."""
    if lesson.name == EXECUTED:
        return executed(root, lesson, cache)
    return nbformat.read(root / "solutions" / lesson.name / f"{lesson.name}.ipynb", 4)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(ROOT, tmp_path_factory.mktemp("site"), solve=solved).parent


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser_page() as page:
        yield page


def pages_of(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


class Links(HTMLParser):
    """What a page links to and shows, and the anchors in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.pictures: list[dict[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.anchors |= {str(known[name]) for name in ("id", "name") if known.get(name)}
        self.targets += [str(known[name]) for name in ("href", "src") if known.get(name)]
        if tag == "img":
            self.pictures.append(known)


def test_every_link_leads_somewhere(site: Path) -> None:
    parsed = {path.resolve(): Links(path) for path in pages_of(site)}
    broken = []
    for path, links in parsed.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or target.startswith("//"):
                continue
            folder = site if target.startswith(TOP) else path.parent
            place = (folder / unquote(parts.path.removeprefix(TOP))).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            missing = fragment and place in parsed and fragment not in parsed[place].anchors
            if not place.exists() or missing:
                broken.append((path.name, target))
    assert not broken


def test_every_picture_has_words(site: Path) -> None:
    pictures = [(path.name, picture) for path in pages_of(site) for picture in Links(path).pictures]
    assert len(pictures) >= 3
    for name, picture in pictures:
        alt = picture.get("alt") or ""
        assert alt, (name, picture)
        assert not re.search(r"\.(png|svg|gif)$", alt), (name, picture)


def test_lessons_show_stubs_and_keep_solutions_behind_a_click(site: Path) -> None:
    text = (site / "lessons" / f"{EXECUTED}.html").read_text(encoding="utf-8")
    stub, solution = text.index("NotImplementedError"), text.index("<summary>Solution</summary>")
    assert stub < solution
    assert "mean_squared_error is correct" in text
    for path in (site / "lessons").glob("*.html"):
        shown = path.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in shown
        assert "HIDDEN TESTS" not in shown
        assert "check_hidden(" not in shown.replace("import check, check_hidden", "")


def test_the_concepts_lead_to_their_lessons_which_have_their_numbers(site: Path) -> None:
    targets = set(Links(site / "concepts.html").targets)
    listed = Links(site / "lessons" / "index.html").targets
    for name in lesson_folders(ROOT):
        assert f"lessons/{name}.html" in targets
        assert any(target.startswith(f"lessons/{name}.html#") for target in targets)
        # In the sidebar, and in the table of what a learner writes.
        assert listed.count(f"{name}.html") >= 2
        assert f">{name.split('_')[0]} · " in (site / "lessons" / "index.html").read_text(encoding="utf-8")


def test_every_page_loads_in_silence_and_fits_a_narrow_screen(site: Path, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.set_viewport_size({"width": 400, "height": 900})
    for path in pages_of(site):
        if path.name == MISSING:
            continue
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, path.name
    assert not said


def test_a_page_that_is_not_there_leads_on_from_any_depth(site: Path, page: Page) -> None:
    missing = []

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path.removeprefix(TOP)
        if (site / path).is_file():
            return route.fulfill(path=site / path)
        missing.append(path)
        return route.fulfill(path=site / MISSING, status=404)

    page.route("http://site.test/**", answer)
    page.goto(f"http://site.test{TOP}lessons/of/old.html")
    page.locator("article").get_by_role("link", name="lessons").click()
    expect(page).to_have_title("Lessons - Descent")
    # What the page still asks for must not be answered in the next test.
    page.wait_for_load_state("load")
    page.unroute_all(behavior="wait")
    assert missing == ["lessons/of/old.html"]


def test_a_formula_wider_than_a_narrow_screen_scrolls(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto((site / "lessons" / "07b_quasi_newton.html").as_uri())
    page.evaluate("MathJax.startup.promise")
    wide = "[...document.querySelectorAll('article p')].filter(one => one.scrollWidth > one.clientWidth)"
    assert set(page.evaluate(f"{wide}.map(one => getComputedStyle(one).overflowX)")) == {"auto"}


def test_a_short_signature_is_on_one_line_and_a_long_one_has_a_parameter_a_line(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((site / "api.html").as_uri())
    heights = [
        page.locator("dt.sig", has_text=name).first.evaluate("one => one.getBoundingClientRect().height")
        for name in ("show_progress", "gradient_error")
    ]
    assert heights[0] < 40 < 3 * heights[0] < heights[1]


def test_search_finds_bias_correction(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((site / "index.html").as_uri())
    page.get_by_role("searchbox").or_(page.locator("input[name=q]")).first.fill("bias correction")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results")).to_contain_text("Adaptive optimizers")


def test_a_slider_moves_the_picture_without_a_kernel(site: Path, page: Page) -> None:
    page.goto((site / "lessons" / "05_sgd_pathologies.html").as_uri())
    panel = page.locator(".explorer", has_text="A ravine: learning rate and momentum")
    expect(panel).to_contain_text("This is a recording")
    picture = panel.locator("figure canvas").first
    before = picture.evaluate("canvas => canvas.toDataURL()")
    panel.get_by_label("momentum", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".explorer-note")).to_contain_text("Rate 0.117")
    assert picture.evaluate("canvas => canvas.toDataURL()") != before


# The controls of a panel of which no position changes its pictures.
STILL = """panel => {
  const pictures = () => [...panel.querySelectorAll("figure > :is(canvas, img)")].map(
    one => one.hidden ? "" : one.src || one.toDataURL()).join();
  const reset = [...panel.querySelectorAll("button")].find(one => one.textContent === "Reset");
  return [...panel.querySelectorAll(".explorer-control :is(input, select)")].filter(control => {
    reset.click();
    const first = pictures();
    const last = control.max === undefined ? control.length - 1 : Number(control.max);
    for (let position = 0; position <= last; position += 1) {
      control.value = position;
      control.dispatchEvent(new Event("input"));
      if (pictures() !== first) return false;
    }
    return true;
  }).map(control => control.id);
}"""


@pytest.mark.parametrize("lesson", lesson_folders(ROOT))
def test_every_control_redraws_its_panel(lesson: str, site: Path, page: Page) -> None:
    page.goto((site / "lessons" / f"{lesson}.html").as_uri())
    panels = page.locator(".explorer")
    expect(panels).not_to_have_count(0)
    assert [still for panel in panels.all() for still in panel.evaluate(STILL)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", f"lessons/{EXECUTED}", "lessons/05_sgd_pathologies", "teaching", "api"])
def test_readers_with_other_senses_can_use_it(name: str, theme: str, site: Path, page: Page) -> None:
    page.goto((site / f"{name}.html").as_uri())
    put_theme(page, theme)
    found = Axe().run(page).response["violations"]
    weighty = [one for one in found if one["impact"] in ("serious", "critical") or one["id"] == "heading-order"]
    assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in weighty]


def test_dark_mode_is_a_click_away(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((site / "lessons" / f"{EXECUTED}.html").as_uri())
    drawn = page.locator(".explorer").get_attribute("data-drawn") or ""
    light = look(page)
    button = page.locator(".theme-toggle:visible").first
    for _ in ("dark", "light", "as the system has it"):
        if page.evaluate("document.body.dataset.theme") != "dark":
            button.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    expect(page.locator(".explorer")).not_to_have_attribute("data-drawn", drawn)
    dark = look(page)
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_paper_is_white_and_shows_what_is_open(site: Path, page: Page) -> None:
    page.goto((site / "lessons" / f"{EXECUTED}.html").as_uri())
    put_theme(page, "light")
    *_, light = look(page)
    put_theme(page, "dark")
    page.wait_for_function(f"sign => ({SIGN}) !== sign", arg=light)
    page.locator("details > summary", has_text="Hint").first.click()
    page.emulate_media(media="print")
    page.wait_for_function(f"sign => ({SIGN}) === sign", arg=light)
    expect(page.locator("details", has_text="Hint").first).to_be_visible()
    expect(page.locator("details.solution")).to_be_hidden()
    expect(page.locator(".skip-to-content")).to_be_hidden()
    page.emulate_media(media="screen")


# The sign of the targets in the first panel's legend, which has the ink's colour.
SIGN = (
    "[...document.querySelectorAll('.explorer-legend li')].find("
    "one => one.textContent === 'target').firstChild.toDataURL()"
)


def put_theme(page: Page, theme: str) -> None:
    page.evaluate("theme => { document.body.dataset.theme = theme }", theme)


def look(page: Page) -> list[str]:
    """The colours of the page's ground, of a panel's ink and of a card's tick; the axes and a sign of the legend."""
    panel = page.locator(".explorer")
    picture = "canvas => canvas.toDataURL()"
    return [
        page.evaluate("getComputedStyle(document.body).backgroundColor"),
        panel.evaluate("panel => getComputedStyle(panel).color"),
        page.locator("span", has_text="✓").first.evaluate("tick => getComputedStyle(tick).color"),
        panel.locator("figure > canvas").first.evaluate(picture),
        panel.locator(".explorer-legend li", has_text="target").locator("canvas").evaluate(picture),
    ]
