namespace RobustTickets.Attacks.Transformations;

/// <summary>
/// The held-out substitutions of another swap: the word or its substitute is in the part that
/// defences leave alone (<see cref="WordPart"/>).
/// </summary>
/// <param name="Swap">The swap with its whole dictionary.</param>
public sealed record HeldOutSwap(WordSwap Swap) : WordSwap
{
    /// <inheritdoc/>
    public override string Name => $"{Swap.Name} (held-out words)";

    /// <inheritdoc/>
    public override bool KeepsWordCount => Swap.KeepsWordCount;

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        var all = Swap.Substitutes(word);
        return WordPart.IsHeldOut(word) ? all : all.Where(WordPart.IsHeldOut);
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyCollection<string> words, CancellationToken cancellation) =>
        Swap.Prepare(words, cancellation);
}
