using RobustTickets.Attacks.Data.ParquetFiles;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// The known tasks, with the spellings of their files, columns and labels in common distributions.
/// Class indices are those of the Hugging Face data sets, so they match checkpoints fine-tuned on
/// those: SST-2 0 = negative; QNLI 0 = entailment; MNLI entailment, neutral, contradiction; AG News
/// World, Sports, Business, Sci/Tech (1..4 in the original files).
/// </summary>
public static class TaskCatalog
{
    private static readonly string[] Glue = ["train", "dev"];
    private static readonly string[] WithTest = ["train", "test"];
    private static readonly string[] All3 = ["train", "dev", "test"];

    internal static IReadOnlyList<TaskLayout> Layouts { get; } =
    [
        new(
            new(
                "sst2",
                ["negative", "positive"],
                "sentence",
                null,
                "label",
                LabelledSplits: Glue,
                EvaluationSplit: "dev"
            ),
            ["sst-2"],
            ["SST-2", "sst2", "data"],
            ["sentence", "text"],
            [],
            ["label"],
            new()
            {
                ["0"] = 0,
                ["1"] = 1,
                ["neg"] = 0,
                ["pos"] = 1,
            }
        ),
        new(
            new("imdb", ["negative", "positive"], "text", null, "label", LabelledSplits: WithTest),
            ["aclimdb"],
            ["aclImdb", "plain_text", "data"],
            ["text", "review", "sentence"],
            [],
            ["label", "sentiment"],
            new()
            {
                ["0"] = 0,
                ["1"] = 1,
                ["neg"] = 0,
                ["pos"] = 1,
            }
        ),
        new(
            new(
                "ag-news",
                ["World", "Sports", "Business", "Sci/Tech"],
                "title+description",
                null,
                "class",
                LabelledSplits: WithTest
            ),
            ["agnews", "ag"],
            ["ag_news_csv", "ag_news", "agnews", "data"],
            ["text", "title+description", "Title+Description"],
            [],
            ["label", "class", "Class Index"],
            new()
            {
                ["Sci-Tech"] = 3,
                ["SciTech"] = 3,
                ["Sci\\Tech"] = 3,
            }
        )
        {
            OneBased = true,
        },
        new(
            new(
                "qnli",
                ["entailment", "not_entailment"],
                "question",
                "sentence",
                "label",
                LabelledSplits: Glue,
                EvaluationSplit: "dev"
            ),
            [],
            ["QNLI", "qnli"],
            ["question"],
            ["sentence"],
            ["label"],
            new() { ["0"] = 0, ["1"] = 1 }
        ),
        new(
            new(
                "qqp",
                ["not_duplicate", "duplicate"],
                "question1",
                "question2",
                "is_duplicate",
                LabelledSplits: Glue,
                EvaluationSplit: "dev"
            ),
            [],
            ["QQP", "qqp"],
            ["question1"],
            ["question2"],
            ["is_duplicate", "label"],
            new() { ["0"] = 0, ["1"] = 1 }
        ),
        new(
            new(
                "mnli",
                ["entailment", "neutral", "contradiction"],
                "sentence1",
                "sentence2",
                "gold_label",
                LabelledSplits: Glue,
                EvaluationSplit: "dev"
            ),
            ["snli"],
            ["MNLI", "mnli"],
            ["sentence1", "premise"],
            ["sentence2", "hypothesis"],
            ["gold_label", "label"],
            new()
            {
                ["0"] = 0,
                ["1"] = 1,
                ["2"] = 2,
            }
        )
        {
            NoGold = ["-", "-1"],
        },
        Generic("csv", ".csv"),
        Generic("tsv", ".tsv"),
        Generic("jsonl", ".jsonl", ".json"),
        Generic("parquet", ParquetShards.End) with
        {
            MinusOneIsNoLabel = true,
        },
    ];

    /// <summary>The tasks, generic formats last.</summary>
    public static IReadOnlyList<TextTask> Tasks { get; } = [.. Layouts.Select(layout => layout.Task)];

    /// <summary>
    /// Finds a task by name or alias (<c>AG_NEWS</c>, <c>SST-2</c>, <c>aclImdb</c>).
    /// </summary>
    public static bool TryFind(string name, out TextTask task)
    {
        var layout = Layout(name);
        task = layout?.Task ?? Tasks[0];
        return layout is not null;
    }

    /// <summary>Gets a task by name or alias.</summary>
    /// <exception cref="DataException">The task is unknown; the message lists the
    /// tasks.</exception>
    public static TextTask Find(string name) => Required(name).Task;

    internal static TaskLayout Required(string name) =>
        Layout(name)
        ?? throw new DataException(
            $"task '{name}' is not known; possible: {string.Join(", ", Tasks.Select(task => task.Name))} (the "
                + "last four for your own files)"
        );

    private static TaskLayout? Layout(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plain = Plain(name);
        return Layouts.FirstOrDefault(layout =>
            Plain(layout.Task.Name) == plain || layout.Aliases.Any(alias => Plain(alias) == plain)
        );
    }

    private static string Plain(string name) =>
        name.Trim()
            .ToLowerInvariant()
            .Replace("-", "", StringComparison.Ordinal)
            .Replace("_", "", StringComparison.Ordinal);

    private static TaskLayout Generic(string name, params string[] extensions) =>
        new(
            new(name, [], "text", "text_pair", "label", LabelledSplits: All3),
            [],
            ["data"],
            ["text", "sentence"],
            ["text_pair"],
            ["label", "class"],
            []
        )
        {
            Extensions = extensions,
            PairOptional = true,
        };
}

/// <summary>
/// File layout of a task: accepted spellings, of which the first found in a file is used.
/// </summary>
/// <param name="Task">The task.</param>
/// <param name="Aliases">Further names of the task.</param>
/// <param name="Folders">Folder names in distributions of the task.</param>
/// <param name="TextColumns">Names of the text column; <c>a+b</c> joins two.</param>
/// <param name="PairColumns">Names of the second text's column.</param>
/// <param name="LabelColumns">Names of the label column.</param>
/// <param name="Spellings">Label values in addition to the class names.</param>
internal sealed record TaskLayout(
    TextTask Task,
    string[] Aliases,
    string[] Folders,
    string[] TextColumns,
    string[] PairColumns,
    string[] LabelColumns,
    Dictionary<string, int> Spellings
)
{
    /// <summary>File extensions searched for in a folder.</summary>
    public string[] Extensions { get; init; } = [".tsv", ".csv", ".jsonl", ".json", ParquetShards.End];

    /// <summary>Whether the second text may be missing.</summary>
    public bool PairOptional { get; init; }

    /// <summary>Whether labels count from 1 in the original files (and from 0 elsewhere).</summary>
    public bool OneBased { get; init; }

    /// <summary>
    /// Label values that mean "no gold label"; such rows are skipped with a note.
    /// </summary>
    public string[] NoGold { get; init; } = [];

    /// <summary>
    /// Whether -1 marks an unlabelled row, as in data sets of the Hugging Face hub, even though
    /// classes are inferred from the data.
    /// </summary>
    public bool MinusOneIsNoLabel { get; init; }

    /// <summary>Whether classes are inferred from the data.</summary>
    public bool IsGeneric => Task.Labels.Count == 0;
}
