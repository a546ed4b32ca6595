// The files of one attack: settings.json, examples.jsonl (one outcome a line, flushed), results.csv (TextAttack's columns), and at the end summary.json and
// textattack-summary.json. An attack that was killed goes on from examples.jsonl: a torn last line is dropped, results.csv is written again from what is there,
// and the remaining examples follow. Every file ends byte-identical to an uninterrupted run's, since outcomes depend on nothing but the example; so no time
// or date is written here.

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RobustTickets.Text.Attacks;

namespace RobustTickets.Text.Metrics;

/// <summary>Writes an attack's outcomes to a folder, and resumes them.</summary>
public sealed class AttackLog : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(false);
    private readonly string _folder;
    private readonly AttackSettings _settings;
    private readonly IReadOnlyList<AttackInput> _inputs;
    private readonly List<AttackOutcome> _outcomes;
    private readonly FileStream _lines;
    private readonly FileStream _csv;

    private AttackLog(string folder, AttackSettings settings, IReadOnlyList<AttackInput> inputs, List<AttackOutcome> outcomes)
    {
        _folder = folder;
        _settings = settings;
        _inputs = inputs;
        _outcomes = outcomes;
        _lines = Append("examples.jsonl");
        _csv = Append("results.csv");
    }

    /// <summary>The outcomes so far, in input order; those of an earlier, interrupted run included.</summary>
    public IReadOnlyList<AttackOutcome> Outcomes => _outcomes;

    /// <summary>The examples that are still to be attacked, in order.</summary>
    public IReadOnlyList<AttackInput> Remaining => [.. _inputs.Skip(_outcomes.Count)];

    /// <summary>Opens the folder, creating it if needed, and takes up what an interrupted run of the same attack left there.</summary>
    /// <exception cref="DataException">
    /// The folder holds an attack with other settings or examples, examples.jsonl is corrupt before its last line, or the folder cannot be written.
    /// </exception>
    public static AttackLog Open(string folder, AttackSettings settings, IReadOnlyList<AttackInput> inputs)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(inputs);
        try
        {
            Directory.CreateDirectory(folder);
            var wanted = Describe(settings, inputs);
            var path = Path.Combine(folder, "settings.json");
            var outcomes = new List<AttackOutcome>();
            if (File.Exists(path))
            {
                Compare(path, File.ReadAllText(path), wanted);
                outcomes = Recover(Path.Combine(folder, "examples.jsonl"), inputs);
            }
            else if (File.Exists(Path.Combine(folder, "examples.jsonl")))
            {
                throw new DataException($"attack log '{folder}': examples.jsonl is there but not settings.json; give an empty folder");
            }
            else
            {
                Replace(path, wanted);
            }
            Replace(Path.Combine(folder, "results.csv"), string.Concat(outcomes.Select(o => TextAttackFormat.Row(o, settings.Compat) + "\n").Prepend(TextAttackFormat.Header + "\n")));
            return new AttackLog(folder, settings, inputs, outcomes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"attack log '{folder}': {e.Message}", e);
        }
    }

    /// <summary>Writes the outcome of the next example and flushes it.</summary>
    /// <exception cref="InvalidOperationException">It is not the next example's.</exception>
    public void Write(AttackOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (_outcomes.Count >= _inputs.Count || _inputs[_outcomes.Count].Id != outcome.Id)
        {
            var next = _outcomes.Count < _inputs.Count ? $"'{_inputs[_outcomes.Count].Id}'" : "none";
            throw new InvalidOperationException($"attack log '{_folder}': outcome of example '{outcome.Id}', the next one is {next}");
        }
        Write(_lines, AttackJson.Line(outcome));
        Write(_csv, TextAttackFormat.Row(outcome, _settings.Compat));
        _outcomes.Add(outcome);
    }

    /// <summary>Writes the summaries and returns the summary.</summary>
    /// <param name="wholeSetClean">Accuracy on the whole evaluation set in percent, when the examples are a sample of it.</param>
    /// <exception cref="InvalidOperationException">Examples remain.</exception>
    public AttackSummary Complete(double? wholeSetClean = null)
    {
        if (_outcomes.Count < _inputs.Count) throw new InvalidOperationException($"attack log '{_folder}': {_inputs.Count - _outcomes.Count} examples remain");
        var summary = AttackSummary.From(_outcomes, _settings, wholeSetClean);
        Replace(Path.Combine(_folder, "summary.json"), AttackJson.Write(summary));
        Replace(Path.Combine(_folder, "textattack-summary.json"), TextAttackFormat.Summary(summary));
        return summary;
    }

    /// <summary>Reads the outcomes of an examples.jsonl.</summary>
    /// <exception cref="DataException">Missing, or a line is corrupt.</exception>
    public static IReadOnlyList<AttackOutcome> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path)) throw new DataException($"attack outcomes: no file '{path}'");
        return [.. File.ReadLines(path).Select((line, i) => Parse(line, path, i))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lines.Dispose();
        _csv.Dispose();
    }

    private static string Describe(AttackSettings settings, IReadOnlyList<AttackInput> inputs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var input in inputs)
        {
            hash.AppendData(Utf8.GetBytes($"{input.Id}\0{input.Label}\0{string.Join('\0', input.Columns.Select(c => c.Key + "\0" + c.Value))}\n"));
        }
        var run = new List<RecipeLine>(settings.Run)
        {
            new("examples", $"{inputs.Count}, sha256 {Convert.ToHexStringLower(hash.GetHashAndReset())}", "ids, labels and texts in order"),
        };
        return AttackJson.Write(settings with { Run = run });
    }

    private static void Compare(string path, string found, string wanted)
    {
        if (found == wanted) return;
        var a = found.Split('\n');
        var b = wanted.Split('\n');
        var line = Enumerable.Range(0, Math.Min(a.Length, b.Length)).FirstOrDefault(i => a[i] != b[i], Math.Min(a.Length, b.Length) - 1);
        throw new DataException($"'{path}' line {line + 1}: this folder holds an attack with other settings or examples: there {a[line].Trim()}, wanted {b[line].Trim()}; give another folder");
    }

    // What is whole stays: lines end in a line feed, and the last one may be cut short or hold zeros after a crash.
    private static List<AttackOutcome> Recover(string path, IReadOnlyList<AttackInput> inputs)
    {
        if (!File.Exists(path)) return [];
        var bytes = File.ReadAllBytes(path);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var lines = Utf8.GetString(bytes, 0, whole).Split('\n')[..^1];
        var outcomes = new List<AttackOutcome>();
        for (var i = 0; i < lines.Length; i++)
        {
            AttackOutcome outcome;
            try
            {
                outcome = Parse(lines[i], path, i);
            }
            catch (DataException) when (i == lines.Length - 1)
            {
                whole = bytes.AsSpan(0, whole - 1).LastIndexOf((byte)'\n') + 1;
                break;
            }
            if (i >= inputs.Count || outcome.Id != inputs[i].Id) throw new DataException($"'{path}' line {i + 1}: example '{outcome.Id}' is not the one expected there");
            outcomes.Add(outcome);
        }
        if (whole < bytes.Length)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
            file.SetLength(whole);
        }
        return outcomes;
    }

    private static AttackOutcome Parse(string line, string path, int index)
    {
        try
        {
            return AttackJson.Parse(line);
        }
        catch (JsonException e)
        {
            throw new DataException($"'{path}' line {index + 1}: {e.Message}", e);
        }
    }

    private static void Replace(string path, string text)
    {
        var temporary = path + ".tmp";
        File.WriteAllText(temporary, text, Utf8);
        File.Move(temporary, path, true);
    }

    private static void Write(FileStream file, string line)
    {
        file.Write(Utf8.GetBytes(line + "\n"));
        file.Flush();
    }

    private FileStream Append(string name) => new(Path.Combine(_folder, name), FileMode.Append, FileAccess.Write, FileShare.Read);
}
