// Lexical resources of attacks lie as named files in one folder; nothing is ever downloaded. An option on the command line names a file directly.
using System.Security.Cryptography;
using RobustTickets.Text;

namespace RobustTickets.Cli.Resources;

/// <summary>A kind of resource.</summary>
/// <param name="Kind">Its name on the command line.</param>
/// <param name="Files">File names under which it is looked for, first found wins.</param>
/// <param name="Purpose">What it is for, and what is done without it.</param>
public sealed record ResourceKind(string Kind, IReadOnlyList<string> Files, string Purpose);

/// <summary>A resource that lies in the folder.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Path">The file.</param>
public sealed record FoundResource(ResourceKind Kind, string Path);

/// <summary>The folder of resources: <c>ROBUST_TICKETS_RESOURCES</c>, else <c>robust-tickets/resources</c> in the user's data folder.</summary>
public sealed class ResourceFolder(string path)
{
    /// <summary>Name of the variable that names the folder.</summary>
    public const string Variable = "ROBUST_TICKETS_RESOURCES";

    private const string Sums = "SHA256SUMS";

    /// <summary>Every kind of resource, in the order attacks ask for them.</summary>
    public static IReadOnlyList<ResourceKind> Kinds { get; } =
    [
        new("word-vectors", Names("counter-fitted-vectors", ".txt", ".bin"), "word vectors: neighbours and cosine of substitutes (TextFooler's are the counter-fitted vectors)"),
        new("neighbours", Names("neighbours", ".json", ".tsv"), "table word -> substitutes; instead of neighbours computed from vectors"),
        new("stop-words", ["stop-words.txt"], "words that stay, one a line; without it the built-in list"),
        new("tagger", Names("perceptron_tagger", ".json"), "averaged perceptron part-of-speech weights; without it parts of speech are not compared"),
        new("tag-map", ["en-ptb.map"], "Penn Treebank tags to universal tags; without it the built-in map"),
    ];

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The folder of this user.</summary>
    public static ResourceFolder OfUser()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return new ResourceFolder(System.IO.Path.GetFullPath(named));
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return new ResourceFolder(System.IO.Path.Combine(data, "robust-tickets", "resources"));
    }

    /// <summary>The file of a kind, or null when the folder has none.</summary>
    public FoundResource? Find(ResourceKind kind)
    {
        var file = kind.Files.Select(name => System.IO.Path.Combine(Path, name)).FirstOrDefault(File.Exists);
        return file is null ? null : new FoundResource(kind, file);
    }

    /// <summary>The file of a kind by the kind's name, or null.</summary>
    public string? Find(string kind) => Find(Kinds.Single(k => k.Kind == kind))?.Path;

    /// <summary>The hashes the folder's <c>SHA256SUMS</c> demands, by file name; empty when it has none.</summary>
    /// <exception cref="DataException">A line of it is not "hash  name".</exception>
    public IReadOnlyDictionary<string, string> DemandedHashes()
    {
        var file = System.IO.Path.Combine(Path, Sums);
        var demanded = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(file)) return demanded;
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2 || parts[0].Length != 64) throw new DataException($"{file}:{number}: expected a SHA-256 and a file name, found {line}");
            demanded[parts[1].Trim().TrimStart('*')] = parts[0].ToLowerInvariant();
        }
        return demanded;
    }

    /// <summary>SHA-256 of a file in lower-case hex.</summary>
    public static string Hash(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static IReadOnlyList<string> Names(string stem, params string[] extensions) => [.. extensions.SelectMany(e => new[] { stem + e, stem + e + ".gz" })];
}
