namespace RobustTickets.Cli.Input;

/// <summary>Which fields of a row are its text and its second text.</summary>
/// <param name="Text">Name of the text; a+b joins two with a blank. Null: <c>text</c>.</param>
/// <param name="Pair">Name of the second text; empty for none. Null: <c>text_pair</c> where a row
/// has it, unless the text is named (a text of the user's own choice is not half of a
/// pair).</param>
internal sealed record TextColumns(string? Text, string? Pair)
{
    /// <summary>The name of the second text, null when there is none.</summary>
    public string? PairName => Pair is "" ? null : Pair ?? (Text is null ? "text_pair" : null);

    /// <summary>Whether a row without second text is no error.</summary>
    public bool PairIsOptional => Pair is null;

    /// <summary>The fields of the text, given what a row has.</summary>
    public string[] TextNames(Func<string, bool> has)
    {
        var name = Text ?? "text";
        return has(name) ? [name] : name.Split('+');
    }
}
