"""The command `course`. Each verb imports what it needs only when it is called, so that the command starts quickly."""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from course_utils.errors import CourseError, Exit, from_os
from course_utils.text import plural

EXIT_CODES = (
    "Exit codes: 0 success; 1 something that was checked is wrong; 2 wrong usage or unusable input; "
    "3 a problem with this machine (a permission, a full disk, a missing program); 130 interrupted."
)
COMMANDS = "descent.commands"

app = typer.Typer(
    name="course",
    help="Descent: training neural networks by hand.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


@app.command()
def start(
    folder: Annotated[Path, typer.Argument(help="The folder for your notebooks; it is created if needed.")],
) -> None:
    """Create a folder with your own copies of the notebooks."""
    from course_utils.shipped_notebooks import start as copy_notebooks

    copied = copy_notebooks(folder)
    message = f"Copied {plural(len(copied), 'notebook')} into {folder}."
    print(message if copied else f"All notebooks are already in {folder}.")
    print(f"Go there (`cd {folder}`) and type `course lab`.")


@app.command()
def update() -> None:
    """Update your notebooks to the course's newest text. Your answers stay; the old notebooks are kept in backup/."""
    from course_utils import notebooks, terminal
    from course_utils.update import update as update_notebooks

    terminal.show_updates(update_notebooks(notebooks.require_folder(Path.cwd())))


@app.command()
def lab(
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    port: Annotated[int | None, typer.Option(help="The port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Open JupyterLab on the first notebook."""
    from course_utils.lab import open_lab

    open_lab(Path.cwd(), browser, port)


@app.command()
def check(
    notebook: Annotated[str, typer.Argument(help="A path, a lesson's name, or its number, such as 01.")],
    timeout: Annotated[int, typer.Option(help="Stop a cell after this many seconds.", min=1)] = 120,
    as_json: AsJson = False,
) -> None:
    """Run a notebook from top to bottom in a new kernel, and show which of its checks pass."""
    from course_utils import notebooks, terminal
    from course_utils.running import run_notebook

    path = notebooks.find(notebook, Path.cwd())
    with terminal.progress_bar(path.name) as on_cell:
        run = run_notebook(path, timeout, on_cell)
    if as_json:
        print(json.dumps(run.as_dict(), indent=1))
    else:
        terminal.show_run(run)
    if run.count("failed"):
        raise typer.Exit(Exit.FAILED)


@app.command()
def progress(as_json: AsJson = False) -> None:
    """Show which exercises you have solved. Your progress is stored next to the notebooks, on this machine only."""
    from course_utils import notebooks, terminal
    from course_utils.progress import summary

    lessons = summary(notebooks.require_folder(Path.cwd()))
    if as_json:
        print(json.dumps([lesson.as_dict() for lesson in lessons], indent=1))
    else:
        terminal.show_progress([lesson for lesson in lessons if not lesson.problem])
    problems = [lesson.problem for lesson in lessons if lesson.problem]
    for problem in problems:
        print(f"course: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(max(problem.exit_code for problem in problems))


@app.command()
def gather(
    notebook: Annotated[str, typer.Argument(help="A path, a lesson's name, or its number.")] = "08",
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite what you changed in the gathered cell.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy your functions from the earlier notebooks into the capstone, and report what is missing or wrong."""
    from course_utils import notebooks, terminal
    from course_utils.gather import gather as gather_into

    gathered = gather_into(notebooks.find(notebook, Path.cwd()), replace)
    if as_json:
        print(json.dumps(gathered.as_dict(), indent=1))
    else:
        terminal.show_gathered(gathered)
    if not gathered.is_whole:
        raise typer.Exit(Exit.FAILED)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Diagnose common problems and suggest fixes."""
    from course_utils import terminal
    from course_utils.doctor import examine

    findings = examine(Path.cwd())
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=1))
    else:
        terminal.show_findings(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(Exit.FAILED)


def add_commands() -> None:
    """Add the verbs of other packages. If one can't be imported, only its own verbs are missing; stderr says why."""
    for entry in entry_points(group=COMMANDS):
        try:
            entry.load()(app)
        except ImportError as error:
            print(f"course: the commands of {entry.value} are missing: {error}", file=sys.stderr)


def main() -> None:
    """Run `course`. A CourseError or an OSError ends it with one sentence on stderr and a documented exit code."""
    from course_utils.lab import use_own_programs
    from course_utils.quick_start import collect_seldom, skip_unused_grammar

    skip_unused_grammar()
    collect_seldom()
    use_own_programs()
    add_commands()
    try:
        app(prog_name="course")
    except CourseError as error:
        _stop(str(error), error.exit_code)
    except OSError as error:
        problem = from_os(error)
        _stop(str(problem), problem.exit_code)


def _stop(sentence: str, exit_code: int) -> None:
    print(f"course: {sentence}", file=sys.stderr)
    sys.exit(exit_code)
