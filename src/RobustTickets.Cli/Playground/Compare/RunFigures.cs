// Caches the runs of the models; read again when their files have changed.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Playground.Compare;

/// <summary>Reads the run of a model.</summary>
internal sealed class RunFigures
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Stamp, RunRecord Run)> _known = new(StringComparer.Ordinal);

    /// <summary>The run of a model; null when it has none or it is incomplete.</summary>
    /// <exception cref="DataException">A file of the run is corrupt.</exception>
    public RunRecord? Of(PlaygroundModel model)
    {
        if (model.Run is not { } folder)
            return null;
        lock (_gate)
        {
            var run = RunFolder.Open(folder);
            if (!run.IsFinished)
                return null;
            var stamp = Stamp(run);
            if (_known.TryGetValue(folder, out var known) && known.Stamp == stamp)
                return known.Run;
            var read = RunRecord.Load(folder);
            _known[folder] = (stamp, read);
            return read;
        }
    }

    /// <summary>An attack on a model's run by name.</summary>
    /// <exception cref="RefusedException">There is no such attack.</exception>
    public AttackRecord Attack(PlaygroundModel model, string? name) =>
        Of(model)?.Attacks.FirstOrDefault(a => a.Name == name)
        ?? throw RefusedException.NotFound($"the run of {model.Name} has no attack of that name");

    // Examples are append-only; other files that change are small.
    private static string Stamp(RunFolder run)
    {
        var files = Directory.Exists(run.AttacksFolder)
            ? Directory.EnumerateFiles(run.AttacksFolder, "*.json*", SearchOption.AllDirectories)
            : [];
        return string.Join('\n', files.Append(run.ResultFile).Order(StringComparer.Ordinal).Select(Stamp));
    }

    private static string Stamp(string file) =>
        file.EndsWith(".jsonl", StringComparison.Ordinal)
            ? FormattableString.Invariant($"{file} {new FileInfo(file).Length}")
            : $"{file} {ResourceFolder.Hash(file)}";
}
