"""Likely mistakes of lesson 02b."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "horizontal_flip", "rows", "[:, :, ::-1]", "[:, ::-1]",
        "Top and bottom have changed places. Left and right are a matter of the columns: which axis counts them?",
    ),
    edit(
        "horizontal_flip", "channels", "[:, :, ::-1]", "[..., ::-1]",
        "The colours have changed and the places have not: you reverse red, green and blue. The columns are not the "
        "last axis here.",
    ),
    edit(
        "horizontal_flip", "batch", "[:, :, ::-1]", "[::-1]",
        "You reverse the order of the images in the batch, so that each gets another's label. The first axis is the "
        "batch.",
    ),
    edit(
        "horizontal_flip", "all_axes", "images[:, :, ::-1]", "np.flip(images)",
        "Everything is reversed: the images' order, rows, columns and colours. Say which axis should be.",
    ),
    edit(
        "horizontal_flip", "half_a_turn", "[:, :, ::-1]", "[:, ::-1, ::-1]",
        "You reverse rows and columns: that is half a turn, and no mirror.",
    ),
    edit(
        "horizontal_flip", "transposed", "images[:, :, ::-1]", "images.swapaxes(1, 2)",
        "Rows and columns have changed places, as in a transpose. A mirror keeps the rows and reads them backwards.",
    ),
    edit(
        "horizontal_flip", "columns_and_channels", "[:, :, ::-1]", "[:, :, ::-1, ::-1]",
        "The places are right, but red and blue are exchanged: leave the last axis as it is.",
    ),
    edit(
        "horizontal_flip", "in_place", "return images[:, :, ::-1]",
        "images[:] = images[:, :, ::-1].copy()\n    return images",
        "Your function writes into the images that it is given. The next epoch needs them as they were.",
    ),
    edit(
        "vertical_flip", "columns", "[:, ::-1]", "[:, :, ::-1]",
        "Left and right have changed places. Top and bottom are a matter of the rows: which axis counts them?",
    ),
    edit(
        "vertical_flip", "batch", "[:, ::-1]", "[::-1]",
        "You reverse the order of the images in the batch, so that each gets another's label. `np.flipud` does the "
        "same: it reverses the first axis.",
    ),
    edit(
        "vertical_flip", "channels", "[:, ::-1]", "[..., ::-1]",
        "The colours have changed and the places have not: you reverse red, green and blue.",
    ),
    edit(
        "vertical_flip", "all_axes", "images[:, ::-1]", "np.flip(images)",
        "Everything is reversed: the images' order, rows, columns and colours. Say which axis should be.",
    ),
    edit(
        "vertical_flip", "half_a_turn", "[:, ::-1]", "[:, ::-1, ::-1]",
        "You reverse rows and columns: that is half a turn, and no mirror.",
    ),
    edit(
        "vertical_flip", "batch_and_rows", "[:, ::-1]", "[::-1, ::-1]",
        "Each image is flipped as it should be, but the images stand in reverse order, and get each other's labels.",
    ),
    edit(
        "vertical_flip", "in_place", "return images[:, ::-1]",
        "images[:] = images[:, ::-1].copy()\n    return images",
        "Your function writes into the images that it is given. The next epoch needs them as they were.",
    ),
    edit(
        "random_crop", "one_offset_for_all",
        "rng.integers(2 * pad + 1, size=(count, 2))", "[rng.integers(2 * pad + 1, size=2)] * count",
        "All images of the batch are shifted alike. Each needs a draw of its own.",
    ),
    edit(
        "random_crop", "last_offset_never", "rng.integers(2 * pad + 1,", "rng.integers(2 * pad,",
        "The largest offset never occurs: `rng.integers(m)` ends at m - 1. How many numbers are there from 0 to 2*pad?",
    ),
    edit(
        "random_crop", "row_is_column",
        "rng.integers(2 * pad + 1, size=(count, 2))",
        "np.repeat(rng.integers(2 * pad + 1, size=(count, 1)), 2, axis=1)",
        "Your images move along the diagonal only: row and column offset are one number. Draw two.",
    ),
    edit(
        "random_crop", "only_up_to_pad", "rng.integers(2 * pad + 1,", "rng.integers(pad + 1,",
        "Your offsets end at pad, so the content moves down and to the right only. Offsets go up to 2*pad.",
    ),
    edit(
        "random_crop", "padded_by_edge", "(0, 0)))", "(0, 0)), mode=\"edge\")",
        "You fill the frame with copies of the border pixels. Here the frame is black, that is 0.",
    ),
    edit(
        "random_crop", "padded_by_mirror", "(0, 0)))", "(0, 0)), mode=\"symmetric\")",
        "You fill the frame with a mirror image of the border. Here the frame is black, that is 0.",
    ),
    edit(
        "random_crop", "rolled", "out[i] = padded[i, row : row + height, column : column + width]",
        "out[i] = np.roll(images[i], (pad - row, pad - column), axis=(0, 1))",
        "What leaves your image on one side comes back on the other. Here it is lost, and zeros come in on the other "
        "side.",
    ),
    edit(
        "random_crop", "not_cropped", "    out = np.empty_like(images)", "    return padded\n    out = None",
        "Your result is larger than the images: it is padded, but not cropped back to H by W.",
    ),
    edit(
        "random_crop", "generator_of_its_own", "rng.integers", "np.random.default_rng(0).integers",
        "Every batch gets the same shifts: you make a new generator of one seed each time. Use the rng you are given.",
    ),
    edit(
        "rescale", "nearest", "above = place.astype(int)", "place = np.floor(place + 0.5); above = place.astype(int)",
        "Each new pixel copies the nearest old one. Bilinear interpolation mixes the two beside the place.",
    ),
    edit(
        "rescale", "aligned_corners",
        "np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)",
        "np.linspace(0, size - 1, new_size)",
        "Your first and last pixels stay in place: these are aligned corners. Here the *edges* of the image stay in "
        "place, and the centres of pixels lie half a pixel inside.",
    ),
    edit(
        "rescale", "without_half_pixels",
        "(np.arange(new_size) + 0.5) * size / new_size - 0.5", "np.arange(new_size) * size / new_size",
        "Your image is shifted a little: a pixel's value belongs to its centre, half a pixel from its edge, in the old "
        "image and in the new one.",
    ),
    edit(
        "rescale", "half_pixel_not_taken_back", "/ new_size - 0.5,", "/ new_size,",
        "You step from edges to centres in the new image, and not back to row numbers in the old one.",
    ),
    edit(
        "rescale", "row_over_factor",
        "(np.arange(new_size) + 0.5) * size / new_size - 0.5", "np.arange(new_size) / factor",
        "You divide a row's number by the factor. A pixel's value belongs to its centre, half a pixel from its edge, "
        "and the whole sizes H and H' make a ratio that is not quite the factor.",
    ),
    edit(
        "rescale", "not_clamped", "np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)",
        "np.minimum((np.arange(new_size) + 0.5) * size / new_size - 0.5, size - 1)",
        "Places before the first row are negative, and you continue the image beyond its border there. Clamp them at "
        "0.",
    ),
    edit(
        "rescale", "size_cut_off", "size * factor + 0.5", "size * factor",
        "Your new size is cut off and not rounded: what does the half in the formula of the size do?",
    ),
    edit(
        "rescale", "rounded_to_even", "max(1, math.floor(size * factor + 0.5))", "max(1, round(size * factor))",
        "Python's `round` takes a half to the even neighbour, 2.5 to 2. The formula takes every half up.",
    ),
    edit(
        "rescale", "may_be_empty", "max(1, math.floor(size * factor + 0.5))", "math.floor(size * factor + 0.5)",
        "A small image times a small factor leaves nothing. The new image keeps at least one row and one column.",
    ),
    edit(
        "rescale", "factor_for_the_place", "* size / new_size - 0.5", "/ factor - 0.5",
        "You divide by the factor. The sizes are whole numbers, so H/H' is not quite 1/factor; the formula uses H/H'.",
    ),
    edit(
        "rescale", "shares_swapped",
        "(1 - share) * image[above] + share * image[below]", "share * image[above] + (1 - share) * image[below]",
        "The two shares are exchanged: where the place *is* row k, all of the value comes from row k.",
    ),
    edit(
        "rescale", "rows_only", ".swapaxes(0, 1)\n", "\n        break\n",
        "The rows are right, and the columns have the old size. Both must be scaled.",
    ),
    edit(
        "rescale", "accepts_zero", "if factor <= 0:", "if factor < 0:",
        "A factor of 0 leaves no image. It should raise ValueError too.",
    ),
    edit(
        "rescale", "accepts_all", "if factor <= 0:", "if False:",
        "A factor of 0 or below means no image. Raise ValueError, and say why.",
    ),
    edit(
        "random_scale_crop", "one_factor_for_all",
        "rng.uniform(low, high, size=len(images))", "[rng.uniform(low, high)] * len(images)",
        "All images of the batch have one factor. Each needs a draw of its own.",
    ),
    edit(
        "random_scale_crop", "ends_only",
        "rng.uniform(low, high, size=len(images))", "rng.choice([low, high], size=len(images))",
        "Only the factors low and high occur. All between them should.",
    ),
    edit(
        "random_scale_crop", "cut_at_the_corner",
        "(scaled.shape[0] - rows) // 2, (scaled.shape[1] - columns) // 2", "0, 0",
        "Of a larger image you keep the top left corner. Keep the middle.",
    ),
    edit(
        "random_scale_crop", "padded_at_the_corner",
        "top, left = (height - rows) // 2, (width - columns) // 2", "top, left = 0, 0",
        "A smaller image stands in the top left corner. Put it in the middle.",
    ),
    edit(
        "random_scale_crop", "rounded_up",
        "(scaled.shape[0] - rows) // 2, (scaled.shape[1] - columns) // 2",
        "(scaled.shape[0] - rows + 1) // 2, (scaled.shape[1] - columns + 1) // 2",
        "Where the surplus is odd you cut the larger half from the top and the left. It goes from the bottom and the "
        "right.",
    ),
    edit(
        "random_scale_crop", "gap_rounded_up",
        "(height - rows) // 2, (width - columns) // 2", "(height - rows + 1) // 2, (width - columns + 1) // 2",
        "Where the gap is odd you put the larger half at the top and the left. It belongs at the bottom and the right.",
    ),
    edit(
        "random_scale_crop", "filled_with_the_original", "np.zeros_like(images)", "images.copy()",
        "Around a smaller image the original shows. Fill with zeros.",
    ),
    edit(
        "random_scale_crop", "in_place", "np.zeros_like(images)", "images",
        "You write into the images that you are given. Make an array of zeros for the result.",
    ),
    edit(
        "cutout", "changes_its_input", "images.copy()", "images",
        "The holes are in the original images now, and every epoch adds another. Copy first.",
    ),
    edit(
        "cutout", "same_square_for_all", "rng.integers(height) - size // 2, rng.integers(width) - size // 2",
        "np.random.default_rng(0).integers(height) - size // 2, np.random.default_rng(1).integers(width) - size // 2",
        "Each image has its hole at the same place. Each needs a draw of its own, from the rng that is given.",
    ),
    rewrite(
        "cutout", "one_draw_a_batch",
        """
        def cutout(images, size, rng):
            height, width = images.shape[1:3]
            out = images.copy()
            top, left = rng.integers(height) - size // 2, rng.integers(width) - size // 2
            out[:, max(0, top) : top + size, max(0, left) : left + size] = 0.0
            return out
        """,
        "Within a batch all holes are at one place. Draw a centre for each image.",
    ),
    edit(
        "cutout", "centre_kept_inside", "rng.integers(height) - size // 2, rng.integers(width) - size // 2",
        "rng.integers(height - size + 1), rng.integers(width - size + 1)",
        "Your squares always lie wholly inside. The centre may be any pixel, those on the border too; then a part of "
        "the square is lost.",
    ),
    edit(
        "cutout", "wraps_around",
        "out[i, max(0, top) : top + size, max(0, left) : left + size] = 0.0",
        "out[i, top : top + size, left : left + size] = 0.0",
        "Near the top or the left edge nothing is covered, or the wrong part: a negative start of a slice counts "
        "from the end.",
    ),
    edit(
        "cutout", "from_corner", "rng.integers(height) - size // 2, rng.integers(width) - size // 2",
        "rng.integers(height), rng.integers(width)",
        "The pixel that you draw is the corner of your square. It should be its centre.",
    ),
    edit(
        "cutout", "one_too_many", ": top + size, max(0, left) : left + size]",
        ": top + size + 1, max(0, left) : left + size + 1]",
        "Your squares have a side of size + 1: the end of a slice is not part of it.",
    ),
    edit(
        "cutout", "odd_size_short",
        "max(0, top) : top + size, max(0, left) : left + size]",
        "max(0, top) : top + size // 2 * 2, max(0, left) : left + size // 2 * 2]",
        "Squares of an odd size come out one pixel too small: size//2 on each side of the centre makes an even number.",
    ),
    edit(
        "cutout", "one_channel", "left + size] = 0.0", "left + size, :1] = 0.0",
        "Only one channel is covered, and what is left is a patch of another colour. Cover all channels.",
    ),
    edit(
        "cutout", "mean_colour", "left + size] = 0.0", "left + size] = out[i].mean()",
        "You fill the square with the mean of the image. That is done too, but here it is 0.",
    ),
    edit(
        "rgb_to_hsl", "hsv", "[hue / 6, saturation, lightness]",
        "[hue / 6, chroma / np.where(top == 0, 1.0, top), top]",
        "This is HSV: its value is the largest channel. Lightness is the middle between the largest and the smallest.",
    ),
    edit(
        "rgb_to_hsl", "divides_by_zero", "divisor = np.where(chroma == 0, 1.0, chroma)", "divisor = chroma",
        "A grey pixel has no chroma, and you divide by it. Its hue should be 0.",
    ),
    rewrite(
        "rgb_to_hsl", "no_guard_at_all",
        """
        def rgb_to_hsl(rgb):
            r, g, b = np.moveaxis(rgb, -1, 0)
            top, bottom = rgb.max(axis=-1), rgb.min(axis=-1)
            chroma, lightness = top - bottom, (top + bottom) / 2
            blue = (r - g) / chroma + 4
            hue = np.where(top == r, (g - b) / chroma % 6, np.where(top == g, (b - r) / chroma + 2, blue))
            return np.stack([hue / 6, chroma / (1 - np.abs(2 * lightness - 1)), lightness], axis=-1)
        """,
        "Some greys, black or white come out as NaN: you divide 0 by 0 there. Look at both divisors. Hue and "
        "saturation should be 0.",
    ),
    edit(
        "rgb_to_hsl", "degrees", "[hue / 6, saturation", "[60 * hue, saturation",
        "Your hue is in degrees. Here it is in turns, from 0 to 1.",
    ),
    edit(
        "rgb_to_hsl", "sixths", "[hue / 6, saturation", "[hue, saturation",
        "Your hue runs to 6: the formula gives six times the hue.",
    ),
    edit(
        "rgb_to_hsl", "order_hls", "[hue / 6, saturation, lightness]", "[hue / 6, lightness, saturation]",
        "The order is h, l, s, as in `colorsys`. Here it is h, s, l.",
    ),
    edit(
        "rgb_to_hsl", "negative_hue", "(g - b) / divisor % 6", "(g - b) / divisor",
        "A red that leans to blue has a negative hue in your result. Bring it back into one turn.",
    ),
    edit(
        "rgb_to_hsl", "stacked_first", "lightness], axis=-1)", "lightness])",
        "h, s and l stand along a new *first* axis. They belong along the last one.",
    ),
    edit(
        "rgb_to_hsl", "mean_for_lightness", "(top + bottom) / 2", "rgb.mean(axis=-1)",
        "Your lightness is the mean of the three channels. It should be the middle of the largest and the smallest.",
    ),
    edit(
        "rgb_to_hsl", "dark_formula_for_light",
        "np.where(lightness <= 0.5, top + bottom, 2 - top - bottom)", "top + bottom",
        "Light colours come out with too little saturation. Above l = 1/2 it is white that leaves no room for chroma.",
    ),
    edit(
        "rgb_to_hsl", "chroma_for_saturation", "chroma / np.where(chroma == 0, 1.0, largest)", "chroma",
        "This is the chroma. Saturation compares it to the largest chroma possible at this lightness.",
    ),
    edit(
        "rgb_to_hsl", "green_and_blue_swapped",
        "(b - r) / divisor + 2, (r - g) / divisor + 4", "(b - r) / divisor + 4, (r - g) / divisor + 2",
        "Green and blue have each other's third of the circle. Which one follows red?",
    ),
    edit(
        "hsl_to_rgb", "hsv", "lightness - chroma / 2 + chroma * share",
        "lightness - lightness * saturation + lightness * saturation * share",
        "You take the third number for the value of HSV, the largest channel. Lightness is the middle.",
    ),
    edit(
        "hsl_to_rgb", "degrees", "(hue - own_hues + 0.5)", "(hue / 360 - own_hues + 0.5)",
        "You take the hue to be in degrees. It is in turns, from 0 to 1.",
    ),
    edit(
        "hsl_to_rgb", "order_hls", "hue, saturation, lightness =", "hue, lightness, saturation =",
        "You read the numbers in the order h, l, s, as `colorsys` has them. Here it is h, s, l.",
    ),
    edit(
        "hsl_to_rgb", "not_around_the_circle", "np.abs((hue - own_hues + 0.5) % 1 - 0.5)", "np.abs(hue - own_hues)",
        "A hue of 0.95 is close to red, and in your result far away. Measure the distance around the circle.",
    ),
    edit(
        "hsl_to_rgb", "share_not_clipped", "np.clip(2 - 6 * distance, 0, 1)", "2 - 6 * distance",
        "Some channels come out above the largest or below the smallest: the share must stay between 0 and 1.",
    ),
    edit(
        "hsl_to_rgb", "chroma_of_dark_colours", "saturation * (1 - np.abs(2 * lightness - 1))",
        "saturation * 2 * lightness",
        "Light colours leave the range: above l = 1/2 there is less room for chroma, not more.",
    ),
    edit(
        "hsl_to_rgb", "sizes_forgotten", "1 - np.abs(2 * lightness - 1)", "1 - (2 * lightness - 1)",
        "Dark colours leave the range: the chroma is largest at l = 1/2, and falls towards black as towards white.",
    ),
    edit(
        "hsl_to_rgb", "one_way_round", "np.abs((hue - own_hues + 0.5) % 1 - 0.5)", "((hue - own_hues + 0.5) % 1 - 0.5)",
        "A distance is never negative. Yours is, for hues on one side of the channel's own, and these all get a share "
        "of 1.",
    ),
    edit(
        "hsl_to_rgb", "smallest_is_lightness", "lightness - chroma / 2 + chroma * share", "lightness + chroma * share",
        "You begin at the lightness, which is the middle. The smallest channel lies half the chroma below.",
    ),
    edit(
        "hsl_to_rgb", "green_and_blue_swapped", "[0, 1 / 3, 2 / 3]", "[0, 2 / 3, 1 / 3]",
        "Green and blue are exchanged. Which of them has its place at a third of a turn?",
    ),
    edit(
        "color_jitter", "not_clipped", "np.clip(l.mean() + c * (l - l.mean()) + b, 0, 1)",
        "l.mean() + c * (l - l.mean()) + b",
        "A lightness below 0 or above 1 is no colour. Clip it before you go back to RGB.",
    ),
    rewrite(
        "color_jitter", "channels_apart",
        """
        def color_jitter(image, brightness, contrast, rng):
            out = np.empty_like(image)
            for k in range(3):
                b = rng.uniform(-brightness, brightness)
                c = rng.uniform(1 - contrast, 1 + contrast)
                x = image[..., k]
                out[..., k] = np.clip(x.mean() + c * (x - x.mean()) + b, 0, 1)
            return out
        """,
        "Red, green and blue get draws of their own, so the colours change. Change the lightness, once for all.",
    ),
    rewrite(
        "color_jitter", "in_rgb",
        """
        def color_jitter(image, brightness, contrast, rng):
            b = rng.uniform(-brightness, brightness)
            c = rng.uniform(1 - contrast, 1 + contrast)
            return np.clip(image.mean() + c * (image - image.mean()) + b, 0, 1)
        """,
        "You stretch and shift red, green and blue themselves, which changes the saturation. Go to HSL, change l, "
        "and come back.",
    ),
    edit(
        "color_jitter", "shift_per_pixel", "rng.uniform(-brightness, brightness)",
        "rng.uniform(-brightness, brightness, size=image.shape[:2])",
        "Each pixel has a shift of its own: that is noise. Another light changes the whole image alike.",
    ),
    edit(
        "color_jitter", "brighter_only", "rng.uniform(-brightness, brightness)", "rng.uniform(0, brightness)",
        "Your images become lighter and never darker. From where to where does b go?",
    ),
    edit(
        "color_jitter", "stretched_about_zero", "l.mean() + c * (l - l.mean()) + b", "c * l + b",
        "Contrast also changes the mean lightness here. Stretch about the mean, and not about 0.",
    ),
    edit(
        "color_jitter", "stretched_about_half", "l.mean() + c * (l - l.mean()) + b", "0.5 + c * (l - 0.5) + b",
        "You stretch about 1/2. The image's own mean lightness should stay where it is.",
    ),
    edit(
        "color_jitter", "shift_stretched", "l.mean() + c * (l - l.mean()) + b", "l.mean() + c * (l + b - l.mean())",
        "Your stretch multiplies the shift as well. The shift is added last, as it was drawn.",
    ),
    edit(
        "color_jitter", "contrast_about_zero", "rng.uniform(1 - contrast, 1 + contrast)",
        "rng.uniform(-contrast, contrast)",
        "Your stretch is drawn about 0, which flattens the image or turns it into a negative. No change is c = 1.",
    ),
    edit(
        "color_jitter", "one_draw_for_both", "c = rng.uniform(1 - contrast, 1 + contrast)",
        "c = 1 + contrast * (b / brightness if brightness else 0)",
        "Every lighter image is also the one of more contrast: b and c come from one draw. Draw both.",
    ),
    edit(
        "majority_vote", "mean", "return votes.argmax(axis=0)",
        "return np.rint(predictions.mean(axis=0)).astype(int)",
        "You take the mean of labels. Labels are names: the mean of a 1 and a 9 is no 5. Count instead.",
    ),
    edit(
        "majority_vote", "mean_not_rounded", "return votes.argmax(axis=0)", "return predictions.mean(axis=0)",
        "You return the mean of labels, which is no label at all. Count how often each occurs.",
    ),
    edit(
        "majority_vote", "median", "return votes.argmax(axis=0)",
        "return np.sort(predictions, axis=0)[len(predictions) // 2]",
        "You take the median, as if labels had an order. Count how often each occurs.",
    ),
    edit(
        "majority_vote", "tie_to_largest", "return votes.argmax(axis=0)",
        "return labels[-1] - votes[::-1].argmax(axis=0)",
        "Your ties go to the largest label. They go to the smallest.",
    ),
    rewrite(
        "majority_vote", "tie_to_first_seen",
        """
        def majority_vote(predictions):
            columns = [list(column) for column in predictions.T]
            return np.array([max(column, key=column.count) for column in columns])
        """,
        "Your ties go to the label that comes first among the views. They go to the smallest label.",
    ),
    edit(
        "majority_vote", "along_images", "(predictions == labels[:, None, None]).sum(axis=1)",
        "(predictions == labels[:, None, None]).sum(axis=2)",
        "You count along the images, so each *view* gets a label. The views of one image stand in a column.",
    ),
    edit(
        "majority_vote", "number_of_votes", "votes.argmax(axis=0)", "votes.max(axis=0)",
        "You return how many votes the winner has. Who is it?",
    ),
    edit(
        "mixup", "labels_not_mixed", "lam * Y + (1 - lam) * Y[partner]", "1.0 * Y",
        "The images are mixed and the labels are not. What is half flower should be labelled so.",
    ),
    edit(
        "mixup", "labels_the_other_way", "lam * Y + (1 - lam) * Y[partner]", "(1 - lam) * Y + lam * Y[partner]",
        "The labels have the two shares exchanged: lambda goes to the same example in both.",
    ),
    edit(
        "mixup", "another_partner_for_labels", "(1 - lam) * Y[partner]", "(1 - lam) * Y[rng.permutation(len(X))]",
        "Images and labels are mixed with different partners. Draw the permutation once, and use it twice.",
    ),
    edit(
        "mixup", "lambda_per_example", "lam = rng.beta(alpha, alpha)",
        "lams = rng.beta(alpha, alpha, size=len(X))\n"
        "    if len(X) > 1:\n"
        "        p = rng.permutation(len(X))\n"
        "        a, b = (lams.reshape((-1,) + (1,) * (Z.ndim - 1)) for Z in (X, Y))\n"
        "        return a * X + (1 - a) * X[p], b * Y + (1 - b) * Y[p]\n"
        "    lam = lams[0]",
        "Each example has a lambda of its own. That is done too, but here one is drawn for the whole batch.",
    ),
    edit(
        "mixup", "uniform", "rng.beta(alpha, alpha)", "rng.uniform()",
        "Your lambda is uniform, whatever alpha is. A small alpha should give mixtures that are nearly pure.",
    ),
    edit(
        "mixup", "larger_share_first", "rng.beta(alpha, alpha)",
        "max(rng.beta(alpha, alpha), 0.5); lam = max(lam, 1 - lam)",
        "Your lambda is never below 1/2. Some variants do that; here it is Beta, on both sides.",
    ),
    edit(
        "mixup", "beta_with_one", "rng.beta(alpha, alpha)", "rng.beta(alpha, 1.0)",
        "The two parameters of your Beta distribution differ, so one side is favoured. Both are alpha.",
    ),
    edit(
        "mixup", "reversed_batch", "rng.permutation(len(X))", "np.arange(len(X))[::-1]",
        "The partners are always the same: the batch in reverse. Draw a random order.",
    ),
    edit(
        "mixup", "drawn_with_replacement", "rng.permutation(len(X))", "rng.integers(len(X), size=len(X))",
        "You draw partners with replacement: some examples come several times, others not at all. A permutation "
        "takes each once.",
    ),
    edit(
        "label_smoothing", "classes_minus_one", "np.eye(classes)[labels] + eps / classes",
        "np.eye(classes)[labels] + eps * (1 - np.eye(classes)[labels]) / (classes - 1)",
        "You spread eps over the wrong classes alone. Here it goes to all of them, the right one too.",
    ),
    edit(
        "label_smoothing", "rows_sum_to_more", "eps / classes", "eps / (classes - 1)",
        "You divide by one class too few, so that the rows sum to more than 1. The right class gets its share too.",
    ),
    edit(
        "label_smoothing", "not_taken_from_the_right_class", "(1 - eps) * np.eye(classes)[labels]",
        "np.eye(classes)[labels]",
        "Your rows sum to more than 1: what is given to all must be taken from the one.",
    ),
    edit(
        "label_smoothing", "eps_to_each", "eps / classes", "eps",
        "You give eps to *each* class. It is the share of all of them together.",
    ),
    edit(
        "label_smoothing", "only_taken", " + eps / classes", "",
        "Your rows sum to less than 1: you take eps away, and give it to nobody.",
    ),
    edit(
        "label_smoothing", "eps_and_rest_swapped", "(1 - eps) * np.eye(classes)[labels] + eps / classes",
        "eps * np.eye(classes)[labels] + (1 - eps) / classes",
        "The two shares are exchanged. With eps = 0 the labels should be hard.",
    ),
    edit(
        "label_kept", "digit_upside_down", '{"a", "c", "f"}', '{"a", "b", "c", "f"}',
        "Draw a 6 and exchange its top and bottom. Would somebody who sees only that still call it a 6?",
    ),
    edit(
        "label_kept", "arrow_in_a_mirror", '{"a", "c", "f"}', '{"a", "c", "d", "f"}',
        "In a mirror an arrow to the left points to the right, and those are the two labels.",
    ),
    edit(
        "label_kept", "no_pools", '{"a", "c", "f"}', '{"a", "f"}',
        "You are wary of every vertical flip. But which way is up in a picture from a satellite?",
    ),
    edit(
        "label_kept", "tomatoes", '{"a", "c", "f"}', '{"a", "c", "e", "f"}',
        "What tells a ripe tomato from an unripe one is its colour: half a turn of hue makes red into cyan.",
    ),
    edit(
        "label_kept", "no_shifts", '{"a", "c", "f"}', '{"a", "c"}',
        "Would a person who reads the digit give it another label, because it stands one pixel of 28 further on?",
    ),
    edit(
        "whole_squares", "along_one_axis", "(inside / side) ** 2", "inside / side",
        "That is the share for rows alone. Rows and columns must both lie inside.",
    ),
    edit(
        "whole_squares", "one_less", "(inside / side) ** 2", "((inside - 1) / side) ** 2",
        "You count one centre too few along each axis. From the centre, the square reaches one row further back "
        "than ahead. Count once more.",
    ),
    edit(
        "whole_squares", "always", "(inside / side) ** 2", "1.0",
        "You take the square to lie inside always. But the centre may be any pixel, those in the corners too.",
    ),
    edit(
        "color_of_each", "hue_of_grey", '"b": "grey"', '"b": "green"',
        "Colour (b) has the hue of green, but what is its saturation?",
    ),
    edit(
        "color_of_each", "hue_of_white", '"e": "white"', '"e": "green"',
        "Colour (e) has the hue of green and full saturation, but what is its lightness? How much chroma does that"
        " leave?",
    ),
    rewrite(
        "color_of_each", "hue_alone",
        """
        color_of_each = {
            "a": "red",
            "b": "green",
            "c": "blue",
            "d": "red",
            "e": "green",
        }
        """,
        "You went by the hue alone. Two of the five have no colour to speak of: look at their s and l.",
    ),
    edit(
        "color_of_each", "no_circle", '"d": "red"', '"d": "blue"',
        "0.97 is further from red than 0.67 along a line. But the hue is a circle.",
    ),
    edit(
        "augmentation_effects", "always_better", '"a": "little"', '"a": "helps"',
        "You expect crops to help on digits that are never shifted. What does a network gain there from having "
        "learned shifts?",
    ),
    edit(
        "augmentation_effects", "strangers_harm", '"a": "little"', '"a": "harms"',
        "The digits as they are do occur among the crops, as one shift of nine, and the label of each crop is right. "
        "Is that so much worse than no crops?",
    ),
    edit(
        "augmentation_effects", "a_pixel_is_little", '"b": "helps"', '"b": "little"',
        "You expect that one pixel does little harm to a network without crops. It has no notion of neighbours: each "
        "pixel is a column of its own, and a digit is eight pixels wide.",
    ),
    edit(
        "augmentation_effects", "flips_are_harmless", '"c": "harms"', '"c": "little"',
        "You expect flips to do no harm. Look at the flipped digits of section 1: which of them could pass for "
        "another digit?",
    ),
    edit(
        "augmentation_effects", "more_data_helps", '"c": "harms"', '"c": "helps"',
        "Flips make more images, but of what? An image that never comes up in the test, or looks like another digit, "
        "is no more data.",
    ),
    rewrite(
        "augmentation_effects", "always_helps",
        """
        augmentation_effects = {"a": "helps", "b": "helps", "c": "helps"}
        """,
        "More images are not always better ones. Ask of each: does the test hold such images, and is the label right?",
    ),
]
