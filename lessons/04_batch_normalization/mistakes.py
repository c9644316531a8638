"""Likely mistakes of lesson 04, each with the hint of a good tutor: the idea, not the fix."""

from course_grader.authoring.mistake_bank import edit, rewrite

EPS_PLACE = "Look where you add epsilon. It belongs to the variance, so it goes under the root."
MISTAKES = [
    edit(
        "batchnorm_forward",
        "unbiased_variance",
        "x.var(axis=0)",
        "x.var(axis=0, ddof=1)",
        "You divide the variance by N - 1. The layer only describes this batch; it estimates nothing. "
        "Which divisor does the formula have?",
    ),
    edit(
        "batchnorm_forward",
        "eps_outside",
        "np.sqrt(x.var(axis=0) + eps)",
        "(np.sqrt(x.var(axis=0)) + eps)",
        EPS_PLACE,
    ),
    edit(
        "batchnorm_forward",
        "no_eps",
        "x.var(axis=0) + eps",
        "x.var(axis=0)",
        "Your result does not depend on eps. What happens to a feature that is constant over the batch?",
    ),
    rewrite(
        "batchnorm_forward",
        "wrong_axis",
        """
        def batchnorm_forward(x, gamma, beta, eps=1e-5):
            mean = x.mean(axis=1, keepdims=True)
            s = np.sqrt(x.var(axis=1, keepdims=True) + eps)
            x_hat = (x - mean) / s
            return gamma * x_hat + beta, (x_hat, gamma, s)
        """,
        "You average over the features of each example. Batch norm normalizes each *feature*: what does "
        "it average over?",
    ),
    rewrite(
        "batchnorm_forward",
        "whole_array",
        """
        def batchnorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var() + eps)
            x_hat = (x - x.mean()) / s
            return gamma * x_hat + beta, (x_hat, gamma, s)
        """,
        "You use one mean and one variance for the whole table. How many features are there, and how many means?",
    ),
    edit(
        "batchnorm_forward",
        "gamma_and_beta_swapped",
        "gamma * x_hat + beta",
        "beta * x_hat + gamma",
        "Which of gamma and beta is the scale, and which is the shift?",
    ),
    edit(
        "batchnorm_forward",
        "divides_by_variance",
        "np.sqrt(x.var(axis=0) + eps)",
        "(x.var(axis=0) + eps)",
        "After normalizing, each feature should have variance 1. What is the unit of a variance, and what "
        "is the unit of x?",
    ),
    edit(
        "batchnorm_forward",
        "not_centred",
        "(x - mean)",
        "x",
        "After normalizing, each feature should have mean 0 over the batch. Does yours?",
    ),
    rewrite(
        "batchnorm_forward",
        "changes_x",
        """
        def batchnorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var(axis=0) + eps)
            x -= x.mean(axis=0)
            x_hat = x / s
            return gamma * x_hat + beta, (x_hat, gamma, s)
        """,
        "The numbers are right, but `-=` changes the caller's array. Make a new array.",
    ),
    edit(
        "batchnorm_forward",
        "beta_scaled",
        "gamma * x_hat + beta",
        "gamma * (x_hat + beta)",
        "Your gamma multiplies beta as well. The shift comes after the scale.",
    ),
    edit(
        "update_running",
        "pytorch_share",
        "momentum * running + (1 - momentum) * batch",
        "(1 - momentum) * running + momentum * batch",
        "In your formula momentum is the share of the new value, as in PyTorch. Which value's share is it "
        "here?",
    ),
    edit(
        "update_running",
        "weights_exceed_one",
        "(1 - momentum) * batch",
        "batch",
        "Suppose every batch has the same statistic. Which value does your running value approach, and "
        "which should it approach?",
    ),
    edit(
        "update_running",
        "plain_mean",
        "momentum * running + (1 - momentum) * batch",
        "(running + batch) / 2",
        "Your result does not depend on momentum. The past and the new batch should not always count the same.",
    ),
    edit(
        "update_running",
        "forgets_the_past",
        "momentum * running + (1 - momentum) * batch",
        "batch + 0 * running",
        "You keep only the last batch's statistic. The running value should be an average over many "
        "batches.",
    ),
    edit(
        "update_running",
        "momentum_fixed",
        "momentum * running + (1 - momentum) * batch",
        "0.9 * running + 0.1 * batch",
        "You always keep the same share of the past. 0.9 is only the default value of momentum.",
    ),
    rewrite(
        "update_running",
        "changes_running",
        """
        def update_running(running, batch, momentum=0.9):
            running *= momentum
            running += (1 - momentum) * batch
            return running
        """,
        "The numbers are right, but `*=` changes the caller's array. Make a new array.",
    ),
    edit(
        "batchnorm_predict",
        "statistics_of_the_test_batch",
        "(x - mean) / np.sqrt(var + eps)",
        "(x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)",
        "You compute the statistics from the examples in x. What would a single example give, and what "
        "are mean and var for?",
    ),
    edit("batchnorm_predict", "eps_outside", "np.sqrt(var + eps)", "(np.sqrt(var) + eps)", EPS_PLACE),
    edit(
        "batchnorm_predict",
        "no_eps",
        "var + eps",
        "var",
        "Your result does not depend on eps. The formula for training has it, and the formula at test "
        "time has it too.",
    ),
    edit(
        "batchnorm_predict",
        "var_taken_for_std",
        "np.sqrt(var + eps)",
        "(var + eps)",
        "The argument var is a variance. What do you divide a value by to bring its spread to 1?",
    ),
    edit(
        "batchnorm_predict",
        "gamma_and_beta_swapped",
        "gamma * (x - mean) / np.sqrt(var + eps) + beta",
        "beta * (x - mean) / np.sqrt(var + eps) + gamma",
        "Which of gamma and beta is the scale, and which is the shift?",
    ),
    edit(
        "batchnorm_predict",
        "scale_and_shift_left_out",
        "gamma * (x - mean) / np.sqrt(var + eps) + beta",
        "(x - mean) / np.sqrt(var + eps) + 0 * gamma",
        "The normalized values are right. You have not used gamma and beta.",
    ),
    edit(
        "batchnorm_predict",
        "cache_returned",
        "return gamma * (x - mean) / np.sqrt(var + eps) + beta",
        "return gamma * (x - mean) / np.sqrt(var + eps) + beta, None",
        "You return a pair, as in training. At test time there is no backward pass, so nothing needs a "
        "cache.",
    ),
    edit(
        "batchnorm_backward",
        "statistics_constant",
        "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s",
        "g / s",
        "You treat the batch's mean and variance as constants. But when one x changes, both of them change too.",
    ),
    edit(
        "batchnorm_backward",
        "mean_constant",
        "g - g.mean(axis=0) - x_hat",
        "g - x_hat",
        "One path from x to the loss is missing: x changes the batch's mean, and the mean changes every "
        "example.",
    ),
    edit(
        "batchnorm_backward",
        "variance_constant",
        " - x_hat * (g * x_hat).mean(axis=0)",
        "",
        "One path from x to the loss is missing: x changes the batch's variance, and the variance changes "
        "every example. (If you do have a term for it: the mean of a product is not the product of the "
        "means.)",
    ),
    edit(
        "batchnorm_backward",
        "sums_in_dx",
        "g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)",
        "g - g.sum(axis=0) - x_hat * (g * x_hat).sum(axis=0)",
        "Your dx has sums; the derivation has means. Where did the factor 1/N go?",
    ),
    edit(
        "batchnorm_backward",
        "dgamma_mean",
        "(dout * x_hat).sum(axis=0)",
        "(dout * x_hat).mean(axis=0)",
        "Every example uses the same gamma. Do you add or average the examples' contributions to its "
        "gradient?",
    ),
    edit(
        "batchnorm_backward",
        "dbeta_mean",
        "dout.sum(axis=0)",
        "dout.mean(axis=0)",
        "Every example uses the same beta. Do you add or average the examples' contributions to its "
        "gradient?",
    ),
    edit(
        "batchnorm_backward",
        "gamma_forgotten",
        "g = dout * gamma",
        "g = dout * 1.0",
        "On its way back from out to x_hat the gradient passes through the scale gamma. Your dx ignores "
        "it.",
    ),
    edit(
        "batchnorm_backward",
        "dgamma_without_x_hat",
        "dgamma = (dout * x_hat).sum(axis=0)",
        "dgamma = dout.sum(axis=0)",
        "In the forward pass gamma is multiplied by something. The derivative with respect to gamma is that "
        "something.",
    ),
    edit(
        "batchnorm_backward",
        "not_divided",
        "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s",
        "g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)",
        "The forward pass shrinks a feature with a large spread. What does that do to its gradient?",
    ),
    edit(
        "batchnorm_backward",
        "parameters_in_the_wrong_order",
        "return dx, dgamma, dbeta",
        "return dx, dbeta, dgamma",
        "All three gradients are right. In which order should you return them?",
    ),
    edit(
        "batchnorm_backward",
        "dgamma_through_gamma",
        "(dout * x_hat).sum(axis=0)",
        "(dout * gamma * x_hat).sum(axis=0)",
        "Your dgamma depends on gamma. What does gamma multiply in the forward pass? The derivative is "
        "that factor alone.",
    ),
    edit(
        "batchnorm_backward",
        "one_mean_for_all_features",
        "g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)",
        "g - g.mean() - x_hat * (g * x_hat).mean()",
        "Each feature has its own means. Yours run over the whole table.",
    ),
    edit(
        "batchnorm_backward",
        "signs",
        "g - g.mean(axis=0) - x_hat",
        "g - g.mean(axis=0) + x_hat",
        "You add one of the two corrections. Both remove a part of the gradient.",
    ),
    edit(
        "batchnorm_backward",
        "multiplied_by_s",
        "* (g * x_hat).mean(axis=0)) / s",
        "* (g * x_hat).mean(axis=0)) * s",
        "The forward pass shrinks a feature with a large spread. But your gradient grows with that "
        "spread.",
    ),
    edit(
        "fold_batchnorm",
        "mean_forgotten",
        "(b - mean) * a + beta",
        "b * a + beta",
        "Put x = 0 into the layer. What comes out of the affine map, and what does batch norm subtract "
        "from it first?",
    ),
    edit(
        "fold_batchnorm",
        "rows_scaled",
        "W * a",
        "W * a[:, None]",
        "You scale the rows of W, one row per input. Batch norm scales the outputs: which axis of W do "
        "they belong to?",
    ),
    edit("fold_batchnorm", "eps_outside", "np.sqrt(var + eps)", "(np.sqrt(var) + eps)", EPS_PLACE),
    edit(
        "fold_batchnorm",
        "no_eps",
        "var + eps",
        "var",
        "Your result does not depend on eps. The folded layer must return the same values as "
        "batchnorm_predict.",
    ),
    edit(
        "fold_batchnorm",
        "bias_not_scaled",
        "(b - mean) * a + beta",
        "b - mean * a + beta",
        "The affine map's bias passes through batch norm too. What happens to it there?",
    ),
    edit(
        "fold_batchnorm",
        "beta_scaled",
        "(b - mean) * a + beta",
        "(b - mean + beta) * a",
        "Beta is added after everything else. Is it still scaled by anything?",
    ),
    edit(
        "fold_batchnorm",
        "var_taken_for_std",
        "np.sqrt(var + eps)",
        "(var + eps)",
        "The argument var is a variance. What do you divide a value by to bring its spread to 1?",
    ),
    edit(
        "fold_batchnorm",
        "shift_not_scaled",
        "(b - mean) * a + beta",
        "b - mean + beta",
        "The weights are right. After subtracting the mean, batch norm multiplies everything that comes "
        "out of the affine map, including its bias.",
    ),
    edit(
        "fold_batchnorm",
        "mean_not_scaled",
        "(b - mean) * a + beta",
        "b * a + beta - mean",
        "Batch norm subtracts the mean first and scales afterwards. What does the scaling do to the mean?",
    ),
    edit(
        "fold_batchnorm",
        "gamma_forgotten",
        "gamma / np.sqrt(var + eps)",
        "1 / np.sqrt(var + eps) + 0 * gamma",
        "You folded in the normalization, but left out one of the learned arrays. Which one?",
    ),
    edit(
        "fold_batchnorm",
        "mean_added",
        "(b - mean) * a",
        "(b + mean) * a",
        "Batch norm subtracts the running mean. What does your function do with it?",
    ),
    edit(
        "fold_batchnorm",
        "old_bias_forgotten",
        "(b - mean) * a + beta",
        "beta - mean * a",
        "The affine map's own bias is missing. It passes through batch norm too.",
    ),
    edit(
        "batch_renorm_forward",
        "not_clipped",
        "np.clip(s / std, 1 / r_max, r_max), np.clip((m - mean) / std, -d_max, d_max)",
        "s / std + 0 * r_max, (m - mean) / std + 0 * d_max",
        "Without limits on r and d, this is just a longer way to compute what batchnorm_predict returns. "
        "What are r_max and d_max for?",
    ),
    edit(
        "batch_renorm_forward",
        "r_inverted",
        "np.clip(s / std,",
        "np.clip(std / s,",
        "When nothing is clipped, the layer should compute (x - mean)/std. Put your r into x_hat*r + d: "
        "do you get that?",
    ),
    edit(
        "batch_renorm_forward",
        "r_only_clipped_above",
        "1 / r_max, r_max)",
        "0, r_max)",
        "r needs a lower limit too. It may grow by a factor of r_max: by which factor may it shrink?",
    ),
    edit(
        "batch_renorm_forward",
        "d_over_batch_deviation",
        "(m - mean) / std",
        "(m - mean) / s",
        "When nothing is clipped, the layer should compute (x - mean)/std. Which deviation must you "
        "divide d by to get that?",
    ),
    edit(
        "batch_renorm_forward",
        "d_sign",
        "(m - mean) / std",
        "(mean - m) / std",
        "If the batch's mean is above the running mean, the corrected values should average above 0. Do "
        "yours?",
    ),
    edit(
        "batch_renorm_forward",
        "d_not_scaled",
        "gamma * (x_hat * r + d) + beta",
        "gamma * (x_hat * r) + d + beta",
        "r and d together correct x_hat. Gamma and beta come after the whole correction.",
    ),
    edit(
        "batch_renorm_forward",
        "eps_outside",
        "np.sqrt(x.var(axis=0) + eps)",
        "(np.sqrt(x.var(axis=0)) + eps)",
        EPS_PLACE,
    ),
    edit(
        "batch_renorm_forward",
        "no_eps",
        "x.var(axis=0) + eps",
        "x.var(axis=0)",
        "Your result does not depend on eps. It belongs to the batch's variance, as in batch norm.",
    ),
    edit(
        "batch_renorm_forward",
        "std_taken_for_variance",
        "np.clip(s / std, 1 / r_max, r_max), np.clip((m - mean) / std,",
        "np.clip(s / np.sqrt(std + eps), 1 / r_max, r_max), np.clip((m - mean) / np.sqrt(std + eps),",
        "You take the square root of std. But std is already the running deviation, and it already "
        "includes eps.",
    ),
    edit(
        "batch_renorm_forward",
        "d_multiplied_by_r",
        "gamma * (x_hat * r + d) + beta",
        "gamma * ((x_hat + d) * r) + beta",
        "Your r multiplies d as well. When nothing is clipped, the layer should compute (x - mean)/std. "
        "Does yours?",
    ),
    edit(
        "batch_renorm_forward",
        "d_not_below_zero",
        "-d_max, d_max)",
        "0, d_max)",
        "Your d is never negative. What if the batch's mean is below the running mean?",
    ),
    rewrite(
        "batch_renorm_backward",
        "plain_batchnorm",
        """
        def batch_renorm_backward(dout, cache):
            x_hat, gamma, s, r, d = cache
            g = dout * gamma
            dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s
            return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
        """,
        "This is batch norm's backward pass. The forward pass has two more steps: how do r and d change "
        "the gradients that pass through them?",
    ),
    edit(
        "batch_renorm_backward",
        "r_forgotten",
        "g = dout * gamma * r",
        "g = dout * gamma",
        "On its way back to x_hat the gradient passes through gamma and one more factor of the forward "
        "pass. Which one?",
    ),
    edit(
        "batch_renorm_backward",
        "dgamma_without_d",
        "(dout * (x_hat * r + d)).sum(axis=0)",
        "(dout * x_hat * r).sum(axis=0)",
        "In the forward pass gamma multiplies the corrected value. The whole correction belongs in the "
        "gradient of gamma.",
    ),
    edit(
        "batch_renorm_backward",
        "dgamma_of_batchnorm",
        "(dout * (x_hat * r + d)).sum(axis=0)",
        "(dout * x_hat).sum(axis=0)",
        "This is batch norm's dgamma. What does gamma multiply in the forward pass here?",
    ),
    edit(
        "batch_renorm_backward",
        "statistics_constant",
        "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s",
        "g / s",
        "Only r and d are constants. The batch's own mean and variance, inside x_hat, still change when x "
        "changes.",
    ),
    edit(
        "batch_renorm_backward",
        "r_inverted",
        "g = dout * gamma * r",
        "g = dout * gamma / r",
        "The forward pass multiplies x_hat by r. By the chain rule, what does a constant factor do to the "
        "gradient?",
    ),
    edit(
        "batch_renorm_backward",
        "corrected_value_in_dx",
        " - x_hat * (g * x_hat)",
        " - (x_hat * r + d) * (g * x_hat)",
        "The term from the variance needs the normalized value itself, before r and d correct it.",
    ),
    edit(
        "batch_renorm_backward",
        "dbeta_scaled",
        "dout.sum(axis=0)",
        "(dout * r).sum(axis=0)",
        "Beta is added after everything else. Is there a factor r between beta and the output?",
    ),
    rewrite(
        "batch_renorm_backward",
        "corrected_value_for_x_hat",
        """
        def batch_renorm_backward(dout, cache):
            x_hat, gamma, s, r, d = cache
            g, corrected = dout * gamma * r, x_hat * r + d
            dx = (g - g.mean(axis=0) - corrected * (g * corrected).mean(axis=0)) / s
            return dx, (dout * corrected).sum(axis=0), dout.sum(axis=0)
        """,
        "The boxed formula uses the normalized value itself. You use the value that r and d have already "
        "corrected.",
    ),
    rewrite(
        "layernorm_forward",
        "per_feature",
        """
        def layernorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var(axis=0) + eps)
            x_hat = (x - x.mean(axis=0)) / s
            return gamma * x_hat + beta, (x_hat, gamma, s)
        """,
        "This is batch norm: one mean for each feature. Layer norm must not look at other examples at all.",
    ),
    edit(
        "layernorm_forward",
        "unbiased_variance",
        "x.var(axis=1, keepdims=True)",
        "x.var(axis=1, keepdims=True, ddof=1)",
        "You divide the variance by D - 1. Which divisor does the formula have?",
    ),
    edit(
        "layernorm_forward",
        "eps_outside",
        "np.sqrt(x.var(axis=1, keepdims=True) + eps)",
        "(np.sqrt(x.var(axis=1, keepdims=True)) + eps)",
        EPS_PLACE,
    ),
    rewrite(
        "layernorm_forward",
        "whole_array",
        """
        def layernorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var() + eps)
            x_hat = (x - x.mean()) / s
            return gamma * x_hat + beta, (x_hat, gamma, s)
        """,
        "You use one mean for the whole batch. An example's output would then depend on the other examples.",
    ),
    edit(
        "layernorm_forward",
        "gamma_and_beta_swapped",
        "gamma * x_hat + beta",
        "beta * x_hat + gamma",
        "Which of gamma and beta is the scale, and which is the shift?",
    ),
    edit(
        "layernorm_forward",
        "scale_and_shift_left_out",
        "gamma * x_hat + beta",
        "x_hat + 0 * gamma",
        "The normalized values are right. You have not used gamma and beta.",
    ),
    edit(
        "layernorm_forward",
        "keepdims_forgotten",
        "    mean = x.mean(axis=1, keepdims=True)\n    s = np.sqrt(x.var(axis=1, keepdims=True) + eps)",
        "    mean = x.mean(axis=1)\n    s = np.sqrt(x.var(axis=1) + eps)",
        "There is one mean per example, N in all. NumPy lines up an array of shape (N,) with the columns "
        "of x. Which shape lines up with the rows?",
    ),
    edit(
        "layernorm_backward",
        "per_feature",
        "(g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / s",
        "(g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s",
        "These are batch norm's means. What did layer norm's forward pass average over?",
    ),
    edit(
        "layernorm_backward",
        "statistics_constant",
        "(g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / s",
        "g / s",
        "You treat the row's mean and variance as constants. But when one x changes, both of them change too.",
    ),
    edit(
        "layernorm_backward",
        "gamma_pulled_out",
        "dx = (g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / s",
        "dx = gamma * (dout - dout.mean(axis=1, keepdims=True) - x_hat * (dout * x_hat).mean(axis=1, "
        "keepdims=True)) / s",
        "In batch norm you can pull gamma out of the means, because each mean runs over one feature. What "
        "does each mean run over here?",
    ),
    edit(
        "layernorm_backward",
        "gamma_forgotten",
        "g = dout * gamma",
        "g = dout * 1.0",
        "On its way back from out to x_hat the gradient passes through the scale gamma. Your dx ignores "
        "it.",
    ),
    edit(
        "layernorm_backward",
        "parameters_averaged",
        "(dout * x_hat).sum(axis=0), dout.sum(axis=0)",
        "(dout * x_hat).mean(axis=0), dout.mean(axis=0)",
        "Every row uses the same gamma and beta. Do you add or average the rows' contributions to their "
        "gradients?",
    ),
    edit(
        "layernorm_backward",
        "parameters_summed_over_features",
        "(dout * x_hat).sum(axis=0), dout.sum(axis=0)",
        "(dout * x_hat).sum(axis=1), dout.sum(axis=1)",
        "There is one gamma and one beta for each feature. So what do you sum their gradients over?",
    ),
    edit(
        "layernorm_backward",
        "keepdims_forgotten",
        "g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)",
        "g.mean(axis=1) - x_hat * (g * x_hat).mean(axis=1)",
        "There is one mean per example, N in all. NumPy lines up an array of shape (N,) with the columns "
        "of g. Which shape lines up with the rows?",
    ),
    edit(
        "groupnorm_forward",
        "interleaved_groups",
        "x.reshape(N, H, W, groups, C // groups)",
        "np.swapaxes(x.reshape(N, H, W, C // groups, groups), 3, 4)",
        "The channels of your groups are spread out. A group consists of neighbouring channels.",
    ),
    edit("groupnorm_forward", "eps_outside", "np.sqrt(var + eps)", "(np.sqrt(var) + eps)", EPS_PLACE),
    edit(
        "groupnorm_forward",
        "group_size_for_count",
        "x.reshape(N, H, W, groups, C // groups)",
        "x.reshape(N, H, W, C // groups, groups)",
        "You make groups of `groups` channels each. The argument says how many groups there are.",
    ),
    rewrite(
        "groupnorm_forward",
        "uneven_groups",
        """
        def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
            out = np.empty(x.shape)
            for part in np.array_split(np.arange(x.shape[-1]), groups):
                values = x[..., part]
                mean = values.mean(axis=(1, 2, 3), keepdims=True)
                out[..., part] = (values - mean) / np.sqrt(values.var(axis=(1, 2, 3), keepdims=True) + eps)
            return gamma * out + beta
        """,
        "If the channels cannot be divided into equal groups, you make groups of different sizes. The "
        "docstring asks for something else.",
    ),
    edit(
        "groupnorm_forward",
        "each_channel_alone",
        "    mean, var = parts.mean(axis=(1, 2, 4), keepdims=True), parts.var(axis=(1, 2, 4), keepdims=True)",
        "    mean, var = parts.mean(axis=(1, 2), keepdims=True), parts.var(axis=(1, 2), keepdims=True)",
        "Each of your channels has its own mean, which is instance norm. The channels of one group share "
        "a mean.",
    ),
    edit(
        "groupnorm_forward",
        "across_groups",
        "    mean, var = parts.mean(axis=(1, 2, 4), keepdims=True), parts.var(axis=(1, 2, 4), keepdims=True)",
        "    mean, var = parts.mean(axis=(1, 2, 3), keepdims=True), parts.var(axis=(1, 2, 3), keepdims=True)",
        "Your means run across groups. Which axis counts the groups, and which counts the channels inside "
        "one group?",
    ),
    edit(
        "groupnorm_forward",
        "over_the_batch",
        "    mean, var = parts.mean(axis=(1, 2, 4), keepdims=True), parts.var(axis=(1, 2, 4), keepdims=True)",
        "    axes = (0, 1, 2, 4)\n"
        "    mean, var = parts.mean(axis=axes, keepdims=True), parts.var(axis=axes, keepdims=True)",
        "Your mean and variance run over all images. Group norm looks at each image alone.",
    ),
    edit(
        "groupnorm_forward",
        "per_position",
        "    mean, var = parts.mean(axis=(1, 2, 4), keepdims=True), parts.var(axis=(1, 2, 4), keepdims=True)",
        "    mean, var = parts.mean(axis=4, keepdims=True), parts.var(axis=4, keepdims=True)",
        "Each of your pixels has its own mean and variance. Within a group, all pixels of the image share "
        "them.",
    ),
    edit(
        "rmsnorm_forward",
        "centred",
        "np.mean(x**2, axis=-1, keepdims=True)",
        "np.var(x, axis=-1, keepdims=True)",
        "You divide by the standard deviation, which subtracts the mean first. The root mean square does "
        "not.",
    ),
    edit(
        "rmsnorm_forward",
        "eps_outside",
        "np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)",
        "(np.sqrt(np.mean(x**2, axis=-1, keepdims=True)) + eps)",
        "Look where you add epsilon. It belongs to the mean square, so it goes under the root.",
    ),
    edit(
        "rmsnorm_forward",
        "sum_for_mean",
        "np.mean(x**2, axis=-1, keepdims=True)",
        "np.sum(x**2, axis=-1, keepdims=True)",
        "You divide by the length of the vector, which grows with the number of features. Which word of "
        '"root mean square" prevents that?',
    ),
    edit(
        "rmsnorm_forward",
        "first_axis",
        "np.mean(x**2, axis=-1, keepdims=True)",
        "np.mean(x**2, axis=0, keepdims=True)",
        "You average over the examples. Each example should be normalized by itself.",
    ),
    edit(
        "rmsnorm_forward",
        "no_root",
        "np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)",
        "(np.mean(x**2, axis=-1, keepdims=True) + eps)",
        "If the input doubles, the output should hardly change. Does yours? You left out one of the three "
        "words of the name.",
    ),
    edit(
        "rmsnorm_forward",
        "whole_array",
        "np.mean(x**2, axis=-1, keepdims=True)",
        "np.mean(x**2)",
        "You use one root mean square for everything. Each vector along the last axis has its own.",
    ),
    edit(
        "spatial_batchnorm_forward",
        "per_pixel",
        "x.reshape(-1, x.shape[-1])",
        "x.reshape(len(x), -1)",
        "You use a separate mean for every pixel and channel. A convolution treats all positions alike: "
        "which numbers share a mean?",
    ),
    rewrite(
        "spatial_batchnorm_forward",
        "per_image",
        """
        def spatial_batchnorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var(axis=(1, 2), keepdims=True) + eps)
            return gamma * (x - x.mean(axis=(1, 2), keepdims=True)) / s + beta, s
        """,
        "You normalize each image by itself, which is instance norm. Batch norm also averages over the images.",
    ),
    rewrite(
        "spatial_batchnorm_forward",
        "over_channels",
        """
        def spatial_batchnorm_forward(x, gamma, beta, eps=1e-5):
            s = np.sqrt(x.var() + eps)
            return gamma * (x - x.mean()) / s + beta, s
        """,
        "You use one mean for all channels. Each channel is a separate feature.",
    ),
    edit(
        "spatial_batchnorm_forward",
        "eps_ignored",
        "gamma, beta, eps)",
        "gamma, beta)",
        "Your result does not depend on eps. Do you pass it on?",
    ),
    edit(
        "spatial_batchnorm_forward",
        "left_flat",
        "out.reshape(x.shape)",
        "out.reshape(-1, x.shape[-1])",
        "The values are right, but you return them as one long table. The next layer expects images.",
    ),
    edit(
        "first_of_two", "sign", "(first - mean)", "(mean - first)",
        "Is the first value above or below the mean of the two?",
    ),
    edit(
        "first_of_two",
        "unbiased",
        "/ deviation",
        "/ (deviation * 2**0.5)",
        "You divided the sum of squares by N - 1. The layer's variance is divided by N.",
    ),
    edit(
        "first_of_two",
        "not_divided",
        " / deviation",
        "",
        "You subtracted the mean. What is the second half of normalizing?",
    ),
    edit(
        "first_of_two", "by_variance", "/ deviation", "/ deviation**2",
        "You divided by the variance. Which root is missing?",
    ),
    edit(
        "leaves_training_output",
        "scale_seen",
        '{"a", "b", "d", "f"}',
        '{"a", "d", "f"}',
        "Multiply every value of a feature by 10. What happens to its standard deviation?",
    ),
    edit(
        "leaves_training_output",
        "sign_not_seen",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "c", "d", "f"}',
        "A standard deviation is never negative. Can dividing by it undo a change of sign?",
    ),
    edit(
        "leaves_training_output",
        "doubling",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "f"}',
        "Compute mean and biased variance of 1, 3 and of 1, 1, 3, 3.",
    ),
    edit(
        "leaves_training_output",
        "newcomer",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "d", "e", "f"}',
        "The batch's mean is a mean over all its examples. What does a new example do to the mean, and so "
        "to the other outputs?",
    ),
    edit(
        "leaves_training_output",
        "input_shift",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "d"}',
        "If every input grows by the same number, by how much does each feature of X @ W grow? Does that depend "
        "on the example?",
    ),
    edit(
        "true_of_batchnorm",
        "needs_gamma",
        '{"b", "d", "e"}',
        '{"a", "b", "d", "e"}',
        "Normalizing takes some functions away, and gamma and beta restore them. The next layer's weights "
        "can often do the same. Section 5 tries it.",
    ),
    edit(
        "true_of_batchnorm",
        "affine_in_training",
        '{"b", "d", "e"}',
        '{"b", "c", "d", "e"}',
        "Double the whole batch. Would the output of an affine function stay the same?",
    ),
    edit(
        "true_of_batchnorm",
        "momentum",
        '{"b", "d", "e"}',
        '{"b", "d", "e", "f"}',
        "PyTorch's momentum weights the new value. How much of the old one is then kept?",
    ),
    edit(
        "true_of_batchnorm",
        "bias",
        '{"b", "d", "e"}',
        '{"b", "d"}',
        "Add a number to one feature, in every example: does the output change? What is the slope of something that "
        "does not change?",
    ),
    edit(
        "which_norm",
        "axes_swapped",
        '"c": "batch norm", "d": "layer norm"',
        '"c": "layer norm", "d": "batch norm"',
        "Dividing by a deviation undoes a multiplication only if every number behind that deviation was multiplied. "
        "Which norm has one deviation for one feature over the batch?",
    ),
    edit(
        "which_norm",
        "gamma_per_example",
        '"e": "both"',
        '"e": "batch norm"',
        "Layer norm averages over features. But gamma must exist before the network sees any example. "
        "What can there be one gamma for?",
    ),
    edit(
        "which_norm",
        "folds_both",
        '"f": "batch norm"',
        '"f": "both"',
        "You can fold a layer only if it is affine, with numbers known beforehand. Where does layer norm "
        "get its mean from?",
    ),
    edit(
        "which_norm",
        "column_undone_by_rows",
        '"c": "batch norm", "d": "layer norm"',
        '"c": "layer norm", "d": "layer norm"',
        "Sentence (c): one feature grows, but the others of its row do not. How does that change the "
        "row's deviation, and how does it change the column's?",
    ),
    edit(
        "which_norm",
        "both_undo_a_column",
        '"c": "batch norm", "d": "layer norm"',
        '"c": "both", "d": "layer norm"',
        "Sentence (c): one feature grows, but the others of its row do not. Does dividing the whole row "
        "by its deviation undo that?",
    ),
    edit(
        "which_norm",
        "both_undo_a_row",
        '"c": "batch norm", "d": "layer norm"',
        '"c": "batch norm", "d": "both"',
        "Sentence (d): one example grows, but the others of the batch do not. Does dividing a column by "
        "its deviation undo that?",
    ),
    edit(
        "which_norm",
        "row_undone_by_columns",
        '"c": "batch norm", "d": "layer norm"',
        '"c": "batch norm", "d": "batch norm"',
        "Sentence (d): one example grows, but the others of the batch do not. Which norm looks at this "
        "example alone?",
    ),
    edit(
        "which_norm",
        "nothing_folds",
        '"f": "batch norm"',
        '"f": "neither"',
        "At test time one of the two has fixed numbers in place of its statistics. Look back at section 4.",
    ),
]
