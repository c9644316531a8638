"""Which students share rare fragments: an inverted index, as a sparse matrix times its transpose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from course_grader.similar.fragments import Fragments, fragments

# A fragment is common, and says nothing, where more of the class have it; in a small class five may.
COMMON, ALWAYS = 0.02, 5
FEWEST = 3

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Common:
    """What two students share in one exercise: the weight, the sources, and the lines that are alike, from 1."""

    exercise: str
    weight: float
    sources: tuple[str, str]
    lines: tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class Pair:
    """Two students.

    weight: the sum over the rare fragments that they share, log2(m / d) for one that d students have and that would be
        common if m had it.
    share: the part that this is of the rare fragments of the one who has fewer.
    usual: how many times it is what half the class shares with its closest.
    """

    students: tuple[str, str]
    weight: float
    share: float
    usual: float
    common: tuple[Common, ...]


def similar_pairs(
    answers: Mapping[str, Answers], known: Sequence[Answers], constants: bool = True, most: int = 50
) -> list[Pair]:
    """Return the pairs of students who share most, the strongest first.

    answers: for each student the source of each exercise.
    known: what is handed out or public, such as the stub and the reference; its fragments do not count.
    constants: whether numbers tell answers apart.
    """
    students = list(answers)
    public = {
        (exercise, one) for source in known for exercise, text in source.items() for one in fragments(text, constants)
    }
    memory: dict[str, Fragments] = {}
    found = [_keys(answers[student], public, constants, memory) for student in students]
    counts = Counter(key for keys in found for key in keys)
    common_from = 1 + max(ALWAYS, int(COMMON * len(students)))
    rare = {key: math.log2(common_from / count) for key, count in counts.items() if count < common_from}
    weights = {key: weight for key, weight in rare.items() if counts[key] > 1}
    matrix = _matrix(found, weights)
    both, fragments_shared = _products(matrix, weights)
    if both.nnz == 0:
        return []
    usual = float(np.median(both.maximum(both.T).max(axis=1).toarray()))
    totals = [sum(rare.get(key, 0.0) for key in keys) for keys in found]
    order = np.argsort(-both.data, kind="stable")
    pairs: list[Pair] = []
    for place in order:
        i, j, weight = int(both.row[place]), int(both.col[place]), float(both.data[place])
        if fragments_shared[i, j] >= FEWEST and len(pairs) < most:
            names = students[i], students[j]
            shared = {key for key in found[i] if key in weights and key in found[j]}
            common = _common(shared, weights, (answers[names[0]], answers[names[1]]), (found[i], found[j]))
            pairs.append(Pair(names, weight, weight / min(totals[i], totals[j]), weight / max(usual, 1.0), common))
    return pairs


Keys = dict[tuple[str, str], set[int]]


def _keys(answers: Answers, public: set[tuple[str, str]], constants: bool, memory: dict[str, Fragments]) -> Keys:
    """Return the fragments of a student's answers, each with its exercise, without those that are public."""
    keys: Keys = {}
    for exercise, source in answers.items():
        if source not in memory:
            memory[source] = fragments(source, constants)
        keys.update({(exercise, one): lines for one, lines in memory[source].items() if (exercise, one) not in public})
    return keys


def _matrix(found: Sequence[Keys], weights: Mapping[tuple[str, str], float]) -> sparse.csr_array:
    """Return which student (row) has which rare fragment (column)."""
    columns = {key: column for column, key in enumerate(weights)}
    cells = [(row, columns[key]) for row, keys in enumerate(found) for key in keys if key in columns]
    rows, places = np.array(cells, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(cells)), (rows, places)), shape=(len(found), len(columns)))


def _products(
    matrix: sparse.csr_array, weights: Mapping[tuple[str, str], float]
) -> tuple[sparse.coo_array, sparse.csr_array]:
    """Return for each pair, above the diagonal, the weight and the number of the fragments that both have."""
    weight = sparse.dia_array((np.array([list(weights.values())]), [0]), shape=(len(weights), len(weights)))
    return sparse.triu(matrix @ weight @ matrix.T, k=1).tocoo(), sparse.csr_array(matrix @ matrix.T)


def _common(
    shared: set[tuple[str, str]], weights: Mapping[tuple[str, str], float], answers: tuple[Answers, Answers],
    found: tuple[Keys, Keys],
) -> tuple[Common, ...]:  # fmt: skip
    by_exercise: dict[str, list[tuple[str, str]]] = {}
    for key in shared:
        by_exercise.setdefault(key[0], []).append(key)
    commons = [
        Common(
            exercise,
            sum(weights[key] for key in keys),
            (answers[0][exercise], answers[1][exercise]),
            (frozenset().union(*(found[0][key] for key in keys)), frozenset().union(*(found[1][key] for key in keys))),
        )
        for exercise, keys in by_exercise.items()
    ]
    return tuple(sorted(commons, key=lambda common: (-common.weight, common.exercise)))
