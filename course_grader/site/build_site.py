"""Builds the site: collects its source files, and runs Sphinx on them."""

from __future__ import annotations

import functools
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_grader.authoring.build import EachLesson
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.project_url import address
from course_grader.authoring.repo import chosen_lessons
from course_grader.site.lesson_page import lesson_page, panel
from course_grader.site.run_solutions import executed
from course_utils.errors import CourseError, Exit

SHOW = Path("course_utils/explorers/show")
MATHJAX = "tex-svg-full.js"
# The same as `python -m sphinx`, but without an import that takes three seconds.
SPHINX = (
    "import sys; from course_utils.quick_start import skip_unused_grammar; skip_unused_grammar(); "
    "from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
)
# In a guide, this line is replaced by an explorer.
EXPLORER = re.compile(r"^<!-- explorer: (\w+) -->$", re.MULTILINE)
# Elements that may be wider than the page, so that they scroll.
SCROLLING = re.compile(r'(<pre|<div class="(?:math|table)-wrapper [\w -]+")>')
# References by a relative path: not an anchor, an absolute path or a URL with a scheme.
REFERENCE = re.compile(r' (href|src|action|data-content_root)="(?![#/]|\w+:)(?:\./)?([^"]*)"')
# A formula with the characters that touch it: a browser may break a line there, as it may beside an image.
FORMULA = re.compile(r'[^\s<>]*<span class="math notranslate nohighlight">[^<]*</span>[^\s<>]*')
SIGNATURE = re.compile(r'<dl>\n(?:<dd><em class="sig-param">.*</dd>\n)+</dl>')
LESSON_TABLE = re.compile(r"^\| notebook \| what you write \|\n(?:\|.*\n)+", re.MULTILINE)
# The script that shows every explorer of a page and plays its recording.
MOUNT = """
const RECORDED = "This is a recording, in which you can move one control at a time. In a notebook, the panel calls "
  + "your own functions, and you can combine all controls.";
for (const place of document.querySelectorAll(".descent-explorer")) {
  const { explorer, recording } = JSON.parse(place.querySelector("script").textContent);
  const view = mount(place, { explorer, recording, ask: null });
  view.answer({ scene: recording.start, live: false, message: RECORDED });
}
"""

Solve = Callable[[Path, Lesson, Path], NotebookNode]


def build_site(
    root: Path, out: Path, only: Sequence[str] = (), each: EachLesson = iter, solve: Solve = executed
) -> Path:
    """Build the site in `out`, with all lessons or only those named, and return the path of its first page.

    each: iterates over the lessons, and may show progress. solve: returns a lesson's executed solution. Executed
    notebooks are kept in `out/executed`, so that an interrupted build can continue from there. Raises CourseError if a
    lesson is unknown, if a solution fails, or if Sphinx reports a problem.
    """
    source, pages = out / "source", out / "html"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "docs", source)
    lessons = chosen_lessons(root, only)
    (source / "lessons").mkdir(exist_ok=True)
    for lesson in each(lessons):
        released = nbformat.read(root / "notebooks" / lesson.name / f"{lesson.name}.ipynb", as_version=4)
        page = lesson_page(released, solve(root, lesson, out / "executed"), {known.name for known in lessons})
        nbformat.write(page, source / "lessons" / f"{lesson.name}.ipynb")
    readme = (root / "README.md").read_text(encoding="utf-8")
    (source / "lessons" / "index.md").write_text(_contents(lessons, readme), encoding="utf-8")
    shutil.copy(root / "CONTRIBUTING.md", source / "authoring.md")
    shutil.copy(root / "SECURITY.md", source / "security.md")
    for guide in source.glob("*.md"):
        guide.write_text(link_guide(guide.read_text(encoding="utf-8"), lessons, address(root)), encoding="utf-8")
    _copy_scripts(root, source / "_static")
    _sphinx(source, pages)
    for html in pages.rglob("*.html"):
        html.write_text(keep_formulas_together(_accessible(html.read_text(encoding="utf-8"))), encoding="utf-8")
    missing = pages / "404.html"
    missing.write_text(from_top(missing.read_text(encoding="utf-8"), site_path(address(root))), encoding="utf-8")
    return pages / "index.html"


