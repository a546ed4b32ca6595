// Merges the shards of an attack: every file is byte-identical to a run in one place. Missing,
// unfinished, duplicate or foreign shards are rejected by name.
using System.Globalization;
using System.Text.Json;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Merges the shards of an attack.</summary>
public static class ShardMerge
{
    /// <summary>The shard folders in a folder, in order.</summary>
    /// <exception cref="DataException">There are no shards.</exception>
    public static IReadOnlyList<string> Find(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var found = Directory.Exists(folder)
            ? Directory
                .GetDirectories(folder, "shard-*-of-*")
                .Where(f => File.Exists(Path.Combine(f, AttackShard.File)))
                .OrderBy(f => ShardState.Load(f).Shard)
                .ToArray()
            : throw new DataException($"{folder}: no such folder");
        return found.Length > 0
            ? found
            : throw new DataException($"{folder}: contains no shard of an attack; expected folders shard-I-of-N");
    }

    /// <summary>Merges shards into a folder; can be repeated after a crash.</summary>
    /// <param name="shards">The folders of all shards.</param>
    /// <param name="output">Folder of the merged attack; created if needed.</param>
    /// <returns>The summary, as from <see cref="AttackLog.Complete"/>, and the outcomes.</returns>
    /// <exception cref="DataException">There are no shards, or one is missing, unfinished,
    /// duplicate, corrupt, or of another attack.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder or to a
    /// shard.</exception>
    /// <exception cref="OutputException">The folder is not writable, or contains another
    /// attack.</exception>
    public static (AttackSummary Summary, IReadOnlyList<AttackOutcome> Outcomes) Run(
        IReadOnlyList<string> shards,
        string output
    )
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(output);
        if (shards.FirstOrDefault(s => Path.GetFullPath(s) == Path.GetFullPath(output)) is { } part)
            throw new RequestException("Output", output, $"is {Path.GetFileName(part)} itself; use another folder");
        var states = Require(shards);
        var settings = Same(shards, AttackFiles.Settings, SettingsDifference.First);
        var ids = Same(shards, AttackFiles.Ids, (_, _) => "the examples differ").Split('\n')[..^1];
        var (lines, outcomes) = Read(shards, ids);
        var parsed = Parse(Path.Combine(shards[0], AttackFiles.Settings), settings);

