// Writes the files of one attack, resumably: a torn last line is dropped, results.csv is rewritten,
// the remaining examples follow. Files are byte-identical to an uninterrupted run's, so they
// contain no times or dates (environment.json does).

using System.Text;

namespace RobustTickets.Attacks.Metrics;

/// <summary>How an attack is opened in a folder that contains one.</summary>
internal enum LogBegin
{
    /// <summary>Resume it.</summary>
    GoOn,

    /// <summary>Delete it and start over.</summary>
    Anew,
}

/// <summary>Writes an attack's outcomes to a folder, and resumes it.</summary>
public sealed class AttackLog : IDisposable
{
    private const string Pending = AttackFiles.Pending;
    private static readonly UTF8Encoding Utf8 = new(false);
    private readonly string _folder;
    private readonly AttackSettings _settings;
    private readonly CsvCells _cells;
    private readonly AttackShard? _shard;
    private readonly IReadOnlyList<Example> _inputs;
    private readonly HashSet<string> _left;
    private readonly List<AttackOutcome> _outcomes;
    private readonly Dictionary<string, AttackOutcome> _early;
    private readonly WriterLock _lock;
    private readonly AppendedFile _lines;
    private readonly AppendedFile _csv;
    private readonly AppendedFile _pending;

    private AttackLog(
        string folder,
        AttackSettings settings,
        IReadOnlyList<Example> inputs,
        EarlierOutcomes found,
        WriterLock hold,
        CsvCells cells,
        AttackShard? shard
    )
    {
        (_cells, _shard) = (cells, shard);
        _folder = folder;
        _settings = settings;
        _inputs = inputs;
        (_outcomes, _early) = found;
        _left = [.. inputs.Skip(_outcomes.Count).Select(i => i.Id).Except(_early.Keys)];
        _lock = hold;
        _lines = Append(AttackFiles.Examples);
        _csv = Append(AttackFiles.Results);
        _pending = Append(Pending);
        TakeTurns();
    }

    /// <summary>
    /// The outcomes so far, in input order up to the first missing one, including those of an
    /// interrupted run.
    /// </summary>
    public IReadOnlyList<AttackOutcome> Outcomes => _outcomes;

    /// <summary>All outcomes so far, including those that wait for an earlier example.</summary>
    public IEnumerable<AttackOutcome> All => _outcomes.Concat(_early.Values);

    /// <summary>Number of examples with an outcome.</summary>
    public int Done => _outcomes.Count + _early.Count;

    /// <summary>The examples still to be attacked, in order.</summary>
    public IReadOnlyList<Example> Remaining => [.. _inputs.Skip(_outcomes.Count).Where(i => !_early.ContainsKey(i.Id))];

    /// <summary>
    /// Opens the folder, creating it if needed, and loads the outcomes of an interrupted run of the
    /// same attack. Examples that ended in an error are to be attacked again.
    /// </summary>
    /// <param name="folder">Folder of the results.</param>
    /// <param name="settings">Everything that determines the figures.</param>
    /// <param name="inputs">The examples, in order.</param>
    /// <param name="cells">How texts are written to results.csv.</param>
    /// <param name="shard">The shard of the examples to attack; null: all.</param>
    /// <exception cref="DataException">examples.jsonl is corrupt before its last line.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder is not writable, or contains an attack with
    /// other settings or examples, or other files.</exception>
    public static AttackLog Open(
        string folder,
        AttackSettings settings,
        IReadOnlyList<Example> inputs,
        CsvCells cells = CsvCells.AsTextAttack,
        AttackShard? shard = null
    ) => Open(folder, settings, inputs, cells, shard, claim: null);

