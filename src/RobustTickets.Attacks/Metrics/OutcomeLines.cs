// Reads the outcomes of an attack's files, one JSON object a line.
using System.Text.Json;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Lines of outcomes.</summary>
internal static class OutcomeLines
{
    /// <summary>
    /// Reads a file that may have been cut off by a crash, and repairs it.
    /// </summary>
    /// <exception cref="DataException">A line before the last is corrupt.</exception>
    public static List<AttackOutcome> Recover(string path)
    {
        // Keeps complete lines: the last one may be truncated or contain zeros. Writes a new file
        // of the same name, so that a stalled previous writer keeps writing to the old one.
        if (!File.Exists(path))
            return [];
        var bytes = File.ReadAllBytes(path);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var lines = StrictText.Decode(path, bytes.AsSpan(0, whole)).Split('\n')[..^1];
        var outcomes = new List<AttackOutcome>();
        for (var i = 0; i < lines.Length; i++)
        {
            try
            {
                outcomes.Add(Parse(lines[i], path, i));
            }
            catch (DataException) when (i == lines.Length - 1)
            {
                whole = bytes.AsSpan(0, whole - 1).LastIndexOf((byte)'\n') + 1;
            }
        }
        WholeFile.Write(path, file => file.Write(bytes, 0, whole));
        return outcomes;
    }

    /// <summary>Parses a line.</summary>
    /// <exception cref="DataException">It is corrupt.</exception>
    public static AttackOutcome Parse(string line, string path, int index)
    {
        try
        {
            return AttackJson.Parse(line);
        }
        catch (JsonException e)
        {
            throw new DataException(
                $"{path}:{index + 1}: corrupt line in the attack log: {GuardedJson.Reason(e)}; to resume the "
                    + "attack from there, remove this line and all after it",
                AttackFiles.AnotherFolder,
                e
            );
        }
    }
}
