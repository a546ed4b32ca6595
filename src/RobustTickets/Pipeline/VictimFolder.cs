// What the folder of a victim tells beyond its weights: the run it lies in, the length it was
// trained at, the checkpoint it comes from, and a hash of what answers.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A victim's folder.</summary>
/// <param name="path">The folder as given.</param>
internal sealed class VictimFolder(string path)
{
    private static readonly string[] Endings = [".json", ".safetensors", ".bin", ".txt"];

    private readonly RunFolder? _run = RunOf(path);

    /// <summary>The folder as given.</summary>
    public string Path { get; } = path;

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
    /// SHA-256 over the hashes of a model folder's configuration, tokenizer and weight files, by
    /// name.
    /// </summary>
    public static string Hash(string folder)
    {
        var files = Directory
            .EnumerateFiles(folder)
            .Where(f => Endings.Contains(System.IO.Path.GetExtension(f)))
            .Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Concat(files.Select(f => $"{ResourceFolder.Hash(f)}  {System.IO.Path.GetFileName(f)}\n"))
                )
            )
        );
    }

    private static RunFolder? RunOf(string model)
    {
        var parent = System.IO.Path.GetDirectoryName(
            System.IO.Path.GetFullPath(System.IO.Path.TrimEndingDirectorySeparator(model))
        );
        if (parent is null || !Directory.Exists(parent))
            return null;
        try
        {
            return RunFolder.Open(parent);
        }
        catch (RunFolderException)
        {
            return null;
        }
    }
}
