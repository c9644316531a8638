"""Likely mistakes of lesson 02b."""

from course_grader.authoring.mistake_bank import edit, rewrite

MISTAKES = [
    edit(
        "horizontal_flip", "rows", "[:, :, ::-1]", "[:, ::-1]",
        "You swapped top and bottom. Left and right are a matter of the columns: which axis counts them?",
    ),
    edit(
        "horizontal_flip", "channels", "[:, :, ::-1]", "[..., ::-1]",
        "The colours changed but nothing moved: you reversed red, green and blue. The columns are not the last axis "
        "here.",
    ),
    edit(
        "horizontal_flip", "batch", "[:, :, ::-1]", "[::-1]",
        "You reversed the order of the images in the batch, so each gets another image's label. The first axis is the "
        "batch.",
    ),
    edit(
        "horizontal_flip", "all_axes", "images[:, :, ::-1]", "np.flip(images)",
        "You reversed everything: the order of the images, rows, columns and colours. Which axis should be reversed?",
    ),
    edit(
        "horizontal_flip", "half_a_turn", "[:, :, ::-1]", "[:, ::-1, ::-1]",
        "You reversed rows and columns: that is half a turn, not a mirror image.",
    ),
    edit(
        "horizontal_flip", "transposed", "images[:, :, ::-1]", "images.swapaxes(1, 2)",
        "Rows and columns have changed places, as in a transpose. A mirror image keeps the rows and reads them "
        "backwards.",
    ),
    edit(
        "horizontal_flip", "columns_and_channels", "[:, :, ::-1]", "[:, :, ::-1, ::-1]",
        "The positions are right, but red and blue are swapped: the last axis should stay as it is.",
    ),
    edit(
        "horizontal_flip", "in_place", "return images[:, :, ::-1]",
        "images[:] = images[:, :, ::-1].copy()\n    return images",
        "Your function changes the caller's images. The next epoch needs the originals.",
    ),
    edit(
        "vertical_flip", "columns", "[:, ::-1]", "[:, :, ::-1]",
        "You swapped left and right. Top and bottom are a matter of the rows: which axis counts them?",
    ),
    edit(
        "vertical_flip", "batch", "[:, ::-1]", "[::-1]",
        "You reversed the order of the images in the batch, so each gets another image's label. `np.flipud` does the "
        "same: it reverses the first axis.",
    ),
    edit(
        "vertical_flip", "channels", "[:, ::-1]", "[..., ::-1]",
        "The colours changed but nothing moved: you reversed red, green and blue.",
    ),
    edit(
        "vertical_flip", "all_axes", "images[:, ::-1]", "np.flip(images)",
        "You reversed everything: the order of the images, rows, columns and colours. Which axis should be reversed?",
    ),
    edit(
        "vertical_flip", "half_a_turn", "[:, ::-1]", "[:, ::-1, ::-1]",
        "You reversed rows and columns: that is half a turn, not a mirror image.",
    ),
    edit(
        "vertical_flip", "batch_and_rows", "[:, ::-1]", "[::-1, ::-1]",
        "Each image is flipped correctly, but the images are in reverse order, so they get each other's labels.",
    ),
    edit(
        "vertical_flip", "in_place", "return images[:, ::-1]",
        "images[:] = images[:, ::-1].copy()\n    return images",
        "Your function changes the caller's images. The next epoch needs the originals.",
    ),
    edit(
        "random_crop", "one_offset_for_all",
        "rng.integers(2 * pad + 1, size=(count, 2))", "[rng.integers(2 * pad + 1, size=2)] * count",
        "All images of the batch are shifted by the same amount. Each needs its own draw.",
    ),
    edit(
        "random_crop", "last_offset_never", "rng.integers(2 * pad + 1,", "rng.integers(2 * pad,",
        "The largest offset never occurs: `rng.integers(m)` ends at m - 1. How many numbers are there from 0 to 2*pad?",
    ),
    edit(
        "random_crop", "row_is_column",
        "rng.integers(2 * pad + 1, size=(count, 2))",
        "np.repeat(rng.integers(2 * pad + 1, size=(count, 1)), 2, axis=1)",
        "Your images move only along the diagonal: the row offset and the column offset are the same number.",
    ),
    edit(
        "random_crop", "only_up_to_pad", "rng.integers(2 * pad + 1,", "rng.integers(pad + 1,",
        "Your offsets end at pad, so the content moves only down and to the right. Offsets go up to 2*pad.",
    ),
    edit(
        "random_crop", "padded_by_edge", "(0, 0)))", "(0, 0)), mode=\"edge\")",
        "You fill the frame with copies of the border pixels. Here the frame should be black, which is 0.",
    ),
    edit(
        "random_crop", "padded_by_mirror", "(0, 0)))", "(0, 0)), mode=\"symmetric\")",
        "You fill the frame with a mirror image of the border. Here the frame should be black, which is 0.",
    ),
    edit(
        "random_crop", "rolled", "out[i] = padded[i, row : row + height, column : column + width]",
        "out[i] = np.roll(images[i], (pad - row, pad - column), axis=(0, 1))",
        "Pixels that leave your image on one side come back on the other. Here they are lost, and zeros come in "
        "instead.",
    ),
    edit(
        "random_crop", "not_cropped", "    out = np.empty_like(images)", "    return padded\n    out = None",
        "Your result is larger than the images: it is padded, but not cropped back to H by W.",
    ),
    edit(
        "random_crop", "generator_of_its_own", "rng.integers", "np.random.default_rng(0).integers",
        "Every batch gets the same shifts: you create a new generator with the same seed each time. Use the rng that "
        "was passed in.",
    ),
    edit(
        "rescale", "nearest", "above = place.astype(int)", "place = np.floor(place + 0.5); above = place.astype(int)",
        "Each new pixel copies the nearest old one. Bilinear interpolation mixes the two next to the position.",
    ),
    edit(
        "rescale", "aligned_corners",
        "np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)",
        "np.linspace(0, size - 1, new_size)",
        "Your first and last pixels stay in place: you use aligned corners. Here the *edges* of the image stay in "
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
        "You go from edges to centres in the new image, but not back to row numbers in the old one.",
    ),
    edit(
        "rescale", "row_over_factor",
        "(np.arange(new_size) + 0.5) * size / new_size - 0.5", "np.arange(new_size) / factor",
        "You divide a row's number by the factor. A pixel's value belongs to its centre, half a pixel from its edge, "
        "and since H and H' are integers, their ratio is not exactly the factor.",
    ),
    edit(
        "rescale", "not_clamped", "np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)",
        "np.minimum((np.arange(new_size) + 0.5) * size / new_size - 0.5, size - 1)",
        "Positions before the first row are negative, and there you extrapolate beyond the border. To which range does "
        "the formula clamp them?",
    ),
    edit(
        "rescale", "size_cut_off", "size * factor + 0.5", "size * factor",
        "You truncate the new size instead of rounding it: what does the half in the formula of the size do?",
    ),
    edit(
        "rescale", "rounded_to_even", "max(1, math.floor(size * factor + 0.5))", "max(1, round(size * factor))",
        "Python's `round` rounds a half to the even neighbour, 2.5 to 2. The formula rounds every half up.",
    ),
    edit(
        "rescale", "may_be_empty", "max(1, math.floor(size * factor + 0.5))", "math.floor(size * factor + 0.5)",
        "A small image times a small factor becomes empty. The new image keeps at least one row and one column.",
    ),
    edit(
        "rescale", "factor_for_the_place", "* size / new_size - 0.5", "/ factor - 0.5",
        "You divide by the factor. The sizes are integers, so H/H' is not exactly 1/factor; the formula uses H/H'.",
    ),
    edit(
        "rescale", "shares_swapped",
        "(1 - share) * image[above] + share * image[below]", "share * image[above] + (1 - share) * image[below]",
        "You swapped f and 1 - f: if the position is exactly row k, the whole value comes from row k.",
    ),
    edit(
        "rescale", "rows_only", ".swapaxes(0, 1)\n", "\n        break\n",
        "The rows are right, but the columns still have the old size. Both must be scaled.",
    ),
    edit(
        "rescale", "accepts_zero", "if factor <= 0:", "if factor < 0:",
        "A factor of 0 leaves no image. It should raise ValueError too.",
    ),
    edit(
        "rescale", "accepts_all", "if factor <= 0:", "if False:",
        "A factor of 0 or less gives no image. What does the docstring ask for in that case?",
    ),
    edit(
        "random_scale_crop", "one_factor_for_all",
        "rng.uniform(low, high, size=len(images))", "[rng.uniform(low, high)] * len(images)",
        "All images of the batch get the same factor. Each needs its own draw.",
    ),
    edit(
        "random_scale_crop", "ends_only",
        "rng.uniform(low, high, size=len(images))", "rng.choice([low, high], size=len(images))",
        "Only the factors low and high occur. All values between them should occur too.",
    ),
    edit(
        "random_scale_crop", "cut_at_the_corner",
        "(scaled.shape[0] - rows) // 2, (scaled.shape[1] - columns) // 2", "0, 0",
        "If the scaled image is larger, you keep its top left corner. Which part should remain?",
    ),
    edit(
        "random_scale_crop", "padded_at_the_corner",
        "top, left = (height - rows) // 2, (width - columns) // 2", "top, left = 0, 0",
        "If the scaled image is smaller, you put it in the top left corner. Where should it be?",
    ),
    edit(
        "random_scale_crop", "rounded_up",
        "(scaled.shape[0] - rows) // 2, (scaled.shape[1] - columns) // 2",
        "(scaled.shape[0] - rows + 1) // 2, (scaled.shape[1] - columns + 1) // 2",
        "If the surplus is odd, you cut the larger half from the top and the left. It should come off the bottom and "
        "the right.",
    ),
    edit(
        "random_scale_crop", "gap_rounded_up",
        "(height - rows) // 2, (width - columns) // 2", "(height - rows + 1) // 2, (width - columns + 1) // 2",
        "If the gap is odd, you put the larger half at the top and the left. It belongs at the bottom and the right.",
    ),
    edit(
        "random_scale_crop", "filled_with_the_original", "np.zeros_like(images)", "images.copy()",
        "The original image is visible around a smaller one. What should fill the border?",
    ),
    edit(
        "random_scale_crop", "in_place", "np.zeros_like(images)", "images",
        "You write into the caller's images. The result needs its own array.",
    ),
    edit(
        "cutout", "changes_its_input", "images.copy()", "images",
        "You cut the holes into the original images, so every epoch adds another hole.",
    ),
    edit(
        "cutout", "same_square_for_all", "rng.integers(height) - size // 2, rng.integers(width) - size // 2",
        "np.random.default_rng(0).integers(height) - size // 2, np.random.default_rng(1).integers(width) - size // 2",
        "All images have their hole at the same place. Each needs its own draw, from the rng that was passed in.",
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
        "Within a batch all holes are at the same place. How many centres should you draw?",
    ),
    edit(
        "cutout", "centre_kept_inside", "rng.integers(height) - size // 2, rng.integers(width) - size // 2",
        "rng.integers(height - size + 1), rng.integers(width - size + 1)",
        "Your squares always lie wholly inside. The centre may be any pixel, including those on the border; then part "
        "of the square is cut off.",
    ),
    edit(
        "cutout", "wraps_around",
        "out[i, max(0, top) : top + size, max(0, left) : left + size] = 0.0",
        "out[i, top : top + size, left : left + size] = 0.0",
        "Near the top or the left edge you cover nothing, or the wrong part: a negative start of a slice counts from "
        "the end.",
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
        "You cover only one channel, so a patch of another colour remains. The square should be black.",
    ),
    edit(
        "cutout", "mean_colour", "left + size] = 0.0", "left + size] = out[i].mean()",
        "You fill the square with the mean of the image. Others do that too, but here the fill is 0.",
    ),
    edit(
        "rgb_to_hsl", "hsv", "[hue / 6, saturation, lightness]",
        "[hue / 6, chroma / np.where(top == 0, 1.0, top), top]",
        "This is HSV: its value is the largest channel. Lightness is the midpoint of the largest and the smallest.",
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
        "Some grey, black or white pixels come out as NaN: you divide 0 by 0 there. Look at both divisors. Hue and "
        "saturation should be 0.",
    ),
    edit(
        "rgb_to_hsl", "degrees", "[hue / 6, saturation", "[60 * hue, saturation",
        "Your hue is in degrees. Here it is in turns, from 0 to 1.",
    ),
    edit(
        "rgb_to_hsl", "sixths", "[hue / 6, saturation", "[hue, saturation",
        "Your hue goes up to 6: the formula gives six times the hue.",
    ),
    edit(
        "rgb_to_hsl", "order_hls", "[hue / 6, saturation, lightness]", "[hue / 6, lightness, saturation]",
        "Your order is h, l, s, as in `colorsys`. Here it is h, s, l.",
    ),
    edit(
        "rgb_to_hsl", "negative_hue", "(g - b) / divisor % 6", "(g - b) / divisor",
        "A red that leans towards blue gets a negative hue in your result. What does the remainder in the formula do?",
    ),
    edit(
        "rgb_to_hsl", "stacked_first", "lightness], axis=-1)", "lightness])",
        "You stack h, s and l along a new *first* axis. They belong along the last one.",
    ),
    edit(
        "rgb_to_hsl", "mean_for_lightness", "(top + bottom) / 2", "rgb.mean(axis=-1)",
        "Your lightness is the mean of the three channels. It should be the midpoint of the largest and the smallest.",
    ),
    edit(
        "rgb_to_hsl", "dark_formula_for_light",
        "np.where(lightness <= 0.5, top + bottom, 2 - top - bottom)", "top + bottom",
        "Light colours come out with too little saturation. Above l = 1/2 the upper end of the range limits the "
        "chroma, not the lower.",
    ),
    edit(
        "rgb_to_hsl", "chroma_for_saturation", "chroma / np.where(chroma == 0, 1.0, largest)", "chroma",
        "This is the chroma. Saturation compares it to the largest chroma possible at this lightness.",
    ),
    edit(
        "rgb_to_hsl", "green_and_blue_swapped",
        "(b - r) / divisor + 2, (r - g) / divisor + 4", "(b - r) / divisor + 4, (r - g) / divisor + 2",
        "Green and blue each have the other's third of the circle. Which one follows red?",
    ),
    edit(
        "hsl_to_rgb", "hsv", "lightness - chroma / 2 + chroma * share",
        "lightness - lightness * saturation + lightness * saturation * share",
        "You treat the third number as the value of HSV, the largest channel. Lightness is the midpoint.",
    ),
    edit(
        "hsl_to_rgb", "degrees", "(hue - own_hues + 0.5)", "(hue / 360 - own_hues + 0.5)",
        "You treat the hue as degrees. It is in turns, from 0 to 1.",
    ),
    edit(
        "hsl_to_rgb", "order_hls", "hue, saturation, lightness =", "hue, lightness, saturation =",
        "You read the numbers in the order h, l, s, as in `colorsys`. Here it is h, s, l.",
    ),
    edit(
        "hsl_to_rgb", "not_around_the_circle", "np.abs((hue - own_hues + 0.5) % 1 - 0.5)", "np.abs(hue - own_hues)",
        "A hue of 0.95 is close to red, but far away in your result. Measure the distance around the circle.",
    ),
    edit(
        "hsl_to_rgb", "share_not_clipped", "np.clip(2 - 6 * distance, 0, 1)", "2 - 6 * distance",
        "Some channels come out above the largest or below the smallest: the share must stay between 0 and 1.",
    ),
    edit(
        "hsl_to_rgb", "chroma_of_dark_colours", "saturation * (1 - np.abs(2 * lightness - 1))",
        "saturation * 2 * lightness",
        "Your light colours leave the range: above l = 1/2 there is less room for chroma, not more.",
    ),
    edit(
        "hsl_to_rgb", "sizes_forgotten", "1 - np.abs(2 * lightness - 1)", "1 - (2 * lightness - 1)",
        "Your dark colours leave the range: the chroma is largest at l = 1/2, and falls towards black as well as "
        "towards white.",
    ),
    edit(
        "hsl_to_rgb", "one_way_round", "np.abs((hue - own_hues + 0.5) % 1 - 0.5)", "((hue - own_hues + 0.5) % 1 - 0.5)",
        "A distance is never negative. Yours is negative for hues on one side of the channel's own hue, and all of "
        "these get a share of 1.",
    ),
    edit(
        "hsl_to_rgb", "smallest_is_lightness", "lightness - chroma / 2 + chroma * share", "lightness + chroma * share",
        "You start from the lightness, which is the midpoint. The smallest channel is half the chroma below it.",
    ),
    edit(
        "hsl_to_rgb", "green_and_blue_swapped", "[0, 1 / 3, 2 / 3]", "[0, 2 / 3, 1 / 3]",
        "Green and blue are swapped. Which of them is at a third of a turn?",
    ),
    edit(
        "color_jitter", "not_clipped", "np.clip(l.mean() + c * (l - l.mean()) + b, 0, 1)",
        "l.mean() + c * (l - l.mean()) + b",
        "A lightness below 0 or above 1 is not a colour. What does the formula do about it?",
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
        "You draw separately for red, green and blue, so the colours change. Only the lightness should change.",
    ),
    rewrite(
        "color_jitter", "in_rgb",
        """
        def color_jitter(image, brightness, contrast, rng):
            b = rng.uniform(-brightness, brightness)
            c = rng.uniform(1 - contrast, 1 + contrast)
            return np.clip(image.mean() + c * (image - image.mean()) + b, 0, 1)
        """,
        "You stretch and shift red, green and blue themselves, which changes the saturation. In which coordinates can "
        "you change the lightness alone?",
    ),
    edit(
        "color_jitter", "shift_per_pixel", "rng.uniform(-brightness, brightness)",
        "rng.uniform(-brightness, brightness, size=image.shape[:2])",
        "You draw a shift for each pixel: that is noise. A change of light affects the whole image alike.",
    ),
    edit(
        "color_jitter", "brighter_only", "rng.uniform(-brightness, brightness)", "rng.uniform(0, brightness)",
        "Your images become lighter and never darker. What is the range of b?",
    ),
    edit(
        "color_jitter", "stretched_about_zero", "l.mean() + c * (l - l.mean()) + b", "c * l + b",
        "Your contrast also changes the mean lightness. Around which value should you stretch?",
    ),
    edit(
        "color_jitter", "stretched_about_half", "l.mean() + c * (l - l.mean()) + b", "0.5 + c * (l - 0.5) + b",
        "You stretch around 1/2. The image's own mean lightness should stay where it is.",
    ),
    edit(
        "color_jitter", "shift_stretched", "l.mean() + c * (l - l.mean()) + b", "l.mean() + c * (l + b - l.mean())",
        "Your stretch multiplies the shift as well. The shift should be added as it was drawn.",
    ),
    edit(
        "color_jitter", "contrast_about_zero", "rng.uniform(1 - contrast, 1 + contrast)",
        "rng.uniform(-contrast, contrast)",
        "You draw the stretch c around 0, which flattens the image or turns it into a negative. c = 1 means no change.",
    ),
    edit(
        "color_jitter", "one_draw_for_both", "c = rng.uniform(1 - contrast, 1 + contrast)",
        "c = 1 + contrast * (b / brightness if brightness else 0)",
        "Every lighter image also has more contrast: your b and c come from one draw. They should be independent.",
    ),
    edit(
        "majority_vote", "mean", "return votes.argmax(axis=0)",
        "return np.rint(predictions.mean(axis=0)).astype(int)",
        "You take the mean of labels. Labels are names: the mean of a 1 and a 9 is not a 5. Count instead.",
    ),
    edit(
        "majority_vote", "mean_not_rounded", "return votes.argmax(axis=0)", "return predictions.mean(axis=0)",
        "You return the mean of labels, which may not be a label at all. Count how often each occurs.",
    ),
    edit(
        "majority_vote", "median", "return votes.argmax(axis=0)",
        "return np.sort(predictions, axis=0)[len(predictions) // 2]",
        "You take the median, as if labels had an order. Count how often each occurs.",
    ),
    edit(
        "majority_vote", "tie_to_largest", "return votes.argmax(axis=0)",
        "return labels[-1] - votes[::-1].argmax(axis=0)",
        "In a tie you choose the largest label. Which one should win?",
    ),
    rewrite(
        "majority_vote", "tie_to_first_seen",
        """
        def majority_vote(predictions):
            columns = [list(column) for column in predictions.T]
            return np.array([max(column, key=column.count) for column in columns])
        """,
        "In a tie you choose the label that comes first among the views. Which one should win?",
    ),
    edit(
        "majority_vote", "along_images", "(predictions == labels[:, None, None]).sum(axis=1)",
        "(predictions == labels[:, None, None]).sum(axis=2)",
        "You count along the images, so each *view* gets a label. The views of one image are in one column.",
    ),
    edit(
        "majority_vote", "number_of_votes", "votes.argmax(axis=0)", "votes.max(axis=0)",
        "You return how many votes the winner has. Which label is it?",
    ),
    edit(
        "mixup", "labels_not_mixed", "lam * Y + (1 - lam) * Y[partner]", "1.0 * Y",
        "You mix the images but not the labels. If half of the image is a flower, half of the label should be too.",
    ),
    edit(
        "mixup", "labels_the_other_way", "lam * Y + (1 - lam) * Y[partner]", "(1 - lam) * Y + lam * Y[partner]",
        "In your labels lambda and 1 - lambda are swapped: an example's label needs the same factor as its image.",
    ),
    edit(
        "mixup", "another_partner_for_labels", "(1 - lam) * Y[partner]", "(1 - lam) * Y[rng.permutation(len(X))]",
        "You mix images and labels with different partners. Draw the permutation once, and use it twice.",
    ),
    edit(
        "mixup", "lambda_per_example", "lam = rng.beta(alpha, alpha)",
        "lams = rng.beta(alpha, alpha, size=len(X))\n"
        "    if len(X) > 1:\n"
        "        p = rng.permutation(len(X))\n"
        "        a, b = (lams.reshape((-1,) + (1,) * (Z.ndim - 1)) for Z in (X, Y))\n"
        "        return a * X + (1 - a) * X[p], b * Y + (1 - b) * Y[p]\n"
        "    lam = lams[0]",
        "You draw a lambda for each example. Others do that too, but here one is drawn for the whole batch.",
    ),
    edit(
        "mixup", "uniform", "rng.beta(alpha, alpha)", "rng.uniform()",
        "Your lambda is uniform, whatever alpha is. A small alpha should give mixtures that are nearly pure.",
    ),
    edit(
        "mixup", "larger_share_first", "rng.beta(alpha, alpha)",
        "max(rng.beta(alpha, alpha), 0.5); lam = max(lam, 1 - lam)",
        "Your lambda is never below 1/2. Some variants do that; here lambda is a plain Beta draw, above or below 1/2.",
    ),
    edit(
        "mixup", "beta_with_one", "rng.beta(alpha, alpha)", "rng.beta(alpha, 1.0)",
        "The two parameters of your Beta distribution differ, so lambda favours one side. Both should be alpha.",
    ),
    edit(
        "mixup", "reversed_batch", "rng.permutation(len(X))", "np.arange(len(X))[::-1]",
        "Your partners are always the same: the batch in reverse. The order should be random.",
    ),
    edit(
        "mixup", "drawn_with_replacement", "rng.permutation(len(X))", "rng.integers(len(X), size=len(X))",
        "You draw partners with replacement: some examples occur several times, others not at all. A permutation takes "
        "each once.",
    ),
    edit(
        "label_smoothing", "classes_minus_one", "np.eye(classes)[labels] + eps / classes",
        "np.eye(classes)[labels] + eps * (1 - np.eye(classes)[labels]) / (classes - 1)",
        "You spread eps over the wrong classes only. Here it goes to all of them, including the right one.",
    ),
    edit(
        "label_smoothing", "rows_sum_to_more", "eps / classes", "eps / (classes - 1)",
        "You divide by one class too few, so the rows sum to more than 1. The right class gets its share too.",
    ),
    edit(
        "label_smoothing", "not_taken_from_the_right_class", "(1 - eps) * np.eye(classes)[labels]",
        "np.eye(classes)[labels]",
        "Your rows sum to more than 1: what you give to all classes must be taken from the right one.",
    ),
    edit(
        "label_smoothing", "eps_to_each", "eps / classes", "eps",
        "You give eps to *each* class. It is the total share of all of them together.",
    ),
    edit(
        "label_smoothing", "only_taken", " + eps / classes", "",
        "Your rows sum to less than 1: you take eps away, but give it to no class.",
    ),
    edit(
        "label_smoothing", "eps_and_rest_swapped", "(1 - eps) * np.eye(classes)[labels] + eps / classes",
        "eps * np.eye(classes)[labels] + (1 - eps) / classes",
        "You swapped eps and 1 - eps. With eps = 0 the labels should be hard.",
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
        "A ripe and an unripe tomato differ in colour, and half a turn of hue turns red into cyan.",
    ),
    edit(
        "label_kept", "no_shifts", '{"a", "c", "f"}', '{"a", "c"}',
        "Would a person who reads the digit give it another label because it is shifted by one pixel of 28?",
    ),
    edit(
        "whole_squares", "along_one_axis", "(inside / side) ** 2", "inside / side",
        "That is the share for rows alone. Both rows and columns must lie inside.",
    ),
    edit(
        "whole_squares", "one_less", "(inside / side) ** 2", "((inside - 1) / side) ** 2",
        "You count one centre too few along each axis. The square reaches one row further above its centre than below "
        "it. Count again.",
    ),
    edit(
        "whole_squares", "always", "(inside / side) ** 2", "1.0",
        "You assume that the square always lies inside. But the centre may be any pixel, including those in the "
        "corners.",
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
        "You looked only at the hue. Two of the five have no visible colour: look at their s and l.",
    ),
    edit(
        "color_of_each", "no_circle", '"d": "red"', '"d": "blue"',
        "On a line 0.97 is further from red than 0.67. But the hue is a circle.",
    ),
    edit(
        "augmentation_effects", "always_better", '"a": "little"', '"a": "helps"',
        "You expect crops to help on digits that are never shifted. What does a network gain there from having "
        "learned shifts?",
    ),
    edit(
        "augmentation_effects", "strangers_harm", '"a": "little"', '"a": "harms"',
        "The unshifted digits are among the crops too, as one shift of nine, and every crop has the right label. "
        "Is that so much worse than no crops?",
    ),
    edit(
        "augmentation_effects", "a_pixel_is_little", '"b": "helps"', '"b": "little"',
        "You expect that one pixel does little harm to a network without crops. But the network does not know which "
        "pixels are neighbours: each is a separate input, and a digit is only eight pixels wide.",
    ),
    edit(
        "augmentation_effects", "flips_are_harmless", '"c": "harms"', '"c": "little"',
        "You expect flips to do no harm. Look at the flipped digits of section 1: which of them could pass for "
        "another digit?",
    ),
    edit(
        "augmentation_effects", "more_data_helps", '"c": "harms"', '"c": "helps"',
        "Flips make more images, but of what? An image that never occurs in the test, or looks like another digit, is "
        "not more data.",
    ),
    rewrite(
        "augmentation_effects", "always_helps",
        """
        augmentation_effects = {"a": "helps", "b": "helps", "c": "helps"}
        """,
        "More images are not always better ones. Ask for each: does the test contain such images, and is the label "
        "right?",
    ),
]
