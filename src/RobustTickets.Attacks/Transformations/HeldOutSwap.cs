using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Transformations;

/// <summary>
/// The held-out substitutes of another swap: the word or its substitute belongs to the share of all
/// words that a defence has left alone.
/// </summary>
/// <param name="Swap">The swap with its whole dictionary.</param>
/// <param name="Share">Share of all words that is held out, in [0, 1).</param>
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
