"""Plain values, their JSON, and the differences between two of them."""

from __future__ import annotations

import json
import math
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.checks.compare import Tolerance, difference, margin
from course_utils.checks.values import Array, Other, Raised, form, from_json, plain, to_json

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=5)
arrays = hnp.arrays(
    st.sampled_from(["float64", "float32", "int64", "bool", "complex128"]), hnp.array_shapes(max_dims=3, max_side=4)
)
answers = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
EXACT = Tolerance(0.0, 0.0)


@given(answers)
def test_json_keeps_every_plain_value_to_the_last_bit(answer: Any) -> None:
    value = plain(answer)
    again = from_json(json.loads(json.dumps(to_json(value))))
    assert difference(value, again, EXACT) is None
    assert difference(again, value, EXACT) is None


@given(answers)
def test_a_value_never_differs_from_itself(answer: Any) -> None:
    assert margin(plain(answer), plain(answer), EXACT) == 0


def test_plain_values_are_snapshots() -> None:
    x = np.zeros(3)
    value = plain([x])
    x[0] = 1
    assert value[0].data[0] == 0


def test_odd_values_are_named_in_words() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deepest = plain(endless)
    while isinstance(deepest, list):
        deepest = deepest[0]
    assert deepest == Other("a structure nested too deeply")
    assert plain(iter([1])) == Other("a generator")
    assert plain(len) == Other("a function")
    assert plain(np.array([None])) == Other("an array of objects")
    assert plain(np.float64(2.0)) == 2.0
    assert plain(np.array(3)) == 3


def test_form_keeps_shapes_and_drops_numbers() -> None:
    one, other = (form(plain((np.random.default_rng(seed).normal(size=(2, 3)), 1.0 * seed))) for seed in (1, 2))
    assert difference(one, other, EXACT) is None
    assert difference(one, form(plain((np.zeros((3, 2)), 1.0))), EXACT) is not None


def test_form_of_a_random_bool_is_its_type() -> None:
    drawn = form(plain({"kept": True}))
    again = from_json(json.loads(json.dumps(to_json(drawn))))
    assert difference(again, form(plain({"kept": np.bool_(False)})), EXACT) is None
    for received in (1, None, np.zeros(1, bool)):
        found = difference(again, form(plain({"kept": received})), EXACT)
        assert found is not None
        assert found.structural
    number = difference(form(plain(1)), form(plain(True)), EXACT)
    assert number is not None
    assert number.sentence == "the result is True or False; expected a number."


@pytest.mark.parametrize(
    ("expected", "received", "kind"),
    [
        (np.zeros(2), 0.0, "type"),
        (1.0, np.ones(50), "type"),
        (np.zeros(2), np.zeros((2, 1)), "shape"),
        (np.zeros(2), np.zeros(2, np.float32), "dtype"),
        (np.zeros(2, int), np.zeros(2), "dtype"),
        (np.zeros(2), np.zeros(2, int), "dtype"),
        (1.0, True, "type"),
        (True, 1.0, "type"),
        (1.0, 1j, "complex"),
        (1.0, None, "none"),
        (1.0, float("nan"), "nan"),
        (1.0, 1.001, "value"),
        (math.inf, -math.inf, "value"),
        (math.inf, 1e300, "value"),
        pytest.param(1.0, 10**400, "value", id="beyond every float"),
        pytest.param(-math.inf, 10**400, "value", id="beyond every float, and -inf"),
        (np.arange(3.0), np.arange(3.0).view(">f8"), "value"),
        ((1.0, 2.0), [1.0, 2.0], "type"),
        ((1.0, 2.0), (1.0,), "length"),
        ({"m": 1.0}, {"v": 1.0}, "missing"),
        ({"m": 1.0}, {"m": 2.0}, "value"),
        ({1, 2}, {1}, "value"),
        ("a", "b", "value"),
        (Raised("ValueError", True), 1.0, "not raised"),
        (Raised("ValueError", True), Raised("TypeError", True), "raised"),
        (Raised("ValueError", True), Raised("ValueError", False), "silent"),
        (1.0, Raised("TypeError", True), "raised"),
    ],
)
def test_each_difference_has_its_kind(expected: Any, received: Any, kind: str) -> None:
    found = difference(plain(expected), plain(received), Tolerance())
    assert found is not None
    assert found.kind == kind


def test_only_a_whole_result_of_none_lacks_a_return() -> None:
    whole, item = (
        difference(plain(one), plain(other), EXACT) for one, other in ((1.0, None), ((1.0, 2.0), (None, 2.0)))
    )
    assert whole is not None
    assert whole.sentence == "the result is None. Is a `return` missing?"
    assert item is not None
    assert item.sentence == "item 0 of the result is None; expected a number."


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        (1.0, 1),
        (2, 2.0),
        (math.inf, math.inf),
        (math.nan, math.nan),
        (1.0, 1 + 1e-9),
        (np.arange(3.0), np.arange(3.0).astype(">f8")),
        ({"m": 1.0}, {"m": 1.0, "more": 2}),
    ],
)
def test_harmless_differences_are_none(expected: Any, received: Any) -> None:
    assert difference(plain(expected), plain(received), Tolerance()) is None


def test_float32_is_accepted_if_the_exercise_says_so() -> None:
    exact = np.random.default_rng(0).normal(size=20)
    rough = plain(exact.astype(np.float32))
    assert difference(plain(exact), rough, Tolerance().loosened(), float32=True) is None
    assert difference(plain(exact), rough, Tolerance()) is not None


def test_wrong_form_is_reported_before_wrong_numbers() -> None:
    found = difference(plain((1.0, np.zeros(2))), plain((2.0, np.zeros(3))), Tolerance())
    assert found is not None
    assert found.kind == "shape"


def test_margin_counts_tolerances() -> None:
    assert margin(1.0, 1.5, Tolerance(0.0, 0.1)) == pytest.approx(5)
    assert margin(Array("float64", (1,), np.zeros(1)), None, Tolerance()) == math.inf
