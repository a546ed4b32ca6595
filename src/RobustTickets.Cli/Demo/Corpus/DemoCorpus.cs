// The demo's data: short English reviews of films, restaurants, hotels and gadgets, generated from
// our own words and grammar (DemoLexiconData, DemoTemplates, DemoGrammar), so that the demo needs
// no download and no licence.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>One labelled review.</summary>
/// <param name="Text">The review.</param>
/// <param name="Label">1 = positive, 0 = negative.</param>
internal sealed record DemoReview(string Text, int Label);

/// <summary>Sizes of the demo's data.</summary>
/// <param name="Pretraining">Number of unlabelled texts.</param>
/// <param name="Train">Number of labelled training texts.</param>
/// <param name="Dev">Number of labelled development texts.</param>
/// <param name="Test">Number of labelled test texts.</param>
internal sealed record DemoSizes(int Pretraining = 30_000, int Train = 5_000, int Dev = 400, int Test = 400);

/// <summary>The files of a written corpus.</summary>
/// <param name="Folder">Folder with <c>train.tsv</c>, <c>dev.tsv</c> and <c>test.tsv</c> (header
/// <c>sentence\tlabel</c>, labels <c>negative</c> and <c>positive</c>).</param>
/// <param name="PretrainingFile">Unlabelled text, one review per line.</param>
internal sealed record DemoFiles(string Folder, string PretrainingFile);

/// <summary>
/// The demo's reviews: a pure function of seed and sizes, exactly balanced, without duplicates.
/// </summary>
internal sealed class DemoCorpus
{
    private enum Split
    {
        Test,
        Dev,
        Train,
        Pretraining,
    }

    private DemoCorpus(
        IReadOnlyList<string> pretraining,
        IReadOnlyList<DemoReview> train,
        IReadOnlyList<DemoReview> dev,
        IReadOnlyList<DemoReview> test
    )
    {
        (Pretraining, Train, Dev, Test) = (pretraining, train, dev, test);
    }

    /// <summary>Unlabelled texts; rare and frequent synonyms are equally common.</summary>
    public IReadOnlyList<string> Pretraining { get; }

    /// <summary>Training split; rare synonyms are infrequent and misleading.</summary>
    public IReadOnlyList<DemoReview> Train { get; }

    /// <summary>Development split, like <see cref="Train"/>.</summary>
    public IReadOnlyList<DemoReview> Dev { get; }

    /// <summary>Test split, like <see cref="Train"/>.</summary>
    public IReadOnlyList<DemoReview> Test { get; }

    /// <summary>Generates the corpus. The same seed and sizes give the same texts.</summary>
    /// <param name="seed">Random seed.</param>
    /// <param name="sizes">Sizes of the splits; null for the defaults.</param>
    /// <param name="labelled">Word use of the labelled splits; null for
    /// <see cref="DemoStyle.Labelled"/>.</param>
    public static DemoCorpus Create(int seed, DemoSizes? sizes = null, DemoStyle? labelled = null)
    {
        sizes ??= new DemoSizes();
        labelled ??= DemoStyle.Labelled;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var test = Labelled(seed, Split.Test, sizes.Test, labelled, taken);
        var dev = Labelled(seed, Split.Dev, sizes.Dev, labelled, taken);
        var train = Labelled(seed, Split.Train, sizes.Train, labelled, taken);
        var pretraining = Labelled(seed, Split.Pretraining, sizes.Pretraining, DemoStyle.Unlabelled, taken)
            .Select(r => r.Text);
        return new DemoCorpus([.. pretraining], train, dev, test);
    }

    /// <summary>Writes the splits in SST-2's layout and the pre-training text.</summary>
    /// <param name="folder">Output folder; created if missing.</param>
    public DemoFiles Write(string folder)
    {
        WholeFile.CreateFolder(folder);
        foreach (var (name, reviews) in new[] { ("train", Train), ("dev", Dev), ("test", Test) })
        {
            var text = new StringBuilder("sentence\tlabel\n");
            foreach (var review in reviews)
                text.Append(review.Text).Append('\t').Append(review.Label == 1 ? "positive" : "negative").Append('\n');
            WholeFile.Write(Path.Combine(folder, name + ".tsv"), text.ToString());
        }
        var corpus = Path.Combine(folder, "pretraining.txt");
        WholeFile.Write(corpus, string.Concat(Pretraining.Select(line => line + "\n")));
        return new DemoFiles(folder, corpus);
    }

    // Labels come in pairs, one of each, in random order. A duplicate text is redrawn from a later
    // position of its random stream.
    private static List<DemoReview> Labelled(int seed, Split split, int count, DemoStyle style, HashSet<string> taken)
    {
        var reviews = new List<DemoReview>(count);
        for (var i = 0; i < count; i++)
        {
            var first = new DemoRandom(seed, (int)split + 100, i / 2).Next(2);
            var label = i % 2 == 0 ? first : 1 - first;
            var random = new DemoRandom(seed, (int)split, i);
            string text;
            do text = DemoGrammar.Write(random, style, label == 1 ? 1 : -1);
            while (!taken.Add(text));
            reviews.Add(new DemoReview(text, label));
        }
        return reviews;
    }
}
