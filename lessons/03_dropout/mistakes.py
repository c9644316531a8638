"""Likely mistakes of lesson 03."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "dropout_forward",
        "not_scaled",
        "kept / (1 - drop_prob)",
        "kept * 1.0",
        "Your mask is 0 or 1. Then the next layer receives less in training than at test time. "
        "Which factor makes the mean of a mask entry 1?",
    ),
    edit(
        "dropout_forward",
        "divided_by_drop_prob",
        "kept / (1 - drop_prob)",
        "kept / drop_prob if drop_prob else kept * 1.0",
        "You divide by the share that is dropped. Here drop_prob is the share dropped; in some texts p is the share "
        "kept. Work out the mean of one mask entry.",
    ),
    edit(
        "dropout_forward",
        "multiplied_by_drop_prob",
        "kept / (1 - drop_prob)",
        "kept * drop_prob",
        "Your kept units output less than before. Fewer units are left, so should each output less, or more?",
    ),
    edit(
        "dropout_forward",
        "multiplied_by_keep_prob",
        "kept / (1 - drop_prob)",
        "kept * (1 - drop_prob)",
        "This factor belongs to the original dropout, which scales at test time. In training, inverted dropout must "
        "make up for what is missing.",
    ),
    edit(
        "dropout_forward",
        "drop_and_keep_swapped",
        ">= drop_prob",
        "< drop_prob",
        "You keep an entry with the probability with which it should be dropped. "
        "What share of uniform numbers is below drop_prob?",
    ),
    edit(
        "dropout_forward",
        "one_mask_for_the_batch",
        "rng.random(x.shape)",
        "np.broadcast_to(rng.random(x.shape[1:]), x.shape)",
        "All examples of the batch lose the same units. Each example should have its own mask.",
    ),
    edit(
        "dropout_forward",
        "whole_examples",
        "rng.random(x.shape)",
        "np.broadcast_to(rng.random((len(x),) + (1,) * (x.ndim - 1)), x.shape)",
        "You drop all features of an example together. Each entry needs its own coin toss.",
    ),
    edit(
        "dropout_forward",
        "whole_channels",
        "rng.random(x.shape)",
        "(np.repeat(rng.random((*x.shape[:-1], 1)), x.shape[-1], axis=-1) if x.ndim == 4 else rng.random(x.shape))",
        "You drop all channels of a pixel together. That is a different method; here each entry has its own coin toss.",
    ),
    edit(
        "dropout_forward",
        "drops_at_test_time",
        "if not train:",
        "if drop_prob == 0:",
        "At test time all units take part, and nothing is random. What is the argument train for?",
    ),
    edit(
        "dropout_forward",
        "scales_at_test_time",
        "return x, None",
        "return (1 - drop_prob) * x, None",
        "You scale twice, in training and at test time. Inverted dropout already scales in training.",
    ),
    edit(
        "dropout_forward",
        "boolean_mask",
        "return x * mask, mask",
        "return x * mask, kept",
        "The mask that you return says what was kept, but not the scale. The backward pass needs both.",
    ),
    edit(
        "dropout_forward",
        "out_without_scale",
        "return x * mask, mask",
        "return x * kept, mask",
        "Your mask contains the scale, but out does not. What is out, in terms of x and the mask?",
    ),
    edit(
        "dropout_forward",
        "generator_of_its_own",
        "rng.random(x.shape)",
        "np.random.default_rng(0).random(x.shape)",
        "Every call draws the same mask: you create a new generator with the same seed each time. Use the rng that was "
        "passed in.",
    ),
    edit(
        "dropout_forward",
        "fixed_count",
        "rng.random(x.shape) >= drop_prob",
        "(rng.permutation(x.size) >= round(drop_prob * x.size)).reshape(x.shape)",
        "You drop exactly the same number of entries each time, so entries are not independent. With one coin toss per "
        "entry, the number varies.",
    ),
    edit(
        "dropout_forward",
        "in_place",
        "    return x * mask, mask",
        "    x *= mask\n    return x, mask",
        "Your function changes the caller's array, and the caller still needs it.",
    ),
    edit(
        "dropout_forward",
        "accepts_one",
        "0 <= drop_prob < 1",
        "0 <= drop_prob <= 1",
        "At drop_prob 1 nothing is kept, and the scale would be 1/0. Should that be accepted?",
    ),
    edit(
        "dropout_forward",
        "accepts_negative",
        "not 0 <= drop_prob < 1",
        "drop_prob >= 1",
        "A probability has a lower and an upper limit. You check only one of them.",
    ),
    edit(
        "dropout_forward",
        "refuses_zero",
        "0 <= drop_prob < 1",
        "0 < drop_prob < 1",
        "Dropping nothing, drop_prob 0, is allowed: that turns dropout off.",
    ),
    rewrite(
        "dropout_forward",
        "drop_prob_taken_for_the_share_kept",
        """
        def dropout_forward(x, drop_prob, rng, train=True):
            if not 0 <= drop_prob < 1:
                raise ValueError("drop_prob must be at least 0, and below 1.")
            if not train:
                return x, None
            with np.errstate(invalid="ignore"):  # 0/0 where drop_prob is 0
                mask = (rng.random(x.shape) < drop_prob) / np.float64(drop_prob)
            return x * mask, mask
        """,
        "This is right if the number is the share kept. Here drop_prob is the share dropped: what does that change in "
        "the comparison, and what in the scale?",
    ),
    edit(
        "dropout_forward",
        "mask_of_one_row",
        "rng.random(x.shape)",
        "rng.random(x.shape[-1:])",
        "Your mask has one entry per unit, the same for all examples. Each example should have its own mask.",
    ),
    edit(
        "dropout_forward",
        "scaled_by_the_share_that_was_kept",
        "kept / (1 - drop_prob)",
        "kept / max(kept.mean(), 1 / kept.size)",
        "You compute the scale from the share that happened to be kept, so it changes with every draw. It should "
        "depend on drop_prob alone.",
    ),
    edit(
        "dropout_forward",
        "global_generator",
        "rng.random(x.shape)",
        "np.random.random(x.shape)",
        "You draw from NumPy's global generator, so the caller cannot repeat the mask. Use the rng that was passed in.",
    ),
    edit(
        "dropout_backward",
        "boolean_mask",
        "dout * mask",
        "dout * (mask > 0)",
        "Your gradient contains what was dropped, but not the scale. In the forward pass x was multiplied by more than "
        "1.",
    ),
    rewrite(
        "dropout_backward",
        "new_mask",
        """
        def dropout_backward(dout, mask):
            if mask is None:
                return dout
            fresh = np.random.default_rng(0).random(dout.shape) >= 0.5
            return dout * fresh * mask.max()
        """,
        "You draw a new mask. The gradient belongs to the forward pass that happened, so it needs the mask of that "
        "pass.",
    ),
    edit(
        "dropout_backward",
        "scaled_twice",
        "dout * mask",
        "dout * mask * mask.max()",
        "The scale is in your gradient twice: the mask already contains it.",
    ),
    edit(
        "dropout_backward",
        "divides",
        "dout * mask",
        "np.divide(dout, mask, out=np.zeros(dout.shape), where=mask > 0)",
        "You undo the scale instead of applying it. The derivative of m*x with respect to x is m.",
    ),
    edit(
        "dropout_backward",
        "none_gives_zeros",
        "return dout\n",
        "return np.zeros(dout.shape)\n",
        "At test time the layer returns its input unchanged. What is the derivative of x with respect to x?",
    ),
    edit(
        "dropout_backward",
        "none_forgotten",
        "if mask is None:",
        "if False:",
        "A pass at test time has no mask: dropout_forward returned None. What should the gradient be then?",
    ),
    edit(
        "dropout_backward",
        "mask_ignored",
        "dout * mask",
        "dout * 1.0",
        "Your gradient ignores the mask. A unit that was dropped had no influence on the loss.",
    ),
    edit(
        "classic_dropout_predict",
        "divides",
        "(1 - drop_prob) * x",
        "x / (1 - drop_prob)",
        "At test time more units are present than in training. Should each count for more, or for less? Dividing is "
        "what inverted dropout does, in training.",
    ),
    edit(
        "classic_dropout_predict",
        "share_dropped",
        "(1 - drop_prob) * x",
        "drop_prob * x",
        "You multiply by the share that was dropped. What was the mean of an unscaled mask entry in training?",
    ),
    edit(
        "classic_dropout_predict",
        "unchanged",
        "(1 - drop_prob) * x",
        "1.0 * x",
        "This is right for inverted dropout. The original form does not scale in training, so something is left to do "
        "at test time.",
    ),
    edit(
        "classic_dropout_predict",
        "root",
        "(1 - drop_prob) * x",
        "np.sqrt(1 - drop_prob) * x",
        "This keeps the mean square instead of the mean. Here the mean should stay the same.",
    ),
    edit(
        "classic_dropout_predict",
        "in_place",
        "return (1 - drop_prob) * x",
        "x *= 1 - drop_prob\n    return x",
        "Your function changes the caller's array, and the caller still needs it.",
    ),
    edit(
        "exact_ensemble",
        "unweighted",
        "probability = (1 - drop_prob) ** kept * drop_prob ** (len(x) - kept)",
        "probability = 0.5 ** len(x)",
        "All masks count equally in your mean. They have different probabilities, unless drop_prob is 1/2.",
    ),
    edit(
        "exact_ensemble",
        "drop_and_keep_swapped",
        "(1 - drop_prob) ** kept * drop_prob ** (len(x) - kept)",
        "drop_prob ** kept * (1 - drop_prob) ** (len(x) - kept)",
        "Your weights are those of a network that keeps with probability drop_prob. "
        "Which probability goes with each entry kept?",
    ),
    rewrite(
        "exact_ensemble",
        "one_scaled_pass",
        """
        def exact_ensemble(predict, x, drop_prob):
            return predict((1 - drop_prob) * x)
        """,
        "One scaled pass gives the mean only if predict is linear. This exercise asks for the sum over all masks.",
    ),
    edit(
        "exact_ensemble",
        "inverted",
        "predict(mask * x)",
        "predict(mask * x / (1 - drop_prob))",
        "You scale the masks as inverted dropout does. In this sum the masks are 0 and 1.",
    ),
    edit(
        "exact_ensemble",
        "probability_of_the_dropped_forgotten",
        " * drop_prob ** (len(x) - kept)",
        "",
        "Your weights do not sum to 1. A mask's probability has one factor for each entry, kept or dropped.",
    ),
    edit(
        "exact_ensemble",
        "empty_mask_forgotten",
        "mean = 0.0",
        "mean = -(drop_prob ** len(x)) * predict(0.0 * x)",
        "The mask that drops everything is missing. predict may return something other than 0 there, such as a bias.",
    ),
    edit(
        "exact_ensemble",
        "divided_by_the_number_of_masks",
        "return mean",
        "return mean / 2 ** len(x)",
        "Your weights are right, but then you divide again. What do the probabilities of all masks sum to?",
    ),
    edit(
        "exact_ensemble",
        "last_mask_only",
        "mean = mean + probability",
        "mean = probability",
        "Each mask overwrites the one before, so only the last term is left. The function should add up all terms.",
    ),
    edit(
        "mc_dropout",
        "reseeded",
        "predict(x, rng) for",
        "predict(x, np.random.default_rng(0)) for",
        "Every pass draws the same masks, because you create a new generator with the same seed each time. So there is "
        "no spread at all.",
    ),
    edit(
        "mc_dropout",
        "variance",
        "np.std(outputs, axis=0)",
        "np.var(outputs, axis=0)",
        "This is the variance. The standard deviation has the unit of the outputs.",
    ),
    edit(
        "mc_dropout",
        "ddof_one",
        "np.std(outputs, axis=0)",
        "np.std(outputs, axis=0, ddof=1 if passes > 1 else 0)",
        "You divide by the number of passes minus 1. That is sometimes useful, but here the division is by T (ddof 0).",
    ),
    rewrite(
        "mc_dropout",
        "ddof_one_of_one_pass",
        """
        def mc_dropout(predict, x, passes, rng):
            outputs = [predict(x, rng) for _ in range(passes)]
            square = np.sum((outputs - np.mean(outputs, axis=0)) ** 2, axis=0)
            with np.errstate(invalid="ignore"):  # 0/0 where there is one pass
                return np.mean(outputs, axis=0), np.sqrt(square / np.float64(passes - 1))
        """,
        "You divide by the number of passes minus 1, which is 0 for one pass. Here the division is by T (ddof 0).",
    ),
    edit(
        "mc_dropout",
        "standard_error",
        "np.std(outputs, axis=0)",
        "np.std(outputs, axis=0) / np.sqrt(passes)",
        "This is the standard error of the mean, which falls with the number of passes. The exercise asks for the "
        "spread of single passes.",
    ),
    edit(
        "mc_dropout",
        "over_everything",
        "np.std(outputs, axis=0)",
        "np.std(outputs)",
        "You compute one standard deviation over passes and entries together. Each entry of the output needs its own.",
    ),
    edit(
        "mc_dropout",
        "one_pass_too_few",
        "range(passes)",
        "range(1, max(passes, 2))",
        "Count your passes: there is one too few.",
    ),
    edit(
        "mc_dropout",
        "own_generator",
        "outputs = [predict(x, rng)",
        "rng = np.random.default_rng()\n    outputs = [predict(x, rng)",
        "You create your own generator, so the caller cannot repeat the result. Use the rng that was passed in.",
    ),
    edit(
        "mc_dropout",
        "one_number_for_everything",
        "np.mean(outputs, axis=0), np.std(outputs, axis=0)",
        "np.mean(outputs), np.std(outputs)",
        "You compute one mean and one standard deviation over passes and entries together. Each entry of the output "
        "needs its own.",
    ),
    rewrite(
        "mc_dropout",
        "other_passes_for_the_spread",
        """
        def mc_dropout(predict, x, passes, rng):
            mean = sum(predict(x, rng) for _ in range(passes)) / passes
            return mean, np.sqrt(sum((predict(x, rng) - mean) ** 2 for _ in range(passes)) / passes)
        """,
        "You predict again for the standard deviation, with other masks. Mean and standard deviation should come from "
        "the same passes.",
    ),
    edit(
        "mc_dropout",
        "a_generator_for_each_pass",
        "predict(x, rng) for _ in",
        "predict(x, np.random.default_rng(i)) for i in",
        "You create a new generator for each pass, so every call gives the same result. Every pass should draw from "
        "the rng that was passed in.",
    ),
    edit(
        "residual_survival",
        "counted_from_zero",
        "layer / layers",
        "(layer - 1) / layers",
        "Your first block is never dropped, and the last one does not reach `last`. The blocks are counted from 1, and "
        "the input is layer 0.",
    ),
    edit(
        "residual_survival",
        "from_one_to_last",
        "layer / layers",
        "(layer - 1) / max(layers - 1, 1)",
        "The last block is right, but your line begins at 1 in the first block. In the rule, the input (layer 0) has "
        "probability 1.",
    ),
    edit(
        "residual_survival",
        "from_one_to_last_divided_by_zero",
        "layer / layers",
        "(layer - 1) / (layers - 1)",
        "Your line begins at 1 in the first block. In the rule, the input (layer 0) has probability 1. Count the steps "
        "from there.",
    ),
    edit(
        "residual_survival",
        "reversed",
        "1 - layer / layers * (1 - last)",
        "last + layer / layers * (1 - last)",
        "You drop the first blocks most often. Which blocks do all the others depend on?",
    ),
    edit(
        "residual_survival",
        "drop_probability",
        "1 - layer / layers * (1 - last)",
        "layer / layers * (1 - last)",
        "This is the probability of being dropped. The exercise asks for the probability of survival.",
    ),
    edit(
        "residual_survival",
        "last_as_drop",
        "(1 - last)",
        "last",
        "You treat `last` as the last block's probability of being dropped. It is its probability of survival.",
    ),
    edit(
        "residual_survival",
        "geometric",
        "1 - layer / layers * (1 - last)",
        "last ** (layer / layers)",
        "Both ends are right, but between them your curve bends. The rule is a straight line.",
    ),
    edit(
        "residual_survival",
        "the_same_for_all",
        "1 - layer / layers * (1 - last)",
        "1.0 * last",
        "All your blocks have the last one's probability. It should fall from block to block.",
    ),
    edit(
        "residual_survival",
        "bracket_forgotten",
        "1 - layer / layers * (1 - last)",
        "1 - layer / layers * 1 - last",
        "At layer 0 your line does not begin at 1. What does the fraction multiply: 1 alone, or all of 1 - last?",
    ),
    edit(
        "stochastic_depth_forward",
        "scaled_in_training",
        "return x + block(x) if kept else x, kept",
        "return x + survival * block(x) if kept else x, kept",
        "You scale the branch in training too, so it counts for survival squared on average. In this form only test "
        "time has the scale.",
    ),
    edit(
        "stochastic_depth_forward",
        "torchvision",
        "return x + block(x) if kept else x, kept",
        "return x + block(x) / survival if kept else x, kept",
        "In training you divide by survival, as torchvision does, which then needs no scale at test time. Here, as in "
        "the paper, the scale is applied at test time.",
    ),
    rewrite(
        "stochastic_depth_forward",
        "inverted_throughout",
        """
        def stochastic_depth_forward(x, block, survival, rng, train=True):
            if not train:
                return x + block(x), None
            kept = rng.random() < survival
            return x + block(x) / survival if kept else x, kept
        """,
        "You scale in training and not at test time, as torchvision does. That works, but this course uses the paper's "
        "form: where is the scale in it?",
    ),
    edit(
        "stochastic_depth_forward",
        "scaled_before_the_block",
        "return x + block(x) if kept else x, kept",
        "return x + block(survival * x) if kept else x, kept",
        "In training you pass the block something other than x. Nothing is scaled there, neither before nor after the "
        "block.",
    ),
    edit(
        "stochastic_depth_forward",
        "block_run_though_skipped",
        "return x + block(x) if kept else x, kept",
        "return x + kept * block(x), kept",
        "The output is right, but the block runs even if it is skipped. Then no time is saved.",
    ),
    edit(
        "stochastic_depth_forward",
        "not_scaled_at_test_time",
        "x + survival * block(x)",
        "x + block(x)",
        "At test time the branch is always present, in training only sometimes. What makes it contribute as much as it "
        "does on average in training?",
    ),
    edit(
        "stochastic_depth_forward",
        "shortcut_scaled_too",
        "x + survival * block(x)",
        "survival * (x + block(x))",
        "You scale the shortcut as well. The shortcut was always there in training.",
    ),
    edit(
        "stochastic_depth_forward",
        "survival_and_drop_swapped",
        "rng.random() < survival",
        "rng.random() >= survival",
        "You keep the block with the probability of dropping it. What share of uniform numbers is below survival?",
    ),
    edit(
        "stochastic_depth_forward",
        "draws_at_test_time",
        "if not train:",
        "if not train and rng is None:",
        "At test time nothing is random, even if a generator is passed in.",
    ),
    rewrite(
        "stochastic_depth_forward",
        "per_example",
        """
        def stochastic_depth_forward(x, block, survival, rng, train=True):
            if not train:
                return x + survival * block(x), None
            kept = rng.random((len(x), 1)) < survival
            return x + kept * block(x), kept
        """,
        "You draw for each example. Here one draw decides for the whole batch, so a skipped block does not have to "
        "run.",
    ),
    edit(
        "stochastic_depth_forward",
        "shortcut_lost",
        "x + block(x) if kept else x,",
        "block(x) if kept else x,",
        "A kept block replaces x in your output. In a residual network it is added to x.",
    ),
    edit(
        "stochastic_depth_forward",
        "skipped_gives_zeros",
        "if kept else x,",
        "if kept else 0 * x,",
        "If the block is skipped, your output is 0. What remains when the branch is removed?",
    ),
    edit(
        "stochastic_depth_forward",
        "generator_of_its_own",
        "rng.random()",
        "np.random.default_rng(0).random()",
        "Every call makes the same decision: you create a new generator with the same seed each time. Use the rng that "
        "was passed in.",
    ),
    edit(
        "stochastic_depth_forward",
        "in_place",
        "    return x + block(x) if kept else x, kept",
        "    if kept:\n        x += block(x)\n    return x, kept",
        "Your function changes the caller's array, and the caller still needs it.",
    ),
    edit(
        "stochastic_depth_backward",
        "branch_of_a_skipped_block",
        "dout + block_backward(dout) if kept else dout",
        "dout + block_backward(dout)",
        "A block that was skipped had no part in the output. What gradient can come through it?",
    ),
    edit(
        "stochastic_depth_backward",
        "shortcut_forgotten",
        "dout + block_backward(dout) if kept else dout",
        "block_backward(dout) if kept else dout",
        "The input reached the output along two paths. You follow only one of them.",
    ),
    edit(
        "stochastic_depth_backward",
        "scaled",
        "dout + block_backward(dout)",
        "dout + 0.5 * block_backward(dout)",
        "In training the forward pass does not scale the branch, so the backward pass should not either.",
    ),
    edit(
        "stochastic_depth_backward",
        "skipped_gives_zeros",
        "if kept else dout",
        "if kept else 0 * dout",
        "If the block was skipped, out was x. What is the derivative then?",
    ),
    edit(
        "stochastic_depth_backward",
        "kept_and_skipped_swapped",
        "if kept",
        "if not kept",
        "You swapped the two cases, kept and skipped.",
    ),
    edit(
        "stochastic_depth_backward",
        "block_run_though_skipped",
        "return dout + block_backward(dout) if kept else dout",
        "branch = block_backward(dout)\n    return dout + branch if kept else dout",
        "The gradient is right, but block_backward runs even if the block was skipped. Then there is no forward pass "
        "to go back through.",
    ),
    edit(
        "stochastic_depth_backward",
        "multiplied",
        "dout + block_backward(dout) if",
        "dout * block_backward(dout) if",
        "You multiply the two gradients. In the forward pass the block's output was added to x: what does that mean "
        "for the gradients?",
    ),
    edit(
        "stochastic_depth_backward",
        "chain_rule_twice",
        "dout + block_backward(dout) if",
        "dout + dout * block_backward(dout) if",
        "block_backward takes dout and already applies the chain rule. You multiply by dout again.",
    ),
    edit(
        "dropout_penalty",
        "whole_matrix",
        "np.sum(np.sum(X**2, axis=0) * w**2)",
        "np.sum((X @ w) ** 2)",
        "You use all of X'X. Masks of different features are independent, so only its diagonal remains.",
    ),
    edit(
        "dropout_penalty",
        "not_divided",
        "drop_prob / (1 - drop_prob)",
        "drop_prob",
        "The factor in front of the sum is incomplete. What is the variance of an inverted mask entry?",
    ),
    edit(
        "dropout_penalty",
        "variance_of_the_unscaled_mask",
        "drop_prob / (1 - drop_prob)",
        "drop_prob * (1 - drop_prob)",
        "This is the variance of a mask of 0 and 1. The inverted mask is that mask times its scale.",
    ),
    edit(
        "dropout_penalty",
        "drop_and_keep_swapped",
        "drop_prob / (1 - drop_prob)",
        "((1 - drop_prob) / drop_prob if drop_prob else 0.0)",
        "Your penalty grows when less is dropped. If nothing is dropped, there should be no penalty.",
    ),
    edit(
        "dropout_penalty",
        "mean_for_sum",
        "np.sum(X**2, axis=0)",
        "np.mean(X**2, axis=0)",
        "You take a mean over the examples. The loss here is the sum of squared errors.",
    ),
    edit(
        "dropout_penalty",
        "plain_ridge",
        "np.sum(np.sum(X**2, axis=0) * w**2)",
        "np.sum(w**2)",
        "This is a plain ridge penalty. Here each weight has its own strength, which depends on its feature.",
    ),
    edit(
        "dropout_penalty",
        "weights_not_squared",
        "* w**2",
        "* w",
        "The weights appear inside a variance. How does a variance change when its variable is multiplied by w?",
    ),
    edit(
        "gaussian_dropout",
        "variance_for_std",
        "np.sqrt(drop_prob / (1 - drop_prob))",
        "drop_prob / (1 - drop_prob)",
        "rng.normal takes the standard deviation. p/(1-p) is the variance.",
    ),
    edit(
        "gaussian_dropout",
        "mean_zero",
        "rng.normal(1.0,",
        "rng.normal(0.0,",
        "Your noise has mean 0, and so has your output. What must the mean be if out is x on average?",
    ),
    edit(
        "gaussian_dropout",
        "drop_and_keep_swapped",
        "np.sqrt(drop_prob / (1 - drop_prob))",
        "(np.sqrt((1 - drop_prob) / drop_prob) if drop_prob else 0.0)",
        "Your noise shrinks as drop_prob grows.",
    ),
    edit(
        "gaussian_dropout",
        "coin",
        "rng.normal(1.0, np.sqrt(drop_prob / (1 - drop_prob)), x.shape)",
        "(rng.random(x.shape) >= drop_prob) / (1 - drop_prob)",
        "Mean and variance are right, but this is the coin toss of ordinary dropout. The noise should be normal.",
    ),
    edit(
        "gaussian_dropout",
        "added",
        "x * noise",
        "x + noise - 1",
        "You add the noise. It should multiply x, so that large activations are disturbed more.",
    ),
    edit(
        "gaussian_dropout",
        "noise_at_test_time",
        "if not train:",
        "if not train and rng is None:",
        "At test time there is no noise, even if a generator is passed in.",
    ),
    edit(
        "drop_connect",
        "one_mask_for_the_batch",
        "rng.random((len(x), *W.shape))",
        "np.repeat(rng.random((1, *W.shape)), len(x), axis=0)",
        "All examples go through the same thinned weights. Each should have its own mask.",
    ),
    edit(
        "drop_connect",
        "units",
        "rng.random((len(x), *W.shape))",
        "np.repeat(rng.random((*x.shape, 1)), W.shape[1], axis=2)",
        "You drop whole inputs, which is ordinary dropout. Each weight needs its own coin toss.",
    ),
    edit(
        "drop_connect",
        "not_scaled",
        "/ (1 - drop_prob)",
        "/ 1.0",
        "Your masks are 0 or 1. Which factor makes their mean 1?",
    ),
    edit(
        "drop_connect",
        "drop_and_keep_swapped",
        ">= drop_prob",
        "< drop_prob",
        "You keep a weight with the probability with which it should be dropped.",
    ),
    edit(
        "drop_connect",
        "bias_scaled",
        "W * mask) + b, mask",
        "W * mask) + b * mask.mean(axis=(1, 2))[:, None], mask",
        "Your bias is random too. Only the weights should be.",
    ),
    edit(
        "drop_connect",
        "bias_forgotten",
        "return x @ W + b, None",
        "return x @ W, None",
        "At test time the layer is the plain affine one, bias included.",
    ),
    edit(
        "drop_connect",
        "scales_at_test_time",
        "return x @ W + b, None",
        "return (1 - drop_prob) * (x @ W) + b, None",
        "You scale twice. In training the masks already contain the scale.",
    ),
    edit(
        "drop_connect",
        "mask_of_the_weights_shape",
        "mask = (rng.random((len(x), *W.shape)) >= drop_prob) / (1 - drop_prob)\n"
        '    return np.einsum("ni,nio->no", x, W * mask) + b, mask',
        "mask = (rng.random(W.shape) >= drop_prob) / (1 - drop_prob)\n    return x @ (W * mask) + b, mask",
        "You draw one mask for the whole batch. Each example needs its own: how many masks are there in total?",
    ),
    edit(
        "share_left_after_five",
        "one_layer",
        "(1 - p) ** layers",
        "1 - p",
        "That is what one layer leaves. The next layer multiplies what it receives by the same share.",
    ),
    edit(
        "share_left_after_five",
        "inverse",
        "(1 - p) ** layers",
        "1 / (1 - p) ** layers",
        "That is the factor by which the output at test time is too large. The question asks for the mean output with "
        "masks.",
    ),
    edit(
        "share_left_after_five",
        "nothing_left",
        "(1 - p) ** layers",
        "max(0.0, 1 - layers * p)",
        "The dropped shares do not add up: each layer drops a share of what has reached it.",
    ),
    edit(
        "share_left_after_five",
        "nothing_lost",
        "(1 - p) ** layers",
        "1.0",
        "That is true with the scale 1/(1-p). Here the masks are 0 and 1.",
    ),
    edit(
        "share_left_after_five",
        "power",
        "(1 - p) ** layers",
        "(1 - p) ** (layers / 2)",
        "That is how the root mean square of random outputs shrinks. The question asks for the mean over masks.",
    ),
    edit(
        "share_left_after_five",
        "share_lost",
        "(1 - p) ** layers",
        "1 - (1 - p) ** layers",
        "That is the share that is lost. The question asks for the share that is left.",
    ),
    edit(
        "drops_a_fifth",
        "all_with_a_small_number",
        '{"a", "c", "d", "f"}',
        '{"a", "b"}',
        "The number alone is not enough: look up in the table what each library or paper means by it.",
    ),
    edit(
        "drops_a_fifth",
        "paper_means_dropped",
        '{"a", "c", "d", "f"}',
        '{"a", "c", "f"}',
        "In the paper of 2014 a unit is *retained* with probability p.",
    ),
    edit(
        "drops_a_fifth",
        "own_mask_overlooked",
        '{"a", "c", "d", "f"}',
        '{"a", "c", "d"}',
        "Look at the mask in (f) again: for what share of the entries is it True, and what does True do?",
    ),
    edit(
        "drops_a_fifth",
        "keras_means_kept",
        '{"a", "c", "d", "f"}',
        '{"a", "c", "d", "e", "f"}',
        "Keras' rate is the share dropped, as in PyTorch.",
    ),
    edit(
        "true_of_dropout",
        "relu_too",
        '{"a", "b", "e"}',
        '{"a", "b", "c", "e"}',
        "Mean and function can be exchanged only if the function is linear. What did the left plot of the ensemble "
        "show?",
    ),
    edit(
        "true_of_dropout",
        "spread_kept",
        '{"a", "b", "e"}',
        '{"a", "b", "d", "e"}',
        "The scale keeps the mean. Work out the mean square of a mask entry.",
    ),
    edit(
        "true_of_dropout",
        "mean_not_kept",
        '{"a", "b", "e"}',
        '{"a", "b"}',
        "What is the mean of one entry of the inverted mask?",
    ),
    edit(
        "true_of_dropout",
        "same_seed",
        '{"a", "b", "e"}',
        '{"a", "b", "e", "f"}',
        "With the same seed every pass draws the same masks. What would their standard deviation be?",
    ),
    edit(
        "expected_depth",
        "half",
        "sum(residual_survival(layer, blocks, last) for layer in range(1, blocks + 1))",
        "blocks * last",
        "Only the last block survives with probability $s_L$. The others do so more often.",
    ),
    edit(
        "expected_depth",
        "counted_from_zero",
        "range(1, blocks + 1)",
        "range(blocks)",
        "The blocks are counted from 1. You counted layer 0, which is the input, and left out the last.",
    ),
    edit(
        "expected_depth",
        "mean_of_the_ends",
        "sum(residual_survival(layer, blocks, last) for layer in range(1, blocks + 1))",
        "blocks * (1 + last) / 2",
        "You took the mean of 1 and $s_L$. But no block has probability 1: the first one is already a little lower.",
    ),
    edit(
        "expected_depth",
        "skipped",
        "expected_depth = sum",
        "expected_depth = blocks - sum",
        "That is how many are skipped on average. How many take part?",
    ),
]
