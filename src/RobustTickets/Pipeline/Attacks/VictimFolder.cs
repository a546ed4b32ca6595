// What the folder of a victim tells beyond its weights: the run it lies in, the length it was
// trained at, the checkpoint it comes from, and a hash of what answers.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A victim's folder; of a run folder, its model.</summary>
internal sealed class VictimFolder
{
    private static readonly string[] Endings = [".json", ".safetensors", ".bin", ".txt", ".onnx", ".model"];

    private readonly RunFolder? _run;

    /// <param name="path">A model folder, a model's name, or a run folder that has a model.</param>
    /// <exception cref="RunFolderException">It is a run folder that has no model yet.</exception>
    public VictimFolder(string path)
    {
        Path = RunFolder.ModelOf(ModelStore.OfUser().Locate(path));
        _run = RunFolder.Around(Folder);
    }

    /// <summary>The model: a folder, or a file of another form.</summary>
    public string Path { get; }

    private string Folder => FolderOf(Path);

    /// <summary>
    /// Which rows the model was trained on; null when neither the folder nor a run around it says.
    /// </summary>
    /// <exception cref="DataException">The file that says so is broken.</exception>
    public TrainingRows? Training => TrainingRows.Find(Folder, _run);

    /// <summary>Texts that the model was trained on, as far as its folder lists them.</summary>
    /// <exception cref="DataException">The file that does is broken.</exception>
    public TrainedTexts Texts => TrainedTexts.Find(Folder);

    /// <summary>
    /// Where the data of the run lay, and their task; null where no run says it.
    /// </summary>
    public (string Place, string Task)? DataOfRun =>
        _run is not null
        && File.Exists(_run.EnvironmentFile)
        && File.Exists(_run.RecipeFile)
        && EnvironmentStamp.Load(_run.EnvironmentFile).Extra.TryGetValue("data", out var place)
            ? (place, RecipeJson.ReadFile(_run.RecipeFile).Task)
            : null;

    /// <summary>The victim for people: its run's name and its own.</summary>
    public string Name
    {
        get
        {
            var own = System.IO.Path.GetFileName(
                System.IO.Path.GetFullPath(System.IO.Path.TrimEndingDirectorySeparator(Path))
            );
            return _run is null ? own : $"{System.IO.Path.GetFileName(_run.Path)}/{own}";
        }
    }

    /// <summary>
    /// The attacks/ folder of the run, where results go when no other place is named.
    /// </summary>
    /// <exception cref="RequestException">The victim lies in no run.</exception>
    public string ResultsOf(string recipe) =>
        _run?.AttackFolder(recipe)
        ?? throw new RequestException(
            nameof(AttackRequest.Output),
            null,
            $"is missing, and {Path} does not lie in a run folder whose attacks/ could take the results"
        );

    /// <summary>
    /// The checkpoint that the run started from, for sentence similarity; null when it is not known
    /// or no longer there.
    /// </summary>
    public string? BaseModel =>
        _run is not null && File.Exists(_run.EnvironmentFile)
            ? EnvironmentStamp.Load(_run.EnvironmentFile).BaseFolder()
            : null;

    /// <summary>The length limit in word pieces; null: the tokenizer's own.</summary>
    /// <exception cref="RequestException">The length of training was asked for and is not
    /// known.</exception>
    public int? Length(VictimLength length)
    {
        if (!length.AsInTraining)
            return length.Pieces;
        if (_run is null || !File.Exists(_run.RecipeFile))
            throw new RequestException(
                nameof(AttackRequest.MaxLength),
                null,
                $"{Path} does not lie in a run folder, so the length it was trained at is not known; give a number"
            );
        return RecipeJson.ReadFile(_run.RecipeFile).MaxLength;
    }

    /// <summary>
    /// SHA-256 over the hashes of a model's configuration, tokenizer and weight files, by name.
    /// </summary>
    /// <param name="model">Its folder, or a file of another form, what lies beside it
    /// included.</param>
    public static string Hash(string model)
    {
        var files = Directory
            .EnumerateFiles(FolderOf(model))
            .Where(f =>
                Endings.Contains(System.IO.Path.GetExtension(f))
                && System.IO.Path.GetFileName(f) is not (TrainingRows.FileName or TrainedTexts.FileName)
            )
            .Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Concat(files.Select(f => $"{ResourceFolder.Hash(f)}  {System.IO.Path.GetFileName(f)}\n"))
                )
            )
        );
    }

    private static string FolderOf(string model) =>
        File.Exists(model) ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(model))! : model;
}
