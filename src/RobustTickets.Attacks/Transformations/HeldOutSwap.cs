using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Transformations;

/// <summary>
/// Restricts another swap to held-out substitutions: the word or its substitute is in the fraction
/// of all words that the defence did not train on.
/// </summary>
/// <param name="Swap">The unrestricted swap.</param>
/// <param name="Share">Fraction of all words held out, in [0, 1).</param>
public sealed record HeldOutSwap(WordSwap Swap, double Share) : WordSwap
{
    /// <inheritdoc/>
    public override string Name => $"{Swap.Name} (held-out words)";

    /// <inheritdoc/>
    public override bool KeepsWordCount => Swap.KeepsWordCount;

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        var words = new HeldOutWords(Share);
        return Swap.Substitutes(word).Where(s => words.Covers(word, s));
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyCollection<string> words, CancellationToken stop) =>
        Swap.Prepare(words, stop);
}
