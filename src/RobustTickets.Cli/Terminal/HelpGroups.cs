namespace RobustTickets.Cli.Terminal;

/// <summary>Groups options under headings in the help.</summary>
internal static class HelpGroups
{
    private const string Other = "Options";

    private static readonly (string Title, string[] Names)[] Groups =
    [
        (
            "Model and data",
            [
                "--model",
                "--data",
                "--task",
                "--split",
                "--input",
                "--format",
                "--head",
                "--text",
                "--text-pair",
                "--label",
                "--interactive",
                "--text-column",
                "--pair-column",
                "--label-column",
                "--labels",
                "--separator",
                "--no-header",
                "--escape",
                "--limit",
                "--max-length",
                "--skip-bad-rows",
                "--max-unpacked",
                "--num-examples",
                "--sample",
                "--ids",
                "--shard",
                "--corpus",
                "--config",
                "--vocab",
                "--cased",
                "--onnx",
                "--heads",
                "--package",
                "--runs",
            ]
        ),
        (Other, []),
        (
            "Resources",
            [
                "--resource",
                "--vectors",
                "--neighbours",
                "--stop-words",
                "--tagger",
                "--tag-map",
                "--encoder",
                "--wordnet",
                "--masked-lm",
            ]
        ),
        (
            "Results",
            [
                "--out",
                "--json",
                "--csv",
                "--safe-csv",
                "--title",
                "--augment",
                "--logits",
                "--full-split-accuracy",
                "--report-to",
                "--logging-dir",
            ]
        ),
        (
            "Speed",
            ["--device", "--precision", "--threads", "--ranks", "--batch-size", "--concurrency", "--checkpoint-every"]
        ),
        ("Help", ["--help", "--version"]),
    ];

    /// <summary>The heading of an option.</summary>
    /// <param name="command">Name of the command.</param>
    /// <param name="option">Name of the option.</param>
    public static string Of(string command, string option) =>
        // Only there it changes the model.
        (command, option)
            is ("pretrain", "--batch-size")
            ? Other
            : OfOption(option);

    private static string OfOption(string option) =>
        Groups.FirstOrDefault(g => g.Names.Contains(option), (Other, [])).Item1;

    /// <summary>The order of a heading.</summary>
    public static int Order(string title) => Array.FindIndex(Groups, g => g.Title == title);
}
