//! The functions that every export is made of; those that a network has no use for are left out.

use crate::cost::{Leak, WeightBits};

/// Reads a weight of a packed row.
pub(super) fn weight(bits: WeightBits) -> &'static str {
    match bits {
        WeightBits::Eight => "static int weight(const int8_t *row, unsigned place)\n{\n    return row[place];\n}\n",
        WeightBits::Four => {
            "static int weight(const uint8_t *row, unsigned place)\n{\n    \
             return (int)(((row[place >> 1] >> (4 * (place & 1))) & 15) ^ 8) - 8;\n}\n"
        }
        WeightBits::Two => {
            "static int weight(const uint8_t *row, unsigned place)\n{\n    \
             return (int)(((row[place >> 2] >> (2 * (place & 3))) & 3) ^ 2) - 2;\n}\n"
        }
    }
}

/// Adds a bias to a plane.
pub(super) const BIAS: &str = "\
static void add_bias(int16_t *plane, unsigned sums, int bias)
{
    unsigned place;
    for (place = 0; place < sums; ++place) {
        plane[place] = (int16_t)(plane[place] + bias);
    }
}
";

/// A 3x3 convolution of the image.
pub(super) const SHOW: &str = "\
/* Adds the 3x3 convolution of the image for one output channel. */
static void show(int16_t *plane, const uint8_t *image, const WEIGHT *row, int step, int bias, unsigned shift)
{
    unsigned channel, y, x, dy, dx;
    for (y = 0; y < ROWS; ++y) {
        int16_t *to = plane + (y + 1) * (COLUMNS + 2) + 1;
        for (x = 0; x < COLUMNS; ++x, ++to) {
            int32_t sum = 0;
            for (channel = 0; channel < CHANNELS; ++channel) {
                for (dy = y ? 0 : 1; dy < 3 && y + dy <= ROWS; ++dy) {
                    const uint8_t *from = image + (channel * ROWS + y + dy - 1) * COLUMNS;
                    for (dx = x ? 0 : 1; dx < 3 && x + dx <= COLUMNS; ++dx) {
                        int value = (from[x + dx - 1] - zero[channel] + PIXEL_HALF) >> PIXEL_SHIFT;
                        sum += value * weight(row, 9 * channel + 3 * dy + dx);
                    }
                }
            }
            *to = (int16_t)(*to + bias + ((sum * step + ((1 << shift) >> 1)) >> shift));
        }
    }
}
";

/// A 3x3 convolution of spikes.
pub(super) const CONVOLVE3: &str = "\
/* Adds the 3x3 convolution of spikes for one output channel. */
static void convolve3(int16_t *plane, const uint8_t *spikes, unsigned inputs, unsigned rows, unsigned columns,
                      const WEIGHT *row, int step, int bias)
{
    unsigned input, y, first, tap, pitch = columns + 2;
    add_bias(plane, (rows + 2) * pitch, bias);
    for (input = 0; input < inputs; ++input) {
        int w[9];
        for (tap = 0; tap < 9; ++tap) {
            w[tap] = step * weight(row, 9 * input + tap);
        }
        for (y = 0; y < rows; ++y) {
            for (first = 0; first < columns; first += 8) {
                unsigned bits = *spikes++;
                int16_t *to = plane + y * pitch + first;
                for (; bits; bits >>= 1, ++to) {
                    if (bits & 1) {
                        to[0] = (int16_t)(to[0] + w[8]);
                        to[1] = (int16_t)(to[1] + w[7]);
                        to[2] = (int16_t)(to[2] + w[6]);
                        to[pitch] = (int16_t)(to[pitch] + w[5]);
                        to[pitch + 1] = (int16_t)(to[pitch + 1] + w[4]);
                        to[pitch + 2] = (int16_t)(to[pitch + 2] + w[3]);
                        to[2 * pitch] = (int16_t)(to[2 * pitch] + w[2]);
                        to[2 * pitch + 1] = (int16_t)(to[2 * pitch + 1] + w[1]);
                        to[2 * pitch + 2] = (int16_t)(to[2 * pitch + 2] + w[0]);
                    }
                }
            }
        }
    }
}
";

/// A 3x3 convolution of spikes, summed over tiles.
pub(super) const CONVOLVE3_TILES: &str = "\
/* Adds the 3x3 convolution of spikes for one output channel, the sums of tiles: rows and columns are those of the spikes. */
static void convolve3_tiles(int16_t *plane, const uint8_t *spikes, unsigned inputs, unsigned rows, unsigned columns,
                            unsigned tile, const WEIGHT *row, int step, int bias)
{
    unsigned input, y, first, tap, pitch = columns / tile + 2;
    add_bias(plane, (rows / tile + 2) * pitch, bias);
    for (input = 0; input < inputs; ++input) {
        int w[9];
        for (tap = 0; tap < 9; ++tap) {
            w[tap] = step * weight(row, 9 * input + tap);
        }
        for (y = 0; y < rows; ++y) {
            for (first = 0; first < columns; first += 8) {
                unsigned bits = *spikes++, x = first;
                for (; bits; bits >>= 1, ++x) {
                    if (bits & 1) {
                        for (tap = 0; tap < 9; ++tap) {
                            int16_t *to = plane + (y + 1 - tap / 3 + tile) / tile * pitch + (x + 1 - tap % 3 + tile) / tile;
                            *to = (int16_t)(*to + w[tap]);
                        }
                    }
                }
            }
        }
    }
}
";

