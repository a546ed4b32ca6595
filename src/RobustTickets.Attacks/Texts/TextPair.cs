namespace RobustTickets.Attacks;

/// <summary>Input of a classifier: a text, or a pair of texts.</summary>
/// <param name="First">The first (or only) text.</param>
/// <param name="Second">The second text of a pair, or null.</param>
public readonly record struct TextPair(string First, string? Second = null)
{
    /// <summary>A single text.</summary>
    public static implicit operator TextPair(string text) => new(text);

    /// <summary>A single text.</summary>
    public static TextPair FromString(string text) => new(text);

    /// <inheritdoc/>
    public override string ToString() => Second is null ? First : $"{First} | {Second}";
}
