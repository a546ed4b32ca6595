// Adversarial training data as JSON lines: every original example of the split, then the
// adversarial text of each successful attack with the true class, under the task's column names,
// readable by training.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets;

/// <summary>Writes training data with the adversarial texts of an attack.</summary>
internal static class AugmentedData
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Throws if the file name has the extension of another format.</summary>
    /// <exception cref="RequestException">The extension is not .jsonl or .json.</exception>
    public static void RequireName(string? path)
    {
        if (path is not null && Path.GetExtension(path).ToLowerInvariant() is not (".jsonl" or ".json"))
            throw new RequestException(
                nameof(AttackRequest.AugmentFile),
                path,
                "is written as JSON Lines, recognised by the file extension; name it .jsonl"
            );
    }

    /// <summary>
    /// Throws if the file exists and cannot be of the attack, which writes it when it is complete.
    /// </summary>
    /// <param name="path">The file, or null.</param>
    /// <param name="folder">Folder of the attack.</param>
    /// <exception cref="RequestException">The file exists, and the attack is not
    /// complete.</exception>
    public static void RequirePlace(string? path, string folder)
    {
        if (Path.Exists(path) && !FinishedAttack.Exists(folder))
            throw new RequestException(
                nameof(AttackRequest.AugmentFile),
                null,
                $"{path} already exists; remove it or name another file"
            );
    }

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file; an existing file with other content is not overwritten.</param>
    /// <param name="split">Every example of the split.</param>
    /// <param name="outcomes">The outcomes of the attack.</param>
    /// <param name="classes">Class names in order.</param>
    /// <param name="recipe">Name of the recipe.</param>
    /// <returns>Number of adversarial lines.</returns>
    /// <exception cref="RequestException">The file exists with other content.</exception>
    public static int Write(
        string path,
        IEnumerable<Example> split,
        IReadOnlyList<AttackOutcome> outcomes,
        IReadOnlyList<string> classes,
        string recipe
    )
    {
        var text = new StringBuilder();
        var origins = new Dictionary<string, RowKey?>(StringComparer.Ordinal);
        foreach (var input in split)
        {
            origins[input.Id] = input.Origin ?? input.Row;
            Line(text, input.Columns, classes[input.Label], input.Id, "original", origins[input.Id]);
        }
        var successes = outcomes.Where(o => o.Result == AttackResult.Success).ToList();
        // A damaged pair (TextAttack issue 631) has lost a column and is not used.
        var whole = successes.Where(o => o.Perturbed.Count == o.Original.Count).ToList();
        foreach (var outcome in whole)
            Line(text, outcome.Perturbed, classes[outcome.Label], outcome.Id, recipe, origins[outcome.Id]);
        var content = text.ToString();
        if (File.Exists(path) && File.ReadAllText(path) != content)
            throw new RequestException(
                nameof(AttackRequest.AugmentFile),
                null,
                $"{path} already exists with other content; remove it or name another file (the attack's results "
                    + "are kept)"
            );
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            WholeFile.CreateFolder(folder);
        AtomicFile.WriteAllText(path, content);
        return whole.Count;
    }

    // Additional fields name the line's origin, so that splits keep original and adversarial text
    // together.
    private static void Line(
        StringBuilder text,
        IReadOnlyList<KeyValuePair<string, string>> columns,
        string label,
        string id,
        string source,
        RowKey? origin
    )
    {
        var line = new JsonObject();
        foreach (var (name, value) in columns)
            line[name] = value;
        line["label"] = label;
        line["id"] = id;
        line["source"] = source;
        if (origin is not null)
            line["augmented_from"] = origin.ToString();
        text.Append(line.ToJsonString(OneLine)).Append('\n');
    }
}
