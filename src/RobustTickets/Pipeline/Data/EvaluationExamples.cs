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

    /// <summary>Name of the split: test, dev, or a part held out of the training file.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => _examples.Count;

    /// <inheritdoc/>
    public Example this[int index] => _examples[index];

    /// <summary>
    /// A stratified sample, in file order; all examples if there are no more. The same seed gives
    /// the same examples on every machine.
    /// </summary>
    /// <param name="count">Sample size, 0 or more.</param>
    /// <param name="seed">Seed of the selection.</param>
    public EvaluationExamples Sample(int count, int seed = 42) =>
        new(Splits.Stratified(_examples, count, (ulong)seed), Name);

    /// <inheritdoc/>
    public IEnumerator<Example> GetEnumerator() => _examples.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
