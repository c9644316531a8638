"""Likely wrong answers of the capstone, each with the hint of a good tutor."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    rewrite(
        "train",
        "ignores_next_batch",
        """
        def train(X, y, next_batch, rng):
            network = MLP((64, 128, 10))
            params = network.initialize(rng)
            for epoch in range(100):
                _, grads = network.loss_and_gradients(params, X, y, rng=rng)
                params = {name: sgd_step(params[name], grads[name], 0.05) for name in params}
            return lambda X: network.predict(params, X)
        """,
        "Your network never sees a mini-batch: it memorizes the 200 images of the sample. What is the "
        "sample for, and where do the thousands of other images come from?",
    ),
    rewrite(
        "train",
        "one_batch",
        """
        def train(X, y, next_batch, rng):
            Xb, yb = next_batch()
            network = MLP((64, 128, 10))
            params, states = network.initialize(rng), {}
            for step in range(100):
                _, grads = network.loss_and_gradients(params, Xb, yb, rng=rng)
                for name, grad in grads.items():
                    params[name], states[name] = adamw_step(
                        params[name], grad, states.get(name, {}), 0.01
                    )
            return lambda X: network.predict(params, X)
        """,
        "Overfitting one mini-batch is a good test of the code, but a bad way to train. When does your "
        "loop ask for the next one?",
    ),
    rewrite(
        "train",
        "plain_sgd",
        """
        def train(X, y, next_batch, rng):
            mean, std = X.mean(axis=0), X.std(axis=0)
            network = MLP((64, 128, 10))
            params = network.initialize(rng)
            while (batch := next_batch()) is not None:
                _, grads = network.loss_and_gradients(params, (batch[0] - mean) / std, batch[1])
                params = {name: sgd_step(params[name], grads[name], 0.05) for name in params}
            return lambda X: network.predict(params, (X - mean) / std)
        """,
        "Your training runs, but learns little. With plain SGD, a few directions are so steep that the "
        "rate must be small for all of them. Which of your functions give each direction its own rate, "
        "and which normalize the inputs? If you already use them, does your predict prepare the images in "
        "the same way as the training?",
    ),
    edit(
        "train",
        "uneven_light",
        "return layernorm_forward(X, np.ones(64), np.zeros(64))[0]",
        "return (X - 0.3) / 0.4",
        "The images differ most in their overall brightness, which says nothing about the digit. Look at "
        "twenty of the images side by side. Which of your functions treats each image by itself? If you "
        "already use it, do you return the weights of an early step?",
    ),
    edit(
        "train",
        "returns_scores",
        "network.predict(best, even(X))",
        "network.scores(best, even(X))",
        "You return ten scores for each image. Which one number for each image is its label?",
    ),
    edit(
        "train",
        "batch_statistics_at_prediction",
        "batch_norm = (batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running)",
        "batch_norm = (batchnorm_forward, batchnorm_backward)",
        "The label of an image depends on the other images in the call. What does batch normalization use "
        "at test time instead of the batch's own mean and variance?",
    ),
    edit(
        "train",
        "dropout_left_on",
        "dropout = (dropout_forward, dropout_backward)",
        "dropout = (lambda x, p, r, train: dropout_forward(x, p, rng), dropout_backward)",
        "If you call your predict twice with the same images, it returns two different answers. Which "
        "layer still draws random numbers after training?",
    ),
    edit(
        "train",
        "changes_the_sample",
        "    batch_norm = (batchnorm_forward,",
        "    X -= X.mean(axis=1, keepdims=True)\n    batch_norm = (batchnorm_forward,",
        "The caller's X is changed after your training. Which of your operators works in place?",
    ),
    edit(
        "train",
        "does_not_stop",
        "while (batch := next_batch()) is not None:",
        "for batch in (next_batch() for step in range(101)):",
        "When the budget is used up, next_batch returns None. Did your training treat None as one more "
        "mini-batch, or did it fail even before that?",
    ),
    edit(
        "parts_that_pay",
        "all_of_them",
        '{"a"}',
        '{"a", "b", "c", "d", "e", "f"}',
        "Each part helped somewhere in this course, in a setting made to show it. Here every mini-batch "
        "has new images, and there are only a hundred mini-batches. Which of the problems that the parts "
        "fix exist here at all?",
    ),
    edit(
        "parts_that_pay",
        "the_regularizers",
        '{"a"}',
        '{"d", "e", "f"}',
        "These three fight overfitting. Can a network overfit images that it sees only once?",
    ),
    edit(
        "right_in_pytorch",
        "adam_is_decoupled",
        '{"a", "d", "g"}',
        '{"a", "b", "d", "g"}',
        "Lesson 06 has two ways to keep weights small with Adam. Which of the two is the argument of this "
        "class?",
    ),
    edit(
        "right_in_pytorch",
        "share_of_the_old_value",
        '{"a", "d", "g"}',
        '{"a", "c", "d", "g"}',
        "Two libraries call two different shares `momentum`. Is this one the share of the old value, or "
        "that of the new one?",
    ),
    edit(
        "right_in_pytorch",
        "shuffles_by_itself",
        '{"a", "d", "g"}',
        '{"a", "d", "e", "g"}',
        "What does a loader of mini-batches do about the order if nobody asks it for anything?",
    ),
    edit(
        "right_in_pytorch",
        "returns_the_rate",
        '{"a", "d", "g"}',
        '{"a", "d", "f", "g"}',
        "What happens to the number that a schedule's function returns in PyTorch: does it replace the "
        "rate, or multiply it?",
    ),
    edit(
        "right_in_pytorch",
        "no_grad_is_test_time",
        '{"a", "d", "g"}',
        '{"a", "d", "g", "h"}',
        "Two switches belong to validation. One saves the memory of the gradients, the other changes what "
        "layers compute. Which is which?",
    ),
    edit(
        "loss_at_start",
        "share_of_right_guesses",
        "np.log(label_count)",
        "1 / label_count",
        "This is the share of right guesses, that is, the accuracy. The loss is the cross-entropy of that "
        "guess.",
    ),
    edit(
        "loss_at_start",
        "decimal_logarithm",
        "np.log(label_count)",
        "np.log10(label_count)",
        "This is the logarithm to base 10. The cross-entropy uses the natural logarithm.",
    ),
]
