"""Likely mistakes of lesson 00b, each with the hint of a good tutor: the idea, not the fix."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "affine_forward",
        "transposed",
        "x @ W + b",
        "x @ W.T + b",
        "Your function uses W transposed, as PyTorch stores it. Here one column of W belongs to one neuron. Which "
        "shapes must fit in the product?",
    ),
    edit(
        "affine_forward",
        "no_bias",
        "x @ W + b",
        "x @ W + 0 * b",
        "Your output does not depend on b. What should the layer return if all inputs are 0?",
    ),
    edit(
        "affine_forward",
        "entry_by_entry",
        "x @ W + b",
        "x * W + b",
        "You multiply entry by entry. A neuron multiplies each input by its weight *and adds up the products*.",
    ),
    edit(
        "affine_forward",
        "bias_subtracted",
        "x @ W + b",
        "x @ W - b",
        "What does the layer return for inputs of 0? Compare the sign with that of the bias in the formula.",
    ),
    edit(
        "affine_forward",
        "bias_first",
        "x @ W + b",
        "(x + b[: x.shape[1]]) @ W",
        "Your bias is multiplied by the weights. When is it added: before the products, or after them?",
    ),
    edit(
        "affine_forward",
        "relu_included",
        "x @ W + b",
        "np.maximum(x @ W + b, 0)",
        "None of your outputs is negative. The affine layer itself has no bend; that is the next exercise.",
    ),
    rewrite(
        "affine_forward",
        "changes_x",
        """
        def affine_forward(x, W, b):
            cache = (x.copy(), W)
            out = x @ W + b
            x += 0.5
            return out, cache
        """,
        "The numbers are right, but your function changes the array x of its caller. Work on a new array.",
    ),
    edit(
        "affine_backward",
        "db_averaged",
        "dout.sum(axis=0)",
        "dout.mean(axis=0)",
        "Your db is an average over the examples. The paths of all examples add up. Where is the 1/N of the mean "
        "already included?",
    ),
    edit(
        "affine_backward",
        "dW_averaged",
        "x.T @ dout,",
        "x.T @ dout / len(x),",
        "Your dW is an average over the examples. The paths of all examples add up. Where is the 1/N of the mean "
        "already included?",
    ),
    edit(
        "affine_backward",
        "both_averaged",
        "x.T @ dout, dout.sum(axis=0)",
        "x.T @ dout / len(x), dout.mean(axis=0)",
        "Your dW and db are averages over the examples. The paths of all examples add up. Where is the 1/N of the "
        "mean already included?",
    ),
    edit(
        "affine_backward",
        "dx_by_untransposed_W",
        "dout @ W.T",
        "dout @ W",
        "Input i goes to neuron j with the weight W[i, j]. Over which index of W does dx add up?",
    ),
    edit(
        "affine_backward",
        "dW_transposed",
        "x.T @ dout",
        "dout.T @ x",
        "Your dW is transposed: its rows belong to neurons. It must have the shape of W.",
    ),
    edit(
        "affine_backward",
        "dW_without_x",
        "x.T @ dout",
        "np.ones_like(x).T @ dout",
        "Your dW depends on dout alone. The gradient of a factor is the *other factor*, times what came from above.",
    ),
    edit(
        "affine_backward",
        "dW_by_W",
        "x.T @ dout",
        "W * dout.sum(axis=0)",
        "You multiply by W itself. In the product x W, which is the *other* factor?",
    ),
    edit(
        "affine_backward",
        "wrong_order",
        "dout @ W.T, x.T @ dout, dout.sum(axis=0)",
        "x.T @ dout, dout.sum(axis=0), dout @ W.T",
        "The three gradients are right. In which order should you return them?",
    ),
    edit(
        "affine_backward",
        "db_one_number",
        "dout.sum(axis=0)",
        "dout.sum()",
        "You add up the whole table. Every neuron has its own bias: over which axis do the examples run?",
    ),
    edit(
        "affine_backward",
        "db_with_two_axes",
        "dout.sum(axis=0)",
        "dout.sum(axis=0, keepdims=True)",
        "Your db has the right numbers in one row, with shape (1, D_out). It must have the shape of b.",
    ),
    edit(
        "relu_forward",
        "absolute",
        "np.maximum(x, 0)",
        "np.abs(x)",
        "You turn negative numbers into positive ones. What should become of them?",
    ),
    edit(
        "relu_forward",
        "minimum",
        "np.maximum(x, 0)",
        "np.minimum(x, 0)",
        "You keep the negative numbers and lose the positive ones. Which should pass?",
    ),
    edit(
        "relu_forward",
        "mask_returned",
        "np.maximum(x, 0)",
        "(x > 0) * 1.0",
        "Your output has only zeros and ones. An active unit outputs its input, not 1.",
    ),
    edit(
        "relu_forward",
        "clipped_at_one",
        "np.maximum(x, 0)",
        "np.clip(x, 0, 1)",
        "You clip at both ends. Has the ReLU an upper limit?",
    ),
    edit(
        "relu_forward",
        "leaky",
        "np.maximum(x, 0)",
        "np.where(x > 0, x, 0.01 * x)",
        "Negative numbers pass with a small slope. That is the leaky ReLU; the plain one is flat there.",
    ),
    rewrite(
        "relu_forward",
        "changes_x",
        """
        def relu_forward(x):
            mask = x > 0
            x[~mask] = 0
            return x, mask
        """,
        "The numbers are right, but an assignment to entries of x changes the caller's array. Make a new array.",
    ),
    edit(
        "relu_backward",
        "mask_of_dout",
        "dout * cache",
        "dout * (dout > 0)",
        "Your mask depends on the sign of dout. A unit was active or not in the *forward* pass: what decided that?",
    ),
    edit(
        "relu_backward",
        "no_mask",
        "dout * cache",
        "dout * 1.0",
        "The gradient passes everywhere. How much does the output change, for a small change of an input below 0?",
    ),
    edit(
        "relu_backward",
        "mask_inverted",
        "dout * cache",
        "dout * ~cache",
        "The gradient passes where the unit was *not* active, and nowhere else. Is it not the other way round?",
    ),
    edit(
        "relu_backward",
        "mask_alone",
        "dout * cache",
        "cache * 1.0",
        "You return the slope of the ReLU. The chain rule multiplies it by something that comes from above.",
    ),
    edit(
        "relu_backward",
        "relu_of_dout_and_mask",
        "dout * cache",
        "np.maximum(dout, 0) * cache",
        "Negative gradients are lost. The ReLU cuts off negative *inputs*; a gradient may have either sign.",
    ),
    rewrite(
        "relu_backward",
        "changes_dout",
        """
        def relu_backward(dout, cache):
            dout[~cache] = 0
            return dout
        """,
        "The numbers are right, but an assignment to entries of dout changes the caller's array. Make a new array.",
    ),
    rewrite(
        "softmax_cross_entropy",
        "overflow",
        """
        def softmax_cross_entropy(logits, y):
            rows = np.arange(len(logits))
            exps = np.exp(logits)
            total = exps.sum(axis=1, keepdims=True)
            loss = np.mean(np.log(total[:, 0]) - logits[rows, y])
            dlogits = exps / total
            dlogits[rows, y] -= 1
            return loss, dlogits / len(logits)
        """,
        "Small scores are right; for large ones your result is not a number. What can be subtracted from all the "
        "scores of an example without changing its probabilities?",
    ),
    edit(
        "softmax_cross_entropy",
        "one_shift_for_all",
        "logits.max(axis=1, keepdims=True)",
        "logits.max()",
        "You shift all examples by the same number. An example whose own scores are much lower then has nothing but "
        "zeros left. Which example's largest score should be subtracted?",
    ),
    edit(
        "softmax_cross_entropy",
        "log_of_zero",
        "np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "np.mean(-np.log(exps[rows, y] / total[:, 0]))",
        "Your loss is infinite if the right class is very improbable: its probability is rounded to 0. Can you take "
        "the logarithm before the rounding, by hand?",
    ),
    edit(
        "softmax_cross_entropy",
        "epsilon_in_the_logarithm",
        "np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "np.mean(-np.log(exps[rows, y] / total[:, 0] + 1e-12))",
        "A small number inside the logarithm avoids infinity, but limits the loss to about 28. The text shows a "
        "formula that needs no such number.",
    ),
    edit(
        "softmax_cross_entropy",
        "clipped_probability",
        "np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "np.mean(-np.log(np.clip(exps[rows, y] / total[:, 0], 1e-15, 1)))",
        "Clipping the probability avoids infinity, but limits the loss. The text shows a formula that needs no limit.",
    ),
    edit(
        "softmax_cross_entropy",
        "sum_for_mean",
        "np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "np.sum(np.log(total[:, 0]) - shifted[rows, y])",
        "Your loss grows with the number of examples. Your gradient is that of the mean, and the loss should be the "
        "mean too.",
    ),
    edit(
        "softmax_cross_entropy",
        "gradient_of_the_sum",
        "dlogits / len(logits)",
        "dlogits",
        "Your loss is a mean over the examples, but your gradient is that of their sum. What is one example's share "
        "in a mean?",
    ),
    rewrite(
        "softmax_cross_entropy",
        "sum_in_both",
        """
        def softmax_cross_entropy(logits, y):
            rows = np.arange(len(logits))
            shifted = logits - logits.max(axis=1, keepdims=True)
            exps = np.exp(shifted)
            total = exps.sum(axis=1, keepdims=True)
            loss = np.sum(np.log(total[:, 0]) - shifted[rows, y])
            dlogits = exps / total
            dlogits[rows, y] -= 1
            return loss, dlogits
        """,
        "Loss and gradient fit each other, but they are those of the sum over the batch. Which one is asked for?",
    ),
    edit(
        "softmax_cross_entropy",
        "mean_over_all_entries",
        "dlogits / len(logits)",
        "dlogits / logits.size",
        "You divide by the number of scores. The mean is over the examples: how many are there?",
    ),
    rewrite(
        "softmax_cross_entropy",
        "softmax_over_the_batch",
        """
        def softmax_cross_entropy(logits, y):
            rows = np.arange(len(logits))
            shifted = logits - logits.max(axis=0)
            exps = np.exp(shifted)
            total = exps.sum(axis=0)
            loss = np.mean(np.log(total)[y] - shifted[rows, y])
            dlogits = exps / total
            dlogits[rows, y] -= 1
            return loss, dlogits / len(logits)
        """,
        "Your probabilities add up to 1 over the examples. They should add up to 1 over the classes of each example.",
    ),
    edit(
        "softmax_cross_entropy",
        "probabilities_only",
        "dlogits[rows, y] -= 1",
        "dlogits[rows, y] -= 0",
        "Your gradient is the probabilities themselves: it would lower every score. What is missing for the right "
        "class?",
    ),
    edit(
        "softmax_cross_entropy",
        "gradient_upside_down",
        "return loss, dlogits / len(logits)",
        "return loss, -dlogits / len(logits)",
        "The sign of your gradient is wrong. If the right score grows, does the loss grow or fall?",
    ),
    edit(
        "softmax_cross_entropy",
        "loss_negative",
        "np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "-np.mean(np.log(total[:, 0]) - shifted[rows, y])",
        "Your loss is negative. The logarithm of a probability is negative or 0; the loss is minus that.",
    ),
    edit(
        "softmax_cross_entropy",
        "log_to_base_two",
        "np.log(total[:, 0]) - shifted[rows, y]",
        "np.log2(np.exp(1)) * (np.log(total[:, 0]) - shifted[rows, y])",
        "Your loss is 1.44 times too large: it is in bits. Which logarithm does the formula have?",
    ),
    rewrite(
        "softmax_cross_entropy",
        "changes_logits",
        """
        def softmax_cross_entropy(logits, y):
            rows = np.arange(len(logits))
            logits -= logits.max(axis=1, keepdims=True)
            exps = np.exp(logits)
            total = exps.sum(axis=1, keepdims=True)
            loss = np.mean(np.log(total[:, 0]) - logits[rows, y])
            dlogits = exps / total
            dlogits[rows, y] -= 1
            return loss, dlogits / len(logits)
        """,
        "The numbers are right, but `-=` changes the caller's array. Make a new array.",
    ),
    edit(
        "he_weights",
        "variance_for_deviation",
        "np.sqrt(2 / fan_in)",
        "2 / fan_in",
        "You pass the variance. What does the second argument of rng.normal mean?",
    ),
    edit(
        "he_weights",
        "fan_out",
        "np.sqrt(2 / fan_in)",
        "np.sqrt(2 / fan_out)",
        "How many products does one neuron add up: as many as there are inputs, or as many as there are neurons?",
    ),
    edit(
        "he_weights",
        "factor_two_missing",
        "np.sqrt(2 / fan_in)",
        "np.sqrt(1 / fan_in)",
        "Your rule would keep the mean square without an activation. What does the ReLU do to it?",
    ),
    edit(
        "he_weights",
        "xavier",
        "np.sqrt(2 / fan_in)",
        "np.sqrt(2 / (fan_in + fan_out))",
        "This is the rule of Glorot and Bengio, for tanh. He's rule counts the inputs only.",
    ),
    edit(
        "he_weights",
        "uniform",
        "rng.normal(0.0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))",
        "rng.uniform(-np.sqrt(6 / fan_in), np.sqrt(6 / fan_in), size=(fan_in, fan_out))",
        "Mean and variance are right, but no weight is far from 0. Which distribution does the docstring ask for?",
    ),
    edit(
        "he_weights",
        "not_scaled",
        "np.sqrt(2 / fan_in)",
        "1.0",
        "The spread of your weights does not depend on the number of inputs. What becomes of a sum of 1000 products?",
    ),
    edit(
        "he_weights",
        "transposed",
        "size=(fan_in, fan_out)",
        "size=(fan_out, fan_in)",
        "Your W is transposed. One column belongs to one neuron: how many entries has a column?",
    ),
    edit(
        "he_weights",
        "own_generator",
        "rng.normal(",
        "np.random.default_rng(0).normal(",
        "You draw from a generator of your own, so every layer gets the same numbers. Draw from the one you are given.",
    ),
    edit(
        "two_layer_loss",
        "relu_skipped_on_the_way_back",
        "dz = relu_backward(dh, bend)",
        "dz = dh",
        "The gradients of the last layer are right, those of the first are not. On the way back you pass every "
        "layer of the forward pass. Which one is missing?",
    ),
    edit(
        "two_layer_loss",
        "relu_after_the_output",
        "loss, dlogits = softmax_cross_entropy(logits, y)",
        "logits, last = relu_forward(logits)\n    loss, dlogits = softmax_cross_entropy(logits, y)\n"
        "    dlogits = relu_backward(dlogits, last)",
        "There is a ReLU behind your last layer. Scores may be negative: is there one in the drawing?",
    ),
    edit(
        "two_layer_loss",
        "mask_of_the_output",
        "dh, dW2, db2 = affine_backward(dlogits, cache2)",
        "dh, dW2, db2 = affine_backward(dlogits * (logits > 0), cache2)",
        "The loss is right. On the way back you apply a ReLU's mask to the scores. Was there a ReLU on the way "
        "forward?",
    ),
    edit(
        "two_layer_loss",
        "no_relu",
        "h, bend = relu_forward(z)",
        "h, bend = z, np.ones_like(z)",
        "Your network has no bend: two affine layers without one between them are a single affine layer.",
    ),
    edit(
        "two_layer_loss",
        "bias_of_the_wrong_stage",
        'return loss, {"W1": dW1, "b1": db1,',
        'return loss, {"W1": dW1, "b1": dh.sum(axis=0),',
        "Only b1's gradient is wrong. Which gradient reaches the first layer: the one before the ReLU's mask, or the "
        "one after it?",
    ),
    edit(
        "two_layer_loss",
        "weights_of_the_wrong_stage",
        'return loss, {"W1": dW1, "b1": db1,',
        'return loss, {"W1": X.T @ dh, "b1": db1,',
        "Only W1's gradient is wrong. Which gradient reaches the first layer: the one before the ReLU's mask, or the "
        "one after it?",
    ),
    edit(
        "two_layer_loss",
        "divided_again",
        'return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}',
        'return loss, {"W1": dW1 / len(X), "b1": db1 / len(X), "W2": dW2 / len(X), "b2": db2 / len(X)}',
        "All your gradients are N times too small. The 1/N of the mean belongs into the loss, once.",
    ),
    edit(
        "two_layer_loss",
        "loss_of_the_sum",
        "return loss, {",
        "return loss * len(X), {",
        "The gradients are right. Your loss grows with the number of examples: is it a sum or a mean?",
    ),
    edit(
        "two_layer_loss",
        "first_bias_forgotten",
        'affine_forward(X, params["W1"], params["b1"])',
        'affine_forward(X, params["W1"], 0 * params["b1"])',
        "Your loss does not depend on one of the parameters. Change each of the four, and see which one.",
    ),
    edit(
        "two_layer_loss",
        "gradient_for_ascent",
        'return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}',
        'return loss, {"W1": -dW1, "b1": -db1, "W2": -dW2, "b2": -db2}',
        "You return the negative gradients. The minus sign belongs to the step, which comes later.",
    ),
    edit(
        "train_network",
        "not_shuffled",
        "rng.permutation(len(X))",
        "np.arange(len(X))",
        "Your mini-batches follow the order of the file. If all zeros come first, what does the network see in its "
        "first steps?",
    ),
    edit(
        "train_network",
        "same_order_in_every_epoch",
        "    for _ in range(epochs):\n        order = rng.permutation(len(X))",
        "    order = rng.permutation(len(X))\n    for _ in range(epochs):",
        "You shuffle once. The same mini-batches then come back in every epoch. When should the order be drawn?",
    ),
    edit(
        "train_network",
        "own_generator",
        "rng.permutation(len(X))",
        "np.random.default_rng(0).permutation(len(X))",
        "Your order does not depend on the generator that you are given: another seed gives the same one.",
    ),
    edit(
        "train_network",
        "pairs_torn",
        "two_layer_loss(params, X[rows], y[rows])",
        "two_layer_loss(params, X[rows], y[start : start + batch_size])",
        "You shuffle the examples, but not their labels in the same way. Which label does X[rows][0] have?",
    ),
    edit(
        "train_network",
        "gradient_of_the_whole_set",
        "loss, grads = two_layer_loss(params, X[rows], y[rows])",
        "loss, grads = two_layer_loss(params, X[rows], y[rows])[0], two_layer_loss(params, X, y)[1]",
        "Every step uses the gradient of all examples. That is right, and N/batch_size times the work. Which examples "
        "should a step look at?",
    ),
    edit(
        "train_network",
        "drawn_with_replacement",
        "rng.permutation(len(X))",
        "rng.integers(len(X), size=len(X))",
        "In your epoch some examples occur twice and others not at all. An epoch uses each example once.",
    ),
    edit(
        "train_network",
        "uphill",
        "params[name] - lr * grads[name]",
        "params[name] + lr * grads[name]",
        "Your loss grows. Which way does the gradient point?",
    ),
    edit(
        "train_network",
        "last_batch_dropped",
        "range(0, len(X), batch_size)",
        "range(0, max(1, len(X) - batch_size + 1), batch_size)",
        "Your epochs leave out examples if the batch size does not divide their number. The last mini-batch may be "
        "smaller.",
    ),
    edit(
        "train_network",
        "loss_after_the_step",
        "losses.append(np.mean(batch_losses))",
        "losses.append(two_layer_loss(params, X, y)[0])",
        "Your loss of an epoch is that of all examples at its end. That is useful, but costs another pass; the text "
        "asks for the mean of the losses that the steps computed anyway.",
    ),
    edit(
        "train_network",
        "last_loss",
        "np.mean(batch_losses)",
        "batch_losses[-1]",
        "You report the loss of the last mini-batch only, which depends much on chance. What is asked for?",
    ),
    edit(
        "train_network",
        "losses_added",
        "np.mean(batch_losses)",
        "np.sum(batch_losses)",
        "Your loss of an epoch grows with the number of mini-batches. Is it their sum?",
    ),
    rewrite(
        "train_network",
        "weighted_mean",
        """
        def train_network(params, X, y, lr, epochs, batch_size, rng):
            params, losses = dict(params), []
            for _ in range(epochs):
                order, total = rng.permutation(len(X)), 0.0
                for start in range(0, len(X), batch_size):
                    rows = order[start : start + batch_size]
                    loss, grads = two_layer_loss(params, X[rows], y[rows])
                    total += loss * len(rows)
                    for name in params:
                        params[name] = params[name] - lr * grads[name]
                losses.append(total / len(X))
            return params, losses
        """,
        "Your parameters are right. In your mean every example counts the same; the docstring says that every "
        "mini-batch does. (Both are used in practice.)",
    ),
    edit(
        "train_network",
        "loss_of_every_step",
        "            batch_losses.append(loss)",
        "            losses.append(loss)\n            batch_losses.append(loss)",
        "Your list has a loss for every step, and one for every epoch. How many losses are asked for?",
    ),
    rewrite(
        "train_network",
        "changes_params",
        """
        def train_network(params, X, y, lr, epochs, batch_size, rng):
            losses = []
            for _ in range(epochs):
                order, found = rng.permutation(len(X)), []
                for start in range(0, len(X), batch_size):
                    rows = order[start : start + batch_size]
                    loss, grads = two_layer_loss(params, X[rows], y[rows])
                    found.append(loss)
                    for name in params:
                        params[name] -= lr * grads[name]
                losses.append(np.mean(found))
            return params, losses
        """,
        "Your function changes the parameters of its caller. A second call with the same dict would then start from "
        "trained parameters.",
    ),
    edit(
        "gradient_on_paper",
        "relu_forgotten",
        "ds * v[i] * (w[i] * x + b[i] > 0) * w[i]",
        "ds * v[i] * w[i]",
        "Go forward first: is every hidden unit active? No gradient passes through an inactive unit.",
    ),
    edit(
        "gradient_on_paper",
        "stops_at_the_hidden_layer",
        "(w[i] * x + b[i] > 0) * w[i]",
        "(w[i] * x + b[i] > 0)",
        "You stopped before the first layer. What is between z and x?",
    ),
    edit(
        "gradient_on_paper",
        "gradient_of_the_score",
        "ds * v[i] *",
        "v[i] *",
        "This is the derivative of the score with respect to x. What comes from the loss, and how does it enter?",
    ),
    edit(
        "gradient_on_paper",
        "score_weights_forgotten",
        "ds * v[i] *",
        "ds *",
        "On the way back from s to the hidden units you pass weights. Your result does not contain them.",
    ),
    edit(
        "gradient_on_paper",
        "gradient_of_the_weight",
        "> 0) * w[i] for",
        "> 0) * x for",
        "This is the gradient with respect to a weight: you multiplied by x. Which other factor has the product?",
    ),
    edit(
        "gradient_on_paper",
        "only_the_inactive_unit",
        "+ b[i] > 0)",
        "+ b[i] < 0)",
        "You let the gradient pass through the unit that is not active. Which unit outputs its input?",
    ),
    edit(
        "true_of_networks",
        "affine_layers_add_up",
        '{"a", "b", "d", "f"}',
        '{"b", "d", "f"}',
        "Multiply out (x W1 + b1) W2 + b2. What kind of map is the result?",
    ),
    edit(
        "true_of_networks",
        "zeros_learn",
        '{"a", "b", "d", "f"}',
        '{"a", "d", "f"}',
        "With zeros everywhere, what do the hidden units output, and what passes back through W2?",
    ),
    edit(
        "true_of_networks",
        "batch_lowers_all",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "c", "d", "f"}',
        "A mini-batch estimates the gradient of all examples, from a few of them. And how far does a step go?",
    ),
    edit(
        "true_of_networks",
        "sum_of_dlogits",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "f"}',
        "The probabilities of an example add up to 1. What is subtracted from them?",
    ),
    edit(
        "true_of_networks",
        "shift_of_scores",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "d", "e", "f"}',
        "Adding a number to all the scores multiplies numerator and denominator of the softmax by the same factor.",
    ),
    edit(
        "true_of_networks",
        "inactive_unit_learns",
        '{"a", "b", "d", "f"}',
        '{"a", "b", "d"}',
        "A unit that is active for no example: what does its mask do to the gradient?",
    ),
]
