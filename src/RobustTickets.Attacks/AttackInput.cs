using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks;

/// <summary>One example to attack: its named texts in order, and its true class.</summary>
/// <param name="Id">A name that is unique in a run; it keys caches, logs and errors.</param>
/// <param name="Columns">One or two named texts, in order (<c>text</c>; <c>premise</c> and
/// <c>hypothesis</c>; ...).</param>
/// <param name="Label">The true class, from 0.</param>
public sealed record AttackInput(string Id, IReadOnlyList<KeyValuePair<string, string>> Columns, int Label)
{
    /// <summary>A single text, under the column name <c>text</c>.</summary>
    public static AttackInput Of(string id, string text, int label) => new(id, [new("text", text)], label);

    /// <summary>A pair of named texts.</summary>
    public static AttackInput OfPair(
        string id,
        string firstName,
        string first,
        string secondName,
        string second,
        int label
    ) => new(id, [new(firstName, first), new(secondName, second)], label);

    /// <summary>
    /// An example of a data set. Column names matter: recipes freeze the premise of [premise,
    /// hypothesis].
    /// </summary>
    public static AttackInput Of(Example example, TextTask task) =>
        example.TextPair is not { } pair ? Of(example.Id, example.Text, example.Label)
        : task.Name == "mnli" ? OfPair(example.Id, "premise", example.Text, "hypothesis", pair, example.Label)
        : OfPair(example.Id, task.TextColumn, example.Text, task.PairColumn ?? "text_pair", pair, example.Label);
}
