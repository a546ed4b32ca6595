// Lengths of real texts in bert-base-uncased tokens, special tokens included: they determine the
// cost of padding, so speed is measured on them. Counts only, no texts.
namespace RobustTickets.Cli.Bench;

/// <summary>
/// A histogram of lengths: (upper length of the bin, number of texts), ascending.
/// </summary>
/// <param name="Name">Name of the data set.</param>
/// <param name="Longest">Maximum sequence length in training.</param>
/// <param name="Bins">The bins.</param>
internal sealed record LengthHistogram(string Name, int Longest, IReadOnlyList<(int Upper, int Count)> Bins)
{
    // Counted by us: 67,349 training phrases of SST-2, 15,000 training texts of AG NEWS, 4,000
    // training reviews of IMDB (truncated at 512).
    internal static readonly LengthHistogram Sst2 = new(
        "sst2",
        128,
        [
            (3, 1978),
            (4, 5322),
            (5, 6065),
            (6, 5345),
            (7, 4749),
            (8, 4155),
            (9, 3713),
            (10, 3267),
            (11, 2947),
            (12, 2650),
            (13, 2413),
            (14, 2138),
            (15, 1950),
            (16, 1777),
            (18, 3176),
            (20, 2658),
            (22, 2238),
            (24, 1955),
            (26, 1626),
            (28, 1425),
            (30, 1166),
            (32, 933),
            (36, 1489),
            (40, 926),
            (44, 625),
            (48, 329),
            (52, 187),
            (56, 98),
            (60, 32),
            (64, 13),
            (66, 4),
        ]
    );

    internal static readonly LengthHistogram AgNews = new(
        "ag-news",
        256,
        [
            (20, 4),
            (22, 27),
            (24, 64),
            (26, 120),
            (28, 183),
            (30, 196),
            (32, 273),
            (36, 774),
            (40, 1245),
            (44, 1648),
            (48, 1985),
            (52, 1985),
            (56, 1851),
            (60, 1399),
            (64, 988),
            (72, 1030),
            (80, 441),
            (88, 254),
            (96, 114),
            (104, 88),
            (112, 84),
            (120, 81),
            (128, 66),
            (144, 39),
            (160, 5),
            (176, 14),
            (192, 26),
            (208, 5),
            (224, 2),
            (240, 1),
            (256, 8),
        ]
    );

    internal static readonly LengthHistogram Imdb = new(
        "imdb",
        256,
        [
            (22, 1),
            (24, 1),
            (30, 1),
            (32, 2),
            (36, 4),
            (40, 4),
            (44, 1),
            (48, 6),
            (52, 15),
            (56, 15),
            (60, 17),
            (64, 18),
            (72, 44),
            (80, 52),
            (88, 57),
            (96, 42),
            (104, 64),
            (112, 55),
            (120, 59),
            (128, 67),
            (144, 184),
            (160, 321),
            (176, 339),
            (192, 277),
            (208, 200),
            (224, 202),
            (240, 186),
            (256, 146),
            (288, 238),
            (320, 195),
            (352, 155),
            (384, 136),
            (416, 124),
            (448, 98),
            (480, 78),
            (512, 596),
        ]
    );

    internal static IReadOnlyList<LengthHistogram> All { get; } = [Sst2, AgNews, Imdb];

    /// <summary>
    /// <paramref name="count"/> lengths truncated at <see cref="Longest"/>: evenly spaced quantiles
    /// of the histogram, shuffled, so that even a small sample has its mean.
    /// </summary>
    internal int[] Draw(Random random, int count)
    {
        var total = Bins.Sum(b => (double)b.Count);
        var lengths = new int[count];
        for (var i = 0; i < count; i++)
        {
            var rank = (i + random.NextDouble()) / count * total;
            var lower = 2;
            foreach (var (upper, texts) in Bins)
            {
                if (rank < texts || upper == Bins[^1].Upper)
                {
                    lengths[i] = Math.Min(Longest, Math.Min(upper, lower + 1 + (int)(rank / texts * (upper - lower))));
                    break;
                }
                rank -= texts;
                lower = upper;
            }
        }
        random.Shuffle(lengths);
        return lengths;
    }
}
