"""Hostile and broken submissions earn no points that they do not deserve, and lose no other exercise."""

from __future__ import annotations

import ast
import textwrap

import pytest

from course_grader.engine.rpc.message import pack
from tests.engine.conftest import PATCH, ROOT, Exam, outcomes, printed, raised

WRONG = """
def sgd_step(w, grad, lr):
    return w
"""
RIGHT = """
def sgd_step(w, grad, lr):
    return w - lr * grad
"""

# Each is put into the cell of sgd_step, and does not deserve its points.
UNDESERVED = {
    "assertions of NumPy replaced": """
        yes = lambda *a, **k: True
        patch(np, allclose=yes, isclose=yes)
        patch(np.testing, assert_allclose=yes)
        """
    + WRONG,
    "built-in functions replaced": """
        import builtins
        builtins.isinstance = lambda *a: True
        builtins.AssertionError = type("Nothing", (Exception,), {})
        builtins.print = builtins.len = lambda *a, **k: None
        """
    + WRONG,
    "check and the set-up's names defined again": """
        def check(*a, **k): pass
        check_hidden = check
        import course_utils.checks.checking as checking
        patch(checking, check=check, check_hidden=check, judge=check)
        """
    + WRONG,
    "np defined again": """
        import types
        real, np = np, types.ModuleType("numpy")
        vars(np).update(vars(real))
        yes = lambda *a, **k: True
        patch(np, allclose=yes, array_equal=yes, isclose=yes)
        """
    + WRONG,
    "the compare module replaced": """
        import course_utils.checks.compare as compare, course_utils.checks.judge as judge
        for module in (compare, judge): patch(module, difference=lambda *a, **k: None)
        """
    + WRONG,
    "arrays that lie in every comparison": """
        class Liar(np.ndarray):
            def __eq__(self, other): return np.ones(self.shape, bool)
            __le__ = __lt__ = __ge__ = __gt__ = __eq__
            def __sub__(self, other): return np.zeros(self.shape)
            __rsub__ = __sub__
            def __array__(self, *a, **k): return np.zeros(self.shape)
            def __array_ufunc__(self, *a, **k): return np.zeros(self.shape)
        def sgd_step(w, grad, lr):
            return np.array(w).view(Liar)
        """,
    "an object that equals everything": """
        class Yes:
            def __eq__(self, other): return True
            def __getattr__(self, name): return self
            def __call__(self, *a, **k): return self
        def sgd_step(w, grad, lr):
            return Yes()
        """,
    "a false shape": """
        class Odd(np.ndarray):
            shape = (5,)
            nbytes = size = ndim = -1
        def sgd_step(w, grad, lr):
            return np.zeros((2, 2)).view(Odd)
        """,
    "itself": "def sgd_step(w, grad, lr):\n    return sgd_step",
    "an array of objects": "def sgd_step(w, grad, lr):\n    return np.array([None, print, 1], dtype=object)",
    "lists nested a thousand deep": "x = []\nfor _ in range(900): x = [x]\ndef sgd_step(w, grad, lr):\n    return x",
    "a list that holds itself": "x = []\nx.append(x)\ndef sgd_step(w, grad, lr):\n    return x",
    "lists that multiply": "x = [1]\nfor _ in range(60): x = [x, x]\ndef sgd_step(w, grad, lr):\n    return x",
    "NaN": "def sgd_step(w, grad, lr):\n    return w * np.nan",
    "a generator": "def sgd_step(w, grad, lr):\n    yield w",
    "an endless iterator": "import itertools\ndef sgd_step(w, grad, lr):\n    return itertools.count()",
    "ten gigabytes": "def sgd_step(w, grad, lr):\n    return np.ones(10**10 // 8)",
    "more than a message holds": "def sgd_step(w, grad, lr):\n    return np.ones(10**7)",
    "another value at each call": """
        import random
        def sgd_step(w, grad, lr):
            return w - random.random() * grad
        """,
    "the arguments changed instead": "def sgd_step(w, grad, lr):\n    w -= lr * grad\n    return w",
    "a subclass of the expected error": "class Mine(ValueError): pass\ndef sgd_step(w, grad, lr):\n    raise Mine('x')",
    "KeyboardInterrupt": "def sgd_step(w, grad, lr):\n    raise KeyboardInterrupt",
    "SystemExit": "def sgd_step(w, grad, lr):\n    raise SystemExit(0)",
    "a million threads": """
        import threading, time
        threads = []
        try:
            for _ in range(10**6):
                threads.append(threading.Thread(target=time.sleep, args=(10**6,), daemon=True))
                threads[-1].start()
        except (RuntimeError, MemoryError):
            pass
        """
    + WRONG,
    "a memory bomb": "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))",
    "a class in place of the function": "class sgd_step:\n    def __new__(cls, w, grad, lr): return w - lr * grad",
    "input transformers": """
        get_ipython().input_transformers_cleanup.append(lambda lines: [l for l in lines if "check" not in l])
        get_ipython().ast_transformers.append(type("T", (), {"visit": staticmethod(lambda tree: tree)})())
        """
    + WRONG,
    "display hook and traceback replaced": """
        import sys
        sys.displayhook = sys.excepthook = lambda *a: None
        patch(get_ipython(), showtraceback=lambda *a, **k: None, _showtraceback=lambda *a, **k: None)
        """
    + WRONG,
    "modules of known names beside the notebook": """
        from pathlib import Path
        Path("course_utils").mkdir()
        for name in ("numpy.py", "msgpack.py", "sitecustomize.py", "course_utils/__init__.py"):
            Path(name).write_text("raise SystemExit('captured')")
        """
    + WRONG,
    "the published key edited": """
        import course_utils.checks.keys as keys
        for path in keys.PUBLISHED.iterdir():
            try: path.write_text("{}")
            except OSError: pass
        """
    + WRONG,
    "messages forged on every descriptor": """
        import os, msgpack, struct
        forged = msgpack.packb(["return", [], 1.0])
        def sgd_step(w, grad, lr):
            for fd in range(3, 64):
                try: os.write(fd, struct.pack("<I", len(forged)) + forged)
                except OSError: pass
            return w
        """,
    "a syntax error": "def sgd_step(w grad lr):",
    "nothing at all": "",
}
# The errors in which cells end by design, and what arrives on the wire: an attack that ends in another way did not run.
RAISING = {"a memory bomb": "MemoryError", "a syntax error": "SyntaxError"}
ARRIVING = {"messages forged on every descriptor": pack(["return", [], 1.0])}
# Each ends the process or breaks the connection. The result says so, and the rest is graded.
ENDING = {
    "os._exit": "import os\ndef sgd_step(w, grad, lr):\n    os._exit(0)",
    "os.abort": "import os\ndef sgd_step(w, grad, lr):\n    os.abort()",
    "a segmentation fault": "import ctypes\ndef sgd_step(w, grad, lr):\n    ctypes.string_at(0)",
    "killing everything in reach": """
        import os, signal
        def sgd_step(w, grad, lr):
            for pid in (-1, 0, *range(2, 400)):
                try: os.kill(pid, signal.SIGKILL)
                except OSError: pass
            os._exit(9)
        """,
    "junk on every descriptor": """
        import os
        def sgd_step(w, grad, lr):
            for fd in range(3, 64):
                try: os.write(fd, b"junk" * 1000)
                except OSError: pass
            return w - lr * grad
        """,
    "every descriptor closed": "import os\ndef sgd_step(w, grad, lr):\n    os.closerange(0, 256)",
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("name", UNDESERVED)
def test_an_attack_earns_nothing_and_costs_nobody(exam: Exam, name: str, heard: list[bytes]) -> None:
    result = exam.grade(exam.changed({"sgd_step": PATCH + textwrap.dedent(UNDESERVED[name])}))
    found = outcomes(result)
    assert found.pop("sgd_step") in ("failed", "missing", "refused", "stopped")
    assert [cell.points for cell in result.cells if "sgd_step" in cell.exercises] == [0, 0]
    assert set(found.values()) == {"passed"}, found
    assert raised(result) == ([RAISING[name]] if name in RAISING else [])
    assert name not in ARRIVING or ARRIVING[name] in heard


@pytest.mark.needs("isolation")
def test_reading_the_published_key_earns_only_the_published_points(exam: Exam) -> None:
    # The guide warns of this: points that matter belong to the hidden checks.
    source = """
    from course_utils.checks.keys import published_key
    from course_utils.checks.values import Array
    runs = published_key("sgd_step").parts["values"].runs
    seen = [one.value for run in runs for one in run]
    told = iter([one.data if isinstance(one, Array) else one for one in seen if isinstance(one, Array | float)])
    def sgd_step(w, grad, lr):
        return next(told, w)
    """
    result = exam.grade(exam.changed({"sgd_step": textwrap.dedent(source)}))
    found = {cell.grade_id: cell.outcome for cell in result.cells}
    assert (found.pop("sgd_step_visible"), found.pop("sgd_step_hidden")) == ("passed", "failed")
    assert set(found.values()) == {"passed"}


@pytest.mark.needs("isolation")
def test_a_thread_that_goes_on_earns_nothing_and_reaches_no_other_submission(exam: Exam) -> None:
    before = exam.grade(exam.right)
    source = """
    import os, socket, threading
    def haunt():
        while True:
            for name in ("sgd_step", "sample_log_uniform"): globals()[name] = lambda *a, **k: 1.0
            for fd in range(3, 64):
                try: socket.socket(fileno=os.dup(fd)).recv(1 << 20, socket.MSG_DONTWAIT)
                except OSError: pass
    def sgd_step(w, grad, lr):
        return w
    threading.Thread(target=haunt, daemon=True).start()
    """
    result = exam.grade(exam.changed({"sgd_step": textwrap.dedent(source)}), total_seconds=30)
    # From here on it may disturb its own messages, in every cell.
    assert outcomes(result)["sgd_step"] != "passed"
    assert result.cells[0].points == result.cells[1].points == 0
    assert all(cell.message for cell in result.cells if cell.outcome != "passed")
    assert exam.grade(exam.right) == before


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("source", ENDING.values(), ids=ENDING)
def test_a_process_that_ends_loses_its_exercise_alone(exam: Exam, source: str) -> None:
    result = exam.grade(exam.changed({"sgd_step": textwrap.dedent(source)}))
    found = outcomes(result)
    assert found.pop("sgd_step") in ("stopped", "refused")
    assert set(found.values()) == {"passed"}, found
    assert all(cell.message.startswith("sgd_step: ") for cell in result.cells if "sgd_step" in cell.exercises)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        """
        import signal
        for number in range(1, 64):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
    ],
    ids=["plain", "signals ignored, exceptions swallowed"],
)
def test_an_endless_loop_loses_its_exercise_alone(exam: Exam, loop: str) -> None:
    in_cell = exam.grade(exam.changed({"sgd_step": textwrap.dedent(loop)}), cell_seconds=4)
    assert outcomes(in_cell) == dict.fromkeys(outcomes(in_cell), "passed") | {"sgd_step": "missing"}
    assert "took too long" in str(in_cell.outputs)
    function = "def sgd_step(w, grad, lr):\n" + textwrap.indent(textwrap.dedent(loop), "    ")
    in_function = exam.grade(exam.changed({"sgd_step": function}), test_seconds=4, again_seconds=1)
    assert outcomes(in_function) == dict.fromkeys(outcomes(in_function), "passed") | {"sgd_step": "stopped"}
    assert in_function.cells[0].message == "sgd_step: it took too long and was stopped."


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("end", ["import sys; sys.exit()", "raise KeyboardInterrupt", "exit()", "quit()"])
def test_leaving_a_cell_early_loses_nothing_that_was_defined(exam: Exam, end: str) -> None:
    result = exam.grade(exam.changed({"sgd_step": f"{RIGHT}\n{end}"}))
    assert set(outcomes(result).values()) == {"passed"}


@pytest.mark.needs("isolation")
def test_a_cell_that_ends_the_process_is_left_out_when_the_rest_runs_again(exam: Exam) -> None:
    result = exam.grade(exam.changed({"sgd_step": f"{RIGHT}\nimport os; os._exit(3)"}))
    assert outcomes(result).pop("sgd_step") == "missing"
    assert [name for name, outcome in outcomes(result).items() if outcome != "passed"] == ["sgd_step"]
    assert "exit code 3" in str(result.outputs)


@pytest.mark.needs("isolation")
def test_a_closure_that_turns_bad_later_loses_its_exercise_alone(exam: Exam) -> None:
    later = "import os\ndef with_warmup(schedule, warmup_epochs):\n    return lambda epoch: os._exit(1)"
    found = outcomes(exam.grade(exam.changed({"with_warmup": later})))
    assert found == dict.fromkeys(found, "passed") | {"with_warmup": "stopped"}


@pytest.mark.needs("isolation")
def test_a_callback_called_without_end_is_refused(exam: Exam) -> None:
    often = """
def with_warmup(schedule, warmup_epochs):
    while True:
        schedule(0.5)
"""
    result = exam.grade(exam.changed({"with_warmup": often}), callbacks=1000)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | {"with_warmup": "refused"}
    said = "It calls the functions that it gets as arguments too often."
    assert any(cell.message.endswith(said) for cell in result.cells)


@pytest.mark.needs("isolation")
def test_more_than_a_cell_may_send_is_refused(exam: Exam) -> None:
    sending = "def with_warmup(schedule, warmup_epochs):\n    return lambda epoch: 'x' * 2 * 10**7"
    result = exam.grade(exam.changed({"with_warmup": sending}), received=32 * 2**20)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | {"with_warmup": "refused"}


@pytest.mark.needs("isolation")
def test_a_callback_that_is_kept_serves_nobody_later(exam: Exam) -> None:
    keeping = """
kept = []
def with_warmup(schedule, warmup_epochs):
    kept.append(schedule)
    return [one(epoch) for epoch in range(2) for one in kept] and schedule
"""
    using = "def sgd_step(w, grad, lr):\n    return kept[0](1) if kept else w"
    result = exam.grade(exam.changed({"with_warmup": keeping, "sgd_step": using}))
    found = outcomes(result)
    assert found["sgd_step"] == "failed"
    assert found["sample_log_uniform"] == found["robbins_monro_schedules"] == "passed"


@pytest.mark.needs("isolation")
def test_an_unlucky_flood_of_output_is_cut_and_costs_nothing(exam: Exam) -> None:
    flood = RIGHT + "\nfor _ in range(100): print('x' * 10**6)\nimport sys; sys.stderr.write('warning')"
    result = exam.grade(exam.changed({"sgd_step": flood}))
    assert set(outcomes(result).values()) == {"passed"}
    assert 10**6 < len(printed(result)) < 3 * 2**20
    assert "It was cut here" in printed(result)


@pytest.mark.needs("isolation")
def test_a_full_disk_costs_nothing_but_the_file(exam: Exam) -> None:
    filling = """
try:
    for i in range(100):
        with open(f"file{i}", "wb") as file: file.write(bytes(2**20))
except OSError as error:
    print("stopped:", error.strerror)
"""
    result = exam.grade(exam.changed({"sgd_step": filling + RIGHT}))
    assert set(outcomes(result).values()) == {"passed"}
    assert "stopped: No space left on device" in printed(result)


# Each test prints NO if the sandbox forbids this, and YES if not.
DOORS = {
    "starting programs": "import subprocess; subprocess.run(['true'])",
    "forking": "import os; os.fork() or os._exit(0)",
    "replacing itself": "import os; os.execv('/usr/bin/true', ['true'])",
    "a socket": "import socket; socket.socket()",
    "a connection": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:80', timeout=1)",
    "a new namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "tracing": "import ctypes; assert ctypes.CDLL(None).ptrace(16, 2, 0, 0) == 0",
    "mounting": "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "the memory of others": "open('/proc/1/mem', 'rb')",
    "writing among the packages": "import numpy, pathlib; (pathlib.Path(numpy.__file__).parent / 'x').write_text('')",
    "writing to the course": "import course_utils; open(course_utils.__file__, 'a')",
    "writing to the root": "open('/x', 'w')",
    "becoming root": "import os; os.setuid(0)",
    "raising limits": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_the_sandbox_forbids_this(exam: Exam, door: str) -> None:
    # A name that is missing shuts no door.
    shut = "(OSError, ValueError, AssertionError)"
    source = f"try:\n    {door}\nexcept {shut} as error:\n    print('NO', error)\nelse:\n    print('YES')"
    assert printed(exam.grade(exam.changed({"sgd_step": source}))).startswith("NO ")


@pytest.mark.needs("isolation")
def test_nothing_secret_is_in_view(exam: Exam) -> None:
    look = f"""
import os, sys
for path in {[str(path) for path in (exam.key, exam.solutions, ROOT / "solutions", ROOT / "lessons", ROOT / "tests")]}:
    print(path, "THERE" if os.path.exists(path) else "absent")
for path in ("/", os.environ["HOME"], "/proc", {str(ROOT)!r}):
    print(os.listdir(path))
print([name for name in sys.modules if "referee" in name or "assignment" in name or "lessons" in name])
print([fd for fd in range(1000) if os.path.exists(f"/dev/fd/{{fd}}")], dict(os.environ))
"""
    shown = printed(exam.grade(exam.changed({"sgd_step": look})))
    assert shown.count("absent") == 5
    assert "THERE" not in shown
    root, private, processes, course = (set(ast.literal_eval(line)) for line in shown.splitlines()[5:9])
    assert not root & {"home", "var", "opt", "mnt", "srv", "boot", "run"}
    assert private | processes == set()
    assert course <= {"course_grader", "course_utils", ".venv"}
    assert shown.splitlines()[9] == "[]"
    assert "COURSE" not in shown


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("planted", [False, True])
def test_frames_and_objects_hold_no_key(exam: Exam, planted: bool) -> None:
    secret = str(exam.assignment.hidden["sgd_step"]["parts"]["values"]["seeds"][0])
    assert len(secret) > 6
    # Backwards, or the search would find its own source.
    look = """
import gc, sys
kept = [PLANTED]
def everything():
    frame, texts = sys._getframe(), []
    while frame:
        texts += [repr(frame.f_locals)[:100_000], frame.f_code.co_filename]
        frame = frame.f_back
    texts += [str(obj)[:10_000] for obj in gc.get_objects() if type(obj) in (list, dict, tuple, set)]
    return "".join(texts)
def sgd_step(w, grad, lr):
    raise ValueError("seen" if "".join(reversed("SECRET")) in everything() else "unseen")
""".replace("SECRET", secret[::-1]).replace("PLANTED", secret if planted else "0")
    result = exam.grade(exam.changed({"sgd_step": look}), test_seconds=60)
    assert f"ValueError: {'seen' if planted else 'unseen'}" in str(result.cells[0].rows)


@pytest.mark.needs("isolation")
def test_the_next_submission_is_graded_as_if_nothing_had_happened(exam: Exam) -> None:
    before = exam.grade(exam.right)
    exam.grade(exam.changed({"sgd_step": textwrap.dedent(ENDING["killing everything in reach"])}))
    after = exam.grade(exam.right)
    assert after == before
    assert after.score == after.max_score > 0


@pytest.mark.needs("isolation")
def test_messages_contain_no_control_characters(exam: Exam) -> None:
    text = "\\x1b[31m\\x1b]0;title\\x07\\u202eevil\\u200b\\x9b"
    loud = f"def sgd_step(w, grad, lr):\n    raise ValueError('{text}')\nprint('\\x1b[1mA\\u2066')"
    result = exam.grade(exam.changed({"sgd_step": loud}))
    text = str(result.to_json())
    assert "evil" in text
    assert not any(mark in text for mark in ("\\x1b", "\\u202e", "\\u2066", "\\x9b", "title"))


@pytest.mark.needs("isolation")
def test_a_shell_command_says_that_it_does_nothing(exam: Exam) -> None:
    result = exam.grade(exam.changed({"sgd_step": "%matplotlib inline\n!rm -rf /\nfiles = !ls\nprint(files)" + RIGHT}))
    assert set(outcomes(result).values()) == {"passed"}
    assert printed(result).count("do not run while a notebook is graded") == 2
