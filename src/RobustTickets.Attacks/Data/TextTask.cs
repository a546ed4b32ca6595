namespace RobustTickets.Attacks.Data;

/// <summary>A classification task: its classes and the columns of its texts.</summary>
/// <param name="Name">Name of the task, for instance <c>sst2</c>.</param>
/// <param name="Labels">Class names in index order, <c>[C]</c>; empty for a generic task until data
/// are read.</param>
/// <param name="TextColumn">Column of the first text.</param>
/// <param name="PairColumn">Column of the second text, or null for single texts.</param>
/// <param name="LabelColumn">Column of the label.</param>
/// <param name="Metric">Metric reported in papers: <c>accuracy</c>.</param>
/// <param name="LabelledSplits">Splits published with labels.</param>
/// <param name="EvaluationSplit">The split that papers evaluate and attack: <c>test</c> if it has
/// labels, otherwise <c>dev</c>.</param>
public sealed record TextTask(
    string Name,
    IReadOnlyList<string> Labels,
    string TextColumn,
    string? PairColumn,
    string LabelColumn,
    string Metric = "accuracy",
    IReadOnlyList<string>? LabelledSplits = null,
    string EvaluationSplit = "test"
)
{
    /// <summary>
    /// A text or pair under the column names that attacks use: <c>text</c> for a single text,
    /// <c>premise</c> and <c>hypothesis</c> for MNLI (recipes freeze the premise), otherwise the
    /// task's own columns.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Columns(TextPair text) =>
        text.Second is null ? Example.Named(text, "text", "")
        : Name == "mnli" ? Example.Named(text, "premise", "hypothesis")
        : Example.Named(text, TextColumn, PairColumn ?? "text_pair");
}
