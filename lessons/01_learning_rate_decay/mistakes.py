"""Likely mistakes of lesson 01."""

from course_grader.authoring.mistake_bank import edit, rewrite

ACCEPTS = 'Your function should raise ValueError here. See the "Raises" line of the docstring.'


def accepts(exercise, check):
    """The mistake of leaving out a check of arguments, given as its two lines."""
    return edit(exercise, "accepts_bad_arguments", check, "", ACCEPTS)


MISTAKES = [
    # sgd_step
    edit(
        "sgd_step",
        "plus_sign",
        "w - lr * grad",
        "w + lr * grad",
        "The gradient points uphill. Which way does your step go?",
    ),
    edit(
        "sgd_step",
        "in_place",
        "return w - lr * grad",
        "w -= lr * grad\n    return w",
        "The numbers are right, but you changed the caller's array. `-=` on an array works in place.",
    ),
    edit(
        "sgd_step",
        "no_rate",
        "lr * grad",
        "grad",
        "Your step is as long as the gradient itself. What should scale it?",
    ),
    edit("sgd_step", "divides", "lr * grad", "grad / lr", "With your rule a small rate gives a large step."),
    edit(
        "sgd_step",
        "only_the_change",
        "w - lr",
        "-lr",
        "You return the step itself. Where are the weights after this step?",
    ),
    edit(
        "sgd_step",
        "scales_weights",
        "w - lr * grad",
        "lr * (w - grad)",
        "You scale the weights by the rate too. It should scale only how far you go.",
    ),
    edit(
        "sgd_step",
        "rate_times_gradient",
        "w - lr * grad",
        "lr * grad",
        "You return how far to go, not where the weights are afterwards. Where do the old weights come in?",
    ),
    # inverse_time_decay
    accepts(
        "inverse_time_decay",
        """    if min(lr0, epoch, decay_rate) < 0:
        raise ValueError(f"{lr0}, {epoch}, {decay_rate}: none of them may be negative.")
""",
    ),
    edit(
        "inverse_time_decay",
        "refuses_zero",
        "decay_rate) < 0",
        "decay_rate) <= 0",
        "Zero is not negative: epoch 0 is the first, and a decay rate of 0 is a constant rate.",
    ),
    edit(
        "inverse_time_decay",
        "epoch_outside",
        "(1 + decay_rate * epoch)",
        "(1 + decay_rate) * epoch",
        "Your rate grows with the epoch. What belongs in the denominator?",
    ),
    edit(
        "inverse_time_decay",
        "power",
        "(1 + decay_rate * epoch)",
        "(1 + decay_rate) ** epoch",
        "Yours falls by the same factor in every epoch: that is exponential decay. Here the denominator grows "
        "linearly.",
    ),
    edit(
        "inverse_time_decay",
        "one_epoch_ahead",
        "decay_rate * epoch",
        "decay_rate * (epoch + 1)",
        "Your schedule is one epoch ahead. What should the rate in epoch 0 be?",
    ),
    edit(
        "inverse_time_decay",
        "no_one",
        "(1 + decay_rate * epoch)",
        "(decay_rate * epoch)",
        "In epoch 0 your denominator is 0. What prevents that in the formula?",
    ),
    edit(
        "inverse_time_decay",
        "no_brackets",
        "(1 + decay_rate * epoch)",
        "1 + decay_rate * epoch",
        "Python divides before it adds, so your denominator is only the 1.",
    ),
    edit(
        "inverse_time_decay",
        "rounded",
        "lr0 / (1 + decay_rate * epoch)",
        "round(lr0 / (1 + decay_rate * epoch), 3)",
        "You round to three decimals. The table does that only to be readable; your function should not round.",
    ),
    edit(
        "inverse_time_decay",
        "line",
        "lr0 / (1 + decay_rate * epoch)",
        "lr0 * (1 - decay_rate * epoch)",
        "A straight line becomes negative sooner or later. The formula divides.",
    ),
    # exponential_decay
    edit(
        "exponential_decay",
        "times_epoch",
        "gamma**epoch",
        "gamma * epoch",
        "Your rate grows with the epoch. Multiplying by the same number again and again gives a power.",
    ),
    edit(
        "exponential_decay",
        "base_e",
        "gamma**epoch",
        "np.exp(-gamma * epoch)",
        "Here gamma itself is the base. With `exp` it would be a decay constant, which is a different convention.",
    ),
    edit(
        "exponential_decay",
        "one_epoch_ahead",
        "gamma**epoch",
        "gamma ** (epoch + 1)",
        "Your schedule is one epoch ahead. What should the rate in epoch 0 be?",
    ),
    edit(
        "exponential_decay",
        "one_minus_gamma",
        "gamma**epoch",
        "(1 - gamma) ** epoch",
        "Gamma is the share that is kept in each epoch, not the share that is lost.",
    ),
    edit(
        "exponential_decay",
        "fixed_base",
        "gamma**epoch",
        "0.95**epoch",
        "Your function does not use its argument `gamma`. A default is used only if the caller passes no value.",
    ),
    edit(
        "exponential_decay",
        "rate_in_power",
        "lr0 * gamma**epoch",
        "(lr0 * gamma) ** epoch",
        "You raise the first rate to the power too. Which comes first, the power or the product?",
    ),
    # inverse_sqrt_decay
    accepts(
        "inverse_sqrt_decay",
        """    if t < 1:
        raise ValueError(f"t is {t}: steps count from 1, and at 0 the rate would be infinite.")
""",
    ),
    edit(
        "inverse_sqrt_decay",
        "refuses_one",
        "t < 1",
        "t <= 1",
        "Steps count from 1, so step 1 is the first and must be allowed.",
    ),
    edit(
        "inverse_sqrt_decay",
        "k_under_root",
        "k * lr0 / np.sqrt(t)",
        "lr0 / np.sqrt(k * t)",
        "A larger k should give a larger rate. Where is k in the formula?",
    ),
    edit(
        "inverse_sqrt_decay",
        "no_root",
        "np.sqrt(t)",
        "t",
        "This is proportional to 1/t and falls too fast. Something is missing around t.",
    ),
    edit(
        "inverse_sqrt_decay",
        "one_step_ahead",
        "np.sqrt(t)",
        "np.sqrt(t + 1)",
        "You guard against t = 0, but steps count from 1 here. What should the rate at step 1 be?",
    ),
    edit("inverse_sqrt_decay", "no_k", "k * lr0", "lr0", "Your function does not use its argument `k`."),
    edit(
        "inverse_sqrt_decay",
        "root_of_all",
        "k * lr0 / np.sqrt(t)",
        "np.sqrt(k * lr0 / t)",
        "Your root covers the whole fraction. What is under the root in the formula?",
    ),
    # step_decay
    edit(
        "step_decay",
        "no_stairs",
        "epoch // every",
        "epoch / every",
        "Your rate falls a little in every epoch. Count only the *whole* intervals of `every` epochs.",
    ),
    edit(
        "step_decay",
        "one_epoch_late",
        "(epoch // every)",
        "(max(epoch - 1, 0) // every)",
        "Your drops come one epoch late. Epochs count from 0: which is the first epoch with the second rate?",
    ),
    edit(
        "step_decay",
        "one_epoch_early",
        "(epoch // every)",
        "((epoch + 1) // every)",
        "Your drops come one epoch early. Epochs count from 0: which is the last epoch with the first rate?",
    ),
    edit(
        "step_decay",
        "subtracts",
        "lr0 * factor ** (epoch // every)",
        "lr0 - factor * (epoch // every)",
        "Your rate becomes negative after a few drops. Each drop should remove a fraction of the rate, not a fixed "
        "amount.",
    ),
    edit(
        "step_decay",
        "one_drop_only",
        "factor ** (epoch // every)",
        "(factor if epoch >= every else 1)",
        "The first drop is right, but then your rate stays constant. How many drops have there been by a late epoch?",
    ),
    edit(
        "step_decay",
        "times_drops",
        "factor ** (epoch // every)",
        "factor * (epoch // every)",
        "Multiplying by the number of drops gives 0 before the first one. What does the formula do with that number?",
    ),
    edit(
        "step_decay",
        "nearest_whole",
        "(epoch // every)",
        "round(epoch / every)",
        "You round to the nearest whole number, so each drop comes `every`/2 epochs early.",
    ),
    edit(
        "step_decay",
        "remainder",
        "epoch // every",
        "epoch % every",
        "`%` gives the remainder of the division: your rate falls for `every` epochs and then jumps back.",
    ),
    # linear_decay
    accepts(
        "linear_decay",
        """    if total <= 0:
        raise ValueError(f"total is {total}: it must be at least one epoch.")
""",
    ),
    edit(
        "linear_decay",
        "accepts_zero",
        "total <= 0",
        "total < 0",
        "A total of 0 epochs gets through. What would the formula divide by?",
    ),
    edit(
        "linear_decay",
        "negative_beyond",
        "max(1 - epoch / total, 0.0)",
        "(1 - epoch / total)",
        "Your straight line goes on below zero. With a negative rate, SGD would go uphill.",
    ),
    edit(
        "linear_decay",
        "total_less_one",
        "epoch / total",
        "epoch / (total - 1 + (total == 1))",
        "Your rate reaches 0 one epoch too early. In which epoch should it be 0?",
    ),
    edit(
        "linear_decay",
        "rises",
        "1 - epoch / total",
        "epoch / total",
        "Your rate begins at 0 and rises. What should it be in epoch 0?",
    ),
    edit(
        "linear_decay",
        "bounces",
        "max(1 - epoch / total, 0.0)",
        "abs(1 - epoch / total)",
        "Beyond the total your rate rises again. It should stay at 0.",
    ),
    edit(
        "linear_decay",
        "whole_division",
        "epoch / total",
        "epoch // total",
        "`//` rounds down, so your rate stays constant until the end and then drops to 0 at once.",
    ),
    edit(
        "linear_decay",
        "rate_not_scaled",
        "lr0 * max(1 - epoch / total, 0.0)",
        "max(lr0 - epoch / total, 0.0)",
        "You subtract the share of epochs done from the rate itself. Where is the first rate in the formula?",
    ),
    # cosine_decay
    accepts(
        "cosine_decay",
        """    if total <= 0:
        raise ValueError(f"total is {total}: it must be at least one epoch.")
""",
    ),
    edit(
        "cosine_decay",
        "accepts_zero",
        "total <= 0",
        "total < 0",
        "A total of 0 epochs gets through. What would the formula divide by?",
    ),
    edit(
        "cosine_decay",
        "whole_wave",
        "np.pi * min",
        "2 * np.pi * min",
        "Your rate falls and rises again before the end: that is a whole wave. How far should the angle go?",
    ),
    edit(
        "cosine_decay",
        "degrees",
        "np.pi * min",
        "180 * min",
        "Your angle is in degrees. Which unit does `np.cos` expect?",
    ),
    edit(
        "cosine_decay",
        "rises_again",
        "min(epoch, total)",
        "epoch",
        "After the total your rate rises again, as a cosine does. It should stay at `lr_min`.",
    ),
    edit(
        "cosine_decay",
        "zero_beyond",
        "angle = np.pi * min(epoch, total) / total",
        "if epoch > total:\n        return 0.0\n    angle = np.pi * epoch / total",
        "Beyond the total your rate is 0. To which rate does the schedule fall?",
    ),
    edit(
        "cosine_decay",
        "no_lr_min",
        "lr_min + (lr0 - lr_min) / 2",
        "lr0 / 2",
        "Your function does not use its argument `lr_min`: it always falls to 0.",
    ),
    edit(
        "cosine_decay",
        "lr_min_on_top",
        "(lr0 - lr_min) / 2",
        "lr0 / 2",
        "With `lr_min` your first rate is above `lr0`. The wave should span only the range between the two.",
    ),
    edit(
        "cosine_decay",
        "no_one",
        "(1 + np.cos(angle))",
        "np.cos(angle)",
        "A cosine goes from 1 to -1. What lifts it, so that it goes from 2 to 0?",
    ),
    edit(
        "cosine_decay",
        "one_radian",
        "np.pi * min",
        "min",
        "Your angle ends at 1 radian, which is less than a third of the half wave.",
    ),
    edit(
        "cosine_decay",
        "cut_off",
        "lr_min + (lr0 - lr_min) / 2 * (1 + np.cos(angle))",
        "max(lr0 / 2 * (1 + np.cos(angle)), lr_min)",
        "Your wave falls towards 0 and is cut off at `lr_min`. It should reach `lr_min` smoothly, at the total.",
    ),
    edit(
        "cosine_decay",
        "no_brackets",
        "(1 + np.cos(angle))",
        "1 + np.cos(angle)",
        "Your cosine keeps its full height, whatever the rates are. What does the fraction multiply in the formula?",
    ),
    # with_warmup
    edit(
        "with_warmup",
        "accepts_bad_arguments",
        """    if warmup_epochs < 0:
        raise ValueError(f"warmup_epochs is {warmup_epochs}: it must not be negative.")

""",
        "",
        "A negative warm-up is accepted without complaint. When should that be noticed: when the schedule is made, or "
        "when it is called?",
    ),
    edit(
        "with_warmup",
        "refuses_zero",
        "warmup_epochs < 0",
        "warmup_epochs <= 0",
        "A warm-up of 0 epochs is allowed: the schedule then stays as it was.",
    ),
    edit(
        "with_warmup",
        "starts_at_zero",
        "(epoch + 1)",
        "epoch",
        "In epoch 0 your rate is 0, and nothing is learned. Look at the numerator of the formula.",
    ),
    edit(
        "with_warmup",
        "not_shifted",
        "schedule(epoch - warmup_epochs)",
        "schedule(epoch)",
        "After the warm-up your schedule skips its first epochs. Where should it begin?",
    ),
    edit(
        "with_warmup",
        "first_rate_twice",
        "schedule(epoch - warmup_epochs)",
        "schedule(max(epoch - warmup_epochs - 1, 0))",
        "Your schedule runs one epoch late: it returns its first rate twice after the warm-up.",
    ),
    edit(
        "with_warmup",
        "one_epoch_long",
        "epoch < warmup_epochs:\n            return",
        "epoch <= warmup_epochs and warmup_epochs:\n            return",
        "Your warm-up lasts one epoch too long: a warm-up of m epochs covers epochs 0 to m - 1.",
    ),
    edit(
        "with_warmup",
        "warms_moving_target",
        "schedule(0) * (epoch + 1)",
        "schedule(epoch) * (epoch + 1)",
        "Your warm-up aims at a rate that is already falling. Which rate should it rise to?",
    ),
    edit(
        "with_warmup",
        "divides_by_zero",
        """        if epoch < warmup_epochs:
            return schedule(0) * (epoch + 1) / warmup_epochs
""",
        """        share = (epoch + 1) / warmup_epochs
        if share <= 1:
            return schedule(0) * share
""",
        "With a warm-up of 0 epochs you divide by zero. Check first whether the epoch is in the warm-up at all.",
    ),
    edit(
        "with_warmup",
        "returns_a_number",
        "return warmed",
        "return warmed(0)",
        "You return one rate. The caller expects the new schedule itself, a function.",
    ),
    edit(
        "with_warmup",
        "never_arrives",
        "(epoch + 1) / warmup_epochs",
        "(epoch + 1) / (warmup_epochs + 1)",
        "In its last epoch your warm-up is still below the first rate of the schedule. It should reach it by then.",
    ),
    # plateau_decay
    edit(
        "plateau_decay",
        "bad_not_reset_by_cut",
        """        if bad == patience:
            lr, bad = lr * factor, 0
""",
        """        if bad >= patience:
            lr = lr * factor
""",
        "After the first cut you cut in every bad epoch. What happens to the count at a cut?",
    ),
    edit(
        "plateau_decay",
        "one_cut_a_plateau",
        "lr, bad = lr * factor, 0",
        "lr = lr * factor",
        "On a long plateau you cut only once. What happens to the count at a cut?",
    ),
    edit(
        "plateau_decay",
        "bad_not_reset_by_best",
        "best, bad = loss, 0",
        "best = loss",
        "You add up bad epochs that are far apart. What happens to the count at a new best?",
    ),
    edit(
        "plateau_decay",
        "one_epoch_late",
        "bad == patience",
        "bad > patience",
        "Your cuts come one epoch late. The rate is cut *when* the count reaches the patience.",
    ),
    rewrite(
        "plateau_decay",
        "neighbours",
        """
        def plateau_decay(lr0, losses, factor=0.5, patience=3):
            lr, before, bad = lr0, np.inf, 0
            for loss in losses:
                bad = 0 if loss < before else bad + 1
                before = loss
                if bad == patience:
                    lr, bad = lr * factor, 0
            return lr
        """,
        "You compare each loss with the one before it, so after a jump upwards every small fall looks like progress. "
        "What should it be compared with?",
    ),
    edit(
        "plateau_decay",
        "best_reset_by_cut",
        "lr, bad = lr * factor, 0",
        "lr, bad, best = lr * factor, 0, np.inf",
        "You forget the best loss at a cut, so any loss after it counts as an improvement.",
    ),
    edit(
        "plateau_decay",
        "ties_are_better",
        "loss < best",
        "loss <= best",
        "A loss equal to the best is no improvement: on a flat curve the rate would never be cut.",
    ),
    rewrite(
        "plateau_decay",
        "empties_losses",
        """
        def plateau_decay(lr0, losses, factor=0.5, patience=3):
            lr, best, bad = lr0, np.inf, 0
            losses = losses if isinstance(losses, list) else list(losses)
            while losses:
                loss = losses.pop(0)
                if loss < best:
                    best, bad = loss, 0
                else:
                    bad += 1
                if bad == patience:
                    lr, bad = lr * factor, 0
            return lr
        """,
        "The rates are right, but the caller's list is empty afterwards. `pop` removes an element from the list "
        "itself.",
    ),
    edit(
        "plateau_decay",
        "best_replaced_by_cut",
        "lr, bad = lr * factor, 0",
        "lr, bad, best = lr * factor, 0, loss",
        "At a cut you make the latest loss the best, even if there was a better one before. The best should stay.",
    ),
    edit(
        "plateau_decay",
        "best_from_zero",
        "np.inf",
        "0.0",
        "You begin with a best of 0, which no loss can beat. What must the first loss count as?",
    ),
    edit(
        "plateau_decay",
        "stops_after_a_cut",
        "lr, bad = lr * factor, 0",
        "return lr * factor",
        "You leave the loop at the first cut. Later losses may cause more cuts.",
    ),
    # stationary_variance
    accepts(
        "stationary_variance",
        """    if not 0 < lr * curvature < 2:
        raise ValueError(f"lr*curvature is {lr * curvature}: it must lie between 0 and 2.")
""",
    ),
    edit(
        "stationary_variance",
        "accepts_the_edge",
        "not 0 < lr * curvature < 2",
        "lr * curvature < 0 or lr * curvature > 2",
        "At exactly 0 or 2 nothing settles either: the weight stays where it is, or jumps back and forth forever.",
    ),
    edit(
        "stationary_variance",
        "forgets_the_two",
        "(2 - lr * curvature))",
        "(1 - lr * curvature))",
        "Expand the square (1 - lr*h)**2 again. How many times does the middle term appear?",
    ),
    edit(
        "stationary_variance",
        "no_brackets",
        "(curvature * (2 - lr * curvature))",
        "curvature * (2 - lr * curvature)",
        "In Python `a / b * c` is `(a / b) * c`. What is the whole denominator?",
    ),
    edit(
        "stationary_variance",
        "small_rates_only",
        "(2 - lr * curvature))",
        "2)",
        "This is right only for small rates. Which term did you drop?",
    ),
    edit(
        "stationary_variance",
        "rate_squared",
        "return lr * noise",
        "return lr**2 * noise",
        "One factor of the rate cancels when you solve for V. Did you cancel it?",
    ),
    edit(
        "stationary_variance",
        "noise_not_squared",
        "noise_std**2",
        "noise_std",
        "A variance has the unit of a square. You are given a standard deviation.",
    ),
    edit(
        "stationary_variance",
        "standard_deviation",
        "lr * noise_std**2 / (curvature * (2 - lr * curvature))",
        "np.sqrt(lr * noise_std**2 / (curvature * (2 - lr * curvature)))",
        "This is the standard deviation. The function should return the variance.",
    ),
    edit(
        "stationary_variance",
        "no_curvature",
        "(curvature * (2 - lr * curvature))",
        "(2 - lr * curvature)",
        "A factor is missing in the denominator: in a flatter bowl the weight wanders further, even at small rates.",
    ),
    # lr_range_test
    accepts(
        "lr_range_test",
        """    if not 0 < lr_min < lr_max:
        raise ValueError(f"0 < lr_min < lr_max is needed, not {lr_min} and {lr_max}.")
    if steps < 2:
        raise ValueError(f"steps is {steps}: a range has two ends, so there must be at least 2.")
""",
    ),
    edit(
        "lr_range_test",
        "even_steps",
        "np.geomspace",
        "np.linspace",
        "Your rates are spaced evenly, so nearly all of them are large. They should grow by a constant factor.",
    ),
    edit(
        "lr_range_test",
        "keeps_the_broken_pair",
        """        if not np.isfinite(loss):
            break
        losses.append(loss)
""",
        """        losses.append(loss)
        if not np.isfinite(loss):
            break
""",
        "The last pair of your result has a loss that is not finite. Do you check a loss before or after you keep it?",
    ),
    edit(
        "lr_range_test",
        "goes_on",
        """            break
        losses.append(loss)
    return lrs[: len(losses)], np.array(losses)
""".rstrip("\n"),
        """            continue
        losses.append((lr, loss))
    return np.array([lr for lr, _ in losses]), np.array([loss for _, loss in losses])
""".rstrip("\n"),
        "You go on after training has broken down. Steps with broken weights give losses that mean nothing.",
    ),
    edit(
        "lr_range_test",
        "only_nan",
        "not np.isfinite(loss)",
        "np.isnan(loss)",
        "An infinite loss gets through. Which test covers both NaN and infinity?",
    ),
    edit(
        "lr_range_test",
        "last_rate_missing",
        "lr_max, steps)",
        "lr_max, steps, endpoint=False)",
        "Your last rate stays below `lr_max`. Both ends are included.",
    ),
    edit(
        "lr_range_test",
        "two_steps_a_rate",
        "losses.append(loss)",
        "losses.append(loss_after_step(lr))",
        "Every call of `loss_after_step` takes a step. You call it twice for each rate.",
    ),
    edit(
        "lr_range_test",
        "all_rates",
        "lrs[: len(losses)]",
        "lrs",
        "If training breaks, your two arrays differ in length. Which rates belong to the losses you kept?",
    ),
    edit(
        "lr_range_test",
        "ends_as_exponents",
        "np.geomspace",
        "np.logspace",
        "`np.logspace` takes the *exponents* of 10 as its ends, and you gave it the rates.",
    ),
    edit(
        "lr_range_test",
        "never_asks",
        """        if not np.isfinite(loss):
            break
""",
        "",
        "You keep losses that are not finite, and go on training with broken weights. When should the test end?",
    ),
    # sample_log_uniform
    accepts(
        "sample_log_uniform",
        """    if not 0 < low <= high:
        raise ValueError(f"0 < low <= high is needed, not {low} and {high}.")
""",
    ),
    edit(
        "sample_log_uniform",
        "refuses_equal_ends",
        "not 0 < low <= high",
        "not 0 < low < high",
        "Two equal ends are allowed: every draw is then that number.",
    ),
    edit(
        "sample_log_uniform",
        "uniform_in_value",
        "np.exp(rng.uniform(np.log(low), np.log(high), size))",
        "rng.uniform(low, high, size)",
        "Nearly all your values have the order of magnitude of `high`. What should be uniform?",
    ),
    edit(
        "sample_log_uniform",
        "mixed_bases",
        "np.log(low), np.log(high)",
        "np.log10(low), np.log10(high)",
        "You take logarithms with base 10 and convert back with base e. Use the same base both ways.",
    ),
    edit(
        "sample_log_uniform",
        "no_way_back",
        "np.exp(rng.uniform(np.log(low), np.log(high), size))",
        "rng.uniform(np.log(low), np.log(high), size)",
        "You return the logarithms of the values. Which function converts them back?",
    ),
    edit(
        "sample_log_uniform",
        "one_draw_for_all",
        "np.exp(rng.uniform(np.log(low), np.log(high), size))",
        "np.full(size, np.exp(rng.uniform(np.log(low), np.log(high))))",
        "All your values are equal. Each entry needs its own draw.",
    ),
    edit(
        "sample_log_uniform",
        "other_generator",
        "np.exp(rng.uniform",
        "np.exp(np.random.uniform",
        "You draw from NumPy's global generator, so the caller cannot repeat the experiment. Draw from `rng`.",
    ),
    edit(
        "sample_log_uniform",
        "same_draws_each_time",
        "np.exp(rng.uniform",
        "np.exp(np.random.default_rng(0).uniform",
        "You create a new generator in each call, so every call gives the same values. Draw from `rng`.",
    ),
    edit(
        "sample_log_uniform",
        "back_with_ten",
        "np.exp(rng.uniform(np.log(low), np.log(high), size))",
        "10.0 ** rng.uniform(np.log(low), np.log(high), size)",
        "You take natural logarithms and convert back with base 10. Use the same base both ways.",
    ),
    # one_cycle
    accepts(
        "one_cycle",
        """    if up <= 0:
        raise ValueError(f"pct*total is {pct * total}: the rise needs more than one epoch.")
""",
    ),
    edit(
        "one_cycle",
        "rise_one_epoch_long",
        "up = pct * total - 1",
        "up = pct * total",
        "Your highest rate comes an epoch late. Epochs count from 0.",
    ),
    edit(
        "one_cycle",
        "falls_to_the_first_rate",
        "lr_max / div / final_div",
        "lr_max / div",
        "Your cycle ends where it began. It should end far below that.",
    ),
    edit(
        "one_cycle",
        "final_div_of_the_peak",
        "lr_max / div / final_div",
        "lr_max / final_div",
        "`final_div` divides the first rate, not the highest.",
    ),
    edit(
        "one_cycle",
        "ends_at_total",
        "total - 1 - up",
        "total - up",
        "Your last rate comes in epoch `total`, after training has ended. Which epoch is the last?",
    ),
    edit(
        "one_cycle",
        "straight_lines",
        "end + (start - end) / 2 * (1 + np.cos(np.pi * x))",
        "start + (end - start) * x",
        "Your rate rises and falls in straight lines. It should follow half a cosine wave.",
    ),
    edit(
        "one_cycle",
        "swings_back",
        "min((epoch - up) / (total - 1 - up), 1.0)",
        "(epoch - up) / (total - 1 - up)",
        "After the last epoch your rate rises again, as a cosine does. It should stay at the last rate.",
    ),
    # warmup_stable_decay
    accepts(
        "warmup_stable_decay",
        """    if warmup + decay > total:
        raise ValueError(f"{warmup} and {decay} epochs are together longer than {total}.")
""",
    ),
    edit(
        "warmup_stable_decay",
        "refuses_a_full_house",
        "warmup + decay > total",
        "warmup + decay >= total",
        "Warm-up and decay may take up the whole training: the flat part then has no epochs.",
    ),
    edit(
        "warmup_stable_decay",
        "starts_at_zero",
        "(epoch + 1) / warmup",
        "epoch / warmup",
        "In epoch 0 your rate is 0, and nothing is learned.",
    ),
    edit(
        "warmup_stable_decay",
        "decay_from_the_start",
        "(total - epoch) / decay",
        "(1 - epoch / total)",
        "Your rate jumps when the decay begins. The line should start at `lr_max` there.",
    ),
    edit(
        "warmup_stable_decay",
        "negative_beyond",
        """    if epoch < total:
        return lr_max * (total - epoch) / decay
    return 0.0
""".rstrip("\n"),
        "    return lr_max * (total - epoch) / max(decay, 1)",
        "Beyond the total your rate becomes negative. It should be 0 there.",
    ),
    edit(
        "warmup_stable_decay",
        "decays_an_epoch_early",
        "(total - epoch) / decay",
        "(total - epoch - 1) / decay",
        "Your rate is already 0 in the last epoch, so that epoch is wasted. When should the rate reach 0?",
    ),
    # cosine_restarts
    edit(
        "cosine_restarts",
        "late_restart",
        "epoch >= length",
        "epoch > length",
        "The epoch of a restart belongs to the new cycle. In your code it still belongs to the old one.",
    ),
    edit(
        "cosine_restarts",
        "equal_cycles",
        "        length *= mult\n",
        "",
        "Your cycles all have the same length. What does `mult` do to the length?",
    ),
    edit(
        "cosine_restarts",
        "restarts_once",
        "while epoch",
        "if epoch",
        "After the second cycle there is no further restart. How many whole cycles can come before an epoch?",
    ),
    edit(
        "cosine_restarts",
        "first_length_kept",
        "np.pi * epoch / length",
        "np.pi * epoch / first",
        "In a longer cycle your wave is too fast. Which length belongs to the current cycle?",
    ),
    edit(
        "cosine_restarts",
        "whole_wave",
        "np.pi * epoch",
        "2 * np.pi * epoch",
        "Your rate rises again before the restart: that is a whole wave in each cycle.",
    ),
    edit(
        "cosine_restarts",
        "no_lr_min",
        "lr_min + (lr0 - lr_min) / 2",
        "lr0 / 2",
        "Your function does not use its argument `lr_min`: it always falls towards 0.",
    ),
    edit(
        "cosine_restarts",
        "never_restarts",
        """    while epoch >= length:
        epoch -= length
        length *= mult
""",
        "",
        "Your wave goes on without a jump. Where does a new cycle begin?",
    ),
    # Questions
    edit(
        "rate_of_each_curve",
        "noise_is_too_high",
        '"d": "high"',
        '"d": "too high"',
        "Curve d is noisy and ends at a high level, but it does not rise. Which of the four descriptions fits?",
    ),
    edit(
        "rate_of_each_curve",
        "slow_is_good",
        '"a": "low"',
        '"a": "good"',
        "Curve a is smooth, but compare its end with the dashed line. Is it still falling?",
    ),
    edit(
        "rate_of_each_curve",
        "rise_is_high",
        '"b": "too high"',
        '"b": "high"',
        "Look at how curve b ends. Would it ever come down again?",
    ),
    edit(
        "rate_of_each_curve",
        "quick_is_good",
        '"c": "good",\n    "d": "high"',
        '"c": "high",\n    "d": "good"',
        "Curve d falls fastest, but at which level does it end? Compare the ends of c and d with the dashed line.",
    ),
    edit(
        "largest_rate_first",
        "smallest_first",
        '["inverse time", "linear", "cosine", "step", "exponential"]',
        '["exponential", "step", "cosine", "linear", "inverse time"]',
        "Your list runs from the smallest to the largest. Read again which end comes first.",
    ),
    edit(
        "largest_rate_first",
        "cosine_above_line",
        '"linear", "cosine"',
        '"cosine", "linear"',
        "In the first half the cosine lies above the straight line. Where is it in the second half?",
    ),
    edit(
        "largest_rate_first",
        "inverse_time_falls_fastest",
        '["inverse time", "linear", "cosine", "step", "exponential"]',
        '["linear", "cosine", "step", "exponential", "inverse time"]',
        "Inverse time decay falls fast at first and then more and more slowly. Compute its rate in epoch 80.",
    ),
    edit(
        "largest_rate_first",
        "exponential_above_step",
        '"step", "exponential"',
        '"exponential", "step"',
        "The base 0.95 halves the rate in about 14 epochs. How many halvings is that in 80 epochs? And how many does "
        "step decay make?",
    ),
    edit(
        "robbins_monro_schedules",
        "first_condition_only",
        '{"b", "e"}',
        '{"a", "b", "d", "e"}',
        "These are the rates whose sum is infinite. Now look at the sum of the squares.",
    ),
    edit(
        "robbins_monro_schedules",
        "second_condition_only",
        '{"b", "e"}',
        '{"b", "c", "e", "f", "g"}',
        "These are the rates whose squares have a finite sum. Now look at the sum of the rates themselves.",
    ),
    edit(
        "robbins_monro_schedules",
        "both_finite",
        '{"b", "e"}',
        '{"c", "f", "g"}',
        "The sum of these rates is finite too, so all steps together can cover only a limited distance. Read the first "
        "condition again.",
    ),
    edit(
        "robbins_monro_schedules",
        "root_too",
        '{"b", "e"}',
        '{"b", "d", "e"}',
        "One of your rates falls too slowly: squared, it is the harmonic series, whose sum is infinite.",
    ),
    edit(
        "robbins_monro_schedules",
        "harmonic_only",
        '{"b", "e"}',
        '{"b"}',
        "The harmonic series is not the only one. There are other rates, with powers between 1/2 and 1.",
    ),
    edit(
        "robbins_monro_schedules",
        "offset_forgotten",
        '{"b", "e"}',
        '{"e"}',
        "A constant in the denominator changes the first terms, not whether a sum is finite. Look at (b) again.",
    ),
    edit(
        "share_of_variance_left",
        "half",
        "low / (2 - low) / (high / (2 - high))",
        "low / high",
        "Half would be left if the variance were proportional to the rate. At rates as large as these it is not: look "
        "at the denominator.",
    ),
    edit(
        "share_of_variance_left",
        "quarter",
        "low / (2 - low) / (high / (2 - high))",
        "(low / high) ** 2",
        "The rate enters squared in one step, but one factor cancels when you solve for V.",
    ),
    edit(
        "share_of_variance_left",
        "upside_down",
        "low / (2 - low) / (high / (2 - high))",
        "high / (2 - high) / (low / (2 - low))",
        "The lower rate has the smaller variance, so the share is below 1. Which variance is the numerator?",
    ),
    edit(
        "share_of_variance_left",
        "not_divided",
        "low / (2 - low) / (high / (2 - high))",
        "low / (2 - low)",
        "This is the variance at the lower rate. What share is it of the variance at the higher one?",
    ),
    edit(
        "share_of_variance_left",
        "standard_deviation",
        "low / (2 - low) / (high / (2 - high))",
        "(low / (2 - low) / (high / (2 - high))) ** 0.5",
        "This is the ratio of the standard deviations. The question asks for the variances.",
    ),
]
