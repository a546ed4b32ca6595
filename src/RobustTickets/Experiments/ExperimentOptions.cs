// Converts options in an experiment file, "name=value" or a flag, to fields of data and attack
// requests. Options that nothing uses are rejected.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.Experiments;

/// <summary>Reads the options of one attack or data set.</summary>
internal sealed class ExperimentOptions
{
    // Set by the experiment itself; an option that repeats one would be ambiguous.
    private static readonly string[] Own =
    [
        "model",
        "data",
        "task",
        "out",
        "recipe",
        "num-examples",
        "json",
        "help",
        "device",
        "precision",
        "threads",
    ];
    private static readonly string[] Flags =
    [
        "no-similarity",
        "no-part-of-speech",
        "full-split-accuracy",
        "no-header",
        "skip-bad-rows",
    ];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _possible = new(StringComparer.Ordinal);
    private readonly string _place;

    /// <param name="options">The options in the file, or null.</param>
    /// <param name="place">Their location, named in errors.</param>
    /// <exception cref="RecipeException">An option is set by the experiment itself, is a duplicate,
    /// or has no value.</exception>
    public ExperimentOptions(IReadOnlyList<string>? options, string place)
    {
        _place = place;
        foreach (var option in options ?? [])
        {
            var cut = option.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = cut < 0 ? (option, "") : (option[..cut], option[(cut + 1)..]);
            if (Own.Contains(name))
                throw Bad(option, "is set by the experiment; leave it out");
            if (Flags.Contains(name) != cut < 0)
                throw Bad(option, cut < 0 ? "is unknown or has no value; expected name=value" : "takes no value");
            if (!_values.TryAdd(name, value))
                throw Bad(option, "occurs twice");
        }
    }

    /// <summary>The options of a data set.</summary>
    /// <exception cref="RecipeException">An option is unknown or invalid.</exception>
    public static DataOptions OfData(IReadOnlyList<string>? options, string place)
    {
        var given = new ExperimentOptions(options, place);
        var made = given.Data(new DataOptions());
        given.Rest();
        return made;
    }

    /// <summary>
    /// Reads the data options; remaining names are rejected by <see cref="Rest"/>.
    /// </summary>
    /// <param name="data">The options to start from.</param>
    public DataOptions Data(DataOptions data) =>
        data with
        {
            TextColumn = Take("text-column") ?? data.TextColumn,
            PairColumn = Take("pair-column") ?? data.PairColumn,
            LabelColumn = Take("label-column") ?? data.LabelColumn,
            Labels = Parsed("labels", DataOptionText.Labels) ?? data.Labels,
            Separator = Take("separator") is { } text
                ? Try("separator", text, DataOptionText.Separator)
                : data.Separator,
            Header = !Flag("no-header") && data.Header,
            Limit = Count("limit") ?? data.Limit,
            SkipBadRows = Flag("skip-bad-rows") || data.SkipBadRows,
            Escape = Take("escape") is { } escape ? Try("escape", escape, DataOptionText.Escape) : data.Escape,
            MaxUnpackedBytes = Take("max-unpacked") is { } bytes
                ? Try("max-unpacked", bytes, DataOptionText.Bytes)
                : data.MaxUnpackedBytes,
        };

    /// <summary>Reads the attack options.</summary>
    /// <param name="seed">Seed of recipes that use random numbers.</param>
    public AttackOptions Attack(int seed) =>
        new(
            Similarity: !Flag("no-similarity"),
            SimilarityThreshold: Number("similarity-threshold"),
            PartOfSpeech: !Flag("no-part-of-speech"),
            QueryBudget: Count("query-budget"),
            TimeLimit: Number("time-limit") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Version: OneOf("compat", TextAttackVersions.ByName, TextAttackVersion.V034),
            Randomness: OneOf("random-stream", Streams, otherwise: false)
                ? new StreamPerRun((uint)seed)
                : new StreamPerExample((uint)seed),
            Restarts: Count("restarts") ?? 0,
            HeldOutShare: Number("held-out-words") ?? 0
        );

    /// <summary>Reads the sample of attacked examples.</summary>
    /// <param name="count">Number of examples in the experiment.</param>
    /// <param name="seed">Seed of the sample.</param>
    public AttackSample Sample(int? count, int seed) =>
        new(count, OneOf("sample", Rules, SampleRule.Stratified), seed, Take("ids"));

    /// <summary>Reads the maximum sequence length of the victim.</summary>
    /// <param name="training">Its training length, used by default.</param>
    public VictimLength Length(int training) =>
        Take("max-length") switch
        {
            null => VictimLength.Of(training),
            "training" => VictimLength.Training,
            { } text => VictimLength.Of(Try("max-length", text, Whole)),
        };

    /// <summary>Temperatures of the victim, or null.</summary>
    public VictimTemperature? Temperature() => Parsed("temperature", VictimTemperature.Parse);

    /// <summary>Performance options of the attack.</summary>
    public AttackEngineOptions Engine()
    {
        var batch = Count("batch-size") ?? 64;
        return new AttackEngineOptions(batch, batch, Count("concurrency") ?? 64);
    }

    /// <summary>Takes the value of a name, or null.</summary>
    public string? Take(string name)
    {
        _possible.Add(name);
        return _values.Remove(name, out var value) ? value : null;
    }

    /// <summary>Whether a flag is given.</summary>
    public bool Flag(string name) => Take(name) is not null;

    /// <summary>Takes an integer, or null.</summary>
    public int? Integer(string name) => Take(name) is { } text ? Try(name, text, Whole) : null;

    /// <summary>Throws if an option was not taken.</summary>
    /// <exception cref="RecipeException">An option is unknown.</exception>
    public void Rest()
    {
        foreach (var name in _values.Keys)
            throw Bad(name, $"is unknown here; possible: {string.Join(", ", _possible)}");
    }

    private static readonly Dictionary<string, SampleRule> Rules = new()
    {
        ["stratified"] = SampleRule.Stratified,
        ["first-n"] = SampleRule.FirstN,
    };

    // Whether all examples share one random stream.
    private static readonly Dictionary<string, bool> Streams = new() { ["example"] = false, ["run"] = true };

    private static int Whole(string text) =>
        int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private int? Count(string name) =>
        Integer(name) is not { } n ? null
        : n >= 1 ? n
        : throw Bad($"{name}={n}", "must be 1 or more");

    private double? Number(string name) =>
        Take(name) is { } text
            ? Try(name, text, t => double.Parse(t, NumberStyles.Float, CultureInfo.InvariantCulture))
            : null;

    private T OneOf<T>(string name, IReadOnlyDictionary<string, T> possible, T otherwise) =>
        Take(name) is not { } text ? otherwise
        : possible.TryGetValue(text, out var value) ? value
        : throw Bad($"{name}={text}", $"is not possible; possible: {string.Join(", ", possible.Keys)}");

    private T? Parsed<T>(string name, Func<string, T> read)
        where T : class => Take(name) is { } text ? Try(name, text, read) : null;

    private T Try<T>(string name, string text, Func<string, T> read)
    {
        try
        {
            return read(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException or RequestException)
        {
            throw Bad($"{name}={text}", e.Message);
        }
    }

    private RecipeException Bad(string option, string reason) => new($"{_place}: the option \"{option}\" {reason}");
}
