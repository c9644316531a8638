"""Likely mistakes of lesson 06, each with the hint of a good tutor: the idea, not the fix."""

from course_grader.authoring.mistake_bank import edit, rewrite

M_BIASED = "You correct only the second average. Both start at zero, so both are pulled towards zero."
V_BIASED = "You correct only the first average. Both start at zero, so both are pulled towards zero."
EPS_LOST = "You add eps to the weights. In code a denominator needs brackets."
T_LOST = "Your counter stops counting after the first steps. Which number does the state keep for the next step?"
T_ZERO = "Your counter is off by one. It counts the steps done, including the step that you are taking."
SWAPPED = "You swapped the shares of past and present: with 0.999 nearly all of the old average should stay."

MISTAKES = [
    # adagrad_step
    edit(
        "adagrad_step", "old_state_returned", '{"square": square}', "dict(state)",
        'Your new state does not contain the new sum under the key "square". Where will the next step '
        "find it?",
    ),
    edit(
        "adagrad_step", "eps_inside", "np.sqrt(square) + eps", "np.sqrt(square + eps)",
        "Your eps is inside the root, as in some books. In this course's formula it is added outside the "
        "root.",
    ),
    edit(
        "adagrad_step", "decays", '"square", 0.0) + grad**2', '"square", 0.0) * 0.9 + 0.1 * grad**2',
        "Your sum forgets. AdaGrad keeps the full sum of all squares; a leaky average comes later in this "
        "notebook.",
    ),
    edit(
        "adagrad_step", "no_root", "np.sqrt(square)", "square",
        "You divide by the sum of squares itself. What would happen to the step if all gradients were ten times "
        "larger?",
    ),
    edit(
        "adagrad_step", "old_sum", "np.sqrt(square)", 'np.sqrt(state.get("square", 0.0))',
        "You divide by the sum from before this gradient. At the first step that sum is 0.",
    ),
    edit(
        "adagrad_step", "not_remembered", '{"square": square}', '{"square": grad**2}',
        "Your new state contains only the square of the last gradient. What does the next step need to "
        "find there?",
    ),
    edit(
        "adagrad_step", "plus_sign", "w - lr", "w + lr",
        "Your step climbs. In which direction does the gradient point?",
    ),
    edit(
        "adagrad_step", "not_squared", "+ grad**2", "+ np.abs(grad)",
        "You sum the absolute values of the gradients. The formula takes the root of a different sum.",
    ),
    rewrite(
        "adagrad_step", "one_rate_for_all",
        """
        def adagrad_step(w, grad, state, lr, eps=1e-8):
            square = state.get("square", 0.0) + np.sum(grad**2) * np.ones_like(grad)
            return w - lr * grad / (np.sqrt(square) + eps), {"square": square}
        """,
        "All your weights share one sum. The idea of AdaGrad is that each weight has its own.",
    ),
    rewrite(
        "adagrad_step", "changes_state",
        """
        def adagrad_step(w, grad, state, lr, eps=1e-8):
            state["square"] = state.get("square", 0.0) + grad**2
            return w - lr * grad / (np.sqrt(state["square"]) + eps), state
        """,
        "Your function changes the caller's state. Leave that dict as it is, and return a new one.",
    ),
    edit(
        "adagrad_step", "no_sum_yet",
        'state.get("square", 0.0)',
        'state["square"]',
        "Before the first step the state is {}, so there is no sum yet. What is the sum of no squares?",
    ),
    edit(
        "adagrad_step", "eps_added_to_the_weights",
        "lr * grad / (np.sqrt(square) + eps)",
        "lr * grad / np.sqrt(square) + eps",
        EPS_LOST,
    ),
    # rmsprop_step
    edit(
        "rmsprop_step", "weights_swapped", 'decay * state.get("square", 0.0) + (1 - decay) * grad**2',
        '(1 - decay) * state.get("square", 0.0) + decay * grad**2',
        "You swapped the shares of past and present: with 0.99 nearly all of the old average should stay.",
    ),
    edit(
        "rmsprop_step", "no_share_for_new", "(1 - decay) * grad**2", "grad**2",
        "An average of equal numbers must be that number. Try yours with a gradient that is always 1.",
    ),
    edit(
        "rmsprop_step", "adds_without_decay", 'decay * state.get("square", 0.0) + (1 - decay) * grad**2',
        'state.get("square", 0.0) + grad**2',
        "This is AdaGrad's sum, which never falls. RMSProp forgets the distant past.",
    ),
    edit(
        "rmsprop_step", "old_kept_whole", 'decay * state.get("square", 0.0)', 'state.get("square", 0.0)',
        "You never forget any of the old average. The shares of old and new must add up to 1.",
    ),
    edit(
        "rmsprop_step", "eps_inside", "np.sqrt(square) + eps", "np.sqrt(square + eps)",
        "Your eps is inside the root, as in Keras. In this course's formula it is added outside the root.",
    ),
    edit(
        "rmsprop_step", "no_root", "np.sqrt(square)", "square",
        "You divide by the mean square. The name of the method has one more word in front.",
    ),
    edit(
        "rmsprop_step", "decay_ignored", 'decay * state.get("square", 0.0) + (1 - decay) * grad**2',
        '0.99 * state.get("square", 0.0) + 0.01 * grad**2',
        "Your result is the same for any decay. Use the argument.",
    ),
    edit(
        "rmsprop_step", "plus_sign", "w - lr", "w + lr",
        "Your step climbs. In which direction does the gradient point?",
    ),
    rewrite(
        "rmsprop_step", "starts_at_first_square",
        """
        def rmsprop_step(w, grad, state, lr, decay=0.99, eps=1e-8):
            square = decay * state.get("square", grad**2) + (1 - decay) * grad**2
            return w - lr * grad / (np.sqrt(square) + eps), {"square": square}
        """,
        "Your average starts at the first square. That is a sensible cure for the long first step, but "
        "here the average starts at 0.",
    ),
    edit(
        "rmsprop_step", "eps_added_to_the_weights",
        "/ (np.sqrt(square) + eps)",
        "/ np.sqrt(square) + eps",
        EPS_LOST,
    ),
    edit(
        "rmsprop_step", "old_average",
        "np.sqrt(square)",
        'np.sqrt(state.get("square", 0.0))',
        "You divide by the average from before this gradient. At the first step that average is 0.",
    ),
    edit(
        "rmsprop_step", "share_squared_too",
        "(1 - decay) * grad**2",
        "((1 - decay) * grad) ** 2",
        "You square 1 - decay together with the gradient. The shares of old and new must add up to 1.",
    ),
    # rmsprop_first_step
    edit(
        "rmsprop_first_step", "keras_decay", "(1 - rho)", "(1 - 0.9)",
        "Your method is right, but for a decay of 0.9. Which decay does the question give?",
    ),
    edit(
        "rmsprop_first_step", "one", "1 / (1 - rho) ** 0.5", "1.0",
        "That would be right if s were the square of the gradient after one step. What share of the first "
        "square goes into s?",
    ),
    edit(
        "rmsprop_first_step", "hundred", "(1 - rho) ** 0.5", "(1 - rho)",
        "Your first average is right. But the step does not divide by the average itself.",
    ),
    edit(
        "rmsprop_first_step", "tenth", "1 / (1 - rho) ** 0.5", "(1 - rho) ** 0.5",
        "The average is too small at the start. It is in the denominator: does that make the step shorter "
        "or longer?",
    ),
    # mended_by_scaling
    edit(
        "mended_by_scaling", "no_ravine", '{"a", "d", "e"}', '{"d", "e"}',
        "In a ravine along the axes one coordinate has large gradients and the other small ones. What "
        "does the division do to that difference?",
    ),
    edit(
        "mended_by_scaling", "no_units", '{"a", "d", "e"}', '{"a", "d"}',
        "In grams the input's numbers are a thousand times larger. What happens to the gradients of its "
        "weight, and what does the division do to them?",
    ),
    edit(
        "mended_by_scaling", "no_layer", '{"a", "d", "e"}', '{"a", "e"}',
        "If every gradient of a weight is a thousand times smaller, how much smaller is their root mean square?",
    ),
    edit(
        "mended_by_scaling", "any_ravine", '{"a", "d", "e"}', '{"a", "b", "d", "e"}',
        "In the turned ravine, how do the sizes of the gradients in the two coordinates compare? Is there "
        "a difference that the division can remove?",
    ),
    edit(
        "mended_by_scaling", "noise_too", '{"a", "d", "e"}', '{"a", "c", "d", "e"}',
        "Zig-zag and jitter are two different problems. Near the minimum the gradient is almost pure "
        "noise: what do you divide it by?",
    ),
    edit(
        "mended_by_scaling", "everything", '{"a", "d", "e"}', '{"a", "b", "c", "d", "e"}',
        "Dividing rescales each axis separately. Which of the five problems are differences between axes?",
    ),
    edit(
        "mended_by_scaling", "ravine_only", '{"a", "d", "e"}', '{"a"}',
        "The ravine is right. In (d) and (e) all gradients of some weights are multiplied by one number. "
        "What does the division do to that number?",
    ),
    # adam_step_uncorrected
    edit(
        "adam_step_uncorrected", "one_beta_for_both", 'beta2 * state.get("v", 0.0) + (1 - beta2)',
        'beta1 * state.get("v", 0.0) + (1 - beta1)',
        "Both of your averages have the same memory. Look at the beta of the second one.",
    ),
    edit(
        "adam_step_uncorrected", "gradient_for_m", "lr * m /", "lr * grad /",
        "This is RMSProp's step: you compute the average of the gradients, but never use it.",
    ),
    edit(
        "adam_step_uncorrected", "corrected", "lr * m / (np.sqrt(v) + eps)",
        'lr * m / (1 - beta1 ** (state.get("t", 0) + 1)) / (np.sqrt(v / (1 - beta2 ** (state.get("t", 0) + 1))) + eps)',
        "You correct the averages, as Adam does. This exercise shows what happens without the correction.",
    ),
    edit(
        "adam_step_uncorrected", "eps_inside", "np.sqrt(v) + eps", "np.sqrt(v + eps)",
        "Your eps is inside the root. In this course's formula it is added outside the root.",
    ),
    edit(
        "adam_step_uncorrected", "betas_swapped",
        'beta1 * state.get("m", 0.0) + (1 - beta1) * grad\n    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2',
        'beta2 * state.get("m", 0.0) + (1 - beta2) * grad\n    v = beta1 * state.get("v", 0.0) + (1 - beta1) * grad**2',
        "You swapped the betas. Which average has the long memory, that of the gradients or that of their "
        "squares?",
    ),
    edit(
        "adam_step_uncorrected", "whole_gradient", "+ (1 - beta1) * grad", "+ grad",
        "Your first moment is momentum as in notebook 05: you add the full gradient. Adam's first moment "
        "is an average: the shares add up to 1.",
    ),
    edit(
        "adam_step_uncorrected", "shares_swapped", 'beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2',
        '(1 - beta2) * state.get("v", 0.0) + beta2 * grad**2', SWAPPED,
    ),
    edit(
        "adam_step_uncorrected", "square_of_average", "(1 - beta2) * grad**2", "(1 - beta2) * m**2",
        "The second average is an average of squared gradients. You square the average of the gradients "
        "instead.",
    ),
    edit(
        "adam_step_uncorrected", "no_root", "np.sqrt(v)", "v",
        "If the gradient is ten times larger, the step should stay the same. Your step gets ten times "
        "smaller: what is missing around v?",
    ),
    rewrite(
        "adam_step_uncorrected", "adam_already",
        """
        def adam_step_uncorrected(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
            t = state.get("t", 0) + 1
            m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), {"m": m, "v": v, "t": t}
        """,
        "You take Adam's step, which corrects both averages. This exercise shows what happens without the "
        "correction.",
    ),
    edit(
        "adam_step_uncorrected", "eps_added_to_the_weights",
        "/ (np.sqrt(v) + eps)",
        "/ np.sqrt(v) + eps",
        EPS_LOST,
    ),
    edit(
        "adam_step_uncorrected", "both_shares_swapped",
        'beta1 * state.get("m", 0.0) + (1 - beta1) * grad\n'
        '    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2',
        '(1 - beta1) * state.get("m", 0.0) + beta1 * grad\n'
        '    v = (1 - beta2) * state.get("v", 0.0) + beta2 * grad**2',
        "You swapped the shares of past and present in both averages: most of the old average should "
        "stay.",
    ),
    edit(
        "adam_step_uncorrected", "shares_of_m_swapped",
        'beta1 * state.get("m", 0.0) + (1 - beta1) * grad\n',
        '(1 - beta1) * state.get("m", 0.0) + beta1 * grad\n',
        "You swapped the shares of past and present in the first average: with 0.9 most of the old "
        "average should stay.",
    ),
    # first_step_size
    rewrite(
        "first_step_size", "multiple_of_rate",
        """
        def first_step_size(lr, beta1, beta2, corrected):
            if corrected:
                return 1.0
            return (1 - beta1) / np.sqrt(1 - beta2)
        """,
        "You return the length as a multiple of the rate. The exercise asks for the length itself.",
    ),
    edit(
        "first_step_size", "inverted", "(1 - beta1) / np.sqrt(1 - beta2)", "np.sqrt(1 - beta2) / (1 - beta1)",
        "Your quotient is upside down. Which of the two averages is in the denominator?",
    ),
    edit(
        "first_step_size", "no_root", "np.sqrt(1 - beta2)", "(1 - beta2)",
        "In the step the second moment is under a root.",
    ),
    edit(
        "first_step_size", "betas", "(1 - beta1) / np.sqrt(1 - beta2)", "beta1 / np.sqrt(beta2)",
        "The averages start at 0. What share does the first gradient get: beta, or the rest?",
    ),
    edit(
        "first_step_size", "cases_swapped", "if corrected:", "if not corrected:",
        "You swapped the two cases. After the correction both averages are right: how long is the step "
        "then?",
    ),
    edit(
        "first_step_size", "only_numerator", "(1 - beta1) / np.sqrt(1 - beta2)", "(1 - beta1)",
        "You looked only at the first moment, which makes the step too short. But the second moment "
        "starts at zero too.",
    ),
    edit(
        "first_step_size", "rate_forgotten", "lr * (1 - beta1)", "(1 - beta1)",
        "How does the length of a step depend on the rate?",
    ),
    edit(
        "first_step_size", "correction_ignored",
        "    if corrected:\n        return lr\n",
        "",
        "Your length is the same with and without the correction. After the correction the averages are g "
        "and g squared: what is the step then?",
    ),
    edit(
        "first_step_size", "corrected_without_the_rate",
        "return lr\n",
        "return 1.0\n",
        "After the correction, m divided by the root of v is 1 in size. What does the step multiply that "
        "by?",
    ),
    # longest_step_first
    edit(
        "longest_step_first", "first_below_later",
        '["12", "1", "200", "1000", "5000"]', '["12", "200", "1", "1000", "5000"]',
        "The longest step is right. For step 200 assume that the first moment has its full size and the "
        "second has 1 - 0.999**200 of it. How does the length of that step compare with 3.16?",
    ),
    edit(
        "longest_step_first", "falls_from_the_start",
        '["12", "1", "200", "1000", "5000"]', '["1", "12", "200", "1000", "5000"]',
        "The first moment catches up within about twenty steps. What happens to the numerator in these "
        "steps, and what happens under the root?",
    ),
    edit(
        "longest_step_first", "too_small_at_first",
        '["12", "1", "200", "1000", "5000"]', '["5000", "1000", "200", "12", "1"]',
        "You assume that the steps are too small at first. But the average under the root is even further "
        "below its full size than the average in the numerator.",
    ),
    edit(
        "longest_step_first", "grows_then_falls_late",
        '["12", "1", "200", "1000", "5000"]', '["200", "12", "1", "1000", "5000"]',
        "It is right that the length first grows and then falls. When does the first moment have its full "
        "size? From then on the ratio can only fall.",
    ),
    # bias_correct
    edit(
        "bias_correct", "multiplies", "moment / (", "moment * (",
        "The average is too small. Does your correction make it larger?",
    ),
    edit(
        "bias_correct", "t_from_zero", "beta**t", "beta ** (t - 1)",
        "You are one step behind: with t = 1 you divide by 0.",
    ),
    edit(
        "bias_correct", "product", "beta**t", "beta * t",
        "In every step the weight of the starting value 0 is multiplied by beta. How large is it after t steps?",
    ),
    edit(
        "bias_correct", "no_t", "beta**t", "beta",
        "Your correction is the same at every step. Late in training the average needs no correction.",
    ),
    edit(
        "bias_correct", "t_ahead", "beta**t", "beta ** (t + 1)",
        "You are one step ahead. After one step the average is (1 - beta) times the gradient: try t = 1.",
    ),
    edit(
        "bias_correct", "power_of_the_rest", "1 - beta**t", "(1 - beta) ** t",
        "After many steps you divide by almost nothing. Which factor is multiplied by itself in every step: the one "
        "of the old average or the one of the new gradient?",
    ),
    rewrite(
        "bias_correct", "accepts_zero",
        """
        def bias_correct(moment, beta, t):
            if t < 0:
                raise ValueError(f"t is {t}: it must be at least 1.")
            return moment / (1 - beta**t)
        """,
        "If no step is done, is there an average to correct? Read the docstring again.",
    ),
    rewrite(
        "bias_correct", "accepts_all",
        """
        def bias_correct(moment, beta, t):
            return moment / (1 - beta**t)
        """,
        "The formula is right. What should happen if there has been no step yet?",
    ),
    edit(
        "bias_correct", "divides_by_the_missing_share",
        "1 - beta**t",
        "beta**t",
        "beta**t is the share that is missing. The average contains the rest.",
    ),
    edit(
        "bias_correct", "brackets_forgotten",
        "moment / (1 - beta**t)",
        "moment / 1 - beta**t",
        "You divide by 1 and then subtract. In code a denominator needs brackets.",
    ),
    # adam_step
    edit("adam_step", "only_v_corrected", "m / (1 - beta1**t)", "m", M_BIASED),
    edit("adam_step", "only_m_corrected", "v / (1 - beta2**t)", "v", V_BIASED),
    edit("adam_step", "t_not_kept", '"t": t', '"t": 1', T_LOST),
    edit(
        "adam_step", "t_behind", 't = state.get("t", 0) + 1', 't = max(state.get("t", 0), 1)', T_ZERO,
    ),
    edit(
        "adam_step", "corrected_state", '{"m": m, "v": v,', '{"m": m_hat, "v": v_hat,',
        "Your state keeps the corrected averages, so the next step corrects them again. Use the corrected "
        "ones only in the step.",
    ),
    edit(
        "adam_step", "eps_inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)",
        "Your eps is inside the root. In this course's formula it is added outside the root.",
    ),
    edit(
        "adam_step", "eps_before_correction", "np.sqrt(v_hat) + eps", "(np.sqrt(v) + eps) / np.sqrt(1 - beta2**t)",
        'This is the "epsilon hat" form, which is correct in Keras. In this course\'s formula, eps is added after '
        "the correction.",
    ),
    edit(
        "adam_step", "gradient_for_m", "m_hat = m / (1 - beta1**t)", "m_hat = grad",
        "The numerator of your step is the gradient itself: you never use the momentum.",
    ),
    edit(
        "adam_step", "betas_swapped", "m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
        "m_hat = m / (1 - beta2**t)\n    v_hat = v / (1 - beta1**t)",
        "You correct each average with the beta of the other one. Each needs its own.",
    ),
    edit(
        "adam_step", "shares_swapped", 'beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2',
        '(1 - beta2) * state.get("v", 0.0) + beta2 * grad**2', SWAPPED,
    ),
    edit(
        "adam_step", "no_root", "np.sqrt(v_hat)", "v_hat",
        "If the gradient is ten times larger, the step should stay the same. Your step gets ten times "
        "smaller: what is missing around v?",
    ),
    edit(
        "adam_step", "eps_added_to_the_weights",
        "/ (np.sqrt(v_hat) + eps)",
        "/ np.sqrt(v_hat) + eps",
        EPS_LOST,
    ),
    edit(
        "adam_step", "correction_outside_the_root",
        "np.sqrt(v_hat) + eps",
        "np.sqrt(v) / (1 - beta2**t) + eps",
        "You take the root first and correct afterwards. The correction belongs to v, so it goes under "
        "the root.",
    ),
    edit(
        "adam_step", "beta1_corrects_both",
        "v / (1 - beta2**t)",
        "v / (1 - beta1**t)",
        "You correct the second average with the beta of the first. Each has its own.",
    ),
    edit(
        "adam_step", "not_corrected",
        "lr * m_hat / (np.sqrt(v_hat) + eps)",
        "lr * m / (np.sqrt(v) + eps)",
        "You step with the uncorrected averages. Both start at zero: what did the last section do about "
        "that?",
    ),
    rewrite(
        "adam_step", "counter_begins_at_one",
        """
        def adam_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
            t = state.get("t", 1)
            m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            return w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), {"m": m, "v": v, "t": t + 1}
        """,
        "Your state contains the number of the next step. It should contain how many steps are done: 1 "
        "after the first step.",
    ),
    edit(
        "adam_step", "counter_not_in_the_state",
        ', "t": t}',
        "}",
        "Your new state does not contain the number of steps done. Where will the next step find it?",
    ),
    rewrite(
        "adam_step", "corrects_with_the_old_counter",
        """
        def adam_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
            t = state.get("t", 0)
            m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            with np.errstate(divide="ignore", invalid="ignore"):  # by 0 in the first step
                m_hat, v_hat = m / np.float64(1 - beta1**t), v / np.float64(1 - beta2**t)
                return w - lr * m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v, "t": t + 1}
        """,
        "You correct with the number of steps before this one, so the first step divides by 0. The step "
        "that you are taking counts too.",
    ),
    # adamw_step
    edit(
        "adamw_step", "penalty_in_gradient",
        't = state.get("t", 0) + 1', "t, grad = state.get(\"t\", 0) + 1, grad + weight_decay * w",
        "Your decay enters the averages and then acts again outside. AdamW keeps it out of the gradient.",
    ),
    rewrite(
        "adamw_step", "l2_penalty",
        """
        def adamw_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
            t = state.get("t", 0) + 1
            grad = grad + weight_decay * w
            m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
            v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
            step = lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
            return w - step, {"m": m, "v": v, "t": t}
        """,
        "You add the decay to the gradient. That is Adam with an L2 penalty, which is then divided by the "
        "root. Here the decay must stay outside.",
    ),
    edit(
        "adamw_step", "rate_missing", "lr * weight_decay * w", "weight_decay * w",
        "Your decay does not depend on the rate. In this course, as in PyTorch, the decay is multiplied "
        "by the rate.",
    ),
    edit(
        "adamw_step", "grows", "- lr * weight_decay * w", "+ lr * weight_decay * w",
        "If the gradient is 0, your weights grow. Decay pulls them towards 0.",
    ),
    edit(
        "adamw_step", "decays_new", "w_new = w - lr * m_hat / (np.sqrt(v_hat) + eps) - lr * weight_decay * w",
        "w_new = (w - lr * m_hat / (np.sqrt(v_hat) + eps)) * (1 - lr * weight_decay)",
        "You let the updated weights decay. In the formula the decay is a fraction of the *old* weights.",
    ),
    edit(
        "adamw_step", "no_decay", " - lr * weight_decay * w", "",
        "This is plain Adam. If the gradient is 0, should the weights not shrink?",
    ),
    edit(
        "adamw_step", "squared_rate", "lr * weight_decay * w", "lr**2 * weight_decay * w",
        "Your decay contains the rate twice.",
    ),
    edit("adamw_step", "t_not_kept", '"t": t', '"t": 1', T_LOST),
    edit("adamw_step", "only_m_corrected", "v / (1 - beta2**t)", "v", V_BIASED),
    edit(
        "adamw_step", "eps_inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)",
        "Your eps is inside the root. In this course's formula it is added outside the root.",
    ),
    edit(
        "adamw_step", "absolute", "weight_decay * w\n", "weight_decay * np.sign(w)\n",
        "All your weights shrink by the same amount, as with an l1 penalty. Decay takes the same *fraction* of each "
        "weight.",
    ),
    edit(
        "adamw_step", "same_for_all_weights",
        "lr * weight_decay * w\n",
        "lr * weight_decay\n",
        "You subtract the same number from every weight. Decay should take a fraction of each weight.",
    ),
    rewrite(
        "adamw_step", "settings_not_handed_on",
        """
        def adamw_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
            w_new, state_new = adam_step(w, grad, state, lr)
            return w_new - lr * weight_decay * w, state_new
        """,
        "You call Adam's step with its own default betas and eps. What happens to the ones that your "
        "function receives?",
    ),
    # penalty_equals_decay
    edit(
        "penalty_equals_decay", "momentum_too", '{"a"}', '{"a", "b"}',
        "With momentum a penalty enters the velocity and keeps acting in later steps. How often does "
        "decay act?",
    ),
    edit(
        "penalty_equals_decay", "all", '{"a"}', '{"a", "b", "c", "d", "e"}',
        "Write down one step of each optimizer with the penalty in the gradient. What does Adam divide "
        "the penalty by?",
    ),
    edit(
        "penalty_equals_decay", "all_but_adam", '{"a"}', '{"a", "b", "c", "d"}',
        "Adam is not the only one. Which of the others divide the gradient, and the penalty with it?",
    ),
    edit(
        "penalty_equals_decay", "none", '{"a"}', "set()",
        "Expand w - lr * (g + lam * w). For plain SGD, what is the part with lam?",
    ),
    # amsgrad_step
    edit(
        "amsgrad_step", "max_of_corrected",
        'np.maximum(state.get("v_max", 0.0), v)\n    m_hat = m / (1 - beta1**t)\n    v_hat = v_max / (1 - beta2**t)',
        'np.maximum(state.get("v_max", 0.0), v / (1 - beta2**t))\n    m_hat = m / (1 - beta1**t)\n    v_hat = v_max',
        "You take the maximum of the corrected averages. In PyTorch's form the maximum comes first and the "
        "correction after it.",
    ),
    edit(
        "amsgrad_step", "v_replaced", '"v": v,', '"v": v_max,',
        "You continue the average from the maximum. v and v_max are two different things: v forgets, as "
        "in Adam.",
    ),
    edit(
        "amsgrad_step", "no_max", "v_hat = v_max /", "v_hat = v /",
        "This is Adam's step: you compute the maximum, but never use it.",
    ),
    edit(
        "amsgrad_step", "not_remembered",
        'np.maximum(state.get("v_max", 0.0), v)', 'np.maximum(state.get("v", 0.0), v)',
        "You compare only with the average of one step ago. Which average is the largest since the "
        "beginning?",
    ),
    edit(
        "amsgrad_step", "uncorrected", "v_hat = v_max / (1 - beta2**t)", "v_hat = v_max",
        "You leave out the correction of the second moment. The paper leaves out both corrections, but we "
        "use PyTorch's form.",
    ),
    edit(
        "amsgrad_step", "paper_form", "m_hat = m / (1 - beta1**t)\n    v_hat = v_max / (1 - beta2**t)",
        "m_hat = m\n    v_hat = v_max",
        "This is the paper's algorithm, which has no correction at all. Here we use PyTorch's form.",
    ),
    edit(
        "amsgrad_step", "minimum", "np.maximum", "np.minimum",
        "Your effective rates grow. In AMSGrad they may only fall, so which v should it keep?",
    ),
    edit(
        "amsgrad_step", "one_for_all", 'np.maximum(state.get("v_max", 0.0), v)',
        'np.maximum(state.get("v_max", 0.0), np.max(v)) * np.ones_like(v)',
        "np.max returns one number for all weights. AMSGrad takes the maximum entry by entry.",
    ),
    edit(
        "amsgrad_step", "eps_inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)",
        "Your eps is inside the root. In this course's formula it is added outside the root.",
    ),
    edit("amsgrad_step", "t_not_kept", '"t": t', '"t": 1', T_LOST),
    edit(
        "amsgrad_step", "compares_whole_arrays",
        "np.maximum(",
        "max(",
        "Python's max asks which of two whole arrays is larger, and that question has no answer. AMSGrad "
        "takes the maximum entry by entry.",
    ),
    # nadam_step
    edit(
        "nadam_step", "constant_share_of_gradient", "(1 - mu) * grad", "(1 - beta1) * grad",
        "The share of the new gradient is warmed up too: it depends on the number of the step.",
    ),
    edit(
        "nadam_step", "same_mu_over_the_line", "mu_next * m /", "mu * m /",
        "The numerator of your momentum term uses the momentum of this step. The look-ahead needs that of "
        "the next step.",
    ),
    edit(
        "nadam_step", "constant_mu",
        "(beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in (t, t + 1))", "(beta1, beta1)",
        "Your momentum is constant. In NAdam it is warmed up: it depends on the number of the step.",
    ),
    edit(
        "nadam_step", "product_without_next", "(1 - product * mu_next)", "(1 - product)",
        "The momentum term belongs to the *next* step, so its correction must reach one step further than "
        "the correction of the gradient.",
    ),
    edit(
        "nadam_step", "plain_adam", "mu_next * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)",
        "m / (1 - beta1**t)",
        "This is Adam's step. Where is the look-ahead?",
    ),
    edit(
        "nadam_step", "same_mu", "mu_next * m / (1 - product * mu_next)", "mu * m / (1 - product * mu)",
        "Both of your terms use the momentum of this step. The look-ahead needs that of the next step.",
    ),
    edit(
        "nadam_step", "next_product_kept", '"mu_product": product}', '"mu_product": product * mu_next}',
        "The next step multiplies the product by its own mu, so your product gets that factor twice.",
    ),
    edit(
        "nadam_step", "power_of_beta", 'state.get("mu_product", 1.0) * mu', "beta1**t",
        "The product of changing momenta is not a power. What must the state remember?",
    ),
    edit(
        "nadam_step", "half_forgotten", "0.5 * 0.96", "0.96",
        "At the beginning the momentum should be about half of beta1. How large is yours?",
    ),
    edit(
        "nadam_step", "old_average", 'm_bar = mu_next * m /', 'm_bar = mu_next * state.get("m", 0.0) /',
        "Your momentum term looks back. Nesterov's idea is to use the average that already includes the "
        "new gradient.",
    ),
    edit(
        "nadam_step", "uncorrected_v", "v / (1 - beta2**t)", "v",
        "You do not correct the second moment. It starts at zero, as in Adam.",
    ),
    edit(
        "nadam_step", "eps_inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)",
        "Your eps is inside the root. In this course's formula it is added outside the root.",
    ),
    edit("nadam_step", "t_not_kept", '"t": t', '"t": 1', T_LOST),
    edit(
        "nadam_step", "next_share_of_gradient",
        "(1 - mu) * grad",
        "(1 - mu_next) * grad",
        "The new gradient belongs to this step, so its share comes from this step's momentum. Only the "
        "momentum term looks ahead.",
    ),
    edit(
        "nadam_step", "average_warmed_up",
        'beta1 * state.get("m", 0.0) + (1 - beta1) * grad',
        'mu * state.get("m", 0.0) + (1 - mu) * grad',
        "Your average uses the warmed-up momentum, as in Dozat's paper. In PyTorch's form m is Adam's, "
        "with the constant beta1.",
    ),
    edit(
        "nadam_step", "corrected_twice",
        "mu_next * m / (1 - product * mu_next)",
        "mu_next * m / (1 - beta1**t) / (1 - product * mu_next)",
        "You correct m before you use it in the bracket, and the bracket corrects it again.",
    ),
    edit(
        "nadam_step", "power_of_mu",
        'state.get("mu_product", 1.0) * mu',
        "mu**t",
        "The product of changing momenta is not a power of the last one. What must the state remember?",
    ),
    # lion_step
    edit(
        "lion_step", "no_decay", "lr * (u + weight_decay * w)", "lr * u",
        "Your result is the same for any weight decay. Where does the formula use it?",
    ),
    edit(
        "lion_step", "sign_of_new_average", "np.sign(beta1 * m + (1 - beta1) * grad)",
        "np.sign(beta2 * m + (1 - beta2) * grad)",
        "You take the sign of the new average. Lion's step uses its own mixture, in which the new "
        "gradient has more weight.",
    ),
    edit(
        "lion_step", "no_sign", "np.sign(beta1 * m + (1 - beta1) * grad)", "beta1 * m + (1 - beta1) * grad",
        "Your step depends on the size of the gradient. Lion uses only the sign.",
    ),
    edit(
        "lion_step", "one_beta_for_both", "beta2 * m + (1 - beta2) * grad", "beta1 * m + (1 - beta1) * grad",
        "You store the mixture that the step uses. The average in the state has its own beta.",
    ),
    edit(
        "lion_step", "betas_swapped",
        'np.sign(beta1 * m + (1 - beta1) * grad)\n    return w - lr * (u + weight_decay * w), '
        '{"m": beta2 * m + (1 - beta2) * grad}',
        'np.sign(beta2 * m + (1 - beta2) * grad)\n    return w - lr * (u + weight_decay * w), '
        '{"m": beta1 * m + (1 - beta1) * grad}',
        "You swapped the betas. Which one mixes for the step, and which one for the memory?",
    ),
    rewrite(
        "lion_step", "average_first",
        """
        def lion_step(w, grad, state, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
            m = beta2 * state.get("m", 0.0) + (1 - beta2) * grad
            u = np.sign(beta1 * m + (1 - beta1) * grad)
            return w - lr * (u + weight_decay * w), {"m": m}
        """,
        "You update the average before the step uses it. The order matters here.",
    ),
    edit(
        "lion_step", "decay_without_rate", "lr * (u + weight_decay * w)", "lr * u - weight_decay * w",
        "Your decay does not depend on the rate. In the formula it is inside the bracket.",
    ),
    edit(
        "lion_step", "decay_in_gradient", "(1 - beta1) * grad)", "(1 - beta1) * (grad + weight_decay * w))",
        "You add the decay to the gradient, so it enters the sign. Lion's decay is decoupled, as in "
        "AdamW.",
    ),
    edit(
        "lion_step", "sign_of_gradient", "beta1 * m + (1 - beta1) * grad)", "grad)",
        "Your step uses only the last gradient. Where is the average?",
    ),
    edit(
        "lion_step", "decay_in_sign",
        "(1 - beta1) * grad)\n    return w - lr * (u + weight_decay * w)",
        "(1 - beta1) * grad + weight_decay * w)\n    return w - lr * u",
        "Your decay is inside the sign. It should be decoupled, as in AdamW.",
    ),
    # newton_schulz
    edit(
        "newton_schulz", "not_transposed_back", "newton_schulz(G.T, steps, eps).T", "newton_schulz(G.T, steps, eps)",
        "For a tall matrix your result has the shape of the transpose. If you transpose the matrix at the start, "
        "what must you do at the end?",
    ),
    edit(
        "newton_schulz", "entrywise_square", "2.0315 * A @ A", "2.0315 * A**2",
        "A**2 squares the entries. The polynomial needs the product of the matrix with itself.",
    ),
    edit(
        "newton_schulz", "spectral_norm", "np.linalg.norm(G)", "np.linalg.norm(G, 2)",
        "You divide by the largest singular value, which is a different norm. Here it is the Frobenius "
        "norm, which is cheap.",
    ),
    edit(
        "newton_schulz", "not_normalized", "X = G / max(np.linalg.norm(G), eps)", "X = 1.0 * G",
        "The polynomial moves the singular values towards 1 only if none of them is above 1 at the start.",
    ),
    edit(
        "newton_schulz", "eps_added", "max(np.linalg.norm(G), eps)", "(np.linalg.norm(G) + eps)",
        "You add eps to the norm, as in Jordan's own code. Here, as in PyTorch, you take the larger of "
        "the two.",
    ),
    edit(
        "newton_schulz", "cubic", "+ 2.0315 * A @ A", "",
        "Your polynomial stops at the third power. It should also have a fifth.",
    ),
    edit(
        "newton_schulz", "plus_sign", "-4.7750", "4.7750",
        "Your values grow without limit. Look at the signs of the three numbers.",
    ),
    edit(
        "newton_schulz", "old_gram",
        "    for _ in range(steps):\n        A = X @ X.T\n", "    A = X @ X.T\n    for _ in range(steps):\n",
        "X changes in every iteration. Does your A change with it?",
    ),
    edit(
        "newton_schulz", "number_for_identity",
        "X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X",
        "X = (3.4445 - 4.7750 * A + 2.0315 * A @ A) @ X",
        "NumPy adds a number to every entry of a matrix. In a + bA + cA² the a means a times the "
        "identity.",
    ),
    # muon_step
    edit(
        "muon_step", "no_look_ahead", "(1 - momentum) * grad + momentum * velocity", "velocity",
        "You orthogonalise the average itself. Nesterov's look-ahead mixes in the gradient again.",
    ),
    edit(
        "muon_step", "full_gradient", "+ (1 - momentum) * grad\n    u", "+ grad\n    u",
        "You add the full gradient to the velocity, as in notebook 05. Here the velocity is an average: "
        "the shares add up to 1.",
    ),
    edit(
        "muon_step", "ratio_inverted", "w.shape[0] / w.shape[1]", "w.shape[1] / w.shape[0]",
        "Which matrices get the longer step, the tall or the wide ones?",
    ),
    edit(
        "muon_step", "no_root", "np.sqrt(max(1, w.shape[0] / w.shape[1]))", "max(1, w.shape[0] / w.shape[1])",
        "For a tall matrix your step is too long. What is around the ratio in the formula?",
    ),
    edit(
        "muon_step", "no_floor", "max(1, w.shape[0] / w.shape[1])", "(w.shape[0] / w.shape[1])",
        "For a wide matrix your step is too short. How small may the factor become?",
    ),
    edit(
        "muon_step", "decay_without_rate", "(1 - lr * weight_decay)", "(1 - weight_decay)",
        "Your decay does not depend on the rate.",
    ),
    edit(
        "muon_step", "plus_sign", "- lr * scale", "+ lr * scale",
        "Your step climbs. In which direction does the gradient point?",
    ),
    edit(
        "muon_step", "steps_ignored", "newton_schulz(u, steps)", "newton_schulz(u)",
        "Your result is the same for any number of iterations. Where do you pass the argument on?",
    ),
    edit(
        "muon_step", "not_orthogonal", "newton_schulz(u, steps)", "u",
        "This is momentum. What does Muon do to the matrix before the step?",
    ),
    edit(
        "muon_step", "no_decay",
        "w * (1 - lr * weight_decay)",
        "w",
        "Your result is the same for any weight decay. Where does the formula use it?",
    ),
    edit(
        "muon_step", "no_scale",
        "lr * scale *",
        "lr *",
        "Your step does not depend on the shape of the matrix. Which factor is in front of NS?",
    ),
    edit(
        "muon_step", "velocity_of_notebook_05",
        'velocity = momentum * state.get("velocity", 0.0) + (1 - momentum) * grad\n'
        "    u = (1 - momentum) * grad + momentum * velocity",
        'velocity = momentum * state.get("velocity", 0.0) + grad\n    u = grad + momentum * velocity',
        "Your velocity and your look-ahead both add the full gradient, as in notebook 05. Here they are "
        "averages: the shares add up to 1.",
    ),
    # sam_gradient
    edit(
        "sam_gradient", "downhill", "w + rho", "w - rho",
        "You look downhill. SAM asks for the gradient at the *worst* point nearby.",
    ),
    edit(
        "sam_gradient", "not_normalized", "rho * grad / norm", "rho * grad",
        "Your step uphill grows with the gradient. It should have length rho.",
    ),
    edit(
        "sam_gradient", "squared_norm", "rho * grad / norm", "rho * grad / norm**2",
        "Your step uphill has length rho divided by the norm. It should have length rho.",
    ),
    edit(
        "sam_gradient", "sign", "rho * grad / norm", "rho * np.sign(grad)",
        "You step by the sign, which has the same size in each entry. The direction uphill is that of the "
        "gradient itself.",
    ),
    edit(
        "sam_gradient", "plain", "return gradient(w + rho * grad / norm)", "return grad",
        "This is the gradient at w. SAM needs the gradient at another point.",
    ),
    edit(
        "sam_gradient", "per_row", "np.linalg.norm(grad)", "np.max(np.linalg.norm(np.atleast_2d(grad), axis=-1))",
        "For a matrix you take the norms of single rows. There is one norm over all entries.",
    ),
    edit(
        "sam_gradient", "nan_at_zero", "    if norm == 0:\n        return grad\n", "",
        "If the gradient is 0, you divide 0 by 0. No direction is uphill there: what should you return?",
    ),
    edit(
        "sam_gradient", "rho_ignored", "rho * grad / norm", "0.05 * grad / norm",
        "Your result is the same for any rho. Use the argument.",
    ),
    edit(
        "sam_gradient", "both_added",
        "return gradient(w + rho * grad / norm)",
        "return grad + gradient(w + rho * grad / norm)",
        "You add the two gradients. The first only shows the way uphill; SAM returns the second.",
    ),
    edit(
        "sam_gradient", "row_by_row",
        "norm = np.linalg.norm(grad)\n"
        "    if norm == 0:\n"
        "        return grad\n"
        "    return gradient(w + rho * grad / norm)",
        "norm = np.linalg.norm(grad, axis=-1, keepdims=True)\n"
        "    return gradient(w + rho * grad / np.where(norm > 0, norm, 1))",
        "You divide each row by its own norm. There is one norm over all entries.",
    ),
    # schedule_free_step
    edit(
        "schedule_free_step", "moves_y", 'state.get("z", w) - lr * grad', "w - lr * grad",
        "Your gradient moves y. Which of the three points moves as in SGD?",
    ),
    edit(
        "schedule_free_step", "average_off_by_one", "/ (t + 1)", "/ t",
        "Your average leaves out the starting point: after the first step your x equals z. How many "
        "points are there after one step?",
    ),
    edit(
        "schedule_free_step", "mixture_swapped", "(1 - beta) * z + beta * x", "beta * z + (1 - beta) * x",
        "You swapped the shares of z and x: with 0.9 the gradient is taken near the average.",
    ),
    edit(
        "schedule_free_step", "leaky_average", "x_old + (z - x_old) / (t + 1)", "beta * x_old + (1 - beta) * z",
        "Your x is a leaky average. Here every z has the same weight.",
    ),
    edit(
        "schedule_free_step", "returns_average", "return (1 - beta) * z + beta * x,", "return x,",
        "You return the average. You use it after training, but the next gradient is taken at y.",
    ),
    edit("schedule_free_step", "t_not_kept", '"t": t', '"t": 1', T_LOST),
    edit(
        "schedule_free_step", "plus_sign", "- lr * grad", "+ lr * grad",
        "Your step climbs. In which direction does the gradient point?",
    ),
    edit(
        "schedule_free_step", "average_of_old_z",
        "(z - x_old) / (t + 1)",
        '(state.get("z", w) - x_old) / (t + 1)',
        "Your average uses the old z. It should include the new one.",
    ),
]
