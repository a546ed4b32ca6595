// An attack that ran in parts, put together: its files byte for byte as if it had run in one place,
// and an environment.json of all parts.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Merges the parts of an attack (<see cref="AttackRequest.Shard"/>).</summary>
public static class AttackMerge
{
    /// <summary>Merges all parts that lie in a folder.</summary>
    /// <param name="folder">Folder of the parts' folders.</param>
    /// <param name="output">Where the whole goes; null: into the same folder.</param>
    /// <inheritdoc cref="ShardMerge.Run" path="/exception"/>
    public static AttackReport Run(string folder, string? output = null) =>
        Run(ShardMerge.Find(folder), output ?? folder);

    /// <summary>Merges parts that lie anywhere.</summary>
    /// <param name="shards">The parts' folders.</param>
    /// <param name="output">Where the whole goes.</param>
    /// <inheritdoc cref="ShardMerge.Run" path="/exception"/>
    public static AttackReport Run(IReadOnlyList<string> shards, string output)
    {
        ArgumentNullException.ThrowIfNull(shards);
        AttackRun.RequireOwnFolder(output, "whole");
        var (summary, outcomes) = ShardMerge.Run(shards, output);
        var stamps = shards.Select(s => EnvironmentStamp.Load(Path.Combine(s, AttackStamp.File))).ToArray();
        (
            stamps[0] with
            {
                CommandLine = EnvironmentStamp.ProgramArguments,
                Started = stamps.Min(s => s.Started),
                Ended = stamps.Max(s => s.Ended),
                Seconds = stamps.Sum(s => s.Seconds),
            }
        ).Save(Path.Combine(output, AttackStamp.File));
        return new AttackReport(summary, outcomes, output);
    }
}
