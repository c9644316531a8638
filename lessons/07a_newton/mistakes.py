"""Likely mistakes of lesson 07a."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "linear_model", "minus", "f0 + g @ d", "f0 - g @ d",
        "Your model falls where the function rises. A step along the gradient: does it lead up or down?",
    ),
    edit(
        "linear_model", "value_forgotten", "f0 + g @ d", "g @ d",
        "This is the change only. What should the model say for the step 0?",
    ),
    edit(
        "linear_model", "not_summed", "g @ d", "g * d",
        "Each weight has its own share of the change. The model's value is one number: what becomes of the shares?",
    ),
    edit(
        "linear_model", "lengths", "g @ d", "np.linalg.norm(g) * np.linalg.norm(d)",
        "You multiply the lengths. A step at right angles to the gradient does not change the model: direction counts.",
    ),
    edit(
        "quadratic_model", "half_missing", "0.5 * d @ H @ d", "d @ H @ d",
        "Try it on f(w) = w**2 at w = 0, where H is 2. What does your model say of the step 1, and what is f(1)?",
    ),
    edit(
        "quadratic_model", "diagonal_only", "0.5 * d @ H @ d", "0.5 * np.sum(np.diag(H) * d**2)",
        "Only the diagonal of H takes part. What do the other entries say about two weights that move together?",
    ),
    edit(
        "quadratic_model", "minus", "+ 0.5", "- 0.5",
        "Where the curvature is positive, does the function lie above its tangent line or below it?",
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
        "How far apart are the two points at which you ask f?",
    ),
    edit(
        "numerical_gradient", "h_ignored", "h * np.eye(len(w))", "1e-5 * np.eye(len(w))",
        "You move by a fixed amount, whatever h is. Then the division by 2h does not fit.",
    ),
    edit(
        "numerical_gradient", "own_h", "grad = np.zeros(len(w))", "h, grad = 1e-5, np.zeros(len(w))",
        "With the usual h you are right. Now the caller asks for another h, and you still take your own.",
    ),
    edit(
        "numerical_gradient", "all_at_once", "h * np.eye(len(w))", "h * np.ones((len(w), len(w)))",
        "You move all weights at once, so every entry is the same. An entry asks what one weight alone does.",
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
        "`w[i] += h` changes the caller's array, and the next weight is then measured at another point. Move a copy.",
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
        "Each of the two differences spans twice h. By what must their combination be divided?",
    ),
    edit(
        "numerical_hessian", "two_h_squared", "/ (4 * h**2)", "/ (2 * h**2)",
        "Each of the two differences spans twice h, and there are two of them. By what must you divide?",
    ),
    edit(
        "numerical_hessian", "h_not_squared", "/ (4 * h**2)", "/ (4 * h)",
        "A second derivative is a difference of differences: each of them is divided by its own distance.",
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
        "Only the diagonal is filled. The others say how the slope of one weight changes when another one moves.",
    ),
    edit(
        "numerical_hessian", "sign", "(up - down)", "(up + down)",
        "Look at the signs of the four values once more: two of them count plus, two minus.",
    ),
    edit(
        "newton_step", "ascent", "w - np", "w + np",
        "Your step goes the other way. Set the gradient of the model, g + H d, to zero: what is d?",
    ),
    edit(
        "newton_step", "diagonal_only", "np.linalg.solve(H, grad)", "grad / np.diag(H)",
        "You divide each entry by its own curvature. This is right only if the weights do not act together.",
    ),
    edit(
        "newton_step", "multiplies", "np.linalg.solve(H, grad)", "H @ grad",
        "Where the curvature is large, your step is long. Should it be?",
    ),
    edit(
        "newton_step", "step_only", "w - np.linalg.solve(H, grad)", "-np.linalg.solve(H, grad)",
        "This is the step d. The function returns the new point.",
    ),
    edit(
        "newton_step", "gradient_step", "np.linalg.solve(H, grad)", "grad",
        "This is gradient descent with rate 1. H does not take part.",
    ),
    edit(
        "newton_step", "absolute", "np.linalg.solve(H, grad)",
        "np.linalg.eigh(H)[1] @ (np.linalg.eigh(H)[1].T @ grad / np.abs(np.linalg.eigh(H)[0]))",
        "You turn the step where the curvature is negative. That comes next; plain Newton goes to the flat point.",
    ),
    edit(
        "damped_newton_step", "plain_damping", "np.abs(curvatures) + damping", "curvatures + damping",
        "This is H + damping*I. A curvature of -2 with damping 1 is still negative: what does the step do there?",
    ),
    edit(
        "damped_newton_step", "negative_dropped",
        "(Q.T @ grad) / (np.abs(curvatures) + damping)",
        "np.where(curvatures > 0, (Q.T @ grad) / (np.abs(curvatures) + damping), 0.0)",
        "Where the curvature is negative you do not move at all. Just there is a way down, away from the saddle.",
    ),
    edit(
        "damped_newton_step", "negative_cut", "np.abs(curvatures) + damping", "np.maximum(curvatures, 0) + damping",
        "You take a negative curvature for 0. Its size still says how fast the slope changes, so how far to go.",
    ),
    edit(
        "damped_newton_step", "ascent", "w - Q", "w + Q",
        "Your step climbs. Which way does the gradient point?",
    ),
    edit(
        "damped_newton_step", "bars_too_wide", "np.abs(curvatures) + damping", "np.abs(curvatures + damping)",
        "The bars enclose too much: first the size of the curvature, then the damping on top.",
    ),
    edit(
        "damped_newton_step", "damping_forgotten", "np.abs(curvatures) + damping", "np.abs(curvatures)",
        "The damping takes no part. It is there so that a curvature near 0 does not make an endless step.",
    ),
    edit(
        "damped_newton_step", "not_back", "w - Q @ ((Q.T @ grad) / (np.abs(curvatures) + damping))",
        "w - (Q.T @ grad) / (np.abs(curvatures) + damping)",
        "Your step is still in the coordinates of the eigenvectors, and w is not. How do you get back?",
    ),
    edit(
        "damped_newton_step", "transposed", "Q @ ((Q.T @ grad)", "Q.T @ ((Q @ grad)",
        "Coordinate i is eigenvector i, a column of Q, times the gradient. Which of Q and Q.T does that?",
    ),
    edit(
        "damped_newton_step", "entrywise", "Q @ ((Q.T @ grad) / (np.abs(curvatures) + damping))",
        "np.linalg.solve(np.abs(H) + damping * np.eye(len(w)), grad)",
        "You turn the sign of entries of H. The sign that counts is that of the curvatures along the eigenvectors.",
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
        "This is Marquardt's damping, relative to each weight's own curvature. Here we write Levenberg's.",
    ),
    edit(
        "gauss_newton_step", "no_damping", " + damping * np.eye(len(w))", "",
        "The damping takes no part. With more weights than residuals J'J cannot be inverted without it.",
    ),
    edit(
        "gauss_newton_step", "damps_every_entry", "damping * np.eye(len(w))", "damping",
        "NumPy adds your number to every entry of the matrix. Which entries does the damping belong to?",
    ),
    edit(
        "gauss_newton_step", "no_matrix", "np.linalg.solve(J.T @ J + damping * np.eye(len(w)), J.T @ r)",
        "J.T @ r / (1 + damping)",
        "This follows the gradient. J'J, which stands for the curvature, takes no part.",
    ),
    edit(
        "gauss_newton_step", "mean_matrix", "J.T @ J +", "J.T @ J / len(r) +",
        "You take the mean over the residuals in the matrix and the sum in the gradient. The two must match.",
    ),
    edit(
        "gauss_newton_step", "means", "J.T @ J + damping * np.eye(len(w)), J.T @ r",
        "J.T @ J / len(r) + damping * np.eye(len(w)), J.T @ r / len(r)",
        "You take means, but this loss is a sum. Without damping the step is the same; is it with damping?",
    ),
    edit(
        "hessian_bytes", "linear", "parameters**2 * itemsize", "parameters * itemsize",
        "This is the gradient's memory. The Hessian has an entry for each pair of weights.",
    ),
    edit(
        "hessian_bytes", "entries", "parameters**2 * itemsize", "parameters**2",
        "This is the number of entries. How many bytes does each take?",
    ),
    edit(
        "hessian_bytes", "always_double", "* itemsize", "* 8",
        "You count 8 bytes for a number, whatever the caller says. A float32 takes 4.",
    ),
    edit(
        "hessian_bytes", "one_triangle", "parameters**2", "parameters * (parameters + 1) // 2",
        "True, one triangle would be enough, since H is symmetric. Here every entry counts, as NumPy would store it.",
    ),
    edit(
        "hessian_bytes", "cubic", "parameters**2", "parameters**3",
        "The cube is the time of the solve. The memory is that of a table with two indices.",
    ),
    edit(
        "hessian_bytes", "bits", "* itemsize", "* itemsize * 8",
        "These are bits. itemsize is given in bytes already.",
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
        "You use the first and the last measurement only. Least squares lets all of them speak.",
    ),
    edit(
        "fit_exponent", "through_origin", "np.polyfit(np.log(sizes), np.log(times), 1)[0]",
        "np.log(sizes) @ np.log(times) / (np.log(sizes) @ np.log(sizes))",
        "Your line passes through the origin, as if c were 1. Take the means off first.",
    ),
    edit(
        "where_newton_ends", "like_gradient_descent",
        '["saddle", "saddle", "upper minimum", "saddle", "lower minimum"]',
        '["upper minimum"] * 3 + ["lower minimum"] * 2',
        "So gradient descent would go. Newton's step goes to the vertex of the parabola, also where that is a top.",
    ),
    edit(
        "where_newton_ends", "only_very_close", '"saddle", "upper minimum", "saddle", "lower minimum"]',
        '"upper minimum", "upper minimum", "lower minimum", "lower minimum"]',
        "It takes no start on the very line y = 0. How wide is the strip where the curvature along y is negative?",
    ),
    edit(
        "where_newton_ends", "always_saddle", '"upper minimum", "saddle", "lower minimum"]',
        '"saddle", "saddle", "saddle"]',
        "Inside a well the parabola opens upwards. Where does its vertex lie then?",
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
        "Among all directions of length 1, which one is the steepest? Newton's direction is good for another reason.",
    ),
    edit(
        "true_of_newton", "units", '{"a", "e", "f"}', '{"a", "f"}',
        "Write Newton's step in one dimension, for a weight measured in other units. What becomes of f' / f''?",
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
        "The learning rate takes no part. Look at the formula once more: what stands in front of the inverse?",
    ),
    edit(
        "natural_gradient_step", "no_damping", "F + damping * np.eye(len(w))",
        "F + 1e-12 * np.eye(len(w))",
        "The damping takes no part. With few scores F has zero eigenvalues, and the step becomes endless there.",
    ),
    edit(
        "natural_gradient_step", "multiplies", "np.linalg.solve(F + damping * np.eye(len(w)), grad)",
        "(F + damping * np.eye(len(w))) @ grad",
        "Where the predictions change fast, your step is long. Should it be?",
    ),
    edit(
        "natural_gradient_step", "centred", "scores.T @ scores / len(scores)",
        "(scores - scores.mean(axis=0)).T @ (scores - scores.mean(axis=0)) / len(scores)",
        "You take the mean score off first. Under the model its expectation is zero anyway; the formula leaves it in.",
    ),
    edit(
        "natural_gradient_step", "rate_inside", "lr * np.linalg.solve(F + damping", "np.linalg.solve(lr * F + damping",
        "The rate is the length of the whole step. It does not belong in the matrix.",
    ),
]
