"""Likely mistakes of lesson 07b."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "backtracking", "any_decrease", "+ c * t * slope", "",
        "You accept any decrease, however small. The rule requires a share c of the decrease that the "
        "slope promises.",
    ),
    edit(
        "backtracking", "t_forgotten", "c * t * slope", "c * slope",
        "You require the same decrease from a short step as from a long one. What does the slope promise "
        "for a step of t?",
    ),
    edit(
        "backtracking", "bound_rises", "+ c * t * slope", "- c * t * slope",
        "The slope along a way down is negative. Your bound lies above f(w), so even a step upwards may pass.",
    ),
    edit(
        "backtracking", "backwards", "f(w + t * direction)", "f(w - t * direction)",
        "You evaluate f behind you. The direction already includes its sign.",
    ),
    rewrite(
        "backtracking", "nan_accepted",
        """
        def backtracking(f, w, grad, direction, shrink=0.5, c=1e-4, max_iter=50):
            slope = grad @ direction
            if slope >= 0:
                raise ValueError("the direction does not lead down")
            start, t = f(w), 1.0
            for _ in range(max_iter):
                if f(w + t * direction) > start + c * t * slope:
                    t *= shrink
                else:
                    return t
            raise ValueError("no rate found")
        """,
        "A comparison with NaN is never true, so NaN is not *above* the bound either. Ask what must be "
        "true instead.",
    ),
    edit(
        "backtracking", "starts_shrunk", "t = 1.0", "t = shrink",
        "You never try the rate 1. For Newton-like directions it is usually the right one.",
    ),
    edit(
        "backtracking", "no_descent_check", "if slope >= 0:", "if False:",
        "You accept any direction. What does the rule promise if the slope along it is not negative?",
    ),
    edit(
        "backtracking", "one_try_too_many", "range(max_iter)", "range(max_iter + 1)",
        "Count the rates that you try, including the rate 1: there are at most max_iter.",
    ),
    rewrite(
        "backtracking", "gives_up_silently",
        """
        def backtracking(f, w, grad, direction, shrink=0.5, c=1e-4, max_iter=50):
            slope, t = grad @ direction, 1.0
            if slope >= 0:
                raise ValueError("the direction does not lead down")
            for _ in range(max_iter):
                if f(w + t * direction) <= f(w) + c * t * slope:
                    return t
                t *= shrink
            return t
        """,
        "If no rate passes, you return one that failed the test. The caller would never know.",
    ),
    edit(
        "hessian_vector_product", "one_sided",
        "(gradient(w + h * v) - gradient(w - h * v)) / (2 * h)", "(gradient(w + h * v) - gradient(w)) / h",
        "This is the one-sided difference, whose error falls only like h. Two calls also give the central one.",
    ),
    edit(
        "hessian_vector_product", "one_h", "/ (2 * h)", "/ h",
        "How far apart, in units of v, are the two points at which you call gradient?",
    ),
    edit(
        "hessian_vector_product", "normalized", "(gradient(w + h * v) - gradient(w - h * v)) / (2 * h)",
        "(gradient(w + h * v / np.linalg.norm(v)) - gradient(w - h * v / np.linalg.norm(v))) / (2 * h)",
        "You divide v by its length, but you do not multiply the result by that length. H(2v) is twice "
        "Hv.",
    ),
    edit(
        "hessian_vector_product", "own_distance", "(gradient(w + h * v) - gradient(w - h * v)) / (2 * h)",
        "(gradient(w + h * v / np.linalg.norm(v)) - gradient(w - h * v / np.linalg.norm(v)))"
        " / (2 * h) * np.linalg.norm(v)",
        "You move by h, however long v is. Here h is in units of v: the two points are w + h*v and w - "
        "h*v.",
    ),
    edit(
        "hessian_vector_product", "sign", "gradient(w + h * v) - gradient(w - h * v)",
        "gradient(w - h * v) - gradient(w + h * v)",
        "On a bowl, H is positive definite, but your v'Hv is negative. Which of the two points comes "
        "first?",
    ),
    rewrite(
        "hessian_vector_product", "forms_hessian",
        """
        def hessian_vector_product(gradient, w, v, h=1e-5):
            H = np.array([(gradient(w + h * e) - gradient(w - h * e)) / (2 * h) for e in np.eye(len(w))])
            return H @ v
        """,
        "You build the whole Hessian first, column by column. How does the gradient change along v alone?",
    ),
    edit(
        "conjugate_gradient", "steepest_descent", "p = new + (new @ new) / (r @ r) * p", "p = new",
        "This is steepest descent with the best step length. The directions must not undo each other's work.",
    ),
    edit(
        "conjugate_gradient", "beta_inverted", "(new @ new) / (r @ r) * p", "(r @ r) / (new @ new) * p",
        "Look at beta again: the residual shrinks. Should the old direction count more or less?",
    ),
    edit(
        "conjugate_gradient", "beta_unsquared", "(new @ new) / (r @ r) * p",
        "np.linalg.norm(new) / np.linalg.norm(r) * p",
        "Beta is a ratio of squared lengths. With yours the directions are not conjugate.",
    ),
    edit(
        "conjugate_gradient", "no_curvature_test", "if p @ Hp <= 0:", "if False:",
        "On a saddle the parabola along p may have no lowest point. What is your alpha then?",
    ),
    edit(
        "conjugate_gradient", "zero_at_negative", "b.copy() if i == 0 else x", "x",
        "If the very first curvature is negative, you return 0, which leads nowhere. Is there a better "
        "direction?",
    ),
    edit(
        "conjugate_gradient", "always_b", "b.copy() if i == 0 else x", "b.copy()",
        "You throw away the progress made before you met the negative curvature.",
    ),
    edit(
        "conjugate_gradient", "absolute_tolerance", "tol * np.linalg.norm(b)", "tol",
        "The tolerance is relative: compare the residual with b.",
    ),
    edit(
        "conjugate_gradient", "tolerance_ignored", "np.linalg.norm(r) <= tol * np.linalg.norm(b)",
        "np.linalg.norm(r) <= 1e-12",
        "You iterate to the end, whatever tol is. Far from the minimum a rough direction is enough, and "
        "cheaper.",
    ),
    rewrite(
        "conjugate_gradient", "one_array",
        """
        def conjugate_gradient(hvp, b, tol, max_iter):
            x, r, p = np.zeros(len(b)), b, b
            for i in range(max_iter):
                if np.linalg.norm(r) <= tol * np.linalg.norm(b):
                    break
                Hp = hvp(p)
                if p @ Hp <= 0:
                    return b.copy() if i == 0 else x
                alpha, old = (r @ r) / (p @ Hp), r @ r
                x += alpha * p
                r -= alpha * Hp
                p = r + (r @ r) / old * p
            return x
        """,
        "`r -= ...` changes b and the first p as well: all three names refer to the same array. Make a "
        "new array.",
    ),
    edit(
        "bfgs_update", "direct_form",
        "V = np.eye(len(s)) - np.outer(s, y) / (s @ y)\n    return V @ H_inv @ V.T + np.outer(s, s) / (s @ y)",
        "Hs = H_inv @ s\n    return H_inv + np.outer(y, y) / (s @ y) - np.outer(Hs, Hs) / (s @ Hs)",
        "This is the direct form, which updates the Hessian. Here you update the inverse: what should it "
        "turn y into?",
    ),
    edit(
        "bfgs_update", "davidon_fletcher_powell",
        "V = np.eye(len(s)) - np.outer(s, y) / (s @ y)\n    return V @ H_inv @ V.T + np.outer(s, s) / (s @ y)",
        "u = H_inv @ y\n    return H_inv + np.outer(s, s) / (s @ y) - np.outer(u, u) / (y @ u)",
        "This is the older update of Davidon, Fletcher and Powell. It also turns y into s, but it is not "
        "BFGS.",
    ),
    edit(
        "bfgs_update", "number_for_matrix",
        "V = np.eye(len(s)) - np.outer(s, y) / (s @ y)\n    return V @ H_inv @ V.T + np.outer(s, s) / (s @ y)",
        "V = np.eye(len(s)) - s @ y.T / (s @ y)\n    return V @ H_inv @ V.T + s @ s.T / (s @ y)",
        "For arrays of shape (D,), s @ y.T is a number: .T changes nothing there. Here you need a matrix.",
    ),
    edit(
        "bfgs_update", "no_skip", "if s @ y <= 0:", "if s @ y == 0:",
        "With a negative s'y your matrix has a negative eigenvalue, and its direction may climb. What "
        "should you do with a pair like that?",
    ),
    edit(
        "bfgs_update", "never_skips", "if s @ y <= 0:\n        return H_inv\n    ", "",
        "You use every pair. With a negative s'y your matrix has a negative eigenvalue, and its direction may climb.",
    ),
    edit(
        "bfgs_update", "skip_by_identity", "return H_inv\n", "return np.eye(len(s))\n",
        "You start again from the identity if the pair is bad. To skip a pair means to keep what you know "
        "so far.",
    ),
    edit(
        "bfgs_update", "transposed", "V @ H_inv @ V.T", "V.T @ H_inv @ V",
        "Multiply your result by y. It should give s: which of V and its transpose turns y into zero?",
    ),
    edit(
        "bfgs_update", "last_term_missing", " + np.outer(s, s) / (s @ y)", "",
        "Multiply your result by y: it gives 0 and not s. A term is missing.",
    ),
    edit(
        "bfgs_update", "rho_inverted", "np.outer(s, s) / (s @ y)", "np.outer(s, s) * (s @ y)",
        "Multiply your last term by y. It should give s.",
    ),
    edit(
        "lbfgs_direction", "no_scaling",
        "z = -q * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1]) if s_list else -q",
        "z = -q",
        "The first guess of the inverse Hessian comes between the loops. Yours is I, so the rate 1 will "
        "rarely fit.",
    ),
    edit(
        "lbfgs_direction", "order_reversed",
        "zip(s_list[::-1], y_list[::-1])", "zip(s_list, y_list)",
        "The first loop undoes the updates from the outside in. Which pair was used in the last update?",
    ),
    edit(
        "lbfgs_direction", "second_loop_reversed",
        "zip(s_list, y_list, alphas[::-1])", "zip(s_list[::-1], y_list[::-1], alphas)",
        "The second loop rebuilds what the first loop removed. So in which order does it take the pairs?",
    ),
    rewrite(
        "lbfgs_direction", "both_loops_reversed",
        """
        def lbfgs_direction(grad, s_list, y_list):
            q, alphas = grad, []
            for s, y in zip(s_list, y_list):
                alphas.append((s @ q) / (s @ y))
                q = q - alphas[-1] * y
            z = -q * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1]) if s_list else -q
            for s, y, alpha in zip(s_list[::-1], y_list[::-1], alphas[::-1]):
                z = z - (alpha + (y @ z) / (s @ y)) * s
            return z
        """,
        "Your two loops match each other, but they treat the oldest pair as the newest. Which one comes "
        "first in the lists?",
    ),
    edit(
        "lbfgs_direction", "alphas_not_reversed", "alphas[::-1]", "alphas",
        "Each alpha belongs to one pair. In the second loop you use them with the wrong pairs.",
    ),
    edit(
        "lbfgs_direction", "ascent", "return z", "return -z",
        "This is the inverse Hessian times the gradient, which climbs. The direction has the opposite "
        "sign.",
    ),
    edit(
        "lbfgs_direction", "ascent_with_pairs", "return z", "return -z if s_list else z",
        "Without pairs your direction leads down; with pairs it climbs. What happens to the minus sign?",
    ),
    edit(
        "lbfgs_direction", "oldest_scale",
        "(s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])", "(s_list[0] @ y_list[0]) / (y_list[0] @ y_list[0])",
        "You take the scale from the oldest pair. Which pair knows most about the curvature at the "
        "current point?",
    ),
    edit(
        "lbfgs_direction", "scale_inverted",
        "(s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])",
        "(y_list[-1] @ y_list[-1]) / (s_list[-1] @ y_list[-1])",
        "This is a curvature. But the first guess is of the inverse: if the curvature is large, the step "
        "must be short.",
    ),
    edit(
        "cg_iterations", "dimension", "len(eigenvalues)", "100",
        "In D dimensions D iterations are always enough. Here the 100 eigenvalues are not all different.",
    ),
    edit(
        "cg_iterations", "condition_number", "len(eigenvalues)", "200",
        "200 is the condition number, which matters for gradient descent. Conjugate gradients use more "
        "than the largest and the smallest eigenvalue.",
    ),
    edit(
        "cg_iterations", "root_of_condition_number", "len(eigenvalues)", "14",
        "The root of the condition number bounds the number of iterations if you know nothing else. Here "
        "you know every eigenvalue.",
    ),
    edit(
        "what_is_stored", "bfgs_small", '"BFGS": "D*D"', '"BFGS": "D"',
        "BFGS computes no Hessian, but what does it keep from step to step?",
    ),
    edit(
        "what_is_stored", "newton_cg_large", '"Newton-CG": "D"', '"Newton-CG": "D*D"',
        "Look at the arrays in your conjugate_gradient. Does one of them have two indices?",
    ),
    edit(
        "what_is_stored", "lbfgs_large", '"L-BFGS": "m*D"', '"L-BFGS": "D*D"',
        "The L stands for limited memory. What do the two loops need?",
    ),
    edit(
        "kfac_factors", "not_mean", "a.T @ a / len(a), g.T @ g / len(g)", "a.T @ a, g.T @ g",
        "Your factors grow with the number of examples. They are means.",
    ),
    edit(
        "kfac_factors", "wrong_side", "a.T @ a / len(a), g.T @ g / len(g)", "a @ a.T / len(a), g @ g.T / len(g)",
        "Your factors compare examples with each other. They need one row and one column for each input, "
        "or for each output.",
    ),
    edit(
        "kfac_factors", "order", "a.T @ a / len(a), g.T @ g / len(g)", "g.T @ g / len(g), a.T @ a / len(a)",
        "You swapped the two: first comes the factor of the inputs.",
    ),
    edit(
        "kfac_factors", "centred", "a.T @ a / len(a), g.T @ g / len(g)",
        "np.cov(a.T, bias=True).reshape(a.shape[1], -1), np.cov(g.T, bias=True).reshape(g.shape[1], -1)",
        "You subtract the means. These are second moments, not covariances.",
    ),
    edit(
        "kfac_factors", "second_undivided", "g.T @ g / len(g)", "g.T @ g * len(g)",
        "You treat g as the gradient of the mean loss. Here each row is an example's own gradient.",
    ),
    edit(
        "shampoo_step", "square_roots", "**-0.25", "**-0.5",
        "Each side takes the power -1/4, so that both together make -1/2, as in AdaGrad.",
    ),
    edit(
        "shampoo_step", "sides_swapped", "root(L) @ grad @ root(R)", "root(L) @ root(L) @ grad",
        "You do not change the columns. One factor belongs to the rows, the other to the columns.",
    ),
    edit(
        "shampoo_step", "not_summed",
        'L = state.get("L", eps * np.eye(len(W))) + grad @ grad.T',
        "L = eps * np.eye(len(W)) + grad @ grad.T",
        "You forget the gradients of earlier steps. The state is there to keep their sum.",
    ),
    edit(
        "shampoo_step", "eps_each_step", 'state.get("L", eps * np.eye(len(W)))',
        'state.get("L", 0) + eps * np.eye(len(W))',
        "You add eps in every step. It is only the start of the sum.",
    ),
    edit(
        "shampoo_step", "old_state", "W - lr * root(L) @ grad @ root(R)",
        "W - lr * root(L - grad @ grad.T) @ grad @ root(R - grad.T @ grad)",
        "Your step uses the sums from before this gradient. The new gradient should already be in them.",
    ),
    edit(
        "shampoo_step", "elementwise", "values, Q = np.linalg.eigh(M)\n        return (Q * values**-0.25) @ Q.T",
        "return np.diag(np.diag(M) ** -0.25)",
        "You use only the diagonals. For a power of a matrix, keep the eigenvectors and raise each eigenvalue to that "
        "power.",
    ),
    edit(
        "shampoo_step", "power_of_entries", "values, Q = np.linalg.eigh(M)\n        return (Q * values**-0.25) @ Q.T",
        "return np.sign(M) * np.abs(M) ** -0.25",
        "You raise each entry to the power. For a power of a matrix, keep the eigenvectors and raise each eigenvalue "
        "to that power.",
    ),
]
