// Merges the shards of an attack: files byte-identical to a run in one place, and an
// environment.json that combines all shards.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Merges the shards of an attack (<see cref="AttackRequest.Shard"/>).</summary>
public static class AttackMerge
{
    /// <summary>Merges all shards in a folder.</summary>
    /// <param name="folder">Folder that contains the shards' folders.</param>
    /// <param name="output">Folder of the merged attack; null: the same folder.</param>
    /// <inheritdoc cref="ShardMerge.Run" path="/exception"/>
    public static AttackReport Run(string folder, string? output = null) =>
        Run(ShardMerge.Find(folder), output ?? folder);

    /// <summary>Merges shards from any location.</summary>
    /// <param name="shards">The shards' folders.</param>
    /// <param name="output">Folder of the merged attack.</param>
    /// <inheritdoc cref="ShardMerge.Run" path="/exception"/>
    public static AttackReport Run(IReadOnlyList<string> shards, string output)
    {
        ArgumentNullException.ThrowIfNull(shards);
        AttackRun.RequireOwnFolder(output, "whole");
        _ = ShardMerge.Require(shards);
        var stamp = AttackStamp.OfShards(shards);
        var (summary, outcomes) = ShardMerge.Run(shards, output);
        stamp.Save(Path.Combine(output, AttackStamp.File));
        return new AttackReport(summary, outcomes, output);
    }
}
