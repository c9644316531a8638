"""Finds the students who share rare fragments, with a sparse matrix of students and fragments times its transpose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from course_grader.similar.fragments import Fragments, fragments

# A fragment is common, and does not count, if more than this share of the class has it. Up to ALWAYS students may have
# it in any case, so that a small class has rare fragments too.
COMMON, ALWAYS = 0.02, 5
FEWEST = 3

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Common:
    """What two students share in one exercise: its weight, both sources, and the similar lines of each, from 1."""

    exercise: str
    weight: float
    sources: tuple[str, str]
    lines: tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class Pair:
    """Two students with similar answers.

    weight: the sum of log2(m / d) over the rare fragments that both have. d is the number of students who have the
        fragment; m is the number of students from which on a fragment counts as common.
    share: the weight divided by the weight of all rare fragments of the student who has less of them.
    usual: the weight relative to a typical weight, which is the median over all students of their highest weight with
        any other student.
    """

    students: tuple[str, str]
    weight: float
    share: float
    usual: float
    common: tuple[Common, ...]


def similar_pairs(
    answers: Mapping[str, Answers], known: Sequence[Answers], constants: bool = True, most: int = 50
) -> list[Pair]:
    """Return the pairs of students who share most, with the largest weight first.

    answers: the source of each exercise, for each student.
    known: sources that everyone can have, such as the stub and the reference; their fragments do not count.
    constants: whether different numbers make answers different.
    most: the largest number of pairs to return.
    """
    students = list(answers)
    public = {
        (exercise, fragment)
        for source in known
        for exercise, text in source.items()
        for fragment in fragments(text, constants)
    }
    memory: dict[str, Fragments] = {}
    keys_by_student = [_keys(answers[student], public, constants, memory) for student in students]
    counts = Counter(key for keys in keys_by_student for key in keys)
    common_from = 1 + max(ALWAYS, int(COMMON * len(students)))
    rare = {key: math.log2(common_from / count) for key, count in counts.items() if count < common_from}
    weights = {key: weight for key, weight in rare.items() if counts[key] > 1}
    matrix = _matrix(keys_by_student, weights)
    both, fragments_shared = _products(matrix, weights)
    if both.nnz == 0:
        return []
    usual = float(np.median(both.maximum(both.T).max(axis=1).toarray()))
    totals = [sum(rare.get(key, 0.0) for key in keys) for keys in keys_by_student]
    order = np.argsort(-both.data, kind="stable")
    pairs: list[Pair] = []
    for place in order:
        i, j, weight = int(both.row[place]), int(both.col[place]), float(both.data[place])
        if fragments_shared[i, j] >= FEWEST and len(pairs) < most:
            names = students[i], students[j]
            shared = {key for key in keys_by_student[i] if key in weights and key in keys_by_student[j]}
            common = _common(
                shared, weights, (answers[names[0]], answers[names[1]]), (keys_by_student[i], keys_by_student[j])
            )
            pairs.append(Pair(names, weight, weight / min(totals[i], totals[j]), weight / max(usual, 1.0), common))
    return pairs


Keys = dict[tuple[str, str], set[int]]


def _keys(answers: Answers, public: set[tuple[str, str]], constants: bool, memory: dict[str, Fragments]) -> Keys:
    """Return the fragments of a student's answers, each with its exercise, except for public ones."""
    keys: Keys = {}
    for exercise, source in answers.items():
        if source not in memory:
            memory[source] = fragments(source, constants)
        keys.update(
            {
                (exercise, fragment): lines
                for fragment, lines in memory[source].items()
                if (exercise, fragment) not in public
            }
        )
    return keys


def _matrix(keys_by_student: Sequence[Keys], weights: Mapping[tuple[str, str], float]) -> sparse.csr_array:
    """Return a matrix that is 1 where a student (row) has a rare fragment (column)."""
    columns = {key: column for column, key in enumerate(weights)}
    cells = [(row, columns[key]) for row, keys in enumerate(keys_by_student) for key in keys if key in columns]
    rows, places = np.array(cells, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(cells)), (rows, places)), shape=(len(keys_by_student), len(columns)))


def _products(
    matrix: sparse.csr_array, weights: Mapping[tuple[str, str], float]
) -> tuple[sparse.coo_array, sparse.csr_array]:
    """Return the weight of the fragments that both students of a pair have, above the diagonal, and their number."""
    weight = sparse.dia_array((np.array([list(weights.values())]), [0]), shape=(len(weights), len(weights)))
    return sparse.triu(matrix @ weight @ matrix.T, k=1).tocoo(), sparse.csr_array(matrix @ matrix.T)


def _common(
    shared: set[tuple[str, str]], weights: Mapping[tuple[str, str], float], answers: tuple[Answers, Answers],
    keys_by_student: tuple[Keys, Keys],
) -> tuple[Common, ...]:  # fmt: skip
    by_exercise: dict[str, list[tuple[str, str]]] = {}
    for key in shared:
        by_exercise.setdefault(key[0], []).append(key)
    commons = [
        Common(
            exercise,
            sum(weights[key] for key in keys),
            (answers[0][exercise], answers[1][exercise]),
            (
                frozenset().union(*(keys_by_student[0][key] for key in keys)),
                frozenset().union(*(keys_by_student[1][key] for key in keys)),
            ),
        )
        for exercise, keys in by_exercise.items()
    ]
    return tuple(sorted(commons, key=lambda common: (-common.weight, common.exercise)))
