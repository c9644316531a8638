"""Likely mistakes of lesson 05."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    # minibatches
    edit(
        "minibatches",
        "drops_the_rest",
        "range(0, len(X), batch_size)",
        "range(0, len(X) - batch_size + 1, batch_size)",
        "Some examples are never seen in this epoch. What happens to those that do not fill a whole batch?",
    ),
    edit(
        "minibatches",
        "shuffled_apart",
        "y[rows]",
        "y[rng.permutation(len(y))[: len(rows)]]",
        "You shuffled the inputs and the targets in two different orders. Which target belongs to which "
        "input?",
    ),
    edit(
        "minibatches",
        "with_replacement",
        "rng.permutation(len(X))",
        "rng.integers(0, len(X), len(X))",
        "Some examples come twice and others not at all. A card that is dealt does not go back into the "
        "deck.",
    ),
    edit(
        "minibatches",
        "not_shuffled",
        "rng.permutation(len(X))",
        "np.arange(len(X))",
        "The examples come in the order in which they are stored. Data are often sorted, by class for instance.",
    ),
    edit(
        "minibatches",
        "own_generator",
        "rng.permutation(len(X))",
        "np.random.default_rng(0).permutation(len(X))",
        "Every epoch comes in the same order. A new generator with the same seed always starts from the "
        "same place: what is the argument `rng` for?",
    ),
    edit(
        "minibatches",
        "sequence_of_blocks",
        "rng.permutation(len(X))",
        "np.roll(np.arange(len(X)), rng.integers(1, len(X) + 1))",
        "Neighbours in the data stay neighbours in the batches: you choose only the starting place at "
        "random.",
    ),
    edit(
        "minibatches",
        "even_sizes",
        "[order[start : start + batch_size] for start in range(0, len(X), batch_size)]",
        "np.array_split(order, -(-len(X) // batch_size))",
        "You made the batches as equal as possible. Here all but the last have exactly `batch_size` "
        "examples.",
    ),
    edit(
        "minibatches",
        "accepts_negative_size",
        "batch_size < 1",
        "batch_size == 0",
        "You accept a negative batch size, and the epoch is silently empty.",
    ),
    edit(
        "minibatches",
        "ignores_lengths",
        "len(X) != len(y)",
        "len(X) > len(y)",
        "You accept more targets than inputs, and then the pairs cannot be right. When do X and y fit "
        "together?",
    ),
    # gradient_noise
    edit(
        "gradient_noise",
        "size_squared",
        "/ batch_size",
        "/ batch_size**2",
        "A sum of B independent terms has B times the variance of one term. Dividing the sum by B divides "
        "its variance by B squared. What do the two give together?",
    ),
    edit(
        "gradient_noise",
        "factor_forgotten",
        "noise if replace else",
        "noise if True else",
        "Without replacement your noise is too large. A batch of all N examples has no noise at all: what "
        "does your formula say about it?",
    ),
    edit(
        "gradient_noise",
        "share_left",
        "/ (n - 1)",
        "/ n",
        "Nearly right: `1 - B/N` belongs to a variance divided by N - 1. You divided by N. Try B = 1: "
        "does it matter then whether you put the example back?",
    ),
    edit(
        "gradient_noise",
        "unbiased",
        "grads.var(axis=0)",
        "grads.var(axis=0, ddof=1)",
        "The N rows are all the examples there are, not a sample of them: their variance is the plain mean of squares.",
    ),
    edit(
        "gradient_noise",
        "replace_swapped",
        "noise if replace else",
        "noise if not replace else",
        "You swapped the two cases. In which of them can one example appear twice in a batch, so that the batch "
        "contains less information?",
    ),
    edit(
        "gradient_noise",
        "standard_deviation",
        "grads.var(axis=0)",
        "grads.std(axis=0)",
        "You start with the standard deviation. But it is the variances that add up and that you divide "
        "by B.",
    ),
    edit(
        "gradient_noise",
        "all_coordinates_together",
        "grads.var(axis=0)",
        "grads.var()",
        "You return one number for all weights. Each coordinate has its own noise: which axis counts the "
        "examples?",
    ),
    edit(
        "gradient_noise",
        "refuses_replacement",
        "(batch_size > n and not replace)",
        "batch_size > n",
        "With replacement a batch may be larger than the data: you put each example back after drawing it.",
    ),
    edit(
        "gradient_noise",
        "standard_error",
        "noise if replace else noise * (n - batch_size) / (n - 1)",
        "np.sqrt(noise if replace else noise * (n - batch_size) / (n - 1))",
        "This is the standard deviation of the mean. The exercise asks for the variance.",
    ),
    # noise_scale
    edit(
        "noise_scale",
        "inverse",
        "noise / signal",
        "signal / noise",
        "Your ratio is upside down: the noise scale is large when the examples disagree.",
    ),
    edit(
        "noise_scale",
        "norm_not_squared",
        "np.sum(grads.mean(axis=0) ** 2)",
        "np.sqrt(np.sum(grads.mean(axis=0) ** 2))",
        "If all gradients are 10 times larger, the noise scale should stay the same. Yours changes: a variance must "
        "be compared with a square.",
    ),
    edit(
        "noise_scale",
        "mean_of_variances",
        "np.sum(grads.var(axis=0))",
        "np.mean(grads.var(axis=0))",
        "The length of the mean gradient counts every coordinate. So must the noise: the variances add up.",
    ),
    edit(
        "noise_scale",
        "coordinates_apart",
        "noise / signal",
        "np.sum(grads.var(axis=0) / grads.mean(axis=0) ** 2)",
        "You divide in each coordinate and then add. The formula compares two totals: add first, then divide.",
    ),
    edit(
        "noise_scale",
        "square_of_examples",
        "np.sum(grads.mean(axis=0) ** 2)",
        "np.mean(np.sum(grads**2, axis=1))",
        "The denominator is the squared length of the mean gradient, not the mean squared length of the "
        "examples' gradients.",
    ),
    edit(
        "noise_scale",
        "unbiased",
        "grads.var(axis=0)",
        "grads.var(axis=0, ddof=1)",
        "Variances in this course are divided by N unless said otherwise.",
    ),
    edit(
        "noise_scale",
        "all_entries_together",
        "np.sum(grads.var(axis=0))",
        "grads.var()",
        "You take one variance over all entries. Each coordinate has its own variance: compute them down "
        "the columns, then add them up.",
    ),
    # condition_number
    edit(
        "condition_number",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.sort(np.diag(H))",
        "The diagonal contains the curvatures along the coordinate axes. But the bowl may be "
        "rotated. How do you find the curvatures along the bowl's own axes?",
    ),
    edit(
        "condition_number",
        "inverse",
        "eigenvalues[-1] / eigenvalues[0]",
        "eigenvalues[0] / eigenvalues[-1]",
        "Yours is at most 1. The condition number is at least 1, and large means difficult.",
    ),
    edit(
        "condition_number",
        "root",
        "eigenvalues[-1] / eigenvalues[0]",
        "np.sqrt(eigenvalues[-1] / eigenvalues[0])",
        "The square root says how long the ellipse is compared with its width. The condition number "
        "compares the curvatures.",
    ),
    edit(
        "condition_number",
        "difference",
        "eigenvalues[-1] / eigenvalues[0]",
        "eigenvalues[-1] - eigenvalues[0]",
        "A difference depends on the unit in which the loss is measured. How many times larger is one curvature?",
    ),
    edit(
        "condition_number",
        "accepts_saddles",
        "eigenvalues[0] <= 0",
        "eigenvalues[-1] <= 0",
        "One upward direction is not enough for a bowl. Which eigenvalue must be positive if all must be?",
    ),
    edit(
        "condition_number",
        "accepts_skew",
        "not np.allclose(H, H.T)",
        "False",
        "`eigvalsh` reads only one triangle of the matrix and never looks at the rest. What if H is not "
        "symmetric?",
    ),
    edit(
        "condition_number",
        "accepts_negative",
        "eigenvalues[0] <= 0",
        "eigenvalues[0] == 0",
        "You refuse only flat directions. What does the ratio mean if a curvature is negative?",
    ),
    # best_constant_rate
    edit(
        "best_constant_rate",
        "one_over_steepest",
        "2 / (mu + L)",
        "1 / L",
        "This rate finishes the steepest direction in one step. The flattest direction needs a larger "
        "rate: at which rate are both equally slow?",
    ),
    edit(
        "best_constant_rate",
        "two_over_steepest",
        "2 / (mu + L)",
        "2 / L",
        "This is the stability limit: along the steepest direction you jump back and forth for ever.",
    ),
    edit(
        "best_constant_rate",
        "half",
        "2 / (mu + L)",
        "1 / (mu + L)",
        "This is half of the best rate. Solve `1 - lr*mu = -(1 - lr*L)` for lr again.",
    ),
    edit(
        "best_constant_rate",
        "geometric_mean",
        "2 / (mu + L)",
        "1 / np.sqrt(mu * L)",
        "You took the geometric mean of the two curvatures. Which mean do you get when you balance the "
        "two factors?",
    ),
    edit(
        "best_constant_rate",
        "trace",
        "2 / (mu + L)",
        "2 / np.trace(H)",
        "The trace adds all the curvatures. Only in two dimensions is that the sum of the largest and the "
        "smallest. Which curvatures does the formula use?",
    ),
    edit(
        "best_constant_rate",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.sort(np.diag(H))",
        "The diagonal contains the curvatures along the coordinate axes. But the bowl may be "
        "rotated. How do you find the curvatures along the bowl's own axes?",
    ),
    # contraction
    edit(
        "contraction",
        "best_direction",
        "np.max",
        "np.min",
        "This is the direction that shrinks fastest. Another one decides how long you have to wait.",
    ),
    edit(
        "contraction",
        "without_abs",
        "np.abs(1 - lr * eigenvalues)",
        "(1 - lr * eigenvalues)",
        "A factor of -0.9 is as slow as 0.9: the walk only changes sides at each step.",
    ),
    edit(
        "contraction",
        "steepest_only",
        "np.max(np.abs(1 - lr * eigenvalues))",
        "abs(1 - lr * eigenvalues[-1])",
        "You look only at the steepest direction. At a small rate another direction is the slowest.",
    ),
    edit(
        "contraction",
        "flattest_only",
        "np.max(np.abs(1 - lr * eigenvalues))",
        "abs(1 - lr * eigenvalues[0])",
        "You look only at the flattest direction. At a large rate another direction swings more.",
    ),
    edit(
        "contraction",
        "at_the_best_rate",
        "np.max(np.abs(1 - lr * eigenvalues))",
        "(eigenvalues[-1] - eigenvalues[0]) / (eigenvalues[-1] + eigenvalues[0])",
        "This is the factor at the best rate. The question is what happens at the rate `lr`.",
    ),
    edit(
        "contraction",
        "squared",
        "np.abs(1 - lr * eigenvalues)",
        "(1 - lr * eigenvalues) ** 2",
        "The loss shrinks by the square of the factor. This exercise asks for the distance to the "
        "minimum.",
    ),
    # zigzag_count
    edit(
        "zigzag_count",
        "position",
        "np.diff(path, axis=0)",
        "path",
        "You count sign changes of the position. A path can zig-zag far away from 0: look at its steps.",
    ),
    edit(
        "zigzag_count",
        "counts_rests",
        "< 0",
        "<= 0",
        "A step of length 0 is not a turn. When exactly is a product of two steps a change of direction?",
    ),
    edit(
        "zigzag_count",
        "all_coordinates_together",
        "steps[:-1] < 0, axis=0",
        "steps[:-1] < 0",
        "You return one number for all coordinates. In a ravine a path zig-zags in one coordinate and not in the "
        "other: count each coordinate separately.",
    ),
    edit(
        "zigzag_count",
        "dot_product",
        "steps[1:] * steps[:-1] < 0, axis=0",
        "np.tile((steps[1:] * steps[:-1]).sum(axis=1, keepdims=True), path.shape[1]) < 0, axis=0",
        "You ask whether the step as a whole turned back. A coordinate can turn while the others go on.",
    ),
    edit(
        "zigzag_count",
        "skips_rests",
        "np.sum(steps[1:] * steps[:-1] < 0, axis=0)",
        "np.array([np.sum(np.diff(np.sign(s[s != 0])) != 0) for s in steps.T], dtype=int)",
        "You skip steps of length 0 and compare the steps before and after them. Only consecutive steps "
        "are compared.",
    ),
    edit(
        "zigzag_count",
        "counts_straight",
        "< 0",
        "> 0",
        "You count the places where the path goes straight on. What is the sign of the product when the "
        "path turns back?",
    ),
    edit(
        "zigzag_count",
        "sign_changes",
        "np.sum(steps[1:] * steps[:-1] < 0, axis=0)",
        "np.sum(np.diff(np.sign(steps), axis=0) != 0, axis=0)",
        "The sign also changes, from 1 to 0, when the path stops. That is not a turn: both steps must "
        "move, and in opposite directions.",
    ),
    # classify_critical_point
    rewrite(
        "classify_critical_point",
        "determinant",
        """
        def classify_critical_point(H, tol=1e-8):
            det = np.linalg.det(H)
            if det < -tol:
                return "saddle"
            if abs(det) <= tol:
                return "degenerate"
            return "minimum" if H[0, 0] > 0 else "maximum"
        """,
        "The determinant test works in two dimensions. In four, two negative curvatures make it positive "
        "again.",
    ),
    rewrite(
        "classify_critical_point",
        "trace",
        """
        def classify_critical_point(H, tol=1e-8):
            trace = np.trace(H)
            if abs(trace) <= tol:
                return "degenerate"
            return "minimum" if trace > 0 else "maximum"
        """,
        "The trace is the sum of the curvatures: a large positive curvature hides any number of negative "
        "ones.",
    ),
    edit(
        "classify_critical_point",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.diag(H)",
        "The diagonal contains the curvatures along the coordinate axes. The loss may fall in a direction "
        "between them: which directions must you check?",
    ),
    rewrite(
        "classify_critical_point",
        "zeros_first",
        """
        def classify_critical_point(H, tol=1e-8):
            eigenvalues = np.linalg.eigvalsh(H)
            if np.any(np.abs(eigenvalues) <= tol):
                return "degenerate"
            if np.all(eigenvalues > 0):
                return "minimum"
            return "maximum" if np.all(eigenvalues < 0) else "saddle"
        """,
        "If one direction goes up and another goes down, the point is a saddle, whatever the flat "
        "directions do. Which question comes first?",
    ),
    edit(
        "classify_critical_point",
        "no_tolerance",
        "np.any(eigenvalues > tol), np.any(eigenvalues < -tol)",
        "np.any(eigenvalues > 0), np.any(eigenvalues < 0)",
        "A curvature of -1e-10 is rounding noise, and does not make a saddle. Where do you need `tol`?",
    ),
    edit(
        "classify_critical_point",
        "never_degenerate",
        "np.abs(eigenvalues) <= tol",
        "np.isnan(eigenvalues)",
        "If a direction is flat, the Hessian cannot show that the point is a minimum: higher derivatives "
        "decide. There is a word for that here.",
    ),
    edit(
        "classify_critical_point",
        "upside_down",
        '"minimum" if up',
        '"minimum" if down',
        "If all curvatures are positive, the loss goes up in every direction. Are you at a top or at a "
        "bottom?",
    ),
    rewrite(
        "classify_critical_point",
        "flat_counts_as_up",
        """
        def classify_critical_point(H, tol=1e-8):
            eigenvalues = np.linalg.eigvalsh(H)
            if np.all(eigenvalues >= -tol):
                return "minimum"
            return "maximum" if np.all(eigenvalues <= tol) else "saddle"
        """,
        "You count a flat direction as one that goes up (or down). Along it the Hessian says nothing: "
        "which row of the table is that?",
    ),
    # momentum_step
    edit(
        "momentum_step",
        "averaged",
        "+ grad",
        "+ (1 - momentum) * grad",
        "This is the form with `1 - momentum`, as in Adam. It is right elsewhere, but for the same steps "
        "it needs a rate 1/(1 - momentum) times larger.",
    ),
    rewrite(
        "momentum_step",
        "rate_in_velocity",
        """
        def momentum_step(w, grad, state, lr, momentum=0.9):
            v = momentum * state.get("velocity", 0.0) - lr * grad
            return w + v, {"velocity": v}
        """,
        "This is the form with the rate inside the velocity. It is right elsewhere. But when the rate "
        "changes, the old rate stays in the velocity for a while. Keep only gradients in the velocity.",
    ),
    edit(
        "momentum_step",
        "forgets",
        'state.get("velocity", 0.0)',
        "0.0",
        "Each step starts from rest: you never read the velocity of the last step.",
    ),
    edit(
        "momentum_step",
        "old_velocity",
        "w - lr * v",
        'w - lr * state.get("velocity", 0.0)',
        "You step with the velocity from before this gradient. First update the velocity, then move the "
        "weights.",
    ),
    edit(
        "momentum_step",
        "plain_step",
        "w - lr * v",
        "w - lr * grad",
        "You compute a velocity but move by the gradient alone. What is the velocity for?",
    ),
    edit(
        "momentum_step",
        "uphill",
        "w - lr * v",
        "w + lr * v",
        "Your step climbs. The velocity is a sum of gradients, and gradients point uphill.",
    ),
    rewrite(
        "momentum_step",
        "in_place",
        """
        def momentum_step(w, grad, state, lr, momentum=0.9):
            v = state.setdefault("velocity", np.zeros_like(w))
            v *= momentum
            v += grad
            return w - lr * v, {"velocity": v}
        """,
        "`*=`, `+=` and `setdefault` change objects that the caller still uses. Make a new velocity and a "
        "new state.",
    ),
    edit(
        "momentum_step",
        "fixed_momentum",
        "momentum * state",
        "0.9 * state",
        "You always keep the share 0.9 of the velocity. That is only the default: what is the argument "
        "for?",
    ),
    # nesterov_step
    edit(
        "nesterov_step",
        "plain_momentum",
        "grad + momentum * v)",
        "v)",
        "This is plain momentum: the step contains the gradient once and the old velocity once. "
        "Nesterov's step contains the gradient and the *new* velocity.",
    ),
    edit(
        "nesterov_step",
        "without_gradient",
        "grad + momentum * v)",
        "momentum * v)",
        "You take the velocity that is still to come, but the gradient of this step is missing.",
    ),
    edit(
        "nesterov_step",
        "undamped",
        "grad + momentum * v)",
        "grad + v)",
        "The look-ahead uses the velocity one step later. By what does one step multiply the velocity?",
    ),
    edit(
        "nesterov_step",
        "averaged",
        'state.get("velocity", 0.0) + grad',
        'state.get("velocity", 0.0) + (1 - momentum) * grad',
        "Your velocity is an average of gradients. Here it is a sum: each new gradient enters with weight "
        "1.",
    ),
    rewrite(
        "nesterov_step",
        "keeps_the_look_ahead",
        """
        def nesterov_step(w, grad, state, lr, momentum=0.9):
            v = grad + momentum * (momentum * state.get("velocity", 0.0) + grad)
            return w - lr * v, {"velocity": v}
        """,
        "The step is right, but you saved the look ahead in the state. It is for this step only: what "
        "does the next step need?",
    ),
    rewrite(
        "nesterov_step",
        "rate_in_velocity",
        """
        def nesterov_step(w, grad, state, lr, momentum=0.9):
            v = momentum * state.get("velocity", 0.0) - lr * grad
            return w + momentum * v - lr * grad, {"velocity": v}
        """,
        "This is the form with the rate inside the velocity, as in Keras. It is right elsewhere. But when "
        "the rate changes, the old rate stays in the velocity for a while. Keep only gradients in the "
        "velocity.",
    ),
    # clip_by_global_norm
    edit(
        "clip_by_global_norm",
        "each_by_itself",
        "[g * factor for g in grads]",
        "[g * min(1.0, max_norm / max(np.linalg.norm(g), 1e-300)) for g in grads]",
        "You clip each array by its own norm. This changes their proportions, and so the direction of the "
        "gradient.",
    ),
    edit(
        "clip_by_global_norm",
        "always",
        "max_norm / norm if norm > max_norm else 1.0",
        "max_norm / norm if norm > 0 else 1.0",
        "You also stretch gradients that are short enough. Clipping sets an upper limit, not a fixed "
        "length.",
    ),
    edit(
        "clip_by_global_norm",
        "by_value",
        "[g * factor for g in grads]",
        "[np.clip(g, -max_norm, max_norm) for g in grads]",
        "You clip every entry separately, which changes the gradient's direction. Clipping by norm keeps its "
        "direction.",
    ),
    edit(
        "clip_by_global_norm",
        "sum_of_norms",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "sum(np.sqrt(np.sum(g**2)) for g in grads)",
        "The norms of the parts do not add up to the norm of the whole. Their squares do.",
    ),
    edit(
        "clip_by_global_norm",
        "no_root",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "sum(np.sum(g**2) for g in grads)",
        "This is the square of the norm. Which step is missing?",
    ),
    edit(
        "clip_by_global_norm",
        "largest_entry",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "max(np.max(np.abs(g)) for g in grads)",
        "You measure the gradient by its largest entry. Here the norm is the Euclidean length.",
    ),
    edit(
        "clip_by_global_norm",
        "as_pytorch",
        "max_norm / norm if",
        "max_norm / (norm + 1e-6) if",
        "This is what PyTorch does. Here nothing is added to the norm: you divide only if the norm is too "
        "large, so it cannot be 0.",
    ),
    edit(
        "clip_by_global_norm",
        "accepts_zero",
        "max_norm <= 0",
        "max_norm < 0",
        "You accept a limit of 0, and then training silently stops.",
    ),
    edit(
        "clip_by_global_norm",
        "always_unguarded",
        "max_norm / norm if norm > max_norm else 1.0",
        "max_norm / norm",
        "You rescale every gradient, even a short one. Clipping sets an upper limit, not a fixed length.",
    ),
    # heavy_ball_parameters
    edit(
        "heavy_ball_parameters",
        "gradient_descent_rate",
        "4 / (np.sqrt(L) + np.sqrt(mu)) ** 2",
        "2 / (L + mu)",
        "This is the best rate without momentum. With momentum a larger rate is stable.",
    ),
    edit(
        "heavy_ball_parameters",
        "momentum_not_squared",
        "(np.sqrt(L) + np.sqrt(mu))) ** 2",
        "(np.sqrt(L) + np.sqrt(mu)))",
        "This is the factor by which the distance shrinks in a step. That factor is the square root of "
        "the momentum.",
    ),
    edit(
        "heavy_ball_parameters",
        "without_roots",
        "((np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))) ** 2",
        "((L - mu) / (L + mu)) ** 2",
        "Momentum is faster because of the square roots: without them you would be as slow as gradient descent.",
    ),
    edit(
        "heavy_ball_parameters",
        "half_rate",
        "4 / (np.sqrt(L) + np.sqrt(mu)) ** 2",
        "2 / (np.sqrt(L) + np.sqrt(mu)) ** 2",
        "Try a round bowl, where mu equals L: one step at rate 1/L must reach the bottom.",
    ),
    edit(
        "heavy_ball_parameters",
        "swapped",
        "return lr, momentum",
        "return momentum, lr",
        "Both numbers are right. In which order should you return them?",
    ),
    # perturbed_step
    edit(
        "perturbed_step",
        "on_the_sphere",
        "radius * rng.random() ** (1 / np.size(w))",
        "radius",
        "All your kicks have the same length. A point drawn uniformly *in* the ball is often closer to "
        "the centre than the radius.",
    ),
    edit(
        "perturbed_step",
        "length_uniform",
        "rng.random() ** (1 / np.size(w))",
        "rng.random()",
        "Your kicks are too often near the middle. What share of a ball in D dimensions lies within half "
        "its radius?",
    ),
    edit(
        "perturbed_step",
        "gaussian",
        "length * direction / np.linalg.norm(direction)",
        "radius * direction",
        "A normal draw can be longer than the radius. Use it for the direction only.",
    ),
    edit(
        "perturbed_step",
        "one_sided",
        "rng.normal(size=np.shape(w))",
        "rng.random(np.shape(w))",
        "Your kicks all have positive coordinates. A direction must be able to have either sign in each "
        "coordinate.",
    ),
    edit(
        "perturbed_step",
        "stale_gradient",
        "        grad = gradient(w)\n    return",
        "    return",
        "You step with the gradient from before the kick, which was nearly 0. Where is w now?",
    ),
    edit(
        "perturbed_step",
        "wait_too_short",
        "t - last > wait",
        "t - last >= wait",
        "Your kick comes one step too early. After a kick at step 7 with a wait of 5, steps 8 to 12 have "
        "no kick.",
    ),
    edit(
        "perturbed_step",
        "no_memory",
        '"last": last}',
        '"last": state.get("last")}',
        "You do not save the number of the step with the last kick, so the next step kicks again. What "
        "belongs in the new state?",
    ),
    edit(
        "perturbed_step",
        "always_kicks",
        "np.linalg.norm(grad) <= threshold and ",
        "",
        "You kick on steep slopes too. A kick is for places where the gradient is almost 0.",
    ),
    edit(
        "perturbed_step",
        "cube",
        "length * direction / np.linalg.norm(direction)",
        "rng.uniform(-radius, radius, np.shape(w))",
        "Your kicks fill a cube, and its corners are outside the ball. Draw a direction and a length "
        "instead.",
    ),
    # Questions
    edit(
        "quietest_first",
        "large_sets_are_noisy",
        '["a", "b", "c", "e", "d"]',
        '["e", "a", "b", "c", "d"]',
        "You ordered them by the number of examples, which matters only through (N - B)/(N - 1). What "
        "does the formula divide by?",
    ),
    edit(
        "quietest_first",
        "large_sets_are_quiet",
        '["a", "b", "c", "e", "d"]',
        '["d", "c", "b", "a", "e"]',
        "You put the largest set first. But you average over the batch, not over the set.",
    ),
    edit(
        "quietest_first",
        "factor_upside_down",
        '["a", "b", "c", "e", "d"]',
        '["c", "b", "a", "d", "e"]',
        "You took the batch size into account. Now look at the factor (N - B)/(N - 1): when is it 0, and "
        "when is it nearly 1?",
    ),
    edit(
        "quietest_first",
        "fives_by_size",
        '["a", "b", "c", "e", "d"]',
        '["a", "b", "c", "d", "e"]',
        "Nearly. Two of them have batches of 25: one batch is half of its set, the other is a tiny part "
        "of its set.",
    ),
    edit(
        "quietest_first",
        "half_the_set_wins",
        '["a", "b", "c", "e", "d"]',
        '["a", "e", "b", "c", "d"]',
        "Look at (e) again: its batch is half of its set, which about halves the variance. How many times "
        "larger is s^2/B with 25 than with 100?",
    ),
    edit(
        "zigzag_or_jitter",
        "all_is_noise",
        'dict.fromkeys("ace", "zig-zag") | dict.fromkeys("bdf", "jitter")',
        'dict.fromkeys("abcdef", "jitter")',
        "Not every swing is noise. Which of these would you also see with the exact gradient of all "
        "examples?",
    ),
    edit(
        "zigzag_or_jitter",
        "for_ever_is_zigzag",
        '"ace", "zig-zag") | dict.fromkeys("bdf", ',
        '"aced", "zig-zag") | dict.fromkeys("bf", ',
        "Look at (d) again: in a stable zig-zag each swing is a fixed factor smaller than the last.",
    ),
    edit(
        "zigzag_or_jitter",
        "coordinates_are_noise",
        '"ace", "zig-zag") | dict.fromkeys("bdf", ',
        '"ae", "zig-zag") | dict.fromkeys("bcdf", ',
        "Look at (c) again: other coordinates change the curvatures. Do they also change which examples "
        "are drawn?",
    ),
    edit(
        "zigzag_or_jitter",
        "turns_are_noise",
        '"ace", "zig-zag") | dict.fromkeys("bdf", ',
        '"ac", "zig-zag") | dict.fromkeys("bdef", ',
        "Look at (e) again: noise turns a coordinate about every second time, by chance. What turns it *every* time?",
    ),
    edit(
        "zigzag_or_jitter",
        "swapped",
        'dict.fromkeys("ace", "zig-zag") | dict.fromkeys("bdf", "jitter")',
        'dict.fromkeys("ace", "jitter") | dict.fromkeys("bdf", "zig-zag")',
        "You seem to have swapped the two words: zig-zag comes from the shape of the valley, jitter from "
        "the mini-batches.",
    ),
    edit(
        "final_step_length",
        "plain_step",
        "lr * grad / (1 - momentum)",
        "lr * grad",
        "This is the step without momentum, `lr` times the gradient. How large is the velocity after many "
        "steps?",
    ),
    edit(
        "final_step_length",
        "velocity",
        "lr * grad / (1 - momentum)",
        "grad / (1 - momentum)",
        "This is the final velocity. The step is the rate times the velocity.",
    ),
    edit(
        "final_step_length",
        "effective_rate",
        "lr * grad / (1 - momentum)",
        "lr / (1 - momentum)",
        "This is the effective rate of this momentum. But the gradient is not 1 here.",
    ),
    edit(
        "final_step_length",
        "second_step",
        "/ (1 - momentum)",
        "* (1 + momentum)",
        "This is the length of the second step. The velocity keeps growing after that: which value does "
        "it approach?",
    ),
    edit(
        "final_step_length",
        "factor",
        "lr * grad / (1 - momentum)",
        "1 / (1 - momentum)",
        "This is how many times longer the last steps are than the first. How long are they?",
    ),
    edit(
        "off_the_saddle",
        "momentum_always_leaves",
        '{"c", "e", "f"}',
        '{"b", "c", "d", "e", "f", "g"}',
        "Momentum adds up gradients. In which of these cases does any gradient, or the velocity, have a "
        "part along $w_2$?",
    ),
    edit(
        "off_the_saddle",
        "momentum_off_the_line",
        '{"c", "e", "f"}',
        '{"b", "c", "e", "f"}',
        "Look at (b) again: the walk gets fast along $w_1$, but what would make it turn towards $w_2$?",
    ),
    edit(
        "off_the_saddle",
        "descent_never_leaves",
        '{"c", "e", "f"}',
        '{"e", "f"}',
        "Look at (c) again: how does a tiny distance along $w_2$ change from step to step?",
    ),
    edit(
        "off_the_saddle",
        "nesterov_leaves",
        '{"c", "e", "f"}',
        '{"c", "e", "f", "g"}',
        "Look at (g) again: if the velocity is 0, how far ahead does it look?",
    ),
    edit(
        "off_the_saddle",
        "noise_averages_out",
        '{"c", "e", "f"}',
        '{"c", "e"}',
        "Look at (f) again: how far must noise push the walk along $w_2$ before the slope does the rest?",
    ),
    edit(
        "off_the_saddle",
        "all_leave",
        '{"c", "e", "f"}',
        '{"a", "b", "c", "d", "e", "f", "g"}',
        "If the gradient is exactly 0, or has no part along $w_2$, no movement along $w_2$ begins. In "
        "which cases is that exactly so?",
    ),
]
