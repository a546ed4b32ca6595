// How results, logs and splits.json call a part of the data. The words are for people, and older
// files say no more of where their rows come from: they are made and read here alone.
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

    /// <summary>Whether a part was held out of the training examples.</summary>
    public static bool IsCarved(string name) => name.StartsWith(CarvedDev, StringComparison.Ordinal);

    /// <summary>What a part serves as: train, dev or test.</summary>
    public static string Split(string name) => name.Split(' ')[0];

    /// <summary>Whether a part is the test split, or a sample of it.</summary>
    public static bool IsTest(string name) => Split(name) == "test";
}
