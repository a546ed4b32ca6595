// A model of a playground, with the run that it comes from.
using RobustTickets.Attacks;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Playground;

/// <summary>A loaded model.</summary>
/// <param name="Id">Its id in URLs: lower-case letters, digits and hyphens.</param>
/// <param name="Name">Its display name.</param>
/// <param name="Classifier">The classifier.</param>
/// <param name="Run">The run folder that it comes from; null: none.</param>
/// <param name="BaseModel">The checkpoint that its run started from; null: unknown.</param>
internal sealed record PlaygroundModel(
    string Id,
    string Name,
    ITextClassifier Classifier,
    string? Run,
    string? BaseModel
) : IDisposable
{
    /// <summary>Parameters without embeddings; null if unknown.</summary>
    public long? Parameters => (Classifier as Classifier)?.ParametersWithoutEmbeddings;

    /// <summary>The model's format.</summary>
    public string Form => Classifier is Classifier ? "PyTorch weights" : "ONNX";

    /// <summary>Loads models, in order.</summary>
    /// <param name="paths">Model folders, ONNX files, run folders, names of models.</param>
    /// <param name="execution">How they run.</param>
    /// <param name="note">Receives notes about what was ignored or adapted.</param>
    /// <param name="stop">Cancels between two models.</param>
    public static IReadOnlyList<PlaygroundModel> Load(
        IReadOnlyList<string> paths,
        Execution execution,
        Action<string> note,
        CancellationToken stop
    )
    {
        var loader = new OnnxModels();
        var models = new List<PlaygroundModel>();
        try
        {
            foreach (var path in paths)
            {
                stop.ThrowIfCancellationRequested();
                var folder = new NamedModel(path);
                var classifier = ClassifierSource.Load(folder.Path, execution, null, loader);
                foreach (var text in classifier.Notes)
                    note($"{path}: {text}");
                var run = RunOf(path, folder.Path);
                var name = Unique(NameOf(run, folder), models.Select(m => m.Name), " ");
                models.Add(
                    new PlaygroundModel(
                        Unique(Slug(name), models.Select(m => m.Id), "-"),
                        name,
                        classifier,
                        run,
                        folder.BaseModel
                    )
                );
            }
            return models;
        }
        catch
        {
            models.ForEach(m => m.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Classifier.Dispose();

    // A run's figures are those of its model, not of its dense control.
    private static string? RunOf(string path, string model)
    {
        var folder = Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model))!;
        return RunFolder.Around(folder) is { } run && SameFolder(run.ModelFolder, folder) ? run.Path : null;
    }

    private static bool SameFolder(string a, string b) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(a))
        == Path.TrimEndingDirectorySeparator(Path.GetFullPath(b));

    private static string NameOf(string? run, NamedModel folder) =>
        VisibleText.OnOneLine(run is null ? folder.Name : Path.GetFileName(run));

    private static string Slug(string name)
    {
        var slug = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-'));
        return slug.Trim('-') is { Length: > 0 } trimmed ? trimmed : "model";
    }

    private static string Unique(string name, IEnumerable<string> taken, string separator)
    {
        var names = taken.ToHashSet(StringComparer.Ordinal);
        var unique = name;
        for (var i = 2; names.Contains(unique); i++)
            unique = Text($"{name}{separator}{i}");
        return unique;
    }
}
