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
        "Inputs and targets were shuffled each in an order of its own. Which target belongs to which input?",
    ),
    edit(
        "minibatches",
        "with_replacement",
        "rng.permutation(len(X))",
        "rng.integers(0, len(X), len(X))",
        "Some examples come twice and others not at all. A card that was dealt is not put back into the deck.",
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
        "Every epoch comes in the same order. A generator made afresh starts from the same place each time: "
        "what is the argument `rng` for?",
    ),
    edit(
        "minibatches",
        "sequence_of_blocks",
        "rng.permutation(len(X))",
        "np.roll(np.arange(len(X)), rng.integers(1, len(X) + 1))",
        "Neighbours in the data stay neighbours in the batches: only the place where you begin is random.",
    ),
    edit(
        "minibatches",
        "even_sizes",
        "[order[start : start + batch_size] for start in range(0, len(X), batch_size)]",
        "np.array_split(order, -(-len(X) // batch_size))",
        "The batches were made as even as possible. Here all but the last have exactly `batch_size` examples.",
    ),
    edit(
        "minibatches",
        "accepts_negative_size",
        "batch_size < 1",
        "batch_size == 0",
        "A negative batch size slips through, and the epoch is silently empty.",
    ),
    edit(
        "minibatches",
        "ignores_lengths",
        "len(X) != len(y)",
        "len(X) > len(y)",
        "More targets than inputs pass unnoticed, and then the pairs cannot be right. When do X and y fit together?",
    ),
    # gradient_noise
    edit(
        "gradient_noise",
        "size_squared",
        "/ batch_size",
        "/ batch_size**2",
        "A sum of B independent terms has B times the variance, and dividing the sum by B divides its variance by B "
        "squared. What is left of the two together?",
    ),
    edit(
        "gradient_noise",
        "factor_forgotten",
        "noise if replace else",
        "noise if True else",
        "Without replacement your noise is too large. A batch of all N examples has no noise whatever: what does your "
        "formula say of it?",
    ),
    edit(
        "gradient_noise",
        "share_left",
        "/ (n - 1)",
        "/ n",
        "Nearly right: `1 - B/N` belongs to a variance that was divided by N - 1. Yours was divided by N. Try B = 1: "
        "does it matter then whether the example is put back?",
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
        "The two cases are swapped. Which of them can see one example twice in a batch, and so knows less?",
    ),
    edit(
        "gradient_noise",
        "standard_deviation",
        "grads.var(axis=0)",
        "grads.std(axis=0)",
        "This begins with the standard deviation. It is variances that add up and that are divided by B.",
    ),
    edit(
        "gradient_noise",
        "all_coordinates_together",
        "grads.var(axis=0)",
        "grads.var()",
        "One number came out for all weights. Each coordinate has a noise of its own: which axis counts the examples?",
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
        "This is the root of what is asked for, the standard deviation of the mean. Variances are wanted here.",
    ),
    # noise_scale
    edit(
        "noise_scale",
        "inverse",
        "noise / signal",
        "signal / noise",
        "Upside down: the noise scale is large where the examples disagree.",
    ),
    edit(
        "noise_scale",
        "norm_not_squared",
        "np.sum(grads.mean(axis=0) ** 2)",
        "np.sqrt(np.sum(grads.mean(axis=0) ** 2))",
        "Multiply all gradients by 10: your number changes, but how they compare with each other has not. A variance "
        "must be held against a square.",
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
        "Below the bar stands the length of the mean gradient, not the mean length of the examples' gradients.",
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
        "You take one variance of all the entries together. Each coordinate has its own: take them down the columns, "
        "then add them up.",
    ),
    # condition_number
    edit(
        "condition_number",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.sort(np.diag(H))",
        "The diagonal holds the curvatures along the axes. A valley may run aslant: which directions are its own?",
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
        "The root of it is how long the ellipse is for its width. The condition number compares the curvatures.",
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
        "`eigvalsh` reads only one triangle of the matrix and takes the rest on trust. Ask whether H is symmetric.",
    ),
    edit(
        "condition_number",
        "accepts_negative",
        "eigenvalues[0] <= 0",
        "eigenvalues[0] == 0",
        "You refuse flat directions only. What is the ratio worth where a curvature is negative?",
    ),
    # best_constant_rate
    edit(
        "best_constant_rate",
        "one_over_steepest",
        "2 / (mu + L)",
        "1 / L",
        "This rate finishes the steepest direction in one step. The flattest would like a larger one: "
        "where are both equally slow?",
    ),
    edit(
        "best_constant_rate",
        "two_over_steepest",
        "2 / (mu + L)",
        "2 / L",
        "This is the limit of what is stable: along the steepest direction you jump to and fro for ever.",
    ),
    edit(
        "best_constant_rate",
        "half",
        "2 / (mu + L)",
        "1 / (mu + L)",
        "Half of the best. Solve `1 - lr*mu = -(1 - lr*L)` for lr once more.",
    ),
    edit(
        "best_constant_rate",
        "geometric_mean",
        "2 / (mu + L)",
        "1 / np.sqrt(mu * L)",
        "You took the geometric mean of the two curvatures. Which mean does the balance of the two factors give?",
    ),
    edit(
        "best_constant_rate",
        "trace",
        "2 / (mu + L)",
        "2 / np.trace(H)",
        "The trace adds all the curvatures. It is right in two dimensions only, where there is none in between.",
    ),
    edit(
        "best_constant_rate",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.sort(np.diag(H))",
        "The diagonal holds the curvatures along the axes. A valley may run aslant: which directions are its own?",
    ),
    # contraction
    edit(
        "contraction",
        "best_direction",
        "np.max",
        "np.min",
        "That is the direction that shrinks fastest. How long you have to wait is decided by another one.",
    ),
    edit(
        "contraction",
        "without_abs",
        "np.abs(1 - lr * eigenvalues)",
        "(1 - lr * eigenvalues)",
        "A factor of -0.9 is as slow as one of 0.9: it only changes sides on the way.",
    ),
    edit(
        "contraction",
        "steepest_only",
        "np.max(np.abs(1 - lr * eigenvalues))",
        "abs(1 - lr * eigenvalues[-1])",
        "You look at the steepest direction alone. At a small rate another one is the slowest.",
    ),
    edit(
        "contraction",
        "flattest_only",
        "np.max(np.abs(1 - lr * eigenvalues))",
        "abs(1 - lr * eigenvalues[0])",
        "You look at the flattest direction alone. At a large rate another one swings more.",
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
        "The loss shrinks by the square of the factor. Here the distance to the minimum is asked for.",
    ),
    # zigzag_count
    edit(
        "zigzag_count",
        "position",
        "np.diff(path, axis=0)",
        "path",
        "You count changes of sign of the position. A path can zig-zag far away from 0: look at its steps.",
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
        "You give one number for all coordinates. A ravine zig-zags across and not along: count each by itself.",
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
        "You pass over steps of length 0 and join what stands on both sides. Only consecutive steps are compared.",
    ),
    edit(
        "zigzag_count",
        "counts_straight",
        "< 0",
        "> 0",
        "You count the places where the path goes straight on. What sign has the product when it turns back?",
    ),
    edit(
        "zigzag_count",
        "sign_changes",
        "np.sum(steps[1:] * steps[:-1] < 0, axis=0)",
        "np.sum(np.diff(np.sign(steps), axis=0) != 0, axis=0)",
        "From moving to resting the sign changes too, from 1 to 0. That is no turn: both steps must move, and in "
        "opposite directions.",
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
        "The test by the determinant works in two dimensions. In four, two negative curvatures make it positive again.",
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
        "The trace is the sum of the curvatures: a large positive one hides any number of negative ones.",
    ),
    edit(
        "classify_critical_point",
        "diagonal",
        "np.linalg.eigvalsh(H)",
        "np.diag(H)",
        "The diagonal holds the curvatures along the axes. It may go down in between: which directions tell?",
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
        "One way up and one way down make a saddle, whatever the flat directions do. Which question comes first?",
    ),
    edit(
        "classify_critical_point",
        "no_tolerance",
        "np.any(eigenvalues > tol), np.any(eigenvalues < -tol)",
        "np.any(eigenvalues > 0), np.any(eigenvalues < 0)",
        "A curvature of -1e-10 is rounding noise, and does not make a saddle. Where does `tol` belong?",
    ),
    edit(
        "classify_critical_point",
        "never_degenerate",
        "np.abs(eigenvalues) <= tol",
        "np.isnan(eigenvalues)",
        "With a flat direction the Hessian cannot tell a minimum: higher terms decide. There is a word for that here.",
    ),
    edit(
        "classify_critical_point",
        "upside_down",
        '"minimum" if up',
        '"minimum" if down',
        "Where all curvatures are positive it goes up in every direction. Are you on a top or at a bottom?",
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
        "You count a flat direction as one that goes up. Along it the Hessian says nothing: which row of the table is "
        "that?",
    ),
    # momentum_step
    edit(
        "momentum_step",
        "averaged",
        "+ grad",
        "+ (1 - momentum) * grad",
        "This is the form with `1 - momentum`, as in Adam. It is right elsewhere, and takes a rate 1/(1 - momentum) "
        "times larger for the same steps.",
    ),
    rewrite(
        "momentum_step",
        "rate_in_velocity",
        """
        def momentum_step(w, grad, state, lr, momentum=0.9):
            v = momentum * state.get("velocity", 0.0) - lr * grad
            return w + v, {"velocity": v}
        """,
        "This is the form with the rate inside the velocity. It is right elsewhere, but when the rate changes, "
        "the old rate lives on in it. Keep only gradients in the velocity.",
    ),
    edit(
        "momentum_step",
        "forgets",
        'state.get("velocity", 0.0)',
        "0.0",
        "Each step begins from rest: the velocity of the last step is never read.",
    ),
    edit(
        "momentum_step",
        "old_velocity",
        "w - lr * v",
        'w - lr * state.get("velocity", 0.0)',
        "You step with the velocity from before this gradient. First the velocity changes, then the weights move.",
    ),
    edit(
        "momentum_step",
        "plain_step",
        "w - lr * v",
        "w - lr * grad",
        "You keep a velocity but move by the gradient alone. What is the velocity for?",
    ),
    edit(
        "momentum_step",
        "uphill",
        "w - lr * v",
        "w + lr * v",
        "This climbs. The velocity is a sum of gradients, and those point uphill.",
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
        "`*=`, `+=` and `setdefault` change what the caller still holds. Make a new velocity and a new state.",
    ),
    edit(
        "momentum_step",
        "fixed_momentum",
        "momentum * state",
        "0.9 * state",
        "The share that you keep of the velocity is always 0.9. That is only the default: what is the argument for?",
    ),
    # nesterov_step
    edit(
        "nesterov_step",
        "plain_momentum",
        "grad + momentum * v)",
        "v)",
        "This is plain momentum: the step takes the gradient once and the old velocity once. "
        "Nesterov's looks one push further ahead, with the new velocity.",
    ),
    edit(
        "nesterov_step",
        "without_gradient",
        "grad + momentum * v)",
        "momentum * v)",
        "The velocity that is still to come has been taken, but the gradient of this step is missing.",
    ),
    edit(
        "nesterov_step",
        "undamped",
        "grad + momentum * v)",
        "grad + v)",
        "The look ahead asks what the velocity will be one step later. What happens to it until then?",
    ),
    edit(
        "nesterov_step",
        "averaged",
        'state.get("velocity", 0.0) + grad',
        'state.get("velocity", 0.0) + (1 - momentum) * grad',
        "This velocity is an average of gradients. Here it is a sum: each new gradient enters with weight 1.",
    ),
    rewrite(
        "nesterov_step",
        "keeps_the_look_ahead",
        """
        def nesterov_step(w, grad, state, lr, momentum=0.9):
            v = grad + momentum * (momentum * state.get("velocity", 0.0) + grad)
            return w - lr * v, {"velocity": v}
        """,
        "The step is right, but the look ahead has got into the state. It is for this step only: what is handed on?",
    ),
    rewrite(
        "nesterov_step",
        "rate_in_velocity",
        """
        def nesterov_step(w, grad, state, lr, momentum=0.9):
            v = momentum * state.get("velocity", 0.0) - lr * grad
            return w + momentum * v - lr * grad, {"velocity": v}
        """,
        "This is the form with the rate inside the velocity, as Keras has it. It is right elsewhere, but when the rate "
        "changes, the old rate lives on in it. Keep only gradients in the velocity.",
    ),
    # clip_by_global_norm
    edit(
        "clip_by_global_norm",
        "each_by_itself",
        "[g * factor for g in grads]",
        "[g * min(1.0, max_norm / max(np.linalg.norm(g), 1e-300)) for g in grads]",
        "Each array was clipped by its own norm, so that their proportions change and with them the direction.",
    ),
    edit(
        "clip_by_global_norm",
        "always",
        "max_norm / norm if norm > max_norm else 1.0",
        "max_norm / norm if norm > 0 else 1.0",
        "You also stretch gradients that are short enough. Clipping sets a limit, it does not fix a length.",
    ),
    edit(
        "clip_by_global_norm",
        "by_value",
        "[g * factor for g in grads]",
        "[np.clip(g, -max_norm, max_norm) for g in grads]",
        "This clips every entry by itself, which turns the gradient. Clipping by norm keeps its direction.",
    ),
    edit(
        "clip_by_global_norm",
        "sum_of_norms",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "sum(np.sqrt(np.sum(g**2)) for g in grads)",
        "Norms of parts do not add up to the norm of the whole. It is their squares that do.",
    ),
    edit(
        "clip_by_global_norm",
        "no_root",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "sum(np.sum(g**2) for g in grads)",
        "This is the square of the norm.",
    ),
    edit(
        "clip_by_global_norm",
        "largest_entry",
        "np.sqrt(sum(np.sum(g**2) for g in grads))",
        "max(np.max(np.abs(g)) for g in grads)",
        "You measure the gradient by its largest entry. The norm meant here is the Euclidean length.",
    ),
    edit(
        "clip_by_global_norm",
        "as_pytorch",
        "max_norm / norm if",
        "max_norm / (norm + 1e-6) if",
        "This is what PyTorch does. Here nothing is added to the norm: where you divide, it cannot be 0.",
    ),
    edit(
        "clip_by_global_norm",
        "accepts_zero",
        "max_norm <= 0",
        "max_norm < 0",
        "A limit of 0 passes, and training would stand still without a word.",
    ),
    edit(
        "clip_by_global_norm",
        "always_unguarded",
        "max_norm / norm if norm > max_norm else 1.0",
        "max_norm / norm",
        "You also stretch gradients that are short enough. Clipping sets a limit, it does not fix a length.",
    ),
    # heavy_ball_parameters
    edit(
        "heavy_ball_parameters",
        "gradient_descent_rate",
        "4 / (np.sqrt(L) + np.sqrt(mu)) ** 2",
        "2 / (L + mu)",
        "This is the best rate without momentum. With momentum a larger one is stable.",
    ),
    edit(
        "heavy_ball_parameters",
        "momentum_not_squared",
        "(np.sqrt(L) + np.sqrt(mu))) ** 2",
        "(np.sqrt(L) + np.sqrt(mu)))",
        "This is the factor by which the distance shrinks in a step. It is the root of the momentum.",
    ),
    edit(
        "heavy_ball_parameters",
        "without_roots",
        "((np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))) ** 2",
        "((L - mu) / (L + mu)) ** 2",
        "The roots are what momentum wins: without them you would be as slow as gradient descent.",
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
        "Both numbers are right. In which order are they wanted?",
    ),
    # perturbed_step
    edit(
        "perturbed_step",
        "on_the_sphere",
        "radius * rng.random() ** (1 / np.size(w))",
        "radius",
        "All your kicks have the same length. A point uniform *in* the ball is often shorter than the radius.",
    ),
    edit(
        "perturbed_step",
        "length_uniform",
        "rng.random() ** (1 / np.size(w))",
        "rng.random()",
        "Your kicks crowd the middle. What share of a ball in D dimensions lies within half its radius?",
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
        "Your kicks all go the same way. A direction must be able to have either sign in each coordinate.",
    ),
    edit(
        "perturbed_step",
        "stale_gradient",
        "        grad = gradient(w)\n    return",
        "    return",
        "The step uses the gradient from before the kick, which was nearly 0. Where do you stand now?",
    ),
    edit(
        "perturbed_step",
        "wait_too_short",
        "t - last > wait",
        "t - last >= wait",
        "A kick comes one step too early. With a kick at step 7 and a wait of 5, steps 8 to 12 pass without one.",
    ),
    edit(
        "perturbed_step",
        "no_memory",
        '"last": last}',
        '"last": state.get("last")}',
        "The step of the kick is not remembered, so that the next step kicks again. What belongs in the new state?",
    ),
    edit(
        "perturbed_step",
        "always_kicks",
        "np.linalg.norm(grad) <= threshold and ",
        "",
        "You kick on steep slopes too. A kick is for places where the gradient says nothing.",
    ),
    edit(
        "perturbed_step",
        "cube",
        "length * direction / np.linalg.norm(direction)",
        "rng.uniform(-radius, radius, np.shape(w))",
        "Your kicks fill a cube, and its corners lie outside the ball. Draw a direction and a length instead.",
    ),
    # Questions
    edit(
        "quietest_first",
        "large_sets_are_noisy",
        '["a", "b", "c", "e", "d"]',
        '["e", "a", "b", "c", "d"]',
        "You ordered them by the number of examples, and that enters only through (N - B)/(N - 1). What does the "
        "formula divide by?",
    ),
    edit(
        "quietest_first",
        "large_sets_are_quiet",
        '["a", "b", "c", "e", "d"]',
        '["d", "c", "b", "a", "e"]',
        "You put the largest set first. The mean is taken over the batch, not over the set.",
    ),
    edit(
        "quietest_first",
        "factor_upside_down",
        '["a", "b", "c", "e", "d"]',
        '["c", "b", "a", "d", "e"]',
        "The batch size is taken into account. Now look at the factor (N - B)/(N - 1): where is it 0, where nearly 1?",
    ),
    edit(
        "quietest_first",
        "fives_by_size",
        '["a", "b", "c", "e", "d"]',
        '["a", "b", "c", "d", "e"]',
        "Nearly. Two of them have batches of 25: half of one set, and next to nothing of the other.",
    ),
    edit(
        "quietest_first",
        "half_the_set_wins",
        '["a", "b", "c", "e", "d"]',
        '["a", "e", "b", "c", "d"]',
        "Look at (e) again: it holds half of its set, which about halves the variance. How many times larger is s^2/B "
        "with 25 than with 100?",
    ),
    edit(
        "zigzag_or_jitter",
        "all_is_noise",
        'dict.fromkeys("ace", "zig-zag") | dict.fromkeys("bdf", "jitter")',
        'dict.fromkeys("abcdef", "jitter")',
        "Not all restlessness is noise. Which of these would you also see with the exact gradient of all examples?",
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
        "Look at (c) again: other coordinates change the curvatures. Do they change which examples are drawn?",
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
        "The two words seem to be swapped: zig-zag comes from the shape of the valley, jitter from the mini-batches.",
    ),
    edit(
        "final_step_length",
        "plain_step",
        "lr * grad / (1 - momentum)",
        "lr * grad",
        "This is the step without momentum, `lr` times the gradient. What has the velocity become after many steps?",
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
        "This is the rate that the momentum amounts to. The gradient is not 1 here.",
    ),
    edit(
        "final_step_length",
        "second_step",
        "/ (1 - momentum)",
        "* (1 + momentum)",
        "This is the length of the second step. The velocity goes on growing after that: where does it come to rest?",
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
        "Momentum adds up gradients. In which of your cases has any gradient, or the velocity, a part along $w_2$?",
    ),
    edit(
        "off_the_saddle",
        "momentum_off_the_line",
        '{"c", "e", "f"}',
        '{"b", "c", "e", "f"}',
        "Look at (b) again: the run-up along $w_1$ is fast, but what would turn it aside?",
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
        "Look at (g) again: from rest, how far does the look ahead look?",
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
        "Where the gradient is exactly 0, or has no part along $w_2$, nothing begins to move that way. "
        "Which cases are that exact?",
    ),
]
