// environment.json of an attack: program, machine, model, date and seconds, summed over all calls
// of the attack. Only this file may differ between two runs of the same attack.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Attacks;

/// <summary>Maintains an attack's environment.json while it runs.</summary>
internal sealed class AttackStamp
{
    /// <summary>Name of the file.</summary>
    public const string File = "environment.json";

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
    /// <param name="resumes">Whether outcomes of an earlier call are kept.</param>
    /// <exception cref="DataException">The stamp of an earlier call is corrupt.</exception>
    /// <exception cref="OutputException">The kept outcomes are of another precision.</exception>
    public static AttackStamp Begin(string folder, IReadOnlyDictionary<string, string>? facts, bool resumes)
    {
        var path = Path.Combine(folder, File);
        var earlier = System.IO.File.Exists(path) ? EnvironmentStamp.Load(path) : null;
        if (
            resumes
            && earlier?.Extra.GetValueOrDefault(EnvironmentFacts.Precision) is { } kept
            && facts?.GetValueOrDefault(EnvironmentFacts.Precision) is { } now
            && now != kept
        )
            throw new OutputException(
                $"{folder}: contains outcomes of a victim in {kept}, not {now}; resume it in {kept}",
                AttackFiles.AnotherFolder
            );
        var settings = ResourceFolder.Hash(Path.Combine(folder, AttackFiles.Settings));
        var all = new Dictionary<string, string>(facts?.ToDictionary() ?? [])
        {
            [EnvironmentFacts.SettingsHash] = settings,
        };
        if (
            resumes
            && earlier?.Extra.GetValueOrDefault(EnvironmentFacts.Device) is { } device
            && all.TryGetValue(EnvironmentFacts.Device, out var own)
        )
            all[EnvironmentFacts.Device] = Together([device, own]);
        // The attack may have been started by another program version.
        if (earlier is not null && Beginner(earlier) is var began && began != Program(EnvironmentStamp.Collect()))
            all[EnvironmentFacts.BegunWith] = began;
        var stamp = EnvironmentStamp.Collect(all) with { Started = earlier?.Started ?? EnvironmentStamp.Now() };
        return new AttackStamp(path, stamp, earlier?.Seconds ?? 0);
    }

    /// <summary>The stamp of shards merged: of facts that differ, all values.</summary>
    /// <param name="shards">The shards' folders.</param>
    /// <exception cref="DataException">A stamp is corrupt, or the precisions differ.</exception>
    public static EnvironmentStamp OfShards(IReadOnlyList<string> shards)
    {
        var stamps = shards.Select(s => EnvironmentStamp.Load(Path.Combine(s, File))).ToArray();
        string? Precision(int i) => stamps[i].Extra.GetValueOrDefault(EnvironmentFacts.Precision);
        for (var i = 1; i < stamps.Length; i++)
            if (Precision(i) != Precision(0))
                throw new DataException(
                    $"{shards[i]}: the victim ran in {Precision(i) ?? "an unknown precision"}, that of "
                        + $"{shards[0]} in {Precision(0) ?? "an unknown one"}; all shards must have the same"
                );
        return stamps[0] with
        {
            Cpu = Together(stamps.Select(s => s.Cpu)),
            CommandLine = EnvironmentStamp.ProgramArguments,
            Started = stamps.Min(s => s.Started),
            Ended = stamps.Max(s => s.Ended),
            Seconds = stamps.Sum(s => s.Seconds),
            Extra = stamps
                .SelectMany(s => s.Extra)
                .GroupBy(f => f.Key, StringComparer.Ordinal)
                .OrderBy(f => f.Key, StringComparer.Ordinal)
                .ToDictionary(f => f.Key, f => Together(f.Select(v => v.Value))),
        };
    }

    private static string Together(IEnumerable<string> values) =>
        string.Join("; ", values.SelectMany(v => v.Split("; ")).Distinct(StringComparer.Ordinal));

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

    private static string Beginner(EnvironmentStamp stamp) =>
        stamp.Extra.GetValueOrDefault(EnvironmentFacts.BegunWith) ?? Program(stamp);

    private static string Program(EnvironmentStamp stamp) =>
        stamp.Commit is null ? stamp.Version : $"{stamp.Version}+{stamp.Commit}";
}
