using RobustTickets.Attacks;

namespace RobustTickets.Playground.Tests;

/// <summary>
/// A classifier that a reader can compute by hand: each known word adds its weight, the sum goes
/// through a logistic function.
/// </summary>
/// <param name="prefix">Letters by which a word is known; a typing error behind them changes
/// nothing.</param>
internal sealed class LexiconClassifier(int prefix = int.MaxValue) : ITextClassifier
{
    private static readonly Dictionary<string, double> Weights = new(StringComparer.OrdinalIgnoreCase)
    {
        ["warm"] = 0.8,
        ["funny"] = 1.0,
        ["moving"] = 1.4,
        ["thin"] = -0.9,
        ["flat"] = -1.2,
        ["never"] = -0.5,
    };

    /// <summary>Time of a call, so that a test can act while an attack goes on.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Calls so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    private int _calls;

    public string Name => "lexicon";

    public IReadOnlyList<string> Labels { get; } = ["negative", "positive"];

    public int MaxLength => 64;

    public IReadOnlyList<string> Notes => [];

    public int ClassCount => 2;

    public float[][] Logits(IReadOnlyList<TextPair> texts)
    {
        Interlocked.Increment(ref _calls);
        if (Pause > TimeSpan.Zero)
            Thread.Sleep(Pause);
        return [.. texts.Select(t => new[] { 0f, (float)Sum(t) })];
    }

    public double[][] Predict(IReadOnlyList<TextPair> inputs) =>
        Array.ConvertAll(Logits(inputs), row => new[] { 1 / (1 + Math.Exp(row[1])), 1 - (1 / (1 + Math.Exp(row[1]))) });

    public int Length(TextPair text) => Words(text).Count() + 2;

    public void Dispose() { }

    private double Sum(TextPair text) =>
        Words(text).Sum(word => Weights.Where(w => Same(w.Key, word)).Sum(w => w.Value));

    private bool Same(string known, string word) =>
        string.Equals(Cut(known), Cut(word), StringComparison.OrdinalIgnoreCase);

    private string Cut(string word) => word.Length <= prefix ? word : word[..prefix];

    private static IEnumerable<string> Words(TextPair text) =>
        $"{text.First} {text.Second}".Split([' ', '.', ',', '!'], StringSplitOptions.RemoveEmptyEntries);
}
