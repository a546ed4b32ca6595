// A model that the user names, to attack, evaluate, export or train further: its run, training
// rows and length, base checkpoint, and a hash of its files.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Store;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Models;

/// <summary>A model that the user names; for a run folder, the run's model.</summary>
internal sealed class NamedModel
{
    // The files that are read with the weights; anything else in the folder does not matter.
    private static readonly string[] Beside =
    [
        "config.json",
        "bert_config.json",
        ModelPackage.OriginFile,
        .. HuggingFaceFolderWriter.TokenizerFiles,
    ];

    /// <param name="path">A model folder, a model's name, or a run folder with a model.</param>
    /// <exception cref="RunFolderException">The run folder has no model yet.</exception>
    public NamedModel(string path)
    {
        Path = RunFolder.LocateModel(path);
        Run = RunFolder.Around(Folder);
    }

    /// <summary>Path of the model: a folder, or a file of another format.</summary>
    public string Path { get; }

    /// <summary>The run the model belongs to; null: none.</summary>
    public RunFolder? Run { get; }

    private string Folder => FolderOf(Path);

    /// <summary>
    /// The rows the model was trained on; null if neither the folder nor its run records them.
    /// </summary>
    /// <exception cref="DataException">The record is corrupt.</exception>
    public TrainingRows? Training => TrainingRows.Find(Folder, Run);

    /// <summary>Texts that the model was trained on, as far as its folder lists them.</summary>
    /// <exception cref="DataException">The file of the texts is corrupt.</exception>
    public TrainedTexts Texts => TrainedTexts.Find(Folder);

    /// <summary>
    /// Path and task of the run's data; null if unknown.
    /// </summary>
    public (string Place, string Task)? DataOfRun =>
        Run is not null
        && File.Exists(Run.EnvironmentFile)
        && File.Exists(Run.RecipeFile)
        && EnvironmentStamp.Load(Run.EnvironmentFile).Extra.TryGetValue(EnvironmentFacts.Data, out var place)
            ? (place, RecipeJson.ReadFile(Run.RecipeFile).Task)
            : null;

    /// <summary>Name of the model for display: run and model.</summary>
    public string Name
    {
        get
        {
            var own = System.IO.Path.GetFileName(
                System.IO.Path.GetFullPath(System.IO.Path.TrimEndingDirectorySeparator(Path))
            );
            return Run is null ? own : $"{System.IO.Path.GetFileName(Run.Path)}/{own}";
        }
    }

    /// <summary>
    /// The checkpoint the run started from, for sentence similarity; null if unknown or missing.
    /// </summary>
    public string? BaseModel => Run?.BaseModel;

    /// <summary>The maximum sequence length of the model's training; null if unknown.</summary>
    public int? TrainedLength =>
        Run is not null && File.Exists(Run.RecipeFile) ? RecipeJson.ReadFile(Run.RecipeFile).MaxLength : null;

    /// <summary>
    /// SHA-256 over the hashes of a model's configuration, tokenizer and weight files, by name.
    /// </summary>
    /// <param name="model">The model's folder, or a file of another format, which is read with the
    /// configuration, tokenizer and external data next to it.</param>
    public static string Hash(string model)
    {
        var files = Directory.GetFiles(FolderOf(model));
        var one = File.Exists(model)
            ? Spelled(System.IO.Path.GetFileName(model), [.. files.Select(f => System.IO.Path.GetFileName(f))])
            : null;
        files = [.. files.Where(f => IsPart(System.IO.Path.GetFileName(f), one)).Order(StringComparer.Ordinal)];
        return Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Concat(files.Select(f => $"{ResourceFolder.Hash(f)}  {System.IO.Path.GetFileName(f)}\n"))
                )
            )
        );
    }

    /// <summary>
    /// A file's name as its folder spells it: disks that ignore case find it by another spelling.
    /// </summary>
    /// <exception cref="DataException">The folder does not list the file.</exception>
    internal static string Spelled(string name, IReadOnlyList<string> files) =>
        files.Contains(name)
            ? name
            : files.FirstOrDefault(f => f.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new DataException($"{name}: is not among the files of its folder: {string.Join(", ", files)}");

    // one: the model file, if one is named; null: all weights of the folder are the model's.
    private static bool IsPart(string file, string? one) =>
        Beside.Contains(file)
        || IsExternalData(file)
        || (one is null ? IsWeights(file) : file.StartsWith(one, StringComparison.Ordinal));

    private static bool IsWeights(string file) =>
        System.IO.Path.GetExtension(file) is ".safetensors" or ".onnx"
        || file.EndsWith(".index.json", StringComparison.Ordinal);

    // The weights of an ONNX file may lie in files beside it, usually of these names, as do those
    // of PyTorch. The other .bin files are the state of Hugging Face's Trainer.
    private static bool IsExternalData(string file) =>
        System.IO.Path.GetExtension(file) is ".bin" or ".data" or ".onnx_data"
        && file is not ("training_args.bin" or "optimizer.bin" or "scheduler.bin");

    private static string FolderOf(string model) =>
        File.Exists(model) ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(model))! : model;
}
