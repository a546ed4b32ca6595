// Watches a run folder while other processes write to it: no locks, no writes, and any file may be
// missing, incomplete or corrupt.
using System.Diagnostics;
using RobustTickets.Attacks;

namespace RobustTickets.Runs.Live;

/// <summary>Watches one run; used from one thread at a time.</summary>
internal sealed class RunWatch
{
    private const int MostAttacks = 100;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(10);

    private readonly LogTail _log;
    private readonly KnownFile<RecipeFacts> _recipe;
    private readonly KnownFile<EnvironmentStamp> _environment;
    private readonly KnownFile<RunResult> _result;
    private readonly Dictionary<string, AttackWatch> _attacks = new(StringComparer.Ordinal);
    private readonly string _events;
    private readonly Func<TimeSpan> _clock;
    private RunCurves _curves = new();
    private (long Length, TimeSpan At) _heard = (-1, default);
    private string? _logError;

    /// <param name="folder">The run folder.</param>
    /// <param name="clock">A monotonic clock; null: the system's.</param>
    public RunWatch(string folder, Func<TimeSpan>? clock = null)
    {
        _clock = clock ?? (() => Stopwatch.GetElapsedTime(0));
        Folder = folder;
        _events = Path.Combine(folder, "events.jsonl");
        _log = new LogTail(_events);
        _recipe = new(Path.Combine(folder, "recipe.json"), RecipeFactsFile.Read);
        _environment = new(Path.Combine(folder, "environment.json"), EnvironmentStamp.Load);
        _result = new(RunFolder.At(folder).ResultFile, RunResult.Load);
    }

    /// <summary>The run folder.</summary>
    public string Folder { get; }

    /// <summary>The summary of the run. The log of a finished run is not read for it.</summary>
    public RunLine Look() => Look(withLog: false);

    /// <summary>The run with its curves.</summary>
    public RunProgress LookClosely()
    {
        var line = Look(withLog: true);
        return _curves.Progress(line);
    }

    private RunLine Look(bool withLog)
    {
        // Checked first: a writer that has exited by now has already written its result.
        var writer = FolderWriter.Of(Folder);
        var problems = new List<string>();
        if (!Directory.Exists(Folder))
            problems.Add("the folder no longer exists");
        var recipe = Get(_recipe, problems) ?? new RecipeFacts(null, null, null, null, null, null);
        var environment = Get(_environment, problems);
        var result = Get(_result, problems);
        if (withLog || result is null)
            Follow(problems);
        var attacks = Attacks();
        var log = new FileInfo(_events);
        var changed = log.Exists ? new DateTimeOffset(log.LastWriteTimeUtc) : (DateTimeOffset?)null;
        if (log.Exists && log.Length != _heard.Length)
            _heard = (log.Length, _clock());
        var (status, reason) = problems.Count > 0 ? (RunStatus.Broken, problems[0]) : Status(writer, result, attacks);
        var (stage, last) = (_curves.Stage, _curves.LastStep);
        var finished = result?.Stages.LastOrDefault();
        return new RunLine(
            status,
            reason,
            recipe with
            {
                Name = recipe.Name ?? result?.Name,
                Task = recipe.Task ?? result?.Task,
                Seed = recipe.Seed ?? result?.Seed,
            },
            environment?.Base?.Name ?? result?.Model.Base,
            environment?.Started,
            changed,
            stage?.Name ?? finished?.Stage,
            stage?.Steps ?? finished?.Steps ?? 0,
            stage?.MostSteps,
            last is null ? finished?.Epochs : ThinSeries.Finite(last.Epoch),
            _curves.MeanLoss ?? (finished is null ? null : ThinSeries.Finite(finished.FinalLoss)),
            last is null ? null : ThinSeries.Finite(last.Lr),
            _curves.Pace ?? (finished is null ? null : ThinSeries.Finite(finished.TokensPerSecond)),
            IsAtWork(status) ? _curves.SecondsLeft : null,
            result,
            attacks
        );
    }

    private static bool IsAtWork(RunStatus status) =>
        status is RunStatus.Searching or RunStatus.Training or RunStatus.Control or RunStatus.Pretraining;

    private (RunStatus, string?) Status(FolderWriter writer, RunResult? result, IReadOnlyList<AttackLine> attacks)
    {
        if (result is not null)
            return attacks.FirstOrDefault(a => a.Active && !a.Finished) is { } attack
                ? (RunStatus.Attacking, $"{attack.Name} is running")
                : (RunStatus.Finished, null);
        var place = _curves.Stage is { } stage
            ? FormattableString.Invariant($"{stage.Name}, step {stage.Steps}")
            : "before the first step";
        switch (writer.State)
        {
            case WriterState.Alive:
                return (AtWork(), null);
            case WriterState.Elsewhere when _clock() - _heard.At < Silence:
                return (AtWork(), writer.Name);
            case WriterState.Elsewhere:
                return (
                    RunStatus.Stopped,
                    $"{place}; {writer.Name} has not written for {Silence.TotalMinutes:0} minutes"
                );
            case WriterState.Dead:
                return (RunStatus.Failed, $"{place}; {writer.Name} has exited. Resume to continue from its checkpoint");
        }
        if (_curves.LastStep is { } last && !double.IsFinite(last.Loss))
            return (RunStatus.Failed, FormattableString.Invariant($"{place}: the loss was {last.Loss}"));
        return _curves.Stage is { Name: StageName.Pretrain, Ended: true }
            ? (RunStatus.Finished, null)
            : (RunStatus.Stopped, $"{place}. Resume to continue from there");
    }

    private RunStatus AtWork() =>
        _curves.Stage switch
        {
            null => RunStatus.Starting,
            { Name: StageName.Pretrain } => RunStatus.Pretraining,
            { Name: StageName.Control, Ended: false } => RunStatus.Control,
            { Name: StageName.Retrain, Ended: false } => RunStatus.Training,
            { Name: StageName.Retrain or StageName.Control } => RunStatus.Evaluating,
            _ => RunStatus.Searching,
        };

    private void Follow(List<string> problems)
    {
        try
        {
            LogNews news;
            do
            {
                news = _log.Read();
                if (news.Restarted)
                    _curves = new RunCurves();
                foreach (var entry in news.Entries)
                    _curves.Add(entry);
                _logError = news.Error;
            } while (news.More);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logError = $"events.jsonl: {e.Message}";
        }
        if (_logError is not null)
            problems.Add(_logError);
    }

    private List<AttackLine> Attacks()
    {
        var found = new List<AttackLine>();
        foreach (
            var (parent, suffix) in ((string, string)[])
                [(RunFolder.Attacks, ""), (RunFolder.ControlAttacks, " (control)")]
        )
        {
            var path = Path.Combine(Folder, parent);
            try
            {
                if (!Directory.Exists(path))
                    continue;
                foreach (var folder in Directory.GetDirectories(path).Order(StringComparer.Ordinal).Take(MostAttacks))
                {
                    if (!_attacks.TryGetValue(folder, out var watch))
                        _attacks[folder] = watch = new AttackWatch(folder, Path.GetFileName(folder) + suffix);
                    found.Add(watch.Look());
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                found.Add(
                    new AttackLine(parent, 0, null, Finished: false, Active: false, null, null, null, null, e.Message)
                );
            }
        }
        return found;
    }

    private static T? Get<T>(KnownFile<T> file, List<string> problems)
        where T : class
    {
        try
        {
            return file.Value;
        }
        catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
        {
            problems.Add(e.Message);
            return null;
        }
    }
}
