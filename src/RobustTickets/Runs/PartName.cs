// Writes and parses the names of data parts in results, logs and splits.json, such as
// "dev (carved: ...)". No other file builds or parses such a name.
namespace RobustTickets.Runs;

/// <summary>Names of parts: a split, part of it, or rows held out of training.</summary>
internal static class PartName
{
    private const string CarvedDev = "dev (carved";

    /// <summary>A development part held out of the training examples.</summary>
    /// <param name="held">Its examples.</param>
    /// <param name="of">Training examples that it is taken from.</param>
    /// <param name="seed">Seed of the choice.</param>
    public static string Carved(int held, int of, int seed) =>
        $"{CarvedDev}: {held} of {of} training examples, seed {seed})";

    /// <summary>A sample of a split.</summary>
    /// <param name="split">The split.</param>
    /// <param name="taken">Examples of the sample.</param>
    /// <param name="of">Examples of the split.</param>
    /// <param name="seed">Seed of the choice.</param>
    public static string Sample(string split, int taken, int of, int seed) =>
        $"{split} (sample of {taken} of {of}, seed {seed})";

    /// <summary>Whether a part was held out of the training split.</summary>
    public static bool IsCarved(string name) => name.StartsWith(CarvedDev, StringComparison.Ordinal);

    /// <summary>Role of a part: train, dev or test.</summary>
    public static string Split(string name) => name.Split(' ')[0];

    /// <summary>Whether a part is the test split, or a sample of it.</summary>
    public static bool IsTest(string name) => Split(name) == "test";
}
