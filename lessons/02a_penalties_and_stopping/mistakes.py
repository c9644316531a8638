"""Likely mistakes of lesson 02a."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "samples_needed", "product", "per_axis**dim", "per_axis * dim",
        "With your rule, each new axis adds the same number of points. Draw the grid for two axes with three values "
        "each, and count.",
    ),
    edit(
        "samples_needed", "swapped", "per_axis**dim", "dim**per_axis",
        "Base and exponent are swapped. What happens to the number of points when you add one more axis?",
    ),
    edit(
        "samples_needed", "one_axis_less", "per_axis**dim", "per_axis ** (dim - 1)",
        "On a single axis there are as many points as values. What does your function return for one axis?",
    ),
    edit(
        "samples_needed", "sides_of_cells", "per_axis**dim", "(per_axis + 1) ** dim",
        "You count the corners of cells. Here per_axis is the number of values along each axis, not the number of "
        "gaps.",
    ),
    edit(
        "samples_needed", "overflow", "per_axis**dim", "int(np.int64(per_axis) ** np.int64(dim))",
        "For large numbers your result is wrong: NumPy's integers have 64 bits and overflow. Python's do not.",
    ),
    edit(
        "distance_contrast", "squared",
        "np.sqrt(np.sum((points - query) ** 2, axis=1))", "np.sum((points - query) ** 2, axis=1)",
        "These are squared distances. A ratio of squares is not the ratio of the distances.",
    ),
    edit(
        "distance_contrast", "axis", "axis=1", "axis=0",
        "You sum over the points, which gives one number per coordinate. You need one distance per *point*: along "
        "which axis are its coordinates?",
    ),
    edit(
        "distance_contrast", "no_axis",
        "np.sqrt(np.sum((points - query) ** 2, axis=1))", "np.sqrt(np.sum((points - query) ** 2))",
        "You have one number for all points together, so nearest and farthest are the same. You need one distance per "
        "point: which axis should you sum over?",
    ),
    edit(
        "distance_contrast", "by_farthest", "(farthest - nearest) / nearest", "(farthest - nearest) / farthest",
        "Your contrast can never exceed 1. Which distance should the difference be compared with?",
    ),
    edit(
        "distance_contrast", "ratio", "(farthest - nearest) / nearest", "farthest / nearest",
        "This is the ratio of the two distances. If all distances are equal, the contrast should be 0.",
    ),
    edit(
        "distance_contrast", "city_blocks",
        "np.sqrt(np.sum((points - query) ** 2, axis=1))", "np.sum(np.abs(points - query), axis=1)",
        "You add up the absolute differences of the coordinates. The Euclidean distance is the length of the straight "
        "line.",
    ),
    edit(
        "distance_contrast", "divides_by_zero", "if nearest == 0:", "if False:",
        "If the query is one of the points, you divide by 0, and NumPy only warns. What does the docstring ask for in "
        "that case?",
    ),
    edit(
        "elastic_net_loss", "penalty_not_halved", "(1 - l1_ratio) / 2 *", "(1 - l1_ratio) *",
        "Look at the l2 part of the penalty again: the formula has a half there, so that its gradient has no 2.",
    ),
    edit(
        "elastic_net_loss", "no_mean", "residual @ residual / (2 * len(y))", "residual @ residual / 2",
        "You take the sum of the squares. The formula takes the mean: with twice as many examples the value should not "
        "double.",
    ),
    edit(
        "elastic_net_loss", "squares_not_halved", "residual / (2 * len(y))", "residual / len(y)",
        "The data term has a half too, in addition to the mean.",
    ),
    edit(
        "elastic_net_loss", "ratio_swapped",
        "l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2", "(1 - l1_ratio) * np.abs(w).sum() + l1_ratio / 2",
        "The ratio is the share of the l1 norm. With a ratio of 1 the l2 part must vanish.",
    ),
    edit(
        "elastic_net_loss", "norm_not_squared", "(w @ w)", "np.sqrt(w @ w)",
        "The formula contains the square of the l2 norm.",
    ),
    edit(
        "elastic_net_loss", "columns_for_n", "(2 * len(y))", "(2 * len(w))",
        "You divide by the number of weights. The mean is over the examples.",
    ),
    edit(
        "elastic_net_loss", "no_lambda", "+ lam * penalty", "+ penalty",
        "The penalty strength has no effect on your result. What does lambda multiply in the formula?",
    ),
    edit(
        "elastic_net_loss", "abs_of_sum", "np.abs(w).sum()", "np.abs(w.sum())",
        "Weights of opposite signs cancel in your l1 norm. Which comes first: the absolute value, or the sum?",
    ),
    rewrite(
        "elastic_net_loss", "accepts_all",
        """
        def elastic_net_loss(w, X, y, lam, l1_ratio):
            penalty = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * np.sum(w**2)
            return np.mean((X @ w - y) ** 2) / 2 + lam * penalty
        """,
        "Your result is right for valid arguments. The docstring also says which numbers and which shapes to refuse.",
    ),
    edit(
        "elastic_net_loss", "negative_price", "lam < 0 or not", "not",
        "Your function accepts a negative lam, which would reward large weights.",
    ),
    edit(
        "elastic_net_loss", "accepts_bad_numbers", "if lam < 0 or not 0 <= l1_ratio <= 1:", "if False:",
        "Your function accepts a lam or an l1_ratio that makes no sense. Which values does the docstring allow for "
        "each?",
    ),
    edit(
        "elastic_net_loss", "accepts_bad_shapes", "if X.shape != y.shape + w.shape:", "if False:",
        "Your function accepts targets that do not match the rows of X: NumPy broadcasts them. Compare the shapes.",
    ),
    edit(
        "elastic_net_loss", "only_lengths", "X.shape != y.shape + w.shape", "X.shape != (len(y), len(w))",
        "You compare only lengths, so y may still be a column of shape (n, 1). Then the difference becomes an (n, n) "
        "array.",
    ),
    edit(
        "elastic_net_loss", "ratio_unlimited", "lam < 0 or not 0 <= l1_ratio <= 1", "lam < 0",
        "Your function accepts an l1_ratio outside [0, 1]. One of the two shares would then be negative.",
    ),
    edit(
        "elastic_net_gradient", "factor_two", "data_part = X.T", "data_part = 2 * X.T",
        "The 2 from the derivative of the square cancels. Which factor in the loss cancels it?",
    ),
    edit(
        "elastic_net_gradient", "abs_for_sign", "np.sign(w)", "np.abs(w)",
        "You use the terms of the l1 norm itself. What is the *slope* of |w| for a negative w?",
    ),
    edit(
        "elastic_net_gradient", "transpose_missing",
        "X.T @ (X @ w - y)", "(X @ (X @ w - y) if X.shape[0] == X.shape[1] else X.T @ (X @ w - y))",
        "If X is square, you multiply by X instead of its transpose. The sum is over the examples: the rows.",
    ),
    rewrite(
        "elastic_net_gradient", "no_transpose",
        """
        def elastic_net_gradient(w, X, y, lam, l1_ratio):
            data_part = X @ (X @ w - y) / len(y)
            return data_part + lam * (l1_ratio * np.sign(w) + (1 - l1_ratio) * w)
        """,
        "The residuals have one entry per example, but X @ ... sums over columns. Which of X and X.T fits?",
    ),
    edit(
        "elastic_net_gradient", "no_mean", " / len(y)", "",
        "The data term of the loss is a mean over the examples, so its gradient is too.",
    ),
    edit(
        "elastic_net_gradient", "ratio_swapped",
        "(l1_ratio * np.sign(w) + (1 - l1_ratio) * w)", "((1 - l1_ratio) * np.sign(w) + l1_ratio * w)",
        "The ratio is the share of the l1 part, the one with the sign.",
    ),
    edit(
        "elastic_net_gradient", "l2_twice", "(1 - l1_ratio) * w", "2 * (1 - l1_ratio) * w",
        "The l2 part of the loss has a half. What is the derivative of w**2 / 2?",
    ),
    edit(
        "elastic_net_gradient", "l2_halved", "(1 - l1_ratio) * w", "(1 - l1_ratio) / 2 * w",
        "The half of the l2 part cancels when you differentiate: the derivative of w**2 / 2 is w.",
    ),
    edit(
        "elastic_net_gradient", "sign_of_residual", "X @ w - y", "y - X @ w",
        "The data part of your gradient points downhill, the penalty part uphill. Prediction minus target, or the "
        "other way round?",
    ),
    edit(
        "elastic_net_gradient", "sign_at_zero", "np.sign(w)", "np.where(w >= 0, 1.0, -1.0)",
        "At a weight of exactly 0 the docstring asks for the slope 0. Yours is that of a positive weight.",
    ),
    edit(
        "elastic_net_gradient", "sign_at_zero_minus", "np.sign(w)", "np.where(w > 0, 1.0, -1.0)",
        "At a weight of exactly 0 the docstring asks for the slope 0. Yours is that of a negative weight.",
    ),
    edit(
        "elastic_net_gradient", "no_lambda", "data_part + lam *", "data_part +",
        "The penalty strength has no effect on your result. What multiplies the penalty in the loss multiplies its "
        "gradient.",
    ),
    edit(
        "elastic_net_gradient", "l2_whole", "(1 - l1_ratio) * w", "w",
        "You give the l2 part the whole penalty strength. At a ratio of 1 it should vanish.",
    ),
    edit(
        "elastic_net_gradient", "penalty_forgotten", "data_part + lam *", "data_part + 0 *",
        "Your gradient has only the data term. What does the penalty add?",
    ),
    edit(
        "ridge_closed_form", "sum_form", "X.T @ X / n + lam", "n * (X.T @ X / n) / 1 + lam",
        "In your equations X'X is a sum over the examples, but X'y is a mean.",
    ),
    rewrite(
        "ridge_closed_form", "lambda_of_the_sum",
        """
        def ridge_closed_form(X, y, lam):
            return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
        """,
        "These are the equations for the *sum* of squares. Our loss takes the mean: by which factor do the lambdas "
        "differ?",
    ),
    edit(
        "ridge_closed_form", "n_twice", "lam * np.eye(dim)", "lam * n * np.eye(dim)",
        "X'X/n already contains the mean. A second n would be right only for a loss with the sum of squares.",
    ),
    edit(
        "ridge_closed_form", "no_penalty", " + lam * np.eye(dim)", "",
        "The penalty strength has no effect on your result: this is plain least squares.",
    ),
    edit(
        "ridge_closed_form", "on_the_right", "+ lam * np.eye(dim)\n    return np.linalg.solve(A, X.T @ y / n)",
        "\n    return np.linalg.solve(A, X.T @ y / n + lam)",
        "The penalty's gradient is lam * w, which contains the unknown weights. On which side of the equations does it "
        "belong?",
    ),
    edit(
        "ridge_closed_form", "everywhere", "lam * np.eye(dim)", "lam",
        "You add lam to every entry of the matrix. But the penalty on a weight involves only that weight.",
    ),
    edit(
        "ridge_closed_form", "minus", "+ lam * np.eye", "- lam * np.eye",
        "A larger penalty should make the weights smaller. Look at the sign.",
    ),
    edit(
        "ridge_closed_form", "twice", "lam * np.eye(dim)", "2 * lam * np.eye(dim)",
        "Your penalty counts double. The loss has a half in front of the l2 norm, so its gradient has no 2.",
    ),
    edit(
        "ridge_closed_form", "halved", "lam * np.eye(dim)", "lam / 2 * np.eye(dim)",
        "Your penalty counts half. The half is in the loss: what is left of it after you differentiate w**2 / 2?",
    ),
    edit(
        "soft_threshold", "hard", "np.sign(z) * np.maximum(np.abs(z) - t, 0.0)", "np.where(np.abs(z) > t, z, 0.0)",
        "This is the hard threshold: large numbers stay as they are. The soft threshold moves them by t too.",
    ),
    edit(
        "soft_threshold", "sign_lost", "np.sign(z) * np", "np",
        "A negative number comes out positive. The threshold works on absolute values: what happened to the sign?",
    ),
    edit(
        "soft_threshold", "beyond_zero", "np.maximum(np.abs(z) - t, 0.0)", "(np.abs(z) - t)",
        "Small numbers change their sign: you move them by t even if that takes them past 0.",
    ),
    edit(
        "soft_threshold", "one_side", "np.sign(z) * np.maximum(np.abs(z) - t, 0.0)", "np.maximum(z - t, 0.0)",
        "Every negative number becomes 0. Those below -t should move up, towards 0.",
    ),
    edit(
        "soft_threshold", "what_is_cut", "np.sign(z) * np.maximum(np.abs(z) - t, 0.0)",
        "np.sign(z) * np.minimum(np.abs(z), t)",
        "You return what the threshold takes away. The function should return what is left.",
    ),
    edit(
        "soft_threshold", "shrinks_like_l2", "np.sign(z) * np.maximum(np.abs(z) - t, 0.0)", "z / (1 + t)",
        "This is what an l2 penalty does: smaller, but never 0. The l1 penalty takes the same amount from every "
        "number.",
    ),
    rewrite(
        "soft_threshold", "in_place",
        """
        def soft_threshold(z, t):
            if np.ndim(z) == 0:
                return np.sign(z) * np.maximum(np.abs(z) - t, 0.0)
            small = np.abs(z) <= t
            z -= t * np.sign(z)
            z[small] = 0.0
            return z
        """,
        "The numbers are right, but you change the caller's array. `z -= ...` works in place.",
    ),
    edit(
        "proximal_step", "shrinks_first",
        "smooth = X", "w = soft_threshold(w, lr * lam * l1_ratio)\n    lam, smooth = lam, X",
        "You apply the threshold before the gradient step as well as after it.",
    ),
    rewrite(
        "proximal_step", "threshold_before_step",
        """
        def proximal_step(w, X, y, lam, l1_ratio, lr):
            w = soft_threshold(w, lr * lam * l1_ratio)
            return w - lr * (X.T @ (X @ w - y) / len(y) + lam * (1 - l1_ratio) * w)
        """,
        "You shrink first and step afterwards, so no weight stays exactly 0. The threshold comes last.",
    ),
    edit(
        "proximal_step", "threshold_without_rate", "lr * lam * l1_ratio)", "lam * l1_ratio)",
        "Your threshold does not depend on the rate. A tiny step should change the weights only a tiny bit.",
    ),
    rewrite(
        "proximal_step", "other_splitting",
        """
        def proximal_step(w, X, y, lam, l1_ratio, lr):
            z = w - lr * (X.T @ (X @ w - y) / len(y))
            return soft_threshold(z, lr * lam * l1_ratio) / (1 + lr * lam * (1 - l1_ratio))
        """,
        "This is the second way to split, which ends at the same weights. In the first one, the l2 penalty belongs to "
        "the gradient step.",
    ),
    edit(
        "proximal_step", "l2_forgotten", " + lam * (1 - l1_ratio) * w", "",
        "The l2 part of the penalty is missing in your gradient step.",
    ),
    edit(
        "proximal_step", "l2_whole", "lam * (1 - l1_ratio) * w", "lam * w",
        "You give the l2 part the whole penalty strength. Only its share of lam belongs in the gradient step.",
    ),
    edit(
        "proximal_step", "l1_twice", "lam * (1 - l1_ratio) * w", "lam * (l1_ratio * np.sign(w) + (1 - l1_ratio) * w)",
        "You apply the l1 penalty twice: in the gradient, and again in the threshold.",
    ),
    edit(
        "proximal_step", "no_threshold", "soft_threshold(w - lr * smooth, lr * lam * l1_ratio)", "w - lr * smooth",
        "This is a gradient step on the smooth part only. Where is the l1 penalty?",
    ),
    edit(
        "proximal_step", "ratio_not_in_threshold", "lr * lam * l1_ratio)", "lr * lam)",
        "Your threshold uses the whole penalty strength. Only the l1 share of it belongs there.",
    ),
    edit(
        "proximal_step", "climbs", "w - lr * smooth", "w + lr * smooth",
        "Your gradient step goes uphill. Which way does the gradient point?",
    ),
    edit(
        "proximal_step", "no_mean", " / len(y)", "",
        "The data term of the loss is a mean over the examples, so its gradient is too.",
    ),
    edit(
        "weight_decay_step", "rate_missing", "lr * weight_decay * w", "weight_decay * w",
        "Your decay does not depend on the rate. With a rate of 0 nothing should move.",
    ),
    edit(
        "weight_decay_step", "grows", "- lr * weight_decay * w", "+ lr * weight_decay * w",
        "Without a gradient your weights grow. Look at the sign of the decay.",
    ),
    edit(
        "weight_decay_step", "decays_the_new", "w - lr * grad - lr * weight_decay * w",
        "(w - lr * grad) * (1 - lr * weight_decay)",
        "You let the *updated* weights decay. Both terms of the formula use the old w.",
    ),
    edit(
        "weight_decay_step", "no_decay", " - lr * weight_decay * w", "",
        "This is plain SGD. What does a step with a zero gradient do to the weights?",
    ),
    edit(
        "weight_decay_step", "decays_the_gradient", "lr * weight_decay * w", "lr * weight_decay * grad",
        "The weights should decay, not the gradient.",
    ),
    edit(
        "weight_decay_step", "same_for_all", "lr * weight_decay * w", "lr * weight_decay",
        "You subtract the same number from every weight, so negative ones grow in size. Each should shrink by a share "
        "of itself.",
    ),
    edit(
        "weight_decay_step", "constant", "lr * weight_decay * w", "lr * weight_decay * np.sign(w)",
        "Every weight shrinks by the same amount, as with an l1 penalty. Here it should shrink by a share of its own "
        "size.",
    ),
    edit(
        "weight_decay_step", "twice", "lr * weight_decay * w", "2 * lr * weight_decay * w",
        "Your decay has a factor 2. It belongs to a penalty without the half, not to the decay itself.",
    ),
    rewrite(
        "weight_decay_step", "in_place",
        """
        def weight_decay_step(w, grad, lr, weight_decay):
            w -= lr * grad + lr * weight_decay * w
            return w
        """,
        "`w -= ...` changes the caller's array. The function should return a new one.",
    ),
    edit(
        "early_stopping", "one_too_many", "if bad == patience:", "if bad > patience:",
        "You stop one epoch late. Training stops in the epoch in which the count *reaches* the patience.",
    ),
    edit(
        "early_stopping", "one_too_few", "if bad == patience:", "if bad == max(patience - 1, 1):",
        "You stop one epoch early. How many bad epochs in a row does the patience allow?",
    ),
    edit(
        "early_stopping", "neighbours", "if loss < best - min_delta:",
        "if epoch == 0 or loss < losses[epoch - 1] - min_delta:",
        "You compare each loss with the one before it. A loss that falls after a rise may still be above the best.",
    ),
    edit(
        "early_stopping", "last_as_best", "return epoch, best_epoch", "return epoch, epoch",
        "You return the epoch in which you stop as the best one. The best one came earlier.",
    ),
    edit(
        "early_stopping", "margin_ignored", "best - min_delta", "best",
        "min_delta has no effect on your answer. A gain that is too small does not count.",
    ),
    edit(
        "early_stopping", "never_reset", "best, best_epoch, bad = loss, epoch, 0", "best, best_epoch = loss, epoch",
        "Your count of bad epochs never restarts. The patience counts bad epochs *in a row*.",
    ),
    edit(
        "early_stopping", "equal_is_better", "loss < best", "loss <= best",
        "A loss equal to best - min_delta is not an improvement.",
    ),
    edit(
        "early_stopping", "best_creeps", "            bad += 1",
        "            bad += 1\n            best, best_epoch = min((best, best_epoch), (loss, epoch))",
        "You also lower the best loss after a gain that is too small to count. Then several small gains never add "
        "up to an improvement.",
    ),
    edit(
        "early_stopping", "best_of_all", "return epoch, best_epoch", "return epoch, int(np.argmin(losses))",
        "You search for the best among all losses, including those after the stop and those that gain less than "
        "min_delta.",
    ),
    edit(
        "early_stopping", "from_one", "return epoch, best_epoch", "return epoch + 1, best_epoch + 1",
        "Your epochs count from 1. Here they count from 0.",
    ),
    edit(
        "early_stopping", "order", "return epoch, best_epoch", "return best_epoch, epoch",
        "The two numbers are swapped: first the epoch of the stop, then the best one.",
    ),
    edit(
        "early_stopping", "never_stops", "            break", "            pass",
        "Your loop goes on to the last loss, whatever the patience.",
    ),
    edit(
        "early_stopping", "margin_added", "best - min_delta", "best + min_delta",
        "With your sign a loss that is a little *higher* counts as an improvement.",
    ),
    edit(
        "early_stopping", "accepts_all", "if len(losses) == 0 or patience < 1:", "if False:",
        "There is no answer if there are no losses, or if the patience is below 1. What does the docstring ask for "
        "then?",
    ),
    edit(
        "early_stopping", "accepts_no_patience", "len(losses) == 0 or patience < 1", "len(losses) == 0",
        "A patience below 1 would mean stopping before anything went wrong. Should that be accepted?",
    ),
    edit(
        "project_l1_ball", "scales",
        "return np.sign(v) * np.maximum(np.abs(v) - theta, 0.0)", "return v * radius / np.abs(v).sum()",
        "You pull the point straight towards the centre. That reaches the edge, but not at the nearest point.",
    ),
    edit(
        "project_l1_ball", "inside_moved", "if np.abs(v).sum() <= radius:", "if False:",
        "A point inside the ball is its own nearest point. You move it to the edge.",
    ),
    edit(
        "project_l1_ball", "sign_lost", "return np.sign(v) * np.maximum", "return np.maximum",
        "Negative entries come out positive. Sorting and thresholding work on absolute values: where do the signs come "
        "back?",
    ),
    edit(
        "project_l1_ball", "all_survive", "thetas[np.nonzero(mu > thetas)[0][-1]]", "thetas[-1]",
        "Your theta assumes that every entry survives. Which k does the rule choose?",
    ),
    edit(
        "project_l1_ball", "sorted_with_signs", "np.sort(np.abs(v))", "np.sort(v)",
        "You sort the entries with their signs. A large negative entry is large too.",
    ),
    edit(
        "project_l1_ball", "not_sorted", "np.sort(np.abs(v))[::-1]", "np.abs(v)",
        "Your sizes are in the order of v. The rule for k assumes decreasing sizes.",
    ),
    edit(
        "project_l1_ball", "sum_with_signs", "if np.abs(v).sum() <= radius:", "if v.sum() <= radius:",
        "When you test whether v is in the ball, entries of opposite signs cancel. The l1 norm adds up absolute "
        "values.",
    ),
    edit(
        "project_l1_ball", "first_only", "[0][-1]", "[0][0]",
        "You take the first k that satisfies the condition. Which of them does the rule choose?",
    ),
    edit(
        "project_l1_ball", "radius_ignored", "(np.cumsum(mu) - radius)", "(np.cumsum(mu) - 1.0)",
        "Your result is right for radius 1. The caller may ask for another radius.",
    ),
    edit(
        "project_l1_ball", "euclidean_ball",
        "return np.sign(v) * np.maximum(np.abs(v) - theta, 0.0)", "return v * radius / np.linalg.norm(v)",
        "You move the point to the ball of the l2 norm, which is round.",
    ),
    edit(
        "project_l1_ball", "beyond_zero", "np.maximum(np.abs(v) - theta, 0.0)", "(np.abs(v) - theta)",
        "Entries smaller than theta change their sign. They should end at 0.",
    ),
    edit(
        "fit_of_each_model", "low_is_bad", '"e": "underfits"', '"e": "fits"',
        "Equal errors are a good sign only if they are small. How far above the variance of the noise are those of "
        "(e)?",
    ),
    edit(
        "fit_of_each_model", "gap_overlooked", '"d": "overfits"', '"d": "fits"',
        "Compare both errors of (d) with the variance of the noise, and with each other.",
    ),
    rewrite(
        "fit_of_each_model", "exchanged",
        """
        fit_of_each_model = {
            "a": "underfits",
            "b": "fits",
            "c": "overfits",
            "d": "underfits",
            "e": "overfits",
        }
        """,
        "You swapped the two words. A model that overfits has a *small* training error.",
    ),
    rewrite(
        "fit_of_each_model", "by_training",
        """
        fit_of_each_model = {
            "a": "fits",
            "b": "underfits",
            "c": "underfits",
            "d": "fits",
            "e": "underfits",
        }
        """,
        "You looked only at the training error. A small one says nothing about new data.",
    ),
    edit(
        "contrast_order", "by_columns", '["b", "d", "a", "c"]', '["b", "a", "c", "d"]',
        "You compared the numbers of coordinates: 500 for both (c) and (d). Does it change any distance if a cloud of "
        "5 dimensions is embedded in a larger space?",
    ),
    edit(
        "contrast_order", "by_columns_too", '["b", "d", "a", "c"]', '["b", "a", "d", "c"]',
        "Cloud (d) has many coordinates. How many dimensions did it have before it was embedded?",
    ),
    edit(
        "contrast_order", "rising", '["b", "d", "a", "c"]', '["c", "a", "d", "b"]',
        "This is the order of the distances themselves. The contrast says how much they differ from each other.",
    ),
    edit(
        "contrast_order", "by_columns_rising", '["b", "d", "a", "c"]', '["c", "d", "a", "b"]',
        "Distances grow with the dimension. The contrast is something else: how much they differ from each other.",
    ),
    edit(
        "lambda_of_colleague", "multiplied", "alpha / examples", "alpha * examples",
        "You converted in the wrong direction. A mean of squares is smaller than a sum, so its penalty must be smaller "
        "too.",
    ),
    edit(
        "lambda_of_colleague", "same", "alpha / examples", "alpha",
        "The same number would be right if both took the mean. Multiply our loss by 2n and compare term by term.",
    ),
    edit(
        "lambda_of_colleague", "half_forgotten", "alpha / examples", "2 * alpha / examples",
        "You have an extra factor 2. Our loss has a half before the squares and one before the l2 norm.",
    ),
    edit(
        "lambda_of_colleague", "half_twice", "alpha / examples", "alpha / examples / 2",
        "You have an extra half. Our loss has a half before the squares and one before the l2 norm.",
    ),
    edit(
        "true_of_penalties", "nearest_point", '{"a", "c", "g"}', '{"a", "b", "c", "g"}',
        "Look at the cross in the figure of section 5 again. When would it be the penalized optimum?",
    ),
    edit(
        "true_of_penalties", "intercept", '{"a", "c", "g"}', '{"a", "c", "d", "g"}',
        "If all targets rise by 100, which weights should change? And which do change if the intercept is penalized?",
    ),
    edit(
        "true_of_penalties", "sum_at_most_one", '{"a", "c", "g"}', '{"a", "c", "e", "g"}',
        "One number is limited to [0, 1], but not these two. In which form of the elastic net does it appear?",
    ),
    edit(
        "true_of_penalties", "momentum", '{"a", "c", "g"}', '{"a", "c", "f", "g"}',
        "That is true for plain SGD. What does momentum do with the penalty's gradient, and what with the decay?",
    ),
    edit(
        "true_of_penalties", "scale", '{"a", "c", "g"}', '{"a", "g"}',
        "The sum of squares grows with the number of examples, the penalty does not. What restores the balance?",
    ),
    edit(
        "true_of_penalties", "last_weights", '{"a", "c", "g"}', '{"a", "c"}',
        "When the patience runs out, the best epoch is already past. Which weights are returned?",
    ),
]
