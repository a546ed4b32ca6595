// Requests of searches and constraints. A search is an iterator: it yields a request, the engine
// fills in the answer, the search continues. It has no access to models, batches or counters, so
// the engine can merge the requests of many examples.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks.Searches;

/// <summary>An input that an attack needs before it can continue.</summary>
public abstract class SearchRequest
{
    private protected SearchRequest() { }
}

/// <summary>Requests the victim's verdicts on texts.</summary>
public sealed class ScoreRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    /// <param name="texts">
    /// The texts, in order. Null stands for a text that TextAttack would query but whose answer
    /// cannot affect the result: it is counted as a query, but not forwarded.
    /// </param>
    /// <param name="counted">False for texts that an earlier request has already counted.</param>
    public ScoreRequest(IReadOnlyList<AttackedText?> texts, bool counted = true)
    {
        Texts = texts;
        Counted = counted;
    }

    /// <summary>The requested texts; null entries are only counted.</summary>
    public IReadOnlyList<AttackedText?> Texts { get; }

    /// <summary>Whether the texts count towards the budget.</summary>
    public bool Counted { get; }

    /// <summary>
    /// The answer: verdicts of as many texts, from the first, as the query budget allowed (default
    /// for null texts).
    /// </summary>
    public IReadOnlyList<Verdict> Verdicts { get; internal set; } = [];

    /// <summary>The answer: whether the query budget is used up.</summary>
    public bool BudgetSpent { get; internal set; }
}

/// <summary>Requests sentence embeddings of strings.</summary>
public sealed class EncodeRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    public EncodeRequest(ISentenceEncoder encoder, IReadOnlyList<string> texts)
    {
        Encoder = encoder;
        Texts = texts;
    }

    /// <summary>The sentence encoder.</summary>
    public ISentenceEncoder Encoder { get; }

    /// <summary>The strings, in order.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The answer: one vector per string.</summary>
    public IReadOnlyList<double[]> Vectors { get; internal set; } = [];
}

/// <summary>Requests predictions of a masked language model.</summary>
public sealed class PredictRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    public PredictRequest(IMaskedLanguageModel model, IReadOnlyList<MaskedQuestion> questions)
    {
        Model = model;
        Questions = questions;
    }

    /// <summary>The masked language model.</summary>
    public IMaskedLanguageModel Model { get; }

    /// <summary>The questions, in order.</summary>
    public IReadOnlyList<MaskedQuestion> Questions { get; }

    /// <summary>The answer: tokens for each question, best first.</summary>
    public IReadOnlyList<int[]> Answers { get; internal set; } = [];
}

/// <summary>
/// Requests one random number from the example's stream (answered at once; searches and
/// transformations have no generator).
/// </summary>
public sealed class RandomRequest : SearchRequest
{
    private readonly Func<IRandomSource, int> _draw;

    private RandomRequest(Func<IRandomSource, int> draw) => _draw = draw;

    /// <summary>The answer.</summary>
    public int Value { get; private set; }

    /// <summary>A number in [low, high).</summary>
    public static RandomRequest Integer(int low, int high) => new(r => r.Integer(low, high));

    /// <summary>An index below <paramref name="count"/>.</summary>
    public static RandomRequest Choice(int count) => new(r => r.Choice(count));

    internal void Answer(IRandomSource source) => Value = _draw(source);
}
