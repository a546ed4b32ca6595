using System.Collections;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets;

/// <summary>The labelled examples that a run reports on, in file order.</summary>
public sealed class EvaluationExamples : IReadOnlyList<Example>
{
    private readonly IReadOnlyList<Example> _examples;

    internal EvaluationExamples(IReadOnlyList<Example> examples, string name)
    {
        (_examples, Name) = (examples, name);
    }

    /// <summary>Which split they are: test, dev, or a part held out of the training file.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => _examples.Count;

    /// <inheritdoc/>
    public Example this[int index] => _examples[index];

    /// <summary>
    /// A sample with the classes in the shares of the whole, in file order; everything when that is
    /// no more. The same seed gives the same examples everywhere.
    /// </summary>
    /// <param name="count">How many to take, 0 or more.</param>
    /// <param name="seed">Seed of the choice.</param>
    public EvaluationExamples Sample(int count, int seed = 42) =>
        new(Splits.Stratified(_examples, count, (ulong)seed), Name);

    /// <inheritdoc/>
    public IEnumerator<Example> GetEnumerator() => _examples.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