def link_guide(guide: str, lessons: Sequence[Lesson], published: str | None) -> str:
    """Return a guide with links to pages of the site and, if the course is published, to its repository.

    If a row of a table names a lesson and one of its headings, the lesson's number links to its page, and the heading
    to its place there. Lines that name an explorer are replaced by the explorer.
    """
    guide = guide.replace("](../CONTRIBUTING.md)", "](authoring.md)").replace("](../SECURITY.md)", "](security.md)")
    # Links in SECURITY.md, which is beside docs/.
    guide = guide.replace("](docs/", "](")
    for lesson in lessons:
        guide = re.sub(rf"\| {lesson.name} \| ([^|]+) \|", functools.partial(_place, lesson), guide)
    guide = EXPLORER.sub(lambda found: f"```{{raw}} html\n{panel(found[1])}\n```", guide)
    return guide.replace("the course's repository", f"[the course's repository]({published})") if published else guide


def keep_formulas_together(page: str) -> str:
    """Return a page without line breaks between a formula and characters that touch it, such as a comma after it."""
    return FORMULA.sub(
        lambda found: found[0] if found[0][0] + found[0][-1] == "<>" else f'<span class="together">{found[0]}</span>',
        page,
    )


def site_path(published: str | None) -> str:
    """Return the path at which GitHub Pages serves the site of a repository; "/" without an address."""
    account, name = published.split("/")[-2:] if published else ("", "")
    return f"/{name}/" if name.lower() != f"{account}.github.io".lower() and name else "/"


def from_top(page: str, top: str) -> str:
    """Return a top-level page with absolute references: GitHub shows 404.html at any path."""
    return REFERENCE.sub(lambda found: f' {found[1]}="{top}{found[2]}"', page)


def _place(lesson: Lesson, row: re.Match[str]) -> str:
    page, heading = f"lessons/{lesson.name}.ipynb", row[1]
    return f"| [{_number(lesson)}]({page}) | [{heading}]({page}#{_anchor(heading)}) |"


def _anchor(heading: str) -> str:
    """Return the anchor that MyST makes for a heading; formulas are not part of it."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\$.*?\$", "", heading).lower()).replace(" ", "-")


def _contents(lessons: Sequence[Lesson], readme: str) -> str:
    """Return the page that lists the lessons: the README's table with links."""
    names = [f"{_number(lesson)} · {_title(lesson)}" for lesson in lessons]
    table = "".join(LESSON_TABLE.findall(readme))
    for name, lesson in zip(names, lessons, strict=True):
        table = table.replace(f"| {name} |", f"| [{name}]({lesson.name}.ipynb) |")
    contents = "\n".join(f"{name} <{lesson.name}>" for name, lesson in zip(names, lessons, strict=True))
    return (
        "# Lessons\n\nEach page is the learner's notebook, with the outputs of the teacher's notebook. Solutions are "
        f"folded: click one to see it.\n\n{table}\n```{{toctree}}\n:hidden:\n\n{contents}\n```\n"
    )


def _number(lesson: Lesson) -> str:
    return lesson.name.split("_")[0]


def _title(lesson: Lesson) -> str:
    first = next(cell.source for cell in lesson.cells if cell.kind == "markdown")
    return first.splitlines()[0].removeprefix("# ")


def _copy_scripts(root: Path, static: Path) -> None:
    static.mkdir(exist_ok=True)
    script = (root / SHOW / "explorer.js").read_text(encoding="utf-8")
    # A browser does not load modules from the disk, but a plain script works there too.
    plain = re.sub(r"^export default .*$", "", script, flags=re.MULTILINE).replace("export function", "function")
    (static / "explorers.js").write_text("(() => {\n" + plain + MOUNT + "})();\n", encoding="utf-8")
    shutil.copy(root / SHOW / "explorer.css", static / "explorers.css")
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found is None or not found.submodule_search_locations:
        raise CourseError("The site's tools are missing: run `pip install -e '.[site]'`.", Exit.ENVIRONMENT)
    shutil.copy(Path(found.submodule_search_locations[0]) / "static" / "mathjax" / MATHJAX, static / "mathjax.js")


def _accessible(page: str) -> str:
    """Return a page that is more accessible: scrolling elements can be focused, and headings and lists are valid."""
    page = page.replace('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">')
    # Sphinx writes a long signature as a definition list without terms, which is not valid.
    page = SIGNATURE.sub(_as_spans, page)
    return SCROLLING.sub(r'\1 tabindex="0">', page)


def _as_spans(signature: re.Match[str]) -> str:
    return re.sub(r"(</?)d[ld]", r"\1span", signature[0].replace("<dl>", '<span class="parameters">'))


def _sphinx(source: Path, pages: Path) -> None:
    command = [sys.executable, "-c", SPHINX, "--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run([*command, "--jobs", "auto", str(source), str(pages)], capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"Sphinx reports problems.\n{done.stderr.strip()}", Exit.FAILED)
