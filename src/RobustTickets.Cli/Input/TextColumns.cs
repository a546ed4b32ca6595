namespace RobustTickets.Cli.Input;

/// <summary>Fields of a row that hold the text and the second text.</summary>
/// <param name="Text">Field of the text; a+b joins two with a space. Null: <c>text</c>.</param>
/// <param name="Pair">Field of the second text; empty: none. Null: <c>text_pair</c> if present and
/// <paramref name="Text"/> is null.</param>
internal sealed record TextColumns(string? Text, string? Pair)
{
    /// <summary>Field of the second text, null when there is none.</summary>
    public string? PairName => Pair is "" ? null : Pair ?? (Text is null ? "text_pair" : null);

    /// <summary>Whether rows may lack the second text.</summary>
    public bool PairIsOptional => Pair is null;

    /// <summary>Fields of the text, given the fields of a row.</summary>
    public string[] TextNames(Func<string, bool> has)
    {
        var name = Text ?? "text";
        return has(name) ? [name] : name.Split('+');
    }
}
