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
        "What is kept comes out smaller than before. Fewer units are left, so should each hand on less, or more?",
    ),
    edit(
        "dropout_forward",
        "multiplied_by_keep_prob",
        "kept / (1 - drop_prob)",
        "kept * (1 - drop_prob)",
        "This factor belongs to the original dropout, which scales at test time. In training, inverted dropout must "
        "make "
        "up for what is missing.",
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
        "All examples of the batch lose the same units. Each example should have a mask of its own.",
    ),
    edit(
        "dropout_forward",
        "whole_examples",
        "rng.random(x.shape)",
        "np.broadcast_to(rng.random((len(x),) + (1,) * (x.ndim - 1)), x.shape)",
        "You drop all features of an example together. Each entry needs a toss of its own.",
    ),
    edit(
        "dropout_forward",
        "whole_channels",
        "rng.random(x.shape)",
        "(np.repeat(rng.random((*x.shape[:-1], 1)), x.shape[-1], axis=-1) if x.ndim == 4 else rng.random(x.shape))",
        "All channels of a pixel are dropped together. That is a method of its own; here each entry has its own toss.",
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
        "You scale twice, in training and at test time. Inverted dropout has its scale in training already.",
    ),
    edit(
        "dropout_forward",
        "boolean_mask",
        "return x * mask, mask",
        "return x * mask, kept",
        "The mask that you return says what was kept, but has lost the scale. The backward pass needs both.",
    ),
    edit(
        "dropout_forward",
        "out_without_scale",
        "return x * mask, mask",
        "return x * kept, mask",
        "The mask has the scale in it, but out has not: multiply x by the mask that you return.",
    ),
    edit(
        "dropout_forward",
        "generator_of_its_own",
        "rng.random(x.shape)",
        "np.random.default_rng(0).random(x.shape)",
        "Every call draws the same mask: you make a new generator of one seed each time. Use the rng that you are "
        "given.",
    ),
    edit(
        "dropout_forward",
        "fixed_count",
        "rng.random(x.shape) >= drop_prob",
        "(rng.permutation(x.size) >= round(drop_prob * x.size)).reshape(x.shape)",
        "You drop exactly the same number each time. Then entries are not independent: with one coin an entry, the "
        "number varies.",
    ),
    edit(
        "dropout_forward",
        "in_place",
        "    return x * mask, mask",
        "    x *= mask\n    return x, mask",
        "Your function changes the array that it is given, and whoever called it still needs that array.",
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
        "A probability has two ends. You look after one of them.",
    ),
    edit(
        "dropout_forward",
        "refuses_zero",
        "0 <= drop_prob < 1",
        "0 < drop_prob < 1",
        "Dropping nothing, drop_prob 0, is allowed: that is how one switches dropout off.",
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
        "This is right where the number is the share kept. Here drop_prob is the share dropped: what does that change "
        "in the comparison, and what in the scale?",
    ),
    edit(
        "dropout_forward",
        "mask_of_one_row",
        "rng.random(x.shape)",
        "rng.random(x.shape[-1:])",
        "Your mask has one entry for each unit, the same for all examples. Each example should have a mask of its own.",
    ),
    edit(
        "dropout_forward",
        "scaled_by_the_share_that_was_kept",
        "kept / (1 - drop_prob)",
        "kept / max(kept.mean(), 1 / kept.size)",
        "Your scale is made from the share that happened to be kept, so it changes with every draw. It should "
        "depend on drop_prob alone.",
    ),
    edit(
        "dropout_forward",
        "global_generator",
        "rng.random(x.shape)",
        "np.random.random(x.shape)",
        "You draw from NumPy's global generator. Then nobody can repeat the mask: use the rng that you are given.",
    ),
    edit(
        "dropout_backward",
        "boolean_mask",
        "dout * mask",
        "dout * (mask > 0)",
        "Your gradient knows what was dropped, but not the scale. In the forward pass x was multiplied by more than "
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
        "The scale is in your gradient twice: it is a part of the mask already.",
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
        "At test time the layer hands its input on unchanged. What is the derivative of x with respect to x?",
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
        "The mask plays no part in your gradient. A unit that was dropped had no influence on the loss.",
    ),
    edit(
        "classic_dropout_predict",
        "divides",
        "(1 - drop_prob) * x",
        "x / (1 - drop_prob)",
        "At test time more units are there than in training. Should each count for more, or for less? "
        "Dividing is what inverted dropout does, in training.",
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
        "This is right for inverted dropout. The original one did not scale in training, so it has something left to "
        "do.",
    ),
    edit(
        "classic_dropout_predict",
        "root",
        "(1 - drop_prob) * x",
        "np.sqrt(1 - drop_prob) * x",
        "This keeps the mean square in place of the mean. Here the mean is what counts.",
    ),
    edit(
        "classic_dropout_predict",
        "in_place",
        "return (1 - drop_prob) * x",
        "x *= 1 - drop_prob\n    return x",
        "Your function changes the array that it is given, and whoever called it still needs that array.",
    ),
    edit(
        "exact_ensemble",
        "unweighted",
        "probability = (1 - drop_prob) ** kept * drop_prob ** (len(x) - kept)",
        "probability = 0.5 ** len(x)",
        "All masks count alike in your mean. They have different probabilities, unless drop_prob is 1/2.",
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
        "One scaled pass gives the mean only for a linear predict. Here the sum over all masks is asked for.",
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
        "The mask that drops everything is missing. predict may give something other than 0 there, such as a bias.",
    ),
    edit(
        "exact_ensemble",
        "divided_by_the_number_of_masks",
        "return mean",
        "return mean / 2 ** len(x)",
        "Your weights are right, and then you divide once more. What do the probabilities of all masks sum to?",
    ),
    edit(
        "exact_ensemble",
        "last_mask_only",
        "mean = mean + probability",
        "mean = probability",
        "Each mask overwrites the one before, so only the last term is left. The terms are to be added up.",
    ),
    edit(
        "mc_dropout",
        "reseeded",
        "predict(x, rng) for",
        "predict(x, np.random.default_rng(0)) for",
        "Every pass draws the same masks, for you make a new generator each time. Then there is no spread at all.",
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
        "You divide by the number of passes less 1. That has its uses, but here division by T, ddof 0, is asked for.",
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
        "You divide by the number of passes less 1, which for one pass is 0. Here division by T, ddof 0, is asked for.",
    ),
    edit(
        "mc_dropout",
        "standard_error",
        "np.std(outputs, axis=0)",
        "np.std(outputs, axis=0) / np.sqrt(passes)",
        "This is the error of the mean, which falls with the number of passes. The spread of single passes is asked "
        "for.",
    ),
    edit(
        "mc_dropout",
        "over_everything",
        "np.std(outputs, axis=0)",
        "np.std(outputs)",
        "You take one standard deviation over passes and entries together. Each entry of the output has its own.",
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
        "You draw from a generator of your own. Then nobody can repeat the result: use the rng that you are given.",
    ),
    edit(
        "mc_dropout",
        "one_number_for_everything",
        "np.mean(outputs, axis=0), np.std(outputs, axis=0)",
        "np.mean(outputs), np.std(outputs)",
        "You take one mean and one standard deviation over passes and entries together. Each entry of the output has "
        "its own.",
    ),
    rewrite(
        "mc_dropout",
        "other_passes_for_the_spread",
        """
        def mc_dropout(predict, x, passes, rng):
            mean = sum(predict(x, rng) for _ in range(passes)) / passes
            return mean, np.sqrt(sum((predict(x, rng) - mean) ** 2 for _ in range(passes)) / passes)
        """,
        "You predict anew for the standard deviation, with other masks. Mean and spread are those of the same "
        "passes: keep their outputs.",
    ),
    edit(
        "mc_dropout",
        "a_generator_for_each_pass",
        "predict(x, rng) for _ in",
        "predict(x, np.random.default_rng(i)) for i in",
        "You make a generator of your own for each pass, so every call gives the same result. Hand the rng that "
        "you are given to every pass.",
    ),
    edit(
        "residual_survival",
        "counted_from_zero",
        "layer / layers",
        "(layer - 1) / layers",
        "Your first block never drops, and the last one does not reach `last`. The blocks are counted from 1, and the"
        " input is layer 0.",
    ),
    edit(
        "residual_survival",
        "from_one_to_last",
        "layer / layers",
        "(layer - 1) / max(layers - 1, 1)",
        "The last block is right, but your line begins at 1 in the first block. In the rule it is the input, layer 0,"
        " that has 1.",
    ),
    edit(
        "residual_survival",
        "from_one_to_last_divided_by_zero",
        "layer / layers",
        "(layer - 1) / (layers - 1)",
        "Your line begins at 1 in the first block. In the rule it is the input, layer 0, that has 1. Count the steps "
        "from there.",
    ),
    edit(
        "residual_survival",
        "reversed",
        "1 - layer / layers * (1 - last)",
        "last + layer / layers * (1 - last)",
        "Your first blocks are dropped most. Which blocks does all the rest depend on?",
    ),
    edit(
        "residual_survival",
        "drop_probability",
        "1 - layer / layers * (1 - last)",
        "layer / layers * (1 - last)",
        "This is the probability of being dropped. The probability of survival is asked for.",
    ),
    edit(
        "residual_survival",
        "last_as_drop",
        "(1 - last)",
        "last",
        "You take `last` for the last block's probability of being dropped. It is that of survival.",
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
        "At layer 0 your line does not begin at 1. What does the product multiply: 1 alone, or all of 1 - last?",
    ),
    edit(
        "stochastic_depth_forward",
        "scaled_in_training",
        "return x + block(x) if kept else x, kept",
        "return x + survival * block(x) if kept else x, kept",
        "You scale the branch in training too. Then it counts for survival squared on average. In this form the scale"
        " stands at test time alone.",
    ),
    edit(
        "stochastic_depth_forward",
        "torchvision",
        "return x + block(x) if kept else x, kept",
        "return x + block(x) / survival if kept else x, kept",
        "This is torchvision's form, which divides in training, and then needs no scale at test time. Here, and in "
        "the paper, the scale stands "
        "at test time.",
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
        "You scale in training and not at test time, as torchvision does. It works, but this course has the paper's "
        "form: where does the scale stand there?",
    ),
    edit(
        "stochastic_depth_forward",
        "scaled_before_the_block",
        "return x + block(x) if kept else x, kept",
        "return x + block(survival * x) if kept else x, kept",
        "In training you hand the block something else than x. Nothing is scaled there, neither behind the block nor "
        "before it.",
    ),
    edit(
        "stochastic_depth_forward",
        "block_run_though_skipped",
        "return x + block(x) if kept else x, kept",
        "return x + kept * block(x), kept",
        "The output is right, but the block runs even when it is skipped. Then no time is saved.",
    ),
    edit(
        "stochastic_depth_forward",
        "not_scaled_at_test_time",
        "x + survival * block(x)",
        "x + block(x)",
        "At test time the branch is always there, in training only sometimes. What makes it count as much as on "
        "average in training?",
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
        "At test time nothing is random, even where there is a generator.",
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
        "You draw for each example. Here one draw decides for the whole batch, so that a block that is skipped need "
        "not run.",
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
        "Where the block is skipped your signal ends. What remains when the branch is taken away?",
    ),
    edit(
        "stochastic_depth_forward",
        "generator_of_its_own",
        "rng.random()",
        "np.random.default_rng(0).random()",
        "Every call decides alike: you make a new generator of one seed each time. Use the rng that you are given.",
    ),
    edit(
        "stochastic_depth_forward",
        "in_place",
        "    return x + block(x) if kept else x, kept",
        "    if kept:\n        x += block(x)\n    return x, kept",
        "Your function changes the array that it is given, and whoever called it still needs that array.",
    ),
    edit(
        "stochastic_depth_backward",
        "branch_of_a_skipped_block",
        "dout + block_backward(dout) if kept else dout",
        "dout + block_backward(dout)",
        "A block that was skipped had no part in the output. Which gradient can come through it?",
    ),
    edit(
        "stochastic_depth_backward",
        "shortcut_forgotten",
        "dout + block_backward(dout) if kept else dout",
        "block_backward(dout) if kept else dout",
        "The input reached the output along two ways. You follow one of them.",
    ),
    edit(
        "stochastic_depth_backward",
        "scaled",
        "dout + block_backward(dout)",
        "dout + 0.5 * block_backward(dout)",
        "In training the branch is not scaled in the forward pass, so it is not in the backward pass either.",
    ),
    edit(
        "stochastic_depth_backward",
        "skipped_gives_zeros",
        "if kept else dout",
        "if kept else 0 * dout",
        "Where the block was skipped, out was x. What is the derivative then?",
    ),
    edit(
        "stochastic_depth_backward",
        "kept_and_skipped_swapped",
        "if kept",
        "if not kept",
        "You have the two cases the wrong way round.",
    ),
    edit(
        "stochastic_depth_backward",
        "block_run_though_skipped",
        "return dout + block_backward(dout) if kept else dout",
        "branch = block_backward(dout)\n    return dout + branch if kept else dout",
        "The gradient is right, but block_backward runs even for a block that was skipped, and that has nothing to go"
        " back through.",
    ),
    edit(
        "stochastic_depth_backward",
        "multiplied",
        "dout + block_backward(dout) if",
        "dout * block_backward(dout) if",
        "You multiply the two ways. In the forward pass the block's output was added to x: what does that make of"
        " the gradients?",
    ),
    edit(
        "stochastic_depth_backward",
        "chain_rule_twice",
        "dout + block_backward(dout) if",
        "dout + dout * block_backward(dout) if",
        "block_backward takes dout and has the chain rule in it already. You multiply by dout once more.",
    ),
    edit(
        "dropout_penalty",
        "whole_matrix",
        "np.sum(np.sum(X**2, axis=0) * w**2)",
        "np.sum((X @ w) ** 2)",
        "You took the whole of X'X. Masks of different features are independent, so only its diagonal is left.",
    ),
    edit(
        "dropout_penalty",
        "not_divided",
        "drop_prob / (1 - drop_prob)",
        "drop_prob",
        "Something is missing in front of the sum. What is the variance of an inverted mask entry?",
    ),
    edit(
        "dropout_penalty",
        "variance_of_the_unscaled_mask",
        "drop_prob / (1 - drop_prob)",
        "drop_prob * (1 - drop_prob)",
        "This is the variance of a mask of 0 and 1. The inverted mask is larger by its scale.",
    ),
    edit(
        "dropout_penalty",
        "drop_and_keep_swapped",
        "drop_prob / (1 - drop_prob)",
        "((1 - drop_prob) / drop_prob if drop_prob else 0.0)",
        "Your penalty grows when less is dropped. Where nothing is dropped there is no penalty.",
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
        "This is a plain ridge penalty. Each weight has a strength of its own, which depends on its feature.",
    ),
    edit(
        "dropout_penalty",
        "weights_not_squared",
        "* w**2",
        "* w",
        "The weights stand in the variance of a sum. How does a variance change when its variable is multiplied by w?",
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
        "Mean and variance are right, but this is the coin of ordinary dropout. The noise should be normal.",
    ),
    edit(
        "gaussian_dropout",
        "added",
        "x * noise",
        "x + noise - 1",
        "You add the noise. It multiplies x, so that large activations are disturbed more.",
    ),
    edit(
        "gaussian_dropout",
        "noise_at_test_time",
        "if not train:",
        "if not train and rng is None:",
        "At test time there is no noise, even where there is a generator.",
    ),
    edit(
        "drop_connect",
        "one_mask_for_the_batch",
        "rng.random((len(x), *W.shape))",
        "np.repeat(rng.random((1, *W.shape)), len(x), axis=0)",
        "All examples go through the same thinned weights. Each should have a mask of its own.",
    ),
    edit(
        "drop_connect",
        "units",
        "rng.random((len(x), *W.shape))",
        "np.repeat(rng.random((*x.shape, 1)), W.shape[1], axis=2)",
        "You drop whole inputs, which is ordinary dropout. Each weight needs a toss of its own.",
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
        "Your bias takes part in the chance. Only the weights do.",
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
        "You scale twice. The masks have the scale in training already.",
    ),
    edit(
        "drop_connect",
        "mask_of_the_weights_shape",
        "mask = (rng.random((len(x), *W.shape)) >= drop_prob) / (1 - drop_prob)\n"
        '    return np.einsum("ni,nio->no", x, W * mask) + b, mask',
        "mask = (rng.random(W.shape) >= drop_prob) / (1 - drop_prob)\n    return x @ (W * mask) + b, mask",
        "You draw one mask for the whole batch. Each example has a mask of its own: how many are there in all?",
    ),
    edit(
        "share_left_after_five",
        "one_layer",
        "(1 - p) ** layers",
        "1 - p",
        "That is what one layer leaves. The next one multiplies what it gets again.",
    ),
    edit(
        "share_left_after_five",
        "inverse",
        "(1 - p) ** layers",
        "1 / (1 - p) ** layers",
        "That is by how much the output at test time is too large. The question asks for the mean output with masks.",
    ),
    edit(
        "share_left_after_five",
        "nothing_left",
        "(1 - p) ** layers",
        "max(0.0, 1 - layers * p)",
        "The layers' shares do not add up: each layer loses its share of what has reached it.",
    ),
    edit(
        "share_left_after_five",
        "nothing_lost",
        "(1 - p) ** layers",
        "1.0",
        "That holds with the scale 1/(1-p). Here the masks are 0 and 1.",
    ),
    edit(
        "share_left_after_five",
        "power",
        "(1 - p) ** layers",
        "(1 - p) ** (layers / 2)",
        "That is how the root mean square of random outputs shrinks. The mean over masks is asked for.",
    ),
    edit(
        "share_left_after_five",
        "share_lost",
        "(1 - p) ** layers",
        "1 - (1 - p) ** layers",
        "That is what is lost. The question asks what is left.",
    ),
    edit(
        "drops_a_fifth",
        "all_with_a_small_number",
        '{"a", "c", "d", "f"}',
        '{"a", "b"}',
        "The number alone does not tell: look up in the table what each one means by it.",
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
        "Look at the mask in (f) once more: for what share of the entries is it True, and what does True do?",
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
        "Mean and function may change places only where the function is linear. What did the left picture of the "
        "ensemble show?",
    ),
    edit(
        "true_of_dropout",
        "spread_kept",
        '{"a", "b", "e"}',
        '{"a", "b", "d", "e"}',
        "The scale makes the mean right. Work out the mean square of a mask entry.",
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
        "You took the mean of 1 and $s_L$. But no block has probability 1: the first one is already a little "
        "below.",
    ),
    edit(
        "expected_depth",
        "skipped",
        "expected_depth = sum",
        "expected_depth = blocks - sum",
        "That is how many are skipped on average. How many take part?",
    ),
]
