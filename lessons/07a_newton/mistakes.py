"""Likely mistakes of lesson 07a."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "linear_model", "minus", "f0 + g @ d", "f0 - g @ d",
        "Your model falls when the function rises. Does a step along the gradient lead up or down?",
    ),
    edit(
        "linear_model", "value_forgotten", "f0 + g @ d", "g @ d",
        "This is the change only. What should the model say for the step 0?",
    ),
    edit(
        "linear_model", "not_summed", "g @ d", "g * d",
        "Each weight contributes to the change. But the model's value is one number: what happens to the "
        "contributions?",
    ),
    edit(
        "linear_model", "lengths", "g @ d", "np.linalg.norm(g) * np.linalg.norm(d)",
        "You multiply the lengths. A step at right angles to the gradient does not change the model: the "
        "direction matters.",
    ),
    edit(
        "quadratic_model", "half_missing", "0.5 * d @ H @ d", "d @ H @ d",
        "Try it on f(w) = w**2 at w = 0, where H is 2. What does your model predict for the step 1, and "
        "what is f(1)?",
    ),
    edit(
        "quadratic_model", "diagonal_only", "0.5 * d @ H @ d", "0.5 * np.sum(np.diag(H) * d**2)",
        "You use only the diagonal of H. What do the other entries say about two weights that move "
        "together?",
    ),
    edit(
        "quadratic_model", "minus", "+ 0.5", "- 0.5",
        "If the curvature is positive, does the function lie above its tangent line or below it?",
    ),
    edit(
        "quadratic_model", "slope_forgotten", "g @ d + ", "",
        "The linear part is missing. The quadratic model is the linear model and one more term.",
    ),
    edit(
        "quadratic_model", "both_halved", "g @ d + 0.5 * d @ H @ d", "0.5 * (g @ d + d @ H @ d)",
        "The half belongs to one of the two terms only. Which of them contains d twice?",
    ),
    edit(
        "numerical_gradient", "forward", "f(w - step)) / (2 * h)", "f(w)) / h",
        "This is the forward difference. Its error falls like h; that of the central one falls like h squared.",
    ),
    edit(
        "numerical_gradient", "one_h", "/ (2 * h)", "/ h",
        "How far apart are the two points at which you evaluate f?",
    ),
    edit(
        "numerical_gradient", "h_ignored", "h * np.eye(len(w))", "1e-5 * np.eye(len(w))",
        "You move by a fixed amount, whatever h is. Then dividing by 2h is wrong.",
    ),
    edit(
        "numerical_gradient", "own_h", "grad = np.zeros(len(w))", "h, grad = 1e-5, np.zeros(len(w))",
        "Your result is right for the default h. But the caller passed a different h, and you still use "
        "your own.",
    ),
    edit(
        "numerical_gradient", "all_at_once", "h * np.eye(len(w))", "h * np.ones((len(w), len(w)))",
        "You move all weights at once, so every entry is the same. Each entry measures what one weight "
        "alone does.",
    ),
    rewrite(
        "numerical_gradient", "in_place",
        """
        def numerical_gradient(f, w, h=1e-5):
            grad = np.zeros(len(w))
            for i in range(len(w)):
                w[i] += h
                up = f(w)
                w[i] -= 2 * h
                grad[i] = (up - f(w)) / (2 * h)
            return grad
        """,
        "`w[i] += h` changes the caller's array, so you measure the next weight at a different point. "
        "Move a copy.",
    ),
    rewrite(
        "numerical_hessian", "forward",
        """
        def numerical_hessian(f, w, h=1e-4):
            E = h * np.eye(len(w))
            H = np.zeros((len(w), len(w)))
            for i in range(len(w)):
                for j in range(len(w)):
                    H[i, j] = (f(w + E[i] + E[j]) - f(w + E[i]) - f(w + E[j]) + f(w)) / h**2
            return H
        """,
        "All your points lie on one side of w. These are forward differences, whose error falls only like h.",
    ),
    edit(
        "numerical_hessian", "h_squared", "/ (4 * h**2)", "/ h**2",
        "You take a difference along one weight, and then the difference of that along the other. Each spans 2h. By "
        "what must you divide in total?",
    ),
    edit(
        "numerical_hessian", "two_h_squared", "/ (4 * h**2)", "/ (2 * h**2)",
        "You take a difference along one weight, and then the difference of that along the other. Each spans 2h, and "
        "you divide by 2h only for one of them. By what must you divide in total?",
    ),
    edit(
        "numerical_hessian", "h_not_squared", "/ (4 * h**2)", "/ (4 * h)",
        "A second derivative is a difference of differences: you divide each of the two by its own "
        "distance.",
    ),
    edit(
        "numerical_hessian", "one_triangle", "H[i, j] = H[j, i] =", "H[i, j] =",
        "One half of your matrix stays zero. The Hessian is symmetric.",
    ),
    rewrite(
        "numerical_hessian", "upper_triangle",
        """
        def numerical_hessian(f, w, h=1e-4):
            E = h * np.eye(len(w))
            H = np.zeros((len(w), len(w)))
            for i in range(len(w)):
                for j in range(i, len(w)):
                    up = f(w + E[i] + E[j]) - f(w + E[i] - E[j])
                    down = f(w - E[i] + E[j]) - f(w - E[i] - E[j])
                    H[i, j] = (up - down) / (4 * h**2)
            return H
        """,
        "The half below the diagonal stays zero. The Hessian is symmetric.",
    ),
    edit(
        "numerical_hessian", "diagonal_only", "range(i + 1)", "range(i, i + 1)",
        "You fill only the diagonal. The other entries say how the slope of one weight changes when "
        "another weight moves.",
    ),
    edit(
        "numerical_hessian", "sign", "(up - down)", "(up + down)",
        "Look again at the signs of the four values: two of them are positive and two are negative.",
    ),
    edit(
        "newton_step", "ascent", "w - np", "w + np",
        "Your step goes the other way. Set the gradient of the model, g + H d, to zero: what is d?",
    ),
    edit(
        "newton_step", "diagonal_only", "np.linalg.solve(H, grad)", "grad / np.diag(H)",
        "You divide each entry by its own curvature. This is right only if the weights do not interact.",
    ),
    edit(
        "newton_step", "multiplies", "np.linalg.solve(H, grad)", "H @ grad",
        "Your step is long if the curvature is large. Should it be?",
    ),
    edit(
        "newton_step", "step_only", "w - np.linalg.solve(H, grad)", "-np.linalg.solve(H, grad)",
        "This is the step d. The function returns the new point.",
    ),
    edit(
        "newton_step", "gradient_step", "np.linalg.solve(H, grad)", "grad",
        "This is gradient descent with rate 1. You do not use H.",
    ),
    edit(
        "newton_step", "absolute", "np.linalg.solve(H, grad)",
        "np.linalg.eigh(H)[1] @ (np.linalg.eigh(H)[1].T @ grad / np.abs(np.linalg.eigh(H)[0]))",
        "You reverse the step along directions of negative curvature. That comes next; plain Newton goes "
        "to the flat point.",
    ),
    edit(
        "damped_newton_step", "plain_damping", "np.abs(curvatures) + damping", "curvatures + damping",
        "This is H + damping*I. A curvature of -2 with damping 1 is still negative: what does the step do there?",
    ),
    edit(
        "damped_newton_step", "negative_dropped",
        "(Q.T @ grad) / (np.abs(curvatures) + damping)",
        "np.where(curvatures > 0, (Q.T @ grad) / (np.abs(curvatures) + damping), 0.0)",
        "You do not move at all along a direction of negative curvature. But that direction leads down, "
        "away from the saddle.",
    ),
    edit(
        "damped_newton_step", "negative_cut", "np.abs(curvatures) + damping", "np.maximum(curvatures, 0) + damping",
        "You treat a negative curvature as 0. But its size still says how fast the slope changes, and so "
        "how far to go.",
    ),
    edit(
        "damped_newton_step", "ascent", "w - Q", "w + Q",
        "Your step climbs. Which way does the gradient point?",
    ),
    edit(
        "damped_newton_step", "bars_too_wide", "np.abs(curvatures) + damping", "np.abs(curvatures + damping)",
        "Your absolute value includes too much: take the size of the curvature first, and add the damping "
        "afterwards.",
    ),
    edit(
        "damped_newton_step", "damping_forgotten", "np.abs(curvatures) + damping", "np.abs(curvatures)",
        "You do not use the damping. It prevents a very long step when a curvature is near 0.",
    ),
    edit(
        "damped_newton_step", "not_back", "w - Q @ ((Q.T @ grad) / (np.abs(curvatures) + damping))",
        "w - (Q.T @ grad) / (np.abs(curvatures) + damping)",
        "Your step is still in the coordinates of the eigenvectors, but w is not. How do you get back?",
    ),
    edit(
        "damped_newton_step", "transposed", "Q @ ((Q.T @ grad)", "Q.T @ ((Q @ grad)",
        "Coordinate i is the product of eigenvector i, a column of Q, with the gradient. Which of Q and "
        "Q.T computes that?",
    ),
    edit(
        "damped_newton_step", "entrywise", "Q @ ((Q.T @ grad) / (np.abs(curvatures) + damping))",
        "np.linalg.solve(np.abs(H) + damping * np.eye(len(w)), grad)",
        "You take the absolute values of H's entries. The signs that matter are those of the curvatures "
        "along the eigenvectors.",
    ),
    edit(
        "gauss_newton_step", "ascent", "w - np", "w + np",
        "J'r is the gradient of the loss, and your step goes along it. Do you want to climb?",
    ),
    edit(
        "gauss_newton_step", "damps_residuals", "J.T @ J + damping * np.eye(len(w)), J.T @ r)",
        "J.T @ J, J.T @ (r / (1 + damping)))",
        "You shrink the residuals, which shortens the step but keeps its direction. Damping acts on the matrix.",
    ),
    edit(
        "gauss_newton_step", "marquardt", "damping * np.eye(len(w))", "damping * np.diag(np.diag(J.T @ J))",
        "This is Marquardt's damping, relative to each weight's own curvature. This exercise uses "
        "Levenberg's.",
    ),
    edit(
        "gauss_newton_step", "no_damping", " + damping * np.eye(len(w))", "",
        "You do not use the damping. With more weights than residuals J'J cannot be inverted without it.",
    ),
    edit(
        "gauss_newton_step", "damps_every_entry", "damping * np.eye(len(w))", "damping",
        "NumPy adds your number to every entry of the matrix. Which entries does the damping belong to?",
    ),
    edit(
        "gauss_newton_step", "no_matrix", "np.linalg.solve(J.T @ J + damping * np.eye(len(w)), J.T @ r)",
        "J.T @ r / (1 + damping)",
        "Your step follows the gradient. You do not use J'J, which approximates the curvature.",
    ),
    edit(
        "gauss_newton_step", "mean_matrix", "J.T @ J +", "J.T @ J / len(r) +",
        "You take a mean over the residuals in the matrix but a sum in the gradient. The two must match.",
    ),
    edit(
        "gauss_newton_step", "means", "J.T @ J + damping * np.eye(len(w)), J.T @ r",
        "J.T @ J / len(r) + damping * np.eye(len(w)), J.T @ r / len(r)",
        "You take means, but this loss is a sum. Without damping the step is the same. Is it also the "
        "same with damping?",
    ),
    edit(
        "hessian_bytes", "linear", "parameters**2 * itemsize", "parameters * itemsize",
        "This is the memory for the gradient. The Hessian has an entry for each pair of weights.",
    ),
    edit(
        "hessian_bytes", "entries", "parameters**2 * itemsize", "parameters**2",
        "This is the number of entries. How many bytes does each entry take?",
    ),
    edit(
        "hessian_bytes", "always_double", "* itemsize", "* 8",
        "You count 8 bytes for each number, whatever itemsize is. A float32 takes 4.",
    ),
    edit(
        "hessian_bytes", "one_triangle", "parameters**2", "parameters * (parameters + 1) // 2",
        "True, one triangle would be enough, because H is symmetric. But here every entry counts, as "
        "NumPy stores it.",
    ),
    edit(
        "hessian_bytes", "cubic", "parameters**2", "parameters**3",
        "The time of the solve grows with the cube. The memory is that of a table with two indices.",
    ),
    edit(
        "hessian_bytes", "bits", "* itemsize", "* itemsize * 8",
        "These are bits. itemsize is already in bytes.",
    ),
    edit(
        "fit_exponent", "raw", "np.log(sizes), np.log(times)", "sizes, times",
        "This is the slope of the values themselves. A power law is straight only on logarithmic axes.",
    ),
    edit(
        "fit_exponent", "one_log", "np.log(sizes), np.log(times)", "sizes, np.log(times)",
        "A straight line in (N, log T) is exponential growth. For a power, both axes are logarithmic.",
    ),
    edit(
        "fit_exponent", "axes_swapped", "np.log(sizes), np.log(times)", "np.log(times), np.log(sizes)",
        "You fit the size as a function of the time. Which of the two is on the horizontal axis?",
    ),
    edit(
        "fit_exponent", "intercept", "[0]", "[1]",
        "This is the intercept, log c. In which order does polyfit return its two numbers?",
    ),
    edit(
        "fit_exponent", "both", "[0]", "",
        "polyfit returns two numbers, the slope and the intercept. Which one is the exponent?",
    ),
    edit(
        "fit_exponent", "end_points", "np.polyfit(np.log(sizes), np.log(times), 1)[0]",
        "np.log(times[-1] / times[0]) / np.log(sizes[-1] / sizes[0])",
        "You use only the first and the last measurement. Least squares uses all of them.",
    ),
    edit(
        "fit_exponent", "through_origin", "np.polyfit(np.log(sizes), np.log(times), 1)[0]",
        "np.log(sizes) @ np.log(times) / (np.log(sizes) @ np.log(sizes))",
        "Your line passes through the origin, as if c were 1. The formula subtracts the means first.",
    ),
    edit(
        "where_newton_ends", "like_gradient_descent",
        '["saddle", "saddle", "upper minimum", "saddle", "lower minimum"]',
        '["upper minimum"] * 3 + ["lower minimum"] * 2',
        "This is where gradient descent would go. Newton's step goes to the vertex of the parabola, even "
        "if the vertex is a top.",
    ),
    edit(
        "where_newton_ends", "only_very_close", '"saddle", "upper minimum", "saddle", "lower minimum"]',
        '"upper minimum", "upper minimum", "lower minimum", "lower minimum"]',
        "A start can lead to the saddle without being very close to the line y = 0. How wide is the strip "
        "in which the curvature along y is negative?",
    ),
    edit(
        "where_newton_ends", "always_saddle", '"upper minimum", "saddle", "lower minimum"]',
        '"saddle", "saddle", "saddle"]',
        "Inside a well the parabola opens upwards. Where is its vertex then?",
    ),
    edit(
        "true_of_newton", "exponential", '{"a", "e", "f"}', '{"a", "b", "e", "f"}',
        "Doubling N makes the solve 8 times as long, whatever N is. Is that exponential?",
    ),
    edit(
        "true_of_newton", "always_lower", '{"a", "e", "f"}', '{"a", "c", "e", "f"}',
        "Think of the smooth bowl and the start at 1.1. Was the Hessian exact there?",
    ),
    edit(
        "true_of_newton", "steeper", '{"a", "e", "f"}', '{"a", "d", "e", "f"}',
        "Among all directions of length 1, which one is the steepest? Newton's direction is good for a "
        "different reason.",
    ),
    edit(
        "true_of_newton", "units", '{"a", "e", "f"}', '{"a", "f"}',
        "Write Newton's step in one dimension, for a weight measured in other units. What happens to f' / "
        "f''?",
    ),
    edit(
        "natural_gradient_step", "not_mean", " / len(scores)", "",
        "Your matrix grows with the number of scores. The Fisher information is a mean.",
    ),
    edit(
        "natural_gradient_step", "ascent", "w - lr", "w + lr",
        "Your step climbs. grad is the gradient of the loss.",
    ),
    edit(
        "natural_gradient_step", "no_rate", "lr * np.linalg.solve", "np.linalg.solve",
        "You do not use the learning rate. Look at the formula again: what is in front of the inverse?",
    ),
    edit(
        "natural_gradient_step", "no_damping", "F + damping * np.eye(len(w))",
        "F + 1e-12 * np.eye(len(w))",
        "You do not use the damping. With few scores F has zero eigenvalues, and without damping the step "
        "becomes extremely long.",
    ),
    edit(
        "natural_gradient_step", "multiplies", "np.linalg.solve(F + damping * np.eye(len(w)), grad)",
        "(F + damping * np.eye(len(w))) @ grad",
        "Your step is long in directions in which the predictions change fast. Should it be?",
    ),
    edit(
        "natural_gradient_step", "centred", "scores.T @ scores / len(scores)",
        "(scores - scores.mean(axis=0)).T @ (scores - scores.mean(axis=0)) / len(scores)",
        "You subtract the mean score first. Under the model its expectation is zero anyway; the formula "
        "does not subtract it.",
    ),
    edit(
        "natural_gradient_step", "rate_inside", "lr * np.linalg.solve(F + damping", "np.linalg.solve(lr * F + damping",
        "The rate scales the whole step. It does not belong in the matrix.",
    ),
]