/// A 1x1 convolution of spikes.
pub(super) const CONVOLVE1: &str = "\
/* Adds the 1x1 convolution of spikes for one output channel. */
static void convolve1(int16_t *plane, const uint8_t *spikes, unsigned inputs, unsigned rows, unsigned columns,
                      const WEIGHT *row, int step, int bias)
{
    unsigned input, y, first, pitch = columns + 2;
    add_bias(plane, (rows + 2) * pitch, bias);
    for (input = 0; input < inputs; ++input) {
        int w = step * weight(row, input);
        for (y = 0; y < rows; ++y) {
            for (first = 0; first < columns; first += 8) {
                unsigned bits = *spikes++;
                int16_t *to = plane + (y + 1) * pitch + first + 1;
                for (; bits; bits >>= 1, ++to) {
                    if (bits & 1) {
                        *to = (int16_t)(*to + w);
                    }
                }
            }
        }
    }
}
";

/// The average of the nine pixels around each.
pub(super) const AVERAGE: &str = "\
/* Adds the average of the nine pixels around each; beyond the border are zeros. */
static void average3(int16_t *plane, int16_t *from, unsigned rows, unsigned columns)
{
    unsigned y, x, pitch = columns + 2;
    memset(from, 0, pitch * sizeof from[0]);
    memset(from + (rows + 1) * pitch, 0, pitch * sizeof from[0]);
    for (y = 1; y <= rows; ++y) {
        from[y * pitch] = 0;
        from[y * pitch + columns + 1] = 0;
    }
    for (y = 0; y < rows; ++y) {
        for (x = 0; x < columns; ++x) {
            const int16_t *a = from + y * pitch + x, *b = a + pitch, *c = b + pitch;
            int32_t sum = (int32_t)a[0] + a[1] + a[2] + b[0] + b[1] + b[2] + c[0] + c[1] + c[2];
            int16_t *to = plane + (y + 1) * pitch + x + 1;
            *to = (int16_t)(*to + ((sum * 3641 + 16384) >> 15));
        }
    }
}
";

/// What becomes of a membrane `v` with a current `current`.
pub(super) fn leak(leak: Leak) -> String {
    match leak {
        Leak::Exact { shift: Some(shift), fraction } => format!("(v >> {shift}) + current * {}", 1_u32 << fraction),
        Leak::Exact { shift: None, .. } => "current".into(),
        Leak::Shift { parts: 1024 } => "(v >> 2) + current".into(),
        Leak::Shift { parts } => format!("((v * {parts}) >> 12) + current"),
    }
}

/// A timestep of the neurons of one channel.
pub(super) const FIRE: &str = "\
/* A timestep of the neurons of one channel. */
static void fire(const int16_t *plane, membrane *membranes, int32_t threshold, int32_t sign, int32_t bias,
                 uint8_t *spikes, unsigned rows, unsigned columns)
{
    unsigned y, x, pitch = columns + 2;
    for (y = 0; y < rows; ++y) {
        const int16_t *from = plane + (y + 1) * pitch + 1;
        unsigned bits = 0;
        for (x = 0; x < columns; ++x) {
            int32_t v = *membranes, current = sign * *from++ + bias;
            v = LEAK;
            if (v >= threshold) {
                v = 0;
                bits |= 1u << (x & 7);
            }
            *membranes++ = (membrane)v;
            if ((x & 7) == 7 || x + 1 == columns) {
                *spikes++ = (uint8_t)bits;
                bits = 0;
            }
        }
    }
}
";

/// A timestep of the classifier.
pub(super) const CLASSIFY: &str = "\
/* A timestep of the classifier: how many spikes each tile has, times its weights. */
static void classify(const uint8_t *spikes)
{
    unsigned channel, row, column, y, x, neuron, tile = 0, width = (LAST_COLUMNS + 7) / 8;
    memset(hidden_sums, 0, sizeof hidden_sums);
    for (channel = 0; channel < LAST_CHANNELS; ++channel) {
        const uint8_t *plane = spikes + channel * LAST_ROWS * width;
        for (row = 0; row < LAST_ROWS; row += POOL) {
            for (column = 0; column < LAST_COLUMNS; column += POOL, ++tile) {
                int32_t count = 0;
                for (y = row; y < row + POOL; ++y) {
                    for (x = column; x < column + POOL; ++x) {
                        count += (plane[y * width + (x >> 3)] >> (x & 7)) & 1;
                    }
                }
                if (count) {
                    for (neuron = 0; neuron < HIDDEN; ++neuron) {
                        hidden_sums[neuron] += count * weight(hidden_weights[tile], neuron);
                    }
                }
            }
        }
    }
    for (neuron = 0; neuron < HIDDEN; ++neuron) {
        int32_t v = hidden_membranes[neuron], current = hidden_sums[neuron];
        v = LEAK;
        if (v >= hidden_thresholds[neuron]) {
            v = 0;
            ++hidden_spikes[neuron];
        }
        hidden_membranes[neuron] = v;
    }
}
";

/// The scores, and the first class with the highest.
pub(super) const DECIDE: &str = "\
static int decide(void)
{
    unsigned class, neuron;
    int best = 0;
    for (class = 0; class < CLASSES; ++class) {
        scores[class] = output_biases[class];
    }
    for (neuron = 0; neuron < HIDDEN; ++neuron) {
        int32_t count = hidden_spikes[neuron];
        if (count) {
            for (class = 0; class < CLASSES; ++class) {
                scores[class] += count * weight(output_weights[neuron], class);
            }
        }
    }
    for (class = 1; class < CLASSES; ++class) {
        if (scores[class] > scores[best]) {
            best = (int)class;
        }
    }
    return best;
}
";