    /// <summary>
    /// Opens the folder, optionally with a claim that overrides the folder's lock, and optionally
    /// deleting an existing attack. Where outcomes depend on the previous ones
    /// (<paramref name="ordered"/>), those after an error are not kept.
    /// </summary>
    internal static AttackLog Open(
        string folder,
        AttackSettings settings,
        IReadOnlyList<Example> inputs,
        CsvCells cells,
        AttackShard? shard,
        IWriterClaim? claim,
        LogBegin begin = LogBegin.GoOn,
        bool ordered = false
    )
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(inputs);
        WriterLock? hold = null;
        try
        {
            Directory.CreateDirectory(folder);
            hold = WriterLock.Take(folder, claim);
            WholeFile.RemoveLeftovers(folder);
            // The file that implies the others is deleted first.
            if (begin == LogBegin.Anew)
                foreach (var name in AttackFiles.All)
                    File.Delete(Path.Combine(folder, name));
            var wanted = AttackJson.Write(settings.ForExamples(inputs));
            var all = inputs;
            inputs = shard?.Of(inputs) ?? inputs;
            var path = Path.Combine(folder, AttackFiles.Settings);
            var found = new EarlierOutcomes([], []);
            if (File.Exists(path))
            {
                SettingsDifference.RequireSame(path, File.ReadAllText(path), wanted);
                found = EarlierOutcomes.Recover(folder, inputs, ordered);
            }
            else
            {
                var ids = string.Concat(all.Select(i => i.Id + "\n"));
                if (begin == LogBegin.GoOn)
                    AttackFiles.RequireNone(folder, ids);
                WholeFile.Write(Path.Combine(folder, AttackFiles.Ids), ids);
                WholeFile.Write(path, wanted);
            }
            WholeFile.Write(
                Path.Combine(folder, AttackFiles.Results),
                string.Concat(
                    found.Outcomes.Select(o => Row(o, settings, cells)).Prepend(TextAttackFormat.Header + "\n")
                )
            );
            if (shard is not null && found.Outcomes.Count < inputs.Count)
                new ShardState(shard.Index, shard.Count, inputs.Count, Done: false, cells).Save(folder);
            return new AttackLog(folder, settings, inputs, found, hold, cells, shard);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hold?.Dispose();
            throw new OutputException($"attack log '{folder}': cannot be written: {e.Message}", e);
        }
        catch
        {
            hold?.Dispose();
            throw;
        }
    }

    /// <summary>Writes the outcome of an example and flushes it.</summary>
    /// <exception cref="InvalidOperationException">The example is not part of this attack, or
    /// already has an outcome.</exception>
    /// <exception cref="OutputException">The outcome cannot be written, e.g. because the disk is
    /// full.</exception>
    public void Write(AttackOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (!_left.Remove(outcome.Id))
            throw new InvalidOperationException(
                $"attack log '{_folder}': example '{outcome.Id}' already has an outcome or is not one of the "
                    + $"{_inputs.Count} attacked"
            );
        if (_inputs[_outcomes.Count].Id != outcome.Id)
            Write(_pending, AttackJson.Line(outcome) + "\n");
        _early.Add(outcome.Id, outcome);
        TakeTurns();
    }

    /// <summary>Writes the summaries and returns the summary.</summary>
    /// <param name="wholeSetClean">Accuracy on the whole evaluation set in percent, when the
    /// examples are a sample of it.</param>
    /// <param name="temperatures">Accuracy under attack at each temperature, when the outcomes are
    /// the worst case over several.</param>
    /// <exception cref="InvalidOperationException">Some examples have no outcome yet.</exception>
    /// <exception cref="OutputException">The folder was removed, or is not writable.</exception>
    public AttackSummary Complete(double? wholeSetClean = null, IReadOnlyList<TemperatureAua>? temperatures = null)
    {
        if (_outcomes.Count < _inputs.Count)
            throw new InvalidOperationException(
                $"attack log '{_folder}': {_inputs.Count - _outcomes.Count} examples have no outcome yet"
            );
        _lock.Require();
        // Outcomes reach the disk before the files that mark them as complete.
        _lines.FlushToDisk();
        _csv.FlushToDisk();
        var summary = AttackSummary.From(_outcomes, _settings, wholeSetClean) with { Temperatures = temperatures };
        if (_shard is not null)
        {
            // A shard's figures are not the attack's: no summary is written.
            var (index, count) = (_shard.Index, _shard.Count);
            new ShardState(index, count, _inputs.Count, Done: true, _cells, wholeSetClean).Save(_folder);
            RemovePending();
            return summary;
        }
        // summary.json is written last: it marks the attack as complete.
        WholeFile.Write(Path.Combine(_folder, AttackFiles.TextAttackSummary), TextAttackFormat.Summary(summary));
        WholeFile.Write(Path.Combine(_folder, AttackFiles.Summary), AttackJson.Write(summary));
        RemovePending();
        return summary;
    }

    /// <summary>Reads the outcomes of an examples.jsonl.</summary>
    /// <exception cref="DataException">The file is missing, or a line is corrupt.</exception>
    public static IReadOnlyList<AttackOutcome> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new DataException($"attack outcomes: no file '{path}'");
        using var lines = WholeFile.OpenShared(path);
        return [.. StrictText.Lines(lines, path).Select(line => OutcomeLines.Parse(line.Text, path, line.Number - 1))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_lock)
        {
            using (_lines)
            using (_csv)
                _pending.Dispose();
            // An empty file of pending outcomes is removed.
            var pending = Path.Combine(_folder, Pending);
            if (_lock.IsHeld && File.Exists(pending) && new FileInfo(pending).Length == 0)
                File.Delete(pending);
        }
    }

    // Windows deletes no open file.
    private void RemovePending()
    {
        _pending.Dispose();
        File.Delete(Path.Combine(_folder, Pending));
    }

    // Writes the outcome of the next example, and those of later examples that were waiting for it.
    private void TakeTurns()
    {
        while (_outcomes.Count < _inputs.Count && _early.Remove(_inputs[_outcomes.Count].Id, out var next))
        {
            Write(_lines, AttackJson.Line(next) + "\n");
            Write(_csv, Row(next, _settings, _cells));
            _outcomes.Add(next);
        }
    }

    internal static string Row(AttackOutcome outcome, AttackSettings settings, CsvCells cells) =>
        outcome.Result == AttackResult.Error ? "" : TextAttackFormat.Row(outcome, settings.Compat, cells) + "\n";

    private static void Write(AppendedFile file, string text) => file.Write(Utf8.GetBytes(text));

    private AppendedFile Append(string name) => new(Path.Combine(_folder, name));
}
