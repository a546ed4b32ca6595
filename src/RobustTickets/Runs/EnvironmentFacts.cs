namespace RobustTickets.Runs;

/// <summary>Names of the facts in <see cref="EnvironmentStamp.Extra"/>.</summary>
internal static class EnvironmentFacts
{
    /// <summary>Version of libtorch.</summary>
    public const string LibTorch = "libtorch";

    /// <summary>Threads of matrix products.</summary>
    public const string Threads = "threads";

    /// <summary>The device.</summary>
    public const string Device = "device";

    /// <summary>Precision of matrix products.</summary>
    public const string Precision = "precision";

    /// <summary>Number of ranks of a distributed run.</summary>
    public const string Ranks = "ranks";

    /// <summary>Path of a run's data.</summary>
    public const string Data = "data";

    /// <summary>SHA-256 of a run's training data.</summary>
    public const string DataHash = "data_sha256";

    /// <summary>Fingerprint of a run's data, tokenizer, weights and other files.</summary>
    public const string InputsHash = "inputs_sha256";

    /// <summary>The teacher of distillation: path and hash.</summary>
    public const string Teacher = "teacher";

    /// <summary>Identity of a run's search, if other runs may reuse it.</summary>
    public const string Search = "search_sha256";

    /// <summary>Name of the run whose search is reused.</summary>
    public const string SearchSource = "search_of";

    /// <summary>Path of the attacked model.</summary>
    public const string Model = "model";

    /// <summary>SHA-256 of the attacked model's files.</summary>
    public const string ModelHash = "model_sha256";

    /// <summary>SHA-256 of an attack's settings.</summary>
    public const string SettingsHash = "settings_sha256";

    /// <summary>Version of the program that began an attack, if another one went on.</summary>
    public const string BegunWith = "began_with";

    /// <summary>A file of substitute words for augmentation: name and SHA-256.</summary>
    /// <param name="kind">Kind of the file.</param>
    public static string Augment(string kind) => $"augment_{kind}";
}
