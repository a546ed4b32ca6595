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

    /// <summary>Throws if a text is null; the message names its position.</summary>
    /// <exception cref="ArgumentException">A text is null.</exception>
    internal static void RequireTexts(IReadOnlyList<TextPair> texts, string name)
    {
        for (var i = 0; i < texts.Count; i++)
            if (texts[i].First is null)
                throw new ArgumentException($"text {i + 1} of {texts.Count} is null", name);
    }

    /// <inheritdoc/>
    public override string ToString() => Second is null ? First : $"{First} | {Second}";
}