        using var hold = Hold(output);
        var path = Path.Combine(output, AttackFiles.Settings);
        if (File.Exists(path))
            SettingsDifference.RequireSame(path, File.ReadAllText(path), settings);
        else
            AttackFiles.RequireNone(output, string.Concat(ids.Select(id => id + "\n")));
        WholeFile.RemoveLeftovers(output);
        void Write(string name, string text) => WholeFile.Write(Path.Combine(output, name), text);
        Write(AttackFiles.Ids, string.Concat(ids.Select(id => id + "\n")));
        Write(AttackFiles.Settings, settings);
        Write(AttackFiles.Examples, string.Concat(lines.Select(line => line + "\n")));
        var rows = outcomes.Select(o => AttackLog.Row(o, parsed, states[0].CsvCells));
        Write(AttackFiles.Results, string.Concat(rows.Prepend(TextAttackFormat.Header + "\n")));
        var summary = AttackSummary.From(
            outcomes,
            parsed,
            states.Select(s => s.WholeSetClean).FirstOrDefault(c => c is not null)
        );
        Write(AttackFiles.TextAttackSummary, TextAttackFormat.Summary(summary));
        Write(AttackFiles.Summary, AttackJson.Write(summary));
        return (summary, outcomes);
    }

    /// <summary>Throws unless the folders are all finished shards of one attack.</summary>
    /// <exception cref="DataException">One is missing, open, duplicate or corrupt.</exception>
    internal static ShardState[] Require(IReadOnlyList<string> shards)
    {
        if (shards.Count == 0)
            throw new DataException("there are no shards to merge");
        var states = shards.Select(ShardState.Load).ToArray();
        RequireAll(shards, states);
        return states;
    }

    private static void RequireAll(IReadOnlyList<string> folders, ShardState[] states)
    {
        var count = states[0].Of;
        for (var i = 0; i < states.Length; i++)
        {
            var state = states[i];
            if (state.Of != count)
                throw new DataException(
                    $"{folders[i]}: is shard {state.Shard} of {state.Of}, but {folders[0]} is one of {count}; "
                        + "all shards must have the same count"
                );
            var other = Array.FindIndex(states, s => s.Shard == state.Shard);
            if (other < i)
                throw new DataException($"{folders[i]}: is shard {state.Shard}, and so is {folders[other]}");
            if (state.CsvCells != states[0].CsvCells)
                throw new DataException($"{folders[i]}: results.csv is formatted differently than in {folders[0]}");
        }
        var missing = Enumerable.Range(1, count).Except(states.Select(s => s.Shard)).ToArray();
        if (missing.Length > 0)
            throw new DataException(
                $"{Path.GetDirectoryName(Path.GetFullPath(folders[0]))}: {Name(missing)} of {count} "
                    + $"{(missing.Length == 1 ? "is" : "are")} missing"
            );
        var open = states.Where(s => !s.Done).Select(s => s.Shard).ToArray();
        if (open.Length > 0)
            throw new DataException(
                $"{folders[Array.FindIndex(states, s => !s.Done)]}: {Name(open)} of {count} "
                    + $"{(open.Length == 1 ? "is" : "are")} not finished; rerun the same attack to resume"
            );
    }

    private static string Name(int[] shards) =>
        (shards.Length == 1 ? "shard " : "shards ")
        + string.Join(", ", shards.Take(10))
        + (shards.Length > 10 ? ", .." : "");

    // The contents of a file that must be equal in all shards.
    private static string Same(IReadOnlyList<string> shards, string name, Func<string, string, string?> difference)
    {
        string? first = null;
        foreach (var shard in shards)
        {
            var path = Path.Combine(shard, name);
            if (!File.Exists(path))
                throw new DataException($"{path}: no such file");
            var text = File.ReadAllText(path);
            first ??= text;
            if (text == first)
                continue;
            string? what;
            try
            {
                what = difference(first, text);
            }
            catch (JsonException e)
            {
                throw new DataException($"'{path}' is not a valid attack file: {GuardedJson.Reason(e)}", e);
            }
            throw new DataException(
                $"'{path}': not the same attack as {shards[0]}; {what ?? "the files are formatted differently"}"
            );
        }
        return first!;
    }

    private static (string[] Lines, AttackOutcome[] Outcomes) Read(IReadOnlyList<string> shards, string[] ids)
    {
        var place = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < ids.Length; i++)
            place[ids[i]] = i;
        var (lines, outcomes) = (new string[ids.Length], new AttackOutcome[ids.Length]);
        var from = new string[ids.Length];
        foreach (var shard in shards)
        {
            using var hold = Hold(shard);
            var path = Path.Combine(shard, AttackFiles.Examples);
            var found = AttackLog.Read(path);
            foreach (var (outcome, line) in found.Zip(File.ReadLines(path)))
            {
                if (!place.TryGetValue(outcome.Id, out var at))
                    throw new DataException($"{path}: example '{outcome.Id}' is not part of the attack");
                if (from[at] is { } other)
                    throw new DataException($"{path}: example '{outcome.Id}' is also in {other}");
                (lines[at], outcomes[at], from[at]) = (line, outcome, shard);
            }
        }
        var lost = Array.IndexOf(from, null);
        return lost < 0
            ? (lines, outcomes)
            : throw new DataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{shards[0]}: example '{ids[lost]}' is missing from all shards, as are "
                        + $"{from.Count(f => f is null) - 1} others"
                )
            );
    }

    // The settings without the examples' hash, which AttackLog appended.
    private static AttackSettings Parse(string path, string text)
    {
        try
        {
            var read = GuardedJson.Deserialize(text, AttackJsonContext.Default.AttackSettings);
            if (read?.Run.LastOrDefault()?.Item == "examples" && AttackJson.Write(read) == text)
                return read with { Run = [.. read.Run.SkipLast(1)] };
        }
        catch (JsonException e)
        {
            throw new DataException($"'{path}' is not a valid attack file: {GuardedJson.Reason(e)}", e);
        }
        throw new DataException($"'{path}' was not written by this version; run all shards with the same version");
    }

    private static WriterLock Hold(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return WriterLock.Take(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"attack log '{folder}': cannot be written: {e.Message}", e);
        }
    }
}
