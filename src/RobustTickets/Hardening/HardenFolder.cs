// The folder of a comparison. Progress is determined from files alone, so that it can be resumed: a
// run's result.json, an attack's summary.json, plan.json, selection.json, harden.json.
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Runs;

namespace RobustTickets.Hardening;

/// <summary>The choice, made before the reported rows are attacked.</summary>
/// <param name="Chosen">Name of the chosen defence, or of the baseline.</param>
/// <param name="Baseline">Name of the baseline.</param>
/// <param name="Examples">Number of development rows that every model was attacked on.</param>
/// <param name="Rows">Figures of all models on development rows.</param>
/// <param name="Finalists">Models to attack on the reported rows, the baseline first.</param>
/// <param name="ReportedExamples">Number of reported rows to attack.</param>
/// <param name="Unfit">Models that could not be chosen, by name, with the reason; null if there are
/// none.</param>
internal sealed record HardenChoice(
    string Chosen,
    string Baseline,
    int Examples,
    IReadOnlyList<DevelopmentRow> Rows,
    IReadOnlyList<HardenFinalist> Finalists,
    int ReportedExamples,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<LeftOutOfPlan>? Unfit = null
);

/// <summary>A model to attack on the reported rows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">Its role: one of <see cref="HardenRole"/>, or the name of
/// fine-tuning.</param>
/// <param name="Seed">The further seed that it is trained with, or null.</param>
internal sealed record HardenFinalist(string Name, string Role, int? Seed = null);

/// <summary>Roles of models on the reported rows.</summary>
internal static class HardenRole
{
    /// <summary>The baseline.</summary>
    public const string Baseline = "baseline";

    /// <summary>The model chosen on development rows.</summary>
    public const string Chosen = "chosen";

    /// <summary>The dense network trained like the chosen ticket.</summary>
    public const string Twin = "twin";

    /// <summary>The chosen model, or fine-tuning, with a further seed.</summary>
    public const string Seed = "seed";
}

/// <summary>Time spent and measurements, over all calls.</summary>
/// <param name="Seconds">Time spent.</param>
/// <param name="LeftOut">Stages that were skipped or failed, by name.</param>
/// <param name="DevelopmentExamples">Number of development rows attacked, if reduced from the
/// plan's.</param>
/// <param name="AttackSeconds">Measured seconds of all attacks on one row; null before.</param>
/// <param name="TrainingRatio">Largest measured ratio of training time to planned time; null
/// before.</param>
/// <param name="Withstood">Measured largest fraction of development rows that withstood the first
/// attack; null before.</param>
/// <param name="Stage">The training or attack that is timed, or null.</param>
internal sealed record HardenClock(
    double Seconds,
    IReadOnlyList<LeftOutOfPlan> LeftOut,
    int? DevelopmentExamples = null,
    double? AttackSeconds = null,
    double? TrainingRatio = null,
    double? Withstood = null,
    HardenStage? Stage = null
);

/// <summary>A stage that is timed over all calls.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seconds">Clock seconds at which it began.</param>
internal sealed record HardenStage(string Name, double Seconds);

