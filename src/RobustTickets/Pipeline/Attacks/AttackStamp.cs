// environment.json of an attack: program, machine, model, date and seconds, all calls of the same
// attack together. It is the only file of the folder in which two runs of one attack may differ.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Attacks;

/// <summary>Keeps an attack's stamp while the attack goes on.</summary>
internal sealed class AttackStamp
{
    /// <summary>Name of the file.</summary>
    public const string File = "environment.json";

    private const string Began = "began_with";

    // What a killed call loses of its seconds at most.
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly string _path;
    private readonly EnvironmentStamp _stamp;
    private readonly double _before;
    private TimeSpan _saved;

    private AttackStamp(string path, EnvironmentStamp stamp, double before)
    {
        (_path, _stamp, _before) = (path, stamp, before);
        Save();
    }

    /// <summary>Writes the stamp of a call that is going to work in an attack's folder.</summary>
    /// <param name="folder">The folder; its settings.json is written.</param>
    /// <param name="facts">What the caller knows of libraries and model.</param>
    /// <exception cref="DataException">The stamp of an earlier call is broken.</exception>
    public static AttackStamp Begin(string folder, IReadOnlyDictionary<string, string>? facts)
    {
        var path = Path.Combine(folder, File);
        var earlier = System.IO.File.Exists(path) ? EnvironmentStamp.Load(path) : null;
        var settings = ResourceFolder.Hash(Path.Combine(folder, AttackFiles.Settings));
        var all = new Dictionary<string, string>(facts?.ToDictionary() ?? []) { ["settings_sha256"] = settings };
        // Another program may have begun what this one goes on with.
        if (earlier is not null && Beginner(earlier) is var began && began != Program(EnvironmentStamp.Collect()))
            all[Began] = began;
        var stamp = EnvironmentStamp.Collect(all) with { Started = earlier?.Started ?? EnvironmentStamp.Now() };
        return new AttackStamp(path, stamp, earlier?.Seconds ?? 0);
    }

    /// <summary>Writes the seconds so far, now and then.</summary>
    public void Tick()
    {
        if (_watch.Elapsed - _saved > Often)
            Save();
    }

    /// <summary>Writes the seconds so far.</summary>
    public void Save()
    {
        _saved = _watch.Elapsed;
        var seconds = Math.Round(_before + _saved.TotalSeconds, 3);
        (_stamp with { Ended = EnvironmentStamp.Now(), Seconds = seconds }).Save(_path);
    }

    private static string Beginner(EnvironmentStamp stamp) => stamp.Extra.GetValueOrDefault(Began) ?? Program(stamp);

    private static string Program(EnvironmentStamp stamp) =>
        stamp.Commit is null ? stamp.Version : $"{stamp.Version}+{stamp.Commit}";
}
