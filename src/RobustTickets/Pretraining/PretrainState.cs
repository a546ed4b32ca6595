// State of a pre-training checkpoint besides parameters and moments: the settings, the corpus
// index, and figures of the result. The position in the corpus follows from the step.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Runs;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>The file of the state.</summary>
/// <param name="Settings">Settings that determine the weights, by name.</param>
/// <param name="Corpus">The corpus index.</param>
/// <param name="Seconds">Wall-clock seconds so far.</param>
/// <param name="FirstLosses">Losses of the first steps.</param>
/// <param name="LastLosses">Losses of the newest steps.</param>
internal sealed record PretrainFile(
    IReadOnlyDictionary<string, string> Settings,
    CorpusIndex Corpus,
    double Seconds,
    IReadOnlyList<double> FirstLosses,
    IReadOnlyList<double> LastLosses
);

[JsonSourceGenerationOptions(
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
)]
[JsonSerializable(typeof(PretrainFile))]
internal sealed partial class PretrainJson : JsonSerializerContext;

/// <summary>State of a pre-training.</summary>
internal sealed class PretrainState : ICheckpointPart
{
    private const string Name = "pretrain.json";
    private const int Window = 20;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly CorpusIndex _corpus;
    private readonly List<double> _first = [];
    private readonly Queue<double> _last = [];

    /// <param name="settings">Settings that determine the weights, by name.</param>
    /// <param name="corpus">The corpus index.</param>
    public PretrainState(IReadOnlyDictionary<string, string> settings, CorpusIndex corpus)
    {
        (_settings, _corpus) = (settings, corpus);
        var lines = string.Join('\n', settings.Select(s => $"{s.Key} {s.Value}"));
        Identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines)));
    }

    /// <summary>Hash of the settings.</summary>
    public string Identity { get; }

    /// <summary>Wall-clock seconds when it was written.</summary>
    public double Seconds { get; set; }

    /// <summary>Mean loss of the first 20 steps.</summary>
    public double FirstLoss => _first.DefaultIfEmpty(double.NaN).Average();

    /// <summary>Mean loss of the last 20 steps.</summary>
    public double LastLoss => _last.DefaultIfEmpty(double.NaN).Average();

    /// <summary>Loss of the newest step with masked tokens.</summary>
    public double NewestLoss => _last.LastOrDefault(double.NaN);

    /// <summary>Records the loss of a step.</summary>
    public void Add(double loss)
    {
        if (_first.Count < Window)
            _first.Add(loss);
        _last.Enqueue(loss);
        if (_last.Count > Window)
            _last.Dequeue();
    }

    /// <inheritdoc/>
    public void Write(string folder)
    {
        var file = new PretrainFile(_settings, _corpus, Seconds, _first, [.. _last]);
        AtomicFile.WriteAllText(
            Path.Combine(folder, Name),
            JsonSerializer.Serialize(file, PretrainJson.Default.PretrainFile) + "\n"
        );
    }

    /// <inheritdoc/>
    public void Read(string folder)
    {
        var file = Load(folder);
        Seconds = file.Seconds;
        _first.AddRange(file.FirstLosses);
        foreach (var loss in file.LastLosses)
            _last.Enqueue(loss);
    }

    /// <summary>The corpus index of a checkpoint, if its settings are the same.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="settings">The current settings.</param>
    /// <exception cref="RunFolderException">A setting differs; both values named.</exception>
    /// <exception cref="DataException">The file is corrupt.</exception>
    public static CorpusIndex Corpus(string folder, IReadOnlyDictionary<string, string> settings)
    {
        var file = Load(folder);
        foreach (var (name, now) in settings)
            if (file.Settings.GetValueOrDefault(name) is var then && then != now)
                throw new RunFolderException(
                    $"{Path.GetDirectoryName(Path.GetDirectoryName(folder))}: was started with {name} {then ?? "unset"}"
                        + $" and is resumed with {now}; use the same settings, or name another folder"
                );
        return file.Corpus;
    }

    private static PretrainFile Load(string folder) =>
        RunFile.Read(Path.Combine(folder, Name), PretrainJson.Default.PretrainFile);
}