/// <summary>Paths in the folder of a comparison.</summary>
/// <param name="path">The folder.</param>
internal sealed class HardenFolder(string path)
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Training and development rows, read by every run.</summary>
    public string Data => In("data");

    /// <summary>The reported rows; no run reads them.</summary>
    public string ReportedFile => In("reported", "test.jsonl");

    public string PlanFile => In("plan.json");

    public string ChoiceFile => In("selection.json");

    public string ClockFile => In("clock.json");

    public string ResultFile => In("harden.json");

    public string ReportFile(string extension) => In($"report.{extension}");

    /// <summary>The runs of all defences.</summary>
    public string Runs => In("runs");

    /// <summary>The run of a defence.</summary>
    public string Run(string name) => In("runs", name);

    /// <summary>The model of a defence.</summary>
    public string Model(string name) => System.IO.Path.Combine(Run(name), "model");

    /// <summary>An attack on a model.</summary>
    public string Attack(string name, string part, string attack) => In("attacks", name, $"{part}-{attack}");

    /// <summary>Whether an attack is finished.</summary>
    public static bool IsDone(string attack) => FinishedAttack.IsWithoutErrors(attack);

    /// <summary>Whether the folder contains a comparison; the clock is the first file
    /// written.</summary>
    public bool IsBegun => File.Exists(ClockFile) || File.Exists(PlanFile);

    /// <summary>Throws unless the folder can start, or resume, a comparison.</summary>
    /// <exception cref="RunFolderException">The path is a file, or contains a comparison without a
    /// request to resume it, or none to resume.</exception>
    public void Require(bool resume)
    {
        if (File.Exists(Path))
            throw new RunFolderException($"{path}: is a file; name a folder that does not exist yet")
            {
                Fields = ["Output"],
            };
        if (!resume && Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
            throw new RunFolderException($"{path}: is not empty; resume its comparison, or use another folder")
            {
                Fields = ["Resume", "Output"],
            };
        if (resume && !Directory.Exists(Path))
            throw new RunFolderException($"{path}: no such folder, so there is nothing to resume");
        if (resume && !IsBegun && Directory.EnumerateFileSystemEntries(Path).Any())
            throw new RunFolderException($"{path}: contains no comparison to resume; use another folder")
            {
                Fields = ["Output"],
            };
        WholeFile.CreateFolder(Path);
    }

    /// <summary>Writes the rows for the runs, and the reported rows separately.</summary>
    public void Write(HardenRows rows)
    {
        foreach (var (file, part) in Files(rows))
        {
            WholeFile.CreateFolder(System.IO.Path.GetDirectoryName(file)!);
            AtomicFile.WriteAllText(file, Text(part, rows.Labels));
        }
    }

    /// <summary>Throws if the rows differ from the plan's.</summary>
    /// <exception cref="DataException">A data file was changed, removed or added.</exception>
    public void RequireRows(HardenRows rows)
    {
        var files = Files(rows).ToArray();
        foreach (var (file, part) in files)
        {
            var (written, isThere) = (Text(part, rows.Labels), File.Exists(file));
            if (!isThere || File.ReadAllText(file) != written)
                throw new DataException(
                    $"{file}: {(isThere ? "has changed" : "is missing")} since the comparison was started: it had "
                        + $"{part.Count} rows, SHA-256 {Convert.ToHexStringLower(Sha256(written))}; restore it, or "
                        + "use another folder"
                );
        }
        var other = Directory
            .EnumerateFiles(Data)
            .Except(files.Select(f => f.Path))
            .FirstOrDefault(f => !HiddenFiles.IsHidden(System.IO.Path.GetFileName(f)));
        if (other is not null)
            throw new DataException(
                $"{other}: is not part of this comparison, whose training runs read this folder; remove it"
            );
    }

    private IEnumerable<(string Path, IReadOnlyList<Example> Part)> Files(HardenRows rows) =>
        [
            (System.IO.Path.Combine(Data, "train.jsonl"), rows.Train),
            (System.IO.Path.Combine(Data, "dev.jsonl"), rows.Development),
            (ReportedFile, rows.Reported),
        ];

    /// <summary>Deletes what was written before the plan.</summary>
    public void Forget()
    {
        foreach (var folder in new[] { Data, In("reported"), Runs }.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        File.Delete(ClockFile);
    }

    /// <summary>Options that read the written rows.</summary>
    public static DataOptions Options(HardenRows rows) =>
        new(
            rows.Train[0].Columns[0].Key,
            rows.Train[0].Columns.Count > 1 ? rows.Train[0].Columns[1].Key : "",
            "label",
            LabelMap.FromNames(rows.Labels)
        );

    /// <summary>SHA-256 of texts.</summary>
    public static string Hash(params IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A row as a line of JSON.</summary>
    public static string Line(Example example, IReadOnlyList<string> labels)
    {
        var line = new JsonObject();
        foreach (var (name, value) in example.Columns)
            line[name] = value;
        line["label"] = labels[example.Label];
        line["id"] = example.Id;
        if ((example.Origin ?? example.Row) is { } origin)
            line["augmented_from"] = origin.ToString();
        return line.ToJsonString(OneLine);
    }

    public void Save(HardenPlan plan) => Save(PlanFile, plan, HardenJson.Default.HardenPlan);

    public void Save(HardenChoice choice) => Save(ChoiceFile, choice, HardenJson.Default.HardenChoice);

    public void Save(HardenClock clock) => Save(ClockFile, clock, HardenJson.Default.HardenClock);

    public void Save(HardenResult result) => Save(ResultFile, result, HardenJson.Default.HardenResult);

    public HardenPlan? Plan() => Read(PlanFile, HardenJson.Default.HardenPlan, HardenPlan.CurrentSchema);

    public HardenChoice? Choice() => Read(ChoiceFile, HardenJson.Default.HardenChoice);

    public HardenClock Clock() => Read(ClockFile, HardenJson.Default.HardenClock) ?? new HardenClock(0, []);

    public HardenResult? Result() => Read(ResultFile, HardenJson.Default.HardenResult, HardenPlan.CurrentSchema);

    private static byte[] Sha256(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static string Text(IReadOnlyList<Example> rows, IReadOnlyList<string> labels) =>
        string.Concat(rows.Select(r => Line(r, labels) + "\n"));

    private static void Save<T>(string file, T value, JsonTypeInfo<T> type) =>
        AtomicFile.WriteAllText(file, JsonSerializer.Serialize(value, type) + "\n");

    private static T? Read<T>(string file, JsonTypeInfo<T> type, int? schema = null)
        where T : class => File.Exists(file) ? RunFile.Read(file, type, schema) : null;

    private string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true,
    WriteIndented = true,
    NewLine = "\n"
)]
[JsonSerializable(typeof(HardenPlan))]
[JsonSerializable(typeof(HardenChoice))]
[JsonSerializable(typeof(HardenClock))]
[JsonSerializable(typeof(HardenResult))]
internal sealed partial class HardenJson : JsonSerializerContext;
