// environment.json of an attack: program, machine, model, date and seconds, summed over all calls
// of the attack. Only this file may differ between two runs of the same attack.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Attacks;

/// <summary>Maintains an attack's environment.json while it runs.</summary>
internal sealed class AttackStamp
{
    /// <summary>Name of the file.</summary>
    public const string File = "environment.json";

    private const string Began = "began_with";

    // Maximum time between saves, i.e. lost by a killed call.
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

    /// <summary>Writes the stamp at the start of a call.</summary>
    /// <param name="folder">The folder; its settings.json must exist.</param>
    /// <param name="facts">Facts on libraries and model.</param>
    /// <exception cref="DataException">The stamp of an earlier call is corrupt.</exception>
    public static AttackStamp Begin(string folder, IReadOnlyDictionary<string, string>? facts)
    {
        var path = Path.Combine(folder, File);
        var earlier = System.IO.File.Exists(path) ? EnvironmentStamp.Load(path) : null;
        var settings = ResourceFolder.Hash(Path.Combine(folder, AttackFiles.Settings));
        var all = new Dictionary<string, string>(facts?.ToDictionary() ?? []) { ["settings_sha256"] = settings };
        // The attack may have been started by another program version.
        if (earlier is not null && Beginner(earlier) is var began && began != Program(EnvironmentStamp.Collect()))
            all[Began] = began;
        var stamp = EnvironmentStamp.Collect(all) with { Started = earlier?.Started ?? EnvironmentStamp.Now() };
        return new AttackStamp(path, stamp, earlier?.Seconds ?? 0);
    }

    /// <summary>Writes the elapsed seconds if the last save is old enough.</summary>
    public void Tick()
    {
        if (_watch.Elapsed - _saved > Often)
            Save();
    }

    /// <summary>Writes the elapsed seconds.</summary>
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
