// What a search or a constraint may ask of the world. A search is an iterator: it yields a request,
// the engine fills in the answer, the search goes on. It never sees a model, a batch or a counter,
// so the engine is free to merge the requests of many examples.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks.Searches;

/// <summary>Something an attack needs before it can go on.</summary>
public abstract class SearchRequest
{
    private protected SearchRequest() { }
}

/// <summary>Asks for the victim's verdict on texts.</summary>
public sealed class ScoreRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    /// <param name="texts">
    /// The texts, in order. A null stands for a text that TextAttack would ask for but whose answer
    /// cannot matter: it is counted as a query, never forwarded.
    /// </param>
    /// <param name="counted">False for texts whose place was counted by an earlier request.</param>
    public ScoreRequest(IReadOnlyList<AttackedText?> texts, bool counted = true)
    {
        Texts = texts;
        Counted = counted;
    }

    /// <summary>The texts asked for; null = counted only.</summary>
    public IReadOnlyList<AttackedText?> Texts { get; }

    /// <summary>Whether the texts count against the budget.</summary>
    public bool Counted { get; }

    /// <summary>
    /// The answer: verdicts of the first texts, as many as the query budget left (default for null
    /// texts).
    /// </summary>
    public IReadOnlyList<Verdict> Verdicts { get; internal set; } = [];

    /// <summary>The answer: true when the query budget is used up exactly.</summary>
    public bool BudgetSpent { get; internal set; }
}

/// <summary>Asks for the sentence embeddings of strings.</summary>
public sealed class EncodeRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    public EncodeRequest(ISentenceEncoder encoder, IReadOnlyList<string> texts)
    {
        Encoder = encoder;
        Texts = texts;
    }

    /// <summary>The encoder to ask.</summary>
    public ISentenceEncoder Encoder { get; }

    /// <summary>The strings, in order.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The answer: one vector per string.</summary>
    public IReadOnlyList<double[]> Vectors { get; internal set; } = [];
}

/// <summary>Asks a masked language model for substitutes.</summary>
public sealed class PredictRequest : SearchRequest
{
    /// <summary>Creates the request.</summary>
    public PredictRequest(IMaskedLanguageModel model, IReadOnlyList<MaskedQuestion> questions)
    {
        Model = model;
        Questions = questions;
    }

    /// <summary>The model to ask.</summary>
    public IMaskedLanguageModel Model { get; }

    /// <summary>The questions, in order.</summary>
    public IReadOnlyList<MaskedQuestion> Questions { get; }

    /// <summary>The answer: tokens for each question, best first.</summary>
    public IReadOnlyList<int[]> Answers { get; internal set; } = [];
}

/// <summary>
/// Asks for one random number of the example's stream (answered at once; a search and a
/// transformation hold no generator).
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
